//! The content that users write: posts and comments. A new table adds two lines here: its module and its registration.
pub mod comments;
pub mod posts;

pub use comments::Comments;
pub use posts::Posts;

use kernel::registry::Table;
use serde_json::json;

pub(crate) fn tables() -> Vec<Table> {
    vec![
        // Owners come before what they own.
        Table::new::<Posts>().sample(|text| {
            json!({
                "title": text, "slug": text, "summary": text, "content": text, "status": "draft", "author_id": 1,
            })
        }),
        Table::new::<Comments>()
            .sample(|text| json!({ "post_id": 1, "body": text, "author_id": 1 })),
    ]
}

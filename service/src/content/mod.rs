//! The content that users write: posts and comments. A new table adds two lines here: its module and its registration.
pub mod comments;
pub mod posts;

pub use comments::Comments;
pub use posts::Posts;

use kernel::registry::Table;

pub(crate) fn tables() -> Vec<Table> {
    vec![
        // Owners come before what they own.
        Table::new::<Posts>(),
        Table::new::<Comments>(),
    ]
}

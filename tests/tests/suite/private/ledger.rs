//! A resource written by the guide: posts with some fields declared private, and no other code about them.
use api::routes::routes;
use entity::posts::{Column, Entity, Model};
use kernel::{
    Actor, Crud, Readable, Result, Tx, base_columns,
    resource::{Change, Field, Owner, everything},
};
use sea_orm::{ActiveValue::Set, Condition};
use service::{
    Users,
    posts::{NewPost, PostPatch},
};
use web::{BASE, prelude::*};

pub struct Ledger;

base_columns!(Ledger);

impl Readable for Ledger {
    type Row = Model;

    const OWNER: Option<Column> = Some(Column::AuthorId);
    const PUBLIC: bool = true;
    const FIELDS: &'static [Field<Column>] = &[
        Field::public(Column::Title),
        Field::public(Column::Slug),
        Field::private(Column::Summary),
        Field {
            is_private: true,
            ..Field::heavy(Column::Content)
        },
        Field::public(Column::Status),
        Field::public(Column::AuthorId),
    ];

    fn owners() -> Vec<Owner> {
        vec![Owner::new::<Users>(Column::AuthorId)]
    }

    fn visible(_: &Actor) -> Condition {
        everything()
    }
}

impl Crud for Ledger {
    type New = NewPost;
    type Patch = PostPatch;

    async fn check(_: &Tx, change: Change<'_, Self>) -> Result<()> {
        if change.action == Action::Create {
            change.after.status = Set("published".to_owned());
            change.after.slug = Set(format!("slug-{}", rand::random::<u64>()));
        }
        Ok(())
    }
}

view! {
    pub struct LedgerView of Ledger {
        title: String,
        slug: String,
        summary: Option<String>,
        content: String,
        status: String,
        author_id: i64,
    }
}

/// Returns the routes of the API with the ledger instead of posts, without the special routes of posts.
pub fn with_ledger() -> Vec<Route> {
    let others = routes().into_iter();
    let others = others.filter(|route| !route.path.contains("/posts"));
    others.chain(resource::<LedgerView>()).collect()
}

/// Returns the routes of one resource: method and path below the base.
pub fn own_routes() -> Vec<(String, String)> {
    let own = resource::<LedgerView>().into_iter();
    own.map(|route| {
        let path = route.path.strip_prefix(BASE).unwrap();
        (route.method.to_string(), path.to_owned())
    })
    .collect()
}

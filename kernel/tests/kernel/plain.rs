//! Statements on plain tables spare the rows of a table with soft deletion.
use kernel::{
    CrudOperations, Error, Reads, Result,
    resource::{everything, scope},
};
use sea_orm::sea_query::Expr;

use crate::{
    databases::on_each,
    library::{LIBRARY, NewShelf, Shelves, shelves},
    operations::user,
};

fn is_refused<T>(done: &Result<T>) -> bool {
    let is_named = |error: &Error| format!("{error:?}").contains("`shelves` has soft deletion");
    done.as_ref().err().is_some_and(is_named)
}

#[tokio::test]
async fn a_table_with_soft_deletion_is_no_plain_table() {
    on_each(LIBRARY, async |kernel| {
        let session = user(&kernel, 7, &["shelves.*"]);
        let create = async |name: &str| {
            let new = NewShelf {
                name: name.to_owned(),
            };
            session
                .write(async |tx| Shelves::create(tx, &new).await)
                .await
                .unwrap()
        };
        let (kept, gone) = (create("Kept").await, create("Gone").await);
        let delete = session.write(async |tx| Shelves::delete(tx, gone.id).await);
        delete.await.unwrap();

        let erased = session
            .write(async |tx| scope::erase::<shelves::Entity>(tx, everything()).await)
            .await;
        let name = || [(shelves::Column::Name, Expr::val("x"))];
        let renamed = session
            .write(async |tx| {
                scope::update_plain::<shelves::Entity>(tx, everything(), name()).await
            })
            .await;
        let left = scope::plain::<shelves::Entity>().all(session.db().unwrap());

        assert!(is_refused(&erased), "{erased:?}");
        assert!(is_refused(&renamed), "{renamed:?}");
        assert_eq!(left.await.unwrap(), [kept.row]);
    })
    .await;
}

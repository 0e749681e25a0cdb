//! The operations of the kernel on a declared resource.
use kernel::{
    Actor, Code, CrudOperations, Error, Kernel, ReadOperations, Session,
    actor::{Caller, Credential},
    audit::{self, Audit},
    crud::{Expected, Target},
    json::MAX_SAFE,
    permission::Permission,
    query::{ListQuery, Shape, StatsQuery},
    resource::{Deleted, Found},
};

use crate::{
    databases::on_each,
    library::{BookPatch, Books, LIBRARY, NewBook, NewShelf, ShelfPatch, Shelves, books, shelves},
};

/// Returns a session of a user who holds these permissions.
pub fn user(kernel: &Kernel, user_id: i64, permissions: &[&str]) -> Session {
    let permissions = permissions.iter().copied();
    kernel.session(Actor::User(Caller {
        user_id,
        credential: Credential::Session(1),
        is_superuser: false,
        grants: permissions.map(Permission::new).collect(),
        scopes: None,
        withheld: None,
    }))
}

async fn shelf(session: &Session, name: &str) -> Found<shelves::Model> {
    let new = NewShelf {
        name: name.to_owned(),
    };
    let created = session.write(async |tx| Shelves::create(tx, &new).await);
    created.await.unwrap()
}

async fn book(session: &Session, shelf_id: i64, title: &str, pages: i32) -> Found<books::Model> {
    let new = NewBook {
        shelf_id,
        title: title.to_owned(),
        pages,
    };
    let created = session.write(async |tx| Books::create(tx, &new).await);
    created.await.unwrap()
}

/// Returns the titles of a page, and the cursor to the next page.
async fn titles(session: &Session, pairs: &[(&str, &str)]) -> (Vec<String>, Option<String>) {
    let query = ListQuery::parse(pairs.iter().copied(), session.kernel.registry()).unwrap();
    let page = Books::list(session, &query).await.unwrap();
    let titles = page.rows.into_iter().map(|found| found.row.title);
    (titles.collect(), page.next)
}

#[tokio::test]
async fn a_row_is_read_with_the_rights_of_its_caller_after_others_were_read() {
    on_each(LIBRARY, async |kernel| {
        let own = ["create", "delete", "restore"].map(|action| format!("shelves.{action}.own"));
        let own: Vec<_> = own.iter().map(String::as_str).collect();
        let (ada, bob) = (user(&kernel, 1, &own), user(&kernel, 2, &own));
        let mut ids = Vec::new();
        for owner in [&ada, &bob, &ada, &bob] {
            let id = shelf(owner, "Old").await.id;
            let deleted = owner.write(async |tx| Shelves::delete(tx, id).await);
            deleted.await.unwrap();
            ids.push(id);
        }
        let trash = Shape {
            deleted: Deleted::Only,
            ..Shape::default()
        };
        let found = async |session: &Session, shape: &Shape| {
            let mut found = Vec::new();
            for id in &ids {
                match Shelves::get(session, *id, shape).await {
                    Ok(row) => found.push((row.id, row.row.user_id)),
                    Err(error) => assert!(matches!(error, Error::NotFound)),
                }
            }
            found
        };

        for _ in 0..2 {
            assert_eq!(found(&ada, &trash).await, [(ids[0], 1), (ids[2], 1)]);
            assert_eq!(found(&bob, &trash).await, [(ids[1], 2), (ids[3], 2)]);
            assert_eq!(found(&bob, &Shape::default()).await, []);
            let stranger = user(&kernel, 1, &[]);
            assert_eq!(found(&stranger, &trash).await, []);
            let all = kernel.session(Actor::System);
            assert_eq!(found(&all, &trash).await.len(), 4);
        }
    })
    .await;
}

#[tokio::test]
async fn a_row_is_created_read_updated_and_deleted() {
    on_each(LIBRARY, async |kernel| {
        let session = user(&kernel, 7, &["shelves.*", "books.*"]);
        let shelf = shelf(&session, "Novels").await;
        let emma = book(&session, shelf.id, "Emma", 480).await;
        assert_eq!((shelf.row.user_id, emma.state.version), (7, 1));

        let patch = BookPatch { pages: Some(474) };
        let update = async |version| {
            let target = Target {
                id: emma.id,
                expected: Expected::OneOf(vec![version]),
            };
            let update = async |tx: &_| Books::update(tx, target.clone(), &patch).await;
            session.write(update).await
        };
        assert_eq!(update(1).await.unwrap().row.pages, 474);
        assert!(matches!(update(1).await, Err(Error::Stale(2))));

        let read = Books::visible_row(&session, emma.id).await.unwrap();
        assert_eq!((read.row.pages, read.state.version), (474, 2));

        let delete = session.write(async |tx| Books::delete(tx, emma.id).await);
        delete.await.unwrap();
        let gone = Books::visible_row(&session, emma.id).await;
        assert!(matches!(gone, Err(Error::NotFound)));
    })
    .await;
}

#[tokio::test]
async fn a_list_is_filtered_sorted_and_divided_into_pages() {
    on_each(LIBRARY, async |kernel| {
        let session = user(&kernel, 7, &["shelves.*", "books.*"]);
        let (novels, plays) = (
            shelf(&session, "Novels").await,
            shelf(&session, "Plays").await,
        );
        book(&session, novels.id, "Emma", 480).await;
        book(&session, novels.id, "Dune", 600).await;
        book(&session, novels.id, "Dracula", 400).await;
        book(&session, plays.id, "Hamlet", 120).await;

        let (long, _) = titles(&session, &[("pages[gte]", "480"), ("sort", "-pages")]).await;
        assert_eq!(long, ["Dune", "Emma"]);
        let of_plays = [("shelf.name[in]", "Plays,Poems")];
        assert_eq!(titles(&session, &of_plays).await.0, ["Hamlet"]);

        let by_title = [
            ("title[starts_with]", "d"),
            ("sort", "title"),
            ("limit", "1"),
        ];
        let (first, next) = titles(&session, &by_title).await;
        let after = [&by_title[..], &[("cursor", next.as_deref().unwrap())]].concat();
        let (second, end) = titles(&session, &after).await;
        assert_eq!(
            (first, second),
            (vec!["Dracula".into()], vec!["Dune".into()])
        );
        assert_eq!(end, None);

        let stats = [
            ("group_by", "shelf_id"),
            ("count", "true"),
            ("max", "pages"),
        ];
        let query = StatsQuery::parse(stats).unwrap();
        let stats = Books::stats(&session, &query).await.unwrap();
        let counts: Vec<_> = stats.groups.iter().map(|group| group.count).collect();
        assert_eq!(counts, [Some(3), Some(1)]);

        let refused =
            ListQuery::<Books>::parse([("pages", "many"), ("author", "a")], kernel.registry());
        let Err(Error::Query(refusals)) = refused else {
            panic!("two parameters are wrong");
        };
        let at: Vec<_> = refusals.iter().map(|refusal| refusal.at.as_str()).collect();
        assert_eq!(at, ["pages", "author"]);
    })
    .await;
}

/// Whether a book is visible is written on its shelf, so no index of the list skips hidden books.
#[tokio::test]
async fn a_search_finds_rows_whose_visibility_another_table_decides() {
    on_each(LIBRARY, async |kernel| {
        let session = user(&kernel, 7, &["shelves.*", "books.*"]);
        let shelf = shelf(&session, "Travel").await;
        for (title, pages) in [("Red Sea", 300), ("Red Square", 200), ("Blue Nile", 400)] {
            book(&session, shelf.id, title, pages).await;
        }

        let (mut ranked, _) = titles(&session, &[("q", "red")]).await;
        ranked.sort();
        assert_eq!(ranked, ["Red Sea", "Red Square"]);
        let by_pages = [("q", "red"), ("sort", "pages"), ("limit", "1")];
        let (first, next) = titles(&session, &by_pages).await;
        let after = [&by_pages[..], &[("cursor", next.as_deref().unwrap())]].concat();
        let (second, end) = titles(&session, &after).await;
        assert_eq!(
            (first, second),
            (vec!["Red Square".into()], vec!["Red Sea".into()])
        );
        assert_eq!(end, None);
        assert!(titles(&session, &[("q", "green")]).await.0.is_empty());
    })
    .await;
}

#[tokio::test]
async fn permissions_ending_in_own_reach_the_rows_of_the_caller() {
    Box::pin(on_each(LIBRARY, async |kernel| {
        let ada = user(&kernel, 1, &["shelves.create.own", "shelves.update.own"]);
        let bob = user(&kernel, 2, &["shelves.create.own", "shelves.update.own"]);
        let editor = user(&kernel, 3, &["shelves.update"]);
        let shelf = shelf(&ada, "Ada's").await;

        let rename = async |session: &Session, name: &str| {
            let patch = ShelfPatch {
                name: Some(name.to_owned()),
            };
            let update = async |tx: &_| Shelves::update(tx, shelf.id, &patch).await;
            session.write(update).await
        };
        assert!(rename(&ada, "Novels").await.is_ok());
        assert!(matches!(
            rename(&bob, "Mine").await,
            Err(Error::Forbidden(_))
        ));
        assert!(rename(&editor, "Fiction").await.is_ok());
    }))
    .await;
}

/// A command is no user, so the operator names the owner of the rows that it creates.
#[tokio::test]
async fn rows_of_a_command_belong_to_the_default_owner() {
    on_each(LIBRARY, async |kernel| {
        let command = kernel.session(Actor::System);
        let of_user = kernel.session(Actor::System).with_default_owner(Some(7));
        assert_eq!(shelf(&of_user, "Novels").await.row.user_id, 7);

        let new = NewShelf {
            name: "Plays".to_owned(),
        };
        let ownerless = command.write(async |tx| Shelves::create(tx, &new).await);
        let Err(Error::Invalid(refusals)) = ownerless.await else {
            panic!("a row has no owner");
        };
        assert_eq!(refusals[0].at, "/user_id");
    })
    .await;
}

#[tokio::test]
async fn a_deletion_takes_owned_rows_along_and_a_restore_brings_them_back() {
    on_each(LIBRARY, async |kernel| {
        let session = user(&kernel, 7, &["shelves.*", "books.*"]);
        let shelf = shelf(&session, "Novels").await;
        let alone = book(&session, shelf.id, "Dune", 600).await;
        book(&session, shelf.id, "Emma", 480).await;
        let delete = session.write(async |tx| Books::delete(tx, alone.id).await);
        delete.await.unwrap();

        let delete = session.write(async |tx| Shelves::delete(tx, shelf.id).await);
        delete.await.unwrap();
        assert!(titles(&session, &[]).await.0.is_empty());
        let (deleted, _) = titles(&session, &[("deleted", "only"), ("sort", "title")]).await;
        assert_eq!(deleted, ["Dune", "Emma"]);

        let restore = session.write(async |tx| Shelves::restore(tx, shelf.id, None).await);
        restore.await.unwrap();
        // A row that was deleted before stays deleted.
        assert_eq!(titles(&session, &[]).await.0, ["Emma"]);

        let purge = session.write(async |tx| Books::purge(tx, alone.id).await);
        purge.await.unwrap();
        assert!(titles(&session, &[("deleted", "only")]).await.0.is_empty());
    })
    .await;
}

#[tokio::test]
async fn every_change_is_recorded_and_can_be_reverted() {
    on_each(LIBRARY, async |kernel| {
        let session = user(&kernel, 7, &["shelves.*", "books.*"]);
        let shelf = shelf(&session, "Novels").await;
        let emma = book(&session, shelf.id, "Emma", 480).await;
        let patch = BookPatch { pages: Some(474) };
        let update = session.write(async |tx| Books::update(tx, emma.id, &patch).await);
        update.await.unwrap();

        let revert = session.write(async |tx| Books::revert(tx, emma.id, 1).await);
        assert_eq!(revert.await.unwrap().row.pages, 480);

        let mut newest_first = ListQuery::<Audit>::default();
        let history = audit::history::<Books>(&session, emma.id, &mut newest_first).await;
        let rows: Vec<_> = history
            .unwrap()
            .rows
            .into_iter()
            .map(|found| found.row)
            .collect();
        let actions: Vec<_> = rows.iter().map(|row| row.entry.action.as_str()).collect();
        assert_eq!(actions, ["reverted", "updated", "created"]);
        assert_eq!(rows[1].entry.actor_id, Some(7));
        let change = &rows[1].changes.as_ref().unwrap()["pages"];
        assert_eq!(*change, serde_json::json!({ "from": 480, "to": 474 }));
    })
    .await;
}

#[tokio::test]
async fn an_id_beyond_the_numbers_that_json_keeps_is_refused() {
    on_each(LIBRARY, async |kernel| {
        let session = user(&kernel, 7, &["shelves.*", "books.*"]);
        let new = NewBook {
            shelf_id: MAX_SAFE + 1,
            title: "Emma".to_owned(),
            pages: 480,
        };

        let created = session.write(async |tx| Books::create(tx, &new).await);

        let Err(Error::Invalid(refusals)) = created.await else {
            panic!("the id was not refused");
        };
        let refusal = (refusals[0].at.as_str(), refusals[0].code);
        assert_eq!(refusal, ("/shelf_id", Code::OutOfRange));
    })
    .await;
}

//! A generated text that is taken is varied, and varied again if that is taken too. Slugs are random, so these articles
//! have texts that collide for certain.
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use entity::posts::{Column, Entity, Model};
use kernel::{
    Actor, Crud, CrudOperations, Error, Readable, Registry, base_columns,
    registry::Table,
    resource::{Field, Generated, Owner, everything},
};
use sea_orm::Condition;
use service::{
    Users,
    posts::{NewPost, PostPatch},
    users::UserPatch,
};
use tests::Service;

struct Articles;

base_columns!(Articles);

impl Readable for Articles {
    type Row = Model;

    const OWNER: Option<Column> = Some(Column::AuthorId);
    const PUBLIC: bool = true;
    const FIELDS: &'static [Field<Column>] = &[Field::public(Column::Slug)];

    fn owners() -> Vec<Owner> {
        vec![Owner::new::<Users>(Column::AuthorId)]
    }

    fn visible(_: &Actor) -> Condition {
        everything()
    }
}

impl Crud for Articles {
    type New = NewPost;
    type Patch = PostPatch;

    const GENERATED: Option<Generated<Column>> = Some(Generated {
        column: Column::Slug,
        source: Column::Title,
        make: str::to_owned,
        vary,
    });
}

/// The first variation is always the same.
fn vary(text: &str, attempt: usize) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    if attempt == 0 {
        format!("{text}-same")
    } else {
        format!("{text}-{}", NEXT.fetch_add(1, Relaxed))
    }
}

async fn service() -> Service {
    let mut service = Service::new().await;
    let tables = vec![Table::new::<Users>(), Table::new::<Articles>()];
    service.kernel = service.kernel.with(Arc::new(Registry::new(tables, &[])));
    service
}

fn article(author: i64, slug: Option<&str>) -> NewPost {
    NewPost {
        title: "a".to_owned(),
        slug: slug.map(str::to_owned),
        content: "…".to_owned(),
        status: Some("draft".to_owned()),
        author_id: Some(author),
        ..NewPost::default()
    }
}

/// Creates articles in one write.
async fn create(service: &Service, new: Vec<NewPost>) -> Vec<Result<Model, Error>> {
    let made = service.write(async |tx| Articles::create_all(tx, &new).await);
    made.await.unwrap()
}

/// Panics unless there are so many different texts, of which one is plain and one the first variation.
#[track_caller]
fn expect_distinct(mut slugs: Vec<String>, count: usize) {
    slugs.sort();
    slugs.dedup();
    assert_eq!(slugs.len(), count, "{slugs:?}");
    let is_varied = |slug: &&String| slug.starts_with("a-");
    assert_eq!(
        slugs.iter().filter(is_varied).count(),
        count - 1,
        "{slugs:?}"
    );
    assert!(slugs.contains(&"a-same".to_owned()), "{slugs:?}");
}

#[actix_web::test]
async fn a_text_that_is_taken_twice_is_varied_twice() {
    let service = service().await;
    let ada = service.user("ada").await;

    let mut slugs = Vec::new();
    for _ in 0..4 {
        let made = create(&service, vec![article(ada, None)]).await;
        slugs.extend(made.into_iter().map(|article| article.unwrap().slug));
    }

    assert_eq!(slugs[..2], ["a", "a-same"]);
    expect_distinct(slugs, 4);
}

#[actix_web::test]
async fn many_rows_of_one_text_are_varied_together() {
    let service = service().await;
    let ada = service.user("ada").await;

    let made = create(&service, vec![article(ada, None); 9]).await;

    let slugs = made.into_iter().map(|article| article.unwrap().slug);
    expect_distinct(slugs.collect(), 9);
}

#[actix_web::test]
async fn a_text_that_the_client_wrote_is_not_varied() {
    let service = service().await;
    let ada = service.user("ada").await;

    let written = vec![article(ada, Some("b")); 2];
    let made = create(
        &service,
        written.into_iter().chain([article(ada, None)]).collect(),
    )
    .await;

    let slugs: Vec<_> = made
        .iter()
        .flatten()
        .map(|article| &*article.slug)
        .collect();
    assert_eq!(slugs, ["b", "a"]);
    assert!(
        made[1]
            .as_ref()
            .is_err_and(|refusal| refusal.is_at("/slug"))
    );
}

#[actix_web::test]
async fn texts_that_come_back_are_varied_until_they_are_free() {
    let service = service().await;
    let (ada, bob) = (service.user("ada").await, service.user("bob").await);
    create(&service, vec![article(ada, None); 3]).await;
    let delete = service.write(async |tx| Users::delete(tx, ada).await);
    delete.await.unwrap();
    // All but the second variation of the first text.
    create(&service, vec![article(bob, None), article(bob, None)]).await;

    let restore = service.write(async |tx| Users::restore(tx, ada, None::<&UserPatch>).await);
    restore.await.unwrap();

    let slugs = service.slugs().await;
    assert_eq!(slugs.len(), 5);
    let taken = slugs
        .iter()
        .filter(|slug| *slug == "a" || *slug == "a-same");
    assert_eq!(taken.count(), 2, "{slugs:?}");
}

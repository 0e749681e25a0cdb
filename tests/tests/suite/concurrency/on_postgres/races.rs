//! Unordered races: afterwards no live row belongs to a deleted one.
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use futures_util::future::join_all;
use kernel::{CrudOperations, Error, Result};
use service::{
    Comments, Posts, Users,
    comments::{CommentPatch, NewComment},
    posts::PostPatch,
    users::UserPatch,
};
use tests::{Service, Sql, scaled};

/// The races of an insert against a deletion, and the number of lanes that run side by side.
const ROUNDS: usize = 400;
const LANES: usize = 4;
/// The operations of each kind against all others.
const OPERATIONS: usize = 600;
/// The clients that post the same title at once.
const CLIENTS: u32 = 32;
const SLUG_ROUNDS: i64 = 5;

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn no_comment_outlives_its_post() {
    let service = Service::patient().await;
    let (ada, bob) = (service.user("ada").await, service.user("bob").await);
    let won = AtomicUsize::new(0);

    let lane = async |lane: usize| {
        for round in 0..scaled(ROUNDS) / LANES {
            let post_id = service.post(ada, &format!("{lane} {round}")).await;
            let new = NewComment {
                post_id,
                body: "…".to_owned(),
                author_id: Some(bob),
            };
            let insert = service.write(async |tx| Comments::create(tx, &new).await);
            let delete = service.write(async |tx| Posts::delete(tx, post_id).await);
            // They are polled first in turns.
            let (made, deleted) = if round % 2 == 0 {
                tokio::join!(insert, delete)
            } else {
                let (deleted, made) = tokio::join!(delete, insert);
                (made, deleted)
            };
            deleted.unwrap();
            match made {
                Ok(_) => won.fetch_add(1, Relaxed),
                Err(Error::Invalid(_)) => 0,
                Err(error) => panic!("{error:?}"),
            };
        }
    };
    join_all((0..LANES).map(lane)).await;

    let sql = Sql::open(&service.url).await;
    assert_eq!(sql.inconsistent_deletions().await, Vec::<String>::new());
    let won = won.into_inner();
    assert!(
        (1..scaled(ROUNDS)).contains(&won),
        "a race that one side always wins shows nothing: {won}"
    );
}

/// Several lanes delete and restore a few users and posts, while others write comments.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn concurrent_deletions_and_restores_leave_no_inconsistent_rows() {
    let service = Service::patient().await;
    let mut users = Vec::new();
    let mut posts = Vec::new();
    for name in ["ada", "bob", "eve"] {
        users.push(service.user(name).await);
    }
    for (number, author) in users.iter().cycle().take(4).enumerate() {
        posts.push(service.post(*author, &format!("Post {number}")).await);
    }
    let (users, posts) = (&users, &posts);

    let lane = async |lane: usize| {
        for number in 0..scaled(OPERATIONS) / LANES {
            // Each lane has every combination in another order.
            let dice = number * 7 + lane * 11;
            let (user, post) = (users[dice % 3], posts[dice % 4]);
            let done = service.write(async |tx| match number % 20 {
                0 => Users::delete(tx, user).await,
                1 => Users::restore(tx, user, None::<&UserPatch>).await.map(drop),
                2..=5 => Posts::delete(tx, post).await,
                6..=9 => Posts::restore(tx, post, None::<&PostPatch>).await.map(drop),
                _ => {
                    let new = NewComment {
                        post_id: post,
                        body: "…".to_owned(),
                        author_id: Some(user),
                    };
                    let comment = Comments::create(tx, &new).await?.id;
                    if number % 2 == 0 {
                        Comments::delete(tx, comment).await?;
                        Comments::restore(tx, comment, None::<&CommentPatch>).await?;
                    }
                    Ok(())
                }
            });
            acceptable(done.await);
        }
    };
    join_all((0..2 * LANES).map(lane)).await;

    let sql = Sql::open(&service.url).await;
    assert_eq!(sql.inconsistent_deletions().await, Vec::<String>::new());
    let comments = sql.number("SELECT count(*) FROM comments").await;
    assert!(comments > 0, "some comments were written");
}

/// Each write has its own connection, so all run at once.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn concurrent_posts_with_one_title_on_many_connections_get_different_slugs() {
    let service = Service::with(|settings| {
        settings.max_connections = CLIENTS;
        settings.write_timeout = std::time::Duration::from_secs(5);
    })
    .await;
    let ada = service.user("ada").await;

    for round in 0..SLUG_ROUNDS {
        let title = format!("Round {round}");
        join_all((0..CLIENTS).map(|_| service.post(ada, &title))).await;
    }

    let sql = Sql::open(&service.url).await;
    let slugs = sql.number("SELECT count(DISTINCT slug) FROM posts").await;
    assert_eq!(slugs, i64::from(CLIENTS) * SLUG_ROUNDS);
}

/// Checks that a write succeeded or was refused because of the state of its row.
fn acceptable(done: Result<()>) {
    match done {
        Ok(()) | Err(Error::NotFound | Error::Invalid(_) | Error::Conflict { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
}

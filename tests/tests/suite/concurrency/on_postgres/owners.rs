//! A write to a child and the deletion of its owner, in both orders, on two connections.
use std::{collections::HashSet, rc::Rc};

use kernel::{CrudOperations, Error, Result, Session, Tx};
use service::{
    Comments, Posts, Users,
    comments::{CommentPatch, NewComment},
    posts::PostPatch,
    users::UserPatch,
};
use tests::{Service, Sql, process::eventually, service::draft};
use tokio::{sync::Notify, task::JoinHandle};

/// A published post of ada's, its commenter bob, and a separate connection.
struct Scene {
    service: Service,
    sql: Sql,
    ada: i64,
    bob: i64,
    post: i64,
}

impl Scene {
    async fn new() -> Self {
        let service = Service::patient().await;
        let (ada, bob) = (service.user("ada").await, service.user("bob").await);
        Self {
            sql: Sql::open(&service.url).await,
            post: service.post(ada, "Hello").await,
            service,
            ada,
            bob,
        }
    }

    fn comment(&self) -> NewComment {
        NewComment {
            post_id: self.post,
            body: "…".to_owned(),
            author_id: Some(self.bob),
        }
    }

    async fn create_comment(&self) -> i64 {
        let new = self.comment();
        let made = self
            .service
            .write(async |tx| Comments::create(tx, &new).await);
        made.await.unwrap().id
    }

    /// Runs `first`, and starts `second` before `first` commits. Then `second` must wait.
    async fn run_in_order<A: 'static, B: 'static>(
        &self,
        first: impl AsyncFn(&Tx) -> Result<A> + 'static,
        second: impl AsyncFn(&Tx) -> Result<B> + 'static,
    ) -> (Result<A>, Result<B>) {
        let (done, commit) = (Rc::new(Notify::new()), Rc::new(Notify::new()));
        let first = {
            let (done, commit) = (done.clone(), commit.clone());
            start(self.service.session(), async move |tx| {
                let value = first(tx).await;
                done.notify_one();
                commit.notified().await;
                value
            })
        };
        done.notified().await;
        let second = start(self.service.session(), second);
        eventually("the second waits for the first", async || {
            assert!(!second.is_finished(), "the second did not wait for the first");
            let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
            (self.sql.number(waiting).await > 0).then_some(())
        })
        .await;
        commit.notify_one();
        (first.await.unwrap(), second.await.unwrap())
    }

    async fn live_comments(&self) -> i64 {
        assert_eq!(
            self.sql.inconsistent_deletions().await,
            Vec::<String>::new()
        );
        self.sql
            .number("SELECT count(*) FROM comments WHERE deleted_at IS NULL")
            .await
    }
}

fn start<T: 'static>(
    session: Session,
    work: impl AsyncFn(&Tx) -> Result<T> + 'static,
) -> JoinHandle<Result<T>> {
    actix_web::rt::spawn(async move { session.write(work).await })
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_new_comment_is_deleted_with_a_post_that_is_deleted_after_it() {
    let scene = Scene::new().await;
    let (new, post) = (scene.comment(), scene.post);

    let (made, deleted) = scene
        .run_in_order(
            async move |tx| Comments::create(tx, &new).await,
            async move |tx| Posts::delete(tx, post).await,
        )
        .await;

    made.unwrap();
    deleted.unwrap();
    assert_eq!(scene.live_comments().await, 0);
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_comment_is_refused_on_a_post_that_is_deleted_before_it() {
    let scene = Scene::new().await;
    let (new, post) = (scene.comment(), scene.post);

    let (deleted, made) = scene
        .run_in_order(
            async move |tx| Posts::delete(tx, post).await,
            async move |tx| Comments::create(tx, &new).await,
        )
        .await;

    deleted.unwrap();
    assert!(matches!(made, Err(Error::Invalid(refusals)) if refusals[0].at == "/post_id"));
    assert_eq!(scene.live_comments().await, 0);
}

/// A post locks its author in the statement that inserts it.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_post_is_refused_whose_author_is_deleted_before_it() {
    let scene = Scene::new().await;
    let (new, bob) = (draft(scene.bob, "New"), scene.bob);

    let (deleted, made) = scene
        .run_in_order(
            async move |tx| Users::delete(tx, bob).await,
            async move |tx| Posts::create(tx, &new).await,
        )
        .await;

    deleted.unwrap();
    assert!(matches!(made, Err(Error::Invalid(refusals)) if refusals[0].at == "/author_id"));
    let live = "SELECT count(*) FROM posts WHERE deleted_at IS NULL AND title = 'New'";
    assert_eq!(scene.sql.number(live).await, 0);
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_restored_comment_is_deleted_with_a_post_that_is_deleted_after_it() {
    let scene = Scene::new().await;
    let (comment, post) = (scene.create_comment().await, scene.post);
    scene
        .service
        .write(async |tx| Comments::delete(tx, comment).await)
        .await
        .unwrap();

    let (restored, deleted) = scene
        .run_in_order(
            async move |tx| Comments::restore(tx, comment, None::<&CommentPatch>).await,
            async move |tx| Posts::delete(tx, post).await,
        )
        .await;

    restored.unwrap();
    deleted.unwrap();
    assert_eq!(scene.live_comments().await, 0);
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_comment_is_not_restored_on_a_post_that_is_deleted_before_it() {
    let scene = Scene::new().await;
    let (comment, post) = (scene.create_comment().await, scene.post);
    scene
        .service
        .write(async |tx| Comments::delete(tx, comment).await)
        .await
        .unwrap();

    let (deleted, restored) = scene
        .run_in_order(
            async move |tx| Posts::delete(tx, post).await,
            async move |tx| Comments::restore(tx, comment, None::<&CommentPatch>).await,
        )
        .await;

    deleted.unwrap();
    assert!(
        matches!(restored, Err(Error::Conflict { refusals, .. }) if refusals[0].at == "/post_id")
    );
    assert_eq!(scene.live_comments().await, 0);
}

/// The post restores its comments; one of them has another author, who is deleted at the same time.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_comment_that_a_post_restores_is_deleted_with_its_author_after_it() {
    let scene = Scene::new().await;
    let (_comment, post, bob) = (scene.create_comment().await, scene.post, scene.bob);
    scene
        .service
        .write(async |tx| Posts::delete(tx, post).await)
        .await
        .unwrap();

    let (restored, deleted) = scene
        .run_in_order(
            async move |tx| Posts::restore(tx, post, None::<&PostPatch>).await,
            async move |tx| Users::delete(tx, bob).await,
        )
        .await;

    restored.unwrap();
    deleted.unwrap();
    assert_eq!(scene.live_comments().await, 0);
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_restored_post_does_not_restore_comments_of_an_author_deleted_before_it() {
    let scene = Scene::new().await;
    let (_comment, post, bob) = (scene.create_comment().await, scene.post, scene.bob);
    scene
        .service
        .write(async |tx| Posts::delete(tx, post).await)
        .await
        .unwrap();

    let (deleted, restored) = scene
        .run_in_order(
            async move |tx| Users::delete(tx, bob).await,
            async move |tx| Posts::restore(tx, post, None::<&PostPatch>).await,
        )
        .await;

    deleted.unwrap();
    restored.unwrap();
    assert_eq!(scene.live_comments().await, 0);
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_new_post_is_deleted_with_an_author_who_is_deleted_after_it() {
    let scene = Scene::new().await;
    let (new, ada) = (tests::service::draft(scene.ada, "Last"), scene.ada);

    let (made, deleted) = scene
        .run_in_order(
            async move |tx| Posts::create(tx, &new).await,
            async move |tx| Users::delete(tx, ada).await,
        )
        .await;

    made.unwrap();
    deleted.unwrap();
    assert_eq!(scene.live_comments().await, 0);
    assert!(scene.service.slugs().await.is_empty());
}

/// The slug is free when the restore looks, and taken when it writes.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_slug_that_is_taken_while_its_post_comes_back_is_varied() {
    let scene = Scene::new().await;
    let (ada, new) = (scene.ada, draft(scene.bob, "Hello"));
    let deleted = scene.service.write(async |tx| Users::delete(tx, ada).await);
    deleted.await.unwrap();

    let (made, restored) = scene
        .run_in_order(
            async move |tx| Posts::create(tx, &new).await,
            async move |tx| Users::restore(tx, ada, None::<&UserPatch>).await,
        )
        .await;

    assert_eq!(made.unwrap().row.slug, "hello");
    restored.unwrap();
    let slugs: HashSet<_> = scene.service.slugs().await.into_iter().collect();
    assert_eq!(slugs.len(), 2, "{slugs:?}");
}

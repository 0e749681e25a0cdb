//! A deletion of thousands of rows takes a fixed number of statements, and its history is complete.
mod meanwhile;

use kernel::audit::verify;
use tests::{Client, Reply, TestApp, json, sql};

use crate::audit::chain::seal_all;

/// More than the 1,000 rows of one bulk.
const MANY: i64 = 1_500;

/// Creates this many rows of a table by one statement. `row` is the SQL of the values, with `i` as the number of the row.
async fn insert_rows(app: &TestApp, table: &str, columns: &str, count: i64, row: &str) {
    let at = app.ago(60);
    let insert = format!(
        "INSERT INTO {table} (created_at, updated_at, version, {columns}) \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
         SELECT {at}, {at}, 1, {row} FROM n"
    );
    sql::run(&app.kernel, &insert).await;
}

async fn comments(app: &TestApp, post: i64, author: i64, count: i64) {
    let row = format!("{post}, {author}, 'Comment ' || i");
    insert_rows(app, "comments", "post_id, author_id, body", count, &row).await;
}

async fn posts(app: &TestApp, author: i64, count: i64) {
    let row = format!("{author}, 'Post', 'post-' || i, '…', 'published'");
    let columns = "author_id, title, slug, content, status";
    insert_rows(app, "posts", columns, count, &row).await;
}

async fn count(app: &TestApp, from: &str) -> i64 {
    sql::number(&app.kernel, &format!("SELECT count(*) FROM {from}")).await
}

/// Returns the number of comments with an entry of this action and version, which has its own salt and no changes.
async fn entries(app: &TestApp, action: &str, version: i64) -> i64 {
    let entries = format!(
        "(SELECT DISTINCT resource_id, salt FROM audit_entries WHERE resource = 'comments' \
         AND action = '{action}' AND version = {version} AND changes = '{{}}') e"
    );
    count(app, &entries).await
}

/// Returns the number of statements of a request.
async fn cost(app: &TestApp, request: impl Future<Output = Reply>, status: u16) -> usize {
    app.statements.take();
    request.await.expect_status(status);
    app.statements.take().len()
}

async fn costs_of_deletion(app: &TestApp, client: &Client, post: &str) -> [usize; 3] {
    [
        cost(app, client.delete(post), 204).await,
        cost(app, client.act(format!("{post}/restore")), 200).await,
        {
            client.delete(post).await.expect_status(204);
            cost(app, client.act(format!("{post}/purge")), 204).await
        },
    ]
}

#[actix_web::test]
async fn the_statements_of_a_deletion_do_not_grow_with_its_rows() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let (small, large) = (root.publish("Small").await, root.publish("Large").await);
    root.comment(small.id(), "one").await;
    comments(&app, large.id(), root.id, MANY).await;

    let few = costs_of_deletion(&app, &root, small.url()).await;
    let many = costs_of_deletion(&app, &root, large.url()).await;

    assert_eq!(few, many);
}

#[actix_web::test]
async fn thousands_of_comments_are_deleted_restored_and_purged_with_their_history() {
    let app = TestApp::new().await;
    let (root, bob) = (app.superuser("root").await, app.member("bob").await);
    let post = root.publish("Hello").await;
    let before = bob.comment(post.id(), "deleted before").await;
    bob.delete(before.url()).await.expect_status(204);
    comments(&app, post.id(), bob.id, MANY).await;
    let one = format!("/comments/{}", before.id() + 1);

    let gone = root.delete(post.url()).await.expect_status(204);

    let request = gone.header("x-request-id").to_owned();
    assert_eq!(count(&app, "comments WHERE deleted_at IS NULL").await, 0);
    assert_eq!(entries(&app, "deleted", 2).await, MANY + 1);
    let of_request = format!(
        "audit_entries WHERE request_id = '{request}' AND actor_id = {}",
        root.id
    );
    assert_eq!(count(&app, &of_request).await, MANY + 1);
    seal_all(&app.kernel).await;
    let history = root.get(format!("{one}/history")).await.expect_status(200);
    let last = &history.body["data"][0];
    assert_eq!(
        (&last["action"], &last["version"], &last["changes"]),
        (&json!("deleted"), &json!(2), &json!({}))
    );

    root.act(format!("{}/restore", post.url()))
        .await
        .expect_status(200);

    let back = "comments WHERE deleted_at IS NULL AND deletion_id IS NULL AND version = 3";
    assert_eq!(count(&app, back).await, MANY);
    assert_eq!(entries(&app, "restored", 3).await, MANY);
    root.get(before.url())
        .await
        .expect_problem(404, "not_found");

    let revised = root.patch(&one, json!({ "body": "Another" })).await;
    revised.expect_status(200);
    let reverted = root.post(format!("{one}/revert"), json!({ "version": 1 }));
    assert_eq!(reverted.await.expect_status(200).body["body"], "Comment 1");

    root.delete(post.url()).await.expect_status(204);
    root.act(format!("{}/purge", post.url()))
        .await
        .expect_status(204);

    assert_eq!(count(&app, "comments").await, 0);
    let kept = "audit_entries WHERE resource = 'comments' AND action <> 'purged' \
        AND (changes IS NOT NULL OR texts IS NOT NULL OR salt IS NOT NULL)";
    assert_eq!(count(&app, kept).await, 0, "values of purged rows");
    let purged = "audit_entries WHERE resource = 'comments' AND action = 'purged' \
        AND changes IS NOT NULL AND salt IS NOT NULL";
    assert_eq!(count(&app, purged).await, MANY + 1);
    seal_all(&app.kernel).await;
    assert_eq!(verify(&app.kernel, None).await.unwrap().problems, []);
}

#[actix_web::test]
async fn hundreds_of_restored_slugs_that_are_taken_get_suffixes() {
    const SLUGS: i64 = 600;
    let app = TestApp::new().await;
    let (root, ada) = (app.superuser("root").await, app.member("ada").await);
    let bob = app.member("bob").await;
    posts(&app, ada.id, SLUGS).await;
    let url = format!("/users/{}", ada.id);
    root.delete(&url).await.expect_status(204);
    posts(&app, bob.id, SLUGS - 50).await;

    root.act(format!("{url}/restore")).await.expect_status(200);

    let back = format!(
        "posts WHERE deleted_at IS NULL AND author_id = {} AND version = 3",
        ada.id
    );
    assert_eq!(count(&app, &back).await, SLUGS);
    let renamed = format!(
        "posts WHERE author_id = {} AND slug LIKE 'post-%-____'",
        ada.id
    );
    assert_eq!(count(&app, &renamed).await, SLUGS - 50);
    let restored = "audit_entries WHERE resource = 'posts' AND action = 'restored' AND version = 3";
    assert_eq!(count(&app, restored).await, SLUGS);
    let recorded = format!(
        r#"{restored} AND changes LIKE '{{"slug":{{"from":"post-%","to":"post-%-____"}}}}'"#
    );
    assert_eq!(count(&app, &recorded).await, SLUGS - 50);
}

#[actix_web::test]
async fn a_user_who_leaves_can_keep_content_of_any_size() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let mut costs = Vec::new();
    for (client, rows) in [(&bob, 1), (&ada, MANY)] {
        let post = client.publish("Hello").await;
        comments(&app, post.id(), client.id, rows).await;
        costs.push(cost(&app, client.delete("/auth/me?keep_content=true"), 204).await);
    }

    let kept = "comments WHERE deleted_at IS NULL AND version = 2";
    assert_eq!(count(&app, kept).await, MANY + 1);
    let handed_over = format!(
        r#"audit_entries WHERE resource = 'comments' AND action = 'updated' AND version = 2
           AND changes LIKE '{{"author_id":{{"from":{},"to":%}}}}'"#,
        ada.id
    );
    assert_eq!(count(&app, &handed_over).await, MANY);
    // The first request also created the user that the rows now belong to.
    assert!(costs[1] <= costs[0], "{costs:?}");
}

//! Many rows, half of them deleted.
use tests::Sql;

/// The live posts: every second of 20,000, up to the 18,000th.
pub const LIVE_POSTS: u64 = 9_000;

/// A third of the live posts are published, but none of the newest 500, and fifty are archived; half of them are of `author`. Of
/// 10,000 comments every second is live, up to the 9,000th; half of them are on the published post that this returns.
pub async fn fill(sql: &Sql, author: i64) -> i64 {
    sql.run(
        "INSERT INTO deletions (deleted_at, root_resource, root_id) VALUES (now(), 'posts', 1)",
    )
    .await;
    sql.run(
        "INSERT INTO users (created_at, updated_at, version, username, username_key, email, email_key, password_hash, deleted_at, deletion_id)
         SELECT t, t, 1, 'u' || i || 'xx', 'u' || i || 'xx', 'e' || i, 'e' || i, '', CASE WHEN d THEN t END, CASE WHEN d THEN (SELECT max(id) FROM deletions) END
         FROM (SELECT i, timestamptz '2026-01-01' + i / 3 * interval '1 second' AS t, i % 2 <> 0 OR i > 1800 AS d FROM generate_series(1, 2000) i) x",
    )
    .await;
    let posts = "INSERT INTO posts (created_at, updated_at, version, author_id, title, slug, content, status, published_at, deleted_at, deletion_id)
         SELECT t, t, 1, CASE WHEN i / 2 % 2 = 0 THEN {author} ELSE (SELECT max(id) FROM users WHERE deleted_at IS NULL) END,
             'Title', 's' || i, repeat('content ', 20),
             CASE WHEN i <= 300 AND i / 2 % 3 = 1 THEN 'archived' WHEN i > 17000 OR i / 2 % 3 <> 0 THEN 'draft' ELSE 'published' END,
             CASE WHEN i <= 17000 AND i / 2 % 3 = 0 THEN t END,
             CASE WHEN d THEN t END, CASE WHEN d THEN (SELECT max(id) FROM deletions) END
         FROM (SELECT i, timestamptz '2026-01-01' + i / 3 * interval '1 second' AS t, i % 2 <> 0 OR i > 18000 AS d FROM generate_series(1, 20000) i) x";
    sql.run(&posts.replace("{author}", &author.to_string()))
        .await;
    let post = "SELECT max(id) FROM posts WHERE deleted_at IS NULL AND status = 'published'";
    let post = sql.number(post).await;
    let comments = "INSERT INTO comments (created_at, updated_at, version, author_id, post_id, body, deleted_at, deletion_id)
         SELECT t, t, 1, {author}, CASE WHEN i % 4 = 0 THEN {post} ELSE 6 * (1 + i / 2 % 2800) END, 'A comment', CASE WHEN d THEN t END, CASE WHEN d THEN (SELECT max(id) FROM deletions) END
         FROM (SELECT i, timestamptz '2026-01-01' + i / 3 * interval '1 second' AS t, i % 2 <> 0 OR i > 9000 AS d FROM generate_series(1, 10000) i) x";
    let comments = comments.replace("{author}", &author.to_string());
    sql.run(&comments.replace("{post}", &post.to_string()))
        .await;
    sql.run("VACUUM ANALYZE").await;
    post
}

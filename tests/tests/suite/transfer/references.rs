//! Rows that refer to others are moved between servers on which the ids differ.
use serde_json::Value;
use tests::{Client, TestApp, json};

use super::{
    export::rows,
    import::{errors, lines, total},
};

/// A server with ada, bob and posts of theirs; `first` is who comes first, and so has the first id.
async fn server(first: &[&str]) -> (TestApp, Vec<Client>) {
    let app = TestApp::new().await;
    let mut people = Vec::new();
    for name in first {
        people.push(app.member(name).await);
    }
    (app, people)
}

#[actix_web::test]
async fn an_export_has_the_names_of_referenced_rows() {
    let (app, people) = server(&["ada", "bob"]).await;
    let post = people[0].publish("Hello").await.id();
    people[1].comment(post, "…").await;
    let root = app.superuser("root").await;

    let posts = rows(&root, "/posts/export").await;
    let comments = rows(&root, "/comments/export").await;
    let partial = rows(&root, "/comments/export?fields=post_id").await;
    let users = rows(&root, "/users/export").await;
    let table = root.get("/comments/export?format=csv").await.text;

    assert_eq!(posts[0]["author.username"], "ada");
    assert_eq!(
        (&comments[0]["author.username"], &comments[0]["post.slug"]),
        (&json!("bob"), &json!("hello"))
    );
    assert_eq!(
        partial[0],
        json!({ "id": 1, "post_id": post, "post.slug": "hello" })
    );
    assert!(users.iter().all(|user| {
        user.as_object()
            .unwrap()
            .keys()
            .all(|name| !name.contains('.'))
    }));
    assert!(
        table.starts_with("id,post_id,post.slug,author_id,author.username,body,"),
        "{table}"
    );
}

/// The slug of a draft is no business of those who may comment elsewhere.
#[actix_web::test]
async fn an_export_has_names_of_visible_rows_only() {
    let (_app, people) = server(&["ada", "bob"]).await;
    let post = people[0].publish("Hello").await;
    people[1].comment(post.id(), "…").await;

    people[0]
        .patch(post.url(), json!({ "status": "draft" }))
        .await
        .expect_status(200);

    let comments = rows(&people[1], "/comments/export").await;
    assert_eq!(
        (comments.len(), &comments[0]["post.slug"]),
        (1, &Value::Null)
    );
}

#[actix_web::test]
async fn names_cost_one_statement_for_each_reference() {
    let (app, people) = server(&["ada", "bob"]).await;
    let mut costs = Vec::new();
    for count in [1, 9] {
        for number in 0..count {
            let post = people[number % 2].publish("Hello").await.id();
            people[1].comment(post, "…").await;
        }
        app.statements.take();
        app.anonymous()
            .get("/comments/export")
            .await
            .expect_status(200);
        costs.push(app.statements.take().len());
    }

    assert_eq!(costs, [3, 3]);
}

#[actix_web::test]
async fn an_import_does_not_match_references_by_foreign_ids() {
    let (_source, there) = server(&["ada", "bob"]).await;
    there[1].publish("Of bob").await;
    let (_target, here) = server(&["bob", "ada"]).await;

    for format in ["ndjson", "csv"] {
        let text = there[1]
            .get(format!("/posts/export?format={format}"))
            .await
            .text;

        let path = format!("/posts/import?format={format}");
        let refused = here[0].import(&path, text.clone()).await.expect_status(422);
        assert_eq!(
            errors(&refused)[0].1,
            "/author.username",
            "{}",
            refused.text
        );
        assert_eq!(refused.body["errors"][0]["code"], "mismatch");
        let report = here[0]
            .import(format!("{path}&map=author.username"), text)
            .await
            .expect_status(200);
        assert_eq!(report.body["created"], 1);
        let posts = rows(&here[0], "/posts/export").await;
        assert_eq!(
            (posts.len(), &posts[0]["author_id"]),
            (1, &json!(here[0].id))
        );
        let post = format!("/posts/{}", posts[0]["id"]);
        here[0].delete(post).await.expect_status(204);
    }
}

#[actix_web::test]
async fn imported_comments_find_their_posts_by_name() {
    let (_source, there) = server(&["ada", "bob"]).await;
    let other = there[0].publish("Other").await.id();
    let post = there[0].publish("Hello").await.id();
    there[1].comment(other, "first").await;
    there[1].comment(post, "second").await;
    let (_target, here) = server(&["bob", "ada"]).await;
    let post = here[1].publish("Hello").await.id();

    let text = there[1].get("/comments/export?sort=id").await.text;
    let path = "/comments/import?map=author.username,post.slug&on_error=skip";
    let report = here[0].import(path, text).await.expect_status(200);

    assert_eq!(
        (&report.body["created"], &report.body["refused"]),
        (&json!(1), &json!(1)),
        "{}",
        report.text
    );
    assert_eq!(errors(&report), [(1, "/post.slug")]);
    let comments = rows(&here[0], "/comments/export").await;
    assert_eq!(
        (&comments[0]["post_id"], &comments[0]["body"]),
        (&json!(post), &json!("second"))
    );
}

#[actix_web::test]
async fn names_of_references_are_checked_or_looked_up() {
    let (_app, people) = server(&["ada", "bob"]).await;
    let [ada, bob] = &people[..] else { panic!() };
    let post = |members: Value| {
        let mut row = json!({ "title": "Hello", "content": "…" });
        row.as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        lines([row])
    };
    let import = async |query: &str, members: Value| {
        ada.import(format!("/posts/import{query}"), post(members))
            .await
    };
    let name = |id: i64, name: &str| json!({ "author_id": id, "author.username": name });

    import("", name(ada.id, "ADA")).await.expect_status(200);
    import("", json!({ "author.username": null }))
        .await
        .expect_status(200);
    import("?map=author.username", name(4711, " Ada "))
        .await
        .expect_status(200);
    let refused = [
        import("", name(ada.id, "bob")).await,
        import("", name(4711, "ada")).await,
        import("", json!({ "author.username": "ada" })).await,
        import("", json!({ "author_id": ada.id, "author.username": 7 })).await,
        import("?map=author.username", json!({ "author_id": ada.id })).await,
        import("?map=author.username", name(ada.id, "nobody")).await,
    ];
    for reply in refused {
        let reply = reply.expect_status(422);
        assert_eq!(errors(&reply), [(1, "/author.username")], "{}", reply.text);
    }
    // In the name of another, who is found, and for whom one may not write.
    import("?map=author.username", name(ada.id, "bob"))
        .await
        .expect_status(422);
    for path in [
        "/posts/import?map=author.bio",
        "/posts/import?map=",
        "/users/import?map=author.username",
    ] {
        ada.import(path, "")
            .await
            .expect_problem(400, "malformed_request")
            .expect_error_at("map");
    }

    assert_eq!(total(bob, "/posts?deleted=include").await, 0);
    assert_eq!(total(ada, "/posts").await, 3);
}

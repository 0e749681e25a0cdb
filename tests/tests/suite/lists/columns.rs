//! A caller can filter and sort by declared fields only, and by private ones only with the permission to read them.
use serde_json::Value;
use service::registry;
use tests::{Client, TestApp};

use super::filters::{BASE, DECLARED};

/// Returns every column of a resource.
fn columns(resource: &str) -> Vec<&'static str> {
    registry().table(resource).unwrap().columns.clone()
}

/// Returns a valid value of a column.
fn value(column: &str) -> &'static str {
    match column {
        _ if column.ends_with("_at") => "2026-01-01T00:00:00Z",
        _ if column.ends_with("id") || column == "version" => "1",
        _ if column.starts_with("is_") => "true",
        "status" => "draft",
        _ => "x",
    }
}

/// Returns every use of a column in the query of a list or of its stats: path, parameter and value.
fn questions(resource: &str, column: &str) -> Vec<(String, String, String)> {
    let (after, descending) = match column {
        "id" => ("id".to_owned(), "-id".to_owned()),
        _ => (format!("id,{column}"), format!("id,-{column}")),
    };
    let filters = [
        (column.to_owned(), value(column)),
        (format!("{column}[ne]"), value(column)),
        (format!("{column}[is_null]"), "true"),
    ];
    let in_list = [("sort", column), ("sort", &descending)];
    let in_stats = ["group_by", "min", "max"];
    let in_stats = in_stats.map(|parameter| [(parameter, column), (parameter, &after)]);
    let (list, stats) = (format!("/{resource}"), format!("/{resource}/stats"));
    let filters = filters
        .iter()
        .map(|(parameter, value)| (parameter.as_str(), *value));
    let of = |path: &String, parameter: &str, value: &str| {
        (path.clone(), parameter.to_owned(), value.to_owned())
    };
    let lists = filters.clone().chain(in_list);
    let lists = lists.map(|(parameter, value)| of(&list, parameter, value));
    let aggregates = filters.chain(in_stats.into_iter().flatten());
    let aggregates = aggregates.map(|(parameter, value)| of(&stats, parameter, value));
    lists.chain(aggregates).collect()
}

/// Returns the detail of a refusal without the name that was probably meant, which is never the refused one.
fn without_suggestion(refused: &Value, column: &str) -> String {
    let detail = refused["detail"].as_str().unwrap();
    let suggestion = detail
        .split_once("did you mean `")
        .and_then(|(before, rest)| {
            let (suggested, after) = rest.split_once("`? Expected")?;
            assert_ne!(suggested, column);
            Some(format!("{before}expected{after}"))
        });
    suggestion.unwrap_or_else(|| detail.to_owned())
}

/// Checks that a caller can ask about the declared columns of a resource, and about no others.
async fn check_columns(client: &Client, resource: &str, declared: &[&str]) {
    let long = &registry().table(resource).unwrap().long;
    let mut unknown = Vec::new();
    for (path, parameter, value) in questions(resource, "nothing") {
        let refused = client.get(format!("{path}?{parameter}={value}")).await;
        unknown.push(refused.body["errors"][0].clone());
    }
    for column in columns(resource) {
        for ((path, parameter, value), unknown) in questions(resource, column).iter().zip(&unknown)
        {
            let reply = client.get(format!("{path}?{parameter}={value}")).await;
            let orders = ["sort", "group_by", "min", "max"].contains(&parameter.as_str());
            if orders && declared.contains(&column) && long.contains(&column) {
                let refused = reply.expect_problem(400, "malformed_request");
                assert_eq!(refused.body["errors"][0]["code"], "not_allowed");
                continue;
            }
            if BASE.contains(&column) || declared.contains(&column) {
                // A boolean has no least and no greatest value.
                let is_unordered =
                    column.starts_with("is_") && ["min", "max"].contains(&parameter.as_str());
                reply.expect_status(if is_unordered { 400 } else { 200 });
                continue;
            }
            let reply = reply
                .expect_problem(400, "malformed_request")
                .expect_error_at(parameter);
            // A column that the caller may not read looks like one that does not exist.
            let refused = &reply.body["errors"][0];
            assert_eq!(refused["code"], unknown["code"]);
            let expected = without_suggestion(unknown, "nothing");
            assert_eq!(without_suggestion(refused, column), expected);
        }
    }
}

#[actix_web::test]
async fn any_caller_can_filter_and_sort_by_public_fields_only() {
    let app = TestApp::new().await;
    let member = app.member("member").await;

    for (resource, public, _) in DECLARED
        .into_iter()
        .filter(|(resource, ..)| *resource != "roles")
    {
        check_columns(&app.anonymous(), resource, public).await;
        check_columns(&member, resource, public).await;
    }
}

#[actix_web::test]
async fn a_superuser_can_filter_and_sort_by_private_fields() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for (resource, public, private) in DECLARED {
        check_columns(&root, resource, &[public, private].concat()).await;
    }
}

#[actix_web::test]
async fn a_user_with_the_permission_can_filter_and_sort_by_private_fields() {
    let app = TestApp::new().await;
    let (editor, root) = (app.editor("editor").await, app.superuser("root").await);

    for (resource, public, private) in DECLARED {
        if resource != "roles" {
            check_columns(&editor, resource, &[public, private].concat()).await;
        }
    }
    let found = editor.get("/users?email=root@example.org").await;
    assert_eq!(found.ids(), [root.id]);
}

#[actix_web::test]
async fn a_filter_on_a_relation_takes_the_fields_of_its_own_list() {
    let app = TestApp::new().await;
    let (nobody, editor) = (app.anonymous(), app.editor("editor").await);

    for (resource, relation, target) in [
        ("posts", "author", "users"),
        ("comments", "author", "users"),
        ("comments", "post", "posts"),
    ] {
        let (_, public, private) = DECLARED
            .into_iter()
            .find(|(name, ..)| *name == target)
            .unwrap();
        for column in columns(target) {
            let parameter = format!("{relation}.{column}");
            let path = format!("/{resource}?{parameter}={}", value(column));
            let is_public = BASE.contains(&column) || public.contains(&column);
            for (client, sees) in [
                (&nobody, is_public),
                (&editor, is_public || private.contains(&column)),
            ] {
                let reply = client.get(&path).await;

                if sees {
                    reply.expect_status(200)
                } else {
                    reply
                        .expect_problem(400, "malformed_request")
                        .expect_error_at(&parameter)
                };
            }
        }
    }
}

#[actix_web::test]
async fn a_user_cannot_filter_others_by_a_field_that_is_private_to_each() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    for query in [
        "email=ada@example.org",
        "sort=email",
        "is_superuser=true",
        "sort=username,-is_superuser",
    ] {
        let reply = ada.get(format!("/users?{query}")).await;

        reply.expect_problem(400, "malformed_request");
    }
    assert_eq!(ada.get("/auth/me").await.body["email"], "ada@example.org");
}

//! The filter `field=value` works for every declared field of every resource.
use serde_json::{Value, json};
use tests::{Client, TestApp};

/// The fields that lists can be filtered and sorted by, beside `id, created_at, updated_at, version`: public ones, then private ones.
pub const DECLARED: [(&str, &[&str], &[&str]); 4] = [
    (
        "users",
        &["username", "full_name", "bio", "is_active"],
        &["email", "is_superuser"],
    ),
    (
        "posts",
        &[
            "title",
            "slug",
            "summary",
            "status",
            "published_at",
            "author_id",
        ],
        &[],
    ),
    ("comments", &["post_id", "author_id", "body"], &[]),
    ("roles", &["name", "description", "is_system"], &[]),
];

pub const BASE: [&str; 4] = ["id", "created_at", "updated_at", "version"];

/// Creates rows of every resource, with equal and with different values.
pub async fn populate(app: &TestApp) -> Client {
    let root = app.superuser("root").await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let about = json!({ "full_name": "Ada", "bio": "Counts" });
    ada.patch("/auth/me", about).await.expect_status(200);
    let off = json!({ "is_active": false });
    for (author, status) in [
        (&ada, "published"),
        (&bob, "published"),
        (&ada, "archived"),
        (&bob, "draft"),
    ] {
        let post = json!({ "title": "Same", "content": "…", "status": status, "summary": status });
        author.post("/posts", post).await.expect_status(201);
    }
    let post = ada.publish("Other").await;
    ada.comment(post.id(), "first").await;
    bob.comment(post.id(), "second").await;
    bob.comment(post.id(), "first").await;
    ada.patch(post.url(), json!({ "summary": null, "title": "Another" }))
        .await
        .expect_status(200);
    let role = json!({ "name": "readers", "permissions": [] });
    root.post("/roles", role).await.expect_status(201);
    root.patch(format!("/users/{}", bob.id), off)
        .await
        .expect_status(200);
    root
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), |text| text.replace(' ', "+"))
}

#[actix_web::test]
async fn every_declared_field_filters() {
    let app = TestApp::new().await;
    let root = populate(&app).await;

    for (resource, public, private) in DECLARED {
        let rows = root.get(format!("/{resource}?limit=100&sort=id")).await;
        let rows = rows.body["data"].as_array().unwrap();
        for field in BASE.iter().chain(public).chain(private) {
            let values: Vec<_> = rows
                .iter()
                .map(|row| &row[field])
                .filter(|value| !value.is_null())
                .collect();
            assert!(!values.is_empty(), "no {resource} has a {field}");
            for value in values {
                let query = format!("/{resource}?limit=100&sort=id&{field}={}", text(value));
                let matching = root.get(query).await.expect_status(200);

                let expected: Vec<_> = rows.iter().filter(|row| row[field] == *value).collect();
                let found: Vec<_> = matching.body["data"].as_array().unwrap().iter().collect();
                assert_eq!(found, expected, "{resource} {field}={value}");
            }
        }
    }
}

#[actix_web::test]
async fn several_filters_are_combined_with_and() {
    let app = TestApp::new().await;
    let root = populate(&app).await;

    let both = root.get("/posts?title=Same&status=draft").await;
    let neither = root.get("/posts?title=Another&status=draft").await;

    assert_eq!(both.ids().len(), 1);
    assert!(neither.ids().is_empty());
}

#[actix_web::test]
async fn a_filter_compares_its_value_literally() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    ada.publish("100% _plain_ 'quoted' \\ ü").await;

    let exact = ada
        .get("/posts?title=100%25+_plain_+'quoted'+%5C+%C3%BC")
        .await;

    assert_eq!(exact.ids().len(), 1);
    for other in [
        "100%25",
        "%25",
        "100%25+_PLAIN_+'quoted'+%5C+%C3%BC",
        "'+OR+'1'='1",
        "",
    ] {
        let none = ada
            .get(format!("/posts?title={other}"))
            .await
            .expect_status(200);
        assert!(none.ids().is_empty(), "{other}");
    }
}

#[actix_web::test]
async fn a_time_matches_with_any_offset() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    let time = post.body["created_at"]
        .as_str()
        .unwrap()
        .strip_suffix('Z')
        .unwrap()
        .to_owned();

    let same = ada.get(format!("/posts?created_at={time}%2B00:00")).await;
    let other = ada.get(format!("/posts?created_at={time}%2B01:00")).await;

    assert_eq!(same.ids(), [post.id()]);
    assert!(other.ids().is_empty());
}

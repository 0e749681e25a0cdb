//! `/meta`: what front ends read about resources that nobody described for them.
use actix_web::http::Method;
use serde_json::{Value, json};

use crate::client::{Reply, start};

/// Returns the description of a resource.
fn resource<'a>(meta: &'a Value, name: &str) -> &'a Value {
    let mut resources = meta["resources"].as_array().unwrap().iter();
    resources.find(|it| it["name"] == name).unwrap()
}

/// Returns the description of a field.
fn field<'a>(resource: &'a Value, name: &str) -> &'a Value {
    let mut fields = resource["fields"].as_array().unwrap().iter();
    fields.find(|it| it["name"] == name).unwrap()
}

#[actix_web::test]
async fn a_resource_is_described_by_its_declaration() {
    let caller = start().await.with_token("7");

    let meta = caller.get("/meta").await.expect(200).json();

    assert_eq!(
        (&meta["name"], &meta["version"]),
        (&json!("Books"), &json!("1.0.0"))
    );
    let books = resource(&meta, "books");
    for (member, expected) in [
        ("path", json!("/api/v1/books")),
        ("title", json!("title")),
        ("owner", json!("owner_id")),
        ("soft_delete", json!(true)),
        ("versioned", json!(true)),
        ("default_sort", json!("-id")),
        ("search", json!([])),
        ("includes", json!([])),
        ("children", json!([])),
    ] {
        assert_eq!(books[member], expected, "{member}");
    }
    assert_eq!(
        *field(books, "title"),
        json!({
            "name": "title", "type": "text", "nullable": false, "readable": true, "create": "required", "update": true,
            "min_length": 1, "max_length": 100, "sort": true,
            "operators": ["eq", "ne", "lt", "lte", "gt", "gte", "in", "nin", "contains", "starts_with", "is_null"],
            "description": field(books, "title")["description"],
        })
    );
    let owner = field(books, "owner_id");
    assert_eq!(
        (&owner["create"], &owner["update"]),
        (&json!("no"), &json!(false))
    );
    let lent = field(books, "is_lent");
    assert_eq!(
        (&lent["type"], &lent["create"]),
        (&json!("boolean"), &json!("optional"))
    );
    assert_eq!(lent["default"], false);
    let names = books["fields"].as_array().unwrap().iter();
    assert_eq!(
        names
            .map(|it| it["name"].as_str().unwrap())
            .collect::<Vec<_>>(),
        [
            "id",
            "owner_id",
            "title",
            "is_lent",
            "created_at",
            "updated_at",
            "version",
            "deleted_at"
        ]
    );
}

#[actix_web::test]
async fn a_column_of_each_type_is_described() {
    let caller = start().await.with_token("7");

    let meta = caller.get("/meta").await.expect(200).json();

    let toys = resource(&meta, "toys");
    for (name, kind, nullable) in [
        ("shelf", "integer", false),
        ("serial", "integer", true),
        ("price", "decimal", false),
        ("weight", "number", false),
        ("is_sold", "boolean", false),
        ("name", "text", false),
        ("color", "enum", true),
        ("starts_at", "datetime", true),
        ("born_on", "date", true),
        ("opens_at", "time", true),
        ("code", "uuid", true),
        ("data", "json", false),
        ("picture", "binary", false),
        ("version", "integer", false),
        ("deleted_at", "datetime", true),
    ] {
        let field = field(toys, name);
        assert_eq!(field["type"], kind, "{name}");
        assert_eq!(field["nullable"], nullable, "{name}");
    }
    assert_eq!(field(toys, "serial")["format"], "int64");
    assert_eq!(field(toys, "price")["places"], 2);
    assert_eq!(
        field(toys, "color")["values"],
        json!(["red", "green", "blue"])
    );
    let stock = field(toys, "stock");
    assert_eq!(
        (&stock["minimum"], &stock["maximum"]),
        (&json!(0), &json!(1_000_000))
    );
    let discount = field(toys, "discount");
    assert_eq!(
        (&discount["minimum"], &discount["maximum"]),
        (&json!("0.000"), &json!("1.000"))
    );
    assert_eq!(field(toys, "notes")["operators"], json!(["is_null"]));
    assert_eq!(field(toys, "notes")["sort"], false);
    assert_eq!(field(toys, "data")["operators"], json!([]));
    assert_eq!(toys["title"], "name");
}

/// The caller may create, change, delete and restore books of their own, and do everything to toys.
#[actix_web::test]
async fn the_actions_are_those_of_the_caller() {
    let anyone = start().await;

    let meta = anyone.with_token("7").get("/meta").await.expect(200).json();
    let visitor = anyone.get("/meta").await.expect(200).json();

    assert_eq!(
        resource(&meta, "books")["actions"],
        json!({
            "list": "all", "get": "all", "create": "own", "update": "own", "delete": "own", "restore": "own",
            "purge": "none", "history": "none", "revert": "none", "import": "own", "export": "all", "stats": "all",
            "bulk": "own", "impact": "own", "deleted": "own",
        })
    );
    let toys = resource(&meta, "toys")["actions"].as_object().unwrap();
    assert!(toys.values().all(|level| level == "all"), "{toys:?}");
    let actions = &resource(&visitor, "books")["actions"];
    assert_eq!(
        (&actions["list"], &actions["create"]),
        (&json!("all"), &json!("none"))
    );
    let permissions = &meta["caller"]["permissions"];
    assert!(permissions.as_array().unwrap().contains(&json!("toys.*")));
    assert_eq!(meta["caller"]["id"], 7);
    assert_eq!(visitor["caller"], Value::Null);
}

#[actix_web::test]
async fn a_client_with_a_current_copy_gets_none() {
    let anyone = start().await;
    let first = anyone.get("/meta").await.expect(200);
    let tag = first.header("etag").to_owned();
    let again = async |tag: &str| -> Reply {
        let headers = [("if-none-match", tag)];
        anyone.send(Method::GET, "/meta", &headers, "").await
    };

    let current = again(&tag).await.expect(304);
    let other = again("\"0\"").await.expect(200);

    assert_eq!(current.text, "");
    assert_eq!(current.header("etag"), tag);
    assert_eq!(other.text, first.text);
    assert!(first.header("vary").contains("Authorization, Cookie"));
    let signed_in = anyone.with_token("7").get("/meta").await.expect(200);
    assert_ne!(signed_in.header("etag"), tag);
    assert_eq!(signed_in.header("cache-control"), "private, no-cache");
}

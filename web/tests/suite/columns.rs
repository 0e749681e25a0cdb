//! A resource with columns of each type, over HTTP: created, shown, filtered, aggregated, exported, imported and described.
use actix_web::http::Method;
use serde_json::{Value, json};
use web::prelude::*;

use crate::{client::start, documents::generate};

#[path = "../../../kernel/tests/kernel/columns/toys.rs"]
pub mod toys;

impl Resource for toys::ToyView {
    type Service = toys::Toys;

    fn show(toy: toys::entity::Model) -> Self {
        toy.into()
    }
}

/// Returns bodies with a value for each field, and with null where that is allowed.
fn bodies() -> [Value; 2] {
    let full = json!({
        "shelf": -32_768, "capacity": 2_147_483_647, "serial": "-9223372036854775808", "stock": 7,
        "price": "-12.30", "discount": "0.125", "weight": 0.1, "score": -1e300, "is_sold": true,
        "name": "=1", "rank": -1, "pieces": 0, "height": -0.1, "is_rare": false, "motto": "-1",
        "color": "red", "starts_at": "2026-01-31T09:30:00.000001Z",
        "born_on": "0000-02-29", "opens_at": "23:59:59.999999",
        "code": "0190163d-8694-739b-aea5-966c26f8ad91", "data": { "a": [1, null, "x"] }, "notes": "5",
        "picture": "+P8=", "scan": "aGk=",
    });
    let sparse = json!({
        "shelf": 0, "capacity": 0, "serial": null, "stock": 0, "price": "0.05", "discount": null,
        "weight": -2.5, "score": null, "is_sold": false, "name": "", "rank": null,
        "pieces": null, "height": null, "is_rare": null, "motto": null, "color": null, "starts_at": null,
        "born_on": null, "opens_at": null, "code": null, "data": -5, "notes": null, "picture": "",
        "scan": null,
    });
    [full, sparse]
}

/// Panics unless the row has these values.
#[track_caller]
fn expect_values(row: &Value, body: &Value) {
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(row[name], *value, "{name}");
    }
}

#[actix_web::test]
async fn values_of_each_type_are_created_filtered_and_aggregated() {
    let caller = start().await.with_token("7");
    for body in bodies() {
        let created = caller.post("/toys", body.clone()).await.expect(201);
        expect_values(&created.json(), &body);
    }

    for (filter, count) in [
        ("serial=-9223372036854775808", 1),
        ("price=-12.3", 1),
        ("price%5Bgt%5D=-12.3", 1),
        ("weight=0.1", 1),
        ("color%5Bne%5D=red", 1),
        ("code=0190163d-8694-739b-aea5-966c26f8ad91", 1),
        ("opens_at%5Blt%5D=23:59:59.999999", 0),
        ("notes%5Bis_null%5D=true", 1),
        ("scan%5Bis_null%5D=false", 1),
    ] {
        let found = caller.get(&format!("/toys?{filter}")).await.expect(200);
        assert_eq!(
            found.json()["data"].as_array().unwrap().len(),
            count,
            "{filter}"
        );
    }
    caller.get("/toys?color=pink").await.expect(400);
    let mut nul = bodies()[1].clone();
    nul["data"] = json!({ "a": [{ "\u{0}": 1 }] });
    caller.post("/toys", nul).await.expect(422);
    caller.get("/toys?notes=5").await.expect(400);

    let stats = caller
        .get("/toys/stats?sum=price,serial,shelf&max=price,weight")
        .await;
    let stats = stats.expect(200).json()["data"][0].clone();
    let sum = json!({ "price": "-12.25", "serial": "-9223372036854775808", "shelf": "-32768" });
    assert_eq!(stats["sum"], sum);
    assert_eq!(stats["max"], json!({ "price": "0.05", "weight": 0.1 }));
}

#[actix_web::test]
async fn the_limits_of_the_declaration_come_before_the_row() {
    let caller = start().await.with_token("7");

    let answer = caller
        .send(Method::PATCH, "/toys/999", &[], r#"{"color":"pink"}"#)
        .await;

    let refused = &answer.expect(422).json()["errors"][0];
    assert_eq!(refused["code"], "not_allowed");
    assert_eq!(refused["detail"], "must be one of red, green, blue");
}

#[actix_web::test]
async fn an_export_of_each_type_can_be_imported() {
    let caller = start().await.with_token("7");
    for body in bodies() {
        caller.post("/toys", body).await.expect(201);
    }

    for (format, kind) in [("ndjson", "application/x-ndjson"), ("csv", "text/csv")] {
        let export = caller
            .get(&format!("/toys/export?sort=id&format={format}"))
            .await;
        let export = export.expect(200).text;
        let headers = [("content-type", kind)];
        let import = caller
            .send(Method::POST, "/toys/import", &headers, &export)
            .await;
        import.expect(200);
    }

    let rows = caller.get("/toys?sort=id").await.expect(200).json();
    let rows = rows["data"].as_array().unwrap();
    assert_eq!(rows.len(), 8);
    for (row, body) in rows.iter().zip(bodies().iter().cycle()) {
        expect_values(row, body);
    }
}

#[actix_web::test]
async fn an_export_marks_texts_like_formulas_and_no_negative_numbers() {
    let caller = start().await.with_token("7");
    caller.post("/toys", bodies()[0].clone()).await.expect(201);

    let fields = "fields=serial,price,height,name,motto";
    let export = caller
        .get(&format!("/toys/export?format=csv&{fields}"))
        .await;

    let export = export.expect(200).text;
    let mut lines = export
        .lines()
        .map(|line| line.split(',').collect::<Vec<_>>());
    let (names, cells) = (lines.next().unwrap(), lines.next().unwrap());
    for (name, expected) in [
        ("serial", "-9223372036854775808"),
        ("price", "-12.30"),
        ("height", "-0.1"),
        ("name", "'=1"),
        ("motto", "'-1"),
    ] {
        let place = names.iter().position(|known| *known == name).unwrap();
        assert_eq!(cells[place], expected, "{name}");
    }
}

#[actix_web::test]
async fn a_number_outside_its_range_is_refused() {
    let caller = start().await.with_token("7");
    let [body, _] = bodies();

    for (field, value) in [
        ("stock", json!(-1)),
        ("stock", json!(1_000_001)),
        ("discount", json!("1.001")),
        ("serial", json!(9_007_199_254_740_992_i64)),
        ("height", json!(1e39)),
        ("rank", json!(32_768)),
        ("price", json!(12.3)),
    ] {
        let mut body = body.clone();
        body[field] = value;
        let refused = caller.post("/toys", body).await.expect(422).json();
        assert_eq!(
            refused["errors"][0]["pointer"],
            format!("/{field}"),
            "{refused}"
        );
        if field == "price" {
            let detail = r#"must be a string, such as "12.30""#;
            assert_eq!(refused["errors"][0]["detail"], detail);
        }
    }
}

/// A generator may send a default, so a patch has none.
#[test]
fn the_document_states_the_defaults_of_optional_members() {
    let document = generate();
    let schemas = &document["components"]["schemas"];
    let default = |name: &str, field: &str| schemas[name]["properties"][field].get("default");

    assert_eq!(default("NewToy", "shelf"), Some(&json!(0)));
    assert_eq!(default("NewToy", "is_sold"), Some(&json!(false)));
    assert_eq!(default("NewToy", "price"), Some(&json!("0.00")));
    assert_eq!(default("NewToy", "rank"), None, "null is no default");
    assert_eq!(default("NewBook", "title"), None, "it is required");
    assert_eq!(default("ToyPatch", "shelf"), None);
    let examples = &schemas["NewToy"]["properties"]["price"]["examples"];
    assert_eq!(*examples, json!(["12.30"]));
}

#[test]
fn the_document_states_declared_ranges() {
    let document = generate();
    let schemas = &document["components"]["schemas"];

    for name in ["NewToy", "ToyPatch", "Toy"] {
        let stock = &schemas[name]["properties"]["stock"];
        let bounds = (&stock["minimum"], &stock["maximum"]);
        assert_eq!(bounds, (&json!(0), &json!(1_000_000)), "{name}");
        let discount = &schemas[name]["properties"]["discount"];
        assert_eq!(
            discount["description"], r#"From "0.000" to "1.000"."#,
            "{name}"
        );
    }
    // Generators of clients have no type for a maximum; the server refuses larger ids nevertheless.
    let id = &schemas["Id"];
    assert_eq!((&id["minimum"], &id["maximum"]), (&json!(1), &Value::Null));
}

#[test]
fn the_document_says_how_values_are_written() {
    let document = generate();
    let schemas = &document["components"]["schemas"];
    let properties = |name: &str| &schemas[name]["properties"];
    for (schema, field, expected) in [
        ("NewToy", "serial", json!(["string", "integer", "null"])),
        ("NewToy", "price", json!("string")),
        ("ToyPatch", "price", json!("string")),
        ("ToyPatch", "discount", json!(["string", "null"])),
        ("Toy", "serial", json!(["string", "null"])),
        ("Toy", "code", json!(["string", "null"])),
    ] {
        assert_eq!(
            properties(schema)[field]["type"],
            expected,
            "{schema}.{field}"
        );
    }
    for schema in ["NewToy", "ToyPatch", "Toy"] {
        let color = &properties(schema)["color"]["enum"];
        assert_eq!(*color, json!(["red", "green", "blue", null]), "{schema}");
    }
    let parameters = &document["paths"]["/api/v1/toys"]["get"]["parameters"];
    let filter = |name: &str| {
        let mut parameters = parameters.as_array().unwrap().iter();
        let found = parameters.find(|parameter| parameter["name"] == name);
        found.map(|parameter| parameter["schema"].clone())
    };
    assert!(filter("price").unwrap()["anyOf"].is_array());
    let of_color = &schemas["ToyColorFilter"];
    assert_eq!(
        filter("color").unwrap()["$ref"],
        "#/components/schemas/ToyColorFilter"
    );
    assert_eq!(
        of_color["anyOf"][0]["enum"],
        json!(["red", "green", "blue"])
    );
    assert_eq!(
        filter("notes").unwrap()["properties"],
        json!({ "is_null": { "type": "boolean" } })
    );
    assert_eq!(filter("data"), None);
}

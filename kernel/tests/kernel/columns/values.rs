//! A value of each type that is written as JSON is read as the same JSON, from the row and from its history.
use kernel::{
    Actor, CrudOperations, ReadOperations,
    audit::{self, Audit},
    input,
    query::{ListQuery, StatsQuery},
};
use schemars::schema_for;
use serde_json::{Map, Value, json};

use super::{
    TOYSHOP,
    toys::{NewToy, ToyPatch, ToyView, Toys, entity::Model},
    write,
};
use crate::databases::on_each;

/// Returns a value for each field.
fn first() -> Value {
    json!({
        "shelf": -32_768, "capacity": 2_147_483_647, "serial": "-9223372036854775808", "stock": 7,
        "price": "12.30", "discount": "0.125", "weight": 0.1, "score": -1e300, "is_sold": true,
        "name": "Zoë", "rank": -1, "pieces": 0, "height": -0.1, "is_rare": false, "motto": "",
        "color": "red", "starts_at": "2026-01-31T09:30:00.000001Z",
        "born_on": "0000-02-29", "opens_at": "23:59:59.999999",
        "code": "0190163d-8694-739b-aea5-966c26f8ad91", "data": { "a": [1, null, "x"] }, "notes": "text",
        "picture": "AP8=", "scan": "aGk=",
    })
}

/// Returns another value for each field, and null where that is allowed.
fn second() -> Value {
    json!({
        "shelf": 1, "capacity": -1, "serial": null, "stock": 8, "price": "-0.05", "discount": null,
        "weight": -2.5, "score": null, "is_sold": false, "name": "", "rank": null,
        "pieces": null, "height": null, "is_rare": null, "motto": null, "color": null, "starts_at": null,
        "born_on": null, "opens_at": null, "code": null, "data": [true], "notes": null, "picture": "",
        "scan": null,
    })
}

fn shown(row: Model) -> Value {
    serde_json::to_value(ToyView::from(row)).unwrap()
}

#[tokio::test]
async fn what_goes_in_comes_out_and_is_recorded_and_reverted() {
    on_each(TOYSHOP, async |kernel| {
        let new: NewToy = serde_json::from_value(first()).unwrap();
        let toy = write(&kernel, async |tx| Toys::create(tx, &new).await)
            .await
            .unwrap();
        assert_eq!(shown(toy.row), first());

        let patch: ToyPatch = serde_json::from_value(second()).unwrap();
        let update = async |tx: &_| Toys::update(tx, toy.id, &patch).await;
        write(&kernel, update).await.unwrap();
        let session = kernel.session(Actor::System);
        let read = Toys::visible_row(&session, toy.id).await.unwrap();
        assert_eq!(shown(read.row), second());

        let reverted = write(&kernel, async |tx| Toys::revert(tx, toy.id, 1).await).await;
        assert_eq!(shown(reverted.unwrap().row), first());

        let mut all = ListQuery::<Audit>::default();
        let history = audit::history::<Toys>(&session, toy.id, &mut all)
            .await
            .unwrap();
        let changes = |place: usize, side: &str| -> Value {
            let changes = history.rows[place].row.changes.clone().unwrap();
            let side = changes
                .into_iter()
                .map(|(name, change)| (name, change[side].clone()));
            side.collect::<Map<_, _>>().into()
        };
        assert_eq!((changes(1, "from"), changes(1, "to")), (first(), second()));
        assert_eq!((changes(0, "from"), changes(0, "to")), (second(), first()));
    })
    .await;
}

#[tokio::test]
async fn a_row_is_reverted_to_the_version_before_its_heavy_value_was_set() {
    on_each(TOYSHOP, async |kernel| {
        let new: NewToy = serde_json::from_value(second()).unwrap();
        let toy = write(&kernel, async |tx| Toys::create(tx, &new).await);
        let toy = toy.await.unwrap();
        let patch: ToyPatch = serde_json::from_value(json!({ "scan": "aGk=" })).unwrap();
        let update = async |tx: &_| Toys::update(tx, toy.id, &patch).await;
        let updated = write(&kernel, update).await.unwrap();
        assert_eq!(updated.row.scan.as_deref(), Some(&b"hi"[..]));

        let reverted = write(&kernel, async |tx| Toys::revert(tx, toy.id, 1).await).await;

        assert_eq!(shown(reverted.unwrap().row), second());
    })
    .await;
}

#[tokio::test]
async fn a_list_may_leave_out_columns_of_each_type() {
    on_each(TOYSHOP, async |kernel| {
        let new: NewToy = serde_json::from_value(first()).unwrap();
        write(&kernel, async |tx| Toys::create(tx, &new).await)
            .await
            .unwrap();
        let session = kernel.session(Actor::System);

        let one = |fields| [("fields", fields), ("limit", "1")];
        for (fields, picture, scan) in [("name", 2, 0), ("scan", 2, 2), ("picture,scan", 2, 2)] {
            let query = ListQuery::parse(one(fields), kernel.registry()).unwrap();
            let page = Toys::list(&session, &query).await.unwrap();
            let row = &page.rows[0].row;
            assert_eq!(row.picture.len(), picture, "{fields}");
            assert_eq!(row.scan.as_ref().map_or(0, Vec::len), scan, "{fields}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_sum_may_be_larger_than_its_column() {
    let toy = |serial, price| NewToy {
        serial: Some(serial),
        price,
        ..NewToy::default()
    };
    let most = 999_999_999_999_999_999;
    let new: Vec<_> = [(i64::MAX, most), (i64::MAX, most), (-1, -1)]
        .into_iter()
        .cycle()
        .take(33)
        .map(|(serial, price)| toy(serial, price))
        .collect();
    on_each(TOYSHOP, async |kernel| {
        write(&kernel, async |tx| Toys::create_all(tx, &new).await)
            .await
            .unwrap();

        let query = StatsQuery::<Toys>::parse([("sum", "serial,price")]).unwrap();
        let session = kernel.session(Actor::System);
        let stats = Toys::stats(&session, &query).await.unwrap();
        let sums: Vec<_> = stats.groups[0]
            .sum
            .iter()
            .map(|(_, sum)| format!("{sum:?}"))
            .collect();
        let expected = [
            "Text(\"202914184810805067743\")",
            "Text(\"219999999999999999.67\")",
        ];
        assert_eq!(sums, expected);
    })
    .await;
}

#[test]
fn large_integers_are_read_as_strings_and_small_ones_as_numbers_too() {
    let read = |serial: Value| serde_json::from_value::<NewToy>(json!({ "serial": serial }));
    let serial = |value| read(value).unwrap().serial;

    assert_eq!(serial(json!("9223372036854775807")), Some(i64::MAX));
    assert_eq!(
        serial(json!(9_007_199_254_740_991_i64)),
        Some((1 << 53) - 1)
    );
    assert_eq!(serial(Value::Null), None);
    for value in [
        json!(9_007_199_254_740_992_i64),
        json!(1.5),
        json!("9223372036854775808"),
        json!("x"),
    ] {
        assert!(read(value.clone()).is_err(), "{value}");
    }
}

#[test]
fn other_forms_are_refused() {
    for (field, value) in [
        ("price", json!(1.5)),
        ("price", json!("1.005")),
        ("picture", json!("AP8")),
        ("picture", json!("AP9=")),
        ("picture", Value::Null),
        ("born_on", json!("2026-1-31")),
        ("born_on", json!("2026-02-29")),
        ("born_on", json!("-999-01-01")),
        ("opens_at", json!("24:00:00")),
        ("opens_at", json!("9:30:00")),
        ("opens_at", json!("09:30")),
        ("opens_at", json!("09:30:00.")),
        ("opens_at", json!("23:59:60")),
        ("starts_at", json!("2026-01-31")),
        ("code", json!("0190163d8694739baea5966c26f8ad91")),
    ] {
        let body = json!({ field: value });
        assert!(
            serde_json::from_value::<NewToy>(body.clone()).is_err(),
            "{body}"
        );
        assert!(
            serde_json::from_value::<ToyPatch>(body.clone()).is_err(),
            "{body}"
        );
    }
}

#[test]
fn schemas_say_how_values_are_written() {
    let input = schema_for!(NewToy).to_value();
    let answer = schemars::generate::SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<ToyView>()
        .to_value();

    for (schema, field, expected) in [
        (&input, "serial", json!(["string", "integer", "null"])),
        (&answer, "serial", json!(["string", "null"])),
        (&answer, "price", json!("string")),
        (&answer, "color", json!(["string", "null"])),
        (&answer, "code", json!(["string", "null"])),
    ] {
        assert_eq!(schema["properties"][field]["type"], expected, "{field}");
    }
    let wrong = input::check(&NewToy::default());
    assert!(wrong.is_ok());
}

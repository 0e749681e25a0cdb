//! A resource with columns of every type has correct pages, filters and stats, or the server refuses to start.
mod limits;
mod times;
mod toys;
mod unsupported;
mod values;

use kernel::{
    Actor, CrudOperations, Error, Kernel, ReadOperations, Refusal,
    crud::Datum,
    migration::{self, Migrator},
    query::{ListQuery, StatsQuery},
    registry::Table,
    resource::{RowPage, declared_fields},
};

use sea_orm::prelude::Uuid;
use serde_json::json;

use crate::databases::{Application, on_each};
use toys::{CreateToys, NewToy, Toys, entity::Model};

const TOYSHOP: Application = Application {
    migrator: Migrator::new(|| migration::with(vec![Box::new(CreateToys)])),
    tables: || vec![Table::new::<Toys>()],
};

/// Creates six rows: each column has equal, extreme and null values.
async fn create_six(kernel: &Kernel) -> Vec<Model> {
    let toy = |number: usize| NewToy {
        shelf: [-3, i16::MIN, i16::MAX, 0, 0, 7][number],
        capacity: [5, 5, i32::MIN, i32::MAX, 0, 10][number],
        serial: [Some(i64::MAX), None, Some(-1), Some(0), None, Some(0)][number],
        weight: [0.1, 0.2, -0.1, 1e30, 0.1, f32::MIN][number],
        stock: [0, 5, 5, 1_000_000, 1, 0][number],
        price: [
            1,
            -999_999_999_999_999_999,
            999_999_999_999_999_999,
            1_000,
            999,
            0,
        ][number],
        discount: [Some(500), None, Some(0), Some(1_000), None, Some(50)][number],
        score: [
            Some(0.1),
            None,
            Some(0.1 + 0.2),
            Some(0.3),
            Some(-1e300),
            None,
        ][number],
        is_sold: number.is_multiple_of(2),
        name: ["b", "a", "", "Zoë", "a\nb", "a"][number].to_owned(),
        rank: [Some(1), None, Some(i16::MIN), Some(1), None, Some(0)][number],
        pieces: [None, Some(i32::MAX), Some(0), None, Some(-1), Some(0)][number],
        height: [Some(0.1), Some(0.2), None, Some(-0.1), None, Some(0.1)][number],
        is_rare: [None, Some(true), Some(false), None, Some(true), Some(false)][number],
        motto: [Some("b"), None, Some(""), Some("B"), None, Some("b")][number].map(str::to_owned),
        starts_at: [
            Some("2026-05-01T20:00:00.000001Z"),
            None,
            Some("2026-05-01T20:00:00Z"),
            Some("2026-05-01T20:00:00.1Z"),
            Some("0000-01-01T00:00:00Z"),
            Some("9999-12-31T23:59:59.999999Z"),
        ][number]
            .map(|time| time.parse().unwrap()),
        born_on: [
            Some("2026-05-01"),
            Some("0000-01-01"),
            None,
            Some("9999-12-31"),
            Some("2026-05-01"),
            Some("1969-12-31"),
        ][number]
            .map(|date| date.parse().unwrap()),
        opens_at: [
            Some("09:30:00"),
            Some("09:30:00.000001"),
            Some("00:00:00"),
            None,
            Some("23:59:59.999999"),
            Some("09:30:00.1"),
        ][number]
            .map(|time| time.parse().unwrap()),
        color: [
            Some("red"),
            None,
            Some("blue"),
            Some("red"),
            Some("green"),
            None,
        ][number]
            .map(str::to_owned),
        code: [
            Some(u128::MAX),
            Some(1),
            None,
            Some(1 << 64),
            Some(255),
            Some(256),
        ][number]
            .map(Uuid::from_u128),
        notes: [
            Some(json!({ "a": [1, "x"] })),
            None,
            Some(json!("5")),
            None,
            Some(json!(-5)),
            None,
        ][number]
            .clone(),
        ..NewToy::default()
    };
    let new: Vec<_> = (0..6).map(toy).collect();
    let made = write(kernel, async |tx| Toys::create_all(tx, &new).await);
    let made: Result<_, _> = made.await.unwrap().into_iter().collect();
    made.unwrap()
}

async fn page(kernel: &Kernel, pairs: &[(&str, &str)]) -> RowPage<Model> {
    let query = ListQuery::<Toys>::parse(pairs.iter().copied(), kernel.registry()).unwrap();
    Toys::list(&kernel.session(Actor::System), &query)
        .await
        .unwrap()
}

fn ids(page: &RowPage<Model>) -> Vec<i64> {
    page.rows.iter().map(|found| found.id).collect()
}

/// Returns the fields that rows may be sorted and grouped by.
fn names() -> Vec<String> {
    let fields = declared_fields::<Toys>().into_iter();
    let sortable = fields.filter(|field| field.is_sortable);
    sortable.map(|field| field.name).collect()
}

/// Runs a write as the operator.
async fn write<T>(
    kernel: &Kernel,
    work: impl AsyncFn(&kernel::Tx) -> Result<T, Error>,
) -> Result<T, Error> {
    kernel.session(Actor::System).write(work).await
}

/// Returns the refusals of an input or a query.
fn refused<T>(result: Result<T, Error>) -> Vec<Refusal> {
    match result {
        Err(Error::Invalid(refusals) | Error::Query(refusals)) => refusals,
        _ => panic!("it was not refused"),
    }
}

#[tokio::test]
async fn every_row_is_on_one_page_whatever_the_column_it_is_sorted_by() {
    on_each(TOYSHOP, async |kernel| {
        let toys = create_six(&kernel).await;

        for name in names() {
            let mut sorts = vec![name.clone(), format!("-{name}")];
            if name != "id" {
                sorts.push(format!("{name},-id"));
            }
            for sort in sorts {
                let whole = ids(&page(&kernel, &[("sort", &sort)]).await);
                assert_eq!(whole.len(), toys.len(), "{sort}");
                for limit in ["1", "4"] {
                    let (mut there, mut back) = (Vec::new(), Vec::new());
                    let mut at = page(&kernel, &[("sort", &sort), ("limit", limit)]).await;
                    loop {
                        there.extend(ids(&at));
                        let Some(next) = &at.next else { break };
                        assert!(there.len() < 20, "{sort}: the walk does not end");
                        at = page(
                            &kernel,
                            &[("sort", &sort), ("limit", limit), ("cursor", next)],
                        )
                        .await;
                    }
                    loop {
                        back.splice(0..0, ids(&at));
                        let Some(prev) = &at.prev else { break };
                        assert!(back.len() < 20, "{sort}: the walk does not end");
                        at = page(
                            &kernel,
                            &[("sort", &sort), ("limit", limit), ("cursor", prev)],
                        )
                        .await;
                    }
                    assert_eq!((there, back), (whole.clone(), whole.clone()), "{sort}");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn rows_are_in_the_order_of_their_values() {
    on_each(TOYSHOP, async |kernel| {
        let toys = create_six(&kernel).await;

        for (sort, expected) in [
            ("shelf", [1, 0, 3, 4, 5, 2]),
            ("capacity", [2, 4, 0, 1, 5, 3]),
            ("-serial", [0, 5, 3, 2, 4, 1]),
            ("weight", [5, 2, 0, 4, 1, 3]),
            ("price", [1, 5, 0, 4, 3, 2]),
            ("-discount,-id", [3, 0, 5, 2, 4, 1]),
            ("score", [4, 0, 3, 2, 1, 5]),
            ("-stock,-id", [3, 2, 1, 4, 5, 0]),
            ("color,id", [2, 4, 0, 3, 1, 5]),
            ("rank,id", [2, 5, 0, 3, 1, 4]),
            ("-pieces,id", [1, 2, 5, 4, 0, 3]),
            ("height,id", [3, 0, 5, 1, 2, 4]),
            ("-is_rare,id", [1, 4, 2, 5, 0, 3]),
            ("motto,id", [2, 3, 0, 5, 1, 4]),
            ("code", [1, 4, 5, 3, 0, 2]),
            ("is_sold,id", [1, 3, 5, 0, 2, 4]),
            ("starts_at", [4, 2, 0, 3, 5, 1]),
            ("-born_on", [3, 4, 0, 5, 1, 2]),
            ("opens_at", [2, 0, 1, 5, 4, 3]),
        ] {
            let expected = expected.map(|place: usize| toys[place].id);
            assert_eq!(
                ids(&page(&kernel, &[("sort", sort)]).await),
                expected,
                "{sort}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_filter_finds_the_value_that_is_stored() {
    on_each(TOYSHOP, async |kernel| {
        let toys = create_six(&kernel).await;

        for (filter, value, expected) in [
            ("shelf", "32767", &[2][..]),
            ("shelf[lt]", "40000", &[0, 1, 2, 3, 4, 5]),
            ("capacity[in]", "5,-2147483648,99999999999", &[0, 1, 2]),
            ("serial[lte]", "0", &[2, 3, 5]),
            ("serial[ne]", "0", &[0, 1, 2, 4]),
            ("weight", "0.1", &[0, 4]),
            ("weight[gt]", "0.1", &[1, 3]),
            ("rank[ne]", "1", &[1, 2, 4, 5]),
            ("height[lte]", "0.1", &[0, 3, 5]),
            ("is_rare[in]", "false", &[2, 5]),
            ("motto[starts_with]", "b", &[0, 3, 5]),
            ("score", "0.1", &[0]),
            ("score[nin]", "0.1,0.3", &[1, 2, 4, 5]),
            ("price", "0.01", &[0]),
            ("price[gt]", "9.99", &[2, 3]),
            (
                "price[in]",
                "-9999999999999999.99,9999999999999999.99,0",
                &[1, 2, 5],
            ),
            ("discount[lte]", "0.05", &[2, 5]),
            ("color[ne]", "red", &[1, 2, 4, 5]),
            ("color[in]", "green,blue", &[2, 4]),
            ("code", "00000000-0000-0001-0000-000000000000", &[3]),
            ("code[lt]", "00000000-0000-0000-0000-000000000100", &[1, 4]),
            ("notes[is_null]", "true", &[1, 3, 5]),
            ("scan[is_null]", "false", &[]),
            ("is_sold", "true", &[0, 2, 4]),
            ("starts_at", "2026-05-01T22:00:00.0000019+02:00", &[0]),
            ("starts_at[gte]", "2026-05-02", &[5]),
            ("starts_at[lt]", "2026-05-01", &[4]),
            ("born_on", "2026-05-01", &[0, 4]),
            ("born_on[is_null]", "true", &[2]),
            ("opens_at[gt]", "09:30:00", &[1, 4, 5]),
            ("opens_at[in]", "00:00:00,09:30:00.100000", &[2, 5]),
        ] {
            let expected: Vec<_> = expected
                .iter()
                .map(|place: &usize| toys[*place].id)
                .collect();
            let found = page(&kernel, &[(filter, value), ("sort", "id")]).await;
            assert_eq!(ids(&found), expected, "{filter}={value}");
        }
    })
    .await;
}

#[tokio::test]
async fn stats_return_the_least_and_the_greatest_value() {
    on_each(TOYSHOP, async |kernel| {
        create_six(&kernel).await;

        for (name, min, max) in [
            ("shelf", "Integer(-32768)", "Integer(32767)"),
            ("capacity", "Integer(-2147483648)", "Integer(2147483647)"),
            ("serial", "Text(\"-1\")", "Text(\"9223372036854775807\")"),
            ("stock", "Integer(0)", "Integer(1000000)"),
            (
                "price",
                "Text(\"-9999999999999999.99\")",
                "Text(\"9999999999999999.99\")",
            ),
            ("discount", "Text(\"0.000\")", "Text(\"1.000\")"),
            ("color", "Text(\"blue\")", "Text(\"red\")"),
            ("score", "Number(-1e300)", "Number(0.30000000000000004)"),
            ("born_on", "Text(\"0000-01-01\")", "Text(\"9999-12-31\")"),
            (
                "opens_at",
                "Text(\"00:00:00\")",
                "Text(\"23:59:59.999999\")",
            ),
        ] {
            let query = StatsQuery::<Toys>::parse([("min", name), ("max", name)]).unwrap();
            let stats = Toys::stats(&kernel.session(Actor::System), &query)
                .await
                .unwrap();
            let shown = |values: &[(&str, Datum)]| format!("{:?}", values[0].1);
            let group = &stats.groups[0];
            assert_eq!(
                (shown(&group.min).as_str(), shown(&group.max).as_str()),
                (min, max),
                "{name}"
            );
        }
        for (name, sum) in [
            ("shelf", "3"),
            ("capacity", "19"),
            ("serial", "9223372036854775806"),
            ("price", "20.00"),
            ("discount", "1.550"),
        ] {
            let query = StatsQuery::<Toys>::parse([("sum", name)]).unwrap();
            let stats = Toys::stats(&kernel.session(Actor::System), &query)
                .await
                .unwrap();
            let shown = format!("{:?}", stats.groups[0].sum[0].1);
            assert_eq!(shown, format!("Text({sum:?})"), "{name}");
        }
        for name in names() {
            let query = StatsQuery::<Toys>::parse([("group_by", name.as_str())]).unwrap();
            let stats = Toys::stats(&kernel.session(Actor::System), &query)
                .await
                .unwrap();
            let counts = stats.groups.iter().filter_map(|group| group.count);
            assert_eq!(counts.sum::<i64>(), 6, "{name}");
        }
    })
    .await;
}

//! A resource with columns of every type has correct pages, filters and stats, or the server refuses to start.
mod generated;
mod times;
mod toys;
mod unsupported;

use service::{
    Crud, Readable,
    crud::{Datum, Page},
    query::{ListQuery, StatsQuery, declared_fields},
    registry,
};
use tests::Service;

use toys::{Model, NewToy, Toys};

/// Creates six rows: each column has equal, extreme and null values.
async fn create_six(service: &Service) -> Vec<Model> {
    let toy = |number: usize| NewToy {
        shelf: [-3, i16::MIN, i16::MAX, 0, 0, 7][number],
        capacity: [5, 5, i32::MIN, i32::MAX, 0, 10][number],
        serial: [Some(i64::MAX), None, Some(-1), Some(0), None, Some(0)][number],
        weight: [0.1, 0.2, -0.1, 1e30, 0.1, f32::MIN][number],
        price: [
            Some(0.1),
            None,
            Some(0.1 + 0.2),
            Some(0.3),
            Some(-1e300),
            None,
        ][number],
        is_sold: number.is_multiple_of(2),
        name: ["b", "a", "", "Zoë", "a\nb", "a"][number].to_owned(),
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
    };
    let new: Vec<_> = (0..6).map(toy).collect();
    let made = service.write(async |tx| Toys::create_all(tx, &new).await);
    let made: Result<_, _> = made.await.unwrap().into_iter().collect();
    made.unwrap()
}

async fn page(service: &Service, pairs: &[(&str, &str)]) -> Page<Model> {
    let query = ListQuery::<Toys>::parse(pairs.iter().copied(), registry()).unwrap();
    Toys::list(&service.session(), &query).await.unwrap()
}

fn ids(page: &Page<Model>) -> Vec<i64> {
    page.rows.iter().map(|found| found.id).collect()
}

fn names() -> Vec<String> {
    let fields = declared_fields::<Toys>().into_iter();
    fields.map(|field| field.name).collect()
}

#[actix_web::test]
async fn every_row_is_on_one_page_whatever_the_column_it_is_sorted_by() {
    let service = toys::service().await;
    let toys = create_six(&service).await;

    for name in names() {
        let mut sorts = vec![name.clone(), format!("-{name}")];
        if name != "id" {
            sorts.push(format!("{name},-id"));
        }
        for sort in sorts {
            let whole = ids(&page(&service, &[("sort", &sort)]).await);
            assert_eq!(whole.len(), toys.len(), "{sort}");
            for limit in ["1", "4"] {
                let (mut there, mut back) = (Vec::new(), Vec::new());
                let mut at = page(&service, &[("sort", &sort), ("limit", limit)]).await;
                loop {
                    there.extend(ids(&at));
                    let Some(next) = &at.next else { break };
                    assert!(there.len() < 20, "{sort}: the walk does not end");
                    at = page(
                        &service,
                        &[("sort", &sort), ("limit", limit), ("cursor", next)],
                    )
                    .await;
                }
                loop {
                    back.splice(0..0, ids(&at));
                    let Some(prev) = &at.prev else { break };
                    assert!(back.len() < 20, "{sort}: the walk does not end");
                    at = page(
                        &service,
                        &[("sort", &sort), ("limit", limit), ("cursor", prev)],
                    )
                    .await;
                }
                assert_eq!((there, back), (whole.clone(), whole.clone()), "{sort}");
            }
        }
    }
}

#[actix_web::test]
async fn rows_are_in_the_order_of_their_values() {
    let service = toys::service().await;
    let toys = create_six(&service).await;

    for (sort, expected) in [
        ("shelf", [1, 0, 3, 4, 5, 2]),
        ("capacity", [2, 4, 0, 1, 5, 3]),
        ("-serial", [0, 5, 3, 2, 4, 1]),
        ("weight", [5, 2, 0, 4, 1, 3]),
        ("price", [4, 0, 3, 2, 1, 5]),
        ("is_sold,id", [1, 3, 5, 0, 2, 4]),
        ("starts_at", [4, 2, 0, 3, 5, 1]),
        ("-born_on", [3, 4, 0, 5, 1, 2]),
        ("opens_at", [2, 0, 1, 5, 4, 3]),
    ] {
        let expected = expected.map(|place: usize| toys[place].id);
        assert_eq!(
            ids(&page(&service, &[("sort", sort)]).await),
            expected,
            "{sort}"
        );
    }
}

#[actix_web::test]
async fn a_filter_finds_the_value_that_is_stored() {
    let service = toys::service().await;
    let toys = create_six(&service).await;

    for (filter, value, expected) in [
        ("shelf", "32767", &[2][..]),
        ("shelf[lt]", "40000", &[0, 1, 2, 3, 4, 5]),
        ("capacity[in]", "5,-2147483648,99999999999", &[0, 1, 2]),
        ("serial[lte]", "0", &[2, 3, 5]),
        ("serial[ne]", "0", &[0, 1, 2, 4]),
        ("weight", "0.1", &[0, 4]),
        ("weight[gt]", "0.1", &[1, 3]),
        ("price", "0.1", &[0]),
        ("price[nin]", "0.1,0.3", &[1, 2, 4, 5]),
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
        let found = page(&service, &[(filter, value), ("sort", "id")]).await;
        assert_eq!(ids(&found), expected, "{filter}={value}");
    }
}

#[actix_web::test]
async fn stats_return_the_least_and_the_greatest_value() {
    let service = toys::service().await;
    create_six(&service).await;

    for (name, min, max) in [
        ("shelf", "Integer(-32768)", "Integer(32767)"),
        ("capacity", "Integer(-2147483648)", "Integer(2147483647)"),
        ("serial", "Integer(-1)", "Integer(9223372036854775807)"),
        ("price", "Number(-1e300)", "Number(0.30000000000000004)"),
        ("born_on", "Text(\"0000-01-01\")", "Text(\"9999-12-31\")"),
        (
            "opens_at",
            "Text(\"00:00:00\")",
            "Text(\"23:59:59.999999\")",
        ),
    ] {
        let query = StatsQuery::<Toys>::parse([("min", name), ("max", name)]).unwrap();
        let stats = Toys::stats(&service.session(), &query).await.unwrap();
        let shown = |values: &[(&str, Datum)]| format!("{:?}", values[0].1);
        let group = &stats.groups[0];
        assert_eq!(
            (shown(&group.min).as_str(), shown(&group.max).as_str()),
            (min, max),
            "{name}"
        );
    }
    for name in names() {
        let query = StatsQuery::<Toys>::parse([("group_by", name.as_str())]).unwrap();
        let stats = Toys::stats(&service.session(), &query).await.unwrap();
        let counts = stats.groups.iter().filter_map(|group| group.count);
        assert_eq!(counts.sum::<i64>(), 6, "{name}");
    }
}

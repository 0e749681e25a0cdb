//! Values that cannot be stored, and filters that make no sense, are refused with their field.
use kernel::{CrudOperations, query::ListQuery, query::StatsQuery};

use super::{
    TOYSHOP, refused,
    toys::{NewToy, Toys},
    write,
};
use crate::databases::on_each;

#[tokio::test]
async fn a_value_beyond_the_limits_of_its_column_is_refused() {
    let toy = NewToy::default;
    let news = [
        (
            "weight",
            NewToy {
                weight: f32::INFINITY,
                ..toy()
            },
        ),
        (
            "score",
            NewToy {
                score: Some(f64::NAN),
                ..toy()
            },
        ),
        ("stock", NewToy { stock: -1, ..toy() }),
        (
            "stock",
            NewToy {
                stock: 1_000_001,
                ..toy()
            },
        ),
        (
            "price",
            NewToy {
                price: 1_000_000_000_000_000_000,
                ..toy()
            },
        ),
        (
            "price",
            NewToy {
                price: i64::MIN,
                ..toy()
            },
        ),
        (
            "discount",
            NewToy {
                discount: Some(1_001),
                ..toy()
            },
        ),
        (
            "color",
            NewToy {
                color: Some("pink".to_owned()),
                ..toy()
            },
        ),
    ];
    on_each(TOYSHOP, async |kernel| {
        for (field, new) in &news {
            let created = write(&kernel, async |tx| Toys::create(tx, new).await).await;
            assert_eq!(refused(created)[0].at, format!("/{field}"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_filter_that_makes_no_sense_is_refused() {
    on_each(TOYSHOP, async |kernel| {
        for (name, value) in [
            ("price", "1.005"),
            ("price[contains]", "1"),
            ("color", "pink"),
            ("color[in]", "red,pink"),
            ("color[starts_with]", "r"),
            ("code", "1"),
            ("notes", "{}"),
            ("scan[gt]", "AP8="),
            ("data[is_null]", "true"),
            ("weight", "NaN"),
            ("score", "inf"),
            ("weight[lt]", "1e39"),
            ("sort", "notes"),
            ("sort", "data"),
        ] {
            let query = ListQuery::<Toys>::parse([(name, value)], kernel.registry());
            let at = &refused(query)[0].at;
            assert_eq!(at, name, "{value}");
        }
        for (name, value) in [
            ("min", "code"),
            ("max", "is_sold"),
            ("sum", "score"),
            ("sum", "version"),
            ("group_by", "notes"),
        ] {
            let query = StatsQuery::<Toys>::parse([(name, value)]);
            assert_eq!(refused(query)[0].at, name);
        }
    })
    .await;
}

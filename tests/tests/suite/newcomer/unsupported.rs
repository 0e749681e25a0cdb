//! Columns whose types the two databases sort differently cannot be declared.
use sea_orm::Condition;
use service::{
    Actor, Readable,
    crud::{Field, everything},
    list_columns,
    query::unsupported_fields,
    registry,
};

use boxes::{Column, Entity, Model};

mod boxes {
    #![expect(
        clippy::disallowed_methods,
        reason = "the code that is derived for an entity implements them"
    )]
    use sea_orm::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "boxes")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub created_at: DateTimeWithTimeZone,
        pub label: String,
        pub settings: Json,
        pub picture: Vec<u8>,
        pub sealed_at: DateTime,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

struct Boxes;

list_columns!(Boxes);

impl Readable for Boxes {
    type Row = Model;

    const OWNER: Option<Column> = None;
    const FIELDS: &'static [Field<Column>] = &[
        Field::public(Column::Label),
        Field::public(Column::Settings),
        Field::opaque(Column::Picture),
        Field::private(Column::SealedAt),
    ];

    fn visible(_: &Actor) -> Condition {
        everything()
    }
}

#[test]
fn a_sort_column_without_an_order_stops_the_start() {
    let problems = unsupported_fields::<Boxes>();

    assert_eq!(problems.len(), 2, "{problems:?}");
    for (problem, name) in problems.iter().zip(["boxes.settings", "boxes.sealed_at"]) {
        assert!(
            problem.starts_with(name) && problem.contains("Field::opaque"),
            "{problem}"
        );
    }
}

#[test]
fn every_resource_can_be_sorted_by_its_declared_fields() {
    registry().check().unwrap();
}

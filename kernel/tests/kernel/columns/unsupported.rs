//! The server does not start with columns that the two databases sort differently, or with declarations that do not match their
//! columns.
use kernel::{
    Readable, list_columns,
    resource::{Field, unsupported_fields},
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
        pub version: i64,
        pub created_at: DateTimeWithTimeZone,
        pub label: String,
        pub settings: Json,
        pub picture: Vec<u8>,
        pub sealed_at: DateTime,
        pub width: i32,
        pub height: i32,
        pub contains: i32,
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
        Field::public(Column::Width).decimal(2),
        Field::public(Column::Height).one_of(&["1", "2"]),
        Field::public(Column::Version).long(),
        Field::public(Column::Contains),
    ];
}

#[test]
fn a_column_that_does_not_suit_its_declaration_is_refused_at_the_start() {
    let problems = unsupported_fields::<Boxes>();

    let expected = [
        ("boxes.settings", "Field::opaque"),
        ("boxes.sealed_at", "Field::opaque"),
        ("boxes.width", "big_integer"),
        ("boxes.height", "text column"),
        ("boxes.version", "long()"),
        ("boxes.contains", "rename"),
    ];
    assert_eq!(problems.len(), expected.len(), "{problems:?}");
    for (problem, (name, repair)) in problems.iter().zip(expected) {
        assert!(
            problem.starts_with(name) && problem.contains(repair),
            "{problem}"
        );
    }
}

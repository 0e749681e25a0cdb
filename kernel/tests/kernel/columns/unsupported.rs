//! Columns that the two databases sort differently, and declarations that do not suit their columns.
use kernel::{
    Actor, Crud,
    crud::{Field, everything},
    query::unsupported_fields,
};
use sea_orm::Condition;

use super::toys::{NewToy, ToyPatch};

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
        pub label: String,
        pub settings: Json,
        pub picture: Vec<u8>,
        pub sealed_at: DateTime,
        pub width: i32,
        pub height: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

struct Boxes;

impl sea_orm::IntoActiveModel<boxes::ActiveModel> for NewToy {
    fn into_active_model(self) -> boxes::ActiveModel {
        boxes::ActiveModel::default()
    }
}

impl sea_orm::IntoActiveModel<boxes::ActiveModel> for ToyPatch {
    fn into_active_model(self) -> boxes::ActiveModel {
        boxes::ActiveModel::default()
    }
}

impl Crud for Boxes {
    type Entity = boxes::Entity;
    type New = NewToy;
    type Patch = ToyPatch;
    type Row = boxes::Model;

    const OWNER: Option<boxes::Column> = None;
    const FIELDS: &'static [Field<boxes::Column>] = &[
        Field::public(boxes::Column::Label),
        Field::public(boxes::Column::Settings),
        Field::opaque(boxes::Column::Picture),
        Field::private(boxes::Column::SealedAt),
        Field::public(boxes::Column::Width).decimal(2),
        Field::public(boxes::Column::Height).one_of(&["1", "2"]),
        Field::public(boxes::Column::Version).long(),
    ];

    fn visible(_: &Actor) -> Condition {
        everything()
    }
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
    ];
    assert_eq!(problems.len(), expected.len(), "{problems:?}");
    for (problem, (name, repair)) in problems.iter().zip(expected) {
        assert!(
            problem.starts_with(name) && problem.contains(repair),
            "{problem}"
        );
    }
}

//! A resource with a column of each type, in the table, the inputs and the view. The suite of `web` shows it over HTTP.
use kernel::{
    json::{As, Base64, Date, Decimal, Float32, Int64, Present, TimeOfDay, Timestamp, UuidText},
    migration::schema,
    prelude::*,
};
use sea_orm_migration::prelude::*;
use serde::Serialize;

const COLORS: [&str; 3] = ["red", "green", "blue"];

pub struct CreateToys;

impl MigrationName for CreateToys {
    fn name(&self) -> &'static str {
        "m20260101_000001_create_toys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateToys {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let table = schema::resource("toys")
            .col(ColumnDef::new("shelf").small_integer().not_null())
            .col(ColumnDef::new("capacity").integer().not_null())
            .col(ColumnDef::new("serial").big_integer())
            .col(ColumnDef::new("stock").big_integer().not_null())
            .col(ColumnDef::new("price").big_integer().not_null())
            .col(ColumnDef::new("discount").big_integer())
            .col(ColumnDef::new("weight").float().not_null())
            .col(ColumnDef::new("score").double())
            .col(ColumnDef::new("is_sold").boolean().not_null())
            .col(schema::text(db, "name").not_null())
            .col(ColumnDef::new("rank").small_integer())
            .col(ColumnDef::new("pieces").integer())
            .col(ColumnDef::new("height").float())
            .col(ColumnDef::new("is_rare").boolean())
            .col(schema::text(db, "motto"))
            .col(schema::varchar(db, "color", 10))
            .col(schema::timestamp("starts_at"))
            .col(ColumnDef::new("born_on").date())
            .col(ColumnDef::new("opens_at").time())
            .col(ColumnDef::new("code").uuid())
            .col(ColumnDef::new("data").json_binary().not_null())
            .col(ColumnDef::new("notes").json_binary())
            .col(ColumnDef::new("picture").binary().not_null())
            .col(ColumnDef::new("scan").binary())
            .check(schema::one_of("toys", "color", &COLORS))
            .take();
        let indexes = [schema::deletion_index("toys")].into_iter();
        let indexes = indexes.chain(schema::list_indexes("toys"));
        schema::create(manager, table, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        schema::drop(manager, "toys").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

pub mod entity {
    #![expect(
        clippy::disallowed_methods,
        reason = "the code that is derived for an entity implements them"
    )]
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "toys")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub created_at: DateTimeWithTimeZone,
        pub updated_at: DateTimeWithTimeZone,
        pub deleted_at: Option<DateTimeWithTimeZone>,
        pub deletion_id: Option<i64>,
        pub version: i64,
        pub shelf: i16,
        pub capacity: i32,
        pub serial: Option<i64>,
        pub stock: i64,
        pub price: i64,
        pub discount: Option<i64>,
        pub weight: f32,
        pub score: Option<f64>,
        pub is_sold: bool,
        pub name: String,
        pub rank: Option<i16>,
        pub pieces: Option<i32>,
        pub height: Option<f32>,
        pub is_rare: Option<bool>,
        pub motto: Option<String>,
        pub color: Option<String>,
        pub starts_at: Option<DateTimeWithTimeZone>,
        pub born_on: Option<Date>,
        pub opens_at: Option<Time>,
        pub code: Option<Uuid>,
        #[sea_orm(column_type = "JsonBinary")]
        pub data: Json,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub notes: Option<Json>,
        pub picture: Vec<u8>,
        pub scan: Option<Vec<u8>>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
use entity::Column;

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema, DeriveIntoActiveModel)]
#[sea_orm(active_model = "entity::ActiveModel")]
#[serde(deny_unknown_fields, default)]
#[garde(allow_unvalidated)]
pub struct NewToy {
    pub shelf: i16,
    pub capacity: i32,
    #[serde(with = "As::<Option<Int64>>")]
    pub serial: Option<i64>,
    pub stock: i64,
    #[serde(with = "As::<Decimal<2>>")]
    pub price: i64,
    #[serde(with = "As::<Option<Decimal<3>>>")]
    pub discount: Option<i64>,
    pub weight: f32,
    pub score: Option<f64>,
    pub is_sold: bool,
    pub name: String,
    pub rank: Option<i16>,
    pub pieces: Option<i32>,
    pub height: Option<f32>,
    pub is_rare: Option<bool>,
    pub motto: Option<String>,
    pub color: Option<String>,
    #[serde(with = "As::<Option<Timestamp>>")]
    pub starts_at: Option<DateTimeWithTimeZone>,
    #[serde(with = "As::<Option<Date>>")]
    pub born_on: Option<sea_orm::prelude::Date>,
    #[serde(with = "As::<Option<TimeOfDay>>")]
    pub opens_at: Option<sea_orm::prelude::Time>,
    #[serde(with = "As::<Option<UuidText>>")]
    pub code: Option<Uuid>,
    pub data: Json,
    pub notes: Option<Json>,
    #[serde(with = "As::<Base64>")]
    pub picture: Vec<u8>,
    #[serde(with = "As::<Option<Base64>>")]
    pub scan: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema, DeriveIntoActiveModel)]
#[sea_orm(active_model = "entity::ActiveModel")]
#[serde(deny_unknown_fields, default)]
#[garde(allow_unvalidated)]
pub struct ToyPatch {
    #[serde(deserialize_with = "present")]
    pub shelf: Option<i16>,
    #[serde(deserialize_with = "present")]
    pub capacity: Option<i32>,
    #[serde(with = "As::<Present<Option<Int64>>>")]
    pub serial: Option<Option<i64>>,
    #[serde(deserialize_with = "present")]
    pub stock: Option<i64>,
    #[serde(with = "As::<Present<Decimal<2>>>")]
    pub price: Option<i64>,
    #[serde(with = "As::<Present<Option<Decimal<3>>>>")]
    pub discount: Option<Option<i64>>,
    #[serde(deserialize_with = "present")]
    pub weight: Option<f32>,
    #[serde(deserialize_with = "present")]
    pub score: Option<Option<f64>>,
    #[serde(deserialize_with = "present")]
    pub is_sold: Option<bool>,
    #[serde(deserialize_with = "present")]
    pub name: Option<String>,
    #[serde(deserialize_with = "present")]
    pub rank: Option<Option<i16>>,
    #[serde(deserialize_with = "present")]
    pub pieces: Option<Option<i32>>,
    #[serde(deserialize_with = "present")]
    pub height: Option<Option<f32>>,
    #[serde(deserialize_with = "present")]
    pub is_rare: Option<Option<bool>>,
    #[serde(deserialize_with = "present")]
    pub motto: Option<Option<String>>,
    #[serde(deserialize_with = "present")]
    pub color: Option<Option<String>>,
    #[serde(with = "As::<Present<Option<Timestamp>>>")]
    pub starts_at: Option<Option<DateTimeWithTimeZone>>,
    #[serde(with = "As::<Present<Option<Date>>>")]
    pub born_on: Option<Option<sea_orm::prelude::Date>>,
    #[serde(with = "As::<Present<Option<TimeOfDay>>>")]
    pub opens_at: Option<Option<sea_orm::prelude::Time>>,
    #[serde(with = "As::<Present<Option<UuidText>>>")]
    pub code: Option<Option<Uuid>>,
    #[serde(deserialize_with = "present")]
    pub data: Option<Json>,
    #[serde(deserialize_with = "present")]
    pub notes: Option<Option<Json>>,
    #[serde(with = "As::<Present<Base64>>")]
    pub picture: Option<Vec<u8>>,
    #[serde(with = "As::<Present<Option<Base64>>>")]
    pub scan: Option<Option<Vec<u8>>>,
}

/// A row as an API shows it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ToyView {
    shelf: i16,
    capacity: i32,
    #[serde(with = "As::<Option<Int64>>")]
    serial: Option<i64>,
    stock: i64,
    #[serde(with = "As::<Decimal<2>>")]
    price: i64,
    #[serde(with = "As::<Option<Decimal<3>>>")]
    discount: Option<i64>,
    #[serde(with = "As::<Float32>")]
    weight: f32,
    score: Option<f64>,
    is_sold: bool,
    name: String,
    rank: Option<i16>,
    pieces: Option<i32>,
    #[serde(with = "As::<Option<Float32>>")]
    height: Option<f32>,
    is_rare: Option<bool>,
    motto: Option<String>,
    color: Option<String>,
    #[serde(with = "As::<Option<Timestamp>>")]
    starts_at: Option<DateTimeWithTimeZone>,
    #[serde(with = "As::<Option<Date>>")]
    born_on: Option<sea_orm::prelude::Date>,
    #[serde(with = "As::<Option<TimeOfDay>>")]
    opens_at: Option<sea_orm::prelude::Time>,
    #[serde(with = "As::<Option<UuidText>>")]
    code: Option<Uuid>,
    data: Json,
    notes: Option<Json>,
    #[serde(with = "As::<Base64>")]
    picture: Vec<u8>,
    #[serde(with = "As::<Option<Base64>>")]
    scan: Option<Vec<u8>>,
}

impl From<entity::Model> for ToyView {
    fn from(toy: entity::Model) -> Self {
        Self {
            shelf: toy.shelf,
            capacity: toy.capacity,
            serial: toy.serial,
            stock: toy.stock,
            price: toy.price,
            discount: toy.discount,
            weight: toy.weight,
            score: toy.score,
            is_sold: toy.is_sold,
            name: toy.name,
            rank: toy.rank,
            pieces: toy.pieces,
            height: toy.height,
            is_rare: toy.is_rare,
            motto: toy.motto,
            color: toy.color,
            starts_at: toy.starts_at,
            born_on: toy.born_on,
            opens_at: toy.opens_at,
            code: toy.code,
            data: toy.data,
            notes: toy.notes,
            picture: toy.picture,
            scan: toy.scan,
        }
    }
}

pub struct Toys;

base_columns!(Toys, entity);

impl Readable for Toys {
    type Row = entity::Model;

    const OWNER: Option<Column> = None;
    const PUBLIC: bool = true;
    const FIELDS: &'static [Field<Column>] = &[
        Field::public(Column::Shelf),
        Field::public(Column::Capacity),
        Field::public(Column::Serial),
        Field::public(Column::Stock).range(0, 1_000_000),
        Field::public(Column::Price).decimal(2),
        Field::public(Column::Discount).decimal(3).range(0, 1_000),
        Field::public(Column::Weight),
        Field::public(Column::Score),
        Field::public(Column::IsSold),
        Field::public(Column::Name),
        Field::public(Column::Rank),
        Field::public(Column::Pieces),
        Field::public(Column::Height),
        Field::public(Column::IsRare),
        Field::public(Column::Motto),
        Field::public(Column::Color).one_of(&COLORS),
        Field::public(Column::StartsAt),
        Field::public(Column::BornOn),
        Field::public(Column::OpensAt),
        Field::public(Column::Code),
        Field::opaque(Column::Data),
        Field::opaque(Column::Notes),
        Field::opaque(Column::Picture).long(),
        Field::heavy(Column::Scan),
    ];
}

impl Crud for Toys {
    type New = NewToy;
    type Patch = ToyPatch;
}

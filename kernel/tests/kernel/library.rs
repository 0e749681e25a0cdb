//! An application with two resources: shelves, each of which belongs to a user, and the books on them, whose titles are searched.
use kernel::{
    migration::{self, Migrator, schema, side_table},
    prelude::*,
    registry::Table,
};
use sea_orm_migration::prelude::*;

use crate::databases::Application;

pub const LIBRARY: Application = Application {
    migrator: Migrator::new(|| migration::with(vec![Box::new(CreateLibrary)])),
    // Owners come before the tables that they own.
    tables: || vec![Table::new::<Shelves>(), Table::new::<Books>()],
};

struct CreateLibrary;

impl MigrationName for CreateLibrary {
    fn name(&self) -> &'static str {
        "m20260101_000001_create_library"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateLibrary {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_database_backend();
        let shelves = schema::resource("shelves")
            .col(ColumnDef::new("user_id").big_integer().not_null())
            .col(schema::varchar(db, "name", 50).not_null())
            .take();
        let books = schema::resource("books")
            .col(ColumnDef::new("shelf_id").big_integer().not_null())
            .col(schema::varchar(db, "title", 100).not_null())
            .col(ColumnDef::new("pages").integer().not_null())
            .foreign_key(&mut schema::reference("books", "shelf_id", "shelves"))
            .take();
        let shelf_id = schema::index("books", "shelf_id").col("shelf_id").take();
        for (table, name, more) in [(shelves, "shelves", None), (books, "books", Some(shelf_id))] {
            let indexes = [schema::deletion_index(name)].into_iter().chain(more);
            let indexes = indexes.chain(schema::list_indexes(name));
            schema::create(manager, table, indexes).await?;
        }
        side_table::add(manager, "books", &["title"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        side_table::remove(manager, "books").await?;
        schema::drop(manager, "books").await?;
        schema::drop(manager, "shelves").await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

pub mod shelves {
    #![expect(
        clippy::disallowed_methods,
        reason = "the code that is derived for an entity implements them"
    )]
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "shelves")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub created_at: DateTimeWithTimeZone,
        pub updated_at: DateTimeWithTimeZone,
        pub deleted_at: Option<DateTimeWithTimeZone>,
        pub deletion_id: Option<i64>,
        pub version: i64,
        pub user_id: i64,
        pub name: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub mod books {
    #![expect(
        clippy::disallowed_methods,
        reason = "the code that is derived for an entity implements them"
    )]
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "books")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub created_at: DateTimeWithTimeZone,
        pub updated_at: DateTimeWithTimeZone,
        pub deleted_at: Option<DateTimeWithTimeZone>,
        pub deletion_id: Option<i64>,
        pub version: i64,
        pub shelf_id: i64,
        pub title: String,
        pub pages: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub struct Shelves;

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema, DeriveIntoActiveModel)]
#[sea_orm(active_model = "shelves::ActiveModel")]
#[serde(deny_unknown_fields, default)]
pub struct NewShelf {
    #[serde(with = "Trimmed")]
    #[garde(length(chars, min = 1, max = 50))]
    pub name: String,
}

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema, DeriveIntoActiveModel)]
#[sea_orm(active_model = "shelves::ActiveModel")]
#[serde(deny_unknown_fields)]
pub struct ShelfPatch {
    #[serde(default, with = "PresentTrimmed")]
    #[garde(length(chars, min = 1, max = 50))]
    pub name: Option<String>,
}

base_columns!(Shelves, shelves);

impl Readable for Shelves {
    type Row = shelves::Model;

    /// The user who creates a shelf owns it: `shelves.update.own` and similar permissions compare this column.
    const OWNER: Option<shelves::Column> = Some(shelves::Column::UserId);
    const PUBLIC: bool = true;
    const FIELDS: &'static [Field<shelves::Column>] = &[
        Field::public(shelves::Column::UserId),
        Field::public(shelves::Column::Name),
    ];
}

impl Crud for Shelves {
    type New = NewShelf;
    type Patch = ShelfPatch;
}

pub struct Books;

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema, DeriveIntoActiveModel)]
#[sea_orm(active_model = "books::ActiveModel")]
#[serde(deny_unknown_fields, default)]
pub struct NewBook {
    #[garde(range(min = 1))]
    pub shelf_id: i64,
    #[garde(length(chars, min = 1, max = 100))]
    pub title: String,
    #[garde(range(min = 1))]
    pub pages: i32,
}

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema, DeriveIntoActiveModel)]
#[sea_orm(active_model = "books::ActiveModel")]
#[serde(deny_unknown_fields)]
pub struct BookPatch {
    #[serde(default, deserialize_with = "present")]
    #[garde(range(min = 1))]
    pub pages: Option<i32>,
}

base_columns!(Books, books);

impl Readable for Books {
    type Row = books::Model;

    const OWNER: Option<books::Column> = None;
    const PUBLIC: bool = true;
    const FIELDS: &'static [Field<books::Column>] = &[
        Field::public(books::Column::ShelfId),
        Field::public(books::Column::Title),
        Field::public(books::Column::Pages),
    ];
    const SEARCH: &'static [books::Column] = &[books::Column::Title];

    /// The books of a shelf are deleted with it.
    fn owners() -> Vec<Owner> {
        vec![Owner::new::<Shelves>(books::Column::ShelfId)]
    }

    /// The caller sees the books on the shelves that they see.
    fn visible(actor: &Actor) -> Condition {
        scope::has_visible::<Shelves>(books::Column::ShelfId, actor).into()
    }
}

impl Crud for Books {
    type New = NewBook;
    type Patch = BookPatch;
}

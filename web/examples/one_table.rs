//! Everything that an application adds to `kernel` and `web` to serve one table, without accounts: everybody may do everything.
//! Run it with `cargo run -p web --example one_table`, then send requests to `http://127.0.0.1:8080/api/v1/notes`.
#![expect(clippy::disallowed_methods, reason = "the derives call them")]
use kernel::{Database, Kernel, migration, migration::schema, prelude::*, registry::Table};
use sea_orm::entity::prelude::*;
use sea_orm_migration::{prelude::*, sea_query::ColumnDef};
use web::{Fixed, Http, Server, prelude::*, settings::HttpSettings};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notes")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub created_at: DateTimeWithTimeZone,
    pub updated_at: DateTimeWithTimeZone,
    pub deleted_at: Option<DateTimeWithTimeZone>,
    pub deletion_id: Option<i64>,
    pub version: i64,
    pub text: String,
}

impl ActiveModelBehavior for ActiveModel {}
#[derive(DeriveMigrationName)]
struct CreateNotes;
#[async_trait::async_trait]
impl MigrationTrait for CreateNotes {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut table = schema::resource("notes");
        table.col(ColumnDef::new("text").text().not_null());
        schema::create(manager, table, schema::list_indexes("notes")).await
    }
}

#[derive(Clone, Debug, Default, Deserialize, Validate, JsonSchema, DeriveIntoActiveModel)]
#[serde(deny_unknown_fields, default)]
struct NoteInput {
    #[garde(length(chars, min = 1, max = 1_000))]
    text: String,
}

struct Notes;
base_columns!(Notes);
impl Readable for Notes {
    type Row = Model;
    const OWNER: Option<Column> = None;
    const FIELDS: &'static [Field<Column>] = &[Field::public(Column::Text)];
}

impl Crud for Notes {
    type New = NoteInput;
    type Patch = NoteInput;
}

view! {
    struct NoteView of Notes {
        text: String,
    }
}
#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let database = Database::in_memory(|| migration::with(vec![Box::new(CreateNotes)])).await?;
    let kernel = Kernel::for_tables(database, vec![Table::new::<Notes>()]);
    let (settings, caller) = (HttpSettings::default(), Fixed(Actor::System));
    let http = Http::new(&settings, kernel, caller, resource::<NoteView>)?;
    Ok(Server::bind(http)?.run().await?)
}

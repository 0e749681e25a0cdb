//! The application: books with an owner, on an in-memory database.
use kernel::{
    CrudOperations, Kernel,
    actor::{Caller, Credential},
    idempotency::WriteRequest,
    migration::schema,
    permission::Permission,
    prelude::*,
};
use sea_orm::entity::prelude::*;
use sea_orm_migration::{prelude::*, sea_query::ColumnDef};
use secrecy::{ExposeSecret, SecretString};
use web::{Application, application::Answered, prelude::*};

use crate::columns::toys::ToyView;

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
    pub owner_id: i64,
    pub title: String,
    pub is_lent: bool,
}

impl ActiveModelBehavior for ActiveModel {}

#[derive(DeriveMigrationName)]
pub struct CreateBooks;

#[async_trait::async_trait]
impl MigrationTrait for CreateBooks {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = schema::resource("books")
            .col(ColumnDef::new("owner_id").big_integer().not_null())
            .col(ColumnDef::new("title").text().not_null())
            .col(ColumnDef::new("is_lent").boolean().not_null())
            .take();
        let title = schema::index("books", "title_live")
            .col("title")
            .unique()
            .and_where(schema::live())
            .take();
        let indexes = schema::list_indexes("books").into_iter().chain([title]);
        schema::create(manager, table, indexes).await
    }
}

#[derive(Clone, Debug, Default, Deserialize, Validate, JsonSchema, DeriveIntoActiveModel)]
#[serde(deny_unknown_fields, default)]
pub struct NewBook {
    #[serde(with = "Trimmed")]
    #[garde(length(chars, min = 1, max = 100))]
    pub title: String,
    #[garde(skip)]
    pub is_lent: bool,
}

#[derive(Clone, Debug, Default, Deserialize, Validate, JsonSchema, DeriveIntoActiveModel)]
#[serde(deny_unknown_fields)]
pub struct BookPatch {
    #[serde(default, with = "PresentTrimmed")]
    #[garde(length(chars, min = 1, max = 100))]
    pub title: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[garde(skip)]
    pub is_lent: Option<bool>,
}

/// The service. It declares who may read a book, and the fields that a client may set.
pub struct Books;

base_columns!(Books);

impl Readable for Books {
    type Row = Model;

    const OWNER: Option<Column> = Some(Column::OwnerId);
    const PUBLIC: bool = true;
    const FIELDS: &'static [Field<Column>] = &[
        Field::public(Column::OwnerId),
        Field::public(Column::Title),
        Field::public(Column::IsLent),
    ];
}

impl Crud for Books {
    type New = NewBook;
    type Patch = BookPatch;
}

view! {
    /// The resource. It declares what the API shows of a book.
    pub struct BookView of Books {
        owner_id: i64,
        title: String,
        is_lent: bool,
    }
}

/// The routes that every resource has, and two additional ones.
pub fn routes() -> Vec<Route> {
    let lends = Rule::row::<BookView>(Access::Live(Action::Update));
    let reads = Rule::action::<BookView>(Action::Read).on_row::<BookView>(Access::Read);
    let mut routes = vec![web::meta("Books", "1.0.0")];
    routes.extend(resource::<BookView>());
    routes.extend(resource::<ToyView>());
    routes.push(Route::new(
        "lend",
        Method::POST,
        "/books/{id}/lend",
        lends,
        lend,
    ));
    routes.push(Route::new(
        "shelf",
        Method::GET,
        "/books/{id}/shelf",
        reads,
        shelf,
    ));
    routes
}

/// `Books::update` checks the rule again on the locked row, as every operation does.
async fn lend(call: Call) -> Answer<Row<BookView>> {
    let target = call.target()?;
    let patch = BookPatch {
        is_lent: Some(true),
        ..BookPatch::default()
    };
    call.write(
        WriteRequest::<Books>::Update(target.id, &patch),
        async |tx| Reply::row::<BookView>(Books::update(tx, target.clone(), &patch).await?),
    )
    .await
}

#[derive(JsonSchema, Serialize)]
struct Shelf {
    shelf: i64,
}

/// The rule has already checked that the caller sees the book.
async fn shelf(call: Call) -> Answer<Ok<Shelf>> {
    let shelf = call.id() % 10;
    Ok(Reply::ok(&Shelf { shelf })?)
}

/// The callers. The token `7` belongs to the user with the id 7, who may create and change books.
pub struct Readers;

impl Application for Readers {
    fn resolve_token<'a>(&'a self, _: &'a Kernel, token: &'a SecretString) -> Answered<'a, Actor> {
        Box::pin(async {
            let user_id = token.expose_secret().parse();
            let user_id = user_id.map_err(|_| Error::Unauthenticated)?;
            let permissions = ["create", "update", "delete", "restore"];
            let own = permissions.map(|verb| Permission::new(format!("books.{verb}.own")));
            Ok(Actor::User(Caller {
                user_id,
                credential: Credential::Session(user_id),
                is_superuser: false,
                grants: own.into_iter().chain([Permission::new("toys.*")]).collect(),
                scopes: None,
                withheld: None,
            }))
        })
    }
}

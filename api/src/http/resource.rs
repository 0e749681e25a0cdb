//! The handlers that every resource has.
use actix_web::http::Method;
use schemars::JsonSchema;
use serde::Serialize;
use service::{
    Actor, Audit, Crud, Readable,
    audit::{self, Revert},
    crud::{self, Access, Columns},
    idempotency::Deed,
    permission::Action,
};

use super::{
    Answer, BASE, Call, CreatedRow, DeletedRow, Kind, ListParams, NoBody, NoContent, Ok,
    OptionalBody, Page, Reply, Route, Row, RowParams, StateView, body::Body, bulk::bulk,
    export::export, import::import, relation::fetch, stats::stats,
};
use crate::transfer::Transfer;

/// A list that the API shows.
pub trait Listed: Readable<Row: Into<Self::View>> + Columns<State: StateView> {
    type View: JsonSchema + Serialize;
}

/// A resource that the API exposes: what clients send has the form of a body.
pub trait Resource: Listed + Crud<New: Body + Send, Patch: Body> {}

impl<R: Listed + Crud<New: Body + Send, Patch: Body>> Resource for R {}

/// Returns the routes of `/{name}` and of the paths under it.
pub fn resource<R: Resource>() -> Vec<Route> {
    let mut routes = collection_routes::<R>();
    routes.extend(row_routes::<R>());
    routes
}

fn collection_routes<R: Resource>() -> Vec<Route> {
    let all = format!("{BASE}/{}", R::name());
    vec![
        Route::new(
            "list",
            Method::GET,
            &all,
            |actor| may::<R>(actor, Action::Read),
            list::<R>,
        )
        .fetched_by(R::name(), fetch::<R>),
        Route::new(
            "create",
            Method::POST,
            &all,
            |actor| may::<R>(actor, Action::Create),
            create::<R>,
        )
        .fails_with(Kind::Conflict),
        Route::new(
            "bulk",
            Method::POST,
            &format!("{all}/bulk"),
            |actor| {
                Action::WRITES
                    .into_iter()
                    .any(|action| may::<R>(actor, action))
            },
            bulk::<R>,
        )
        .changes_row()
        .fails_with(Kind::NotFound)
        .conditional_each(),
        Route::new(
            "stats",
            Method::GET,
            &format!("{all}/stats"),
            |actor| may::<R>(actor, Action::Read),
            stats::<R>,
        ),
        Route::new(
            "export",
            Method::GET,
            &format!("{all}/export"),
            |actor| may::<R>(actor, Action::Read),
            export::<R>,
        )
        .transferred_by(Transfer::of::<R>()),
        Route::new(
            "import",
            Method::POST,
            &format!("{all}/import"),
            |actor| may::<R>(actor, Action::Create),
            import::<R>,
        )
        .without_idempotency_key(),
    ]
}

fn row_routes<R: Resource>() -> Vec<Route> {
    let one = format!("{BASE}/{}/{{id}}", R::name());
    vec![
        Route::new(
            "get",
            Method::GET,
            &one,
            |actor| may::<R>(actor, Action::Read),
            get::<R>,
        )
        .row_access::<R>(Access::Read)
        .fails_with(Kind::PreconditionFailed),
        Route::new(
            "update",
            Method::PATCH,
            &one,
            |actor| may::<R>(actor, Action::Update),
            update::<R>,
        )
        .row_access::<R>(Access::Live(Action::Update))
        .changes_row()
        .conditional(),
        Route::new(
            "delete",
            Method::DELETE,
            &one,
            |actor| may::<R>(actor, Action::Delete),
            delete::<R>,
        )
        .row_access::<R>(Access::Live(Action::Delete))
        .changes_row()
        .conditional(),
        Route::new(
            "restore",
            Method::POST,
            &format!("{one}/restore"),
            |actor| may::<R>(actor, Action::Restore),
            restore::<R>,
        )
        .row_access::<R>(Access::Deleted(Action::Restore))
        .changes_row()
        .conditional(),
        Route::new(
            "history",
            Method::GET,
            &format!("{one}/history"),
            |actor| may::<R>(actor, Action::Audit),
            history::<R>,
        )
        .row_access::<R>(Access::History)
        .fails_with(Kind::Forbidden),
        Route::new(
            "impact",
            Method::GET,
            &format!("{one}/impact"),
            |actor| may::<R>(actor, Action::Delete) || may::<R>(actor, Action::Purge),
            impact::<R>,
        )
        .row_access::<R>(Access::Impact)
        .fails_with(Kind::Forbidden),
        Route::new(
            "revert",
            Method::POST,
            &format!("{one}/revert"),
            |actor| may::<R>(actor, Action::Update) && may::<R>(actor, Action::Audit),
            revert::<R>,
        )
        .row_access::<R>(Access::Revert)
        .changes_row()
        .conditional(),
        Route::new(
            "purge",
            Method::POST,
            &format!("{one}/purge"),
            |actor| may::<R>(actor, Action::Purge),
            purge::<R>,
        )
        .row_access::<R>(Access::Deleted(Action::Purge))
        .changes_row()
        .conditional(),
    ]
}

fn may<R: Resource>(actor: &Actor, action: Action) -> bool {
    R::ruled(actor, action)
}

async fn list<R: Resource>(call: Call<NoBody, ListParams<R>>) -> Answer<Page<R>> {
    let query = &call.query.0;
    call.page::<R>(R::list(&call.session, query).await?, query)
        .await
}

async fn get<R: Resource>(call: Call<NoBody, RowParams<R>>) -> Answer<Row<R>> {
    let shape = &call.query.shape;
    call.row::<R>(R::get(&call.session, call.id(), shape).await?, shape)
        .await
}

async fn create<R: Resource>(mut call: Call<R::New>) -> Answer<CreatedRow<R>> {
    R::prepare(&call.session, &mut call.input).await?;
    let deed = Deed::<R>::Create(&call.input);
    call.write(deed, async |tx| {
        Reply::created_row::<R>(R::create(tx, &call.input).await?)
    })
    .await
}

async fn update<R: Resource>(call: Call<R::Patch>) -> Answer<Row<R>> {
    let target = call.target()?;
    let deed = Deed::<R>::Update(target.id, &call.input);
    call.write(deed, async |tx| {
        Reply::row::<R>(R::update(tx, target.clone(), &call.input).await?)
    })
    .await
}

async fn delete<R: Resource>(call: Call) -> Answer<DeletedRow<R>> {
    let call = call.long();
    let target = call.target()?;
    call.write(Deed::<R>::Delete(target.id), async |tx| {
        Reply::done(R::delete(tx, target.clone()).await?)
    })
    .await
}

async fn restore<R: Resource>(call: Call<OptionalBody<R::Patch>>) -> Answer<Row<R>> {
    let call = call.long();
    let target = call.target()?;
    let patch = call.input.0.as_ref();
    call.write(Deed::<R>::Restore(target.id, patch), async |tx| {
        Reply::row::<R>(R::restore(tx, target.clone(), patch).await?)
    })
    .await
}

#[derive(JsonSchema, Serialize)]
struct Impact {
    /// `delete`, or `purge` if the row is already deleted.
    action: &'static str,
    /// The rows that the action would also remove, counted per resource.
    rows: Vec<Affected>,
}

#[derive(JsonSchema, Serialize)]
struct Affected {
    resource: &'static str,
    count: i64,
}

/// Counts the rows that a deletion or a purge would also remove.
async fn impact<R: Resource>(call: Call) -> Answer<Ok<Impact>> {
    let crud::Impact { action, rows } = R::impact(&call.session, call.id()).await?;
    let affected = |(resource, count)| Affected { resource, count };
    Ok(Reply::ok(&Impact {
        action: action.as_str(),
        rows: rows.into_iter().map(affected).collect(),
    })?)
}

/// Lists the audit entries of the row.
async fn history<R: Resource>(mut call: Call<NoBody, ListParams<Audit>>) -> Answer<Page<Audit>> {
    let id = call.id();
    let query = &mut call.query.0;
    let page = audit::history::<R>(&call.session, id, query).await?;
    call.page(page, &call.query.0).await
}

async fn revert<R: Resource>(call: Call<Revert>) -> Answer<Row<R>> {
    let (target, version) = (call.target()?, call.input.version);
    call.write(Deed::<R>::Revert(target.id), async |tx| {
        Reply::row::<R>(R::revert(tx, target.clone(), version).await?)
    })
    .await
}

async fn purge<R: Resource>(call: Call) -> Answer<NoContent> {
    let call = call.long();
    let target = call.target()?;
    call.write(Deed::<R>::Purge(target.id), async |tx| {
        Reply::done(R::purge(tx, target.clone()).await?)
    })
    .await
}

//! The routes and the handlers that every resource has.
mod bulk;
mod export;
mod import;
mod inputs;
mod meta;
mod stats;
mod texts;

use actix_web::http::Method;
use kernel::{
    Actor, Audit, Crud, CrudOperations, ReadOperations, Readable,
    access::Access,
    audit::{self, RevertTarget},
    crud,
    idempotency::WriteRequest,
    permission::Action,
    resource::Deleted,
};
use schemars::JsonSchema;
use serde::Serialize;

use self::{
    bulk::bulk,
    export::export,
    import::import,
    inputs::{NewRow, PatchRow},
};

pub use self::{meta::meta, stats::stats};

use crate::{
    access::Rule,
    audit::AuditView,
    call::{Call, ListParams, NoBody, OptionalBody, RowParams},
    meta::Described,
    reply::{Answer, CreatedRow, DeletedRow, NoContent, Ok, Page, Reply, Row},
    resource::{Words, Writable, fetch},
    route::Route,
    transfer::Transfer,
};

/// Returns the routes of `/{name}` and of the paths under it.
pub fn resource<V: Writable>() -> Vec<Route> {
    let mut routes = collection_routes::<V>();
    routes.extend(row_routes::<V>());
    texts::describe(routes, &Words::of::<V>())
}

fn collection_routes<V: Writable>() -> Vec<Route> {
    let all = format!("/{}", V::Service::name());
    let at = |path: &str| format!("{all}/{path}");
    let (reads, creates) = (
        || Rule::action::<V>(Action::Read),
        || Rule::action::<V>(Action::Create),
    );
    let writes = |actor: &Actor| {
        let mut writes = Action::WRITES.into_iter();
        writes.any(|action| V::Service::could(actor, action))
    };
    vec![
        Route::new("list", Method::GET, &all, reads(), list::<V>)
            .may_lag()
            .fetched_by(V::Service::name(), fetch::<V>)
            .described_by(Described::of::<V>()),
        Route::new("create", Method::POST, &all, creates(), create::<V>),
        Route::new(
            "bulk",
            Method::POST,
            &at("bulk"),
            Rule::when(writes),
            bulk::<V>,
        )
        .changes_rows(),
        Route::new("stats", Method::GET, &at("stats"), reads(), stats::<V>).may_lag(),
        Route::new("export", Method::GET, &at("export"), reads(), export::<V>)
            .may_lag()
            .transferred_by(Transfer::new::<V>()),
        Route::new(
            "import",
            Method::POST,
            &at("import"),
            creates(),
            import::<V>,
        )
        .without_idempotency_key(),
    ]
}

fn row_routes<V: Writable>() -> Vec<Route> {
    let one = format!("/{}/{{id}}", V::Service::name());
    let at = |path: &str| format!("{one}/{path}");
    let live = |action| Rule::row::<V>(Access::Live(action));
    let deleted = |action| Rule::row::<V>(Access::Deleted(action));
    vec![
        Route::new(
            "get",
            Method::GET,
            &one,
            Rule::row::<V>(Access::Read),
            get::<V>,
        )
        .may_lag(),
        Route::new(
            "update",
            Method::PATCH,
            &one,
            live(Action::Update),
            update::<V>,
        ),
        Route::new(
            "delete",
            Method::DELETE,
            &one,
            live(Action::Delete),
            delete::<V>,
        ),
        Route::new(
            "restore",
            Method::POST,
            &at("restore"),
            deleted(Action::Restore),
            restore::<V>,
        ),
        Route::new(
            "history",
            Method::GET,
            &at("history"),
            Rule::row::<V>(Access::History),
            history::<V>,
        ),
        Route::new(
            "impact",
            Method::GET,
            &at("impact"),
            Rule::row::<V>(Access::Impact),
            impact::<V>,
        ),
        Route::new(
            "revert",
            Method::POST,
            &at("revert"),
            Rule::row::<V>(Access::Revert),
            revert::<V>,
        ),
        Route::new(
            "purge",
            Method::POST,
            &at("purge"),
            deleted(Action::Purge),
            purge::<V>,
        ),
    ]
}

/// The first page of a public list may come from the cache; many callers ask for it.
async fn list<V: Writable>(call: Call<NoBody, ListParams<V::Service>>) -> Answer<Page<V>> {
    let query = &call.query.0;
    let read = async || {
        let page = V::Service::list(&call.session, query).await?;
        call.page::<V>(page, query).await
    };
    if V::Service::PUBLIC && query.is_first_page() {
        call.cached(read).await
    } else {
        Box::pin(read()).await
    }
}

async fn get<V: Writable>(call: Call<NoBody, RowParams<V::Service>>) -> Answer<Row<V>> {
    let shape = &call.query.shape;
    let read = async || {
        let row = V::Service::get(&call.session, call.id(), shape).await?;
        call.row::<V>(row, shape).await
    };
    call.cached(read).await
}

async fn create<V: Writable>(mut call: Call<NewRow<V>>) -> Answer<CreatedRow<V>> {
    V::Service::prepare(&call.session, &mut call.input.0).await?;
    let request = WriteRequest::<V::Service>::Create(&call.input.0);
    call.write(request, async |tx| {
        Reply::created_row::<V>(V::Service::create(tx, &call.input.0).await?)
    })
    .await
}

async fn update<V: Writable>(mut call: Call<PatchRow<V>>) -> Answer<Row<V>> {
    V::Service::prepare_patch(&call.session, &mut call.input.0.patch).await?;
    let target = call.input.target(call.target()?)?;
    let request = WriteRequest::<V::Service>::Update(target.id, &call.input.0.patch);
    call.write(request, async |tx| {
        let is_same = call.input.compare(tx, target.id, Deleted::Exclude).await?;
        let row = V::Service::update(tx, target.clone(), &call.input.0.patch).await?;
        is_same?;
        Reply::row::<V>(row)
    })
    .await
}

async fn delete<V: Writable>(call: Call) -> Answer<DeletedRow<V>> {
    let call = call.long();
    let target = call.target()?;
    call.write(WriteRequest::<V::Service>::Delete(target.id), async |tx| {
        Reply::done(V::Service::delete(tx, target.clone()).await?)
    })
    .await
}

async fn restore<V: Writable>(call: Call<OptionalBody<PatchRow<V>>>) -> Answer<Row<V>> {
    let mut call = call.long();
    let mut target = call.target()?;
    if let Some(input) = &mut call.input.0 {
        V::Service::prepare_patch(&call.session, &mut input.0.patch).await?;
        target = input.target(target)?;
    }
    let input = call.input.0.as_ref();
    let patch = input.map(|input| &input.0.patch);
    let request = WriteRequest::<V::Service>::Restore(target.id, patch);
    call.write(request, async |tx| {
        let is_same = match input {
            Some(input) => input.compare(tx, target.id, Deleted::Only).await?,
            None => Ok(()),
        };
        let row = V::Service::restore(tx, target.clone(), patch).await?;
        is_same?;
        Reply::row::<V>(row)
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
async fn impact<V: Writable>(call: Call) -> Answer<Ok<Impact>> {
    let crud::Impact { action, rows } = V::Service::impact(&call.session, call.id()).await?;
    let affected = |(resource, count)| Affected { resource, count };
    Ok(Reply::ok(&Impact {
        action: action.as_str(),
        rows: rows.into_iter().map(affected).collect(),
    })?)
}

/// Lists the audit entries of the row.
async fn history<V: Writable>(
    mut call: Call<NoBody, ListParams<Audit>>,
) -> Answer<Page<AuditView>> {
    let id = call.id();
    let query = &mut call.query.0;
    let page = audit::history::<V::Service>(&call.session, id, query).await?;
    call.page(page, &call.query.0).await
}

async fn revert<V: Writable>(call: Call<RevertTarget>) -> Answer<Row<V>> {
    let (target, version) = (call.target()?, call.input.version);
    call.write(WriteRequest::<V::Service>::Revert(target.id), async |tx| {
        Reply::row::<V>(V::Service::revert(tx, target.clone(), version).await?)
    })
    .await
}

async fn purge<V: Writable>(call: Call) -> Answer<NoContent> {
    let call = call.long();
    let target = call.target()?;
    call.write(WriteRequest::<V::Service>::Purge(target.id), async |tx| {
        Reply::done(V::Service::purge(tx, target.clone()).await?)
    })
    .await
}

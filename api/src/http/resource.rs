//! The handlers that every resource has.
use actix_web::http::Method;
use schemars::JsonSchema;
use serde::Serialize;
use service::{
    Actor, Audit, Crud,
    audit::{self, Revert},
    crud::{self, Access},
    idempotency::Deed,
    permission::Action,
};

use super::{
    Answer, BASE, Call, Created, Deleted, Is, Kind, ListOf, Many, Maybe, NoBody, Nothing, One,
    Reply, Route, Show, body::Body, bulk::bulk, export::export, import::import, relation::fetch,
    stats::stats,
};
use crate::transfer::Transfer;

/// A service as HTTP shows it.
pub trait Resource: Crud<Row: Into<Self::View>, New: Body + Send, Patch: Body> {
    type View: JsonSchema + Serialize;
}

/// `/{name}` and everything beneath it.
pub fn resource<R: Resource>() -> Vec<Route> {
    let mut routes = of_all::<R>();
    routes.extend(of_one::<R>());
    routes
}

fn of_all<R: Resource>() -> Vec<Route> {
    let all = format!("{BASE}/{}", R::name());
    vec![
        Route::new(
            Method::GET,
            &all,
            |actor| may::<R>(actor, Action::Read),
            list::<R>,
        )
        .fetched_by(R::name(), fetch::<R>),
        Route::new(
            Method::POST,
            &all,
            |actor| may::<R>(actor, Action::Create),
            create::<R>,
        )
        .or(Kind::Conflict),
        Route::new(
            Method::POST,
            &format!("{all}/bulk"),
            |actor| {
                Action::WRITES
                    .into_iter()
                    .any(|action| may::<R>(actor, action))
            },
            bulk::<R>,
        )
        .of_row()
        .or(Kind::NotFound)
        .conditional_each(),
        Route::new(
            Method::GET,
            &format!("{all}/stats"),
            |actor| may::<R>(actor, Action::Read),
            stats::<R>,
        ),
        Route::new(
            Method::GET,
            &format!("{all}/export"),
            |actor| may::<R>(actor, Action::Read),
            export::<R>,
        )
        .transferred_by(Transfer::of::<R>()),
        Route::new(
            Method::POST,
            &format!("{all}/import"),
            |actor| may::<R>(actor, Action::Create),
            import::<R>,
        )
        .without_key(),
    ]
}

fn of_one<R: Resource>() -> Vec<Route> {
    let one = format!("{BASE}/{}/{{id}}", R::name());
    vec![
        Route::new(
            Method::GET,
            &one,
            |actor| may::<R>(actor, Action::Read),
            get::<R>,
        )
        .to::<R>(Access::Read)
        .or(Kind::PreconditionFailed),
        Route::new(
            Method::PATCH,
            &one,
            |actor| may::<R>(actor, Action::Update),
            update::<R>,
        )
        .to::<R>(Access::Live(Action::Update))
        .of_row()
        .conditional(),
        Route::new(
            Method::DELETE,
            &one,
            |actor| may::<R>(actor, Action::Delete),
            delete::<R>,
        )
        .to::<R>(Access::Live(Action::Delete))
        .of_row()
        .conditional(),
        Route::new(
            Method::POST,
            &format!("{one}/restore"),
            |actor| may::<R>(actor, Action::Restore),
            restore::<R>,
        )
        .to::<R>(Access::Deleted(Action::Restore))
        .of_row()
        .conditional(),
        Route::new(
            Method::GET,
            &format!("{one}/history"),
            |actor| may::<R>(actor, Action::Audit),
            history::<R>,
        )
        .to::<R>(Access::History)
        .or(Kind::Forbidden),
        Route::new(
            Method::GET,
            &format!("{one}/impact"),
            |actor| may::<R>(actor, Action::Delete) || may::<R>(actor, Action::Purge),
            impact::<R>,
        )
        .to::<R>(Access::Impact)
        .or(Kind::Forbidden),
        Route::new(
            Method::POST,
            &format!("{one}/revert"),
            |actor| may::<R>(actor, Action::Update) && may::<R>(actor, Action::Audit),
            revert::<R>,
        )
        .to::<R>(Access::Revert)
        .of_row()
        .conditional(),
        Route::new(
            Method::POST,
            &format!("{one}/purge"),
            |actor| may::<R>(actor, Action::Purge),
            purge::<R>,
        )
        .to::<R>(Access::Deleted(Action::Purge))
        .of_row()
        .conditional(),
    ]
}

fn may<R: Resource>(actor: &Actor, action: Action) -> bool {
    R::ruled(actor, action)
}

async fn list<R: Resource>(call: Call<NoBody, ListOf<R>>) -> Answer<Many<R>> {
    let query = &call.query.0;
    call.page::<R>(R::list(&call.session, query).await?, query)
        .await
}

async fn get<R: Resource>(call: Call<NoBody, Show<R>>) -> Answer<One<R>> {
    let shape = &call.query.shape;
    call.row::<R>(R::get(&call.session, call.id(), shape).await?, shape)
        .await
}

async fn create<R: Resource>(mut call: Call<R::New>) -> Answer<Created<R>> {
    R::prepare(&call.session, &mut call.input).await?;
    let deed = Deed::<R>::Create(&call.input);
    call.write(deed, async |tx| {
        Reply::created::<R>(R::create(tx, &call.input).await?)
    })
    .await
}

async fn update<R: Resource>(call: Call<R::Patch>) -> Answer<One<R>> {
    let target = call.target()?;
    let deed = Deed::<R>::Update(target.id, &call.input);
    call.write(deed, async |tx| {
        Reply::found::<R>(R::update(tx, target.clone(), &call.input).await?)
    })
    .await
}

async fn delete<R: Resource>(call: Call) -> Answer<Deleted<R>> {
    let call = call.long();
    let target = call.target()?;
    call.write(Deed::<R>::Delete(target.id), async |tx| {
        Reply::done(R::delete(tx, target.clone()).await?)
    })
    .await
}

async fn restore<R: Resource>(call: Call<Maybe<R::Patch>>) -> Answer<One<R>> {
    let call = call.long();
    let target = call.target()?;
    let patch = call.input.0.as_ref();
    call.write(Deed::<R>::Restore(target.id, patch), async |tx| {
        Reply::found::<R>(R::restore(tx, target.clone(), patch).await?)
    })
    .await
}

#[derive(JsonSchema, Serialize)]
struct Impact {
    /// `delete`, or `purge` where the row is deleted.
    action: &'static str,
    /// What would go with the row.
    rows: Vec<Affected>,
}

#[derive(JsonSchema, Serialize)]
struct Affected {
    resource: &'static str,
    count: i64,
}

/// What a deletion would take along, or a purge.
async fn impact<R: Resource>(call: Call) -> Answer<Is<Impact>> {
    let crud::Impact { action, rows } = R::impact(&call.session, call.id()).await?;
    let affected = |(resource, count)| Affected { resource, count };
    Ok(Reply::ok(&Impact {
        action: action.as_str(),
        rows: rows.into_iter().map(affected).collect(),
    })?)
}

/// What became of the row.
async fn history<R: Resource>(mut call: Call<NoBody, ListOf<Audit>>) -> Answer<Many<Audit>> {
    let id = call.id();
    let query = &mut call.query.0;
    let page = audit::history::<R>(&call.session, id, query).await?;
    call.page(page, &call.query.0).await
}

async fn revert<R: Resource>(call: Call<Revert>) -> Answer<One<R>> {
    let (target, version) = (call.target()?, call.input.version);
    call.write(Deed::<R>::Revert(target.id), async |tx| {
        Reply::found::<R>(R::revert(tx, target.clone(), version).await?)
    })
    .await
}

async fn purge<R: Resource>(call: Call) -> Answer<Nothing> {
    let call = call.long();
    let target = call.target()?;
    call.write(Deed::<R>::Purge(target.id), async |tx| {
        Reply::done(R::purge(tx, target.clone()).await?)
    })
    .await
}

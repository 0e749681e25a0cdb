//! `/users/{id}/sessions` and `/users/{id}/api-keys`: the credentials of a user, for callers who manage users.
use service::identity::{self, ApiKeys, Sessions};
use web::prelude::*;

use super::{ApiKeyView, SessionView};
use crate::users::UserView;

pub fn routes() -> Vec<Route> {
    let (sessions, keys) = ("/users/{id}/sessions", "/users/{id}/api-keys");
    // As for a change of `is_active`, which would end them too.
    let manages =
        || Rule::permission("users.update").on_row::<UserView>(Access::Live(Action::Update));
    let both = |ids: &[i64]| [0, 1].map(|place| ids.get(place).copied().unwrap_or_default());
    // A retry with an idempotency key finds no session any more, so the operation checks that there is one.
    let ends_session = Rule::permission("users.update").on_rows(move |session, ids| {
        let [user, id] = both(ids);
        Box::pin(identity::has_session_of(session, user, id))
    });
    let ends_session = ends_session.checked_by_operation();
    let revokes_key = Rule::permission("users.update").on_rows(move |session, ids| {
        let [user, id] = both(ids);
        Box::pin(identity::has_api_key_of(session, user, id))
    });
    let revokes_key = revokes_key.checked_by_operation();
    vec![
        Route::new(
            "list_sessions",
            Method::GET,
            sessions,
            manages(),
            list_sessions,
        )
        .summary("List the sessions of a user")
        .about("Returns one page of the sign-in sessions of the user."),
        Route::new(
            "end_sessions",
            Method::DELETE,
            sessions,
            manages(),
            end_sessions,
        )
        .summary("End the sessions of a user")
        .about("Ends all sign-in sessions of the user at once."),
        Route::new(
            "end_session",
            Method::DELETE,
            "/users/{id}/sessions/{session_id}",
            ends_session,
            end_session,
        )
        .summary("End a session of a user")
        .about("Ends one sign-in session of the user at once."),
        Route::new("list_api_keys", Method::GET, keys, manages(), list_keys)
            .summary("List the API keys of a user")
            .about("Returns one page of the API keys of the user, without the keys themselves."),
        Route::new(
            "revoke_api_key",
            Method::DELETE,
            "/users/{id}/api-keys/{key_id}",
            revokes_key,
            revoke_key,
        )
        .summary("Revoke an API key of a user")
        .about("Revokes an API key of the user at once."),
    ]
}

async fn list_sessions(mut call: Call<NoBody, ListParams<Sessions>>) -> Answer<Page<SessionView>> {
    let user = call.id();
    let page = identity::list_sessions_of(&call.session, user, &mut call.query.0).await?;
    call.page(page, &call.query.0).await
}

async fn end_sessions(call: Call) -> Answer<NoContent> {
    let user = call.id();
    call.write((), async |tx| {
        Reply::done(identity::end_sessions_of(tx, user).await?)
    })
    .await
}

async fn end_session(call: Call) -> Answer<NoContent> {
    let (user, id) = (call.id(), call.second_id());
    call.write((), async |tx| {
        Reply::done(identity::end_session_of(tx, user, id).await?)
    })
    .await
}

async fn list_keys(mut call: Call<NoBody, ListParams<ApiKeys>>) -> Answer<Page<ApiKeyView>> {
    let user = call.id();
    let page = identity::list_api_keys_of(&call.session, user, &mut call.query.0).await?;
    call.page(page, &call.query.0).await
}

async fn revoke_key(call: Call) -> Answer<NoContent> {
    let (user, id) = (call.id(), call.second_id());
    call.write((), async |tx| {
        Reply::done(identity::revoke_api_key_of(tx, user, id).await?)
    })
    .await
}

//! `/auth`: accounts, sign-in sessions, API keys and second factors.
mod api_keys;
mod sessions;
mod totp;

use std::sync::Arc;

use actix_web::http::Method;
use service::{
    Actor, Found, Users,
    auth::{
        self, Acceptance, AccountPatch, AccountState, Forgotten, Me, NewAccount, PasswordChange,
        Registered, Reset, Verification,
    },
    crud::Crud,
    permission::Action,
    users::UserRow,
};

use crate::{
    http::{
        Accepted, Answer, BASE, Call, CreatedOrAccepted, CreatedRow, JsonSchema, Kind, NoContent,
        Ok, Reply, Representation, Route, Serialize,
    },
    users::UserView,
};

pub fn routes() -> Vec<Route> {
    let account = vec![
        Route::new(
            "register",
            Method::POST,
            &path("register"),
            |_| true,
            register,
        )
        .fails_with(Kind::Forbidden)
        .fails_with(Kind::Conflict)
        .row_rule(Arc::new(|session, _| {
            Box::pin(async { auth::may_register(session) })
        })),
        Route::new(
            "accept",
            Method::POST,
            &path("invite/accept"),
            |_| true,
            accept,
        )
        .fails_with(Kind::Conflict),
        Route::new(
            "change_password",
            Method::POST,
            &path("password"),
            has_session,
            change_password,
        ),
        Route::new(
            "forgot",
            Method::POST,
            &path("password/forgot"),
            |_| true,
            forgot,
        ),
        Route::new(
            "reset",
            Method::POST,
            &path("password/reset"),
            |_| true,
            reset,
        )
        .as_sign_in(),
        Route::new(
            "verify_email",
            Method::POST,
            &path("email/verify"),
            |_| true,
            verify_email,
        )
        .allow_restricted()
        .fails_with(Kind::Conflict),
        Route::new(
            "resend",
            Method::POST,
            &path("email/verify/resend"),
            has_session,
            resend,
        ),
        Route::new("me", Method::GET, &path("me"), is_user, me).allow_restricted(),
        Route::new(
            "update_me",
            Method::PATCH,
            &path("me"),
            |actor| Users::ruled(actor, Action::Update),
            update_me,
        )
        .fails_with(Kind::Conflict)
        .conditional(),
    ];
    [
        sessions::routes(),
        api_keys::routes(),
        totp::routes(),
        account,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn path(path: &str) -> String {
    format!("{BASE}/auth/{path}")
}

/// Returns the id in a path that has one.
fn first_id(ids: &[i64]) -> i64 {
    ids.first().copied().unwrap_or_default()
}

fn is_user(actor: &Actor) -> bool {
    actor.user_id().is_some()
}

/// API keys cannot manage the account, so the caller needs a sign-in session.
fn has_session(actor: &Actor) -> bool {
    actor
        .caller()
        .is_some_and(|caller| caller.credential.session().is_some())
}

/// The response has no token: the client signs in next. It shows the new user, unless mail is on: then it must not reveal
/// whether the address is taken, and the owner is told by mail.
async fn register(call: Call<NewAccount>) -> Answer<CreatedOrAccepted<Users>> {
    Ok(match auth::register(&call.session, call.input).await? {
        Registered::Now(user) => Reply::created_row::<Users>(*user)?,
        Registered::ByMail => Reply::accepted(),
    })
}

/// Registers a user who was invited.
async fn accept(call: Call<Acceptance>) -> Answer<CreatedRow<Users>> {
    let user = auth::accept(&call.session, call.input).await?;
    Ok(Reply::created_row::<Users>(user)?)
}

/// All other sessions of the user end.
async fn change_password(call: Call<PasswordChange>) -> Answer<NoContent> {
    auth::change_password(&call.session, &call.input).await?;
    Ok(Reply::no_content())
}

/// The response is the same whether or not the address belongs to a user.
async fn forgot(call: Call<Forgotten>) -> Answer<Accepted> {
    auth::forgot_password(&call.session, &call.input).await?;
    Ok(Reply::accepted())
}

/// All sessions of the user end.
async fn reset(call: Call<Reset>) -> Answer<NoContent> {
    auth::reset_password(&call.session, &call.input).await?;
    Ok(Reply::no_content())
}

/// The token identifies the user, who must also be signed in or send their password.
async fn verify_email(call: Call<Verification>) -> Answer<NoContent> {
    auth::verify_email(&call.session, &call.input).await?;
    Ok(Reply::no_content())
}

async fn resend(call: Call) -> Answer<Accepted> {
    auth::resend_verification(&call.session).await?;
    Ok(Reply::accepted())
}

#[derive(JsonSchema, Serialize)]
struct MeView {
    #[serde(flatten)]
    user: Representation<UserView>,
    permissions: Vec<String>,
    #[serde(flatten)]
    account: Option<AccountView>,
}

/// An API key sees these members only if its scopes cover `users.read.own`.
#[derive(JsonSchema, Serialize)]
struct AccountView {
    /// Whether the second factor is enabled.
    has_totp: bool,
    email_verified: bool,
    /// Replaces `email` once it is verified.
    pending_email: Option<String>,
}

impl From<AccountState> for AccountView {
    fn from(account: AccountState) -> Self {
        Self {
            has_totp: account.has_totp,
            email_verified: account.is_email_verified,
            pending_email: account.pending_email,
        }
    }
}

async fn me(call: Call) -> Answer<Ok<MeView>> {
    me_view(auth::me(&call.session).await?)
}

/// Another address needs `current_password`, and with mail it takes effect once it is verified.
async fn update_me(call: Call<AccountPatch>) -> Answer<Ok<MeView>> {
    let expected = call.expected()?;
    let update = Box::pin(auth::update_me(&call.session, expected, call.input));
    me_view(update.await?)
}

fn me_view(me: Me) -> Answer<Ok<MeView>> {
    Ok(Reply::ok(&MeView {
        user: user_view(me.user),
        permissions: me.permissions,
        account: me.account.map(AccountView::from),
    })?)
}

fn user_view(user: Found<UserRow>) -> Representation<UserView> {
    Representation::new::<Users>(user, false)
}

//! `/auth`: accounts, sign-in sessions, API keys and second factors.
mod api_keys;
mod sessions;
mod totp;

pub use api_keys::ApiKeyView;

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
        Accepted, Answer, BASE, Call, Created, CreatedOrAccepted, Is, JsonSchema, Kind, Nothing,
        Reply, Representation, Route, Serialize,
    },
    users::UserView,
};

pub fn routes() -> Vec<Route> {
    let account = vec![
        Route::new(Method::POST, &path("register"), |_| true, register)
            .or(Kind::Forbidden)
            .or(Kind::Conflict)
            .to_row(Arc::new(|session, _| {
                Box::pin(async { auth::may_register(session) })
            })),
        Route::new(Method::POST, &path("invite/accept"), |_| true, accept).or(Kind::Conflict),
        Route::new(
            Method::POST,
            &path("password"),
            has_session,
            change_password,
        ),
        Route::new(Method::POST, &path("password/forgot"), |_| true, forgot),
        Route::new(Method::POST, &path("password/reset"), |_| true, reset).signing_in(),
        Route::new(Method::POST, &path("email/verify"), |_| true, verify_email)
            .never_withheld()
            .or(Kind::Conflict),
        Route::new(
            Method::POST,
            &path("email/verify/resend"),
            has_session,
            resend,
        ),
        Route::new(Method::GET, &path("me"), is_user, me).never_withheld(),
        Route::new(
            Method::PATCH,
            &path("me"),
            |actor| Users::ruled(actor, Action::Update),
            update_me,
        )
        .or(Kind::Conflict)
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
        Registered::Now(user) => Reply::created::<Users>(*user)?,
        Registered::ByMail => Reply::accepted(),
    })
}

/// Registers a user who was invited.
async fn accept(call: Call<Acceptance>) -> Answer<Created<Users>> {
    let user = auth::accept(&call.session, call.input).await?;
    Ok(Reply::created::<Users>(user)?)
}

/// All other sessions of the user end.
async fn change_password(call: Call<PasswordChange>) -> Answer<Nothing> {
    auth::change_password(&call.session, &call.input).await?;
    Ok(Reply::no_content())
}

/// The response is the same whether or not the address belongs to a user.
async fn forgot(call: Call<Forgotten>) -> Answer<Accepted> {
    auth::forgot_password(&call.session, &call.input).await?;
    Ok(Reply::accepted())
}

/// All sessions of the user end.
async fn reset(call: Call<Reset>) -> Answer<Nothing> {
    auth::reset_password(&call.session, &call.input).await?;
    Ok(Reply::no_content())
}

/// The token identifies the user, who must also be signed in or send their password.
async fn verify_email(call: Call<Verification>) -> Answer<Nothing> {
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

async fn me(call: Call) -> Answer<Is<MeView>> {
    me_view(auth::me(&call.session).await?)
}

/// Changing the address needs `current_password`; with mail the new address takes effect once it is verified.
async fn update_me(call: Call<AccountPatch>) -> Answer<Is<MeView>> {
    let expected = call.expected()?;
    let update = Box::pin(auth::update_me(&call.session, expected, call.input));
    me_view(update.await?)
}

fn me_view(me: Me) -> Answer<Is<MeView>> {
    Ok(Reply::ok(&MeView {
        user: user_view(me.user),
        permissions: me.permissions,
        account: me.account.map(AccountView::from),
    })?)
}

fn user_view(user: Found<UserRow>) -> Representation<UserView> {
    Representation::of::<Users>(user, false)
}

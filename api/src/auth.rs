//! `/auth`
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
            &at("register"),
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
            &at("invite/accept"),
            |_| true,
            accept,
        )
        .fails_with(Kind::Conflict),
        Route::new(
            "change_password",
            Method::POST,
            &at("password"),
            signed_in,
            change_password,
        ),
        Route::new(
            "forgot",
            Method::POST,
            &at("password/forgot"),
            |_| true,
            forgot,
        ),
        Route::new(
            "reset",
            Method::POST,
            &at("password/reset"),
            |_| true,
            reset,
        )
        .as_sign_in(),
        Route::new(
            "verify_email",
            Method::POST,
            &at("email/verify"),
            |_| true,
            verify_email,
        )
        .allow_restricted()
        .fails_with(Kind::Conflict),
        Route::new(
            "resend",
            Method::POST,
            &at("email/verify/resend"),
            signed_in,
            resend,
        ),
        Route::new("me", Method::GET, &at("me"), known, me).allow_restricted(),
        Route::new(
            "update_me",
            Method::PATCH,
            &at("me"),
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

fn at(path: &str) -> String {
    format!("{BASE}/auth/{path}")
}

/// The id of a path that has one.
fn first(ids: &[i64]) -> i64 {
    ids.first().copied().unwrap_or_default()
}

fn known(actor: &Actor) -> bool {
    actor.user_id().is_some()
}

/// An API key manages no account.
fn signed_in(actor: &Actor) -> bool {
    actor
        .caller()
        .is_some_and(|caller| caller.credential.session().is_some())
}

/// No token comes with it: signing in is the next step. The new user is shown to its owner, unless mail is what tells
/// them: then the answer does not say whether the address was taken.
async fn register(call: Call<NewAccount>) -> Answer<CreatedOrAccepted<Users>> {
    Ok(match auth::register(&call.session, call.input).await? {
        Registered::Now(user) => Reply::created_row::<Users>(*user)?,
        Registered::ByMail => Reply::accepted(),
    })
}

/// As registering, for somebody who was invited.
async fn accept(call: Call<Acceptance>) -> Answer<CreatedRow<Users>> {
    let user = auth::accept(&call.session, call.input).await?;
    Ok(Reply::created_row::<Users>(user)?)
}

/// Every other session ends.
async fn change_password(call: Call<PasswordChange>) -> Answer<NoContent> {
    auth::change_password(&call.session, &call.input).await?;
    Ok(Reply::no_content())
}

/// The same for every address, whether somebody has it or not.
async fn forgot(call: Call<Forgotten>) -> Answer<Accepted> {
    auth::forgot_password(&call.session, &call.input).await?;
    Ok(Reply::accepted())
}

/// Every session ends.
async fn reset(call: Call<Reset>) -> Answer<NoContent> {
    auth::reset_password(&call.session, &call.input).await?;
    Ok(Reply::no_content())
}

/// The token says whose address it is. It counts with a sign-in of that user, or with their password.
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

/// An API key sees it only with a scope that covers `users.read.own`.
#[derive(JsonSchema, Serialize)]
struct AccountView {
    /// Whether the second factor is on.
    has_totp: bool,
    email_verified: bool,
    /// Takes the place of `email` once it is verified.
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
    show(auth::me(&call.session).await?)
}

/// Another address needs `current_password`, and with mail it takes effect once it is verified.
async fn update_me(call: Call<AccountPatch>) -> Answer<Ok<MeView>> {
    let expected = call.expected()?;
    let update = Box::pin(auth::update_me(&call.session, expected, call.input));
    show(update.await?)
}

fn show(me: Me) -> Answer<Ok<MeView>> {
    Ok(Reply::ok(&MeView {
        user: shown(me.user),
        permissions: me.permissions,
        account: me.account.map(AccountView::from),
    })?)
}

fn shown(user: Found<UserRow>) -> Representation<UserView> {
    Representation::new::<Users>(user, false)
}

//! `/auth`: accounts, sign-in sessions, API keys and second factors.
mod answer;
mod api_keys;
mod device;
mod of_user;
mod sessions;
mod totp;

pub use api_keys::ApiKeyView;
pub use sessions::SessionView;

use actix_web::HttpRequest;
use kernel::{Actor, Found};
use schemars::Schema;
use serde_json::Value;
use service::{
    identity::{
        self, AccountPatch, AccountState, ForgottenPassword, InvitationAcceptance, Me, NewAccount,
        PasswordChange, PasswordReset, Registered, TokenCheck, TokenEffect, Verification,
        one_time::Purpose,
    },
    users::UserRow,
};
use web::{AnswerPatch, Patched, Representation, Time, prelude::*};

use self::{
    answer::{Accepted, CreatedOrAccepted, accepted},
    device::with_device,
};
use crate::users::UserView;

pub fn routes() -> Vec<Route> {
    [
        sessions::routes(),
        api_keys::routes(),
        totp::routes(),
        of_user::routes(),
        registration(),
        secrets(),
        account(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn registration() -> Vec<Route> {
    let may_register = Rule::public()
        .on_rows(|session, _| Box::pin(async move { identity::may_register(session) }))
        .checked_by_operation();
    vec![
        Route::new(
            "register",
            Method::POST,
            "/auth/register",
            may_register,
            register,
        )
        .summary("Register an account")
        .about(
            "Creates an account. Its user then signs in with `POST /auth/login`. With mail, the answer is the same \
             whether or not the address is taken, and the owner of the address is told by \
             mail.",
        )
        .ignores_credentials()
        .fails_with(Kind::Forbidden)
        .fails_with(Kind::Conflict),
        Route::new(
            "accept_invitation",
            Method::POST,
            "/auth/invite/accept",
            Rule::public(),
            accept,
        )
        .summary("Accept an invitation")
        .about(
            "Creates the account of a person who was invited, with the token of the \
             invitation.",
        )
        .ignores_credentials()
        .fails_with(Kind::Conflict),
    ]
}

/// Passwords and addresses, which a mail can prove.
fn secrets() -> Vec<Route> {
    vec![
        Route::new(
            "check_one_time_token",
            Method::POST,
            "/auth/one-time-tokens/check",
            Rule::public(),
            check_token,
        )
        .summary("Check a one-time token")
        .about(
            "Tells what the token of an invitation or of a mail does, and whether it can still be used. It is not consumed.",
        )
        .ignores_credentials()
        .in_every_mode(),
        Route::new(
            "change_password",
            Method::POST,
            "/auth/password",
            signed_in(),
            change_password,
        )
        .summary("Change your password")
        .about("Changes the password of the caller. All other sessions end."),
        Route::new(
            "request_password_reset",
            Method::POST,
            "/auth/password/forgot",
            Rule::public(),
            forgot,
        )
        .summary("Request a password reset")
        .about(
            "Sends a link to reset the password, if the address belongs to a user. The \
             answer is the same whether or not it does.",
        )
        .ignores_credentials(),
        Route::new(
            "reset_password",
            Method::POST,
            "/auth/password/reset",
            Rule::public(),
            reset,
        )
        .summary("Reset a password")
        .about("Sets a new password with the token from a mail. All sessions of the user end.")
        .as_sign_in(),
        Route::new(
            "verify_email",
            Method::POST,
            "/auth/email/verify",
            Rule::public(),
            verify_email,
        )
        .summary("Verify an e-mail address")
        .about(
            "Verifies an address with the token from a mail. The caller is signed in as its \
             user, or sends the password.",
        )
        .allow_restricted()
        .fails_with(Kind::Conflict),
        Route::new(
            "resend_verification",
            Method::POST,
            "/auth/email/verify/resend",
            signed_in(),
            resend,
        )
        .summary("Resend the verification mail")
        .about("Resends the mail that verifies the caller's address."),
    ]
}

fn account() -> Vec<Route> {
    let may_update = Rule::action::<UserView>(Action::Update);
    vec![
        Route::new("get_account", Method::GET, "/auth/me", Rule::user(), me)
            .summary("Get your account")
            .about("Returns the caller's account, with its private fields and the permissions.")
            .allow_restricted()
            .reserved(),
        Route::new(
            "update_account",
            Method::PATCH,
            "/auth/me",
            may_update,
            update_me,
        )
        .summary("Update your account")
        .about(
            "Changes the account of the caller. Another address needs `current_password`, \
             and with mail it takes effect once it is verified.",
        )
        .reserved()
        .fails_with(Kind::Conflict)
        .conditional(),
    ]
}

/// Returns the id in a path that has one.
fn first_id(ids: &[i64]) -> i64 {
    ids.first().copied().unwrap_or_default()
}

/// API keys cannot manage the account, so the caller needs a sign-in session.
fn signed_in() -> Rule {
    Rule::when(has_session)
}

pub fn has_session(actor: &Actor) -> bool {
    actor
        .caller()
        .is_some_and(|caller| caller.credential.session().is_some())
}

/// The response has no token: the client signs in next. It shows the new user, unless mail is on: then it must not reveal
/// whether the address is taken, and the owner is told by mail.
async fn register(call: Call<NewAccount>) -> Answer<CreatedOrAccepted<UserView>> {
    Ok(match identity::register(&call.session, call.input).await? {
        Registered::Now(user) => Reply::created_row::<UserView>(*user)?,
        Registered::ByMail => accepted(),
    })
}

/// Registers a user who was invited.
async fn accept(call: Call<InvitationAcceptance>) -> Answer<CreatedRow<UserView>> {
    let user = identity::accept(&call.session, call.input).await?;
    Ok(Reply::created_row::<UserView>(user)?)
}

/// The effect of a token that was not used yet. `purpose` names the route that uses it.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "OneTimeToken")]
struct TokenView {
    purpose: TokenPurpose,
    expires_at: Time,
    /// The account that an invitation creates; null for other tokens.
    account: Option<InvitedAccountView>,
}

/// The use of a one-time token.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
enum TokenPurpose {
    AcceptInvitation,
    ResetPassword,
    VerifyEmail,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "InvitedAccount")]
struct InvitedAccountView {
    is_superuser: bool,
    roles: Vec<String>,
    /// The address that the account must have; null if it may have any.
    email: Option<String>,
}

impl From<TokenEffect> for TokenView {
    fn from(effect: TokenEffect) -> Self {
        Self {
            purpose: match effect.purpose {
                Purpose::Invite | Purpose::InviteSuperuser | Purpose::FirstRun => {
                    TokenPurpose::AcceptInvitation
                }
                Purpose::Reset => TokenPurpose::ResetPassword,
                Purpose::Verify | Purpose::Address => TokenPurpose::VerifyEmail,
            },
            expires_at: effect.expires_at.into(),
            account: effect.account.map(|account| InvitedAccountView {
                is_superuser: account.is_superuser,
                roles: account.roles,
                email: account.email,
            }),
        }
    }
}

/// Tells what a one-time token does, and does not consume it. A token that cannot be used now is refused, with the same error
/// for every reason.
async fn check_token(call: Call<TokenCheck>) -> Answer<Ok<TokenView>> {
    let effect = identity::check_token(&call.session, &call.input).await?;
    Ok(Reply::ok(&TokenView::from(effect))?)
}

/// All other sessions of the user end.
async fn change_password(call: Call<PasswordChange>) -> Answer<NoContent> {
    identity::change_password(&call.session, &call.input).await?;
    Ok(Reply::no_content())
}

/// The response is the same whether or not the address belongs to a user.
async fn forgot(call: Call<ForgottenPassword>) -> Answer<Accepted> {
    identity::forgot_password(&call.session, &call.input).await?;
    Ok(accepted())
}

/// All sessions of the user end.
async fn reset(call: Call<PasswordReset>) -> Answer<NoContent> {
    identity::reset_password(&call.session, &call.input).await?;
    Ok(Reply::no_content())
}

/// The token identifies the user, who must also be signed in or send their password.
async fn verify_email(call: Call<Verification>, request: HttpRequest) -> Answer<NoContent> {
    let session = with_device(call.session, &request);
    identity::verify_email(&session, &call.input).await?;
    Ok(Reply::no_content())
}

async fn resend(call: Call) -> Answer<Accepted> {
    identity::resend_verification(&call.session).await?;
    Ok(accepted())
}

/// The caller.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Account", transform = remove_deleted_at)]
struct MeView {
    #[serde(flatten)]
    user: Representation<UserView>,
    permissions: Vec<String>,
    #[serde(flatten)]
    account: Option<AccountView>,
}

/// Removes the member that only lists of deleted rows show.
fn remove_deleted_at(account: &mut Schema) {
    if let Some(Value::Object(properties)) = account.get_mut("properties") {
        properties.remove("deleted_at");
    }
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
    me_view(identity::me(&call.session).await?)
}

/// Another address needs `current_password`, and with mail it takes effect once it is verified.
async fn update_me(call: Call<AnswerPatch<MeView, AccountPatch>>) -> Answer<Ok<MeView>> {
    let expected = call.expected()?;
    let Patched { patch, row } = call.input.sent;
    let expected = row.expected(expected)?;
    if row.has_read_only() {
        let me = identity::me(&call.session).await?;
        expected.check(me.user.state.version)?;
        row.compare(&MeView::from(me))?;
    }
    let update = Box::pin(identity::update_me(&call.session, expected, patch));
    me_view(update.await?)
}

fn me_view(me: Me) -> Answer<Ok<MeView>> {
    Ok(Reply::ok(&MeView::from(me))?)
}

impl From<Me> for MeView {
    fn from(me: Me) -> Self {
        Self {
            user: user_view(me.user),
            permissions: me.permissions,
            account: me.account.map(AccountView::from),
        }
    }
}

fn user_view(user: Found<UserRow>) -> Representation<UserView> {
    Representation::new(user, false)
}

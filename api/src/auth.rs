//! `/auth`
use actix_web::http::Method;
use secrecy::ExposeSecret;
use service::{
    Actor, Found, Users,
    auth::{
        self, AccountPatch, Credentials, Forgotten, Me, NewAccount, PasswordChange, Registered,
        Reset, SignIn, Verification,
    },
    crud::Crud,
    permission::Action,
    users::UserRow,
};

use crate::{
    http::{
        Accepted, Answer, BASE, Call, CreatedOrAccepted, Is, JsonSchema, Kind, Nothing, Reply,
        Representation, Route, Serialize, Time,
    },
    users::UserView,
};

pub fn routes() -> Vec<Route> {
    let at = |path: &str| format!("{BASE}/auth/{path}");
    vec![
        Route::new(Method::POST, &at("register"), |_| true, register)
            .or(Kind::Forbidden)
            .or(Kind::Conflict),
        Route::new(Method::POST, &at("login"), |_| true, login),
        Route::new(Method::POST, &at("logout"), signed_in, logout),
        Route::new(Method::POST, &at("password"), signed_in, change_password),
        Route::new(Method::POST, &at("password/forgot"), |_| true, forgot),
        Route::new(Method::POST, &at("password/reset"), |_| true, reset),
        Route::new(Method::POST, &at("email/verify"), |_| true, verify_email).or(Kind::Conflict),
        Route::new(Method::POST, &at("email/verify/resend"), signed_in, resend),
        Route::new(Method::GET, &at("me"), signed_in, me),
        Route::new(
            Method::PATCH,
            &at("me"),
            |actor| Users::ruled(actor, Action::Update),
            update_me,
        )
        .or(Kind::Conflict)
        .conditional(),
    ]
}

fn signed_in(actor: &Actor) -> bool {
    actor.user_id().is_some()
}

/// No token comes with it: signing in is the next step. The new user is shown to its owner, unless mail is what tells
/// them: then the answer does not say whether the address was taken.
async fn register(call: Call<NewAccount>) -> Answer<CreatedOrAccepted<Users>> {
    Ok(match auth::register(&call.session, call.input).await? {
        Registered::Now(user) => Reply::created::<Users>(*user)?,
        Registered::ByMail => Reply::accepted(),
    })
}

#[derive(JsonSchema, Serialize)]
struct SignInView {
    token: String,
    token_type: &'static str,
    expires_at: Time,
    user: Representation<UserView>,
}

async fn login(call: Call<Credentials>) -> Answer<Is<SignInView>> {
    let SignIn {
        token,
        expires_at,
        user,
    } = auth::login(&call.session, &call.input).await?;
    Ok(Reply::ok(&SignInView {
        token: token.expose_secret().to_owned(),
        token_type: "Bearer",
        expires_at: expires_at.into(),
        user: shown(user),
    })?)
}

async fn logout(call: Call) -> Answer<Nothing> {
    auth::logout(&call.session).await?;
    Ok(Reply::no_content())
}

/// Every other session ends.
async fn change_password(call: Call<PasswordChange>) -> Answer<Nothing> {
    auth::change_password(&call.session, &call.input).await?;
    Ok(Reply::no_content())
}

/// The same for every address, whether somebody has it or not.
async fn forgot(call: Call<Forgotten>) -> Answer<Accepted> {
    auth::forgot_password(&call.session, &call.input).await?;
    Ok(Reply::accepted())
}

/// Every session ends.
async fn reset(call: Call<Reset>) -> Answer<Nothing> {
    auth::reset_password(&call.session, &call.input).await?;
    Ok(Reply::no_content())
}

/// The token says whose address it is.
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
    email_verified: bool,
    /// Takes the place of `email` once it is verified.
    pending_email: Option<String>,
}

async fn me(call: Call) -> Answer<Is<MeView>> {
    show(auth::me(&call.session).await?)
}

/// Another address needs `current_password`, and with mail it takes effect once it is verified.
async fn update_me(call: Call<AccountPatch>) -> Answer<Is<MeView>> {
    let expected = call.expected()?;
    show(auth::update_me(&call.session, expected, call.input).await?)
}

fn show(me: Me) -> Answer<Is<MeView>> {
    Ok(Reply::ok(&MeView {
        user: shown(me.user),
        permissions: me.permissions,
        email_verified: me.is_email_verified,
        pending_email: me.pending_email,
    })?)
}

fn shown(user: Found<UserRow>) -> Representation<UserView> {
    Representation::of::<Users>(user, false)
}

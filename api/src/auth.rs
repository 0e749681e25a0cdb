//! `/auth`
use actix_web::http::Method;
use secrecy::ExposeSecret;
use service::{
    Actor, Found, Users,
    auth::{self, Credentials, Me, NewAccount, PasswordChange, SignIn},
    crud::{Crud, Target},
    permission::Action,
    users::{UserPatch, UserRow},
};

use crate::{
    http::{
        Answer, BASE, Call, Created, Is, JsonSchema, Kind, Nothing, Reply, Representation, Route,
        Serialize, Time, device_cookie,
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

/// No token comes with it: signing in is the next step. The new user is shown to its owner.
async fn register(call: Call<NewAccount>) -> Answer<Created<Users>> {
    let user = auth::register(&call.session, call.input).await?;
    Ok(Reply::created::<Users>(user)?)
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
        device,
    } = auth::login(&call.session, &call.input).await?;
    Ok(Reply::ok(&SignInView {
        token: token.expose_secret().to_owned(),
        token_type: "Bearer",
        expires_at: expires_at.into(),
        user: shown(user),
    })?
    .with_cookie(&device_cookie(&device)))
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

#[derive(JsonSchema, Serialize)]
struct MeView {
    #[serde(flatten)]
    user: Representation<UserView>,
    permissions: Vec<String>,
}

async fn me(call: Call) -> Answer<Is<MeView>> {
    show(auth::me(&call.session).await?)
}

async fn update_me(call: Call<UserPatch>) -> Answer<Is<MeView>> {
    let expected = call.expected()?;
    let me = auth::me(&call.session).await?;
    let target = Target {
        id: me.user.id,
        expected,
    };
    let user = call
        .session
        .write(async |tx| Users::update(tx, target.clone(), &call.input).await)
        .await?;
    show(Me { user, ..me })
}

fn show(Me { user, permissions }: Me) -> Answer<Is<MeView>> {
    Ok(Reply::ok(&MeView {
        user: shown(user),
        permissions,
    })?)
}

fn shown(user: Found<UserRow>) -> Representation<UserView> {
    Representation::of::<Users>(user, false)
}

//! `/auth`
mod api_keys;
mod sessions;
mod totp;

use actix_web::http::Method;
use service::{
    Actor, Found, Users,
    auth::{self, Me, NewAccount, PasswordChange},
    crud::{Crud, Target},
    permission::Action,
    users::{UserPatch, UserRow},
};

use crate::{
    http::{
        Answer, BASE, Call, Created, Is, JsonSchema, Kind, Nothing, Reply, Representation, Route,
        Serialize,
    },
    users::UserView,
};

pub fn routes() -> Vec<Route> {
    let account = vec![
        Route::new(Method::POST, &at("register"), |_| true, register)
            .or(Kind::Forbidden)
            .or(Kind::Conflict),
        Route::new(Method::POST, &at("password"), signed_in, change_password),
        Route::new(Method::GET, &at("me"), known, me).never_withheld(),
        Route::new(
            Method::PATCH,
            &at("me"),
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

fn at(path: &str) -> String {
    format!("{BASE}/auth/{path}")
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

/// No token comes with it: signing in is the next step. The new user is shown to its owner.
async fn register(call: Call<NewAccount>) -> Answer<Created<Users>> {
    let user = auth::register(&call.session, call.input).await?;
    Ok(Reply::created::<Users>(user)?)
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
    /// Whether the second factor is on.
    has_totp: bool,
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

fn show(me: Me) -> Answer<Is<MeView>> {
    Ok(Reply::ok(&MeView {
        user: shown(me.user),
        permissions: me.permissions,
        has_totp: me.has_totp,
    })?)
}

fn shown(user: Found<UserRow>) -> Representation<UserView> {
    Representation::of::<Users>(user, false)
}

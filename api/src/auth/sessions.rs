//! `/auth`: how sign-in sessions begin, go on, and end.
use std::sync::Arc;

use actix_web::{HttpRequest, http::Method, web::Data};
use secrecy::{ExposeSecret, SecretString};
use service::{
    Atoll,
    auth::{self, Credentials, Device, Hold, RefreshToken, SignIn},
};

use super::{at, first, shown, signed_in};
use crate::{
    http::{
        Answer, Call, JsonSchema, KeepCurrent, Kind, NoBody, NoContent, Ok, Origins, Problem,
        Reply, Representation, Route, Serialize, Time, check_origin, cookie, device_cookie,
    },
    users::UserView,
};

pub fn routes() -> Vec<Route> {
    vec![
        Route::new("login", Method::POST, &at("login"), |_| true, login).as_sign_in(),
        Route::new("refresh", Method::POST, &at("refresh"), |_| true, refresh).as_sign_in(),
        Route::new(
            "open_cookie",
            Method::POST,
            &at("cookie"),
            |_| true,
            open_cookie,
        )
        .as_sign_in()
        .fails_with(Kind::Forbidden),
        Route::new(
            "show_cookie",
            Method::GET,
            &at("cookie"),
            signed_in,
            show_cookie,
        )
        .fails_with(Kind::NotFound)
        .allow_restricted(),
        Route::new("logout", Method::POST, &at("logout"), signed_in, logout).allow_restricted(),
        Route::new("list", Method::GET, &at("sessions"), signed_in, list)
            .allow_restricted()
            .link_to(200, ("auth", "end"), "$response.body#/data/0/id"),
        Route::new(
            "end_all",
            Method::DELETE,
            &at("sessions"),
            signed_in,
            end_all,
        )
        .allow_restricted(),
        Route::new("end", Method::DELETE, &at("sessions/{id}"), signed_in, end)
            .allow_restricted()
            .row_rule(Arc::new(|session, ids| {
                Box::pin(auth::has_session(session, first(ids)))
            })),
    ]
}

#[derive(JsonSchema, Serialize)]
struct SignInView {
    token: String,
    token_type: &'static str,
    /// When the token ends; the other is exchanged for new ones before.
    expires_at: Time,
    /// Of use once.
    refresh_token: String,
    user: Representation<UserView>,
}

impl SignInView {
    fn of(SignIn { tokens, user, .. }: SignIn) -> Self {
        let text = |token: &SecretString| token.expose_secret().to_owned();
        let refresh = tokens.refresh.as_ref();
        Self {
            token: text(&tokens.access.text),
            token_type: "Bearer",
            expires_at: tokens.expires_at.into(),
            refresh_token: refresh.map(|token| text(&token.text)).unwrap_or_default(),
            user: shown(user),
        }
    }
}

async fn login(call: Call<Credentials>) -> Answer<Ok<SignInView>> {
    let mut signed_in = auth::login(&call.session, &call.input, Hold::Renewed).await?;
    let device = signed_in.device.take();
    let device = device.as_ref().map(device_cookie);
    Ok(Reply::ok(&SignInView::of(signed_in))?.with_cookie(device))
}

async fn refresh(call: Call<RefreshToken>) -> Answer<Ok<SignInView>> {
    let renewed = auth::refresh(&call.session, &call.input).await?;
    Ok(Reply::ok(&SignInView::of(renewed))?)
}

#[derive(JsonSchema, Serialize)]
struct CookieView {
    /// To be sent as `X-CSRF-Token` with each request that changes something.
    csrf_token: String,
}

#[derive(JsonSchema, Serialize)]
struct CookieSignInView {
    #[serde(flatten)]
    cookie: CookieView,
    expires_at: Time,
    user: Representation<UserView>,
}

/// For pages in a browser: the token comes as a cookie that scripts cannot read. A session of before ends.
async fn open_cookie(
    call: Call<Credentials>,
    request: HttpRequest,
    origins: Data<Origins>,
) -> Answer<Ok<CookieSignInView>> {
    check_origin(&request, &origins)?;
    let SignIn {
        tokens,
        user,
        device,
    } = auth::login(&call.session, &call.input, Hold::Kept).await?;
    if let Some(before) = cookie::read(&request) {
        auth::end_replaced(&call.session, &before).await?;
    }
    let (token, until) = (&tokens.access.text, tokens.expires_at.into());
    let view = CookieSignInView {
        cookie: view(&call.session.atoll, token).await?,
        expires_at: until,
        user: shown(user),
    };
    let device = device.as_ref().map(device_cookie);
    Ok(Reply::ok(&view)?
        .with_session_cookie(token, until)
        .with_cookie(device))
}

/// For a page that was loaded again.
async fn show_cookie(call: Call, request: HttpRequest) -> Answer<Ok<CookieView>> {
    let cookie = cookie::read(&request).ok_or_else(Problem::not_found)?;
    Ok(Reply::ok(&view(&call.session.atoll, &cookie).await?)?)
}

async fn view(atoll: &Atoll, cookie: &SecretString) -> Result<CookieView, Problem> {
    let csrf_token = auth::csrf_token(atoll, cookie).await?;
    Ok(CookieView { csrf_token })
}

/// Ends the session of the token, and that of a cookie beside it.
async fn logout(call: Call, request: HttpRequest) -> Answer<NoContent> {
    auth::logout(&call.session).await?;
    if let Some(cookie) = cookie::read(&request) {
        auth::end_replaced(&call.session, &cookie).await?;
    }
    Ok(Reply::no_content().without_session_cookie())
}

#[derive(JsonSchema, Serialize)]
struct Sessions {
    data: Vec<SessionView>,
}

/// Where one is signed in.
#[derive(JsonSchema, Serialize)]
struct SessionView {
    id: i64,
    /// What the client said that it is.
    label: Option<String>,
    created_at: Time,
    /// To the minute.
    last_used_at: Time,
    /// At the latest.
    expires_at: Time,
    /// Whether this is the session that asks.
    is_current: bool,
}

impl From<Device> for SessionView {
    fn from(device: Device) -> Self {
        Self {
            id: device.id,
            label: device.label,
            created_at: device.created_at.into(),
            last_used_at: device.last_used_at.into(),
            expires_at: device.expires_at.into(),
            is_current: device.is_current,
        }
    }
}

/// At most 100, the last used first.
async fn list(call: Call) -> Answer<Ok<Sessions>> {
    let sessions = auth::sessions(&call.session).await?;
    let data = sessions.into_iter().map(SessionView::from).collect();
    Ok(Reply::ok(&Sessions { data })?)
}

/// Signs out everywhere, here too unless `keep_current=true`.
async fn end_all(call: Call<NoBody, KeepCurrent>) -> Answer<NoContent> {
    auth::end_all_sessions(&call.session, call.query.0).await?;
    Ok(Reply::no_content())
}

async fn end(call: Call) -> Answer<NoContent> {
    auth::end_session(&call.session, call.id()).await?;
    Ok(Reply::no_content())
}

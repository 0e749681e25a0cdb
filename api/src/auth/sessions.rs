//! `/auth`: sign-in sessions, from login to logout.
use std::sync::Arc;

use actix_web::{HttpRequest, http::Method, web::Data};
use secrecy::{ExposeSecret, SecretString};
use service::{
    Kernel,
    auth::{self, Credentials, RefreshToken, SessionRow, Sessions, SignIn, TokenMode},
};

use super::{first_id, has_session, path, user_view};
use crate::{
    http::{
        Answer, Call, JsonSchema, KeepCurrent, Kind, ListParams, Listed, NoBody, NoContent, Ok,
        Origins, Page, Problem, Reply, Representation, Route, Serialize, Time, check_origin,
        cookie, device_cookie,
    },
    users::UserView,
};

pub fn routes() -> Vec<Route> {
    vec![
        Route::new("login", Method::POST, &path("login"), |_| true, login).as_sign_in(),
        Route::new("refresh", Method::POST, &path("refresh"), |_| true, refresh).as_sign_in(),
        Route::new(
            "open_cookie",
            Method::POST,
            &path("cookie"),
            |_| true,
            open_cookie,
        )
        .as_sign_in()
        .fails_with(Kind::Forbidden),
        Route::new(
            "show_cookie",
            Method::GET,
            &path("cookie"),
            has_session,
            show_cookie,
        )
        .fails_with(Kind::NotFound)
        .allow_restricted(),
        Route::new("logout", Method::POST, &path("logout"), has_session, logout).allow_restricted(),
        Route::new("list", Method::GET, &path("sessions"), has_session, list)
            .allow_restricted()
            .link_to(200, ("auth", "end"), "$response.body#/data/0/id"),
        Route::new(
            "end_all",
            Method::DELETE,
            &path("sessions"),
            has_session,
            end_all,
        )
        .allow_restricted(),
        Route::new(
            "end",
            Method::DELETE,
            &path("sessions/{id}"),
            has_session,
            end,
        )
        .allow_restricted()
        .row_rule(Arc::new(|session, ids| {
            Box::pin(auth::has_session(session, first_id(ids)))
        })),
    ]
}

#[derive(JsonSchema, Serialize)]
struct SignInView {
    token: String,
    token_type: &'static str,
    /// When `token` expires; exchange `refresh_token` for new tokens before then.
    expires_at: Time,
    /// Valid once.
    refresh_token: String,
    user: Representation<UserView>,
}

impl From<SignIn> for SignInView {
    fn from(SignIn { tokens, user, .. }: SignIn) -> Self {
        let text = |token: &SecretString| token.expose_secret().to_owned();
        let refresh = tokens.refresh.as_ref();
        Self {
            token: text(&tokens.access.text),
            token_type: "Bearer",
            expires_at: tokens.expires_at.into(),
            refresh_token: refresh.map(|token| text(&token.text)).unwrap_or_default(),
            user: user_view(user),
        }
    }
}

async fn login(call: Call<Credentials>) -> Answer<Ok<SignInView>> {
    let mut signed_in = auth::login(&call.session, &call.input, TokenMode::Refreshable).await?;
    let device = signed_in.device.take();
    let device = device.as_ref().map(device_cookie);
    Ok(Reply::ok(&SignInView::from(signed_in))?.with_cookie(device))
}

async fn refresh(call: Call<RefreshToken>) -> Answer<Ok<SignInView>> {
    let renewed = auth::refresh(&call.session, &call.input).await?;
    Ok(Reply::ok(&SignInView::from(renewed))?)
}

#[derive(JsonSchema, Serialize)]
struct CookieView {
    /// Send this as `X-CSRF-Token` with each request that changes something.
    csrf_token: String,
}

#[derive(JsonSchema, Serialize)]
struct CookieSignInView {
    #[serde(flatten)]
    cookie: CookieView,
    expires_at: Time,
    user: Representation<UserView>,
}

/// Signs in a page in a browser: the token is set as a cookie that scripts cannot read. An earlier session of the cookie ends.
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
    } = auth::login(&call.session, &call.input, TokenMode::Cookie).await?;
    if let Some(before) = cookie::read(&request) {
        auth::end_replaced(&call.session, &before).await?;
    }
    let (token, until) = (&tokens.access.text, tokens.expires_at.into());
    let view = CookieSignInView {
        cookie: cookie_view(&call.session.kernel, token).await?,
        expires_at: until,
        user: user_view(user),
    };
    let device = device.as_ref().map(device_cookie);
    Ok(Reply::ok(&view)?
        .with_session_cookie(token, until)
        .with_cookie(device))
}

/// Returns the CSRF token to a page that was reloaded.
async fn show_cookie(call: Call, request: HttpRequest) -> Answer<Ok<CookieView>> {
    let cookie = cookie::read(&request).ok_or_else(Problem::not_found)?;
    Ok(Reply::ok(
        &cookie_view(&call.session.kernel, &cookie).await?,
    )?)
}

async fn cookie_view(kernel: &Kernel, cookie: &SecretString) -> Result<CookieView, Problem> {
    let csrf_token = auth::csrf_token(kernel, cookie).await?;
    Ok(CookieView { csrf_token })
}

/// Ends the session of the token, and that of the cookie if one is sent too.
async fn logout(call: Call, request: HttpRequest) -> Answer<NoContent> {
    auth::logout(&call.session).await?;
    if let Some(cookie) = cookie::read(&request) {
        auth::end_replaced(&call.session, &cookie).await?;
    }
    Ok(Reply::no_content().without_session_cookie())
}

/// A sign-in session of the user.
#[derive(JsonSchema, Serialize)]
pub struct SessionView {
    /// The name that the client gave itself.
    label: Option<String>,
    /// Accurate to the minute.
    last_used_at: Time,
    /// When the session ends at the latest; it may end earlier.
    expires_at: Time,
    /// Whether this session sent the request.
    is_current: bool,
}

impl From<SessionRow> for SessionView {
    fn from(
        SessionRow {
            session,
            is_current,
        }: SessionRow,
    ) -> Self {
        Self {
            label: session.label,
            last_used_at: session.last_used_at.into(),
            expires_at: session.expires_at.into(),
            is_current,
        }
    }
}

impl Listed for Sessions {
    type View = SessionView;
}

async fn list(call: Call<NoBody, ListParams<Sessions>>) -> Answer<Page<Sessions>> {
    let query = &call.query.0;
    let page = auth::list_sessions(&call.session, query).await?;
    call.page(page, query).await
}

/// Ends all sessions, the current one too unless `keep_current=true`.
async fn end_all(call: Call<NoBody, KeepCurrent>) -> Answer<NoContent> {
    auth::end_all_sessions(&call.session, call.query.0).await?;
    Ok(Reply::no_content())
}

async fn end(call: Call) -> Answer<NoContent> {
    auth::end_session(&call.session, call.id()).await?;
    Ok(Reply::no_content())
}

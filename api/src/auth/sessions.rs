//! `/auth`: sign-in sessions, from login to logout.
use actix_web::{HttpRequest, web::Data};
use kernel::{
    Error, Kernel, Registry,
    query::{Parameter, Parameters},
};
use secrecy::{ExposeSecret, SecretString};
use service::identity::{self, Credentials, RefreshToken, SessionRow, Sessions, SignIn, TokenMode};
use web::{
    Application, Origins, Problem, Query, Representation, check_origin, cookie::HostCookie,
    prelude::*,
};

use super::{
    device::{device_cookie, with_device},
    first_id, signed_in, user_view,
};
use crate::users::UserView;

pub fn routes() -> Vec<Route> {
    let (cookie, sessions) = ("/auth/cookie", "/auth/sessions");
    let owns_session = signed_in()
        .on_rows(|session, ids| Box::pin(identity::has_session(session, first_id(ids))))
        .checked_by_operation();
    vec![
        Route::new("login", Method::POST, "/auth/login", Rule::public(), login)
            .summary("Sign in")
            .about(
                "Signs in with a username or an address, and a password; `otp` is a code of \
                 the second factor, if it is on. Send the `token` as `Authorization: Bearer …`.",
            )
            .about_tag(
                "Accounts: registration, sign-in, your own account, API keys and the second \
                 factor.",
            )
            .as_sign_in()
            .reserved(),
        Route::new(
            "refresh",
            Method::POST,
            "/auth/refresh",
            Rule::public(),
            refresh,
        )
        .summary("Refresh the tokens")
        .about("Exchanges a refresh token, which is valid once, for new tokens.")
        .as_sign_in()
        .reserved(),
        Route::new(
            "sign_in_with_cookie",
            Method::POST,
            cookie,
            Rule::public(),
            open_cookie,
        )
        .summary("Sign in with a cookie")
        .about(
            "Signs in a page in a browser: the token becomes a cookie that scripts cannot \
             read. Requests that change something send `csrf_token` as `X-CSRF-Token`.",
        )
        .as_sign_in()
        .reserved()
        .fails_with(Kind::Forbidden),
        Route::new(
            "get_csrf_token",
            Method::GET,
            cookie,
            signed_in(),
            show_cookie,
        )
        .summary("Get the CSRF token")
        .about("Returns the CSRF token of the cookie to a page that was reloaded.")
        .fails_with(Kind::NotFound)
        .allow_restricted()
        .reserved(),
        Route::new("logout", Method::POST, "/auth/logout", signed_in(), logout)
            .summary("Sign out")
            .about("Ends the session of the token, and that of the cookie if one is sent.")
            .allow_restricted(),
        Route::new("list_sessions", Method::GET, sessions, signed_in(), list)
            .summary("List your sessions")
            .about("Returns one page of the sign-in sessions of the caller.")
            .allow_restricted()
            .link_to(200, ("auth", "end_session"), "$response.body#/data/0/id"),
        Route::new(
            "end_sessions",
            Method::DELETE,
            sessions,
            signed_in(),
            end_all,
        )
        .summary("End your sessions")
        .about(
            "Ends all sessions of the caller; `keep_current=true` spares the one that sends \
             the request.",
        )
        .allow_restricted(),
        Route::new(
            "end_session",
            Method::DELETE,
            "/auth/sessions/{id}",
            owns_session,
            end,
        )
        .summary("End a session")
        .about("Ends one session of the caller.")
        .allow_restricted(),
    ]
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "SignIn")]
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

async fn login(call: Call<Credentials>, request: HttpRequest) -> Answer<Ok<SignInView>> {
    let session = with_device(call.session, &request);
    let mut signed_in = identity::login(&session, &call.input, TokenMode::Refreshable).await?;
    let device = signed_in.device.take();
    let reply = Reply::ok(&SignInView::from(signed_in))?;
    Ok(remember_device(reply, device.as_ref(), &request))
}

fn remember_device<A>(
    reply: Reply<A>,
    device: Option<&SecretString>,
    request: &HttpRequest,
) -> Reply<A> {
    match device {
        Some(device) => reply.with_cookie(&device_cookie(device, request)),
        None => reply,
    }
}

/// Returns the cookie that keeps browsers of this server signed in.
fn session_cookie(request: &HttpRequest) -> Result<HostCookie, Problem> {
    let application = request.app_data::<Data<dyn Application>>();
    let cookie = application.and_then(|application| application.session_cookie());
    Ok(cookie.ok_or_else(|| Error::bug("the application has no session cookie"))?)
}

async fn refresh(call: Call<RefreshToken>) -> Answer<Ok<SignInView>> {
    let renewed = identity::refresh(&call.session, &call.input).await?;
    Ok(Reply::ok(&SignInView::from(renewed))?)
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CsrfToken")]
struct CookieView {
    /// Send this as `X-CSRF-Token` with each request that changes something.
    csrf_token: String,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CookieSignIn")]
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
    let session = with_device(call.session, &request);
    let SignIn {
        tokens,
        user,
        device,
    } = identity::login(&session, &call.input, TokenMode::Cookie).await?;
    let session_cookie = session_cookie(&request)?;
    if let Some(before) = session_cookie.read(&request) {
        identity::end_replaced(&session, &before).await?;
    }
    let (token, until) = (&tokens.access.text, tokens.expires_at.into());
    let view = CookieSignInView {
        cookie: cookie_view(&session.kernel, token).await?,
        expires_at: until,
        user: user_view(user),
    };
    let reply = Reply::ok(&view)?.with_cookie(&session_cookie.until(token, until));
    Ok(remember_device(reply, device.as_ref(), &request))
}

/// Returns the CSRF token to a page that was reloaded.
async fn show_cookie(call: Call, request: HttpRequest) -> Answer<Ok<CookieView>> {
    let cookie = session_cookie(&request)?.read(&request);
    let cookie = cookie.ok_or_else(Problem::not_found)?;
    Ok(Reply::ok(
        &cookie_view(&call.session.kernel, &cookie).await?,
    )?)
}

async fn cookie_view(kernel: &Kernel, cookie: &SecretString) -> Result<CookieView, Problem> {
    let csrf_token = identity::csrf_token(kernel, cookie).await?;
    Ok(CookieView { csrf_token })
}

/// Ends the session of the token, and that of the cookie if one is sent too.
async fn logout(call: Call, request: HttpRequest) -> Answer<NoContent> {
    identity::logout(&call.session).await?;
    let session_cookie = session_cookie(&request)?;
    if let Some(cookie) = session_cookie.read(&request) {
        identity::end_replaced(&call.session, &cookie).await?;
    }
    Ok(Reply::no_content().with_cookie(&session_cookie.removal()))
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

impl Resource for SessionView {
    type Service = Sessions;

    fn show(row: SessionRow) -> Self {
        let SessionRow {
            session,
            is_current,
        } = row;
        Self {
            label: session.label,
            last_used_at: session.last_used_at.into(),
            expires_at: session.expires_at.into(),
            is_current,
        }
    }
}

async fn list(call: Call<NoBody, ListParams<Sessions>>) -> Answer<Page<SessionView>> {
    let query = &call.query.0;
    let page = identity::list_sessions(&call.session, query).await?;
    call.page(page, query).await
}

/// `keep_current=true`, which spares the session that sends the request.
#[derive(Debug, Default)]
struct KeepCurrent(bool);

impl Query for KeepCurrent {
    fn parameters(_: &Registry) -> Parameters<Self> {
        Parameters::new([Parameter::boolean(
            "keep_current",
            "Whether to keep the session that sends the request.",
            |query: &mut Self, keeps| query.0 = keeps,
        )
        .default(false)])
    }
}

/// Ends all sessions, the current one too unless `keep_current=true`.
async fn end_all(call: Call<NoBody, KeepCurrent>) -> Answer<NoContent> {
    identity::end_all_sessions(&call.session, call.query.0).await?;
    Ok(Reply::no_content())
}

async fn end(call: Call) -> Answer<NoContent> {
    identity::end_session(&call.session, call.id()).await?;
    Ok(Reply::no_content())
}

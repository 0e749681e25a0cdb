//! The pages that links in mail and on the command line open: create an account, verify an e-mail address, set a password.
//!
//! The token of a link is behind its `#`: browsers do not send that part, so no server or proxy logs it.
use actix_web::http::Method;

use crate::{
    asset::{Asset, CSS, HTML, JAVASCRIPT},
    http::Route,
};

/// Pages may load scripts and styles from this server only, and send requests to it only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub fn routes() -> Vec<Route> {
    vec![
        Route::new("welcome", Method::GET, "/welcome", |_| true, welcome),
        Route::new("verify", Method::GET, "/account/verify", |_| true, verify),
        Route::new("reset", Method::GET, "/account/reset", |_| true, reset),
        Route::new("script", Method::GET, "/account/form.js", |_| true, script),
        Route::new("style", Method::GET, "/account/form.css", |_| true, style),
    ]
}

async fn welcome() -> Asset {
    Asset::new(HTML, POLICY, include_str!("welcome.html"))
}

async fn verify() -> Asset {
    Asset::new(HTML, POLICY, include_str!("verify.html"))
}

async fn reset() -> Asset {
    Asset::new(HTML, POLICY, include_str!("reset.html"))
}

async fn script() -> Asset {
    Asset::new(JAVASCRIPT, POLICY, include_str!("form.js"))
}

async fn style() -> Asset {
    Asset::new(CSS, POLICY, include_str!("form.css"))
}

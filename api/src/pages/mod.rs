//! The few pages that links lead to: to make an account, to show that an address is one's own, to set a password.
//!
//! What a link carries stands behind its `#`: browsers send that to nobody, so no server and no proxy logs it.
use actix_web::http::Method;

use crate::{
    asset::{Asset, CSS, HTML, JAVASCRIPT},
    http::Route,
};

/// Scripts, styles and requests from and to here alone.
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

//! The pages that links in mail and on the command line open: create an account, verify an e-mail address, set a password.
//!
//! The token of a link is behind its `#`: browsers do not send that part, so no server or proxy logs it.
use web::Route;

use crate::asset::{Asset, CSS, HTML, JAVASCRIPT};

/// Pages may load scripts and styles from this server only, and send requests to it only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub fn routes() -> Vec<Route> {
    vec![
        Route::outside_api("welcome", "/welcome", welcome),
        Route::outside_api("verify", "/account/verify", verify),
        Route::outside_api("reset", "/account/reset", reset),
        Route::outside_api("script", "/account/form.js", script),
        Route::outside_api("style", "/account/form.css", style),
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

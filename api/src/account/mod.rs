//! `/account`: where the links of mail lead. A page takes the token from behind the `#`, and brings it to the API.
use actix_web::http::Method;

use crate::{docs::Asset, http::Route};

const HTML: &str = "text/html; charset=utf-8";

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/account/verify", |_| true, verify),
        Route::new(Method::GET, "/account/reset", |_| true, reset),
        Route::new(Method::GET, "/account/bring.js", |_| true, bring),
    ]
}

async fn verify() -> Asset {
    Asset::new(HTML, include_str!("verify.html"))
}

async fn reset() -> Asset {
    Asset::new(HTML, include_str!("reset.html"))
}

async fn bring() -> Asset {
    let script = "text/javascript; charset=utf-8";
    Asset::new(script, include_str!("bring.js"))
}

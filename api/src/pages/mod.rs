//! Pages for browsers: the start page, and the pages that links open: create an account, verify an e-mail address, set a password.
//!
//! The token of a link is behind its `#`: browsers do not send that part, so no server or proxy logs it.
mod start;

use std::future::ready;

use actix_web::web::Data;
use kernel::Kernel;
use service::mail::Mailer;
use web::Route;

use crate::{
    asset::{Asset, CSS, HTML, JAVASCRIPT},
    config::Profile,
};

/// Pages may load scripts and styles from this server only, and send requests to it only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub fn routes(profile: Profile) -> Vec<Route> {
    vec![
        start::route(profile),
        page("welcome", "/welcome", include_str!("welcome.html")),
        page("verify", "/account/verify", include_str!("verify.html")),
        page("reset", "/account/reset", include_str!("reset.html")),
        Route::outside_api("forgot", "/account/forgot", forgot),
        Route::outside_api("script", "/account/form.js", script),
        Route::outside_api("style", "/account/form.css", style),
    ]
}

fn page(operation: &'static str, path: &str, text: &'static str) -> Route {
    let answer = move || ready(Asset::new(HTML, POLICY, text));
    Route::outside_api(operation, path, answer)
}

/// The page that asks for a reset. It says so if the server sends no mail.
async fn forgot(kernel: Data<Kernel>) -> Asset {
    let text = if kernel.state::<Mailer>().is_on() {
        include_str!("forgot.html")
    } else {
        include_str!("no_mail.html")
    };
    Asset::new(HTML, POLICY, text)
}

async fn script() -> Asset {
    Asset::new(JAVASCRIPT, POLICY, include_str!("form.js"))
}

async fn style() -> Asset {
    Asset::new(CSS, POLICY, include_str!("form.css"))
}

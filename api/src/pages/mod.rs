//! Pages for browsers: the start page, and the pages that links open: create an account, verify an e-mail address, set a password.
//!
//! The token of a link is behind its `#`: browsers do not send that part, so no server or proxy logs it.
mod start;
mod template;

use std::future::ready;

use actix_web::web::Data;
use kernel::Kernel;
use minijinja::context;
use service::mail::Mailer;
use web::Route;

use self::template::render;
use crate::{
    asset::{Asset, CSS, JAVASCRIPT},
    site::Site,
};

/// Pages may load scripts and styles from this server only, and send requests to it only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub fn routes(site: Site) -> Vec<Route> {
    let sign_in = site.sign_in_page();
    // The page that asks for a reset says so if the server sends no mail.
    let forgot = move |kernel: Data<Kernel>| {
        let sends_mail = kernel.state::<Mailer>().is_on();
        ready(render(
            "forgot.html",
            "../",
            context! { sends_mail, sign_in },
        ))
    };
    let has_admin = site.has_admin;
    let page = |name, root| move || ready(render(name, root, context! { sign_in, has_admin }));
    vec![
        start::route(site),
        Route::outside_api("welcome", "/welcome", page("welcome.html", "")),
        Route::outside_api("verify", "/account/verify", page("verify.html", "../")),
        Route::outside_api("reset", "/account/reset", page("reset.html", "../")),
        Route::outside_api("forgot", "/account/forgot", forgot),
        Route::outside_api("script", "/account/form.js", script),
        Route::outside_api("style", "/account/form.css", style),
    ]
}

async fn script() -> Asset {
    Asset::new(JAVASCRIPT, POLICY, include_str!("form.js"))
}

async fn style() -> Asset {
    Asset::new(CSS, POLICY, include_str!("form.css"))
}

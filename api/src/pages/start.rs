//! `/`: a page with links for browsers, and the same as JSON for other clients.
use actix_web::{
    HttpRequest,
    http::header::{Accept, Header, Quality},
    mime::{APPLICATION_JSON, Mime, STAR_STAR, TEXT_HTML},
    web::Data,
};
use kernel::{Actor, Error, Kernel, Limit};
use minijinja::{context, value::Serde};
use serde::Serialize;
use service::identity::users::has_superuser;
use tokio::time::Instant;
use web::{Problem, Route};

use super::{POLICY, template::render};
use crate::{
    asset::{Asset, JSON},
    site::Site,
};

const NAME: &str = "Atoll";

#[derive(Serialize)]
struct Start {
    name: &'static str,
    /// Paths on this server.
    links: Links,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
}

#[derive(Serialize)]
struct Links {
    #[serde(skip_serializing_if = "Option::is_none")]
    admin: Option<&'static str>,
    api: &'static str,
    documentation: &'static str,
    openapi: &'static str,
    readiness: &'static str,
}

/// Details that only the development profile shows.
#[derive(Serialize)]
struct Details {
    version: &'static str,
    has_superuser: bool,
}

pub fn route(site: Site) -> Route {
    let answer = move |request, kernel| start(request, kernel, site);
    Route::outside_api("start", "/", answer)
}

async fn start(request: HttpRequest, kernel: Data<Kernel>, site: Site) -> Result<Asset, Problem> {
    let details = if site.is_development {
        Some(details(&kernel).await?)
    } else {
        None
    };
    let answer = if prefers_html(&request) {
        let values = context! { details => Serde(details), has_admin => site.has_admin };
        render("start.html", "", values)?
    } else {
        let start = Start {
            name: NAME,
            links: Links {
                admin: site.has_admin.then_some("/admin/"),
                api: "/api/v1/posts",
                documentation: "/docs",
                openapi: "/openapi.json",
                readiness: "/readyz",
            },
            details,
        };
        let text = serde_json::to_string_pretty(&start).map_err(Error::internal)?;
        Asset::new(JSON, POLICY, text + "\n")
    };
    Ok(answer.chosen_by("Accept"))
}

async fn details(kernel: &Kernel) -> Result<Details, Problem> {
    let kernel = kernel.clone().for_request(Instant::now(), Limit::Read);
    Ok(Details {
        version: env!("CARGO_PKG_VERSION"),
        has_superuser: has_superuser(&kernel.session(Actor::System)).await?,
    })
}

/// Returns true if the client names HTML before JSON and before anything else. Programs such as curl accept everything alike.
fn prefers_html(request: &HttpRequest) -> bool {
    let Ok(Accept(mut accepted)) = Accept::parse(request) else {
        return false;
    };
    accepted.retain(|it| it.quality > Quality::ZERO);
    let ranked = Accept(accepted).ranked();
    let mut known = ranked.iter().map(Mime::essence_str);
    let first = known.find(|it| {
        [TEXT_HTML, APPLICATION_JSON, STAR_STAR]
            .iter()
            .any(|known| known == it)
    });
    first == Some(TEXT_HTML.essence_str())
}

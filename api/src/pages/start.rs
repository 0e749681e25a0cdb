//! `/`: a page with links for browsers, and the same as JSON for other clients.
use actix_web::{
    HttpRequest,
    http::header::{Accept, Header, Quality},
    mime::{APPLICATION_JSON, Mime, STAR_STAR, TEXT_HTML},
    web::Data,
};
use kernel::{Actor, Error, Kernel, Limit};
use serde::Serialize;
use service::identity::users::has_superuser;
use tokio::time::Instant;
use web::{Problem, Route};

use super::POLICY;
use crate::{
    asset::{Asset, HTML, JSON},
    config::Profile,
};

const NAME: &str = "Atoll";

/// The place in the page for the details of development.
const PLACE: &str = "<!-- development -->";

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

pub fn route(profile: Profile) -> Route {
    let is_development = profile == Profile::Development;
    let answer = move |request, kernel| start(request, kernel, is_development);
    Route::outside_api("start", "/", answer)
}

async fn start(
    request: HttpRequest,
    kernel: Data<Kernel>,
    is_development: bool,
) -> Result<Asset, Problem> {
    let details = if is_development {
        Some(details(&kernel).await?)
    } else {
        None
    };
    let answer = if prefers_html(&request) {
        Asset::new(HTML, POLICY, page(details.as_ref()))
    } else {
        let start = Start {
            name: NAME,
            links: Links {
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

fn page(details: Option<&Details>) -> String {
    let page = include_str!("start.html");
    let Some(Details {
        version,
        has_superuser,
    }) = details
    else {
        return page.replace(PLACE, "");
    };
    let superuser = if *has_superuser {
        "<dd>A superuser exists.</dd>"
    } else {
        "<dd>None exists yet. Open the link that the server printed when it started, or run \
         <code><span>atoll user create</span> <span>--username NAME</span> <span>--email ADDRESS</span> \
         <span>--superuser</span></code>.</dd>"
    };
    let details = format!(
        "<h2>Development</h2>\n      <dl>\n        <dt>Version</dt><dd>{version}</dd>\n        \
         <dt>Superuser</dt>{superuser}\n      </dl>"
    );
    page.replace(PLACE, &details)
}

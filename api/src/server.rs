//! The server of this product: the routes of the API, the probes, the documentation and the pages.
use kernel::Kernel;
use web::{Http, Route, Server, settings::HttpSettings};

use crate::{application::Callers, config::Profile, docs, pages, routes::routes, system};

/// Binds a server. Requests are answered once it runs.
pub fn bind(settings: &HttpSettings, kernel: Kernel, profile: Profile) -> std::io::Result<Server> {
    with_routes(settings, kernel, (profile, routes))
}

/// Binds a server with these routes instead of the product's API.
pub fn with_routes(
    settings: &HttpSettings,
    kernel: Kernel,
    (profile, routes): (Profile, fn() -> Vec<Route>),
) -> std::io::Result<Server> {
    let all = move || {
        let outside = [system::routes(), docs::routes(), pages::routes(profile)];
        routes()
            .into_iter()
            .chain(outside.into_iter().flatten())
            .collect()
    };
    Server::bind(Http::new(settings, kernel, Callers, all)?)
}

//! The server of this product: the routes of the API, the probes, the documentation, the pages and the admin.
use kernel::Kernel;
use web::{Http, Route, Server, settings::HttpSettings};

use crate::{
    admin, application::Callers, docs, pages, routes::routes, site::Site, system, system_status,
};

/// Binds a server. Requests are answered once it runs.
pub fn bind(settings: &HttpSettings, kernel: Kernel, site: Site) -> std::io::Result<Server> {
    with_routes(settings, kernel, (site, routes))
}

/// Binds a server with these routes instead of the product's API.
pub fn with_routes(
    settings: &HttpSettings,
    kernel: Kernel,
    (site, routes): (Site, fn() -> Vec<Route>),
) -> std::io::Result<Server> {
    let all = move || {
        let outside = [
            system::routes(),
            docs::routes(),
            pages::routes(site),
            admin::routes(site.has_admin),
        ];
        routes()
            .into_iter()
            .chain(outside.into_iter().flatten())
            .collect()
    };
    system_status::start_clock();
    let callers = Callers {
        session_cookie: site.session_cookie,
    };
    Server::bind(Http::new(settings, kernel, callers, all)?)
}

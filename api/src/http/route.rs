//! Routes as values, so that the server mounts, the tests walk and the OpenAPI document describes the same list.
use std::sync::Arc;

use actix_web::{
    FromRequest, Handler, HttpRequest, Responder,
    guard::{Any, Method as MethodIs},
    http::Method,
    web::{self, ServiceConfig},
};
use service::{Session, crud::Access};

use super::{
    BASE, Kind, Problem, Resource,
    access_policy::{AccessPolicy, RowRule, Rule, precedence},
    relation::Fetch,
};
use crate::{
    openapi::{Documented, Operation},
    transfer::Transfer,
};

pub struct Route {
    pub method: Method,
    /// The path, such as `/api/v1/posts/{id}`. Every parameter is an id.
    pub path: String,
    /// Who may use the route.
    pub policy: AccessPolicy,
    /// The table of this resource, and the function that fetches its rows as related rows.
    pub fetch: Option<(&'static str, Fetch)>,
    /// Export and import of this resource on the command line.
    pub transfer: Option<Transfer>,
    /// The failures that the handler adds to those that follow from the checks of every request.
    pub failures: Vec<Kind>,
    /// An OpenAPI link to a next operation: the status, the operation's tag and verb, and where its id is.
    pub link: Option<(u16, (&'static str, &'static str), &'static str)>,
    /// Whether the route changes exactly one row, so that `If-None-Match` applies to it.
    pub changes_one_row: bool,
    /// Whether the route accepts an `Idempotency-Key`.
    pub takes_key: bool,
    /// The verb of the `operationId`: `list` in `posts.list`.
    pub operation: &'static str,
    /// Adds what the argument and answer types of the handler document.
    pub describe: fn(&mut Operation<'_>),
    handler: actix_web::Route,
}

impl Route {
    pub fn new<F, Args>(
        operation: &'static str,
        method: Method,
        path: &str,
        rule: Rule,
        handler: F,
    ) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + Documented + 'static,
        F::Output: Responder + Documented + 'static,
    {
        let is_account = path.starts_with(&format!("{BASE}/auth/"));
        Self {
            policy: AccessPolicy {
                rule,
                row: None,
                is_sign_in: false,
                allows_restricted: false,
                changes_data: !method.is_safe() && !is_account,
            },
            method,
            path: path.to_owned(),
            fetch: None,
            transfer: None,
            failures: Vec::new(),
            link: None,
            changes_one_row: false,
            takes_key: true,
            operation,
            describe: |operation| {
                Args::document(operation);
                F::Output::document(operation);
            },
            handler: web::to(handler),
        }
    }

    /// Documents a failure that the handler can add.
    #[must_use]
    pub fn fails_with(mut self, failure: Kind) -> Self {
        self.failures.push(failure);
        self
    }

    /// Documents the failures of a change to a row: it may be forbidden, or in conflict with the row's state.
    #[must_use]
    pub fn changes_row(self) -> Self {
        self.fails_with(Kind::Forbidden).fails_with(Kind::Conflict)
    }

    /// Requires this access to the row of `R` that the first id in the path names.
    #[must_use]
    pub fn row_access<R: Resource>(self, access: Access) -> Self {
        self.row_rule(Arc::new(move |session: &Session, ids: &[i64]| {
            let id = ids.first().copied().unwrap_or_default();
            Box::pin(R::may(session, access, id))
        }))
    }

    /// Adds a rule that depends on the rows that the path names, or on the configuration.
    #[must_use]
    pub fn row_rule(mut self, rule: RowRule) -> Self {
        self.policy.row = Some(rule);
        self
    }

    /// Accepts no `Idempotency-Key`, because a retry is harmless without one.
    #[must_use]
    pub fn without_idempotency_key(self) -> Self {
        Self {
            takes_key: false,
            ..self
        }
    }

    /// Links the answer to a next operation, on the id at this place in the answer.
    #[must_use]
    pub fn link_to(
        mut self,
        status: u16,
        operation: (&'static str, &'static str),
        id: &'static str,
    ) -> Self {
        self.link = Some((status, operation, id));
        self
    }

    /// Marks a route by which a caller signs in, so that an old cookie does not make it fail.
    #[must_use]
    pub fn as_sign_in(mut self) -> Self {
        self.policy.is_sign_in = true;
        self.allow_restricted()
    }

    /// Allows callers who must still set up a second factor.
    #[must_use]
    pub fn allow_restricted(mut self) -> Self {
        self.policy.allows_restricted = true;
        self
    }

    /// Changes one row under `If-Match`, which the configuration may require, and `If-None-Match`.
    #[must_use]
    pub fn conditional(self) -> Self {
        self.conditional_if_sent()
            .fails_with(Kind::PreconditionRequired)
    }

    /// Changes one row under `If-Match`, which is never required, and `If-None-Match`.
    #[must_use]
    pub fn conditional_if_sent(mut self) -> Self {
        self.changes_one_row = true;
        self.fails_with(Kind::PreconditionFailed)
    }

    /// Changes several rows under `If-Match`, which the configuration may require.
    #[must_use]
    pub fn conditional_each(self) -> Self {
        self.fails_with(Kind::PreconditionFailed)
            .fails_with(Kind::PreconditionRequired)
    }
}

impl Route {
    /// Sets the function that fetches rows of `table` as related rows.
    #[must_use]
    pub fn fetched_by(mut self, table: &'static str, fetch: Fetch) -> Self {
        self.fetch = Some((table, fetch));
        self
    }

    /// Sets the export and import of the resource on the command line.
    #[must_use]
    pub fn transferred_by(mut self, transfer: Transfer) -> Self {
        self.transfer = Some(transfer);
        self
    }
}

/// Mounts routes. HEAD is supported wherever GET is; another method of a known path is answered with 405 and the allowed
/// methods (RFC 9110, section 15.5.6).
pub fn mount(config: &mut ServiceConfig, routes: Vec<Route>) {
    let mut paths: Vec<(String, Vec<Route>)> = Vec::new();
    for route in routes {
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, routes)) => routes.push(route),
            None => paths.push((route.path.clone(), vec![route])),
        }
    }
    paths.sort_by_cached_key(|(path, _)| precedence(path));
    for (path, routes) in paths {
        let allow = allow(&routes);
        let mut resource = web::resource(path);
        for route in routes {
            resource = resource.route(match route.method {
                Method::GET => route
                    .handler
                    .guard(Any(MethodIs(Method::GET)).or(MethodIs(Method::HEAD))),
                method => route.handler.method(method),
            });
        }
        let refuse = move |request: HttpRequest| {
            let problem = Problem::method_not_allowed(request.method(), &allow);
            std::future::ready(Err::<String, _>(problem))
        };
        config.service(resource.default_service(web::to(refuse)));
    }
}

fn allow(routes: &[Route]) -> String {
    let mut methods: Vec<&str> = routes.iter().map(|route| route.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods.join(", ")
}

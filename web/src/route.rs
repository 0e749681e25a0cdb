//! Routes as values, so that the server mounts, the tests walk and the OpenAPI document describes the same list.
use std::collections::BTreeMap;

use actix_web::{
    FromRequest, Handler, HttpRequest, Resource, Responder, Scope,
    guard::{Any, Method as MethodIs},
    http::Method,
    web::{self, ServiceConfig},
};

use crate::{
    ACCOUNT, BASE,
    access::{AccessPolicy, Rule, precedence},
    meta::Described,
    openapi::{Documented, Operation},
    problem::{Kind, Problem},
    resource::Fetch,
    transfer::Transfer,
};

/// How the preconditions of a request apply to what a route changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preconditions {
    /// The route changes no version of a row.
    None,
    /// `If-Match` and `If-None-Match` apply to one row. The configuration may require `If-Match`.
    OneRow,
    /// `If-Match` and `If-None-Match` apply to one row if they are sent.
    OneRowIfSent,
    /// `If-Match` applies to each row. The configuration may require it.
    EachRow,
}

pub struct Route {
    pub method: Method,
    /// The path, such as `/api/v1/books/{id}`. In a route of the API, every parameter is an id.
    pub path: String,
    /// States who may use the route.
    pub policy: AccessPolicy,
    /// The table of this resource, and the function that fetches its rows as related rows.
    pub fetch: Option<(&'static str, Fetch)>,
    /// How this resource is described to front ends.
    pub described: Option<Described>,
    /// Export and import of this resource on the command line.
    pub transfer: Option<Transfer>,
    /// The failures that follow neither from the rule nor from the method, the path or the types of the handler.
    pub failures: Vec<Kind>,
    /// An OpenAPI link to a next operation: the status, the operation's tag and verb, and where its id is.
    pub link: Option<(u16, (&'static str, &'static str), &'static str)>,
    pub preconditions: Preconditions,
    /// True if the route uses an `Idempotency-Key` (contract §7).
    pub takes_key: bool,
    /// The verb of the `operationId`: `list` in `books.list`.
    pub operation: &'static str,
    /// The operation in a few words. Without it, they are those of `operation`.
    pub summary: Option<String>,
    /// The description of the operation in the OpenAPI document.
    pub description: Option<String>,
    /// The description that the OpenAPI document shares among the operations of this path's first segment.
    pub about_tag: Option<String>,
    /// True if credentials make no difference to the operation.
    pub ignores_credentials: bool,
    /// Adds what the argument and answer types of the handler document.
    pub describe: fn(&mut Operation<'_>),
    handler: actix_web::Route,
}

impl Route {
    /// Makes a route of the API; `path` begins after [`BASE`]. If the rule is about a row and the method changes it, the route is
    /// [`conditional`](Self::conditional).
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
        let path = format!("{BASE}{path}");
        let (is_account, is_change) = (path.starts_with(ACCOUNT), !method.is_safe());
        let preconditions = if rule.changes_row() && is_change {
            Preconditions::OneRow
        } else {
            Preconditions::None
        };
        Self {
            policy: AccessPolicy {
                rule,
                is_sign_in: false,
                allows_restricted: false,
                changes_data: is_change && !is_account,
                is_write: is_change,
                is_reserved: false,
                may_lag: false,
                is_probe: false,
            },
            method,
            path,
            fetch: None,
            described: None,
            transfer: None,
            failures: Vec::new(),
            link: None,
            preconditions,
            takes_key: is_change && !is_account,
            operation,
            summary: None,
            description: None,
            about_tag: None,
            ignores_credentials: false,
            describe: |operation| {
                Args::document(operation);
                F::Output::document(operation);
            },
            handler: web::to(handler),
        }
    }

    /// A public route outside the API, such as a page.
    pub fn outside_api<F, Args>(operation: &'static str, path: &str, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + Documented + 'static,
        F::Output: Responder + Documented + 'static,
    {
        Self {
            path: path.to_owned(),
            ..Self::new(operation, Method::GET, "", Rule::public(), handler)
        }
    }

    /// States in whole sentences what the operation does, and what a client must know about it.
    #[must_use]
    pub fn about(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// States the operation in a few words, for a table of contents.
    #[must_use]
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = Some(summary.into());
        self
    }

    /// States what the operations of this path's first segment have in common. One route of them does.
    #[must_use]
    pub fn about_tag(mut self, description: impl Into<String>) -> Self {
        self.about_tag = Some(description.into());
        self
    }

    /// Declares that credentials make no difference to the operation.
    #[must_use]
    pub fn ignores_credentials(mut self) -> Self {
        self.ignores_credentials = true;
        self
    }

    /// Documents a failure that only the handler knows of. Those that follow from the rule, the method, the path and the types
    /// of the handler are documented without this.
    #[must_use]
    pub fn fails_with(mut self, failure: Kind) -> Self {
        self.failures.push(failure);
        self
    }

    /// Declares that the route does not use an `Idempotency-Key`, because a retry is harmless without one.
    #[must_use]
    pub fn without_idempotency_key(self) -> Self {
        Self {
            takes_key: false,
            ..self
        }
    }

    /// Links the answer to a next operation. `id` is the OpenAPI runtime expression of its id, such as `$response.body#/id`.
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

    /// Marks the route as one by which a caller signs in: an old cookie does not make it fail, and callers who must still set up a
    /// second factor may use it.
    #[must_use]
    pub fn as_sign_in(mut self) -> Self {
        self.policy.is_sign_in = true;
        self.ignores_credentials().allow_restricted()
    }

    /// Allows callers who must still set up a second factor.
    #[must_use]
    pub fn allow_restricted(mut self) -> Self {
        self.policy.allows_restricted = true;
        self
    }

    /// Lets the route work in read-only mode, because it writes nothing in spite of its method, or because it ends that mode.
    #[must_use]
    pub fn in_every_mode(mut self) -> Self {
        self.policy.is_write = false;
        self
    }

    /// Lets the route use the reserved connections of the database, so that it works while all others are taken.
    #[must_use]
    pub fn reserved(mut self) -> Self {
        self.policy.is_reserved = true;
        self
    }

    /// Lets a replica answer the reads of the handler. They may lack the last writes of other callers, but not the caller's own.
    #[must_use]
    pub fn may_lag(mut self) -> Self {
        self.policy.may_lag = true;
        self
    }

    /// Gives the route permits of its own, so that a full server does not look like one that is down.
    #[must_use]
    pub fn as_probe(mut self) -> Self {
        self.policy.is_probe = true;
        self
    }

    /// Marks the route as one that changes a row under `If-Match`, which the configuration may require, and `If-None-Match`.
    #[must_use]
    pub fn conditional(self) -> Self {
        Self {
            preconditions: Preconditions::OneRow,
            ..self
        }
    }

    /// Marks the route as one that changes a row under `If-Match`, which is never required, and `If-None-Match`.
    #[must_use]
    pub fn conditional_if_sent(self) -> Self {
        Self {
            preconditions: Preconditions::OneRowIfSent,
            ..self
        }
    }

    /// Marks the route as one that changes the rows that the body names, each under `If-Match`, which the configuration may
    /// require.
    #[must_use]
    pub fn changes_rows(mut self) -> Self {
        self.preconditions = Preconditions::EachRow;
        self.failures.extend([Kind::Forbidden, Kind::NotFound]);
        self
    }

    /// Sets the function that fetches rows of `table` as related rows.
    #[must_use]
    pub fn fetched_by(mut self, table: &'static str, fetch: Fetch) -> Self {
        self.fetch = Some((table, fetch));
        self
    }

    /// Sets how the resource is described to front ends.
    #[must_use]
    pub fn described_by(mut self, described: Described) -> Self {
        self.described = Some(described);
        self
    }

    /// Sets the export and import of the resource on the command line.
    #[must_use]
    pub fn transferred_by(mut self, transfer: Transfer) -> Self {
        self.transfer = Some(transfer);
        self
    }
}

/// Returns the export and import of each resource in the routes.
pub fn transfers(routes: &[Route]) -> Vec<Transfer> {
    routes.iter().filter_map(|route| route.transfer).collect()
}

/// Mounts routes. HEAD is supported wherever GET is; another method of a known path is answered with 405 and the allowed
/// methods (RFC 9110, section 15.5.6).
///
/// The routes of a collection, such as `/api/v1/books`, form a scope, so that a request is compared with the patterns of its
/// own collection only. The collections come first, because most requests are for them; no other path begins as they do.
pub fn mount(config: &mut ServiceConfig, routes: Vec<Route>) {
    let mut paths: BTreeMap<String, Vec<Route>> = BTreeMap::new();
    for route in routes {
        paths
            .entry(precedence(&route.path))
            .or_default()
            .push(route);
    }
    let mut scopes: BTreeMap<String, Scope> = BTreeMap::new();
    let mut others = Vec::new();
    for routes in paths.into_values() {
        let path = routes[0].path.clone();
        let Some(collection) = collection(&path) else {
            others.push(resource(&path, routes));
            continue;
        };
        let scope = scopes
            .remove(collection)
            .unwrap_or_else(|| web::scope(collection));
        let resource = resource(&path[collection.len()..], routes);
        scopes.insert(collection.to_owned(), scope.service(resource));
    }
    for scope in scopes.into_values() {
        config.service(scope);
    }
    for other in others {
        config.service(other);
    }
}

/// Returns the path of the collection that a path of the API is in: `/api/v1/books` for `/api/v1/books/{id}`.
fn collection(path: &str) -> Option<&str> {
    let name = path.strip_prefix(BASE)?.strip_prefix('/')?;
    let name = name.split('/').next()?;
    Some(&path[..BASE.len() + 1 + name.len()])
}

fn resource(path: &str, routes: Vec<Route>) -> Resource {
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
    resource.default_service(web::to(refuse))
}

fn allow(routes: &[Route]) -> String {
    let mut methods: Vec<&str> = routes.iter().map(|route| route.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods.join(", ")
}

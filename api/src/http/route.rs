//! Routes as values: what is mounted is what the tests walk.
use std::collections::HashMap;

use actix_web::{
    FromRequest, Handler, Responder,
    guard::{Any, Method as Is},
    http::Method,
    web::{self, ServiceConfig},
};
use service::Actor;

use super::{Kind, Problem, relation::Fetch};
use crate::{
    openapi::{Documented, Operation},
    transfer::Transfer,
};

/// Whether any rule, whatever the row, lets an actor through.
pub type Rule = fn(&Actor) -> bool;

pub struct Route {
    pub method: Method,
    /// `/api/v1/posts/{id}`; every parameter is an id.
    pub path: String,
    pub rule: Rule,
    /// How rows of this resource are found for others, and whose they are.
    pub fetch: Option<(&'static str, Fetch)>,
    /// How rows of this resource go out and come in without HTTP.
    pub transfer: Option<Transfer>,
    /// Failures that its handler adds to those that every request like it can meet.
    pub failures: Vec<Kind>,
    /// Whether it takes an `Idempotency-Key`.
    pub takes_key: bool,
    /// Whether somebody signs in by it: a cookie of before is no reason to refuse that.
    pub signs_in: bool,
    /// Whether it is open to those from whom the rest is withheld.
    pub is_never_withheld: bool,
    pub handler_name: &'static str,
    /// What the types of the handler say of it.
    pub describe: fn(&mut Operation<'_>),
    handler: actix_web::Route,
}

impl Route {
    pub fn new<F, Args>(method: Method, path: &str, rule: Rule, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + Documented + 'static,
        F::Output: Responder + Documented + 'static,
    {
        Self {
            method,
            path: path.to_owned(),
            rule,
            fetch: None,
            transfer: None,
            failures: Vec::new(),
            takes_key: true,
            signs_in: false,
            is_never_withheld: false,
            handler_name: std::any::type_name::<F>(),
            describe: |operation| {
                Args::document(operation);
                F::Output::document(operation);
            },
            handler: web::to(handler),
        }
    }

    /// It can fail like this too.
    #[must_use]
    pub fn or(mut self, failure: Kind) -> Self {
        self.failures.push(failure);
        self
    }

    /// What it does to a row may not be permitted, or not possible as things are.
    #[must_use]
    pub fn of_row(self) -> Self {
        self.or(Kind::Forbidden).or(Kind::Conflict)
    }

    /// It can be sent again without one, and the answer is no part of its effect.
    #[must_use]
    pub fn without_key(self) -> Self {
        Self {
            takes_key: false,
            ..self
        }
    }

    /// Somebody signs in by it.
    #[must_use]
    pub fn signing_in(self) -> Self {
        Self {
            signs_in: true,
            ..self
        }
        .never_withheld()
    }

    /// It is what those need from whom the rest is withheld.
    #[must_use]
    pub fn never_withheld(self) -> Self {
        Self {
            is_never_withheld: true,
            ..self
        }
    }

    /// It changes a row in the version that `If-Match` names.
    #[must_use]
    pub fn conditional(self) -> Self {
        self.or(Kind::PreconditionFailed)
            .or(Kind::PreconditionRequired)
    }
}

impl Route {
    #[must_use]
    pub fn fetched_by(mut self, table: &'static str, fetch: Fetch) -> Self {
        self.fetch = Some((table, fetch));
        self
    }

    #[must_use]
    pub fn transferred_by(mut self, transfer: Transfer) -> Self {
        self.transfer = Some(transfer);
        self
    }
}

/// What the extractor asks of a request to a route.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub rule: Rule,
    pub signs_in: bool,
    pub is_never_withheld: bool,
}

/// The rules of all routes, for the extractor to look up.
#[derive(Debug, Default)]
pub struct Rules(HashMap<(Method, String), Asked>);

impl Rules {
    pub fn of(routes: &[Route]) -> Self {
        let asked = |route: &Route| Asked {
            rule: route.rule,
            signs_in: route.signs_in,
            is_never_withheld: route.is_never_withheld,
        };
        let key = |route: &Route| (route.method.clone(), route.path.clone());
        Self(
            routes
                .iter()
                .map(|route| (key(route), asked(route)))
                .collect(),
        )
    }

    pub fn get(&self, method: &Method, pattern: &str) -> Option<Asked> {
        self.0.get(&(method.clone(), pattern.to_owned())).copied()
    }
}

/// HEAD wherever GET is; any other method of a known path is a 405 that says which there are (RFC 9110, section 15.5.6).
pub fn mount(config: &mut ServiceConfig, routes: Vec<Route>) {
    let mut paths: Vec<(String, Vec<Route>)> = Vec::new();
    for route in routes {
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, same)) => same.push(route),
            None => paths.push((route.path.clone(), vec![route])),
        }
    }
    // The first that fits is taken: `/posts/stats` goes before `/posts/{id}`.
    paths.sort_by_cached_key(|(path, _)| path.replace('{', "\u{10ffff}"));
    for (path, routes) in paths {
        let allow = allow(&routes);
        let mut resource = web::resource(path);
        for route in routes {
            resource = resource.route(match route.method {
                Method::GET => route
                    .handler
                    .guard(Any(Is(Method::GET)).or(Is(Method::HEAD))),
                method => route.handler.method(method),
            });
        }
        let refuse =
            move || std::future::ready(Err::<String, _>(Problem::method_not_allowed(&allow)));
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

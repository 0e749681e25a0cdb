//! Routes as values: what is mounted is what the tests walk.
use std::sync::Arc;

use actix_web::{
    FromRequest, Handler, Responder,
    guard::{Any, Method as Is},
    http::Method,
    web::{self, ServiceConfig},
};
use service::{Session, crud::Access};

use super::{
    BASE, Kind, Problem, Resource,
    relation::Fetch,
    rules::{Passage, RowRule, Rule, precedence},
};
use crate::{
    openapi::{Documented, Operation},
    transfer::Transfer,
};

pub struct Route {
    pub method: Method,
    /// `/api/v1/posts/{id}`; every parameter is an id.
    pub path: String,
    /// Who may pass.
    pub passage: Passage,
    /// How rows of this resource are found for others, and whose they are.
    pub fetch: Option<(&'static str, Fetch)>,
    /// How rows of this resource go out and come in without HTTP.
    pub transfer: Option<Transfer>,
    /// Failures that its handler adds to those that every request like it can meet.
    pub failures: Vec<Kind>,
    /// Which operation can follow: the status, its tag and verb, and where its id is.
    pub leads_to: Option<(u16, (&'static str, &'static str), &'static str)>,
    /// Whether it changes one row, so that `If-None-Match` is about that.
    pub has_one_row: bool,
    /// Whether it takes an `Idempotency-Key`.
    pub takes_key: bool,
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
        let is_account = path.starts_with(&format!("{BASE}/auth/"));
        Self {
            passage: Passage {
                rule,
                row: None,
                signs_in: false,
                is_never_withheld: false,
                changes: !method.is_safe() && !is_account,
            },
            method,
            path: path.to_owned(),
            fetch: None,
            transfer: None,
            failures: Vec::new(),
            leads_to: None,
            has_one_row: false,
            takes_key: true,
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

    /// It comes like this to the row of `R` that its path names first.
    #[must_use]
    pub fn to<R: Resource>(self, access: Access) -> Self {
        self.to_row(Arc::new(move |session: &Session, ids: &[i64]| {
            let id = ids.first().copied().unwrap_or_default();
            Box::pin(R::may(session, access, id))
        }))
    }

    /// What else decides who may do it: the rows that its path names, or the configuration.
    #[must_use]
    pub fn to_row(mut self, rule: RowRule) -> Self {
        self.passage.row = Some(rule);
        self
    }

    /// It can be sent again without one, and the answer is no part of its effect.
    #[must_use]
    pub fn without_key(self) -> Self {
        Self {
            takes_key: false,
            ..self
        }
    }

    /// Another operation can follow, on what has the id that is there in the answer.
    #[must_use]
    pub fn leading_to(
        mut self,
        status: u16,
        operation: (&'static str, &'static str),
        id: &'static str,
    ) -> Self {
        self.leads_to = Some((status, operation, id));
        self
    }

    /// Somebody signs in by it.
    #[must_use]
    pub fn signing_in(mut self) -> Self {
        self.passage.signs_in = true;
        self.never_withheld()
    }

    /// It is what those need from whom the rest is withheld.
    #[must_use]
    pub fn never_withheld(mut self) -> Self {
        self.passage.is_never_withheld = true;
        self
    }

    /// It changes a row in the version that `If-Match` names, and not in one that `If-None-Match` names.
    #[must_use]
    pub fn conditional(self) -> Self {
        self.conditional_if_sent().or(Kind::PreconditionRequired)
    }

    /// The same where `If-Match` is never required.
    #[must_use]
    pub fn conditional_if_sent(mut self) -> Self {
        self.has_one_row = true;
        self.or(Kind::PreconditionFailed)
    }

    /// It changes several rows, in the versions that `If-Match` names.
    #[must_use]
    pub fn conditional_each(self) -> Self {
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

/// HEAD wherever GET is; any other method of a known path is a 405 that says which there are (RFC 9110, section 15.5.6).
pub fn mount(config: &mut ServiceConfig, routes: Vec<Route>) {
    let mut paths: Vec<(String, Vec<Route>)> = Vec::new();
    for route in routes {
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, same)) => same.push(route),
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

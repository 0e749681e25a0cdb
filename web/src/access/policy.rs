//! Access policies: who may use each route. Requests and `GET /auth/explain` check the same policies.
use std::collections::HashMap;

use actix_web::{
    dev::{Path, ResourceDef, Url},
    http::Method,
};
use kernel::{Actor, Code, Error, Reads, Session, actor::Withheld};

use super::Rule;
use crate::{BASE, application::Application};

/// The access policy of a route.
#[derive(Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own"
)]
pub struct AccessPolicy {
    pub rule: Rule,
    /// Whether the route signs a caller in, so that an old cookie does not make it fail.
    pub is_sign_in: bool,
    /// Whether callers may use the route before they have set up a required second factor.
    pub allows_restricted: bool,
    /// Whether the route changes anything but the account of its caller.
    pub changes_data: bool,
    /// Whether the route is refused in read-only mode, before its body is read.
    pub is_write: bool,
    /// Whether the route uses the reserved connections of the database.
    pub is_reserved: bool,
    /// Whether the reads of the handler may lack the last writes of other callers, so that a replica may answer them.
    pub may_lag: bool,
    /// Whether the route is a probe, which has permits of its own.
    pub is_probe: bool,
}

impl AccessPolicy {
    /// Fails unless the actor could use the route, which is checked before any row is read. It begins with a missing second
    /// factor or verification.
    pub fn check_could(&self, application: &dyn Application, actor: &Actor) -> Result<(), Error> {
        let withheld = actor.caller().and_then(|caller| caller.withheld);
        let is_kept_away = |withheld: &Withheld| match withheld {
            Withheld::SecondFactor => !self.allows_restricted,
            Withheld::Verification => self.changes_data,
        };
        if let Some(withheld) = withheld.filter(is_kept_away) {
            return Err(Error::forbidden(application.advice(withheld)));
        }
        if self.rule.could(actor) {
            return Ok(());
        }
        match actor {
            Actor::Anonymous => Err(Error::Unauthenticated),
            Actor::User(_) | Actor::System => Err(self.rule.forbidden()),
        }
    }

    /// Fails unless the actor may use the route for the rows with these ids.
    pub async fn authorize(
        &self,
        application: &dyn Application,
        session: &Session,
        ids: &[i64],
    ) -> Result<(), Error> {
        self.check_could(application, session.actor())?;
        match self.rule.rows() {
            Some(rows) => rows(session, ids).await,
            None => Ok(()),
        }
    }
}

/// The names and values of the parameters of a path.
pub type PathValues = Vec<(String, String)>;

/// The access policies of all routes.
#[derive(Default)]
pub struct AccessPolicies {
    /// The paths in the order in which they are matched.
    paths: Vec<PathPolicies>,
    /// The index in `paths` of each pattern.
    by_pattern: HashMap<String, usize>,
}

/// The access policies of one path.
struct PathPolicies {
    path: ResourceDef,
    policies: Vec<(Method, AccessPolicy)>,
}

impl AccessPolicies {
    /// Each route is given by its method, its path and its policy.
    pub fn new<'a>(routes: impl Iterator<Item = (&'a Method, &'a str, &'a AccessPolicy)>) -> Self {
        let mut by_path: HashMap<&str, Vec<(Method, AccessPolicy)>> = HashMap::new();
        for (method, path, policy) in routes {
            let policies = by_path.entry(path).or_default();
            policies.push((method.clone(), policy.clone()));
        }
        let mut sorted: Vec<_> = by_path.into_iter().collect();
        sorted.sort_by_cached_key(|(path, _)| precedence(path));
        let indexes = sorted.iter().enumerate();
        Self {
            by_pattern: indexes
                .map(|(index, (path, _))| ((*path).to_owned(), index))
                .collect(),
            paths: sorted
                .into_iter()
                .map(|(path, policies)| PathPolicies {
                    path: ResourceDef::new(path),
                    policies,
                })
                .collect(),
        }
    }

    /// Returns the policy of the route with this pattern.
    pub fn get(&self, method: &Method, pattern: &str) -> Option<&AccessPolicy> {
        self.paths[*self.by_pattern.get(pattern)?].policy(method)
    }

    /// Finds the policy for a path of the API as a client writes it, and the names and values of the path's parameters. Fails with a
    /// refusal of the query parameter `path` or `method`.
    pub fn find(&self, method: &Method, path: &str) -> Result<(&AccessPolicy, PathValues), Error> {
        // The router matches the percent-decoded path.
        let decoded = path.parse().map(Url::new);
        let decoded = decoded.as_ref().map_or(path, Url::path);
        let mut path = Path::new(decoded);
        let mut all = self.paths.iter().filter(|known| {
            let pattern = known.path.pattern().unwrap_or_default();
            pattern.starts_with(BASE)
        });
        let found = all.find(|known| known.path.capture_match_info(&mut path));
        let unknown = || Error::parameter("path", Code::Unknown, "no route has this path");
        let found = found.ok_or_else(unknown)?;
        let not_allowed = || {
            let detail = format!("not allowed for this path; allowed: {}", found.methods());
            Error::parameter("method", Code::Unknown, detail)
        };
        let policy = found.policy(method).ok_or_else(not_allowed)?;
        let parameters = path.iter();
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok((policy, parameters.collect()))
    }
}

impl PathPolicies {
    /// Returns the policy of a method; HEAD has that of GET.
    fn policy(&self, method: &Method) -> Option<&AccessPolicy> {
        let method = match method {
            &Method::HEAD => &Method::GET,
            method => method,
        };
        let mut policies = self.policies.iter();
        let found = policies.find(|(known, _)| known == method);
        found.map(|(_, policy)| policy)
    }

    fn methods(&self) -> String {
        let methods = self.policies.iter().map(|(method, _)| method.as_str());
        methods.collect::<Vec<_>>().join(", ")
    }
}

/// Returns a key that sorts paths in matching order. The first match wins, so `/books/stats` comes before `/books/{id}`.
pub fn precedence(path: &str) -> String {
    path.replace('{', "\u{10ffff}")
}

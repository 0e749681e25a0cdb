//! Access policies: who may use each route. Requests and `GET /auth/explain` check the same policies.
use std::{collections::HashMap, pin::Pin, sync::Arc};

use actix_web::{
    dev::{Path, ResourceDef, Url},
    http::Method,
};
use service::{Actor, Code, Error, Session, actor::Withheld};

use super::Route;

/// Returns true if the actor could be allowed to use the route, before a row is known.
pub type Rule = fn(&Actor) -> bool;

type Verdict<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

/// Checks whether the session's actor could do this to the rows with these ids. Fails as the request itself would.
pub type RowRule = Arc<dyn for<'a> Fn(&'a Session, &'a [i64]) -> Verdict<'a> + Send + Sync>;

/// The access policy of a route.
#[derive(Clone)]
pub struct AccessPolicy {
    pub rule: Rule,
    /// The rule for the rows that the path names, if it names any.
    pub row: Option<RowRule>,
    /// Whether the route signs a caller in, so that an old cookie does not make it fail.
    pub is_sign_in: bool,
    /// Whether callers may use the route before they have set up a required second factor.
    pub allows_restricted: bool,
    /// Whether the route changes anything but the account of its caller.
    pub changes_data: bool,
}

const UNVERIFIED: &str = "your e-mail address is not verified: open the link in the e-mail that you were sent, or request \
     another with POST /api/v1/auth/email/verify/resend";

const NO_SECOND_FACTOR: &str = "one of your roles requires a second factor: enable it with POST /api/v1/auth/totp and \
     POST /api/v1/auth/totp/confirm";

impl AccessPolicy {
    /// Checks the actor before any row is read, beginning with a missing second factor or verification.
    pub fn authorize(&self, actor: &Actor) -> Result<(), Error> {
        let withheld = actor.caller().and_then(|caller| caller.withheld);
        match withheld {
            Some(Withheld::SecondFactor) if !self.allows_restricted => {
                return Err(Error::Forbidden(NO_SECOND_FACTOR));
            }
            Some(Withheld::Verification) if self.changes_data => {
                return Err(Error::Forbidden(UNVERIFIED));
            }
            _ => {}
        }
        match actor {
            actor if (self.rule)(actor) => Ok(()),
            Actor::Anonymous => Err(Error::Unauthenticated),
            Actor::User(_) | Actor::System => Err(Error::Forbidden(
                "you do not have a permission that allows this",
            )),
        }
    }

    /// Checks the actor and the rows with these ids.
    pub async fn authorize_rows(&self, session: &Session, ids: &[i64]) -> Result<(), Error> {
        self.authorize(service::Reads::actor(session))?;
        match &self.row {
            Some(row) => row(session, ids).await,
            None => Ok(()),
        }
    }
}

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
    pub fn new(routes: &[Route]) -> Self {
        let mut patterns: Vec<_> = routes.iter().map(|route| &route.path).collect();
        patterns.sort_by_cached_key(|path| precedence(path));
        patterns.dedup();
        let path_policies = |path: &&String| PathPolicies {
            path: ResourceDef::new(path.as_str()),
            policies: routes
                .iter()
                .filter(|route| route.path == **path)
                .map(|route| (route.method.clone(), route.policy.clone()))
                .collect(),
        };
        let indexes = patterns.iter().enumerate();
        Self {
            paths: patterns.iter().map(path_policies).collect(),
            by_pattern: indexes
                .map(|(index, path)| ((*path).clone(), index))
                .collect(),
        }
    }

    /// Returns the policy of the route with this pattern.
    pub fn get(&self, method: &Method, pattern: &str) -> Option<&AccessPolicy> {
        self.paths[*self.by_pattern.get(pattern)?].policy(method)
    }

    /// Finds the policy for a path as a client writes it, and the values of the path's parameters. Fails with a refusal of
    /// the query parameter `path` or `method`.
    pub fn find(&self, method: &Method, path: &str) -> Result<(&AccessPolicy, Vec<String>), Error> {
        // The router matches the percent-decoded path.
        let decoded = path.parse().map(Url::new);
        let decoded = decoded.as_ref().map_or(path, Url::path);
        let mut path = Path::new(decoded);
        let mut all = self.paths.iter();
        let found = all.find(|known| known.path.capture_match_info(&mut path));
        let unknown = || Error::parameter("path", Code::Unknown, "no route has this path");
        let found = found.ok_or_else(unknown)?;
        let not_allowed = || {
            let detail = format!("not allowed for this path; allowed: {}", found.methods());
            Error::parameter("method", Code::Unknown, detail)
        };
        let policy = found.policy(method).ok_or_else(not_allowed)?;
        Ok((
            policy,
            path.iter().map(|(_, value)| value.to_owned()).collect(),
        ))
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

/// Returns a key that sorts paths in matching order. The first match wins, so `/posts/stats` comes before `/posts/{id}`.
pub fn precedence(path: &str) -> String {
    path.replace('{', "\u{10ffff}")
}

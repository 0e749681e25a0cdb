//! Who may pass a route: what a request is asked on its way, kept so that it can also be asked without one.
use std::{collections::HashMap, pin::Pin, sync::Arc};

use actix_web::{
    dev::{Path, ResourceDef, Url},
    http::Method,
};
use service::{Actor, Error, Session, actor::Withheld};

use super::Route;

/// Whether any rule, whatever the row, lets an actor through.
pub type Rule = fn(&Actor) -> bool;

type Verdict<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;

/// Whether the session's actor could do this to the row of these ids: fails as doing it would.
pub type RowRule = Arc<dyn for<'a> Fn(&'a Session, &'a [i64]) -> Verdict<'a> + Send + Sync>;

/// Both rules of a route; only what names a row has the second.
#[derive(Clone)]
pub struct Passage {
    pub rule: Rule,
    pub row: Option<RowRule>,
    /// Whether somebody signs in by it: a cookie of before is no reason to refuse that.
    pub signs_in: bool,
    /// Whether it is open to those from whom the rest is withheld.
    pub is_never_withheld: bool,
    /// Whether it changes anything but the account of its caller.
    pub changes: bool,
}

const UNVERIFIED: &str = "your address is not verified: follow the link of the letter, or ask for another one with \
     POST /api/v1/auth/email/verify/resend";

const NO_SECOND_FACTOR: &str = "a role of yours asks for a second factor: turn it on with POST /api/v1/auth/totp and \
     POST /api/v1/auth/totp/confirm";

impl Passage {
    /// Before anything is read. Whoever has to do something first does that first.
    pub fn admit(&self, actor: &Actor) -> Result<(), Error> {
        let withheld = actor.caller().and_then(|caller| caller.withheld);
        match withheld {
            Some(Withheld::SecondFactor) if !self.is_never_withheld => {
                return Err(Error::Forbidden(NO_SECOND_FACTOR));
            }
            Some(Withheld::Verification) if self.changes => {
                return Err(Error::Forbidden(UNVERIFIED));
            }
            _ => {}
        }
        match actor {
            actor if (self.rule)(actor) => Ok(()),
            Actor::Anonymous => Err(Error::Unauthenticated),
            Actor::User(_) | Actor::System => {
                Err(Error::Forbidden("no permission of yours allows this"))
            }
        }
    }

    /// All that depends on who asks.
    pub async fn check(&self, session: &Session, ids: &[i64]) -> Result<(), Error> {
        self.admit(service::Reads::actor(session))?;
        match &self.row {
            Some(row) => row(session, ids).await,
            None => Ok(()),
        }
    }
}

/// The rules of all routes.
#[derive(Default)]
pub struct Rules {
    /// In the order in which paths are tried.
    all: Vec<Ruled>,
    places: HashMap<String, usize>,
}

/// What one path has.
struct Ruled {
    path: ResourceDef,
    passages: Vec<(Method, Passage)>,
}

impl Rules {
    pub fn of(routes: &[Route]) -> Self {
        let mut patterns: Vec<_> = routes.iter().map(|route| &route.path).collect();
        patterns.sort_by_cached_key(|path| precedence(path));
        patterns.dedup();
        let of_path = |path: &&String| Ruled {
            path: ResourceDef::new(path.as_str()),
            passages: routes
                .iter()
                .filter(|route| route.path == **path)
                .map(|route| (route.method.clone(), route.passage.clone()))
                .collect(),
        };
        let places = patterns.iter().enumerate();
        Self {
            all: patterns.iter().map(of_path).collect(),
            places: places
                .map(|(place, path)| ((*path).clone(), place))
                .collect(),
        }
    }

    /// For a request that the router brought to this pattern.
    pub fn get(&self, method: &Method, pattern: &str) -> Option<&Passage> {
        self.all[*self.places.get(pattern)?].passage(method)
    }

    /// For a path as a client writes it, with the values of its parameters. Fails as a query that names these two.
    pub fn find(&self, method: &Method, path: &str) -> Result<(&Passage, Vec<String>), Error> {
        // As the router reads it: with its percent-encoding undone.
        let decoded = path.parse().map(Url::new);
        let decoded = decoded.as_ref().map_or(path, Url::path);
        let mut path = Path::new(decoded);
        let ruled = self.all.iter();
        let mut ruled = ruled.map(|ruled| (ruled, ruled.path.capture_match_info(&mut path)));
        let ruled = ruled.find_map(|(ruled, fits)| fits.then_some(ruled));
        let unknown = || Error::parameter("path", "unknown", "no route has this path");
        let ruled = ruled.ok_or_else(unknown)?;
        let methods = || {
            let detail = format!("this path takes {}", ruled.methods());
            Error::parameter("method", "unknown", detail)
        };
        let passage = ruled.passage(method).ok_or_else(methods)?;
        Ok((
            passage,
            path.iter().map(|(_, value)| value.to_owned()).collect(),
        ))
    }
}

impl Ruled {
    /// HEAD wherever GET is.
    fn passage(&self, method: &Method) -> Option<&Passage> {
        let method = match method {
            &Method::HEAD => &Method::GET,
            method => method,
        };
        let mut passages = self.passages.iter();
        let found = passages.find(|(known, _)| known == method);
        found.map(|(_, passage)| passage)
    }

    fn methods(&self) -> String {
        let methods = self.passages.iter().map(|(method, _)| method.as_str());
        methods.collect::<Vec<_>>().join(", ")
    }
}

/// The order in which paths are tried: the first that fits is taken, so `/posts/stats` goes before `/posts/{id}`.
pub fn precedence(path: &str) -> String {
    path.replace('{', "\u{10ffff}")
}

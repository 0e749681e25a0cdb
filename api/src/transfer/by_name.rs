//! What the command line does with a resource of which it knows the name only.
use std::pin::Pin;

use service::{Result, Session, query::ExportQuery};

use super::{Format, Page, Pages};
use crate::http::{Resource, Route};

type Next<'a> = Pin<Box<dyn Future<Output = Result<Option<Page>>> + 'a>>;

/// [`Pages`] of some resource.
pub trait AnyPages {
    fn next<'a>(&'a mut self, session: &'a Session) -> Next<'a>;
}

impl<R: Resource> AnyPages for Pages<R> {
    fn next<'a>(&'a mut self, session: &'a Session) -> Next<'a> {
        Box::pin(self.next(session))
    }
}

/// An export that may begin, or what is wrong with its filters.
pub type Export = Result<Box<dyn AnyPages>>;

/// How the rows of one resource go out and come in.
#[derive(Clone, Copy)]
pub struct Transfer {
    pub name: &'static str,
    /// All that these filters match, counted beforehand.
    pub export: fn(Format, &[(String, String)]) -> Export,
}

impl Transfer {
    pub fn of<R: Resource>() -> Self {
        Self {
            name: R::name(),
            export: |format, filters| {
                let filters = filters.iter();
                let filters = filters.map(|(name, value)| (name.as_str(), value.as_str()));
                let query = ExportQuery::<R>::parse(filters)?.counted();
                Ok(Box::new(Pages::new(query, format)?))
            },
        }
    }

    /// Of every resource that is among the routes.
    pub fn all(routes: &[Route]) -> Vec<Self> {
        routes.iter().filter_map(|route| route.transfer).collect()
    }
}

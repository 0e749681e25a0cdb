//! What the command line does with a resource of which it knows the name only.
use std::{io::Read, pin::Pin};

use service::{Result, Session, query::ExportQuery, resources::registry};

use super::{
    Format, Page, Pages, Reading, Report, Stop, Writing, companions, fields::Fields, import::import,
};
use crate::http::{Resource, Route};

/// The page that comes next.
pub type Next<'a> = Pin<Box<dyn Future<Output = Result<Option<Page>>> + 'a>>;

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

/// As [`import`].
pub type Import<'a> = Pin<Box<dyn Future<Output = (Report, Result<(), Stop>)> + 'a>>;

pub type Text = Box<dyn Read + Send>;

/// How the rows of one resource go out and come in.
#[derive(Clone, Copy)]
pub struct Transfer {
    pub name: &'static str,
    /// Whether a client says who wrote a row.
    pub has_author: fn() -> bool,
    /// The references that an import can look up by name.
    pub references: fn() -> Vec<String>,
    /// All that these filters match, counted beforehand.
    pub export: fn(Format, &[(String, String)]) -> Export,
    pub import: for<'a> fn(&'a Session, Text, Reading, Writing) -> Import<'a>,
}

impl Transfer {
    pub fn of<R: Resource>() -> Self {
        Self {
            name: R::name(),
            has_author: || Fields::of::<R>().settable("author_id").is_some(),
            references: companions::<R>,
            export: |format, filters| {
                let filters = filters.iter();
                let filters = filters.map(|(name, value)| (name.as_str(), value.as_str()));
                let query = ExportQuery::<R>::parse(filters, registry())?.counted();
                Ok(Box::new(Pages::new(query, format)?))
            },
            import: |session, text, reading, writing| {
                Box::pin(import::<R>(session, text, reading, writing))
            },
        }
    }

    /// Of every resource that is among the routes.
    pub fn all(routes: &[Route]) -> Vec<Self> {
        routes.iter().filter_map(|route| route.transfer).collect()
    }
}

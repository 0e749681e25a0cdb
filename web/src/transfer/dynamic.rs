//! Exports and imports a resource whose type is known only at run time.
use std::{io::Read, pin::Pin};

use kernel::{Readable, Result, Session, query::ExportQuery, resource::author_column};

use super::{
    ExportPage, Format, Pages, Reading, Report, Stop, Writing, companions, import::import,
};
use crate::resource::{Resource, Writable};

/// A future of the next page.
pub type Next<'a> = Pin<Box<dyn Future<Output = Result<Option<ExportPage>>> + 'a>>;

/// [`Pages`] of any resource.
pub trait AnyPages {
    fn next<'a>(&'a mut self, session: &'a Session) -> Next<'a>;
}

impl<V: Resource> AnyPages for Pages<V> {
    fn next<'a>(&'a mut self, session: &'a Session) -> Next<'a> {
        Box::pin(self.next(session))
    }
}

/// The pages of an export, or an error in its filters.
pub type Export = Result<Box<dyn AnyPages>>;

/// A future of the result of [`import`].
pub type Import<'a> = Pin<Box<dyn Future<Output = (Report, Result<(), Stop>)> + 'a>>;

pub type Text = Box<dyn Read + Send>;

/// The export and the import of one resource.
#[derive(Clone, Copy)]
pub struct Transfer {
    pub name: &'static str,
    /// Returns true if a new row belongs to a user.
    pub has_author: fn() -> bool,
    /// References that an import can look up by name.
    pub references: fn() -> Vec<String>,
    /// Exports all rows that match the filters, with their total.
    pub export: fn(Format, &[(String, String)]) -> Export,
    pub import: for<'a> fn(&'a Session, Text, Reading, Writing) -> Import<'a>,
}

impl Transfer {
    pub fn new<V: Writable>() -> Self {
        Self {
            name: V::Service::name(),
            has_author: || author_column::<V::Service>().is_some(),
            references: companions::<V::Service>,
            export: |format, filters| {
                let filters = filters.iter();
                let filters = filters.map(|(name, value)| (name.as_str(), value.as_str()));
                let query = ExportQuery::<V::Service>::parse(filters)?.with_count();
                Ok(Box::new(Pages::<V>::new(query, format)?))
            },
            import: |session, text, reading, writing| {
                Box::pin(import::<V>(session, text, reading, writing))
            },
        }
    }
}

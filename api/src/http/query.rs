//! Query strings: everything that an endpoint does not know is refused.
use std::{borrow::Cow, marker::PhantomData};

use serde_json::json;
use service::{
    Actor, Crud, Error, Refusal,
    query::{Count, ListQuery, Shape},
    resources::registry,
};

use super::Problem;
use crate::{
    openapi::{self, Operation},
    settings::ApiSettings,
};

/// What an endpoint takes in its query string.
pub trait Query: Sized {
    fn parse(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Self, Error>;

    /// Whether this server answers that; sets the limits of its answer.
    fn allow(&mut self, _settings: &ApiSettings) -> Result<(), Error> {
        Ok(())
    }

    /// Whether this caller may ask that.
    fn permit(&self, _actor: &Actor) -> Result<(), Error> {
        Ok(())
    }

    /// Whether no index serves what is asked: only a few such reads are worked on at a time.
    fn is_heavy(&self) -> bool {
        false
    }

    fn document(_operation: &mut Operation<'_>) {}
}

/// Bytes of a query string. RFC 9110, section 15.5.15, has 414 for longer ones, and the contract 400 for every query
/// that is refused.
pub const LONGEST: usize = 8 * 1024;

/// Reads a query string as forms encode it (WHATWG URL, section 5).
pub fn read<Q: Query>(text: &str) -> Result<Q, Problem> {
    if text.len() > LONGEST {
        let detail = format!("the query string may have at most {LONGEST} bytes");
        return Err(Problem::malformed(detail));
    }
    if !is_well_written(text) {
        return Err(Problem::malformed(
            "the query string is not well percent-encoded UTF-8",
        ));
    }
    let pairs: Vec<_> = form_urlencoded::parse(text.as_bytes()).collect();
    let nul =
        |(name, value): &&(Cow<'_, str>, Cow<'_, str>)| name.contains('\0') || value.contains('\0');
    if let Some((name, _)) = pairs.iter().find(nul) {
        return Err(Error::parameter(
            name.replace('\0', ""),
            "not_allowed",
            "must not contain U+0000",
        )
        .into());
    }
    Ok(Q::parse(&pairs)?)
}

/// The parser above mends what is broken; here it is refused.
fn is_well_written(text: &str) -> bool {
    let escapes = text.split('%').skip(1);
    let hex = |escape: &str| {
        escape.len() >= 2 && escape.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
    };
    let mended = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
        name.contains('\u{fffd}') || value.contains('\u{fffd}')
    };
    let has_replacement = text.to_ascii_lowercase().contains("%ef%bf%bd");
    escapes.into_iter().all(hex)
        && (has_replacement || !form_urlencoded::parse(text.as_bytes()).any(mended))
}

/// An endpoint without parameters.
#[derive(Debug)]
pub struct NoQuery;

impl Query for NoQuery {
    fn parse(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Self, Error> {
        match pairs {
            [] => Ok(Self),
            _ => Err(unknown(pairs, "this takes no query parameters")),
        }
    }
}

/// `keep_current=true`: all but the session that asks.
#[derive(Debug)]
pub struct KeepCurrent(pub bool);

impl Query for KeepCurrent {
    fn parse(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Self, Error> {
        let value = |(name, value): &(Cow<'_, str>, Cow<'_, str>)| {
            (name == "keep_current").then(|| value.parse().ok())
        };
        match pairs {
            [] => Ok(Self(false)),
            [pair] => match value(pair) {
                Some(Some(keeps)) => Ok(Self(keeps)),
                Some(None) => Err(Error::parameter(
                    "keep_current",
                    "invalid",
                    "must be true or false",
                )),
                None => Err(unknown(pairs, "this takes keep_current only")),
            },
            _ => Err(unknown(pairs, "this takes keep_current once")),
        }
    }

    fn document(operation: &mut Operation<'_>) {
        operation.parameters([json!({
            "name": "keep_current",
            "in": "query",
            "description": "Whether this session stays.",
            "schema": { "type": "boolean", "default": false },
        })]);
    }
}

/// How a single row is shown.
pub struct Show<C> {
    pub shape: Shape,
    resource: PhantomData<C>,
}

impl<C: Crud> Query for Show<C> {
    /// A list of one row, without what only makes sense for many.
    fn parse(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Self, Error> {
        let is_other = |name: &str| !["deleted", "fields", "include"].contains(&name);
        let others = pairs.iter().filter(|(name, _)| is_other(name));
        let others: Vec<_> = others.cloned().collect();
        if !others.is_empty() {
            return Err(unknown(
                &others,
                "this takes only deleted, fields and include",
            ));
        }
        let ListOf(query) = ListOf::<C>::parse(pairs)?;
        Ok(Self {
            shape: query.shape,
            resource: PhantomData,
        })
    }

    fn document(operation: &mut Operation<'_>) {
        operation.parameters(openapi::shown::<C>());
    }
}

fn unknown(pairs: &[(Cow<'_, str>, Cow<'_, str>)], detail: &str) -> Error {
    let names = pairs.iter().map(|(name, _)| name.as_ref());
    Error::Query(
        names
            .map(|name| Refusal::new(name, "unknown", detail))
            .collect(),
    )
}

/// Filters, order and window of a list.
pub struct ListOf<C: Crud>(pub ListQuery<C>);

impl<C: Crud> Query for ListOf<C> {
    fn parse(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Self, Error> {
        ListQuery::parse(
            pairs
                .iter()
                .map(|(name, value)| (name.as_ref(), value.as_ref())),
            registry(),
        )
        .map(Self)
    }

    fn allow(&mut self, settings: &ApiSettings) -> Result<(), Error> {
        self.0.answer_limit = settings.answer_limit;
        match self.0.count == Count::Exact && !settings.exact_counts {
            true => Err(Error::parameter(
                "count",
                "not_allowed",
                "exact counts are switched off on this server: take count=estimate",
            )),
            false => Ok(()),
        }
    }

    fn permit(&self, actor: &Actor) -> Result<(), Error> {
        self.0.permit(actor)
    }

    fn is_heavy(&self) -> bool {
        self.0.is_heavy()
    }

    fn document(operation: &mut Operation<'_>) {
        operation.parameters(openapi::list::<C>());
    }
}

//! Query strings. An endpoint refuses every parameter that it does not declare.
use std::{
    any::{Any, TypeId},
    borrow::Cow,
    cell::RefCell,
    collections::HashMap,
    marker::PhantomData,
    rc::Rc,
};

use kernel::{
    Actor, Code, Error, Readable, Registry,
    query::{Count, ListQuery, Parameters, Shape},
};

use crate::{problem::Problem, settings::ApiSettings};

/// The query parameters of an endpoint. `Default` is the query without any parameter.
pub trait Query: Default + 'static {
    /// Declares the parameters. Parsing, the texts of refusals and the OpenAPI document follow from it.
    fn parameters(registry: &Registry) -> Parameters<Self>;

    /// Applies the limits of this server. Fails if the query needs something that its configuration disables.
    fn apply_settings(&mut self, _settings: &ApiSettings) -> Result<(), Error> {
        Ok(())
    }

    /// Fails if the caller may not use these parameters.
    fn permit(&self, _actor: &Actor) -> Result<(), Error> {
        Ok(())
    }

    /// Returns true if no index serves the query. Only a few of these reads run at a time.
    fn is_heavy(&self) -> bool {
        false
    }
}

/// The longest query string, in bytes. RFC 9110, section 15.5.15, suggests 414 for a longer one; the contract answers 400
/// to every refused query.
pub const MAX_LENGTH: usize = 8 * 1024;

/// The parameters of each type of query, declared once per worker.
#[derive(Default)]
pub struct Declared(RefCell<HashMap<TypeId, Rc<dyn Any>>>);

impl Declared {
    fn parameters<Q: Query>(&self, registry: &Registry) -> Rc<Parameters<Q>> {
        let known = self.0.borrow().get(&TypeId::of::<Q>()).cloned();
        let known = known.and_then(|known| known.downcast().ok());
        known.unwrap_or_else(|| {
            let parameters = Rc::new(Q::parameters(registry));
            self.0
                .borrow_mut()
                .insert(TypeId::of::<Q>(), parameters.clone());
            parameters
        })
    }
}

/// Parses a form-encoded query string (WHATWG URL, section 5).
pub fn read<Q: Query>(text: &str, declared: &Declared, registry: &Registry) -> Result<Q, Problem> {
    if text.len() > MAX_LENGTH {
        let detail = format!("the query string may have at most {MAX_LENGTH} bytes");
        return Err(Problem::malformed(detail));
    }
    if !is_valid_encoding(text) {
        return Err(Problem::malformed(
            "the query string is not valid percent-encoded UTF-8",
        ));
    }
    let pairs: Vec<_> = form_urlencoded::parse(text.as_bytes()).collect();
    let pairs: Vec<(&str, &str)> = pairs
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let nul = |(name, value): &&(&str, &str)| name.contains('\0') || value.contains('\0');
    if let Some((name, _)) = pairs.iter().find(nul) {
        return Err(Error::parameter(
            name.replace('\0', ""),
            Code::NotAllowed,
            "must not contain U+0000",
        )
        .into());
    }
    let parameters = declared.parameters::<Q>(registry);
    Ok(parameters.parse(Q::default(), pairs)?)
}

/// Checks the encoding, because the parser replaces invalid escapes and characters instead of refusing them.
fn is_valid_encoding(text: &str) -> bool {
    let escapes = text.split('%').skip(1);
    let hex = |escape: &str| {
        escape.len() >= 2 && escape.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
    };
    let has_replaced = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
        name.contains('\u{fffd}') || value.contains('\u{fffd}')
    };
    let has_replacement = text.to_ascii_lowercase().contains("%ef%bf%bd");
    escapes.into_iter().all(hex)
        && (has_replacement || !form_urlencoded::parse(text.as_bytes()).any(has_replaced))
}

/// No query parameters.
#[derive(Debug, Default)]
pub struct NoQuery;

impl Query for NoQuery {
    fn parameters(_: &Registry) -> Parameters<Self> {
        Parameters::new([])
    }
}

/// The query parameters of a single row.
pub struct RowParams<C> {
    pub shape: Shape,
    resource: PhantomData<C>,
}

impl<C> Default for RowParams<C> {
    fn default() -> Self {
        Self {
            shape: Shape::default(),
            resource: PhantomData,
        }
    }
}

impl<C: Readable> Query for RowParams<C> {
    fn parameters(registry: &Registry) -> Parameters<Self> {
        Shape::parameters::<C>(registry).embed(|query| &mut query.shape)
    }
}

/// The query parameters of a list.
pub struct ListParams<C: Readable>(pub ListQuery<C>);

impl<C: Readable> Default for ListParams<C> {
    fn default() -> Self {
        Self(ListQuery::default())
    }
}

impl<C: Readable> Query for ListParams<C> {
    fn parameters(registry: &Registry) -> Parameters<Self> {
        ListQuery::parameters(registry).embed(|query| &mut query.0)
    }

    fn apply_settings(&mut self, settings: &ApiSettings) -> Result<(), Error> {
        self.0.answer_limit = settings.answer_limit;
        if self.0.count == Count::Exact && !settings.exact_counts {
            return Err(Error::parameter(
                "count",
                Code::NotAllowed,
                "exact counts are disabled on this server; use count=estimate",
            ));
        }
        Ok(())
    }

    fn permit(&self, actor: &Actor) -> Result<(), Error> {
        self.0.permit(actor)
    }

    fn is_heavy(&self) -> bool {
        self.0.is_heavy()
    }
}

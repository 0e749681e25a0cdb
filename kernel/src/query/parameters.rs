//! Query parameters, declared once: parsing, the texts of refusals and the API description come from the declaration.
use std::collections::HashSet;

use super::parameter::{Description, Form, Parameter};
use crate::{Code, Error, Refusal, Refused, Result, resource::Filterable, suggest};

/// Makes the refusal of a parameter that is not declared.
pub type Unknown<'a> = &'a dyn Fn() -> Refused;

/// The fields with filters, and the function that reads one.
type Filters<T> = (fn() -> Vec<Filterable>, ReadFilter<T>);
type ReadFilter<T> = Box<dyn Fn(&mut T, &str, &str, Unknown<'_>) -> Result<(), Refused>>;
type Check<T> = Box<dyn Fn(&mut T, &HashSet<&str>) -> Vec<Refusal>>;

/// The names that other APIs give to the parameters of numbered pages.
const PAGE_NAMES: [&str; 5] = ["page", "per_page", "perPage", "page_size", "pageSize"];

/// All parameters of a query `T`.
pub struct Parameters<T> {
    list: Vec<Parameter<T>>,
    filters: Option<Filters<T>>,
    checks: Vec<Check<T>>,
}

impl<T: 'static> Parameters<T> {
    pub fn new(list: impl IntoIterator<Item = Parameter<T>>) -> Self {
        Self {
            list: list.into_iter().collect(),
            filters: None,
            checks: Vec::new(),
        }
    }

    #[must_use]
    pub fn with(mut self, more: impl IntoIterator<Item = Parameter<T>>) -> Self {
        self.list.extend(more);
        self
    }

    /// Adds the parameters of a part of the query.
    #[must_use]
    pub fn merge(mut self, more: Self) -> Self {
        self.list.extend(more.list);
        self.checks.extend(more.checks);
        self.filters = self.filters.or(more.filters);
        self
    }

    /// Adds filters on these fields. `read` gets the name and the value of each parameter that is not declared.
    #[must_use]
    pub fn with_filters(
        mut self,
        fields: fn() -> Vec<Filterable>,
        read: impl Fn(&mut T, &str, &str, Unknown<'_>) -> Result<(), Refused> + 'static,
    ) -> Self {
        self.filters = Some((fields, Box::new(read)));
        self
    }

    /// Adds a check of the whole query. It gets the names of the parameters that were given.
    #[must_use]
    pub fn check(
        mut self,
        check: impl Fn(&mut T, &HashSet<&str>) -> Vec<Refusal> + 'static,
    ) -> Self {
        self.checks.push(Box::new(check));
        self
    }

    /// Makes them the parameters of a query that contains a `T`.
    pub fn embed<U: 'static>(self, part: fn(&mut U) -> &mut T) -> Parameters<U> {
        let filters = self.filters.map(|(fields, read)| {
            let read: ReadFilter<U> = Box::new(move |query, name, value, unknown| {
                read(part(query), name, value, unknown)
            });
            (fields, read)
        });
        let check = |check: Check<T>| -> Check<U> {
            Box::new(move |query, given| check(part(query), given))
        };
        Parameters {
            list: self
                .list
                .into_iter()
                .map(|parameter| parameter.embed(part))
                .collect(),
            filters,
            checks: self.checks.into_iter().map(check).collect(),
        }
    }

    pub fn describe(&self) -> impl Iterator<Item = &Description> {
        self.list.iter().map(|parameter| &parameter.description)
    }

    pub fn filterable_fields(&self) -> Vec<Filterable> {
        self.filters
            .as_ref()
            .map_or_else(Vec::new, |(fields, _)| fields())
    }

    /// Parses a query string into `query`. Reports every refused parameter at once.
    pub fn parse<'a>(
        &self,
        mut query: T,
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<T> {
        let mut given = HashSet::new();
        let mut refusals = Vec::new();
        for (name, value) in pairs {
            let read = if given.insert(name) {
                self.read(&mut query, name, value)
            } else {
                Err((Code::Duplicate, self.given_again(name)))
            };
            let refusal = |(code, detail)| Refusal::new(name, code, detail);
            refusals.extend(read.err().map(refusal));
        }
        let missing = self
            .describe()
            .filter(|parameter| parameter.is_required && !given.contains(parameter.name));
        refusals.extend(
            missing.map(|parameter| Refusal::new(parameter.name, Code::Required, "is required")),
        );
        for check in &self.checks {
            refusals.extend(check(&mut query, &given));
        }
        if refusals.is_empty() {
            Ok(query)
        } else {
            Err(Error::Query(refusals))
        }
    }

    fn read(&self, query: &mut T, name: &str, value: &str) -> Result<(), Refused> {
        let mut list = self.list.iter();
        let unknown = || (Code::Unknown, self.unknown(name));
        match (
            list.find(|parameter| parameter.description.name == name),
            &self.filters,
        ) {
            (Some(parameter), _) => (parameter.read)(query, value),
            (None, Some((_, read))) => read(query, name, value, &unknown),
            (None, None) => Err(unknown()),
        }
    }

    /// Says that a parameter is given again, and how several values are sent where that is possible.
    fn given_again(&self, name: &str) -> String {
        let takes_several = self.describe().any(|parameter| {
            parameter.name == name
                && matches!(
                    parameter.form,
                    Form::List { .. } | Form::Sort { .. } | Form::Permissions
                )
        });
        if takes_several {
            format!("is given more than once: separate its values with commas, as in {name}=a,b")
        } else {
            "is given more than once".to_owned()
        }
    }

    /// Lists the parameters, and the fields that every caller may filter by: naming the others would reveal that they exist.
    fn unknown(&self, name: &str) -> String {
        let field = name.split(['[', '.']).next().unwrap_or(name);
        let names: Vec<_> = self.describe().map(|parameter| parameter.name).collect();
        let fields = self.filterable_fields();
        let fields = fields
            .iter()
            .filter(|field| field.private_of.is_none() && !field.name.contains('.'));
        let fields: Vec<_> = fields.map(|field| field.name.as_str()).collect();
        let expected = if names.contains(&"offset") && PAGE_NAMES.contains(&name) {
            "use `offset` and `limit`, or follow `page.next`. Expected".to_owned()
        } else {
            suggest::expected(field, names.iter().chain(&fields).copied())
        };
        match (names.join(", "), fields.join(", ")) {
            (names, fields) if names.is_empty() && fields.is_empty() => {
                "unknown parameter; this endpoint has none".to_owned()
            }
            (names, fields) if fields.is_empty() => {
                format!("unknown parameter; {expected} {names}")
            }
            (names, fields) => {
                format!("unknown parameter; {expected} {names}, or a filter by {fields}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Query {
        skip: u64,
        is_dry: bool,
        names: Vec<String>,
    }

    fn parameters() -> Parameters<Query> {
        let names = vec!["a".to_owned(), "b".to_owned()];
        Parameters::new([
            Parameter::number("skip", "Rows to skip.", 0..=9, |query: &mut Query, skip| {
                query.skip = skip;
            })
            .default(0),
            Parameter::boolean("dry", "Writes nothing.", |query: &mut Query, is_dry| {
                query.is_dry = is_dry;
            }),
            Parameter::list("names", "Names.", names, |query: &mut Query, names| {
                query.names = names;
            })
            .required(),
        ])
    }

    fn refused(pairs: &[(&'static str, &'static str)]) -> Vec<(String, Code, String)> {
        let error = parameters().parse(Query::default(), pairs.iter().copied());
        let Err(Error::Query(refusals)) = error else {
            panic!("{error:?}")
        };
        let parts = |refusal: Refusal| (refusal.at, refusal.code, refusal.detail);
        refusals.into_iter().map(parts).collect()
    }

    #[test]
    fn declared_parameters_are_read() {
        let pairs = [("skip", "3"), ("dry", "true"), ("names", "b,a")];

        let query = parameters().parse(Query::default(), pairs).unwrap();

        let names = vec!["b".to_owned(), "a".to_owned()];
        let expected = Query {
            skip: 3,
            is_dry: true,
            names,
        };
        assert_eq!(query, expected);
    }

    #[test]
    fn a_refusal_says_what_the_declaration_allows() {
        let refusals = refused(&[
            ("skip", "10"),
            ("dry", "yes"),
            ("names", "c"),
            ("dry", "true"),
            ("names", "a"),
            ("more", "1"),
            ("skp[gt]", "1"),
        ]);

        let expected = [
            ("skip", Code::OutOfRange, "must be a number from 0 to 9"),
            ("dry", Code::NotAllowed, "must be one of true, false"),
            ("names", Code::Unknown, "unknown value \"c\"; expected a, b"),
            ("dry", Code::Duplicate, "is given more than once"),
            (
                "names",
                Code::Duplicate,
                "is given more than once: separate its values with commas, as in names=a,b",
            ),
            (
                "more",
                Code::Unknown,
                "unknown parameter; expected skip, dry, names",
            ),
            (
                "skp[gt]",
                Code::Unknown,
                "unknown parameter; did you mean `skip`? Expected skip, dry, names",
            ),
        ];
        let expected = expected.map(|(at, code, text)| (at.to_owned(), code, text.to_owned()));
        assert_eq!(refusals, expected);
    }

    #[test]
    fn a_required_parameter_must_be_given() {
        let expected = ("names".to_owned(), Code::Required, "is required".to_owned());

        assert_eq!(refused(&[("skip", "1")]), [expected]);
    }
}

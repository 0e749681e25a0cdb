//! One query parameter: its name, its form, its description, and how its value is read.
use std::{fmt::Display, ops::RangeInclusive};

use crate::{Code, Refused, Result, quote, suggest};

/// The form of a parameter's value.
#[derive(Debug, Clone)]
pub enum Form {
    Number(RangeInclusive<u64>),
    Boolean,
    OneOf(Vec<&'static str>),
    /// Values separated by commas. If their number is limited, no value may occur twice.
    List {
        values: Vec<String>,
        most: Option<usize>,
    },
    /// Fields separated by commas, each with a hyphen for descending order.
    Sort {
        fields: Vec<String>,
        most: usize,
    },
    /// Permissions separated by commas.
    Permissions,
    Cursor,
    Search,
    /// Conditions in parentheses, with an example.
    Conditions(String),
    Text,
}

/// A parameter without its parser.
#[derive(Debug, Clone)]
pub struct Description {
    pub name: &'static str,
    pub text: String,
    pub form: Form,
    pub default: Option<String>,
    pub is_required: bool,
}

type Read<T> = Box<dyn Fn(&mut T, &str) -> Result<(), Refused>>;

/// One parameter of a query `T`.
pub struct Parameter<T> {
    pub(super) description: Description,
    pub(super) read: Read<T>,
}

impl<T: 'static> Parameter<T> {
    /// A parameter whose value has a syntax of its own, which `read` parses.
    pub fn new(
        name: &'static str,
        text: impl Into<String>,
        form: Form,
        read: impl Fn(&mut T, &str) -> Result<(), Refused> + 'static,
    ) -> Self {
        let description = Description {
            name,
            text: text.into(),
            form,
            default: None,
            is_required: false,
        };
        let read = Box::new(read);
        Self { description, read }
    }

    pub fn number(
        name: &'static str,
        text: &str,
        range: RangeInclusive<u64>,
        set: fn(&mut T, u64),
    ) -> Self {
        let form = Form::Number(range.clone());
        Self::new(name, text, form, move |query, value| {
            set(query, number(value, &range)?);
            Ok(())
        })
    }

    pub fn boolean(name: &'static str, text: &str, set: fn(&mut T, bool)) -> Self {
        Self::new(name, text, Form::Boolean, move |query, value| {
            set(query, one_of(value, &[("true", true), ("false", false)])?);
            Ok(())
        })
    }

    /// A parameter with a few values, each of which has a name.
    pub fn one_of<V: Copy>(
        name: &'static str,
        text: &str,
        values: &'static [(&'static str, V)],
        set: fn(&mut T, V),
    ) -> Self {
        let names = values.iter().map(|(name, _)| *name);
        Self::new(
            name,
            text,
            Form::OneOf(names.collect()),
            move |query, value| {
                set(query, one_of(value, values)?);
                Ok(())
            },
        )
    }

    /// A list of known values.
    pub fn list(
        name: &'static str,
        text: &str,
        values: Vec<String>,
        set: fn(&mut T, Vec<String>),
    ) -> Self {
        let form = Form::List {
            values: values.clone(),
            most: None,
        };
        Self::new(name, text, form, move |query, text| {
            let known = |name: &str| {
                if values.iter().any(|value| value == name) {
                    Ok(name.to_owned())
                } else {
                    Err(unknown_value(name, &values))
                }
            };
            let list: Result<_, _> = text.split(',').map(known).collect();
            set(query, list?);
            Ok(())
        })
    }

    #[must_use]
    pub fn default(mut self, value: impl Display) -> Self {
        self.description.default = Some(value.to_string());
        self
    }

    #[must_use]
    pub fn required(mut self) -> Self {
        self.description.is_required = true;
        self
    }

    /// Makes it a parameter of a query that contains a `T`.
    pub fn embed<U: 'static>(self, part: fn(&mut U) -> &mut T) -> Parameter<U> {
        let read = self.read;
        Parameter {
            description: self.description,
            read: Box::new(move |query, value| read(part(query), value)),
        }
    }
}

fn number(text: &str, range: &RangeInclusive<u64>) -> Result<u64, Refused> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_plain.then(|| text.parse().ok()).flatten();
    number
        .filter(|number| range.contains(number))
        .ok_or_else(|| {
            let detail = format!("must be a number from {} to {}", range.start(), range.end());
            (Code::OutOfRange, detail)
        })
}

/// Returns the value with this name.
fn one_of<V: Copy>(text: &str, values: &[(&str, V)]) -> Result<V, Refused> {
    let found = values.iter().find(|(name, _)| *name == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names = values.iter().map(|(name, _)| match *name {
            "" => "an empty value",
            name => name,
        });
        let detail = format!("must be one of {}", names.collect::<Vec<_>>().join(", "));
        (Code::NotAllowed, detail)
    })
}

/// Refuses a value that is not among the known ones.
pub(super) fn unknown_value(name: &str, known: &[impl AsRef<str>]) -> Refused {
    let known: Vec<_> = known.iter().map(AsRef::as_ref).collect();
    let expected = suggest::expected(name, known.iter().copied());
    let (name, known) = (quote(name), known.join(", "));
    let detail = format!("unknown value {name:?}; {expected} {known}");
    (Code::Unknown, detail)
}

/// Refuses a value that occurs twice in a list.
pub(super) fn repeated_value(name: &str) -> Refused {
    let detail = format!("must not name {} more than once", quote(name));
    (Code::Duplicate, detail)
}

/// Refuses a list with too many values.
pub(super) fn too_many_values(most: usize, what: &str) -> Refused {
    (Code::TooMany, format!("takes at most {most} {what}"))
}

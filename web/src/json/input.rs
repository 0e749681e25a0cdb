//! Converts a JSON object into an input, and refuses everything that is wrong with it at once.
use std::{any::TypeId, cell::RefCell, collections::HashMap, rc::Rc};

use kernel::{Code, Error, Refusal, Result, input::Input, quote, suggest};
use schemars::{JsonSchema, Schema, generate::SchemaSettings, schema_for};
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

use super::escape;

/// The most refusals of unknown members. A body may have thousands of members.
const MAX_UNKNOWN: usize = 100;

thread_local! {
    /// The names of the members of each input and of each answer that can be sent back. No type is both.
    static MEMBERS: RefCell<HashMap<TypeId, Rc<[String]>>> = RefCell::default();
}

/// Returns the names of the members that an input may have.
pub fn members<T: Input + 'static>() -> Rc<[String]> {
    cached::<T>(|| schema_for!(T))
}

/// Returns the names of the members that an answer may have.
pub fn answer_members<A: JsonSchema + 'static>() -> Rc<[String]> {
    cached::<A>(|| {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        settings.into_generator().into_root_schema_for::<A>()
    })
}

/// Returns the names of the members in the schema of a `T`, which is made once on each thread.
fn cached<T: 'static>(schema: impl FnOnce() -> Schema) -> Rc<[String]> {
    MEMBERS.with_borrow_mut(|members| {
        let names = members.entry(TypeId::of::<T>());
        names.or_insert_with(|| names_of(&schema())).clone()
    })
}

fn names_of(schema: &Schema) -> Rc<[String]> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let names = properties.into_iter().flatten();
    names.map(|(name, _)| name.clone()).collect()
}

/// Converts an object into a `T`, of which `check` checks the limits. Fails with `refused` and with every unknown member, every
/// wrong type and every broken limit.
pub fn input<T: Input + 'static>(
    mut value: Value,
    mut refused: Vec<Refusal>,
    check: impl Fn(&T) -> Result<()>,
) -> Result<T> {
    require_object(&value)?;
    let input = match T::deserialize(&value) {
        Ok(input) => Some(input),
        Err(_) => remove_misfits(&mut value, &mut refused),
    };
    let Some(input) = input else {
        return Err(Error::Invalid(refused));
    };
    match check(&input) {
        Err(Error::Invalid(broken)) => {
            let is_new = |broken: &Refusal| {
                let others = refused.iter();
                others.map(member).all(|other| other != member(broken))
            };
            let broken: Vec<_> = broken.into_iter().filter(is_new).collect();
            refused.extend(broken);
        }
        checked => checked?,
    }
    Error::refuse(refused).map(|()| input)
}

/// Fails unless the value is an object. serde would read a list as the fields of a struct in order.
pub fn require_object(value: &Value) -> Result<()> {
    if value.is_object() {
        Ok(())
    } else {
        Err(Error::invalid("", Code::WrongType, "must be an object"))
    }
}

/// Removes the members that do not fit `T` and refuses each. Returns the input without them, or `None` if it cannot be read
/// without a member that is missing.
fn remove_misfits<T: Input + 'static>(value: &mut Value, refused: &mut Vec<Refusal>) -> Option<T> {
    let known = members::<T>();
    if let Some(object) = value.as_object_mut() {
        remove_unknown(object, &known, refused);
    }
    // Each turn removes a member, of which there are not more than `T` has.
    loop {
        let error = match serde_path_to_error::deserialize(&*value) {
            Ok(input) => return Some(input),
            Err(error) => error,
        };
        let refusal = refusal(&error);
        let removed = value.as_object_mut()?.remove(&unescape(member(&refusal)));
        refused.push(refusal);
        removed?;
    }
}

fn remove_unknown(object: &mut Map<String, Value>, known: &[String], refused: &mut Vec<Refusal>) {
    let mut unknown = 0;
    object.retain(|name, _| {
        let is_known = known.contains(name);
        if !is_known && unknown < MAX_UNKNOWN {
            unknown += 1;
            refused.push(unknown_member(name, known));
        }
        is_known
    });
}

/// Refuses a member that an input does not have.
pub fn unknown_member(name: &str, known: &[String]) -> Refusal {
    let names = known.iter().map(String::as_str);
    let detail = match suggest::nearest(name, names) {
        Some(near) => format!("unknown field `{}`; did you mean `{near}`?", quote(name)),
        None => format!(
            "unknown field `{}`; expected {}",
            quote(name),
            known.join(", ")
        ),
    };
    Refusal::new(format!("/{}", escape(name)), Code::UnknownField, detail)
}

/// Returns the escaped name of the member of the body that a refusal is about.
fn member(refusal: &Refusal) -> &str {
    refusal.at.split('/').nth(1).unwrap_or_default()
}

/// Reads a part of a JSON Pointer (RFC 6901, section 4).
fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// Makes a refusal of serde's error.
pub fn refusal(error: &serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let message = error.inner().to_string();
    let segment = |segment: &Segment| match segment {
        Segment::Seq { index } => index.to_string(),
        Segment::Map { key } | Segment::Enum { variant: key } => escape(key),
        Segment::Unknown => "?".to_owned(),
    };
    let pointer = error
        .path()
        .iter()
        .fold(String::new(), |at, part| at + "/" + &segment(part));
    let named = |start: &str| {
        let name = message.strip_prefix(start)?.split('`').next()?;
        let end = format!("/{}", escape(name));
        let is_there = pointer.ends_with(&end);
        Some(if is_there {
            pointer.clone()
        } else {
            pointer.clone() + &end
        })
    };
    if let Some(at) = named("unknown field `") {
        return Refusal::new(at, Code::UnknownField, shortened(&message, ("`", "`, ")));
    }
    if let Some(at) = named("missing field `") {
        return Refusal::new(at, Code::Required, "is required");
    }
    let marks = if message.starts_with("unknown variant") {
        ("`", "`, ")
    } else {
        ("\"", "\", ")
    };
    Refusal::new(pointer, Code::WrongType, shortened(&message, marks))
}

/// Shortens a long text that a message of serde quotes between two marks.
fn shortened(message: &str, (start, end): (&str, &str)) -> String {
    let parts = message.split_once(start).and_then(|(head, rest)| {
        let (quoted, tail) = rest.rsplit_once(&format!("{end}expected"))?;
        Some((head, quoted, tail))
    });
    match parts {
        Some((head, quoted, tail)) => {
            format!("{head}{start}{}{end}expected{tail}", quote(quoted))
        }
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use garde::Validate;
    use kernel::input::check;
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Clone, Default, PartialEq, Deserialize, Validate, JsonSchema)]
    #[serde(deny_unknown_fields, default)]
    struct Book {
        #[garde(length(chars, min = 1))]
        title: String,
        #[garde(range(min = 1))]
        pages: i64,
        #[garde(skip)]
        tags: Vec<String>,
        #[garde(dive)]
        shelf: Shelf,
    }

    #[derive(Debug, Clone, Default, PartialEq, Deserialize, Validate, JsonSchema)]
    #[serde(deny_unknown_fields, default)]
    struct Shelf {
        #[garde(length(chars, max = 3))]
        name: String,
    }

    fn refused(value: Value) -> Vec<(String, Code, String)> {
        let Err(Error::Invalid(refused)) = input::<Book>(value, Vec::new(), check) else {
            panic!("it is accepted");
        };
        let parts = |refusal: Refusal| (refusal.at, refusal.code, refusal.detail);
        refused.into_iter().map(parts).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_refused_at_once() {
        let refused = refused(
            json!({ "titel": "x", "pages": "many", "tags": ["a", 1], "shelf": { "name": "long" } }),
        );

        let mut expected = [
            ("/titel", Code::UnknownField),
            ("/pages", Code::WrongType),
            ("/tags/1", Code::WrongType),
            ("/title", Code::Required),
            ("/shelf/name", Code::TooLong),
        ];
        let found = refused.iter().map(|(at, code, _)| (at.as_str(), *code));
        let mut found: Vec<_> = found.collect();
        expected.sort_unstable_by_key(|(at, _)| *at);
        found.sort_unstable_by_key(|(at, _)| *at);
        assert_eq!(found, expected);
        assert!(
            refused
                .iter()
                .any(|(_, _, detail)| { detail == "unknown field `titel`; did you mean `title`?" })
        );
    }

    #[test]
    fn a_member_of_a_member_has_the_pointer_of_both() {
        let refused = refused(json!({ "title": "a", "pages": 1, "shelf": { "nam": "x" } }));

        assert_eq!(refused[0].0, "/shelf/nam");
        assert_eq!(refused.len(), 1);
    }

    #[test]
    fn many_unknown_members_make_a_bounded_number_of_refusals() {
        let members: Map<_, _> = (0..1_000).map(|n| (format!("x{n}"), Value::Null)).collect();

        assert_eq!(refused(members.into()).len(), MAX_UNKNOWN + 2);
    }
}

//! The input of clients: its shape, its limits, and how a broken limit is reported.
mod messages;
mod trimmed;

use garde::{Path, Validate, i18n::with_i18n};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{Error, Refusal, Result};
pub use messages::refuse;
pub use trimmed::{PRETRIMMED, PresentTrimmed, Trimmed};

/// An input that can be deserialized and declares limits. `#[serde(default)]` on the struct makes an absent field empty, so
/// that it is reported together with the other refused fields.
pub trait Input: DeserializeOwned + Validate<Context = ()> + JsonSchema + Clone {}
impl<T: DeserializeOwned + Validate<Context = ()> + JsonSchema + Clone> Input for T {}

/// Makes a patch from the recorded values of fields, ignores those that a patch may not set, and checks its limits.
///
/// Fails with a conflict if a field no longer has a type that its value fits.
pub fn patch<P: Input>(mut fields: Map<String, Value>) -> Result<P> {
    let schema = schemars::schema_for!(P);
    let known = schema.get("properties").and_then(Value::as_object);
    fields.retain(|name, _| known.is_some_and(|known| known.contains_key(name)));
    let patch = serde_json::from_value(fields.into());
    let patch = patch
        .map_err(|_| Error::conflict("that version has a value that its field no longer allows"))?;
    check(&patch)?;
    Ok(patch)
}

/// Fails with every broken limit, each with its JSON Pointer. Lengths are in characters.
pub fn check(input: &impl Validate<Context = ()>) -> Result<()> {
    let Err(report) = with_i18n(messages::Messages::default(), || input.validate()) else {
        return Ok(());
    };
    let refusals = report.into_inner().into_iter().map(|(path, error)| {
        let (code, detail) = messages::read(&error);
        Refusal::new(pointer(&path), code, detail)
    });
    Err(Error::Invalid(refusals.collect()))
}

fn pointer(path: &Path) -> String {
    let text = path.to_string();
    text.split(['.', '[']).fold(String::new(), |pointer, part| {
        pointer + "/" + part.trim_end_matches(']')
    })
}

/// Deserializes a field of a patch: an absent field is `None`, and `null` is refused unless the inner type accepts it.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    value: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

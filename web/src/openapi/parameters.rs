//! Query parameters, described from their declarations.
use kernel::query::{Description, Form, MAX_SEARCH, Parameters};
use serde_json::{Value, json};

use super::{Schemas, filters::filter, limits, schemas::reference};

/// Describes the declared parameters of a query, and then its filters.
pub fn describe<T: 'static>(parameters: &Parameters<T>, schemas: &mut Schemas) -> Vec<Value> {
    let fields = parameters.filterable_fields();
    let filters = fields.iter().map(|field| filter(field, schemas));
    parameters
        .describe()
        .map(parameter)
        .chain(filters)
        .collect()
}

fn parameter(parameter: &Description) -> Value {
    let mut schema = schema(&parameter.form);
    if let Some(example) = example(&parameter.form) {
        schema["examples"] = json!([example]);
    }
    // As a text: a viewer would send a `default`, and some parameters exclude each other.
    let text = match &parameter.default {
        Some(default) => format!("{} The default is `{default}`.", parameter.text),
        None => parameter.text.clone(),
    };
    let mut described = json!({
        "name": parameter.name,
        "in": "query",
        "description": text,
        "schema": schema,
    });
    if parameter.is_required {
        described["required"] = true.into();
    }
    match &parameter.form {
        Form::List { .. } | Form::Sort { .. } | Form::Permissions => {
            described["style"] = "form".into();
            described["explode"] = false.into();
        }
        Form::OneOf(values) if values.contains(&"") => described["allowEmptyValue"] = true.into(),
        _ => {}
    }
    described
}

fn schema(form: &Form) -> Value {
    match form {
        Form::Number(range) => {
            let mut schema =
                json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() });
            if i32::try_from(*range.end()).is_err() {
                schema["format"] = "int64".into();
            }
            schema
        }
        Form::Boolean => json!({ "type": "boolean" }),
        Form::OneOf(values) => json!({ "type": "string", "enum": values }),
        Form::List { values, most } => {
            let items = json!({ "type": "string", "enum": values });
            let mut schema = json!({ "type": "array", "items": items, "minItems": 1 });
            if let Some(most) = most {
                schema["maxItems"] = (*most).into();
                schema["uniqueItems"] = true.into();
            }
            schema
        }
        Form::Sort { fields, most } => sort(fields, *most),
        Form::Permissions => {
            json!({ "type": "array", "items": reference("Permission"), "minItems": 1 })
        }
        Form::Cursor => json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" }),
        Form::Search => {
            json!({ "type": "string", "maxLength": MAX_SEARCH, "pattern": search_pattern() })
        }
        Form::Conditions(_) => {
            json!({ "type": "string", "pattern": r"^\([^\u0000]+\)$" })
        }
        Form::Text => json!({ "type": "string" }),
    }
}

/// Returns an example of a value. A cursor has none, because only an answer has one that works.
fn example(form: &Form) -> Option<Value> {
    Some(match form {
        Form::Number(range) => 10.clamp(*range.start(), *range.end()).into(),
        Form::Boolean => true.into(),
        Form::OneOf(values) => (*values.iter().find(|value| !value.is_empty())?).into(),
        Form::List { values, .. } => json!([values.first()?]),
        // An export of deleted rows can be sorted by the first field only.
        Form::Sort { fields, most } => json!([format!(
            "-{}",
            fields.get((*most).min(2).saturating_sub(1))?
        )]),
        Form::Permissions => json!(["*"]),
        Form::Conditions(example) => example.clone().into(),
        Form::Search => "hello".into(),
        Form::Cursor | Form::Text => return None,
    })
}

/// Builds the schema of `sort`: `-field` sorts in descending order, and no field may occur twice, even in both directions.
fn sort(fields: &[String], most: usize) -> Value {
    let both = fields
        .iter()
        .flat_map(|name| [name.clone(), format!("-{name}")]);
    let items = json!({ "type": "string", "enum": both.collect::<Vec<_>>() });
    let mut schema = json!({ "type": "array", "items": items, "minItems": 1, "maxItems": most });
    if most > 1 {
        let twice = fields.iter().map(|name| {
            let has = |name: &str| json!({ "contains": { "const": name } });
            json!({ "allOf": [has(name), has(&format!("-{name}"))] })
        });
        schema["uniqueItems"] = true.into();
        schema["not"] = json!({ "anyOf": twice.collect::<Vec<_>>() });
    }
    schema
}

/// The pattern of a search: a word or phrase to find, after any number of words and phrases to exclude.
///
/// White space is listed, because `\s` means different characters in each regular expression dialect.
fn search_pattern() -> String {
    let space = limits::SPACE;
    format!(
        r#"^[{space}]*(-"[^"\u0000]*"[{space}]*|-[^{space}"\u0000]*[{space}]+)*((-[^{space}"\u0000]+)?"|[^{space}"\u0000-])[^\u0000]*$"#
    )
}

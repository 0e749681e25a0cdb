//! The query parameters of reads: those of [`ListQuery`], with each declared field and its operators.
//!
//! [`ListQuery`]: kernel::query::ListQuery
use kernel::{
    Readable, Registry,
    crud::Deleted,
    query::{
        DEFAULT_LIMIT, Filterable, Include, MAX_FIELDS, MAX_INCLUDES, MAX_LIMIT, MAX_OFFSET,
        MAX_PATTERN, MAX_SEARCH, MAX_VALUES, ValueKind, declared_fields, filterable,
        indexed_fields, operators, relations, searched, showable,
    },
};
use serde_json::{Map, Value, json};

use super::limits;
use crate::transfer::{Format, OnError, companions};

const KINDS: [ValueKind; 7] = [
    ValueKind::Integer,
    ValueKind::Number,
    ValueKind::Boolean,
    ValueKind::Time,
    ValueKind::Date,
    ValueKind::Clock,
    ValueKind::Text,
];

/// Lists the query parameters of a list of `C`.
pub fn list<C: Readable>(registry: &Registry) -> Vec<Value> {
    let window = [
        (
            "limit",
            "Page size.",
            json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT }),
        ),
        (
            "cursor",
            "The `page.next` or `page.prev` of a page with the same filters and `sort`.",
            json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" }),
        ),
        (
            "offset",
            "The number of rows to skip, for numbered pages. Cannot be combined with `cursor`.",
            json!({ "type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0 }),
        ),
        (
            "count",
            "Whether `page.total` is present, and whether it may be an estimate. The operator can disable `exact`.",
            json!({ "type": "string", "enum": ["none", "exact", "estimate"], "default": "none" }),
        ),
    ];
    let window = window.map(|(name, description, schema)| parameter(name, description, &schema));
    let filters = filterable::<C>();
    let filters = filters.iter().map(filter);
    window
        .into_iter()
        .chain([sort::<C>()])
        .chain(search::<C>(RANKED))
        .chain(shown::<C>(registry))
        .chain(filters)
        .collect()
}

/// Lists the query parameters of an export: those of a list without pages.
pub fn export<C: Readable>(registry: &Registry) -> Vec<Value> {
    let formats = Format::ALL.map(|(name, _)| name);
    let format = parameter(
        "format",
        "One JSON object per line, or CSV (RFC 4180) with a header.",
        &json!({ "type": "string", "enum": formats, "default": Format::default().name() }),
    );
    let shown = shown::<C>(registry).into_iter();
    let shown = shown.filter(|parameter| parameter["name"] != "include");
    let filters = filterable::<C>();
    [format, indexed_sort::<C>()]
        .into_iter()
        .chain(search::<C>("The rows are in the order of `sort`."))
        .chain(shown)
        .chain(filters.iter().map(filter))
        .collect()
}

/// Lists the query parameters of an import.
pub fn import<C: Readable>() -> Vec<Value> {
    let known = companions::<C>();
    let map = (!known.is_empty()).then(|| {
        let items = json!({ "type": "string", "enum": known });
        names(
            "map",
            "The references to look up by the name beside their id, instead of the id. Use it for rows of another server.",
            &json!({ "type": "array", "items": items, "minItems": 1 }),
        )
    });
    let formats = Format::ALL.map(|(name, _)| name);
    let ways = OnError::ALL.map(|(name, _)| name);
    let plain = [
        (
            "format",
            "The format of the body; must match its `Content-Type`.",
            json!({ "type": "string", "enum": formats }),
        ),
        (
            "on_error",
            "Whether an invalid record stops the import and its chunk is not written, or only the record is skipped.",
            json!({ "type": "string", "enum": ways, "default": "abort" }),
        ),
        (
            "dry_run",
            "Whether to check the records without writing them. Each chunk is rolled back, so later chunks do not see it.",
            json!({ "type": "boolean", "default": false }),
        ),
        (
            "skip",
            "The number of records at the beginning to skip: the `committed_lines` of an import that stopped.",
            json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": i64::MAX, "default": 0 }),
        ),
    ]
    .map(|(name, description, schema)| parameter(name, description, &schema));
    plain.into_iter().chain(map).collect()
}

/// Lists the query parameters that a single row and a list share.
pub fn shown<C: Readable>(registry: &Registry) -> Vec<Value> {
    let deleted = parameter(
        "deleted",
        "Whether to include deleted rows, for callers who may restore them.",
        &json!({ "type": "string", "enum": ["exclude", "include", "only"], "default": "exclude" }),
    );
    let items = json!({ "type": "string", "enum": showable::<C>() });
    let fields = names(
        "fields",
        "The members to return beside `id`. The default is all.",
        &json!({ "type": "array", "items": items, "minItems": 1 }),
    );
    let relations = relations(C::name(), registry);
    let relations: Vec<_> = relations.iter().flat_map(Include::names).collect();
    let include = (!relations.is_empty()).then(|| {
        let items = json!({ "type": "string", "enum": relations });
        let schema = json!({
            "type": "array",
            "items": items,
            "minItems": 1,
            "maxItems": MAX_INCLUDES,
            "uniqueItems": true,
        });
        let heavy = relations.iter().find(|name| name.contains('.'));
        let heavy = heavy.map(|name| format!("; `{name}` adds a heavy field of an owner"));
        let heavy = heavy.unwrap_or_default();
        let description = format!("Related rows to include, without heavy fields{heavy}.");
        names("include", &description, &schema)
    });
    let deleted = C::SOFT_DELETES.then_some(deleted);
    deleted.into_iter().chain([fields]).chain(include).collect()
}

/// Returns the schemas that filters refer to.
pub fn schemas() -> Map<String, Value> {
    KINDS
        .into_iter()
        .map(|kind| (name(kind), schema(kind)))
        .collect()
}

pub(super) fn parameter(name: &str, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

/// Builds a parameter whose value is a comma-separated list.
fn names(name: &str, description: &str, schema: &Value) -> Value {
    let mut parameter = parameter(name, description, schema);
    parameter["style"] = "form".into();
    parameter["explode"] = false.into();
    parameter
}

/// Builds the `sort` parameter: `-field` sorts in descending order, and no field may occur twice, even in both directions.
fn sort<C: Readable>() -> Value {
    let fields: Vec<_> = declared_fields::<C>();
    let is_public = |field: &&Filterable| field.is_sortable && field.private_of.is_none();
    let fields = fields.iter().filter(is_public);
    let known: Vec<&str> = fields.map(|field| field.name.as_str()).collect();
    let both = known
        .iter()
        .flat_map(|name| [(*name).to_owned(), format!("-{name}")]);
    let twice = known.iter().map(|name| {
        let has = |name: &str| json!({ "contains": { "const": name } });
        json!({ "allOf": [has(name), has(&format!("-{name}"))] })
    });
    names(
        "sort",
        "The fields to sort by, with a hyphen for descending order. `id` is always the last tie-break; null comes last.",
        &json!({
            "type": "array",
            "items": { "type": "string", "enum": both.collect::<Vec<_>>() },
            "minItems": 1,
            "maxItems": MAX_FIELDS,
            "uniqueItems": true,
            "not": { "anyOf": twice.collect::<Vec<_>>() },
            "default": ["-id"],
        }),
    )
}

/// Builds the `sort` parameter of an export, which accepts one field that has an index.
fn indexed_sort<C: Readable>() -> Value {
    let known = indexed_fields::<C>(Deleted::Exclude).into_iter();
    let both = known.flat_map(|name| [name.to_owned(), format!("-{name}")]);
    names(
        "sort",
        "The field to sort by, with a hyphen for descending order. With `deleted`, only `id`.",
        &json!({
            "type": "array",
            "items": { "type": "string", "enum": both.collect::<Vec<_>>() },
            "minItems": 1,
            "maxItems": 1,
            "default": ["-id"],
        }),
    )
}

/// Builds the `q` parameter if the resource can be searched; `order` describes the order of the results.
pub(super) fn search<C: Readable>(order: &str) -> Option<Value> {
    let columns = searched::<C>();
    let description = format!(
        "Words to find in {}. Rows must contain all of them; the last one may be a prefix. `\"a phrase\"` matches word for word, `-word` excludes rows. \
         {order}",
        columns.join(", ")
    );
    let schema = json!({ "type": "string", "maxLength": MAX_SEARCH, "pattern": search_pattern() });
    (!columns.is_empty()).then(|| parameter("q", &description, &schema))
}

pub(super) const RANKED: &str =
    "The best matches come first, with `offset` and without `cursor`, unless `sort` is given.";

/// The pattern of a search: a word or phrase to find, after any number of words and phrases to exclude.
///
/// White space is listed, because `\s` means different characters in each regular expression dialect.
fn search_pattern() -> String {
    let space = limits::SPACE;
    format!(
        r#"^[{space}]*(-"[^"\u0000]*"[{space}]*|-[^{space}"\u0000]*[{space}]+)*((-[^{space}"\u0000]+)?"|[^{space}"\u0000-])[^\u0000]*$"#
    )
}

/// Builds the parameter of a filter: `field=value`, or `field[operator]=value`.
pub(super) fn filter(field: &Filterable) -> Value {
    let mut filter = json!({
        "name": field.name,
        "in": "query",
        "style": "deepObject",
        "explode": true,
        "schema": { "$ref": format!("#/components/schemas/{}", name(field.kind)) },
    });
    if let Some(resource) = field.private_of {
        let permission = format!("{resource}.read");
        filter["description"] =
            format!("Requires the permission `{permission}`; other callers get an error for it.")
                .into();
        filter["x-permission"] = permission.into();
    }
    filter
}

/// The name of the schema, such as `TextFilter`.
fn name(kind: ValueKind) -> String {
    format!("{kind:?}Filter")
}

fn schema(kind: ValueKind) -> Value {
    let (value, many) = match kind {
        ValueKind::Integer => (
            json!({ "type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX }),
            "-?[0-9]{1,18}",
        ),
        ValueKind::Boolean => (json!({ "type": "boolean" }), "(true|false)"),
        ValueKind::Number => (
            json!({ "type": "number" }),
            r"-?[0-9]{1,15}(\.[0-9]{1,15})?",
        ),
        ValueKind::Time => (
            json!({ "anyOf": [
                { "type": "string", "format": "date-time" },
                { "type": "string", "format": "date" },
            ] }),
            TIME,
        ),
        ValueKind::Date => (json!({ "type": "string", "format": "date" }), DATE),
        ValueKind::Clock => {
            let clock = json!({ "type": "string", "pattern": format!("^{CLOCK}$") });
            (clock, CLOCK)
        }
        ValueKind::Text => (
            json!({ "type": "string", "pattern": limits::TEXT }),
            r#"("([^\u0000"\\]|\\[^\u0000])*"|([^\u0000,"][^\u0000,]*)?)"#,
        ),
    };
    let rest = MAX_VALUES - 1;
    let many = json!({
        "type": "string",
        "description": format!("Up to {MAX_VALUES} values, separated by commas. Put a text that contains a comma in double quotes."),
        "pattern": format!("^{many}(,{many}){{0,{rest}}}$"),
    });
    let operator = |name: &'static str| {
        let schema = match name {
            "in" | "nin" => many.clone(),
            "is_null" => json!({ "type": "boolean" }),
            "contains" | "starts_with" => {
                json!({ "type": "string", "pattern": limits::TEXT, "maxLength": MAX_PATTERN })
            }
            _ => value.clone(),
        };
        (name.to_owned(), schema)
    };
    let operators: Map<String, Value> = operators(kind).into_iter().map(operator).collect();
    json!({
        "description": "The value to equal, or operators. `ne` and `nin` also match rows where the field is null.",
        "anyOf": [
            value,
            { "type": "object", "properties": operators, "additionalProperties": false },
        ],
    })
}

const DATE: &str = "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))";

const CLOCK: &str = "([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\\.[0-9]{1,9})?";

/// RFC 3339, without 29 February.
const TIME: &str = "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))T([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])";

//! The query strings of reads: what [`ListQuery`] takes, with each declared field and its operators.
//!
//! [`ListQuery`]: service::query::ListQuery
use serde_json::{Map, Value, json};
use service::{
    Crud,
    crud::Deleted,
    query::{
        DEFAULT_LIMIT, Filterable, Include, MAX_FIELDS, MAX_INCLUDES, MAX_LIMIT, MAX_OFFSET,
        MAX_PATTERN, MAX_SEARCH, MAX_VALUES, ValueKind, declared_fields, filterable,
        indexed_fields, operators, relations, searched, showable,
    },
    resources::registry,
};

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

/// Of a list of `C`.
pub fn list<C: Crud>() -> Vec<Value> {
    let window = [
        (
            "limit",
            "Rows of a page.",
            json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT }),
        ),
        (
            "cursor",
            "`page.next` or `page.prev` of a page with the same filters and order.",
            json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" }),
        ),
        (
            "offset",
            "Rows to skip, for interfaces with page numbers; goes with no cursor.",
            json!({ "type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0 }),
        ),
        (
            "count",
            "Whether `page.total` is there, and whether it may be an estimate; the operator may have switched `exact` off.",
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
        .chain(shown::<C>())
        .chain(filters)
        .collect()
}

/// Of an export: a list without a window.
pub fn export<C: Crud>() -> Vec<Value> {
    let formats = Format::ALL.map(|(name, _)| name);
    let format = parameter(
        "format",
        "One JSON object a line, or CSV (RFC 4180) with a header.",
        &json!({ "type": "string", "enum": formats, "default": Format::default().name() }),
    );
    let shown = shown::<C>().into_iter();
    let shown = shown.filter(|parameter| parameter["name"] != "include");
    let filters = filterable::<C>();
    [format, indexed_sort::<C>()]
        .into_iter()
        .chain(search::<C>("In the order of `sort`."))
        .chain(shown)
        .chain(filters.iter().map(filter))
        .collect()
}

/// Of an import.
pub fn import<C: Crud>() -> Vec<Value> {
    let known = companions::<C>();
    let map = (!known.is_empty()).then(|| {
        let items = json!({ "type": "string", "enum": known });
        names(
            "map",
            "References that are looked up by the name beside their id, which is then ignored: for rows of another server.",
            &json!({ "type": "array", "items": items, "minItems": 1 }),
        )
    });
    let formats = Format::ALL.map(|(name, _)| name);
    let ways = OnError::ALL.map(|(name, _)| name);
    let plain = [
        (
            "format",
            "What the body is; must fit its type.",
            json!({ "type": "string", "enum": formats }),
        ),
        (
            "on_error",
            "Whether an error stops the import, with nothing of its chunk written, or leaves out its record.",
            json!({ "type": "string", "enum": ways, "default": "abort" }),
        ),
        (
            "dry_run",
            "Whether nothing is written. What a chunk would have written, the next does not see.",
            json!({ "type": "boolean", "default": false }),
        ),
        (
            "skip",
            "Records at the beginning to leave out: `committed_lines` of an import that stopped.",
            json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": i64::MAX, "default": 0 }),
        ),
    ]
    .map(|(name, description, schema)| parameter(name, description, &schema));
    plain.into_iter().chain(map).collect()
}

/// Of a single row, and of those of a list.
pub fn shown<C: Crud>() -> Vec<Value> {
    let deleted = parameter(
        "deleted",
        "Whether deleted rows are shown to those who may restore them.",
        &json!({ "type": "string", "enum": ["exclude", "include", "only"], "default": "exclude" }),
    );
    let items = json!({ "type": "string", "enum": showable::<C>() });
    let fields = names(
        "fields",
        "The members that are shown, beside `id`; all, where nothing is said.",
        &json!({ "type": "array", "items": items, "minItems": 1 }),
    );
    let relations = relations(C::name(), registry());
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
        names(
            "include",
            "Related rows that come along, without heavy fields; `post.content` asks for one of an owner.",
            &schema,
        )
    });
    [deleted, fields].into_iter().chain(include).collect()
}

/// The schemas that filters refer to.
pub fn schemas() -> Map<String, Value> {
    KINDS
        .into_iter()
        .map(|kind| (name(kind), schema(kind)))
        .collect()
}

pub(super) fn parameter(name: &str, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

/// With commas between them.
fn names(name: &str, description: &str, schema: &Value) -> Value {
    let mut parameter = parameter(name, description, schema);
    parameter["style"] = "form".into();
    parameter["explode"] = false.into();
    parameter
}

/// `-field` descends. No field twice, not even in both directions.
fn sort<C: Crud>() -> Value {
    let fields: Vec<_> = declared_fields::<C>();
    let is_meant = |field: &&Filterable| field.is_sortable && field.private_of.is_none();
    let fields = fields.iter().filter(is_meant);
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
        "Fields, with a hyphen before those that descend; `id` is always the last tie-break, NULL comes last.",
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

/// One field that has an index.
fn indexed_sort<C: Crud>() -> Value {
    let known = indexed_fields::<C>(Deleted::Exclude).into_iter();
    let both = known.flat_map(|name| [name.to_owned(), format!("-{name}")]);
    names(
        "sort",
        "A field, with a hyphen before it if it descends; with `deleted` only `id`.",
        &json!({
            "type": "array",
            "items": { "type": "string", "enum": both.collect::<Vec<_>>() },
            "minItems": 1,
            "maxItems": 1,
            "default": ["-id"],
        }),
    )
}

/// Where the resource is searched; `order` says what comes first.
pub(super) fn search<C: Crud>(order: &str) -> Option<Value> {
    let columns = searched::<C>();
    let description = format!(
        "Words to find in {}: all of them, the last one as a beginning; `\"a phrase\"` word for word, `-word` for rows without it. \
         {order}",
        columns.join(", ")
    );
    let schema = json!({ "type": "string", "maxLength": MAX_SEARCH, "pattern": search_pattern() });
    (!columns.is_empty()).then(|| parameter("q", &description, &schema))
}

pub(super) const RANKED: &str =
    "The best come first, with `offset` and no `cursor`, unless there is a `sort`.";

/// Something to find, after any number of words and phrases to leave out.
///
/// White space is written out: `\s` means other characters in each dialect of patterns.
fn search_pattern() -> String {
    let space = limits::SPACE;
    format!(
        r#"^[{space}]*(-"[^"\u0000]*"[{space}]*|-[^{space}"\u0000]*[{space}]+)*((-[^{space}"\u0000]+)?"|[^{space}"\u0000-])[^\u0000]*$"#
    )
}

/// `field=value`, or `field[operator]=value`.
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
            format!("Needs the permission `{permission}`; unknown to others.").into();
        filter["x-permission"] = permission.into();
    }
    filter
}

/// `TextFilter`
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
        "description": format!("At most {MAX_VALUES} values with commas between them; a text with a comma in double quotes."),
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
        "description": "The value to equal, or operators; `ne` and `nin` keep rows without a value.",
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

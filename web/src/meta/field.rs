//! The fields of a resource, put together from what its table, its inputs and its view declare.
use kernel::{
    query::operators,
    resource::{Member, MemberKind, Owner, ValueKind},
};
use serde_json::Value;

use super::view::{FieldFormat, FieldType, FieldView, OnCreate, ReferenceView};
use crate::openapi::{Schemas, TEXT};

/// The length from which a text is long.
const LONG: u64 = 255;

/// The declarations that fields are put together from.
pub struct Sources<'a> {
    pub members: Vec<Member>,
    pub computed: &'static [&'static str],
    /// The members that not every caller sees.
    pub private: Vec<&'static str>,
    pub owners: Vec<Owner>,
    /// The text that the service fills in if it is left out.
    pub slug: Option<&'static str>,
    /// The schemas of a new row, of a patch and of a row.
    pub new: Value,
    pub patch: Value,
    pub row: Value,
    pub soft_deletes: bool,
    pub schemas: &'a Schemas,
}

/// Returns all fields: the id, those that the resource declares, those that can only be written, and the other base columns.
pub fn fields(sources: &Sources<'_>) -> Vec<FieldView> {
    let is_base = |name: &str| ["created_at", "updated_at", "version"].contains(&name);
    let (base, declared): (Vec<_>, Vec<_>) = sources
        .members
        .iter()
        .map(|member| member.name)
        .partition(|name| is_base(name));
    let mut names = declared;
    names.extend(sources.computed);
    for name in [&sources.new, &sources.patch]
        .into_iter()
        .flat_map(members_of)
    {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.extend(base);
    names.extend(sources.soft_deletes.then_some("deleted_at"));
    names.into_iter().map(|name| sources.field(name)).collect()
}

fn members_of(schema: &Value) -> impl Iterator<Item = &str> {
    let members = schema["properties"].as_object();
    members.into_iter().flatten().map(|(name, _)| name.as_str())
}

impl Sources<'_> {
    fn field(&self, name: &str) -> FieldView {
        let member = self.members.iter().find(|member| member.name == name);
        let [new, patch, row] =
            [&self.new, &self.patch, &self.row].map(|schema| schema["properties"].get(name));
        let input = new.or(patch);
        let shape = row.or(input);
        let typed = Typed::new(member, shape);
        let limits = self.items(input.or(row));
        let number = |limit: &str| input.and_then(|input| input[limit].as_u64());
        let bound = |limit: &str| input.map(|input| input[limit].clone());
        let range = member.and_then(|member| member.range.clone());
        let (minimum, maximum) = match range {
            Some((least, greatest)) => (Some(least), Some(greatest)),
            None => (bound("minimum"), bound("maximum")),
        };
        let text = |key: &str| {
            let text = |schema: &Value| schema[key].as_str().map(str::to_owned);
            row.and_then(text).or_else(|| input.and_then(text))
        };
        let is_sortable = member.is_some_and(|member| member.is_sortable);
        let reference = self.owners.iter().find(|owner| owner.column == name);
        let mut field = FieldView {
            name: name.to_owned(),
            r#type: typed.kind,
            format: None,
            nullable: member.map_or_else(|| shape.is_some_and(is_nullable), |it| it.is_nullable),
            readable: row.is_some(),
            create: match new {
                Some(_) if is_required(&self.new, name) => OnCreate::Required,
                Some(_) => OnCreate::Optional,
                None => OnCreate::No,
            },
            update: patch.is_some(),
            min_length: number("minLength").or_else(|| number("minItems")),
            max_length: number("maxLength").or_else(|| number("maxItems")),
            minimum: minimum.filter(|bound| !bound.is_null()),
            maximum: maximum.filter(|bound| !bound.is_null()),
            places: typed.places,
            pattern: input
                .and_then(|input| input["pattern"].as_str())
                .filter(|pattern| *pattern != TEXT && typed.kind == FieldType::Text)
                .map(str::to_owned),
            values: typed.values.or(limits),
            default: new
                .map(|new| new["default"].clone())
                .filter(|it| !it.is_null()),
            references: reference.map(|owner| ReferenceView {
                resource: owner.table,
            }),
            operators: member
                .and_then(|member| member.filter)
                .map(operators)
                .unwrap_or_default(),
            sort: is_sortable,
            description: text("description"),
            is_private: self.private.contains(&name),
        };
        field.format = self.format(&field, member, input.or(row));
        field
    }

    fn format(
        &self,
        field: &FieldView,
        member: Option<&Member>,
        schema: Option<&Value>,
    ) -> Option<FieldFormat> {
        if member.is_some_and(|it| it.kind == MemberKind::Value(ValueKind::Int64)) {
            return Some(FieldFormat::Int64);
        }
        if field.r#type != FieldType::Text {
            return None;
        }
        let is_long = member.is_some_and(|member| member.is_long)
            || field.max_length.is_some_and(|length| length > LONG);
        match schema.and_then(|schema| schema["format"].as_str()) {
            Some("email") => Some(FieldFormat::Email),
            Some("uri") => Some(FieldFormat::Uri),
            _ if self.slug == Some(field.name.as_str()) => Some(FieldFormat::Slug),
            _ if !field.readable => Some(FieldFormat::Password),
            _ => is_long.then_some(FieldFormat::Long),
        }
    }

    /// Returns the values that the items of a list may have.
    fn items(&self, schema: Option<&Value>) -> Option<Vec<Value>> {
        let items = &schema?["items"];
        let named = items["$ref"].as_str();
        let named = named.and_then(|path| path.rsplit('/').next());
        let items = named.and_then(|name| self.schemas.of_request(name));
        items.unwrap_or(&schema?["items"])["enum"]
            .as_array()
            .cloned()
    }
}

/// The type of a field, with what is written beside it.
struct Typed {
    kind: FieldType,
    places: Option<u32>,
    values: Option<Vec<Value>>,
}

impl Typed {
    /// A column tells its type. Its view may show a list where the column is JSON.
    fn new(member: Option<&Member>, shape: Option<&Value>) -> Self {
        let plain = |kind| Self {
            kind,
            places: None,
            values: None,
        };
        if shape.is_some_and(|shape| has_type(shape, "array")) {
            return plain(FieldType::List);
        }
        let Some(member) = member else {
            return Self::of_schema(shape);
        };
        let kind = match member.kind {
            MemberKind::Json => return plain(FieldType::Json),
            MemberKind::Bytes => return plain(FieldType::Binary),
            MemberKind::Value(kind) => kind,
        };
        match kind {
            ValueKind::Integer | ValueKind::Int64 => plain(FieldType::Integer),
            ValueKind::Decimal(places) => Self {
                places: Some(places),
                ..plain(FieldType::Decimal)
            },
            ValueKind::Single | ValueKind::Number => plain(FieldType::Number),
            ValueKind::Boolean => plain(FieldType::Boolean),
            ValueKind::Time => plain(FieldType::Datetime),
            ValueKind::Date => plain(FieldType::Date),
            ValueKind::Clock => plain(FieldType::Time),
            ValueKind::Uuid => plain(FieldType::Uuid),
            ValueKind::Text => plain(FieldType::Text),
            ValueKind::OneOf(values) => Self {
                values: Some(values.iter().map(|&value| value.into()).collect()),
                ..plain(FieldType::Enum)
            },
            ValueKind::Opaque => Self::of_schema(shape),
        }
    }

    /// Returns the type of a member that is no column.
    fn of_schema(shape: Option<&Value>) -> Self {
        let (mut kind, mut values) = (FieldType::Json, None);
        if let Some(shape) = shape {
            kind = match shape["format"].as_str() {
                Some("date-time") => FieldType::Datetime,
                Some("date") => FieldType::Date,
                Some("uuid") => FieldType::Uuid,
                _ if has_type(shape, "string") => FieldType::Text,
                _ if has_type(shape, "boolean") => FieldType::Boolean,
                _ if has_type(shape, "integer") => FieldType::Integer,
                _ if has_type(shape, "number") => FieldType::Number,
                _ => FieldType::Json,
            };
            if let Some(all) = shape["enum"].as_array() {
                kind = FieldType::Enum;
                let all = all.iter().filter(|value| !value.is_null());
                values = Some(all.cloned().collect());
            }
        }
        Self {
            kind,
            places: None,
            values,
        }
    }
}

fn has_type(schema: &Value, name: &str) -> bool {
    match &schema["type"] {
        Value::Array(types) => types.iter().any(|kind| kind == name),
        kind => kind == name,
    }
}

fn is_nullable(schema: &Value) -> bool {
    has_type(schema, "null")
}

fn is_required(schema: &Value, name: &str) -> bool {
    let required = schema["required"].as_array();
    required.is_some_and(|required| required.iter().any(|it| it == name))
}

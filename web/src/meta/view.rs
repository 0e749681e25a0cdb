//! What the API says about resources.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The application and its resources, as far as the caller may see them.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Meta")]
pub struct MetaView {
    pub name: &'static str,
    pub version: &'static str,
    /// Null if the caller is not signed in.
    pub caller: Option<CallerView>,
    /// The resources to which the caller may do something, owners before what they own.
    pub resources: Vec<ResourceView>,
}

/// The caller.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "MetaCaller")]
pub struct CallerView {
    pub id: i64,
    /// Null if callers have no names.
    pub username: Option<String>,
    pub is_superuser: bool,
    /// Sorted; a superuser has `*`.
    pub permissions: Vec<String>,
}

/// A resource.
#[derive(Debug, Clone, JsonSchema, Serialize)]
#[schemars(rename = "MetaResource")]
pub struct ResourceView {
    pub name: &'static str,
    pub path: String,
    /// The field that names a row to people; null if there is none.
    pub title: Option<&'static str>,
    /// The field that permissions for a caller's own rows compare with the caller's id; null if there are no such permissions.
    pub owner: Option<&'static str>,
    /// Whether deleted rows can be restored.
    pub soft_delete: bool,
    /// Whether rows have a `version`, which `If-Match` names.
    pub versioned: bool,
    /// The order of a list without `sort`.
    pub default_sort: &'static str,
    pub fields: Vec<FieldView>,
    /// The fields that `q` searches, the most important first; without any there is no `q`.
    pub search: Vec<&'static str>,
    /// The relations that `include` may name.
    pub includes: Vec<IncludeView>,
    /// The rows of other resources that belong to a row.
    pub children: Vec<ChildView>,
    /// Which rows the caller may do each action to. `deleted` means to list deleted rows.
    pub actions: BTreeMap<&'static str, Level>,
}

/// The rows to which a caller may do something. An action may be refused for some rows nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MetaLevel")]
pub enum Level {
    /// No rows.
    None,
    /// The caller's own rows.
    Own,
    /// All rows that the caller sees.
    All,
}

/// A field of a resource.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own"
)]
#[derive(Debug, Clone, JsonSchema, Serialize)]
#[schemars(rename = "MetaField")]
pub struct FieldView {
    pub name: String,
    pub r#type: FieldType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<FieldFormat>,
    pub nullable: bool,
    /// Whether the caller may read it in some row.
    pub readable: bool,
    pub create: OnCreate,
    /// Whether an update may change it.
    pub update: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// Written as values of the field are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Value>,
    /// Written as values of the field are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Value>,
    /// The digits of a decimal after its point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub places: Option<u32>,
    /// A regular expression that every value matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The values of an enumeration, or of the items of a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<String>>")]
    pub values: Option<Vec<Value>>,
    /// The value of a new row that is created without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub references: Option<ReferenceView>,
    /// The operators of filters that the caller may use; empty if the caller may not filter by the field.
    pub operators: Vec<&'static str>,
    /// Whether the caller may sort by the field.
    pub sort: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Only the owner of a row and holders of the full read permission see it. Only the latter may filter by it.
    #[serde(skip)]
    pub is_private: bool,
}

/// The type of the values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MetaFieldType")]
pub enum FieldType {
    /// A number, or a string if the format is `int64`.
    Integer,
    /// A number.
    Number,
    /// A string of digits, with `places` after the point.
    Decimal,
    /// True or false.
    Boolean,
    /// A text.
    Text,
    /// A text that is one of `values`.
    Enum,
    /// A date, such as `2026-01-31`.
    Date,
    /// A time of day, such as `09:30:00`.
    Time,
    /// A point in time (RFC 3339).
    Datetime,
    /// A UUID.
    Uuid,
    /// JSON of any type.
    Json,
    /// Bytes in base64.
    Binary,
    /// An array.
    List,
}

/// What is special about the values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MetaFieldFormat")]
pub enum FieldFormat {
    /// An e-mail address.
    Email,
    /// A URI.
    Uri,
    /// A text that the server makes of another one if it is left out.
    Slug,
    /// A text that is never shown.
    Password,
    /// A text that may have more than 255 characters.
    Long,
    /// An integer that is written as a string.
    Int64,
}

/// Whether a new row may or must have a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "MetaOnCreate")]
pub enum OnCreate {
    /// It must have it.
    Required,
    /// It may have it.
    Optional,
    /// It must not have it.
    No,
}

/// The resource whose rows a field names by their ids.
#[derive(Debug, Clone, Copy, JsonSchema, Serialize)]
#[schemars(rename = "MetaReference")]
pub struct ReferenceView {
    pub resource: &'static str,
}

/// A relation.
#[derive(Debug, Clone, JsonSchema, Serialize)]
#[schemars(rename = "MetaInclude")]
pub struct IncludeView {
    pub name: &'static str,
    pub resource: &'static str,
    /// Whether a row may have several related rows.
    pub many: bool,
}

/// Rows that belong to a row.
#[derive(Debug, Clone, JsonSchema, Serialize)]
#[schemars(rename = "MetaChild")]
pub struct ChildView {
    pub resource: &'static str,
    /// The field that names the row that they belong to.
    pub field: &'static str,
}

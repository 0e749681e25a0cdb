//! The named schemas that operations refer to.
use std::collections::{BTreeMap, HashMap, HashSet};

use kernel::{
    Code, Crud, Readable, Refusal, Registry,
    input::{self, Input},
    permission::PermissionName,
    registry::Table,
    resource::{Filterable, ValueKind, declared_fields},
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{bulk, examples, filters, limits, problems, rows};
use crate::resource::{New, PageInfo, Patch, Representation, Resource, Writable, capitalized};

/// The schemas of inputs and of answers. They are separate, because the required fields of a type may differ between them.
pub struct Schemas {
    /// The schema of the name of a permission.
    permissions: Value,
    inputs: SchemaGenerator,
    answers: SchemaGenerator,
    complete: HashSet<String>,
    /// The view of each resource, by the name of its table.
    views: BTreeMap<&'static str, String>,
    /// The names of one row, such as `Post`, by the name of its table.
    rows: HashMap<&'static str, String>,
    /// Schemas that no type has: pages, bulk requests, and filters of enumerations.
    built: Map<String, Value>,
    /// The fields that resources declare, by the names of the schemas of their inputs and views.
    declared: HashMap<String, Vec<Filterable>>,
}

impl Schemas {
    pub fn new(registry: &Registry) -> Self {
        let settings = SchemaSettings::draft2020_12();
        let settings = settings.with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        let permissions = registry.permissions();
        let example = permissions.iter().find(|name| name.contains('.'));
        let permissions = json!({ "type": "string", "enum": permissions, "examples": [example] });
        Self {
            permissions,
            inputs: settings.clone().for_deserialize().into_generator(),
            answers: settings.for_serialize().into_generator(),
            complete: HashSet::new(),
            views: BTreeMap::new(),
            rows: registry.tables().iter().map(row_name).collect(),
            built: Map::new(),
            declared: registry.tables().iter().flat_map(inputs).collect(),
        }
    }

    pub fn input<T: Input>(&mut self) -> Value {
        let reference = self.inputs.subschema_for::<T>();
        let definitions = self.inputs.definitions_mut();
        if let Some(permission) = definitions.get_mut(PermissionName::schema_name().as_ref()) {
            permission.clone_from(&self.permissions);
        }
        let name = T::schema_name().into_owned();
        if let Some(schema) = definitions.get_mut(&name)
            && self.complete.insert(name.clone())
        {
            complete::<T>(schema);
            add_declared(schema, self.declared.get(&name));
        }
        reference.into()
    }

    /// Returns the schema of a patch, with the member that every patch has beside the fields of `T`.
    pub fn patch<T: Input>(&mut self) -> Value {
        let reference = self.input::<T>();
        let schema = self
            .inputs
            .definitions_mut()
            .get_mut(T::schema_name().as_ref());
        if let Some(schema) = schema {
            schema["properties"][examples::VERSION] = limits::version();
        }
        reference
    }

    pub fn answer<T: JsonSchema>(&mut self) -> Value {
        self.answers.subschema_for::<T>().into()
    }

    /// Returns the schema of a row with all its members.
    pub fn row<V: Resource>(&mut self) -> Value {
        let view = Representation::<V>::schema_name().into_owned();
        let fields = declared_fields::<V::Service>();
        self.declared.insert(view.clone(), fields);
        self.views.insert(V::Service::name(), view);
        self.answer::<Representation<V>>()
    }

    pub fn page<V: Resource>(&mut self) -> Value {
        let (row, info) = (self.row::<V>(), self.answer::<PageInfo>());
        let name = format!("{}Page", Representation::<V>::schema_name());
        let reference = reference(&name);
        self.built.insert(name, rows::page(&row, &info));
        reference
    }

    /// Returns a reference to the schema of the filter of an enumeration, such as `PostStatusFilter`.
    pub(super) fn enumeration(&mut self, field: &Filterable) -> Value {
        let (table, column) = field.column;
        let row = self.rows.get(table).map_or(table, String::as_str);
        let name = format!("{}{}Filter", pascal_case(row), pascal_case(column));
        let reference = reference(&name);
        self.built.insert(name, filters::schema(field.kind));
        reference
    }

    /// Returns the schema of a bulk request.
    pub fn bulk<V: Writable>(&mut self) -> Value {
        let (new, patch) = (self.input::<New<V>>(), self.patch::<Patch<V>>());
        let row = Representation::<V>::schema_name();
        let most_new = V::Service::MAX_NEW_IN_BULK;
        let (name, schemas) = bulk::bulk(&row, (&new, most_new), &patch);
        self.built.extend(schemas);
        reference(&name)
    }

    /// Returns the schema of this name that a request may refer to.
    pub fn of_request(&self, name: &str) -> Option<&Value> {
        self.inputs
            .definitions()
            .get(name)
            .or_else(|| self.built.get(name))
    }

    /// Returns the schema of this name that an answer may refer to.
    pub fn of_answer(&self, name: &str) -> Option<&Value> {
        self.answers.definitions().get(name)
    }

    pub fn finish(mut self, registry: &Registry) -> Map<String, Value> {
        let mut all = self.inputs.take_definitions(false);
        let code = self.answer::<Code>();
        let mut answers = self.answers.take_definitions(false);
        for (name, schema) in &mut answers {
            add_declared(schema, self.declared.get(name));
        }
        for schema in all.values_mut().chain(answers.values_mut()) {
            join_constants(schema);
            each_property(schema, limits::bound_ids);
        }
        rows::relate(&mut answers, &self.views, registry);
        all.extend(answers);
        all.extend(self.built);
        all.extend(filters::schemas());
        all.insert("Id".to_owned(), limits::id());
        all.extend(problems::schemas(&code));
        all
    }
}

/// Returns the name of one row of a table, which is that of a new row without `New`.
fn row_name(table: &Table) -> (&'static str, String) {
    let [new, _] = &table.inputs;
    (table.name, new.trim_start_matches("New").to_owned())
}

/// Turns `created_at` into `CreatedAt`.
fn pascal_case(name: &str) -> String {
    name.split('_').map(capitalized).collect()
}

/// Returns a reference to a schema.
pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Adds what only parsing can tell: the fields that an empty object lacks, and the fields that may be null.
fn complete<T: Input>(schema: &mut Value) {
    let accepts = |value: Value| serde_json::from_value::<T>(value);
    let empty = accepts(json!({})).ok();
    let required = empty.as_ref().map(missing);
    if let Some(required) = &required {
        schema["required"] = required.clone().into();
    }
    let required = required.unwrap_or_default();
    each_property(schema, |name, property| {
        // Null is what an absent member means already, and the default of a required one is refused.
        let has_default = property.get("default").is_some_and(|it| !it.is_null());
        if !has_default || required.iter().any(|member| member == name) {
            property.remove("default");
        }
        if accepts(json!({ name: null })).is_err() {
            limits::refuse_null(property);
        }
        limits::add_pattern(property);
    });
}

/// Returns the names of the schemas of a table's inputs, each with the fields that the table declares.
fn inputs(table: &Table) -> impl Iterator<Item = (String, Vec<Filterable>)> {
    let names = table.inputs.iter();
    names.map(|name| (name.clone().into_owned(), (table.filterable)()))
}

/// Adds the ranges and the enumerations that a resource declares.
fn add_declared(schema: &mut Value, fields: Option<&Vec<Filterable>>) {
    each_property(schema, |name, property| {
        let mut fields = fields.into_iter().flatten();
        let Some(field) = fields.find(|field| field.name == name) else {
            return;
        };
        if let Some(range) = &field.range {
            limits::add_range(range, property);
        }
        if let ValueKind::OneOf(values) = field.kind {
            limits::add_values(values, property);
        }
    });
}

/// Turns constants, each with a description, into one enumeration: generators of clients make one type of it.
fn join_constants(schema: &mut Value) {
    let Some(kinds) = schema["oneOf"].as_array() else {
        return;
    };
    let constants: Option<Vec<_>> = kinds.iter().map(|kind| kind.get("const")).collect();
    let Some(constants) = constants else { return };
    let values: Vec<Value> = constants.into_iter().cloned().collect();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let meanings = kinds.iter().map(|kind| {
        let (name, meaning) = (text(&kind["const"]), text(&kind["description"]));
        format!("- `{name}`: {meaning}")
    });
    let meanings: Vec<_> = meanings.collect();
    let description = format!(
        "{}\n\n{}",
        text(&schema["description"]),
        meanings.join("\n")
    );
    *schema = json!({ "type": "string", "enum": values, "description": description });
}

fn missing(empty: &impl Input) -> Vec<String> {
    let Err(kernel::Error::Invalid(refusals)) = input::check(empty) else {
        return Vec::new();
    };
    // For a nested field, the outer field is required.
    let field = |refusal: &Refusal| refusal.at.split('/').nth(1).map(str::to_owned);
    let mut fields: Vec<_> = refusals.iter().filter_map(field).collect();
    fields.dedup();
    fields
}

fn each_property(schema: &mut Value, mut change: impl FnMut(&str, &mut Map<String, Value>)) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        if let Some(property) = property.as_object_mut() {
            change(name, property);
        }
    }
}

//! The named schemas that operations refer to.
use std::collections::{BTreeMap, HashMap, HashSet};

use kernel::{
    Code, Readable, Refusal, Registry,
    input::{self, Input},
    permission::PermissionName,
    registry::Table,
    resource::{Filterable, ValueKind, declared_fields},
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{filters, limits, problems, rows};
use crate::resource::{Representation, Resource, Window};

/// The schemas of inputs and of answers. They are separate, because the required fields of a type may differ between them.
pub struct Schemas {
    /// The schema of the name of a permission.
    permissions: Value,
    inputs: SchemaGenerator,
    answers: SchemaGenerator,
    complete: HashSet<String>,
    /// The view of each resource, by the name of its table.
    views: BTreeMap<&'static str, String>,
    pages: Map<String, Value>,
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
        let permissions = json!({ "type": "string", "enum": registry.permissions() });
        Self {
            permissions,
            inputs: settings.clone().for_deserialize().into_generator(),
            answers: settings.for_serialize().into_generator(),
            complete: HashSet::new(),
            views: BTreeMap::new(),
            pages: Map::new(),
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

    /// Returns the schema of a row with the requested members.
    pub fn shown<V: Resource>(&mut self) -> Value {
        rows::shown(&self.row::<V>())
    }

    pub fn page<V: Resource>(&mut self) -> Value {
        let (shown, window) = (self.shown::<V>(), self.answer::<Window>());
        let name = format!("{}Page", Representation::<V>::schema_name());
        let reference = reference(&name);
        self.pages.insert(name, rows::page(&shown, &window));
        reference
    }

    pub fn inputs(&self) -> &Map<String, Value> {
        self.inputs.definitions()
    }

    pub fn finish(mut self, registry: &Registry) -> Map<String, Value> {
        let mut all = self.inputs.take_definitions(false);
        let code = self.answer::<Code>();
        let mut answers = self.answers.take_definitions(false);
        for (name, schema) in &mut answers {
            each_property(schema, limits::add_integer_bounds);
            add_declared(schema, self.declared.get(name));
        }
        rows::relate(&mut answers, &self.views, registry);
        all.extend(answers);
        all.extend(self.pages);
        all.extend(filters::schemas());
        all.insert("Id".to_owned(), limits::id());
        all.insert("Problem".to_owned(), problems::schema(&code));
        all
    }
}

/// Returns a reference to a schema.
pub fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Adds what only parsing can tell: the fields that an empty object lacks, and the fields that may be null.
fn complete<T: Input>(schema: &mut Value) {
    let accepts = |value: Value| serde_json::from_value::<T>(value);
    if let Ok(empty) = accepts(json!({})) {
        schema["required"] = missing(&empty).into();
    }
    each_property(schema, |name, property| {
        property.remove("default");
        if accepts(json!({ name: null })).is_err() {
            limits::refuse_null(property);
        }
        limits::add_pattern(property);
        limits::add_integer_bounds(name, property);
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

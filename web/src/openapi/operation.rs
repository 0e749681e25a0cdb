//! One operation, built from what the types of its handler document.
use std::collections::BTreeMap;

use actix_web::http::Method;
use kernel::{Registry, input::Input, query::Parameters};
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::{Schemas, examples, header, headers, parameters, schemas::reference};
use crate::{problem::Kind, transfer::Format};

/// An operation while it is built.
pub struct Operation<'a> {
    pub schemas: &'a mut Schemas,
    pub registry: &'a Registry,
    method: Method,
    pub(crate) parameters: Vec<Value>,
    pub(crate) body: Option<Value>,
    pub(crate) answers: BTreeMap<u16, Value>,
    pub(crate) is_call: bool,
    pub(crate) is_hidden: bool,
    pub(crate) failures: Vec<Kind>,
}

impl<'a> Operation<'a> {
    pub(crate) fn new(
        method: &Method,
        path: &str,
        (schemas, registry): (&'a mut Schemas, &'a Registry),
    ) -> Self {
        Self {
            schemas,
            registry,
            method: method.clone(),
            parameters: path_parameters(path),
            body: None,
            answers: BTreeMap::new(),
            is_call: false,
            is_hidden: false,
            failures: Vec::new(),
        }
    }

    /// Documents the checks of a `Call`.
    pub fn call(&mut self) {
        self.is_call = true;
    }

    /// Leaves the operation out of the document.
    pub fn hide(&mut self) {
        self.is_hidden = true;
    }

    /// Adds a failure.
    pub fn fails(&mut self, kind: Kind) {
        self.failures.push(kind);
    }

    pub fn query<Q: 'static>(&mut self, declared: &Parameters<Q>) {
        let described = parameters::describe(declared, self.schemas);
        self.parameters.extend(described);
    }

    pub fn body<T: Input>(&mut self) {
        let schema = self.schemas.input::<T>();
        self.json_body(&schema);
    }

    /// Documents a patch, which may name the version that the row must have.
    pub fn patch<T: Input>(&mut self) {
        let schema = self.schemas.patch::<T>();
        self.json_body(&schema);
    }

    /// Documents that the body may be left out.
    pub fn allow_no_body(&mut self) {
        if let Some(body) = &mut self.body {
            body["required"] = false.into();
        }
    }

    pub fn json_body(&mut self, schema: &Value) {
        let example = examples::build(self.schemas, schema);
        let media = json!({ "schema": schema, "example": example });
        let mut content = json!({ "application/json": media });
        if self.method == Method::PATCH {
            content["application/merge-patch+json"] = media;
        }
        self.body = Some(json!({ "required": true, "content": content }));
    }

    /// Documents a body that is a file of text other than JSON.
    pub fn text_body(&mut self, formats: &[Format]) {
        let file = json!({ "schema": file() });
        let kind = |format: &Format| (format.essence().to_owned(), file.clone());
        let content: Map<_, _> = formats.iter().map(kind).collect();
        self.body = Some(json!({ "required": true, "content": content }));
    }

    pub fn is_read(&self) -> bool {
        self.method == Method::GET
    }

    /// Adds a successful answer and returns its headers.
    pub fn answer(&mut self, status: u16, description: &str) -> &mut Value {
        let cached = ["Cache-Control", "Vary"].into_iter();
        let headers = ["X-Request-Id"]
            .into_iter()
            .chain(cached.filter(|_| self.is_read()));
        let headers = headers.map(|name| (name.to_owned(), header(name)));
        let headers: Map<String, Value> = headers.collect();
        let answer = json!({ "description": description, "headers": headers });
        self.answers.insert(status, answer);
        &mut self.answers.entry(status).or_default()["headers"]
    }

    pub fn json<T: JsonSchema>(&mut self, status: u16) {
        let schema = self.schemas.answer::<T>();
        self.content(status, schema);
    }

    /// Documents the preconditions of a read, and the answer to a client that has this version already (RFC 9110, section
    /// 15.4.5).
    pub fn unchanged(&mut self) {
        self.answer(304, "The client's copy of the row is current")["ETag"] = header("ETag");
        self.parameters.push(headers::parameter("If-None-Match"));
        self.parameters.push(headers::parameter("If-Match"));
        self.fails(Kind::PreconditionFailed);
    }

    pub fn content(&mut self, status: u16, schema: Value) {
        if let Some(answer) = self.answers.get_mut(&status) {
            answer["content"]["application/json"]["schema"] = schema;
        }
    }

    /// Documents an answer that is a file.
    pub fn file(&mut self, status: u16, media_type: &str) {
        if let Some(answer) = self.answers.get_mut(&status) {
            answer["content"][media_type]["schema"] = file();
        }
    }

    /// Links an answer to the next operations on the row with this id.
    pub fn links(&mut self, status: u16, tag: &str, id: &str, verbs: &[&str]) {
        let link = |verb: &&str| {
            let operation = format!("{tag}.{verb}");
            let parameters = json!({ "id": id });
            let link = json!({ "operationId": operation, "parameters": parameters });
            ((*verb).to_owned(), link)
        };
        let links: Map<String, Value> = verbs.iter().map(link).collect();
        if let Some(answer) = self.answers.get_mut(&status) {
            answer["links"] = links.into();
        }
    }
}

/// The schema of a file, as generators of clients and the viewer know it.
fn file() -> Value {
    json!({ "type": "string", "format": "binary" })
}

/// Lists the path parameters, which are ids, except for the slug of a problem and the name of a permission.
fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('{').skip(1);
    let names = names.filter_map(|rest| rest.split('}').next());
    let parameter = |name: &str| {
        let (schema, text) = match name {
            "slug" => {
                let slug =
                    json!({ "type": "string", "pattern": "^[a-z-]+$", "examples": ["not-found"] });
                (
                    slug,
                    "The last segment of the `type` of a problem.".to_owned(),
                )
            }
            "permission" => (
                reference("Permission"),
                "The name of the permission.".to_owned(),
            ),
            "id" => (reference("Id"), "The id of the row.".to_owned()),
            other => {
                let what = other.trim_end_matches("_id").replace('_', " ");
                (reference("Id"), format!("The id of the {what}."))
            }
        };
        json!({ "name": name, "in": "path", "required": true, "description": text, "schema": schema })
    };
    names.map(parameter).collect()
}

//! One operation, built from what the types of its handler document.
use std::collections::BTreeMap;

use actix_web::http::Method;
use schemars::JsonSchema;
use serde_json::{Map, Value, json};
use service::{input::Input, query::Parameters};

use super::{
    Schemas, checks, examples, header, headers, name, parameters, problems, schemas::reference,
};
use crate::{
    http::{Kind, Route},
    transfer::Format,
};

/// An operation while it is built.
pub struct Operation<'a> {
    pub schemas: &'a mut Schemas,
    method: Method,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: BTreeMap<u16, Value>,
    is_call: bool,
    is_hidden: bool,
    failures: Vec<Kind>,
}

impl Operation<'_> {
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
        self.parameters.extend(parameters::describe(declared));
    }

    pub fn body<T: Input>(&mut self, is_required: bool) {
        let schema = self.schemas.input::<T>();
        self.json_body(&schema, is_required);
    }

    pub fn json_body(&mut self, schema: &Value, is_required: bool) {
        let example = examples::build(self.schemas.inputs(), schema);
        let media = json!({ "schema": schema, "example": example });
        let mut content = json!({ "application/json": media });
        if self.method == Method::PATCH {
            content["application/merge-patch+json"] = media;
        }
        self.body = Some(json!({ "required": is_required, "content": content }));
    }

    /// Documents a body that is text other than JSON.
    pub fn text_body(&mut self, formats: &[Format]) {
        let text = json!({ "schema": { "type": "string" } });
        let kind = |format: &Format| (format.essence().to_owned(), text.clone());
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

    /// Documents the answer to a client that has this version already (RFC 9110, section 15.4.5).
    pub fn unchanged(&mut self) {
        self.answer(304, "The client's copy of the row is current")["ETag"] = header("ETag");
        self.parameters.push(headers::parameter("If-None-Match"));
    }

    /// Documents the headers that prevent lost updates and repeated effects.
    fn add_write_headers(&mut self, route: &Route) {
        if route.failures.contains(&Kind::PreconditionFailed) {
            self.parameters.push(headers::parameter("If-Match"));
        }
        if route.changes_one_row {
            self.parameters
                .push(headers::parameter("If-None-Match-Of-Change"));
        }
        if checks::accepts_key(route, self.is_call) {
            self.parameters.push(headers::parameter("Idempotency-Key"));
            for answer in self.answers.values_mut() {
                answer["headers"]["Idempotency-Replayed"] = header("Idempotency-Replayed");
            }
        }
    }

    /// Documents the rate limit headers of each answer.
    fn add_rate_limit_headers(&mut self) {
        for answer in self.answers.values_mut() {
            for name in headers::RATE_LIMIT {
                answer["headers"][name] = header(name);
            }
        }
    }

    pub fn content(&mut self, status: u16, schema: Value) {
        if let Some(answer) = self.answers.get_mut(&status) {
            answer["content"]["application/json"]["schema"] = schema;
        }
    }

    /// Documents an answer that is text other than JSON.
    pub fn text(&mut self, status: u16, format: Format) {
        if let Some(answer) = self.answers.get_mut(&status) {
            answer["content"][format.essence()]["schema"] = json!({ "type": "string" });
        }
    }

    /// Documents a binary answer.
    pub fn binary(&mut self, status: u16, media_type: &str) {
        if let Some(answer) = self.answers.get_mut(&status) {
            answer["content"][media_type] = json!({});
        }
    }

    /// Links an answer to another operation on the thing with this id.
    fn link(&mut self, status: u16, (tag, verb): (&str, &str), id: &str) {
        self.links(status, tag, id, &[verb]);
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

/// Describes a route. None if it is not part of the API.
pub fn describe(route: &Route, schemas: &mut Schemas) -> Option<Value> {
    let mut operation = Operation {
        schemas,
        method: route.method.clone(),
        parameters: path_parameters(&route.path),
        body: None,
        answers: BTreeMap::new(),
        is_call: false,
        is_hidden: false,
        failures: Vec::new(),
    };
    (route.describe)(&mut operation);
    if operation.is_hidden {
        return None;
    }
    operation.add_write_headers(route);
    if let Some((status, name, id)) = route.link {
        operation.link(status, name, id);
    }
    if operation.is_call {
        operation.add_rate_limit_headers();
    }
    let mut answers = operation.answers;
    let failures = checks::failures(route, operation.is_call, operation.body.is_some());
    for kind in failures.into_iter().chain(operation.failures) {
        let (status, ..) = kind.parts();
        problems::add(answers.entry(status.as_u16()).or_default(), kind);
    }
    let answers = answers
        .into_iter()
        .map(|(status, answer)| (status.to_string(), answer));
    let mut written = json!({
        "operationId": name::id(route),
        "summary": name::summary(route),
        "tags": [name::tag(route)],
        "parameters": operation.parameters,
        "responses": answers.collect::<Map<_, _>>(),
        "security": match (operation.is_call, checks::is_public(route)) {
            (false, _) => json!([]),
            (true, true) => json!([{}, { "bearer": [] }]),
            (true, false) => json!([{ "bearer": [] }]),
        },
    });
    if let Some(body) = operation.body {
        written["requestBody"] = body;
    }
    Some(written)
}

/// Lists the path parameters, which are ids, except for the slug of a problem.
fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('{').skip(1);
    let names = names.filter_map(|rest| rest.split('}').next());
    let parameter = |name: &str| {
        let schema = match name {
            "slug" => json!({ "type": "string", "pattern": "^[a-z-]+$" }),
            _ => reference("Id"),
        };
        json!({ "name": name, "in": "path", "required": true, "schema": schema })
    };
    names.map(parameter).collect()
}

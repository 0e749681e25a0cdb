//! `GET /auth/explain`: whether somebody may do something, and by which rule.
use std::{borrow::Cow, str::FromStr};

use actix_web::{http::Method, web::Data};
use serde_json::{Value, json};
use service::{
    Error, Refusal,
    explain::{self, Ground},
    permission::Permission,
    query::take_each,
    resources::registry,
};

use crate::{
    http::{
        Answer, BASE, Call, Is, JsonSchema, NoBody, Problem, Query, Reply, Route, Rules, Serialize,
        ids,
    },
    openapi::Operation,
};

pub fn routes() -> Vec<Route> {
    vec![Route::new(
        Method::GET,
        &format!("{BASE}/auth/explain"),
        |actor| actor.holds(&Permission::new("system.read")),
        explain,
    )]
}

/// What is asked.
pub struct Question {
    method: Method,
    path: String,
    /// None where nobody is signed in.
    user_id: Option<i64>,
    /// Of an API key that the user comes with; none where they are signed in.
    scopes: Option<Vec<String>>,
}

impl Query for Question {
    fn parse(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Self, Error> {
        let mut asked = Self {
            method: Method::GET,
            path: String::new(),
            user_id: None,
            scopes: None,
        };
        let pairs = pairs.iter().map(|(name, value)| (&**name, &**value));
        let (seen, mut refusals) = take_each(pairs, |name, value| asked.take(name, value));
        for name in ["method", "path"] {
            if !seen.contains(name) {
                refusals.push(Refusal::new(name, "required", "must be there"));
            }
        }
        if asked.scopes.is_some() && asked.user_id.is_none() {
            refusals.push(Refusal::new("scopes", "not_allowed", "needs a user_id"));
        }
        match refusals.is_empty() {
            true => Ok(asked),
            false => Err(Error::Query(refusals)),
        }
    }

    fn document(operation: &mut Operation<'_>) {
        let parameter = |name, is_required: bool, description, schema: Value| json!({ "name": name, "in": "query", "required": is_required, "description": description, "schema": schema });
        let methods = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"];
        operation.parameters([
            parameter(
                "method",
                true,
                "Of the request.",
                json!({ "type": "string", "enum": methods }),
            ),
            parameter(
                "path",
                true,
                "Of the request, without its query string.",
                json!({ "type": "string" }),
            ),
            parameter(
                "user_id",
                false,
                "Who would send it; without it nobody is signed in.",
                json!({ "type": "integer", "format": "int64", "minimum": 1 }),
            ),
            json!({
                "name": "scopes",
                "in": "query",
                "required": false,
                "description": "Scopes of an API key that the user would come with, with commas between them; without it the user is signed in.",
                "style": "form",
                "explode": false,
                "schema": {
                    "type": "array",
                    "minItems": 1,
                    "items": { "$ref": "#/components/schemas/Permission" },
                },
            }),
        ]);
    }
}

impl Question {
    fn take(&mut self, name: &str, value: &str) -> Result<(), (&'static str, String)> {
        match name {
            "method" => {
                let method = Method::from_str(value);
                self.method = method.map_err(|_| ("invalid", "must be a method".to_owned()))?;
            }
            "path" if value.contains('?') => {
                let detail = "must be a path without its query string";
                return Err(("invalid", detail.to_owned()));
            }
            "path" => value.clone_into(&mut self.path),
            "user_id" => {
                let id = ids([value].into_iter())
                    .ok()
                    .and_then(|ids| ids.first().copied());
                let id =
                    id.ok_or_else(|| ("invalid", "must be a positive 64-bit integer".to_owned()))?;
                self.user_id = Some(id);
            }
            "scopes" => {
                let scopes: Vec<_> = value.split(',').map(str::to_owned).collect();
                if let Some(unknown) = scopes.iter().find(|scope| !registry().is_permission(scope))
                {
                    let shown: String = unknown.chars().take(100).collect();
                    let detail = format!(
                        "unknown permission `{shown}`; expected one like `posts.read` or `posts.*`"
                    );
                    return Err(("unknown", detail));
                }
                self.scopes = Some(scopes);
            }
            _ => {
                let detail = "this takes method, path, user_id and scopes";
                return Err(("unknown", detail.to_owned()));
            }
        }
        Ok(())
    }
}

#[derive(JsonSchema, Serialize)]
struct ExplanationView {
    allowed: bool,
    /// What the request is refused with, as far as who asks decides that: 401, 403 or 404; null where it is allowed.
    status: Option<u16>,
    rule: RuleView,
    reason: String,
    /// What the user holds of the permissions that decide.
    held: Vec<SourceView>,
    /// The fewest and narrowest permissions that would have to be added.
    missing: Vec<SourceView>,
}

/// What the answer rests on.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
enum RuleView {
    /// Anybody may.
    Public,
    /// Whoever is signed in may.
    SignedIn,
    /// It belongs to the user.
    Owner,
    /// Those that are held allow it, or those that are missing would.
    Permission,
    /// Superusers may, and nobody else.
    Superuser,
    /// The account is deleted or inactive.
    Account,
    /// Nobody may: there is no such row, or the configuration rules it out.
    Nobody,
    /// The user may, but not by an API key of these scopes.
    Scope,
}

#[derive(JsonSchema, Serialize)]
struct SourceView {
    permission: String,
    /// Those of the user's roles that give it; where it is missing, all that would.
    roles: Vec<String>,
}

async fn explain(call: Call<NoBody, Question>, rules: Data<Rules>) -> Answer<Is<ExplanationView>> {
    let asked = &call.query;
    let (passage, values) = rules.find(&asked.method, &asked.path)?;
    let ids = ids(values.iter().map(String::as_str)).map_err(|_| path_refused())?;
    let check = async |session: &_| passage.check(session, &ids).await;
    let scopes = asked.scopes.iter().flatten().map(Permission::new);
    let scopes = asked.scopes.as_ref().map(|_| scopes.collect());
    let found = explain::explain(&call.session, asked.user_id, scopes, check).await?;
    Ok(Reply::ok(&ExplanationView::from(found))?)
}

fn path_refused() -> Error {
    let detail = "an id in the path must be a positive 64-bit integer";
    Error::parameter("path", "invalid", detail)
}

impl From<explain::Explanation> for ExplanationView {
    fn from(found: explain::Explanation) -> Self {
        let reason = reason(&found);
        let status = found.refusal.map(|error| Problem::from(error).status());
        let shown =
            |sources: Vec<explain::Source>| sources.into_iter().map(SourceView::from).collect();
        Self {
            allowed: status.is_none(),
            status,
            rule: found.ground.into(),
            reason,
            held: shown(found.held),
            missing: shown(found.missing),
        }
    }
}

impl From<explain::Source> for SourceView {
    fn from(source: explain::Source) -> Self {
        Self {
            permission: source.permission.to_string(),
            roles: source.roles,
        }
    }
}

impl From<Ground> for RuleView {
    fn from(ground: Ground) -> Self {
        match ground {
            Ground::Public => Self::Public,
            Ground::SignedIn => Self::SignedIn,
            Ground::Owner => Self::Owner,
            Ground::Permission => Self::Permission,
            Ground::Superuser => Self::Superuser,
            Ground::Account => Self::Account,
            Ground::Nobody => Self::Nobody,
            Ground::Scope => Self::Scope,
        }
    }
}

/// One line for a human.
fn reason(found: &explain::Explanation) -> String {
    let (held, missing) = (list(&found.held), list(&found.missing));
    match (&found.refusal, found.ground) {
        (None, Ground::Public) => "anybody may, signed in or not".to_owned(),
        (None, Ground::SignedIn) => "whoever is signed in may".to_owned(),
        (None, Ground::Owner) => "it belongs to this user, who needs no permission".to_owned(),
        (None, Ground::Permission) => format!("{held} allows it"),
        (Some(_), Ground::Scope) if missing.is_empty() => {
            "the user may, but no API key: it takes a sign-in".to_owned()
        }
        (Some(_), Ground::Scope) => {
            format!(
                "the user may, but the API key lacks a scope: {}",
                names(&found.missing)
            )
        }
        (None, _) => "a superuser may do everything".to_owned(),
        (Some(_), Ground::Account) => {
            "the account is deleted or inactive, and its credentials are refused".to_owned()
        }
        (Some(_), Ground::SignedIn) => "it takes somebody who is signed in".to_owned(),
        (Some(_), Ground::Superuser) => "only a superuser may".to_owned(),
        (Some(Error::NotFound), Ground::Permission) => {
            format!("it is there, but not for this user to see: it takes {missing}")
        }
        (Some(_), Ground::Permission) if held.is_empty() => format!("it takes {missing}"),
        (Some(_), Ground::Permission) => {
            format!("{held} does not reach this row: it takes {missing}")
        }
        (Some(Error::Forbidden(detail)), _) => (*detail).to_owned(),
        (Some(_), _) => "there is nothing there for anybody".to_owned(),
    }
}

/// `posts.update and posts.read`
fn names(sources: &[explain::Source]) -> String {
    let names = sources.iter().map(|source| source.permission.to_string());
    names.collect::<Vec<_>>().join(" and ")
}

/// `posts.update (of admin, editor) and posts.read (which no role gives)`
fn list(sources: &[explain::Source]) -> String {
    let source = |source: &explain::Source| match source.roles.as_slice() {
        [] => format!("{} (which no role gives)", source.permission),
        roles => format!("{} (of {})", source.permission, roles.join(", ")),
    };
    sources.iter().map(source).collect::<Vec<_>>().join(" and ")
}

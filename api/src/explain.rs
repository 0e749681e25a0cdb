//! `GET /auth/explain`: whether a user may send a request, and which rule decides.
use std::str::FromStr;

use actix_web::web::Data;
use kernel::{
    Code, Error, Refusal, Registry,
    json::MAX_SAFE,
    permission::Permission,
    query::{Form, Parameter, Parameters},
};
use service::{
    explain::{self, Ground},
    registry,
};

use web::{AccessPolicies, Application, Problem, Query, parse_ids, prelude::*};

pub fn routes() -> Vec<Route> {
    let rule = Rule::permission("system.read");
    vec![
        Route::new(
            "explain_access",
            Method::GET,
            "/auth/explain",
            rule,
            explain,
        )
        .summary("Explain the access of a user")
        .about(
            "Tells whether a user may send a request, which rule decides, and which \
             permission is missing.",
        ),
    ]
}

/// The request that is to be explained.
#[derive(Default)]
pub struct Question {
    method: Method,
    path: String,
    /// The user who sends the request; None if it is anonymous.
    user_id: Option<i64>,
    /// The scopes of the API key that the user sends; None if the user is signed in.
    scopes: Option<Vec<String>>,
}

impl Query for Question {
    fn parameters(_: &Registry) -> Parameters<Self> {
        let method = Parameter::new(
            "method",
            "The method of the request.",
            Form::OneOf(vec!["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"]),
            |question: &mut Self, value| {
                let refused = |_| (Code::Invalid, "must be an HTTP method".to_owned());
                question.method = Method::from_str(value).map_err(refused)?;
                Ok(())
            },
        );
        let path = Parameter::new(
            "path",
            "The path of the request, such as `/api/v1/posts/1`, without its query string.",
            Form::Text,
            |question: &mut Self, value| {
                if value.contains('?') {
                    let detail = "must be a path without its query string";
                    return Err((Code::Invalid, detail.to_owned()));
                }
                value.clone_into(&mut question.path);
                Ok(())
            },
        );
        let user = Parameter::number(
            "user_id",
            "The user who sends the request. Without it the request is anonymous.",
            1..=MAX_SAFE.cast_unsigned(),
            |question: &mut Self, id| question.user_id = Some(id.cast_signed()),
        );
        let scopes = Parameter::new(
            "scopes",
            "The scopes of an API key that the user sends, separated by commas. Without them the user is signed in.",
            Form::Permissions,
            |question: &mut Self, value| {
                let scopes: Vec<_> = value.split(',').map(str::to_owned).collect();
                let mut unknown = scopes
                    .iter()
                    .filter(|scope| !registry().is_permission(scope));
                if let Some(unknown) = unknown.next() {
                    return Err((Code::Unknown, registry().unknown_permission(unknown)));
                }
                question.scopes = Some(scopes);
                Ok(())
            },
        );
        Parameters::new([method.required(), path.required(), user, scopes]).check(|question, _| {
            let needs_user = question.scopes.is_some() && question.user_id.is_none();
            let refusal = || Refusal::new("scopes", Code::NotAllowed, "requires user_id");
            needs_user.then(refusal).into_iter().collect()
        })
    }
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "AccessExplanation")]
struct ExplanationView {
    allowed: bool,
    /// The status of the refusal (401, 403 or 404); null if the request is allowed.
    status: Option<u16>,
    rule: RuleView,
    reason: String,
    /// The permissions of the user that decide.
    held: Vec<SourceView>,
    /// The smallest set of narrowest permissions that would allow the request.
    missing: Vec<SourceView>,
}

/// The rule that decides.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AccessRule")]
enum RuleView {
    /// Every caller may send the request, signed in or not.
    Public,
    /// Every signed-in user may send the request.
    SignedIn,
    /// The row belongs to the user.
    Owner,
    /// The permissions in `held` allow it, or those in `missing` would.
    Permission,
    /// Only superusers may send the request.
    Superuser,
    /// The account is deleted or inactive.
    Account,
    /// Every caller is refused: the row does not exist, or the configuration disables the request.
    Nobody,
    /// The user may send the request, but not with an API key that has these scopes.
    Scope,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "PermissionSource")]
struct SourceView {
    permission: String,
    /// The user's roles that give the permission; if it is missing, all roles that would give it.
    roles: Vec<String>,
}

async fn explain(
    call: Call<NoBody, Question>,
    policies: Data<AccessPolicies>,
    application: Data<dyn Application>,
) -> Answer<Ok<ExplanationView>> {
    let question = &call.query;
    let (policy, parameters) = policies.find(&question.method, &question.path)?;
    let parameters = parameters.iter();
    let parameters = parameters.map(|(name, value)| (name.as_str(), value.as_str()));
    let ids = parse_ids(parameters).map_err(|_| path_refused())?;
    let check = async |session: &_| policy.authorize(&**application, session, &ids).await;
    let scopes = question.scopes.iter().flatten().map(Permission::new);
    let scopes = question.scopes.as_ref().map(|_| scopes.collect());
    let found = explain::explain(&call.session, question.user_id, scopes, check).await?;
    Ok(Reply::ok(&ExplanationView::from(found))?)
}

fn path_refused() -> Error {
    let detail = "an id in the path must be a positive 64-bit integer";
    Error::parameter("path", Code::Invalid, detail)
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

/// Explains the decision in one line.
fn reason(found: &explain::Explanation) -> String {
    let (held, missing) = (list(&found.held), list(&found.missing));
    match (&found.refusal, found.ground) {
        (None, Ground::Public) => "every caller may send this request, signed in or not".to_owned(),
        (None, Ground::SignedIn) => "every signed-in user may send this request".to_owned(),
        (None, Ground::Owner) => {
            "the row belongs to this user, so no permission is needed".to_owned()
        }
        (None, Ground::Permission) => format!("allowed by {held}"),
        (Some(_), Ground::Scope) if missing.is_empty() => {
            "the user may send this request, but not with an API key: the user must be signed in"
                .to_owned()
        }
        (Some(_), Ground::Scope) => {
            format!(
                "the user may send this request, but the API key lacks a scope: {}",
                names(&found.missing)
            )
        }
        (None, _) => "a superuser may do everything".to_owned(),
        (Some(_), Ground::Account) => {
            "the account is deleted or inactive, and its credentials are refused".to_owned()
        }
        (Some(_), Ground::SignedIn) => "the caller must be signed in".to_owned(),
        (Some(_), Ground::Superuser) => "only a superuser may send this request".to_owned(),
        (Some(Error::NotFound), Ground::Permission) => {
            format!("the row exists, but is not visible to this user, who needs {missing}")
        }
        (Some(_), Ground::Permission) if held.is_empty() => format!("the user needs {missing}"),
        (Some(_), Ground::Permission) => {
            format!("{held} does not apply to this row; the user needs {missing}")
        }
        (Some(Error::Forbidden(detail)), _) => detail.clone().into_owned(),
        (Some(_), _) => "not found, or not visible to any caller".to_owned(),
    }
}

/// `posts.update and posts.read`
fn names(sources: &[explain::Source]) -> String {
    let names = sources.iter().map(|source| source.permission.to_string());
    names.collect::<Vec<_>>().join(" and ")
}

/// `posts.update (from the roles admin, editor) and posts.read (no role has it)`
fn list(sources: &[explain::Source]) -> String {
    let source = |source: &explain::Source| match source.roles.as_slice() {
        [] => format!("{} (no role has it)", source.permission),
        [role] => format!("{} (from the role {role})", source.permission),
        roles => format!(
            "{} (from the roles {})",
            source.permission,
            roles.join(", ")
        ),
    };
    sources.iter().map(source).collect::<Vec<_>>().join(" and ")
}

//! `/auth/api-keys`: credentials for programs.
use secrecy::ExposeSecret;
use service::identity::{self, ApiKeys, NewApiKey, roles};
use web::{BASE, Created, Representation, prelude::*};

use super::{first_id, signed_in};

pub fn routes() -> Vec<Route> {
    let all = "/auth/api-keys";
    let owns_key = signed_in()
        .on_rows(|session, ids| Box::pin(identity::has_api_key(session, first_id(ids))))
        .checked_by_operation();
    vec![
        Route::new("list_api_keys", Method::GET, all, signed_in(), api_keys)
            .summary("List your API keys")
            .about("Returns one page of the API keys of the caller, without the keys themselves."),
        Route::new(
            "create_api_key",
            Method::POST,
            all,
            signed_in(),
            create_api_key,
        )
        .summary("Create an API key")
        .about(
            "Creates an API key with some permissions of the caller. Only this answer shows \
             the key.",
        )
        .fails_with(Kind::Conflict)
        .link_to(201, ("auth", "revoke_api_key"), "$response.body#/id"),
        Route::new(
            "revoke_api_key",
            Method::DELETE,
            "/auth/api-keys/{id}",
            owns_key,
            revoke_api_key,
        )
        .summary("Revoke an API key")
        .about("Revokes an API key of the caller at once."),
    ]
}

#[derive(JsonSchema, Serialize)]
pub struct ApiKeyView {
    name: String,
    /// The first characters of the key.
    prefix: String,
    scopes: Vec<String>,
    /// Accurate to the minute.
    last_used_at: Option<Time>,
    expires_at: Option<Time>,
}

impl Resource for ApiKeyView {
    type Service = ApiKeys;

    fn show(key: entity::api_keys::Model) -> Self {
        let scopes = roles::parse(&key.scopes);
        Self {
            name: key.name,
            prefix: key.prefix,
            scopes: scopes.map(|scope| scope.to_string()).collect(),
            last_used_at: key.last_used_at.map(Time::from),
            expires_at: key.expires_at.map(Time::from),
        }
    }
}

/// A new API key.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "CreatedApiKey")]
struct NewApiKeyView {
    /// Shown only in this response.
    key: String,
    #[serde(flatten)]
    about: Representation<ApiKeyView>,
}

async fn api_keys(call: Call<NoBody, ListParams<ApiKeys>>) -> Answer<Page<ApiKeyView>> {
    let query = &call.query.0;
    let page = identity::list_api_keys(&call.session, query).await?;
    call.page(page, query).await
}

async fn create_api_key(call: Call<NewApiKey>) -> Answer<Created<NewApiKeyView>> {
    let (about, text) = identity::create_api_key(&call.session, &call.input).await?;
    let location = format!("{BASE}/auth/api-keys/{}", about.id);
    let key = NewApiKeyView {
        key: text.expose_secret().to_owned(),
        about: Representation::new(about, false),
    };
    Ok(Reply::created(location, &key)?)
}

async fn revoke_api_key(call: Call) -> Answer<NoContent> {
    identity::revoke_api_key(&call.session, call.id()).await?;
    Ok(Reply::no_content())
}

//! The application: its resources, and its start on a database. A registered resource takes part in cascades, permissions and
//! the tests that visit every resource.
use std::sync::{Arc, LazyLock};

use kernel::{
    Cache, Database, Kernel, Registry, audit, idempotency, registry::Table, session::CachedCallers,
};

use serde_json::json;

use crate::{
    content,
    identity::{self, Identity, Roles, Users},
    mail::Mailer,
    retention,
};

/// The settings of the service, except those of its database.
#[derive(Clone, Debug)]
pub struct Settings {
    pub auth: identity::Settings,
    pub audit: audit::Settings,
    pub soft_delete: retention::Settings,
    pub mail: Mailer,
    pub idempotency: idempotency::Settings,
    pub cache: Cache,
}

/// Starts the application on a database.
pub fn start(database: Database, settings: Settings) -> Kernel {
    let identity = Identity::start(settings.auth, database.change_feed().clone());
    let stored = (settings.audit, settings.idempotency.kept_limit);
    Kernel::start(database, registry().clone(), stored)
        .with_cache(settings.cache)
        .with(identity)
        .with(settings.mail)
        .with(settings.soft_delete)
}

/// The permissions that belong to no single resource.
const SPECIAL: [&str; 4] = ["roles.assign", "audit.read", "system.read", "system.write"];

/// The registry of this application.
pub fn registry() -> &'static Arc<Registry> {
    static REGISTRY: LazyLock<Arc<Registry>> =
        LazyLock::new(|| Arc::new(Registry::new(tables(), &SPECIAL)));
    &REGISTRY
}

/// Owners come before what they own.
fn tables() -> Vec<Table> {
    let mut tables = vec![
        Table::new::<Users>()
            .link("user_roles", "user_id")
            .link("sessions", "user_id")
            .link("api_keys", "user_id")
            .link("totp_secrets", "user_id")
            .link("recovery_codes", "user_id")
            .link("one_time_tokens", "user_id")
            .named("one_time_tokens", "email", "email")
            .link("verified_emails", "user_id")
            .link("mails", "user_id")
            .named("mails", "recipient", "email")
            .link("last_logins", "user_id")
            .link("idempotency_keys", "user_id")
            .link("written_bytes", "user_id")
            .cached_callers(CachedCallers::SameId)
            .sample(|text| {
                json!({
                    "username": text, "email": format!("{text}@example.org"), "full_name": text, "bio": text,
                    "is_active": true, "is_superuser": false,
                })
            }),
        Table::new::<Roles>()
            .link("user_roles", "role_id")
            .cached_callers(CachedCallers::All)
            .sample(|text| json!({ "name": text, "description": text, "permissions": ["posts.read"] })),
    ];
    tables.extend(content::tables());
    tables
}

//! API keys: credentials for programs. A key has a part of its owner's permissions and cannot manage the account.
use ::entity::api_keys::{ActiveModel, Column, Entity, Model};
use chrono::{DateTime, Utc};
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
    sea_query::{ExprTrait, LockType},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    checksum_key,
    sessions::{audit_entry, check_session_active, current_session},
    token::{hash, is_issued, random},
};
use kernel::{
    Actor, Code, Error, Found, Readable, Reads, Refusal, Result, Session, Tx,
    audit::AuditAction,
    crud::{Plan, read},
    input::{Trimmed, refuse},
    list_columns,
    permission::{Grants, Permission, PermissionName},
    query::ListQuery,
    resource::{Field, RowPage, everything, now, own_rows, scope},
    secret::Secret,
    time,
};

/// The maximum number of keys of a user.
pub const MAX_KEYS: u64 = 100;

/// The prefix that distinguishes keys from tokens, and that secret scanners can look for.
const PREFIX_START: &str = "atoll_";

/// Characters of the prefix that lists show.
const PREFIX_LENGTH: usize = PREFIX_START.len() + 8;

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewApiKey {
    #[serde(with = "Trimmed")]
    #[garde(length(chars, min = 1, max = 100))]
    pub name: String,
    #[garde(length(min = 1, max = 50))]
    #[schemars(with = "Vec<PermissionName>")]
    pub scopes: Vec<String>,
    #[garde(inner(custom(check_expiry)))]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub expires_at: Option<DateTime<Utc>>,
}

/// The API keys of the caller.
pub struct ApiKeys;

list_columns!(ApiKeys);

impl Readable for ApiKeys {
    type Row = Model;

    const OWNER: Option<Column> = Some(Column::UserId);
    const FIELDS: &'static [Field<Column>] = &[
        Field::public(Column::Name),
        Field::public(Column::Prefix),
        Field::opaque(Column::Scopes),
        Field::public(Column::LastUsedAt),
        Field::public(Column::ExpiresAt),
    ];

    fn visible(actor: &Actor) -> Condition {
        own_rows::<Self>(actor)
    }
}

/// Lists the caller's own keys that have not expired.
pub async fn list_api_keys(
    session: &Session,
    query: &ListQuery<ApiKeys>,
) -> Result<RowPage<Model, ()>> {
    current_session(session)?;
    let rows = scope::live::<ApiKeys>(session.actor()).filter(unexpired_keys());
    read::page(session, Plan::for_rows(session, query, rows).await?).await
}

/// Creates a key and returns its text, which is never shown again.
///
/// Fails with [`Error::Invalid`] if a scope is unknown or the caller lacks it, and with a conflict if they have too many keys.
pub async fn create_api_key(
    session: &Session,
    new: &NewApiKey,
) -> Result<(Found<Model, ()>, SecretString)> {
    let (user, this) = current_session(session)?;
    let scopes = new.scopes.iter().map(String::as_str);
    session
        .kernel()
        .registry()
        .check_permissions("/scopes", scopes)?;
    check_scopes_held(session, &new.scopes)?;
    let (prefix, text) = new_key(checksum_key(&session.kernel).await?);
    let key = session
        .write(async |tx| {
            check_session_active(tx, user, this).await?;
            check_key_limit(tx, user).await?;
            let row = ActiveModel {
                user_id: Set(user),
                name: Set(new.name.clone()),
                prefix: Set(prefix.clone()),
                key_hash: Set(hash(text.expose_secret().as_bytes())),
                scopes: Set(new.scopes.clone().into()),
                created_at: Set(now()),
                expires_at: Set(new
                    .expires_at
                    .and_then(|time| time::normalize(&time.into()))),
                ..Default::default()
            };
            let key = Entity::insert(row).exec_with_returning(tx).await?;
            record_change(tx, AuditAction::KeyCreated, &key).await?;
            Ok(key)
        })
        .await?;
    let key = read::one::<ApiKeys>(session, key).await?;
    Ok((key, text))
}

/// Fails with [`Error::NotFound`] if the caller has no key with this id.
pub async fn has_api_key(session: &Session, id: i64) -> Result<()> {
    let (user, _) = current_session(session)?;
    let this = Column::Id.eq(id).and(Column::UserId.eq(user));
    let found = scope::plain::<Entity>().filter(this).one(session.db()?);
    found.await?.map(drop).ok_or(Error::NotFound)
}

/// Revokes one of the caller's keys at once. Fails with [`Error::NotFound`] if there is no key with this id.
pub async fn revoke_api_key(session: &Session, id: i64) -> Result<()> {
    let (user, _) = current_session(session)?;
    session
        .write(async |tx| {
            let this = Column::Id.eq(id).and(Column::UserId.eq(user));
            let key = scope::plain::<Entity>()
                .filter(this)
                .lock(LockType::Update)
                .one(tx)
                .await?
                .ok_or(Error::NotFound)?;
            scope::erase::<Entity>(tx, Column::Id.eq(key.id)).await?;
            record_change(tx, AuditAction::KeyRevoked, &key).await
        })
        .await
}

/// Revokes all keys of these users.
pub(crate) async fn revoke_keys(tx: &Tx, users: &[i64]) -> Result<()> {
    let by_users = Column::UserId.is_in(users.iter().copied());
    scope::erase::<Entity>(tx, by_users).await.map(drop)
}

/// Returns true if the text has the prefix of a key.
pub(super) fn has_key_prefix(text: &SecretString) -> bool {
    text.expose_secret().starts_with(PREFIX_START)
}

/// The hash of a key, or `None` if the checksum shows that this installation did not issue it.
pub(super) fn hash_if_issued(text: &SecretString, checksums: &Secret) -> Option<Vec<u8>> {
    let text = text.expose_secret();
    let (prefix, rest) = text.split_at_checked(PREFIX_LENGTH)?;
    let secret = rest.strip_prefix('_')?;
    is_issued(checksums, prefix, secret).then(|| hash(text.as_bytes()))
}

/// Matches keys that have not expired.
pub(super) fn unexpired_keys() -> Condition {
    Condition::any()
        .add(Column::ExpiresAt.is_null())
        .add(Column::ExpiresAt.gt(now()))
}

/// Matches expired keys.
pub(crate) fn expired_keys() -> Condition {
    everything().add(Column::ExpiresAt.lte(now()))
}

/// Returns the prefix of a new key and the whole key: prefix, 256 random bits, checksum.
fn new_key(checksums: &Secret) -> (String, SecretString) {
    let prefix = format!("{PREFIX_START}{:08x}", rand::random::<u32>());
    let secret = random(checksums, &prefix);
    let text = SecretString::from(format!("{prefix}_{secret}"));
    (prefix, text)
}

/// Fails unless the caller holds every scope, or owners have the right to it without a permission.
fn check_scopes_held(reads: &impl Reads, scopes: &[String]) -> Result<()> {
    let rights: Grants = reads
        .kernel()
        .registry()
        .owner_rights()
        .into_iter()
        .collect();
    let lacks = |scope: &str| {
        let scope = Permission::new(scope);
        !reads.actor().holds(&scope) && !rights.covers(&scope)
    };
    let refusal = |place| {
        let pointer = format!("/scopes/{place}");
        Refusal::new(pointer, Code::NotAllowed, "you lack this permission")
    };
    let missing = scopes.iter().enumerate().filter(|(_, scope)| lacks(scope));
    Error::refuse(missing.map(|(place, _)| refusal(place)).collect())
}

async fn check_key_limit(tx: &Tx, user: i64) -> Result<()> {
    let by_user = Column::UserId.eq(user);
    scope::erase::<Entity>(tx, expired_keys().add(by_user.clone())).await?;
    match scope::plain::<Entity>().filter(by_user).count(tx).await? {
        0..MAX_KEYS => Ok(()),
        _ => Err(Error::conflict(
            "you have 100 API keys, the maximum; revoke one that you do not need",
        )),
    }
}

pub(super) async fn record_change(tx: &Tx, action: AuditAction, key: &Model) -> Result<()> {
    let what = serde_json::json!({
        "name": key.name, "prefix": key.prefix, "scopes": key.scopes,
        "expires_at": key.expires_at.map(|time| time.to_utc()),
    });
    let entry = audit_entry(tx, action, key.user_id).await?;
    tx.record(match action {
        AuditAction::KeyCreated => entry.with_values("api_key", (), what),
        _ => entry.with_values("api_key", what, ()),
    });
    Ok(())
}

/// Fails unless the time is in the future and its year has four digits, as RFC 3339 writes years.
fn check_expiry(time: &DateTime<Utc>, _: &()) -> garde::Result {
    if *time > now() && time::normalize(&time.fixed_offset()).is_some() {
        Ok(())
    } else {
        Err(refuse(
            Code::OutOfRange,
            "must be in the future and before the year 10000",
        ))
    }
}

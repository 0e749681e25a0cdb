//! Keys with which programs sign in for a user: they may do part of what their owner may, and nothing to the account.
use ::entity::api_keys::{ActiveModel, Column, Entity, Model};
use chrono::{DateTime, Utc};
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{ExprTrait, LockType},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{
    checksum_key,
    sessions::{about, signed_in, still_signed_in},
    token::{hash, is_ours, random},
};
use crate::{
    Error, Reads, Refusal, Result, Session, Tx,
    audit::Did,
    crud::{everything, now, scope},
    input::Trimmed,
    permission::{Grants, Permission},
    roles::{Known, known},
    secret::Secret,
    time,
};

/// Keys of a user at most.
pub const MOST: u64 = 100;

/// What tells a key from a token, also for those who look for secrets in the wrong places.
const MARK: &str = "atoll_";

/// Letters of the prefix that lists show.
const PREFIX: usize = MARK.len() + 8;

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewApiKey {
    #[serde(with = "Trimmed")]
    #[garde(length(chars, min = 1, max = 100))]
    pub name: String,
    #[garde(length(min = 1, max = 50), inner(custom(known)))]
    #[schemars(with = "Vec<Known>")]
    pub scopes: Vec<String>,
    #[garde(inner(custom(ahead)))]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key, as its owner sees it.
#[derive(Debug)]
pub struct ApiKey {
    pub id: i64,
    pub name: String,
    /// How it begins.
    pub prefix: String,
    /// Permissions, as they were written.
    pub scopes: Vec<String>,
    pub created_at: DateTime<Utc>,
    /// To the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// One's own, the newest first.
pub async fn api_keys(session: &Session) -> Result<Vec<ApiKey>> {
    let (user, _) = signed_in(session)?;
    let mine = scope::plain::<Entity>()
        .filter(Column::UserId.eq(user))
        .filter(usable())
        .order_by_desc(Column::Id)
        .limit(MOST);
    let mine = mine.all(session.db()?).await?;
    Ok(mine.into_iter().map(ApiKey::from).collect())
}

/// Makes a key, whose text is shown this once.
///
/// Fails with [`Error::Invalid`] where a scope is more than its owner may, with a conflict where there are too many.
pub async fn create_api_key(session: &Session, new: &NewApiKey) -> Result<(ApiKey, SecretString)> {
    let (user, this) = signed_in(session)?;
    no_more_than_held(session, &new.scopes)?;
    let (prefix, text) = fresh(&checksum_key(&session.kernel).await?);
    let key = session
        .write(async |tx| {
            still_signed_in(tx, user, this).await?;
            has_room(tx, user).await?;
            let row = ActiveModel {
                user_id: Set(user),
                name: Set(new.name.clone()),
                prefix: Set(prefix.clone()),
                key_hash: Set(hash(text.expose_secret().as_bytes())),
                scopes: Set(new.scopes.clone().into()),
                created_at: Set(now()),
                expires_at: Set(new.expires_at.and_then(|time| time::normal(&time.into()))),
                ..Default::default()
            };
            let key = Entity::insert(row).exec_with_returning(tx).await?;
            recorded(tx, Did::KeyCreated, &key).await?;
            Ok(key)
        })
        .await?;
    Ok((key.into(), text))
}

/// Whether one has a key of that id. Fails with [`Error::NotFound`] where one has not.
pub async fn has_api_key(session: &Session, id: i64) -> Result<()> {
    let (user, _) = signed_in(session)?;
    let this = Column::Id.eq(id).and(Column::UserId.eq(user));
    let found = scope::plain::<Entity>().filter(this).one(session.db()?);
    found.await?.map(drop).ok_or(Error::NotFound)
}

/// Ends one of one's own keys, at once. Fails with [`Error::NotFound`] where there is none of that id.
pub async fn revoke_api_key(session: &Session, id: i64) -> Result<()> {
    let (user, _) = signed_in(session)?;
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
            recorded(tx, Did::KeyRevoked, &key).await
        })
        .await
}

/// Ends all keys of users.
pub(crate) async fn revoke_keys(tx: &Tx, users: &[i64]) -> Result<()> {
    let theirs = Column::UserId.is_in(users.iter().copied());
    scope::erase::<Entity>(tx, theirs).await.map(drop)
}

/// Whether it says that it is a key.
pub(super) fn is_key(text: &SecretString) -> bool {
    text.expose_secret().starts_with(MARK)
}

/// The hash of a key. None where this installation made no such key.
pub(super) fn hash_of(text: &SecretString, checksums: &Secret) -> Option<Vec<u8>> {
    let text = text.expose_secret();
    let (prefix, rest) = text.split_at_checked(PREFIX)?;
    let secret = rest.strip_prefix('_')?;
    is_ours(checksums, prefix, secret).then(|| hash(text.as_bytes()))
}

/// What has not had its time.
pub(super) fn usable() -> Condition {
    Condition::any()
        .add(Column::ExpiresAt.is_null())
        .add(Column::ExpiresAt.gt(now()))
}

/// What has.
pub(crate) fn expired() -> Condition {
    everything().add(Column::ExpiresAt.lte(now()))
}

/// How a key begins, and all of it: 256 random bits and their checksum.
fn fresh(checksums: &Secret) -> (String, SecretString) {
    let prefix = format!("{MARK}{:08x}", rand::random::<u32>());
    let secret = random(checksums, &prefix);
    let text = SecretString::from(format!("{prefix}_{secret}"));
    (prefix, text)
}

/// A key can be lent what its owner holds, and what owners may do without a permission.
fn no_more_than_held(reads: &impl Reads, scopes: &[String]) -> Result<()> {
    let rights: Grants = reads.registry().owner_rights().into_iter().collect();
    let lacks = |scope: &str| {
        let scope = Permission::new(scope);
        !reads.actor().holds(&scope) && !rights.cover(&scope)
    };
    let refusal = |place| {
        let pointer = format!("/scopes/{place}");
        Refusal::new(pointer, "not_allowed", "is a permission that you lack")
    };
    let lacking = scopes.iter().enumerate().filter(|(_, scope)| lacks(scope));
    let refusals: Vec<_> = lacking.map(|(place, _)| refusal(place)).collect();
    match refusals.is_empty() {
        true => Ok(()),
        false => Err(Error::Invalid(refusals)),
    }
}

async fn has_room(tx: &Tx, user: i64) -> Result<()> {
    let mine = Column::UserId.eq(user);
    scope::erase::<Entity>(tx, expired().add(mine.clone())).await?;
    match scope::plain::<Entity>().filter(mine).count(tx).await? {
        0..MOST => Ok(()),
        _ => Err(Error::conflict(
            "you have 100 keys: revoke one that you do not need",
        )),
    }
}

async fn recorded(tx: &Tx, did: Did, key: &Model) -> Result<()> {
    let what = serde_json::json!({
        "name": key.name, "prefix": key.prefix, "scopes": key.scopes,
        "expires_at": key.expires_at.map(|time| time.to_utc()),
    });
    let entry = about(tx, did, key.user_id).await?;
    tx.record(match did {
        Did::KeyCreated => entry.changing("api_key", (), what),
        _ => entry.changing("api_key", what, ()),
    });
    Ok(())
}

impl From<Model> for ApiKey {
    fn from(key: Model) -> Self {
        let scopes = crate::roles::parse(&key.scopes);
        Self {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            scopes: scopes.map(|scope| scope.to_string()).collect(),
            created_at: key.created_at.to_utc(),
            last_used_at: key.last_used_at.map(|time| time.to_utc()),
            expires_at: key.expires_at.map(|time| time.to_utc()),
        }
    }
}

/// Of four digits, as RFC 3339 writes years.
fn ahead(time: &DateTime<Utc>, _: &()) -> garde::Result {
    match *time > now() && time::normal(&time.fixed_offset()).is_some() {
        true => Ok(()),
        false => Err(garde::Error::new(
            "out_of_range: must be in the future, and before the year 10000",
        )),
    }
}

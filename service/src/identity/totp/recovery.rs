//! Recovery codes for a lost authenticator. Each is valid once and stored as a hash.
use ::entity::recovery_codes::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, EntityTrait,
    sea_query::ExprTrait,
};
use secrecy::{ExposeSecret, SecretString};
use totp_rs::Secret;

use crate::identity::token::hash;
use kernel::{Result, Tx, resource::scope};

/// The number of codes of a user.
const CODES: usize = 10;

/// Each code has 120 random bits, so that a fast hash is enough (OWASP ASVS 5.0, 6.5.2).
const BYTES: usize = 15;

/// The length of a code in characters, without its hyphens.
const LENGTH: usize = 24;

/// Replaces the codes of a user and returns the new ones.
pub async fn renew(tx: &Tx, user: i64) -> Result<Vec<SecretString>> {
    delete_all(tx, user).await?;
    let codes: Vec<String> = (0..CODES).map(|_| new_code()).collect();
    let row = |code: &String| ActiveModel {
        id: NotSet,
        user_id: Set(user),
        code_hash: Set(hash(code.as_bytes())),
    };
    Entity::insert_many(codes.iter().map(row))
        .exec_without_returning(tx)
        .await?;
    Ok(codes.iter().map(|code| format_code(code)).collect())
}

/// Returns true if this is a code of the user. It deletes the code, so that only one of two concurrent requests succeeds.
pub async fn consume(tx: &Tx, user: i64, text: &SecretString) -> Result<bool> {
    let is_part = |letter: &char| !letter.is_whitespace() && *letter != '-';
    let plain: String = text.expose_secret().chars().filter(is_part).collect();
    let code = plain.to_ascii_lowercase();
    if code.len() != LENGTH {
        return Ok(false);
    }
    let this = Column::UserId.eq(user);
    let this = this.and(Column::CodeHash.eq(hash(code.as_bytes())));
    Ok(scope::erase::<Entity>(tx, this).await? > 0)
}

pub async fn delete_all(tx: &Tx, user: i64) -> Result<()> {
    let by_user = Column::UserId.eq(user);
    scope::erase::<Entity>(tx, by_user).await.map(drop)
}

/// A random code in base32, whose letters are not mistaken for digits.
fn new_code() -> String {
    let bytes = rand::random::<[u8; BYTES]>();
    Secret::from(bytes).to_base32().to_ascii_lowercase()
}

/// The code with hyphens: `abcd-efgh-ijkl-mnop…`.
fn format_code(code: &str) -> SecretString {
    let parts = code.as_bytes().chunks(4).map(String::from_utf8_lossy);
    let parts: Vec<_> = parts.collect();
    parts.join("-").into()
}

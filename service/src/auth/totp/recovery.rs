//! Codes for when the device is lost: each is of use once, and stored as a hash.
use ::entity::recovery_codes::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, EntityTrait,
    sea_query::ExprTrait,
};
use secrecy::{ExposeSecret, SecretString};
use totp_rs::Secret;

use crate::{Result, Tx, auth::token::hash, crud::scope};

/// Codes that a user gets.
const CODES: usize = 10;

/// 120 random bits each: a fast hash is enough (OWASP ASVS 5.0, 6.5.2).
const BYTES: usize = 15;

/// Letters of a code without its hyphens.
const LENGTH: usize = 24;

/// New ones, and none of before.
pub async fn renew(tx: &Tx, user: i64) -> Result<Vec<SecretString>> {
    forget(tx, user).await?;
    let codes: Vec<String> = (0..CODES).map(|_| fresh()).collect();
    let row = |code: &String| ActiveModel {
        id: NotSet,
        user_id: Set(user),
        code_hash: Set(hash(code.as_bytes())),
    };
    Entity::insert_many(codes.iter().map(row))
        .exec_without_returning(tx)
        .await?;
    Ok(codes.iter().map(|code| readable(code)).collect())
}

/// Whether it was one of the user's, which it is no more: of two who bring it, one has it.
pub async fn take(tx: &Tx, user: i64, text: &SecretString) -> Result<bool> {
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

pub async fn forget(tx: &Tx, user: i64) -> Result<()> {
    let theirs = Column::UserId.eq(user);
    scope::erase::<Entity>(tx, theirs).await.map(drop)
}

/// In base32, whose letters are not mistaken for digits.
fn fresh() -> String {
    let bytes = rand::random::<[u8; BYTES]>();
    Secret::from(bytes).to_base32().to_ascii_lowercase()
}

/// `abcd-efgh-ijkl-mnop`
fn readable(code: &str) -> SecretString {
    let parts = code.as_bytes().chunks(4).map(String::from_utf8_lossy);
    let parts: Vec<_> = parts.collect();
    parts.join("-").into()
}

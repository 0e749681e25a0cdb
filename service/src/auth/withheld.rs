//! Whom something is asked of before they may do what their roles say.
use sea_orm::{
    Condition, JoinType, QueryResult,
    prelude::DateTimeWithTimeZone,
    sea_query::{Expr, ExprTrait, SelectStatement},
};

use super::Settings;
use crate::{Result, actor::Withheld};

/// Has a statement that resolves a caller say what [`of`] reads.
pub fn ask(settings: &Settings, callers: &mut SelectStatement) {
    let of_user = |table| Expr::col((table, "user_id")).equals(("users", "id"));
    if !settings.require_totp_for.is_empty() {
        let theirs = Condition::all()
            .add(of_user("totp_secrets"))
            .add(Expr::col(("totp_secrets", "confirmed_at")).is_not_null());
        callers
            .expr_as(Expr::col(("roles", "name")), "role")
            .column(("totp_secrets", "confirmed_at"))
            .join(JoinType::LeftJoin, "totp_secrets", theirs);
    }
    if settings.require_verified_email {
        let theirs = Condition::all()
            .add(of_user("verified_emails"))
            .add(Expr::col(("verified_emails", "is_proven")).eq(true))
            .add(Expr::col(("verified_emails", "email_key")).equals(("users", "email_key")));
        callers.column(("verified_emails", "verified_at")).join(
            JoinType::LeftJoin,
            "verified_emails",
            theirs,
        );
    }
}

/// Of the rows of one caller.
pub fn of(settings: &Settings, rows: &[QueryResult]) -> Result<Option<Withheld>> {
    if lacks_factor(settings, rows)? {
        return Ok(Some(Withheld::SecondFactor));
    }
    let Some(first) = rows.first().filter(|_| settings.require_verified_email) else {
        return Ok(None);
    };
    let verified_at: Option<DateTimeWithTimeZone> = first.try_get("", "verified_at")?;
    Ok(verified_at.is_none().then_some(Withheld::Verification))
}

/// A superuser counts as one who has every role.
fn lacks_factor(settings: &Settings, rows: &[QueryResult]) -> Result<bool> {
    let names = &settings.require_totp_for;
    if names.is_empty() {
        return Ok(false);
    }
    let mut is_asked = false;
    for row in rows {
        let has_factor: Option<DateTimeWithTimeZone> = row.try_get("", "confirmed_at")?;
        if has_factor.is_some() {
            return Ok(false);
        }
        let role: Option<String> = row.try_get("", "role")?;
        is_asked |= row.try_get::<bool>("", "is_superuser")?;
        is_asked |= role.is_some_and(|role| names.contains(&role));
    }
    Ok(is_asked)
}

//! Requirements (a second factor, a verified address) that users must meet before their permissions apply.
use sea_orm::{
    Condition, JoinType, QueryResult,
    prelude::DateTimeWithTimeZone,
    sea_query::{Expr, ExprTrait, SelectStatement},
};

use super::Settings;
use kernel::{Result, actor::Withheld};

/// Adds the columns that [`from_rows`] reads to a statement that looks up a caller.
pub fn select_columns(settings: &Settings, callers: &mut SelectStatement) {
    let of_user = |table| Expr::col((table, "user_id")).equals(("users", "id"));
    if !settings.require_totp_for.is_empty() {
        let matches_user = Condition::all()
            .add(of_user("totp_secrets"))
            .add(Expr::col(("totp_secrets", "confirmed_at")).is_not_null());
        callers
            .expr_as(Expr::col(("roles", "name")), "role")
            .column(("totp_secrets", "confirmed_at"))
            .join(JoinType::LeftJoin, "totp_secrets", matches_user);
    }
    if settings.require_verified_email {
        let matches_user = Condition::all()
            .add(of_user("verified_emails"))
            .add(Expr::col(("verified_emails", "is_proven")).eq(true))
            .add(Expr::col(("verified_emails", "email_key")).equals(("users", "email_key")));
        callers.column(("verified_emails", "verified_at")).join(
            JoinType::LeftJoin,
            "verified_emails",
            matches_user,
        );
    }
}

/// The requirement that a caller does not meet, from the rows of their lookup.
pub fn from_rows(settings: &Settings, rows: &[QueryResult]) -> Result<Option<Withheld>> {
    if lacks_factor(settings, rows)? {
        return Ok(Some(Withheld::SecondFactor));
    }
    let Some(first) = rows.first().filter(|_| settings.require_verified_email) else {
        return Ok(None);
    };
    let verified_at: Option<DateTimeWithTimeZone> = first.try_get("", "verified_at")?;
    Ok(verified_at.is_none().then_some(Withheld::Verification))
}

/// Returns true if a role of the caller requires a second factor that they do not have. Superusers count as having every role.
fn lacks_factor(settings: &Settings, rows: &[QueryResult]) -> Result<bool> {
    let names = &settings.require_totp_for;
    if names.is_empty() {
        return Ok(false);
    }
    let mut is_required = false;
    for row in rows {
        let has_factor: Option<DateTimeWithTimeZone> = row.try_get("", "confirmed_at")?;
        if has_factor.is_some() {
            return Ok(false);
        }
        let role: Option<String> = row.try_get("", "role")?;
        is_required |= row.try_get::<bool>("", "is_superuser")?;
        is_required |= role.is_some_and(|role| names.contains(&role));
    }
    Ok(is_required)
}

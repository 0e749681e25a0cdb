//! Whom something is asked of before they may do what their roles say.
use sea_orm::{
    Condition, JoinType, QueryResult,
    prelude::DateTimeWithTimeZone,
    sea_query::{Expr, ExprTrait, SelectStatement},
};

use super::Settings;
use crate::{Result, actor::Withheld};

/// Has a statement that resolves a caller say what [`of`] reads.
pub fn ask(callers: &mut SelectStatement) {
    let theirs = Condition::all()
        .add(Expr::col(("totp_secrets", "user_id")).equals(("users", "id")))
        .add(Expr::col(("totp_secrets", "confirmed_at")).is_not_null());
    callers
        .expr_as(Expr::col(("roles", "name")), "role")
        .column(("totp_secrets", "confirmed_at"))
        .join(JoinType::LeftJoin, "totp_secrets", theirs);
}

/// Of the rows of one caller. A superuser counts as one who has every role.
pub fn of(settings: &Settings, rows: &[QueryResult]) -> Result<Option<Withheld>> {
    let names = &settings.require_totp_for;
    if names.is_empty() {
        return Ok(None);
    }
    let mut is_asked = false;
    for row in rows {
        let has_factor: Option<DateTimeWithTimeZone> = row.try_get("", "confirmed_at")?;
        if has_factor.is_some() {
            return Ok(None);
        }
        let role: Option<String> = row.try_get("", "role")?;
        is_asked |= row.try_get::<bool>("", "is_superuser")?;
        is_asked |= role.is_some_and(|role| names.contains(&role));
    }
    Ok(is_asked.then_some(Withheld::SecondFactor))
}

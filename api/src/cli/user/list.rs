//! `atoll user list`: lists users.
use kernel::{Found, ReadOperations, Session, query::ListQuery};
use serde_json::{Value, json};
use service::{Users, identity::users_with_totp, registry, users::UserRow};

use crate::cli::{context::say, explain::explain};

#[derive(Debug, clap::Args)]
pub struct List {
    /// Print each user as a JSON object on a line of its own, with the roles
    #[arg(long)]
    json: bool,
}

impl List {
    /// Lists users page by page, so that memory is bounded.
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        if !self.json {
            say(line(
                "id",
                "username",
                "email",
                "active",
                "superuser",
                "second factor",
                "last sign-in",
            ))?;
        }
        let mut query = ListQuery::<Users>::parse([("sort", "id"), ("limit", "100")], registry())
            .map_err(explain)?;
        loop {
            let page = Users::list(session, &query).await.map_err(explain)?.rows;
            let ids: Vec<i64> = page.iter().map(|user| user.id).collect();
            let with_totp = users_with_totp(session, &ids).await.map_err(explain)?;
            for user in &page {
                let has_totp = with_totp.contains(&user.id);
                if self.json {
                    say(json(user, has_totp))?;
                } else {
                    say(row(user, has_totp))?;
                }
            }
            if (page.len() as u64) < query.limit {
                return Ok(());
            }
            query.offset += query.limit;
        }
    }
}

fn json(found: &Found<UserRow>, has_totp: bool) -> Value {
    let UserRow { user, private } = &found.row;
    let private = private.as_ref();
    json!({
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "is_active": user.is_active,
        "is_superuser": user.is_superuser,
        "has_totp": has_totp,
        "roles": private.map(|private| &private.roles),
        "last_login_at": private.and_then(|private| private.last_login_at),
    })
}

fn row(found: &Found<UserRow>, has_totp: bool) -> String {
    let UserRow { user, private } = &found.row;
    let last = private.as_ref().and_then(|private| private.last_login_at);
    let last = last.map_or("never".to_owned(), |at| {
        at.format("%Y-%m-%d %H:%MZ").to_string()
    });
    let yes = |is: bool| if is { "yes" } else { "no" };
    let id = user.id.to_string();
    line(
        &id,
        &user.username,
        &user.email,
        yes(user.is_active),
        yes(user.is_superuser),
        yes(has_totp),
        &last,
    )
}

fn line(
    id: &str,
    username: &str,
    email: &str,
    active: &str,
    superuser: &str,
    totp: &str,
    last: &str,
) -> String {
    format!("{id:>8}  {username:<24}  {email:<32}  {active:<6}  {superuser:<9}  {totp:<13}  {last}")
}

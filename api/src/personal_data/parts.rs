//! The files of an export of personal data.
use kernel::{Error, Reads, Result, Session, query::ExportQuery};
use service::{identity, personal_data};
use web::{
    AuditView, Resource,
    transfer::{AnyPages, Format, Pages},
    transfers,
};

use super::{
    archive::Part,
    ndjson::{AsSystem, NdjsonRows},
    views::{MailView, ProfileView, TokenView},
};
use crate::{
    auth::{ApiKeyView, SessionView},
    content,
};

/// The fields of audit entries without `changes`, which may be personal data of others.
const ENTRY_FIELDS: &str = "seq,request_id,resource,resource_id,action,created_at";

/// Returns all files.
pub fn all(session: &Session) -> Result<Vec<Part>> {
    let me = session.actor().user_id().ok_or(Error::Unauthenticated)?;
    let me = me.to_string();
    let about_me = [("resource", "users"), ("resource_id", &*me)];
    let by_me = [("actor_id", &*me), ("fields", ENTRY_FIELDS)];
    let part = |name: &str, pages| Part {
        name: name.to_owned(),
        pages,
    };
    let mut parts = vec![part(
        "profile.ndjson",
        Box::new(NdjsonRows::new(|session, after| {
            Box::pin(profile(session, after))
        })),
    )];
    parts.extend(owned(session, &me)?);
    parts.extend([
        part(
            "history_of_account.ndjson",
            Box::new(AsSystem(rows::<AuditView>(&about_me)?)),
        ),
        part(
            "done_by_account.ndjson",
            Box::new(AsSystem(rows::<AuditView>(&by_me)?)),
        ),
        part("sessions.ndjson", rows::<SessionView>(&[])?),
        part("api_keys.ndjson", rows::<ApiKeyView>(&[])?),
        part(
            "mails.ndjson",
            Box::new(NdjsonRows::new(|session, after| {
                Box::pin(views::<_, MailView>(
                    personal_data::mails(session, after),
                    |row| row.id,
                ))
            })),
        ),
        part(
            "tokens.ndjson",
            Box::new(NdjsonRows::new(|session, after| {
                Box::pin(views::<_, TokenView>(
                    personal_data::tokens(session, after),
                    |row| row.id,
                ))
            })),
        ),
    ]);
    Ok(parts)
}

/// Returns a file for each resource whose rows have an owner, with the caller's rows.
fn owned(session: &Session, me: &str) -> Result<Vec<Part>> {
    let registry = session.kernel().registry();
    let mut parts = Vec::new();
    for transfer in transfers(&content::routes()) {
        let owner_column = registry.table(transfer.name)?.rules.author();
        // The rows of users are their own owners; the caller's is the profile.
        if let Some(column) = owner_column {
            let filters = [(column, me), ("deleted", "include")];
            let filters = filters.map(|(name, value)| (name.to_owned(), value.to_owned()));
            parts.push(Part {
                name: format!("{}.ndjson", transfer.name),
                pages: (transfer.export)(Format::Ndjson, &filters)?,
            });
        }
    }
    Ok(parts)
}

fn rows<V: Resource>(filters: &[(&str, &str)]) -> Result<Box<dyn AnyPages>> {
    let filters = filters.iter().copied();
    let query = ExportQuery::<V::Service>::parse(filters)?;
    Ok(Box::new(Pages::<V>::new(query, Format::Ndjson)?))
}

/// Returns the only row of the profile.
async fn profile(session: &Session, after: i64) -> Result<Vec<(i64, ProfileView)>> {
    if after > 0 {
        return Ok(Vec::new());
    }
    let me = identity::me(session).await?;
    let account = personal_data::account(session).await?;
    Ok(vec![(me.user.id, ProfileView::new(me, &account))])
}

async fn views<M, V: From<M>>(
    rows: impl Future<Output = Result<Vec<M>>>,
    id: fn(&M) -> i64,
) -> Result<Vec<(i64, V)>> {
    let rows = rows.await?.into_iter();
    Ok(rows.map(|row| (id(&row), V::from(row))).collect())
}

//! The files of an export of personal data.
use service::{Error, Reads, Result, Session, auth, personal_data, query::ExportQuery};
use web::{
    AuditView, Resource,
    transfer::{AnyPages, Format, Pages},
};

use super::{
    archive::Part,
    ndjson::{AsSystem, NdjsonRows},
    views::{MailView, ProfileView, TokenView},
};
use crate::{
    auth::{ApiKeyView, SessionView},
    comments::CommentView,
    posts::PostView,
};

/// The fields of audit entries without `changes`, which may be personal data of others.
const ENTRY_FIELDS: &str = "seq,request_id,resource,resource_id,action,created_at";

/// Returns all files.
pub fn all(session: &Session) -> Result<Vec<Part>> {
    let me = session.actor().user_id().ok_or(Error::Unauthenticated)?;
    let me = me.to_string();
    let mine = [("author_id", &*me), ("deleted", "include")];
    let about_me = [("resource", "users"), ("resource_id", &*me)];
    let by_me = [("actor_id", &*me), ("fields", ENTRY_FIELDS)];
    let part = |name, pages| Part { name, pages };
    Ok(vec![
        part(
            "profile.ndjson",
            Box::new(NdjsonRows::new(|session, after| {
                Box::pin(profile(session, after))
            })),
        ),
        part("posts.ndjson", rows::<PostView>(&mine)?),
        part("comments.ndjson", rows::<CommentView>(&mine)?),
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
    ])
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
    let me = auth::me(session).await?;
    let account = personal_data::account(session).await?;
    Ok(vec![(me.user.id, ProfileView::of(me, &account))])
}

async fn views<M, V: From<M>>(
    rows: impl Future<Output = Result<Vec<M>>>,
    id: fn(&M) -> i64,
) -> Result<Vec<(i64, V)>> {
    let rows = rows.await?.into_iter();
    Ok(rows.map(|row| (id(&row), V::from(row))).collect())
}

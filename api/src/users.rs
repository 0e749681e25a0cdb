//! `/users`: how users are shown, their posts and their roles.
use std::sync::Arc;

use actix_web::http::Method;
use service::{
    Error, Found, Posts, Roles, Session, Tx, Users,
    crud::{Access, Crud, Readable, Target},
    permission::Permission,
    roles,
    users::UserRow,
};

use crate::http::{
    Answer, BASE, Call, JsonSchema, Kind, ListParams, Listed, NoBody, NoContent, Page, Problem,
    Replayable, Reply, Route, RowRule, Serialize, StoredReply, Time,
};

#[derive(Debug, JsonSchema, Serialize)]
pub struct UserView {
    username: String,
    full_name: Option<String>,
    bio: Option<String>,
    is_active: bool,
    email: String,
    is_superuser: bool,
    roles: Vec<String>,
    last_login_at: Option<Time>,
}

impl From<UserRow> for UserView {
    fn from(UserRow { user, private }: UserRow) -> Self {
        // It is not read for callers who may not see it.
        let private = private.unwrap_or_default();
        Self {
            username: user.username,
            full_name: user.full_name,
            bio: user.bio,
            is_active: user.is_active,
            email: user.email,
            is_superuser: user.is_superuser,
            roles: private.roles,
            last_login_at: private.last_login_at.map(Time::from),
        }
    }
}

impl Listed for Users {
    type View = UserView;
}

/// Routes of users beyond the generic ones.
pub fn routes() -> Vec<Route> {
    let roles = format!("{BASE}/users/{{id}}/roles");
    let role = format!("{roles}/{{role_id}}");
    let assigns: RowRule = Arc::new(|session, ids| {
        let [user, role] = [0, 1].map(|place| ids.get(place).copied().unwrap_or_default());
        Box::pin(roles::may_assign(session, user, role))
    });
    vec![
        Route::new(
            "posts",
            Method::GET,
            &format!("{BASE}/users/{{id}}/posts"),
            |_| true,
            posts,
        )
        .row_access::<Users>(Access::Read),
        Route::new(
            "list_roles",
            Method::GET,
            &roles,
            |actor| actor.user_id().is_some(),
            list_roles,
        )
        .fails_with(Kind::Forbidden)
        .row_rule(Arc::new(|session, ids| {
            Box::pin(async { user_with_visible_roles(session, ids).await.map(drop) })
        })),
        Route::new(
            "assign",
            Method::PUT,
            &role,
            |actor| actor.holds(&Permission::new("roles.assign")),
            assign,
        )
        .row_rule(assigns.clone())
        .conditional_if_sent(),
        Route::new(
            "unassign",
            Method::DELETE,
            &role,
            |actor| actor.holds(&Permission::new("roles.assign")),
            unassign,
        )
        .row_rule(assigns.clone())
        .conditional_if_sent(),
    ]
}

async fn posts(mut call: Call<NoBody, ListParams<Posts>>) -> Answer<Page<Posts>> {
    let user = Users::visible_row(&call.session, call.id()).await?;
    call.query
        .0
        .narrow(entity::posts::Column::AuthorId, user.id);
    let query = &call.query.0;
    call.page(Posts::list(&call.session, query).await?, query)
        .await
}

/// Only the user and callers with `users.read` may list the roles.
async fn list_roles(mut call: Call<NoBody, ListParams<Roles>>) -> Answer<Page<Roles>> {
    let user = user_with_visible_roles(&call.session, &[call.id()]).await?;
    let roles = roles::list_for_user(&call.session, user.id, &mut call.query.0).await?;
    call.page::<Roles>(roles, &call.query.0).await
}

async fn user_with_visible_roles(session: &Session, ids: &[i64]) -> Result<Found<UserRow>, Error> {
    let id = ids.first().copied().unwrap_or_default();
    let user = Users::visible_row(session, id).await?;
    if !user.is_full {
        return Err(Error::Forbidden(
            "only the user and callers with users.read may see this",
        ));
    }
    Ok(user)
}

/// A role that is assigned to a user or removed from them.
struct Assignment {
    user: i64,
    role: i64,
}

impl Replayable for Assignment {
    async fn replay(&self, tx: &Tx, stored: StoredReply) -> Result<StoredReply, Error> {
        roles::may_assign(tx, self.user, self.role).await?;
        Ok(stored)
    }
}

/// Returns the user and the versions that the preconditions allow. Preconditions are optional: nothing of the user is
/// overwritten.
fn assignment_target(call: &Call) -> Result<Target, Problem> {
    let Target { id, expected } = call.target()?;
    let expected = expected.if_sent();
    Ok(Target { id, expected })
}

async fn assign(call: Call) -> Answer<NoContent> {
    let (user, role) = (assignment_target(&call)?, call.second_id());
    call.write(
        Assignment {
            user: user.id,
            role,
        },
        async |tx| Reply::done(roles::assign(tx, user.clone(), role).await?),
    )
    .await
}

async fn unassign(call: Call) -> Answer<NoContent> {
    let (user, role) = (assignment_target(&call)?, call.second_id());
    call.write(
        Assignment {
            user: user.id,
            role,
        },
        async |tx| Reply::done(roles::unassign(tx, user.clone(), role).await?),
    )
    .await
}

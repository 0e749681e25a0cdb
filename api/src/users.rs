//! `/users`
use std::sync::Arc;

use actix_web::http::Method;
use service::{
    Error, Found, Posts, Roles, Session, Tx, Users,
    crud::{Access, Crud, Target},
    permission::Permission,
    roles,
    users::UserRow,
};

use crate::http::{
    Answer, BASE, Call, JsonSchema, Kind, ListParams, NoBody, NoContent, Page, Problem, Replayable,
    Reply, Resource, Route, RowRule, Serialize, StoredReply, Time,
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
        // Not read for those who do not see it.
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

impl Resource for Users {
    type View = UserView;
}

/// What is no CRUD of users.
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
            Box::pin(async { who_sees_roles(session, ids).await.map(drop) })
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

/// For the user and for those with `users.read`.
async fn list_roles(mut call: Call<NoBody, ListParams<Roles>>) -> Answer<Page<Roles>> {
    let user = who_sees_roles(&call.session, &[call.id()]).await?;
    let roles = roles::of_user(&call.session, user.id, &mut call.query.0).await?;
    call.page::<Roles>(roles, &call.query.0).await
}

async fn who_sees_roles(session: &Session, ids: &[i64]) -> Result<Found<UserRow>, Error> {
    let id = ids.first().copied().unwrap_or_default();
    let user = Users::visible_row(session, id).await?;
    match user.is_full {
        true => Ok(user),
        false => Err(Error::Forbidden(
            "only the user and those with users.read see this",
        )),
    }
}

/// A role that is given to a user, or taken away.
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

/// The user, in the version that the preconditions allow. They may always be left out: nothing of the user is written over.
fn assigned_to(call: &Call) -> Result<Target, Problem> {
    let Target { id, expected } = call.target()?;
    let expected = expected.if_sent();
    Ok(Target { id, expected })
}

async fn assign(call: Call) -> Answer<NoContent> {
    let (user, role) = (assigned_to(&call)?, call.second_id());
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
    let (user, role) = (assigned_to(&call)?, call.second_id());
    call.write(
        Assignment {
            user: user.id,
            role,
        },
        async |tx| Reply::done(roles::unassign(tx, user.clone(), role).await?),
    )
    .await
}

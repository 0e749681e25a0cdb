//! `/users`: how users are shown, their posts and their roles.
use kernel::{CrudOperations, Error, ReadOperations, Session, crud::Target};
use service::{Posts, Roles, Users, roles, users::UserRow};
use web::{Problem, prelude::*};

use crate::{content::posts::PostView, roles::RoleView};

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

impl Resource for UserView {
    type Service = Users;

    fn show(UserRow { user, private }: UserRow) -> Self {
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

/// Routes of users beyond the generic ones.
pub fn routes() -> Vec<Route> {
    let (roles, role) = ("/users/{id}/roles", "/users/{id}/roles/{role_id}");
    let visible = Rule::public().on_row::<UserView>(Access::Read);
    let shows_roles = Rule::user().on_rows(|session, ids| Box::pin(may_list_roles(session, ids)));
    let assigns = Rule::permission("roles.assign").on_rows(|session, ids| {
        let [user, role] = [0, 1].map(|place| ids.get(place).copied().unwrap_or_default());
        Box::pin(roles::may_assign(session, user, role))
    });
    vec![
        Route::new(
            "list_posts",
            Method::GET,
            "/users/{id}/posts",
            visible,
            list_posts,
        )
        .may_lag()
        .summary("List the posts of a user")
        .about("Returns one page of the posts of the user that the caller may see."),
        Route::new("list_roles", Method::GET, roles, shows_roles, list_roles)
            .summary("List the roles of a user")
            .about(
                "Returns one page of the roles of the user, for the user and callers with \
                 `users.read`.",
            )
            .fails_with(Kind::Forbidden),
        Route::new("assign_role", Method::PUT, role, assigns.clone(), assign)
            .summary("Assign a role to a user")
            .about("Gives the role to the user. If the user already has it, nothing changes.")
            .conditional_if_sent(),
        Route::new("unassign_role", Method::DELETE, role, assigns, unassign)
            .summary("Take a role from a user")
            .about("Takes the role from the user. If the user does not have it, nothing changes.")
            .conditional_if_sent(),
    ]
}

async fn list_posts(mut call: Call<NoBody, ListParams<Posts>>) -> Answer<Page<PostView>> {
    let user = call.id();
    call.query.0.narrow(entity::posts::Column::AuthorId, user);
    let query = &call.query.0;
    call.page(Posts::list(&call.session, query).await?, query)
        .await
}

/// Only the user and callers with `users.read` may list the roles.
async fn may_list_roles(session: &Session, ids: &[i64]) -> Result<(), Error> {
    let id = ids.first().copied().unwrap_or_default();
    if Users::visible_row(session, id).await?.is_full {
        Ok(())
    } else {
        Err(Error::forbidden(
            "only the user and callers with users.read may see this",
        ))
    }
}

async fn list_roles(mut call: Call<NoBody, ListParams<Roles>>) -> Answer<Page<RoleView>> {
    let user = call.id();
    let roles = roles::list_for_user(&call.session, user, &mut call.query.0).await?;
    call.page(roles, &call.query.0).await
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
    call.write((), async |tx| {
        Reply::done(roles::assign(tx, user.clone(), role).await?)
    })
    .await
}

async fn unassign(call: Call) -> Answer<NoContent> {
    let (user, role) = (assignment_target(&call)?, call.second_id());
    call.write((), async |tx| {
        Reply::done(roles::unassign(tx, user.clone(), role).await?)
    })
    .await
}

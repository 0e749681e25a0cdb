//! `/users`
use actix_web::http::Method;
use service::{
    Error, Posts, Roles, Users, crud::Crud, permission::Permission, roles, users::UserRow,
};

use crate::http::{
    Answer, BASE, Call, JsonSchema, Kind, ListOf, Many, NoBody, Nothing, Reply, Resource, Route,
    Serialize, Time,
};

#[derive(Debug, JsonSchema, Serialize)]
pub struct UserView {
    username: String,
    full_name: Option<String>,
    bio: Option<String>,
    is_active: bool,
    #[serde(flatten)]
    private: Option<PrivateView>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct PrivateView {
    email: String,
    is_superuser: bool,
    roles: Vec<String>,
    last_login_at: Option<Time>,
}

impl From<UserRow> for UserView {
    fn from(UserRow { user, private }: UserRow) -> Self {
        let private = private.map(|private| PrivateView {
            email: user.email,
            is_superuser: user.is_superuser,
            roles: private.roles,
            last_login_at: private.last_login_at.map(Time::from),
        });
        Self {
            username: user.username,
            full_name: user.full_name,
            bio: user.bio,
            is_active: user.is_active,
            private,
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
    vec![
        Route::new(
            Method::GET,
            &format!("{BASE}/users/{{id}}/posts"),
            |_| true,
            posts,
        ),
        Route::new(
            Method::GET,
            &roles,
            |actor| actor.user_id().is_some(),
            list_roles,
        )
        .or(Kind::Forbidden),
        Route::new(
            Method::PUT,
            &role,
            |actor| actor.holds(&Permission::new("roles.assign")),
            assign,
        ),
        Route::new(
            Method::DELETE,
            &role,
            |actor| actor.holds(&Permission::new("roles.assign")),
            unassign,
        ),
    ]
}

async fn posts(mut call: Call<NoBody, ListOf<Posts>>) -> Answer<Many<Posts>> {
    let user = Users::visible_row(&call.session, call.id()).await?;
    call.query
        .0
        .narrow(entity::posts::Column::AuthorId, user.id);
    let query = &call.query.0;
    call.page(Posts::list(&call.session, query).await?, query)
        .await
}

/// For the user and for those with `users.read`.
async fn list_roles(call: Call<NoBody, ListOf<Roles>>) -> Answer<Many<Roles>> {
    let user = Users::visible_row(&call.session, call.id()).await?;
    if !user.is_full {
        return Err(Error::Forbidden("only the user and those with users.read see this").into());
    }
    let query = &call.query.0;
    call.page::<Roles>(roles::of_user(&call.session, user.id, query).await?, query)
        .await
}

async fn assign(call: Call) -> Answer<Nothing> {
    let (user, role) = (call.id(), call.second_id());
    call.write(async |tx| Reply::done(roles::assign(tx, user, role).await?))
        .await
}

async fn unassign(call: Call) -> Answer<Nothing> {
    let (user, role) = (call.id(), call.second_id());
    call.write(async |tx| Reply::done(roles::unassign(tx, user, role).await?))
        .await
}

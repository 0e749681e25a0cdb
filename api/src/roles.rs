//! `/roles`: how roles are shown, and their single permissions.
use actix_web::HttpRequest;
use kernel::crud::Target;
use serde_json::Value;
use service::{Roles, roles};
use web::{Problem, prelude::*};

view! {
    pub struct RoleView of Roles {
        name: String,
        description: Option<String>,
        #[schemars(with = "Vec<String>")]
        permissions: Value,
        is_system: bool,
    }
}

/// Routes of roles beyond the generic ones.
pub fn routes() -> Vec<Route> {
    let path = "/roles/{id}/permissions/{permission}";
    let updates = || {
        Rule::action::<RoleView>(Action::Update).on_row::<RoleView>(Access::Live(Action::Update))
    };
    vec![
        Route::new("grant_permission", Method::PUT, path, updates(), grant)
            .summary("Give a permission to a role")
            .about("Adds the permission to the role. If the role already has it, nothing changes.")
            .conditional_if_sent(),
        Route::new("revoke_permission", Method::DELETE, path, updates(), revoke)
            .summary("Take a permission from a role")
            .about("Removes the permission from the role. If the role does not have it, nothing changes.")
            .conditional_if_sent(),
    ]
}

/// Returns the role, the versions that the preconditions allow, and the permission. Preconditions are optional: no other
/// permission of the role is overwritten.
fn target(call: &Call, request: &HttpRequest) -> Result<(Target, String), Problem> {
    let Target { id, expected } = call.target()?;
    let expected = expected.if_sent();
    let permission = request.match_info().get("permission").unwrap_or_default();
    Ok((Target { id, expected }, permission.to_owned()))
}

async fn grant(call: Call, request: HttpRequest) -> Answer<NoContent> {
    let (role, permission) = target(&call, &request)?;
    call.write((), async |tx| {
        Reply::done(roles::grant(tx, role.clone(), &permission).await?)
    })
    .await
}

async fn revoke(call: Call, request: HttpRequest) -> Answer<NoContent> {
    let (role, permission) = target(&call, &request)?;
    call.write((), async |tx| {
        Reply::done(roles::revoke(tx, role.clone(), &permission).await?)
    })
    .await
}

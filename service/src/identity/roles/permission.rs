//! Adding one permission to a role and taking one away. Both are updates of the role.
use kernel::{Code, CrudOperations, Error, Reads, Result, Tx, crud::Target, resource::scope};

use super::{RolePatch, Roles, names_in};

/// Adds a permission to a role. It does nothing if the role already has the permission.
pub async fn grant(tx: &Tx, role: Target, permission: &str) -> Result<()> {
    change(tx, role, permission, true).await
}

/// Takes a permission away from a role. It does nothing if the role does not have the permission.
pub async fn revoke(tx: &Tx, role: Target, permission: &str) -> Result<()> {
    change(tx, role, permission, false).await
}

async fn change(tx: &Tx, target: Target, permission: &str, is_granted: bool) -> Result<()> {
    let role = scope::lock::<Roles>(tx, tx.actor(), target.id).await?;
    let role = role.ok_or(Error::NotFound)?;
    let mut names: Vec<_> = names_in(&role.permissions).map(str::to_owned).collect();
    let is_held = names.iter().any(|name| name == permission);
    let registry = tx.kernel().registry();
    // A role may hold a permission that is unknown, because its resource was removed.
    if !is_held && !registry.is_permission(permission) {
        let detail = registry.unknown_permission(permission);
        return Err(Error::invalid("/permissions", Code::Unknown, detail));
    }
    if is_granted {
        names.push(permission.to_owned());
    } else {
        names.retain(|name| name != permission);
    }
    // A patch without fields changes nothing, but is authorized like any other.
    let patch = RolePatch {
        permissions: (is_held != is_granted).then_some(names),
        ..RolePatch::default()
    };
    Roles::check_patch(&patch)?;
    Roles::update(tx, target, &patch).await.map(drop)
}

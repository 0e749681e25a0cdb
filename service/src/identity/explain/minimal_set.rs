//! Finds the fewest and narrowest permissions that allow a request, by removing what is not needed, the widest first.
use super::Explainer;
use kernel::{Result, Session, permission::Permission};

impl<F: AsyncFn(&Session) -> Result<()>> Explainer<'_, F> {
    /// Returns the `candidates` that a user needs in addition to `held`.
    pub(super) async fn minimal_set(
        &self,
        user: i64,
        held: &[Permission],
        candidates: Vec<Permission>,
    ) -> Result<Vec<Permission>> {
        let parts = by_resource(candidates, self.session.kernel.registry().permissions());
        let parts = self.needed(user, held, parts).await?;
        let singles = parts.into_iter().flatten().map(|one| vec![one]).collect();
        let needed = self.needed(user, held, singles).await?;
        Ok(needed.into_iter().flatten().collect())
    }

    async fn needed(
        &self,
        user: i64,
        held: &[Permission],
        mut parts: Vec<Vec<Permission>>,
    ) -> Result<Vec<Vec<Permission>>> {
        let mut place = 0;
        while place < parts.len() {
            let part = parts.remove(place);
            let rest: Vec<_> = parts.iter().flatten().chain(held).cloned().collect();
            if !self.allows(user, &rest).await? {
                parts.insert(place, part);
                place += 1;
            }
        }
        Ok(parts)
    }
}

/// Groups permissions so that most can be removed in few steps: first each wildcard by itself, then the others by resource.
/// Permissions of one resource do not cover those of another. Within a resource, wide ones come
/// before narrow ones. `order` lists every permission that exists.
fn by_resource(mut permissions: Vec<Permission>, order: &[String]) -> Vec<Vec<Permission>> {
    let place = |permission: &Permission| {
        let text = permission.to_string();
        let place = order.iter().position(|known| *known == text);
        (!text.ends_with('*'), place)
    };
    permissions.sort_by_cached_key(place);
    permissions.dedup();
    let resource = |permission: &Permission| {
        let text = permission.to_string();
        let resource = text.split('.').next().unwrap_or_default();
        (!text.ends_with('*')).then(|| resource.to_owned())
    };
    let mut parts: Vec<Vec<Permission>> = Vec::new();
    for permission in permissions {
        let this = resource(&permission);
        let same = |part: &&mut Vec<Permission>| this.is_some() && resource(&part[0]) == this;
        match parts.iter_mut().find(same) {
            Some(part) => part.push(permission),
            None => parts.push(vec![permission]),
        }
    }
    parts
}

//! The rows of resources that have no rules of their own: they are made from the sample of the resource.
use kernel::registry::Table;
use serde_json::Value;
use service::registry;
use tests::sql;

use super::{MISSING, Scene, World};
use crate::{
    permissions::declared::is_deleted_by_owners,
    samples::{patch, resource_of, sample},
};

impl World {
    /// What the generic routes of any resource take.
    pub(super) fn generic(&self, method: &str, path: &str, name: &str) -> Option<Value> {
        let resource = resource_of(path)?;
        let (all, one) = (format!("/{resource}"), format!("/{resource}/{{id}}"));
        match method {
            "POST" if path == all || path == format!("{all}/import") => {
                Some(self.new_row(registry().table(resource).unwrap(), name))
            }
            "PATCH" if path == one => Some(patch(resource, name)),
            _ => None,
        }
    }

    /// The sample of a resource on the rows that there are. Its owner is the caller who sends it.
    fn new_row(&self, table: &Table, name: &str) -> Value {
        let mut body = sample(table.name, name);
        for owner in &table.owners {
            if table.rules.author() == Some(owner.column) {
                body.as_object_mut().unwrap().remove(owner.column);
            } else {
                body[owner.column] = self.rows[owner.table].into();
            }
        }
        body
    }

    /// Makes a row from the sample of its resource, and gives it to this user.
    pub(super) async fn sampled(&self, table: &Table, owner: i64) -> i64 {
        let (name, body) = (table.name, self.new_row(table, &self.name()));
        let made = self.superuser.post(format!("/{name}"), body).await;
        let id = made.expect_status(201).id();
        if let Some(column) = table.rules.author() {
            let give = format!("UPDATE {name} SET {column} = {owner} WHERE id = {id}");
            sql::run(&self.app.kernel, &give).await;
        }
        id
    }

    /// A row of a resource that has no rules of its own.
    pub(super) async fn row(&self, resource: &str, state: &str, caller: &str) -> Scene {
        let mut scene = self.scene(caller, MISSING);
        if matches!(state, "missing" | "-") {
            return scene;
        }
        let author = match state {
            "own" | "own-deleted" => &scene.caller,
            _ => &self.owner,
        };
        let table = registry().table(resource).unwrap();
        let id = self.sampled(table, author.id).await;
        match state {
            "deleted" | "own-deleted" if is_deleted_by_owners(resource) => {
                let gone = author.delete(format!("/{resource}/{id}")).await;
                gone.expect_status(204);
            }
            "deleted" | "moderated" => self.erase(resource, id).await,
            _ => {}
        }
        scene.id = id;
        scene
    }
}

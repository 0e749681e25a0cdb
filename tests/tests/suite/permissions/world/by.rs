//! The credentials that the callers of the table send.
use tests::{Client, json, sql};

use super::World;

#[derive(Clone, Copy)]
pub enum By {
    /// Their sign-in.
    Session,
    /// An API key of these scopes, whatever its owner may.
    Key(&'static [&'static str]),
    /// Their sign-in, while they have no more than these permissions, by the kind of caller.
    Role(fn(&str) -> &'static [&'static str]),
}

impl World {
    pub fn people(&self) -> [&Client; 5] {
        [
            &self.member,
            &self.owner,
            &self.editor,
            &self.admin,
            &self.superuser,
        ]
    }

    /// Whoever calls, with what they come with.
    pub async fn dressed(&self, client: &Client, caller: &str) -> Client {
        match self.by {
            By::Key(_) if client.id > 0 => client.with_token(&self.keys.borrow()[&client.id]),
            By::Role(permissions) if client.id > 0 => {
                let permissions = json!(permissions(caller));
                let name = self.name();
                let id = client.id;
                let at = self.app.ago(0);
                for statement in [
                    format!("DELETE FROM user_roles WHERE user_id = {id}"),
                    format!("UPDATE users SET is_superuser = false WHERE id = {id}"),
                    format!(
                        "INSERT INTO roles (created_at, updated_at, version, name, permissions, is_system) \
                         VALUES ({at}, {at}, 1, '{name}', '{permissions}', false)"
                    ),
                    format!(
                        "INSERT INTO user_roles (user_id, role_id, created_at) \
                         SELECT {id}, id, {at} FROM roles WHERE name = '{name}'"
                    ),
                ] {
                    sql::run(&self.app.kernel, &statement).await;
                }
                client.clone()
            }
            _ => client.clone(),
        }
    }

    /// Those who call again get back what they may.
    pub async fn undress(&self, client: &Client, caller: &str) {
        let is_known = self.people().iter().any(|known| known.id == client.id);
        if !matches!(self.by, By::Role(_)) || !is_known {
            return;
        }
        let (id, at) = (client.id, self.app.ago(0));
        let is_superuser = caller == "superuser";
        for statement in [
            format!("DELETE FROM user_roles WHERE user_id = {id}"),
            format!("UPDATE users SET is_superuser = {is_superuser} WHERE id = {id}"),
            format!(
                "INSERT INTO user_roles (user_id, role_id, created_at) \
                 SELECT {id}, id, {at} FROM roles WHERE name IN ('member', '{caller}')"
            ),
        ] {
            sql::run(&self.app.kernel, &statement).await;
        }
    }

    /// Gives somebody the key that they call with. Nobody can make one of more than they may: it is widened afterwards.
    pub async fn lend(&self, client: &Client) {
        let By::Key(scopes) = self.by else { return };
        if client.id == 0 {
            return;
        }
        let key = client.with_key(&["users.read.own"]).await;
        let widen = format!(
            "UPDATE api_keys SET scopes = '{}' WHERE user_id = {}",
            json!(scopes),
            client.id
        );
        sql::run(&self.app.kernel, &widen).await;
        let key = key.token().to_owned();
        self.keys.borrow_mut().insert(client.id, key);
    }
}

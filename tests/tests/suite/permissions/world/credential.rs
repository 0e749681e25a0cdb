//! The credentials that the callers of the table send.
use tests::{Client, json, sql};

use super::World;

#[derive(Clone, Copy)]
pub enum Credential {
    /// The token of a sign-in.
    Session,
    /// An API key with these scopes, whatever permissions its owner has.
    Key(&'static [&'static str]),
    /// The token of a sign-in, while the caller has only these permissions, by the kind of caller.
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

    /// Returns the caller with the credential and the permissions of this kind.
    pub async fn prepare_caller(&self, client: &Client, caller: &str) -> Client {
        match self.credential {
            Credential::Key(_) if client.id > 0 => {
                client.with_token(&self.keys.borrow()[&client.id])
            }
            Credential::Role(permissions) if client.id > 0 => {
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

    /// Gives a known caller their roles back.
    pub async fn restore_roles(&self, client: &Client, caller: &str) {
        let is_known = self.people().iter().any(|known| known.id == client.id);
        if !matches!(self.credential, Credential::Role(_)) || !is_known {
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

    /// Creates the key that a user calls with. Its scopes are widened by SQL, because a user cannot create a key with more than their permissions.
    pub async fn create_key(&self, client: &Client) {
        let Credential::Key(scopes) = self.credential else {
            return;
        };
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

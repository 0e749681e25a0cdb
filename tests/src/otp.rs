//! The authenticator app of a user.
use std::time::SystemTime;

use totp_rs::{Builder, Secret};

use crate::{Client, PASSWORD, Reply, json};

pub struct Authenticator {
    secret: String,
    /// The codes that were shown when the second factor was enabled.
    pub recovery_codes: Vec<String>,
}

impl Authenticator {
    /// Starts to enable a second factor.
    pub async fn pending(client: &Client) -> Self {
        let password = json!({ "current_password": PASSWORD });
        let started = client.post("/auth/totp", password).await;
        Self::from_reply(&started.expect_status(200))
    }

    /// Enables a second factor.
    pub async fn enabled(client: &Client) -> Self {
        let mut authenticator = Self::pending(client).await;
        let otp = json!({ "otp": authenticator.code(-1) });
        let on = client.post("/auth/totp/confirm", otp).await;
        let on = match on.status {
            // A new time step began meanwhile.
            422 => {
                let otp = json!({ "otp": authenticator.code(-1) });
                client.post("/auth/totp/confirm", otp).await
            }
            _ => on,
        };
        let on = on.expect_status(200);
        let codes = on.body["recovery_codes"].as_array().unwrap();
        let text = |code: &serde_json::Value| code.as_str().unwrap().to_owned();
        authenticator.recovery_codes = codes.iter().map(text).collect();
        authenticator
    }

    pub fn from_reply(started: &Reply) -> Self {
        Self {
            secret: started.body["secret"].as_str().unwrap().to_owned(),
            recovery_codes: Vec::new(),
        }
    }

    /// Returns the code of a time step, relative to now. A server accepts the steps from -1 to 1, and after each only later ones.
    pub fn code(&self, steps: i64) -> String {
        let secret = Secret::try_from_base32(&self.secret).unwrap();
        let totp = Builder::new().with_secret(secret).build().unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap().as_secs();
        totp.generate(now.checked_add_signed(30 * steps).unwrap())
            .to_string()
    }
}

//! An authenticator: what a user has in their hand.
use std::time::SystemTime;

use totp_rs::{Builder, Secret};

use crate::{Client, PASSWORD, Reply, json};

pub struct Authenticator {
    secret: String,
    /// Shown when it was turned on.
    pub recovery_codes: Vec<String>,
}

impl Authenticator {
    /// Of a second factor that is not on yet.
    pub async fn pending(client: &Client) -> Self {
        let password = json!({ "current_password": PASSWORD });
        let started = client.post("/auth/totp", password).await;
        Self::of(&started.expect_status(200))
    }

    /// Of one that is on.
    pub async fn on(client: &Client) -> Self {
        let mut authenticator = Self::pending(client).await;
        let otp = json!({ "otp": authenticator.code(-1) });
        let on = client.post("/auth/totp/confirm", otp).await;
        let on = match on.status {
            // The step ended in between.
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

    pub fn of(started: &Reply) -> Self {
        Self {
            secret: started.body["secret"].as_str().unwrap().to_owned(),
            recovery_codes: Vec::new(),
        }
    }

    /// What it shows that many steps from now. A server takes those from -1 to 1, and each that it took is the earliest of the next.
    pub fn code(&self, steps: i64) -> String {
        let secret = Secret::try_from_base32(&self.secret).unwrap();
        let totp = Builder::new().with_secret(secret).build().unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap().as_secs();
        totp.generate(now.checked_add_signed(30 * steps).unwrap())
            .to_string()
    }
}

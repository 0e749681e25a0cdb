//! Views of rows that are not a resource. They show no hashes or secrets from which a token could be made.
use entity::{mails, one_time_tokens};
use service::{identity::Me, personal_data::Account};

use web::{Representation, Time, prelude::Serialize};

use crate::users::UserView;

#[derive(Serialize)]
pub struct ProfileView {
    #[serde(flatten)]
    user: Representation<UserView>,
    permissions: Vec<String>,
    email_verified_at: Option<Time>,
    totp_enabled_at: Option<Time>,
}

impl ProfileView {
    pub fn new(
        Me {
            user, permissions, ..
        }: Me,
        account: &Account,
    ) -> Self {
        Self {
            user: Representation::new(user, false),
            permissions,
            email_verified_at: account.email_verified_at.map(Time::from),
            totp_enabled_at: account.totp_confirmed_at.map(Time::from),
        }
    }
}

/// A mail that waits to be sent. Its text is not shown because it contains a token.
#[derive(Serialize)]
pub struct MailView {
    id: i64,
    recipient: String,
    template: String,
    created_at: Time,
}

impl From<mails::Model> for MailView {
    fn from(mail: mails::Model) -> Self {
        Self {
            id: mail.id,
            recipient: mail.recipient,
            template: mail.template,
            created_at: mail.created_at.into(),
        }
    }
}

/// A one-time token that was sent and not used yet.
#[derive(Serialize)]
pub struct TokenView {
    id: i64,
    purpose: String,
    email: Option<String>,
    created_at: Time,
    expires_at: Time,
}

impl From<one_time_tokens::Model> for TokenView {
    fn from(token: one_time_tokens::Model) -> Self {
        Self {
            id: token.id,
            purpose: token.purpose,
            email: token.email,
            created_at: token.created_at.into(),
            expires_at: token.expires_at.into(),
        }
    }
}

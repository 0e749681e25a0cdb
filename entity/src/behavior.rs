//! What an active model does by itself: nothing.
//!
//! Times, versions and keys are the service's, which writes with statements that never run these hooks.

use sea_orm::ActiveModelBehavior;

use crate::audit;
use crate::generated::{
    api_keys, audit_blocks, audit_entries, audit_prunes, audit_seals, comments, deletions,
    idempotency_keys, last_logins, mails, one_time_tokens, posts, recovery_codes, roles, secrets,
    sessions, throttles, totp_secrets, user_roles, users, verified_emails, written_bytes,
};

impl ActiveModelBehavior for audit::ActiveModel {}
impl ActiveModelBehavior for api_keys::ActiveModel {}
impl ActiveModelBehavior for audit_blocks::ActiveModel {}
impl ActiveModelBehavior for audit_entries::ActiveModel {}
impl ActiveModelBehavior for audit_prunes::ActiveModel {}
impl ActiveModelBehavior for audit_seals::ActiveModel {}
impl ActiveModelBehavior for comments::ActiveModel {}
impl ActiveModelBehavior for deletions::ActiveModel {}
impl ActiveModelBehavior for idempotency_keys::ActiveModel {}
impl ActiveModelBehavior for last_logins::ActiveModel {}
impl ActiveModelBehavior for mails::ActiveModel {}
impl ActiveModelBehavior for one_time_tokens::ActiveModel {}
impl ActiveModelBehavior for posts::ActiveModel {}
impl ActiveModelBehavior for recovery_codes::ActiveModel {}
impl ActiveModelBehavior for roles::ActiveModel {}
impl ActiveModelBehavior for secrets::ActiveModel {}
impl ActiveModelBehavior for sessions::ActiveModel {}
impl ActiveModelBehavior for throttles::ActiveModel {}
impl ActiveModelBehavior for totp_secrets::ActiveModel {}
impl ActiveModelBehavior for user_roles::ActiveModel {}
impl ActiveModelBehavior for users::ActiveModel {}
impl ActiveModelBehavior for verified_emails::ActiveModel {}
impl ActiveModelBehavior for written_bytes::ActiveModel {}

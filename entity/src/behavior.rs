//! What an active model does by itself: nothing.
//!
//! Times, versions and keys are the service's, which writes with statements that never run these hooks.

use sea_orm::ActiveModelBehavior;

use crate::audit;
use crate::generated::{
    audit_blocks, audit_entries, audit_seals, comments, deletions, idempotency_keys, last_logins,
    posts, roles, secrets, sessions, user_roles, users,
};

impl ActiveModelBehavior for audit::ActiveModel {}
impl ActiveModelBehavior for audit_blocks::ActiveModel {}
impl ActiveModelBehavior for audit_entries::ActiveModel {}
impl ActiveModelBehavior for audit_seals::ActiveModel {}
impl ActiveModelBehavior for comments::ActiveModel {}
impl ActiveModelBehavior for deletions::ActiveModel {}
impl ActiveModelBehavior for idempotency_keys::ActiveModel {}
impl ActiveModelBehavior for last_logins::ActiveModel {}
impl ActiveModelBehavior for posts::ActiveModel {}
impl ActiveModelBehavior for roles::ActiveModel {}
impl ActiveModelBehavior for secrets::ActiveModel {}
impl ActiveModelBehavior for sessions::ActiveModel {}
impl ActiveModelBehavior for user_roles::ActiveModel {}
impl ActiveModelBehavior for users::ActiveModel {}

//! Verification of an e-mail address. The link alone is not enough: the owner of the address receives it, who may not be
//! the person who created the account.
use ::entity::users::Model;
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::QueryFilter;
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    Identity,
    address::{lock_active_user, mark_verified, store_email},
    login::check_password_field,
    one_time::{self, Presented, Purpose},
    throttle::{self, Attempt, Subject},
};
use crate::{identity::Users, identity::password::MAX_LENGTH, identity::users::key};
use kernel::{Code, Error, Reads, Result, Session, resource::scope};

/// The purposes that the token of a verification can have.
pub(super) const VERIFICATIONS: [Purpose; 2] = [Purpose::Verify, Purpose::Address];

/// The token from the mail, and the password of the account if the caller is not signed in to it.
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Verification {
    #[garde(custom(one_time::check_length))]
    #[schemars(with = "String", length(min = 1, max = one_time::MAX_LENGTH))]
    pub token: SecretString,
    /// The password of the account; not needed if its user is signed in.
    #[garde(inner(custom(check_password_field)))]
    #[schemars(with = "Option<String>", length(min = 1, max = MAX_LENGTH))]
    pub password: Option<SecretString>,
}

/// Marks the address as verified, for a caller who has the token and is signed in or knows the password. It ends no
/// sessions; a caller who does not know the password can reset it.
///
/// Fails with [`Error::Invalid`] if the token or the password is invalid, and with a conflict if another user has the
/// address meanwhile. The token stays valid then.
pub async fn verify_email(session: &Session, verification: &Verification) -> Result<()> {
    let token = Presented::read(&session.kernel, &verification.token).await?;
    let (purpose, row) = one_time::find(session, &VERIFICATIONS, &token).await?;
    let (id, email) = one_time::user_and_email(&row)?;
    let this = scope::all_live::<Users>().filter(scope::has_id::<Users>(id));
    let user = this.one(session.db()?).await?;
    let user = user.ok_or_else(one_time::invalid_token)?;
    let attempt = check_account(session, &user, verification.password.as_ref()).await?;
    let verified = session.write(async |tx| {
        if let Some(attempt) = &attempt {
            attempt.succeed(tx).await?;
        }
        let now = lock_active_user(tx, id)
            .await?
            .ok_or_else(one_time::invalid_token)?;
        // The password may have been replaced while it was hashed.
        if attempt.is_some() && now.password_hash != user.password_hash {
            return Err(wrong_password());
        }
        one_time::consume(tx, purpose, &token).await?;
        let version = match purpose {
            Purpose::Address => store_email(tx, &now, email).await?,
            _ if key(email) == now.email_key => now.version,
            _ => return Err(one_time::invalid_token()),
        };
        mark_verified(tx, (id, version), email).await
    });
    match attempt.as_ref() {
        Some(attempt) => attempt.refund_if_untried(session, verified.await).await,
        None => verified.await,
    }
}

/// Succeeds if the caller is signed in as the user or sends the password. A password counts as an attempt to sign in, which
/// is returned.
async fn check_account(
    session: &Session,
    user: &Model,
    password: Option<&SecretString>,
) -> Result<Option<Attempt>> {
    let caller = session.actor().caller();
    let is_signed_in = caller
        .is_some_and(|caller| caller.user_id == user.id && caller.credential.session().is_some());
    let Some(password) = password.filter(|_| !is_signed_in) else {
        let detail = "sign in to the account or send its password; if you do not know it, reset it";
        return if is_signed_in {
            Ok(None)
        } else {
            Err(Error::invalid("/password", Code::Required, detail))
        };
    };
    let subject = Subject::SignIn(&user.username, Some(user));
    let attempt = throttle::attempt(session, &subject).await?;
    let hash = Some(user.password_hash.clone());
    let matches = session
        .state::<Identity>()
        .hasher
        .verify(password.clone(), hash)
        .await;
    if attempt.refund_if_untried(session, matches).await? {
        Ok(Some(attempt))
    } else {
        Err(wrong_password())
    }
}

fn wrong_password() -> Error {
    Error::invalid("/password", Code::Wrong, "wrong password for this account")
}

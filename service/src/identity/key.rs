//! The keys that authenticate tokens, cookies and counters.

use super::Identity;
use kernel::{Kernel, Result, secret::Secret};

/// Derives the key for one purpose from `auth.key` or, if that is not set, from the key in the database.
pub async fn key(kernel: &Kernel, purpose: &str) -> Result<Secret> {
    let root = kernel
        .state::<Identity>()
        .auth_key
        .get_or_try_init(|| async {
            match &kernel.state::<Identity>().settings.key {
                Some(key) => Ok(Secret::from_text(key)),
                None => Secret::load(kernel.database.reader(), "auth").await,
            }
        });
    Ok(root.await?.derive(purpose))
}

/// The key of the checksums in tokens, API keys and links. It does not depend on `auth.key`, so that changing `auth.key`
/// does not invalidate them. An attacker who knows it can only cause lookups of made-up tokens.
pub async fn checksum_key(kernel: &Kernel) -> Result<&Secret> {
    let installed = || async {
        let root = Secret::load(kernel.database.reader(), "auth").await?;
        Ok(root.derive("checksums of tokens"))
    };
    let key = &kernel.state::<Identity>().checksum_key;
    key.get_or_try_init(installed).await
}

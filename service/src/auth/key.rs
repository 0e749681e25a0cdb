//! What tokens, cookies and counters are derived and authenticated with.
use crate::{Application, Kernel, Result, secret::Secret};

/// A key for one purpose: `auth.key`, or the one that the installation made for itself, derived by the name of the purpose.
pub async fn key(kernel: &Kernel, purpose: &str) -> Result<Secret> {
    let root = kernel.atoll().auth_key.get_or_try_init(|| async {
        match &kernel.atoll().auth.key {
            Some(key) => Ok(Secret::of(key)),
            None => Secret::installed(kernel.database.reader(), "auth").await,
        }
    });
    Ok(root.await?.derive(purpose))
}

/// The key of the checksums in tokens, API keys and links. It does not follow `auth.key`: another one there ends none of
/// them. Knowing it only lets made-up tokens be looked up.
pub async fn checksum_key(kernel: &Kernel) -> Result<Secret> {
    let installed = || Secret::installed(kernel.database.reader(), "auth");
    let root = kernel
        .atoll()
        .checksum_root
        .get_or_try_init(installed)
        .await?;
    Ok(root.derive("checksums of tokens"))
}

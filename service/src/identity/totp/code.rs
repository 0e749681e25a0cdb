//! Authenticator codes (RFC 6238): six digits, a step of 30 s and SHA-1, which every authenticator supports.
use secrecy::{ExposeSecret, SecretString};
use totp_rs::{Builder, Secret, Totp};

use kernel::{Error, Result};

/// The number of steps before and after the current one whose codes are valid, because clocks differ (RFC 6238, section
/// 5.2).
const SKEW: u16 = 1;

/// The name that an authenticator shows above its codes.
const ISSUER: &str = "Atoll";

/// The data that a user enters into their authenticator.
#[derive(Debug)]
pub struct Enrolment {
    /// The secret in base32.
    pub secret: SecretString,
    /// The `otpauth://totp/…` address, for a QR code.
    pub uri: SecretString,
}

/// Creates a secret of 160 bits (RFC 4226, section 4).
pub fn new_secret() -> Vec<u8> {
    rand::random::<[u8; 20]>().to_vec()
}

pub fn enrolment(secret: &[u8], username: &str) -> Result<Enrolment> {
    let totp = totp(secret, username)?;
    Ok(Enrolment {
        secret: totp.secret().to_base32().into(),
        uri: totp.to_url().map_err(internal_error)?.into(),
    })
}

/// The step whose code this is, or `None` if the code is wrong. `at` is in seconds since 1970.
pub fn matching_step(secret: &[u8], code: &SecretString, at: i64) -> Result<Option<i64>> {
    let plain: String = code.expose_secret().split_whitespace().collect();
    let at = u64::try_from(at).map_err(Error::internal)?;
    // The username is used in the address only.
    let step = totp(secret, "")?.check(&plain, at);
    step.map(|step| i64::try_from(step).map_err(Error::internal))
        .transpose()
}

fn totp(secret: &[u8], username: &str) -> Result<Totp> {
    Builder::new()
        .with_secret(Secret::from(secret))
        .with_skew(SKEW)
        .with_issuer(Some(ISSUER))
        .with_account_name(username)
        .build()
        .map_err(internal_error)
}

/// Converts the error without its details, which may contain the secret.
fn internal_error(_: totp_rs::TotpError) -> Error {
    Error::bug("a second factor has an invalid secret or account name")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: at 59 s the code is 94287082, here its last six digits.
    #[test]
    fn a_code_is_valid_in_its_step_and_the_adjacent_ones() {
        let secret = b"12345678901234567890";
        let code = SecretString::from("287 082");

        for (at, expected) in [(0, Some(1)), (59, Some(1)), (89, Some(1)), (90, None)] {
            assert_eq!(matching_step(secret, &code, at).unwrap(), expected, "{at}");
        }
        for wrong in ["287083", "94287082", "28708", "", "２８７０８２", "287o82"] {
            let wrong = SecretString::from(wrong);
            assert_eq!(
                matching_step(secret, &wrong, 59).unwrap(),
                None,
                "{wrong:?}"
            );
        }
    }
}

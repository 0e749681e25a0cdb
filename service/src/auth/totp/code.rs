//! Codes of an authenticator (RFC 6238): six digits, a step of 30 s, SHA-1, which is what all of them know.
use secrecy::{ExposeSecret, SecretString};
use totp_rs::{Builder, Secret, Totp};

use crate::{Error, Result};

/// Steps before and after the current one whose codes count: clocks differ (RFC 6238, section 5.2).
const SKEW: u16 = 1;

/// What an authenticator shows above its codes.
const ISSUER: &str = "Atoll";

/// What a user puts into their authenticator.
#[derive(Debug)]
pub struct Enrolment {
    /// In base32.
    pub secret: SecretString,
    /// `otpauth://totp/…`, for a QR code.
    pub uri: SecretString,
}

/// 160 bits (RFC 4226, section 4).
pub fn fresh() -> Vec<u8> {
    rand::random::<[u8; 20]>().to_vec()
}

pub fn enrolment(secret: &[u8], username: &str) -> Result<Enrolment> {
    let totp = totp(secret, username)?;
    Ok(Enrolment {
        secret: totp.secret().to_base32().into(),
        uri: totp.to_url().map_err(internal)?.into(),
    })
}

/// The step whose code this is, at a time in seconds since 1970.
pub fn step(secret: &[u8], code: &SecretString, at: i64) -> Result<Option<i64>> {
    let plain: String = code.expose_secret().split_whitespace().collect();
    let at = u64::try_from(at).map_err(Error::internal)?;
    // The username is in the address only.
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
        .map_err(internal)
}

/// Without what it was about.
fn internal(_: totp_rs::TotpError) -> Error {
    Error::bug("a second factor has a secret or a name that none can have")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: at 59 s the code is 94287082, here its last six digits.
    #[test]
    fn a_code_counts_in_its_step_and_in_those_beside_it() {
        let secret = b"12345678901234567890";
        let code = SecretString::from("287 082");

        for (at, expected) in [(0, Some(1)), (59, Some(1)), (89, Some(1)), (90, None)] {
            assert_eq!(step(secret, &code, at).unwrap(), expected, "{at}");
        }
        for wrong in ["287083", "94287082", "28708", "", "２８７０８２", "287o82"] {
            let wrong = SecretString::from(wrong);
            assert_eq!(step(secret, &wrong, 59).unwrap(), None, "{wrong:?}");
        }
    }
}

//! The rule for e-mail addresses. All inputs use it.
use kernel::{Code, input::refuse};
use lettre::Address;

/// The most bytes of the part before the `@` (RFC 5321, section 4.5.3.1).
const MAX_LOCAL: usize = 64;
/// The most bytes of an address (RFC 5321, section 4.5.3.1: 256 with its brackets).
pub const MAX_EMAIL: usize = 254;

/// A rule for `#[garde(custom(deliverable))]`. It accepts addresses that SMTP supports without an extension: an unquoted
/// name and the name of a host.
pub fn deliverable(text: &str, _: &()) -> garde::Result {
    match refusal(text) {
        None => Ok(()),
        Some(why) => Err(refuse(Code::Email, why)),
    }
}

fn refusal(text: &str) -> Option<&'static str> {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Some("must be an e-mail address, such as ada@example.org");
    };
    if !text.is_ascii() {
        return Some("must be in ASCII: write an international domain as xn--…");
    }
    if !is_name(local) {
        return Some(
            "must have 1 to 64 letters, digits and characters of !#$%&'*+-/=?^_`{|}~ before the @, with single dots between them",
        );
    }
    if !is_host(domain) || text.parse::<Address>().is_err() {
        return Some("must have the name of a host after the @, such as example.org");
    }
    None
}

/// Returns true if the text is a dot-string (RFC 5321, section 4.1.2).
fn is_name(local: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(is_part);
    local.len() <= MAX_LOCAL && local.split('.').all(is_atom)
}

/// Returns true if the text is the name of a host. IP addresses are refused.
fn is_host(domain: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(is_part)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // No top-level domain begins with a digit, and every IP address ends in a number.
    let last = domain.rsplit('.').next().unwrap_or_default();
    last.starts_with(|first: char| first.is_ascii_alphabetic()) && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_email(text: &str) -> bool {
        deliverable(text, &()).is_ok()
    }

    #[test]
    fn an_address_that_mail_reaches_is_taken() {
        for good in [
            "ada@example.org",
            "Ada.Lovelace+atoll@mail.example.org",
            "o'brien@example.org",
            "!#$%&'*+-/=?^_`{|}~@example.org",
            "a@localhost",
            "a@1.example",
            "a@xn--bcher-kva.example",
        ] {
            assert!(is_email(good), "{good}");
        }
        let local = "x".repeat(MAX_LOCAL);
        assert!(is_email(&format!("{local}@example.org")));
        assert!(!is_email(&format!("{local}x@example.org")));
    }

    #[test]
    fn an_address_that_no_mail_reaches_is_refused() {
        for bad in [
            "",
            "ada",
            "@",
            "@example.org",
            "ada@",
            "a..b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a@[127.0.0.1]",
            "a@[IPv6:::1]",
            "a@127.0.0.1",
            "a@b@example.org",
            "\"a b\"@example.org",
            "a b@example.org",
            "a@example..org",
            "a@.example.org",
            "a@example.org.",
            "a@-example.org",
            "a@example-.org",
            "a@exa_mple.org",
            "ä@example.org",
            "a@bücher.example",
            "a@example.org\r\nBcc: b@example.org",
            "<a@example.org>",
            "Ada <a@example.org>",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
        let label = "x".repeat(64);
        assert!(!is_email(&format!("a@{label}.org")));
    }
}

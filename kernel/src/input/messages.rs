//! The words for broken limits: a stable code, and what to do.
use std::{borrow::Cow, fmt::Display};

use garde::i18n::{
    DefaultI18n, I18n, InvalidCreditCard, InvalidEmail, InvalidPhoneNumber, InvalidUrl, IpKind,
};

/// Messages as `code: what to do`. Rules that no input of ours uses keep the library's words.
pub struct Messages(DefaultI18n);

impl Default for Messages {
    fn default() -> Self {
        Self(DefaultI18n)
    }
}

impl I18n for Messages {
    fn length_lower_than(&self, min: usize) -> Cow<'static, str> {
        match min {
            1 => "required: must not be blank".into(),
            _ => format!("too_short: must have at least {min} characters").into(),
        }
    }

    fn length_greater_than(&self, max: usize) -> Cow<'static, str> {
        format!("too_long: must have at most {max} characters").into()
    }

    fn range_lower_than(&self, min: &dyn Display) -> Cow<'static, str> {
        format!("required: must be at least {min}").into()
    }

    fn range_greater_than(&self, max: &dyn Display) -> Cow<'static, str> {
        format!("out_of_range: must be at most {max}").into()
    }

    fn pattern_no_match(&self, pattern: &dyn Display) -> Cow<'static, str> {
        format!("pattern: must match {pattern}").into()
    }

    fn email_invalid(&self, reason: InvalidEmail) -> Cow<'static, str> {
        format!("email: is no e-mail address: {reason}").into()
    }

    fn credit_card_invalid(&self, reason: InvalidCreditCard) -> Cow<'static, str> {
        self.0.credit_card_invalid(reason)
    }

    fn contains_missing(&self, pattern: &dyn Display) -> Cow<'static, str> {
        self.0.contains_missing(pattern)
    }

    fn url_invalid(&self, reason: InvalidUrl) -> Cow<'static, str> {
        self.0.url_invalid(reason)
    }

    fn prefix_missing(&self, pattern: &dyn Display) -> Cow<'static, str> {
        self.0.prefix_missing(pattern)
    }

    fn suffix_missing(&self, pattern: &dyn Display) -> Cow<'static, str> {
        self.0.suffix_missing(pattern)
    }

    fn phone_number_invalid(&self, reason: InvalidPhoneNumber) -> Cow<'static, str> {
        self.0.phone_number_invalid(reason)
    }

    fn ip_invalid(&self, kind: IpKind) -> Cow<'static, str> {
        self.0.ip_invalid(kind)
    }

    fn matches_field_mismatch(&self, field: &dyn Display) -> Cow<'static, str> {
        self.0.matches_field_mismatch(field)
    }

    fn ascii_invalid(&self) -> Cow<'static, str> {
        self.0.ascii_invalid()
    }

    fn alphanumeric_invalid(&self) -> Cow<'static, str> {
        self.0.alphanumeric_invalid()
    }

    fn required_not_set(&self) -> Cow<'static, str> {
        self.0.required_not_set()
    }
}

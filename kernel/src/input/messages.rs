//! The rules that an input can break, as typed refusals.
//!
//! garde reports a broken rule as one text and has no place for a code. Each of our texts is therefore a [`Broken`] as
//! JSON, and only this module writes and reads it: [`refuse`] and [`Messages`] write, [`read`] reads.
use std::{borrow::Cow, fmt::Display};

use garde::i18n::{
    DefaultI18n, I18n, InvalidCreditCard, InvalidEmail, InvalidPhoneNumber, InvalidUrl, IpKind,
};
use serde::{Deserialize, Serialize};

use crate::Code;

/// A broken rule: its code, and a text that says what is allowed.
#[derive(Serialize, Deserialize)]
struct Broken<'a> {
    code: Code,
    detail: Cow<'a, str>,
}

fn write(code: Code, detail: &str) -> String {
    let detail = Cow::Borrowed(detail);
    serde_json::to_string(&Broken { code, detail }).unwrap_or_default()
}

/// Returns the failure of a custom rule (`#[garde(custom(…))]`).
pub fn refuse(code: Code, detail: impl AsRef<str>) -> garde::Error {
    garde::Error::new(write(code, detail.as_ref()))
}

/// Returns the code and the text of a broken rule. A text that this module did not write has no code of its own.
pub fn read(error: &garde::Error) -> (Code, String) {
    match serde_json::from_str::<Broken<'_>>(error.message()) {
        Ok(broken) => (broken.code, broken.detail.into_owned()),
        Err(_) => (Code::Invalid, error.message().to_owned()),
    }
}

/// The texts of garde's own rules. Rules that no input uses keep the library's texts.
pub struct Messages(DefaultI18n);

impl Default for Messages {
    fn default() -> Self {
        Self(DefaultI18n)
    }
}

impl I18n for Messages {
    fn length_lower_than(&self, min: usize) -> Cow<'static, str> {
        if min == 1 {
            write(Code::Required, "must not be blank").into()
        } else {
            let detail = format!("must have at least {min} characters");
            write(Code::TooShort, &detail).into()
        }
    }

    fn length_greater_than(&self, max: usize) -> Cow<'static, str> {
        let detail = format!("must have at most {max} characters");
        write(Code::TooLong, &detail).into()
    }

    fn range_lower_than(&self, min: &dyn Display) -> Cow<'static, str> {
        // An absent number is 0, which the range of a required number excludes.
        write(Code::Required, &format!("must be at least {min}")).into()
    }

    fn range_greater_than(&self, max: &dyn Display) -> Cow<'static, str> {
        write(Code::OutOfRange, &format!("must be at most {max}")).into()
    }

    fn pattern_no_match(&self, pattern: &dyn Display) -> Cow<'static, str> {
        write(Code::Pattern, &format!("must match {pattern}")).into()
    }

    fn email_invalid(&self, reason: InvalidEmail) -> Cow<'static, str> {
        let detail = format!("must be a valid e-mail address: {reason}");
        write(Code::Email, &detail).into()
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

#[cfg(test)]
mod tests {
    use schemars::schema_for;
    use serde_json::Value;

    use super::*;

    #[test]
    fn each_code_and_any_text_come_back_from_a_broken_rule() {
        let schema = schema_for!(Code);
        let codes = schema.get("oneOf").and_then(Value::as_array).unwrap();
        for code in codes {
            let code: Code = serde_json::from_value(code["const"].clone()).unwrap();
            for detail in ["", "a: b", r#"{"code":"taken"} "\ é"#] {
                let error = refuse(code, detail);

                assert_eq!(read(&error), (code, detail.to_owned()));
            }
        }
        assert!(codes.len() > 20, "{codes:?}");
    }

    #[test]
    fn a_text_of_the_library_is_an_invalid_value() {
        let error = garde::Error::new("required: not a code");

        let text = error.message().to_owned();
        assert_eq!(read(&error), (Code::Invalid, text));
    }
}

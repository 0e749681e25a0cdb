//! `/auth/totp`: the second factor.
use secrecy::ExposeSecret;
use service::identity::{self, Otp, TotpStart};
use web::prelude::*;

use super::signed_in;

pub fn routes() -> Vec<Route> {
    let (totp, confirm) = ("/auth/totp", "/auth/totp/confirm");
    vec![
        Route::new("start_totp", Method::POST, totp, signed_in(), start_totp)
            .summary("Set up the second factor")
            .about(
                "Returns a new secret for an authenticator. It takes effect when a code \
                 confirms it.",
            )
            .fails_with(Kind::Conflict),
        Route::new(
            "confirm_totp",
            Method::POST,
            confirm,
            signed_in(),
            confirm_totp,
        )
        .summary("Confirm the second factor")
        .about(
            "Enables the second factor with a first code, and returns recovery codes, which \
             only this answer shows.",
        )
        .fails_with(Kind::Conflict),
        Route::new("disable_totp", Method::DELETE, totp, signed_in(), end_totp)
            .summary("Disable the second factor")
            .about("Disables the second factor with a code or a recovery code.")
            .fails_with(Kind::NotFound),
    ]
    .into_iter()
    .map(Route::allow_restricted)
    .collect()
}

/// A new second factor; shown only in this response.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "TotpEnrolment")]
struct EnrolmentView {
    /// The secret in base32, to type into an authenticator.
    secret: String,
    /// The secret as a URI, to show as a QR code.
    uri: String,
}

#[derive(JsonSchema, Serialize)]
struct RecoveryCodes {
    /// Each is valid once, in place of a code from the authenticator. Shown only in this response.
    recovery_codes: Vec<String>,
}

async fn start_totp(call: Call<TotpStart>) -> Answer<Ok<EnrolmentView>> {
    let enrolment = identity::start_totp(&call.session, &call.input).await?;
    Ok(Reply::ok(&EnrolmentView {
        secret: enrolment.secret.expose_secret().to_owned(),
        uri: enrolment.uri.expose_secret().to_owned(),
    })?)
}

async fn confirm_totp(call: Call<Otp>) -> Answer<Ok<RecoveryCodes>> {
    let codes = identity::confirm_totp(&call.session, &call.input).await?;
    let codes = codes.iter().map(|code| code.expose_secret().to_owned());
    let recovery_codes = codes.collect();
    Ok(Reply::ok(&RecoveryCodes { recovery_codes })?)
}

async fn end_totp(call: Call<Otp>) -> Answer<NoContent> {
    identity::end_totp(&call.session, &call.input).await?;
    Ok(Reply::no_content())
}

//! Preconditions: the versions of a row that `If-Match` and `If-None-Match` allow (RFC 9110, section 13).
//!
//! A tag names a version of the row: `"3"`, or `"3p"` for its public view. Both views change together, so either tag
//! identifies the version.
use actix_web::{
    HttpRequest,
    http::header::{EntityTag, Header, IF_MATCH, IF_NONE_MATCH, IfMatch, IfNoneMatch},
};
use kernel::crud::Expected;

use crate::problem::Problem;

const EXPECTED_TAGS: &str = "must be * or a list of ETag values, such as \"3\"";

/// Reads the versions that `If-Match` allows. Weak tags match nothing (section 8.8.3.2).
pub fn matching(request: &HttpRequest, is_required: bool) -> Result<Expected, Problem> {
    if !request.headers().contains_key(IF_MATCH) {
        return Ok(if is_required {
            Expected::Missing
        } else {
            Expected::Anything
        });
    }
    match IfMatch::parse(request) {
        Ok(IfMatch::Any) => Ok(Expected::Anything),
        Ok(IfMatch::Items(tags)) if !tags.is_empty() => {
            let strong = tags.iter().filter(|tag| !tag.weak);
            Ok(Expected::OneOf(strong.filter_map(version).collect()))
        }
        _ => Err(Problem::malformed(format!("If-Match {EXPECTED_TAGS}"))),
    }
}

/// Reads the versions that both headers allow: `If-Match` is checked first (section 13.2.2), then `If-None-Match`, which
/// compares weakly (section 13.1.2).
pub fn expected(request: &HttpRequest, is_required: bool) -> Result<Expected, Problem> {
    let matching = matching(request, is_required)?;
    if !request.headers().contains_key(IF_NONE_MATCH) {
        return Ok(matching);
    }
    let unwanted = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => None,
        Ok(IfNoneMatch::Items(tags)) if !tags.is_empty() => {
            Some(tags.iter().filter_map(version).collect())
        }
        _ => return Err(Problem::malformed(format!("If-None-Match {EXPECTED_TAGS}"))),
    };
    Ok(Expected::Unless(Box::new(matching), unwanted))
}

/// Parses a version: decimal digits without a sign and without leading zeros.
fn version(tag: &EntityTag) -> Option<i64> {
    let tag = tag.tag();
    let text = tag.strip_suffix('p').unwrap_or(tag);
    let is_plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

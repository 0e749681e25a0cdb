//! What a client says of the row that it reads or is about to change (RFC 9110, section 13).
//!
//! A tag names a version of the row: `"3"`, or `"3p"` where its public view is shown. Both views change together, so
//! either names the version.
use actix_web::{
    HttpRequest,
    http::header::{EntityTag, Header, IF_MATCH, IF_NONE_MATCH, IfMatch, IfNoneMatch},
};
use service::crud::Expected;

use super::Problem;

const TAGS: &str = "must be * or a list of tags as ETag has them, such as \"3\"";

/// Which versions `If-Match` allows a change to meet. Weak tags match nothing (section 8.8.3.2).
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
        _ => Err(Problem::malformed(format!("If-Match {TAGS}"))),
    }
}

/// Which versions a change may meet: `If-Match` comes first (section 13.2.2), then `If-None-Match`, which compares
/// weakly (section 13.1.2).
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
        _ => return Err(Problem::malformed(format!("If-None-Match {TAGS}"))),
    };
    Ok(Expected::Unless(Box::new(matching), unwanted))
}

/// Written one way only: in decimal, without a sign and without leading zeros.
fn version(tag: &EntityTag) -> Option<i64> {
    let tag = tag.tag();
    let text = tag.strip_suffix('p').unwrap_or(tag);
    let is_plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

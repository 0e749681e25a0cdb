//! What a client says of the row that it is about to change (RFC 9110, section 13.1.1).
use actix_web::{
    HttpRequest,
    http::header::{EntityTag, Header, IF_MATCH, IfMatch},
};
use service::crud::Expected;

use super::Problem;

/// `api.require_if_match`
#[derive(Debug, Clone, Copy)]
pub struct RequireIfMatch(pub bool);

/// Which versions `If-Match` allows. Tags are compared strongly, so a weak one matches nothing (section 8.8.3.2).
pub fn expected(
    request: &HttpRequest,
    RequireIfMatch(is_required): RequireIfMatch,
) -> Result<Expected, Problem> {
    if !request.headers().contains_key(IF_MATCH) {
        return Ok(match is_required {
            true => Expected::Missing,
            false => Expected::Anything,
        });
    }
    match IfMatch::parse(request) {
        Ok(IfMatch::Any) => Ok(Expected::Anything),
        Ok(IfMatch::Items(tags)) if !tags.is_empty() => {
            let strong = tags.iter().filter(|tag| !tag.weak);
            Ok(Expected::OneOf(strong.filter_map(version).collect()))
        }
        _ => Err(Problem::malformed(
            "If-Match must be * or a list of tags as ETag has them, such as \"3\"",
        )),
    }
}

/// Of either view of the row: both change together.
fn version(tag: &EntityTag) -> Option<i64> {
    let tag = tag.tag();
    tag.strip_suffix('p').unwrap_or(tag).parse().ok()
}

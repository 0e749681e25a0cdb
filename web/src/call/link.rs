//! The `Link` header of a page: links to other pages of the list (RFC 8288).
use actix_web::HttpRequest;
use form_urlencoded::Serializer;

use super::query;

/// The longest `Link` header, in bytes. Most proxies refuse longer heads of answers.
const MAX_LENGTH: usize = 8 * 1024;

/// The URL of the requested list, without its position.
#[derive(Debug, Clone)]
pub struct Links {
    /// The public URL of this server. If the operator has not configured one, it is empty and links are relative.
    root: String,
    path: String,
    query: Vec<(String, String)>,
}

impl Links {
    pub fn new(request: &HttpRequest, root: &str) -> Self {
        let pairs = form_urlencoded::parse(request.query_string().as_bytes()).into_owned();
        Self {
            root: root.trim_end_matches('/').to_owned(),
            path: request.path().to_owned(),
            query: pairs
                .filter(|(name, _)| name != "cursor" && name != "offset")
                .collect(),
        }
    }

    /// Writes the value of a `Link` header. It omits links that this server would refuse or that make it too long; the
    /// cursors are in the body of the page anyway.
    pub fn header(&self, next: Option<&str>, prev: Option<&str>) -> String {
        let next = next.and_then(|cursor| self.link("next", Some(cursor)));
        let prev = prev.and_then(|cursor| self.link("prev", Some(cursor)));
        let links = next.into_iter().chain(prev);
        let mut header = String::new();
        for link in links.chain(self.link("first", None)) {
            let comma = if header.is_empty() { "" } else { ", " };
            if header.len() + comma.len() + link.len() <= MAX_LENGTH {
                header = header + comma + &link;
            }
        }
        header
    }

    fn link(&self, relation: &str, cursor: Option<&str>) -> Option<String> {
        let cursor = cursor.map(|cursor| ("cursor", cursor));
        let query = Serializer::new(String::new())
            .extend_pairs(&self.query)
            .extend_pairs(cursor)
            .finish();
        let mark = if query.is_empty() { "" } else { "?" };
        let (root, path) = (&self.root, &self.path);
        let is_accepted = query.len() <= query::MAX_LENGTH;
        is_accepted.then(|| format!("<{root}{path}{mark}{query}>; rel=\"{relation}\""))
    }
}

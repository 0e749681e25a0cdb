//! Links from one page of a list to others (RFC 8288).
use actix_web::HttpRequest;
use form_urlencoded::Serializer;

use super::query;

/// Bytes of a `Link` header. Servers ahead of this one take no longer head of an answer, as a rule.
const LONGEST: usize = 8 * 1024;

/// The list that was asked for, without the place in it.
#[derive(Debug, Clone)]
pub struct Links {
    /// Where clients reach this server, if the operator says so: else links are relative, since nobody else knows.
    root: String,
    path: String,
    query: Vec<(String, String)>,
}

impl Links {
    pub fn of(request: &HttpRequest, root: &str) -> Self {
        let pairs = form_urlencoded::parse(request.query_string().as_bytes()).into_owned();
        Self {
            root: root.trim_end_matches('/').to_owned(),
            path: request.path().to_owned(),
            query: pairs
                .filter(|(name, _)| name != "cursor" && name != "offset")
                .collect(),
        }
    }

    /// The value of a `Link` header, without links that this server would refuse, or that make it too long. The page has the
    /// cursors in any case.
    pub fn header(&self, next: Option<&str>, prev: Option<&str>) -> String {
        let next = next.and_then(|cursor| self.link("next", Some(cursor)));
        let prev = prev.and_then(|cursor| self.link("prev", Some(cursor)));
        let links = next.into_iter().chain(prev);
        let mut header = String::new();
        for link in links.chain(self.link("first", None)) {
            let comma = if header.is_empty() { "" } else { ", " };
            if header.len() + comma.len() + link.len() <= LONGEST {
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
        let is_taken = query.len() <= query::LONGEST;
        is_taken.then(|| format!("<{root}{path}{mark}{query}>; rel=\"{relation}\""))
    }
}

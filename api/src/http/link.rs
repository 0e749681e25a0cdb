//! Links from one page of a list to others (RFC 8288).
use actix_web::HttpRequest;
use form_urlencoded::Serializer;

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

    /// The value of a `Link` header.
    pub fn header(&self, next: Option<&str>, prev: Option<&str>) -> String {
        let next = next.map(|cursor| self.link("next", Some(cursor)));
        let prev = prev.map(|cursor| self.link("prev", Some(cursor)));
        let links = next
            .into_iter()
            .chain(prev)
            .chain([self.link("first", None)]);
        links.collect::<Vec<_>>().join(", ")
    }

    fn link(&self, relation: &str, cursor: Option<&str>) -> String {
        let cursor = cursor.map(|cursor| ("cursor", cursor));
        let query = Serializer::new(String::new())
            .extend_pairs(&self.query)
            .extend_pairs(cursor)
            .finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!(
            "<{}{}{mark}{query}>; rel=\"{relation}\"",
            self.root, self.path
        )
    }
}

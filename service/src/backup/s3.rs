//! The settings of an S3-compatible store.
use std::{net::IpAddr, time::Duration};

use object_store::path::Path as Key;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

/// The address of an S3-compatible store, and the keys to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Settings {
    pub endpoint: Option<String>,
    pub region: String,
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<SecretString>,
    pub session_token: Option<SecretString>,
    pub virtual_hosted: bool,
    pub allow_http: bool,
    #[serde(with = "humantime_serde")]
    pub request_timeout: Duration,
    #[serde(with = "humantime_serde")]
    pub retry_timeout: Duration,
}

impl S3Settings {
    /// Returns true if the endpoint is a URL whose traffic nobody else can read, or if `allow_http` accepts that.
    pub fn has_safe_endpoint(&self) -> bool {
        let Some(endpoint) = &self.endpoint else {
            return true;
        };
        match Url::parse(endpoint) {
            Ok(url) if !url.has_host() || url.password().is_some() => false,
            Ok(url) if url.scheme() == "https" => true,
            Ok(url) => url.scheme() == "http" && (self.allow_http || is_loopback(&url)),
            Err(_) => false,
        }
    }

    pub fn has_keys(&self) -> bool {
        self.access_key_id.is_some() && self.secret_access_key.is_some()
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Splits `s3://BUCKET/PREFIX`.
pub fn parse_store(url: &str) -> Option<(String, Key)> {
    let parsed = Url::parse(url).ok()?;
    let is_plain = parsed.username().is_empty()
        && parsed.password().is_none()
        && parsed.port().is_none()
        && parsed.query().is_none()
        && parsed.fragment().is_none();
    let bucket = parsed.host_str().filter(|bucket| !bucket.is_empty())?;
    if parsed.scheme() != "s3" || !is_plain {
        return None;
    }
    let prefix = Key::from_url_path(parsed.path()).ok()?;
    Some((bucket.to_owned(), prefix))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn settings(endpoint: &str) -> S3Settings {
        S3Settings {
            endpoint: Some(endpoint.to_owned()),
            region: "us-east-1".to_owned(),
            access_key_id: Some("id".to_owned()),
            secret_access_key: Some("s3cret".into()),
            session_token: None,
            virtual_hosted: false,
            allow_http: false,
            request_timeout: Duration::from_secs(1),
            retry_timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn a_store_is_a_bucket_and_a_prefix_without_credentials() {
        let parsed = |url: &str| {
            let (bucket, prefix) = parse_store(url)?;
            Some(format!("{bucket} {prefix}"))
        };
        assert_eq!(parsed("s3://books").unwrap(), "books ");
        assert_eq!(parsed("s3://books/a/b/").unwrap(), "books a/b");
        for url in [
            "s3:///a",
            "s3://id:secret@books",
            "https://books",
            "books",
            "s3://books?x=1",
        ] {
            assert!(parsed(url).is_none(), "{url}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for (endpoint, is_safe) in [
            ("https://s3.example.org", true),
            ("http://127.0.0.1:9000", true),
            ("http://[::1]:9000", true),
            ("http://localhost:9000", true),
            ("http://s3.example.org", false),
            ("http://127.0.0.1.example.org", false),
            ("https://id:secret@s3.example.org", false),
            ("ftp://localhost", false),
            ("s3.example.org", false),
        ] {
            assert_eq!(
                settings(endpoint).has_safe_endpoint(),
                is_safe,
                "{endpoint}"
            );
        }
        let mut asked = settings("http://s3.example.org");
        asked.allow_http = true;
        assert!(asked.has_safe_endpoint());
    }
}

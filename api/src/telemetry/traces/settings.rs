//! Settings of traces; `config/default.toml` documents each key and holds its default.
use std::{net::IpAddr, time::Duration};

use actix_web::http::{
    Uri,
    header::{HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtlpSettings {
    pub endpoint: Option<String>,
    pub headers: Option<SecretString>,
    pub service_name: String,
    pub sample_ratio: f64,
    pub queue: usize,
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
}

impl OtlpSettings {
    /// Returns the names and values of the headers, or `None` if they cannot be parsed.
    pub fn headers(&self) -> Option<Vec<(String, String)>> {
        let Some(headers) = &self.headers else {
            return Some(Vec::new());
        };
        let header = |text: &str| {
            let (name, value) = text.split_once('=')?;
            let (name, value) = (name.trim(), value.trim());
            HeaderName::try_from(name).ok()?;
            HeaderValue::try_from(value).ok()?;
            Some((name.to_owned(), value.to_owned()))
        };
        headers.expose_secret().split(',').map(header).collect()
    }

    /// Tells whether nobody between this server and the collector can read the traces.
    pub fn is_private(&self) -> bool {
        let Some(endpoint) = &self.endpoint else {
            return true;
        };
        let host = endpoint.parse::<Uri>().ok();
        let host = host.as_ref().and_then(Uri::host).unwrap_or_default();
        let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
        endpoint.starts_with("https://")
            || host == "localhost"
            || ip.is_ok_and(|ip| ip.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(endpoint: Option<&str>, headers: Option<&str>) -> OtlpSettings {
        OtlpSettings {
            endpoint: endpoint.map(str::to_owned),
            headers: headers.map(SecretString::from),
            service_name: "atoll".to_owned(),
            sample_ratio: 1.0,
            queue: 1,
            timeout: Duration::from_secs(1),
        }
    }

    #[test]
    fn only_plain_http_to_another_machine_is_not_private() {
        for (endpoint, is_private) in [
            (None, true),
            (Some("https://collector.example.org"), true),
            (Some("http://localhost:4318"), true),
            (Some("http://127.0.0.1:4318/otlp"), true),
            (Some("http://[::1]:4318"), true),
            (Some("http://collector:4318"), false),
            (Some("http://localhost.example.org:4318"), false),
            (Some("http://10.0.0.7:4318"), false),
        ] {
            assert_eq!(
                settings(endpoint, None).is_private(),
                is_private,
                "{endpoint:?}"
            );
        }
    }

    #[test]
    fn headers_are_separated_by_commas() {
        let headers = |text| settings(None, Some(text)).headers();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());

        assert_eq!(settings(None, None).headers(), Some(Vec::new()));
        assert_eq!(
            headers("authorization=Bearer a=b, x-team = blue"),
            Some(vec![
                pair("authorization", "Bearer a=b"),
                pair("x-team", "blue")
            ])
        );
        for wrong in ["authorization", "a b=c", "x=1\n2", "x=1,"] {
            assert_eq!(headers(wrong), None, "{wrong}");
        }
    }
}

//! Finds the client address of a request: its peer, or the address that trusted proxies report.
use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, HeaderValue, X_FORWARDED_FOR};
use ipnet::IpNet;
use serde::Deserialize;

/// The addresses of trusted proxies.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Proxies(Vec<IpNet>);

/// The header that the proxies set. Only one is read: a proxy may pass on the other as the client sent it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyHeader {
    #[default]
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

impl TryFrom<Vec<String>> for Proxies {
    type Error = String;

    fn try_from(texts: Vec<String>) -> Result<Self, String> {
        let network = |text: &String| {
            let alone = text.parse::<IpAddr>().map(IpNet::from);
            let network = alone.ok().or_else(|| text.parse().ok());
            // A prefix of length 0 would trust every client.
            network.filter(|network| network.prefix_len() > 0).ok_or_else(|| {
                format!("invalid proxy {text:?}; expected an address such as 192.0.2.1 or a network such as 10.0.0.0/8")
            })
        };
        texts
            .iter()
            .map(network)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Proxies {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Starts at the peer and follows the header from proxy to proxy, as long as the address is trusted. If an entry is
    /// invalid, the client is the peer: nothing else is certain.
    pub fn client(&self, header: ProxyHeader, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        let mut client = peer;
        for before in hops(header, headers) {
            if !self.trust(client) {
                break;
            }
            match before {
                Some(address) => client = address.to_canonical(),
                None => return peer,
            }
        }
        client
    }

    pub fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The sender that one proxy reports; `None` if the entry is invalid.
type Hop = Option<IpAddr>;

/// Returns the reported senders, the nearest first.
fn hops(header: ProxyHeader, headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    let (name, read): (HeaderName, fn(&str) -> Vec<Hop>) = match header {
        ProxyHeader::XForwardedFor => (X_FORWARDED_FOR, plain),
        ProxyHeader::Forwarded => (FORWARDED, forwarded),
    };
    let lines: Vec<&HeaderValue> = headers.get_all(name).collect();
    let read = move |line: &HeaderValue| line.to_str().map_or_else(|_| vec![None], read);
    // The last hop of the last line is the nearest: a proxy appends to a line or adds one.
    lines
        .into_iter()
        .rev()
        .flat_map(move |line| read(line).into_iter().rev())
}

fn plain(line: &str) -> Vec<Hop> {
    line.split(',').map(|hop| address(hop.trim())).collect()
}

/// Parses RFC 7239, section 4: elements are separated by commas, their pairs by semicolons, except inside quotes.
fn forwarded(line: &str) -> Vec<Hop> {
    let Some(elements) = split(line, ',') else {
        return vec![None];
    };
    let client = |element: &str| {
        let pairs = split(element, ';')?;
        let mut named = pairs.into_iter().filter_map(|pair| pair.split_once('='));
        let (_, value) = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
        let value = value.trim();
        let quoted = value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        address(quoted.unwrap_or(value))
    };
    elements.into_iter().map(client).collect()
}

/// Returns `None` if a quote is not closed.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (place, char) in text.char_indices() {
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if char == separator && !is_quoted => {
                parts.push(&text[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!is_quoted).then_some(parts)
}

/// Parses an address with or without a port; an IPv6 address may be in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let bare = bare.unwrap_or(text).parse().ok();
    bare.or_else(|| {
        text.parse()
            .ok()
            .map(|with_port: SocketAddr| with_port.ip())
    })
}

#[cfg(test)]
mod tests {
    use super::{
        HeaderMap, HeaderName, Proxies,
        ProxyHeader::{self, Forwarded, XForwardedFor},
    };

    const PROXY: &str = "10.0.0.1";

    fn client(header: ProxyHeader, peer: &str, lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "2001:db8::1"].map(str::to_owned);
        let proxies = Proxies::try_from(trusted.to_vec()).unwrap();
        let name = match header {
            XForwardedFor => "x-forwarded-for",
            Forwarded => "forwarded",
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            let name = HeaderName::from_static(name);
            headers.append(name, line.parse().unwrap());
        }
        let client = proxies.client(header, peer.parse().unwrap(), &headers);
        client.to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        for line in ["192.0.2.1", "10.0.0.2", "10.0.0.2, 10.0.0.3"] {
            assert_eq!(
                client(XForwardedFor, "198.51.100.7", &[line]),
                "198.51.100.7"
            );
        }
        let other = ["for=192.0.2.1"];
        assert_eq!(client(Forwarded, "198.51.100.7", &other), "198.51.100.7");
    }

    #[test]
    fn the_nearest_address_that_is_not_trusted_is_the_client() {
        let cases: [(&[&str], &str); 8] = [
            (&["192.0.2.1"], "192.0.2.1"),
            (&["192.0.2.9, 192.0.2.1"], "192.0.2.1"),
            (&["192.0.2.9, 192.0.2.1, 10.1.2.3"], "192.0.2.1"),
            (
                &["192.0.2.9", "192.0.2.1", "10.1.2.3, 2001:db8::1"],
                "192.0.2.1",
            ),
            (&["garbage, 192.0.2.1"], "192.0.2.1"),
            (&["192.0.2.1:4711"], "192.0.2.1"),
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            (&[], PROXY),
        ];
        for (lines, expected) in cases {
            assert_eq!(client(XForwardedFor, PROXY, lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn forwarded_follows_rfc_7239() {
        let cases: [(&[&str], &str); 7] = [
            (&["for=192.0.2.60;proto=http;by=203.0.113.43"], "192.0.2.60"),
            (&["by=10.0.0.1;For=192.0.2.60"], "192.0.2.60"),
            (&[r#"for="[2001:db8:cafe::17]:4711""#], "2001:db8:cafe::17"),
            (&[r#"for="a,b;for=192.0.2.9", for=192.0.2.1"#], "192.0.2.1"),
            (&["for=192.0.2.9, for=192.0.2.1, for=10.0.0.2"], "192.0.2.1"),
            // An invalid line does not affect the one that the proxy added.
            (&[r#"for=""#, "for=192.0.2.1"], "192.0.2.1"),
            (&["for=_hidden, for=192.0.2.1"], "192.0.2.1"),
        ];
        for (lines, expected) in cases {
            assert_eq!(client(Forwarded, PROXY, lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn an_invalid_header_leaves_the_peer() {
        for line in [
            "unknown",
            "",
            "192.0.2.1, ",
            "192.0.2.256",
            "192.0.2.1, x, 10.0.0.2",
            "\u{e9}",
        ] {
            assert_eq!(client(XForwardedFor, PROXY, &[line]), PROXY, "{line:?}");
        }
        for line in [
            "for=unknown",
            "for=_x",
            "for=\"192.0.2.1",
            "proto=https",
            "192.0.2.1",
        ] {
            assert_eq!(client(Forwarded, PROXY, &[line]), PROXY, "{line:?}");
        }
    }

    #[test]
    fn an_ipv4_address_mapped_to_ipv6_is_the_same_address() {
        assert_eq!(
            client(XForwardedFor, "::ffff:10.0.0.1", &["192.0.2.1"]),
            "192.0.2.1"
        );
        let mapped = ["::ffff:192.0.2.1"];
        assert_eq!(client(XForwardedFor, PROXY, &mapped), "192.0.2.1");
        assert_eq!(client(XForwardedFor, "::ffff:192.0.2.7", &[]), "192.0.2.7");
    }
}

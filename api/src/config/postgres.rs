//! Builds a database URL from the variables that the `PostgreSQL` images and compose files use.
use std::fmt::Write;

use config::{Map, Value};

use super::inputs::Inputs;

/// Empty unless a host or a database is given: a user and a password alone do not say where the database is.
pub(super) fn layer(inputs: &Inputs) -> Map<String, Value> {
    let given = ["POSTGRES_HOST", "POSTGRES_DB"].map(|name| inputs.get(name).is_some());
    if given == [false, false] {
        return Map::new();
    }
    let origin = "the variables POSTGRES_*".to_owned();
    let url = Value::new(Some(&origin), url(inputs));
    Map::from_iter([("database.url".to_owned(), url)])
}

/// The defaults are those of `psql` and the images: localhost, 5432, postgres, and a database named after the user.
fn url(inputs: &Inputs) -> String {
    let user = inputs.get("POSTGRES_USER").unwrap_or("postgres");
    let password = inputs
        .get("POSTGRES_PASSWORD")
        .map(|password| format!(":{}", encode(password)));
    let port = inputs.get("POSTGRES_PORT").unwrap_or("5432");
    let host = match inputs.get("POSTGRES_HOST").unwrap_or("localhost") {
        address if address.contains(':') => format!("[{address}]"),
        host => encode(host),
    };
    let database = inputs.get("POSTGRES_DB").unwrap_or(user);
    let (user, password, port) = (encode(user), password.unwrap_or_default(), encode(port));
    format!(
        "postgres://{user}{password}@{host}:{port}/{}",
        encode(database)
    )
}

/// Percent-encodes all but the unreserved characters of RFC 3986, section 2.3.
fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

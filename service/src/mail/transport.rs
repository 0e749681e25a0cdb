//! The transports of mail: log, files, and SMTP.
use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor, transport::smtp};
use secrecy::{ExposeSecret, SecretString};
use tokio::{task::spawn_blocking, time::timeout};

use super::{InvalidSettings, Settings, settings};
use kernel::files;

/// The timeout for sending one mail, including the connection.
const TIMEOUT: Duration = Duration::from_secs(10);

pub enum Transport {
    Log,
    /// Each mail becomes a file in this folder.
    File(PathBuf),
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
}

impl Transport {
    /// Returns `None` if mail is not configured.
    pub fn from_settings(settings: &Settings) -> Result<Option<Self>, InvalidSettings> {
        let lacks =
            |key: &str| InvalidSettings(format!("mail.{key} must be set for this mail.transport"));
        Ok(match settings.transport {
            settings::Transport::None => None,
            settings::Transport::Log => Some(Self::Log),
            settings::Transport::File => {
                let folder = settings.folder.as_deref().ok_or_else(|| lacks("folder"))?;
                Some(Self::File(create_folder(folder)?))
            }
            settings::Transport::Smtp => {
                let url = settings.smtp_url.as_ref();
                let url = require_tls(url.ok_or_else(|| lacks("smtp_url"))?)?;
                Some(Self::Smtp(smtp(&url)?))
            }
        })
    }

    /// Fails with a message for the log. It does not contain the server's answer, which may name the recipient.
    pub async fn send(&self, message: Message, text: &str) -> Result<(), String> {
        match self {
            Self::Log => {
                let to = message.envelope().to().iter();
                let to = to.map(ToString::to_string).collect::<Vec<_>>().join(", ");
                tracing::info!(
                    text,
                    "mail to {to}, which is not sent because mail.transport is \"log\""
                );
                Ok(())
            }
            Self::File(folder) => {
                let file = folder.join(format!("{:032x}.eml", rand::random::<u128>()));
                let write = move || files::write_file(&file, &message.formatted());
                let written = spawn_blocking(write).await;
                let written = written.map_err(|error| error.to_string())?;
                written.map_err(|error| error.to_string())
            }
            Self::Smtp(server) => match timeout(TIMEOUT, server.send(message)).await {
                Ok(sent) => sent.map(drop).map_err(|error| describe(&error)),
                Err(_elapsed) => Err(format!("no answer from the mail server within {TIMEOUT:?}")),
            },
        }
    }
}

fn create_folder(folder: &Path) -> Result<PathBuf, InvalidSettings> {
    files::make_folder(folder)
        .map_err(|error| InvalidSettings(format!("mail.folder: {}: {error}", folder.display())))?;
    Ok(folder.to_owned())
}

fn smtp(url: &SecretString) -> Result<AsyncSmtpTransport<Tokio1Executor>, InvalidSettings> {
    // The error is dropped, because it may quote the URL with its password.
    let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
        .map_err(|_error| InvalidSettings(format!("mail.smtp_url {SMTP_URL}")))?;
    Ok(server.timeout(Some(TIMEOUT)).build())
}

/// The requirement on `mail.smtp_url`, for error messages.
pub const SMTP_URL: &str =
    "must be smtps://USER:PASSWORD@HOST:PORT, or smtp://… for a server with STARTTLS";

/// Returns true if this is a valid `mail.smtp_url`.
pub fn is_smtp_url(url: &SecretString) -> bool {
    require_tls(url).and_then(|url| smtp(&url)).is_ok()
}

/// Requires encryption to other machines: `smtp:` then means that STARTTLS is mandatory.
fn require_tls(url: &SecretString) -> Result<SecretString, InvalidSettings> {
    let text = url.expose_secret();
    let refused = || InvalidSettings(format!("mail.smtp_url {SMTP_URL}"));
    let (scheme, rest) = text.split_once("://").ok_or_else(refused)?;
    // Parameters after the host could turn encryption off.
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    if host.is_empty() || rest.contains(['?', '#', '/']) {
        return Err(refused());
    }
    match scheme {
        "smtps" => Ok(url.clone()),
        "smtp" if is_loopback_host(host) => Ok(url.clone()),
        "smtp" => Ok(SecretString::from(format!("{text}?tls=required"))),
        _ => Err(refused()),
    }
}

fn is_loopback_host(host: &str) -> bool {
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn describe(error: &smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_to_another_machine_is_encrypted() {
        let with_tls = |url: &str| {
            let url = require_tls(&SecretString::from(url));
            url.map(|url| url.expose_secret().to_owned()).ok()
        };
        let cases = [
            (
                "smtps://u:p@mail.example.org",
                Some("smtps://u:p@mail.example.org"),
            ),
            (
                "smtp://u:p@mail.example.org:587",
                Some("smtp://u:p@mail.example.org:587?tls=required"),
            ),
            ("smtp://localhost:25", Some("smtp://localhost:25")),
            ("smtp://127.0.0.1:2525", Some("smtp://127.0.0.1:2525")),
            ("smtp://[::1]:2525", Some("smtp://[::1]:2525")),
            (
                "smtp://localhost@mail.example.org",
                Some("smtp://localhost@mail.example.org?tls=required"),
            ),
            ("smtp://mail.example.org?tls=opportunistic", None),
            ("smtp://mail.example.org/localhost", None),
            ("http://mail.example.org", None),
            ("smtp://", None),
            ("mail.example.org", None),
        ];
        for (url, expected) in cases {
            assert_eq!(with_tls(url).as_deref(), expected, "{url}");
        }
    }
}

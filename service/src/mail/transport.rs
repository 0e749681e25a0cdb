//! Ways out.
use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor, transport::smtp};
use secrecy::{ExposeSecret, SecretString};
use tokio::{task::spawn_blocking, time::timeout};

use super::{Broken, Settings, settings};
use crate::files;

/// How long a letter may take, connecting included.
const PATIENCE: Duration = Duration::from_secs(10);

pub enum Transport {
    Log,
    /// A folder that gets a file for each letter.
    File(PathBuf),
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
}

impl Transport {
    /// None where no mail is configured.
    pub fn of(settings: &Settings) -> Result<Option<Self>, Broken> {
        let lacks = |key: &str| Broken(format!("mail.{key} must be set for this mail.transport"));
        Ok(match settings.transport {
            settings::Transport::None => None,
            settings::Transport::Log => Some(Self::Log),
            settings::Transport::File => {
                let folder = settings.folder.as_deref().ok_or_else(|| lacks("folder"))?;
                Some(Self::File(made(folder)?))
            }
            settings::Transport::Smtp => {
                let url = settings.smtp_url.as_ref();
                let url = secure(url.ok_or_else(|| lacks("smtp_url"))?)?;
                Some(Self::Smtp(smtp(&url)?))
            }
        })
    }

    /// Fails with words for the log, which name no recipient: what a server answers may.
    pub async fn send(&self, letter: Message, text: &str) -> Result<(), String> {
        match self {
            Self::Log => {
                let to = letter.envelope().to();
                tracing::info!(?to, text, "this letter would be sent");
                Ok(())
            }
            Self::File(folder) => {
                let file = folder.join(format!("{:032x}.eml", rand::random::<u128>()));
                let write = move || files::write_file(&file, &letter.formatted());
                let written = spawn_blocking(write).await;
                let written = written.map_err(|error| error.to_string())?;
                written.map_err(|error| error.to_string())
            }
            Self::Smtp(server) => match timeout(PATIENCE, server.send(letter)).await {
                Ok(sent) => sent.map(drop).map_err(|error| cause(&error)),
                Err(_elapsed) => Err(format!("no answer within {PATIENCE:?}")),
            },
        }
    }
}

fn made(folder: &Path) -> Result<PathBuf, Broken> {
    files::make_folder(folder)
        .map_err(|error| Broken(format!("mail.folder: {}: {error}", folder.display())))?;
    Ok(folder.to_owned())
}

fn smtp(url: &SecretString) -> Result<AsyncSmtpTransport<Tokio1Executor>, Broken> {
    // The error may quote the URL.
    let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret())
        .map_err(|_error| Broken(format!("mail.smtp_url {SMTP_URL}")))?;
    Ok(server.timeout(Some(PATIENCE)).build())
}

/// What `mail.smtp_url` must be.
pub const SMTP_URL: &str =
    "must be smtps://USER:PASSWORD@HOST:PORT, or smtp://… where the server has STARTTLS";

/// Whether `mail.smtp_url` is one.
pub fn is_smtp_url(url: &SecretString) -> bool {
    secure(url).and_then(|url| smtp(&url)).is_ok()
}

/// Nothing goes in the clear to another machine: `smtp:` means STARTTLS there, and no mail without.
fn secure(url: &SecretString) -> Result<SecretString, Broken> {
    let text = url.expose_secret();
    let refused = || Broken(format!("mail.smtp_url {SMTP_URL}"));
    let (scheme, rest) = text.split_once("://").ok_or_else(refused)?;
    // Anything behind the place could say otherwise.
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    if place.is_empty() || rest.contains(['?', '#', '/']) {
        return Err(refused());
    }
    match scheme {
        "smtps" => Ok(url.clone()),
        "smtp" if is_here(place) => Ok(url.clone()),
        "smtp" => Ok(SecretString::from(format!("{text}?tls=required"))),
        _ => Err(refused()),
    }
}

fn is_here(place: &str) -> bool {
    let host = match place.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => place.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn cause(error: &smtp::Error) -> String {
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
        let secured = |url: &str| {
            let url = secure(&SecretString::from(url));
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
            assert_eq!(secured(url).as_deref(), expected, "{url}");
        }
    }
}

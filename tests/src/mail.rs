//! Letters that a server writes to a folder.
use std::fs;

use secrecy::SecretString;
use service::{
    identity::deliver,
    mail::{Mailer, Settings, Transport},
};
use tempfile::TempDir;

use crate::{TestApp, sql};

/// The beginning of links in letters.
pub const SITE: &str = "https://atoll.example.org";

/// A folder for letters, which is removed when this is dropped.
pub struct Letters(TempDir);

#[derive(Debug, Clone)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub raw: String,
}

impl Letters {
    #[expect(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn settings(&self) -> Settings {
        Settings {
            transport: Transport::File,
            from: Some("Atoll <atoll@example.org>".to_owned()),
            folder: Some(self.0.path().to_owned()),
            ..Settings::default()
        }
    }

    pub fn mailer(&self) -> Mailer {
        Mailer::start(&self.settings(), SITE).unwrap()
    }

    /// Starts a server that writes its letters to this folder.
    pub async fn app(&self) -> TestApp {
        TestApp::with(|with| with.service.mail = self.mailer()).await
    }

    /// Runs the mail job once, and returns the sent letters sorted by recipient and subject.
    pub async fn sent(&self, app: &TestApp) -> Vec<Letter> {
        deliver(&app.kernel).await.unwrap();
        self.take()
    }

    /// Makes all waiting letters due, and sends them.
    pub async fn sent_at_last(&self, app: &TestApp) -> Vec<Letter> {
        let long_ago = "UPDATE mails SET next_attempt_at = '2020-01-01T00:00:00.000000+00:00'";
        sql::run(&app.kernel, long_ago).await;
        self.sent(app).await
    }

    /// Runs the mail job once, and returns the only letter that it sends.
    pub async fn only(&self, app: &TestApp) -> Letter {
        let mut sent = self.sent(app).await;
        assert_eq!(sent.len(), 1, "{sent:#?}");
        sent.remove(0)
    }

    fn take(&self) -> Vec<Letter> {
        let files = fs::read_dir(self.0.path()).unwrap();
        let taken = files.map(|file| {
            let path = file.unwrap().path();
            let letter = Letter::read(&fs::read_to_string(&path).unwrap());
            fs::remove_file(path).unwrap();
            letter
        });
        let mut letters: Vec<_> = taken.collect();
        letters.sort_by_key(|letter| (letter.to.clone(), letter.subject.clone()));
        letters
    }
}

impl Letter {
    pub fn read(raw: &str) -> Self {
        let head = |name: &str| {
            let mut lines = raw.lines().take_while(|line| !line.is_empty());
            let value = lines.find_map(|line| line.strip_prefix(name));
            value.unwrap_or_default().trim().to_owned()
        };
        Self {
            to: head("To:"),
            subject: head("Subject:"),
            // Long lines are folded, and equals signs are encoded (RFC 2045, section 6.7).
            raw: raw.replace("=\r\n", "").replace("=3D", "="),
        }
    }

    /// Returns the token in its link.
    #[track_caller]
    pub fn token(&self) -> String {
        let link = self
            .raw
            .split(SITE)
            .find(|part| part.starts_with("/account/"));
        let (_, token) = link.and_then(|link| link.split_once("#token=")).unwrap();
        token.split_whitespace().next().unwrap().to_owned()
    }
}

/// Settings for a mail server on this machine.
pub fn by_smtp(port: u16) -> Settings {
    Settings {
        transport: Transport::Smtp,
        from: Some("atoll@example.org".to_owned()),
        smtp_url: Some(SecretString::from(format!("smtp://127.0.0.1:{port}"))),
        ..Settings::default()
    }
}

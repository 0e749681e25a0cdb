//! The mailer: its configuration, templates and transport, shared by all its clones.
use std::{fmt, sync::Arc};

use lettre::{
    Message,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};
use serde_json::Value;
use tokio::sync::Notify;

use super::{
    InvalidSettings, Settings, Template,
    templates::{Rendered, Templates},
    transport::Transport,
};

/// Cheap to clone.
#[derive(Clone, Default)]
pub struct Mailer(Option<Arc<Inner>>);

struct Inner {
    from: Mailbox,
    /// The base URL of links.
    site: String,
    templates: Templates,
    transport: Transport,
    /// Notified when a mail is queued on this node.
    queued: Notify,
}

impl Mailer {
    /// `site` is the base URL of links, without a slash at its end.
    ///
    /// Fails with a message for the operator if the settings are inconsistent or a template is invalid.
    pub fn start(settings: &Settings, site: &str) -> Result<Self, InvalidSettings> {
        let Some(transport) = Transport::from_settings(settings)? else {
            return Ok(Self::default());
        };
        let from = settings.from.as_deref().and_then(|from| from.parse().ok());
        let from = from.ok_or_else(|| InvalidSettings(format!("mail.from {FROM}")))?;
        Ok(Self(Some(Arc::new(Inner {
            from,
            site: site.to_owned(),
            templates: Templates::load(settings.templates.as_deref())?,
            transport,
            queued: Notify::new(),
        }))))
    }

    /// Returns true if mail is configured.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Wakes a sender. Call it after the transaction that queued a mail has committed.
    pub(crate) fn wake(&self) {
        if let Some(inner) = &self.0 {
            inner.queued.notify_one();
        }
    }

    /// Waits until a mail is queued on this node.
    pub async fn queued(&self) {
        match &self.0 {
            Some(inner) => inner.queued.notified().await,
            None => std::future::pending().await,
        }
    }

    /// The base URL of links.
    pub fn site(&self) -> &str {
        self.0.as_ref().map_or("", |inner| inner.site.as_str())
    }

    /// Fails with a message for the log.
    pub(super) async fn send(
        &self,
        recipient: &str,
        template: Template,
        values: &Value,
    ) -> Result<(), String> {
        let inner = self.0.as_ref().ok_or("mail is not configured")?;
        let rendered = inner.templates.render(template, values);
        let rendered = rendered.map_err(|error| error.to_string())?;
        let message = inner.message(recipient, &rendered)?;
        inner.transport.send(message, &rendered.text).await
    }
}

/// Returns true if this is a valid `mail.from`.
pub fn is_sender(from: &str) -> bool {
    from.parse::<Mailbox>().is_ok()
}

/// The requirement on `mail.from`, for error messages.
pub const FROM: &str = "must be an e-mail address, such as Atoll <atoll@example.org>";

impl Inner {
    /// Builds the message. Every header value goes through lettre's types, which encode line breaks.
    fn message(&self, recipient: &str, rendered: &Rendered) -> Result<Message, String> {
        let to = recipient
            .parse()
            .map_err(|_error| "the recipient address is invalid")?;
        let id: u128 = rand::random();
        let id = format!("<{id:032x}@{}>", self.from.email.domain());
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(rendered.subject.as_str())
            .message_id(Some(id))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(
                rendered.text.clone(),
                rendered.html.clone(),
            ))
            .map_err(|error| error.to_string())
    }
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailer")
    }
}

/// A header that stops automatic replies (RFC 3834, section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

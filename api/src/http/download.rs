//! Answers that are made while they are sent, page after page, for as long as the client takes them.
use std::{io, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{Method, StatusCode, header::CONTENT_DISPOSITION},
    rt,
    web::Bytes,
};
use futures_util::stream::{empty, unfold};
use service::Session;
use tokio::{
    sync::mpsc::{Permit, Receiver, Sender, channel},
    time::timeout,
};
use tracing::Instrument;

use super::{
    Problem,
    places::{Place, Places},
};
use crate::transfer::{AnyPages, Page};

/// 200, with a file.
pub struct Download {
    name: String,
    media_type: &'static str,
    pages: Receiver<Sent>,
}

/// A page, or the word that there are no more: without it the answer has no end.
enum Sent {
    Page(Bytes),
    End,
}

impl Download {
    /// The first page is read before the answer begins: what it fails with is a problem like any other.
    pub async fn start(
        (name, media_type): (String, &'static str),
        mut pages: Box<dyn AnyPages>,
        session: Session,
        places: &Places,
    ) -> Result<Self, Problem> {
        let place = places.export(&session)?;
        let session = session.per_chunk();
        let first = pages.next(&session).await?;
        let (sender, receiver) = channel(1);
        let sending = Sending {
            sender,
            patience: places.patience(),
            _place: place,
        };
        rt::spawn(sending.run(first, pages, session).in_current_span());
        Ok(Self {
            name,
            media_type,
            pages: receiver,
        })
    }
}

/// What is left to do of it, in a task of its own: nothing that the client does stops a statement half way.
struct Sending {
    sender: Sender<Sent>,
    patience: Duration,
    /// Held to the end.
    _place: Place,
}

impl Sending {
    /// The next page is read when the client has taken the one before.
    async fn run(self, first: Option<Page>, mut pages: Box<dyn AnyPages>, session: Session) {
        let mut page = first;
        while let Some(free) = self.wait().await {
            let Some(Page { bytes, .. }) = page else {
                free.send(Sent::End);
                return;
            };
            free.send(Sent::Page(bytes.into()));
            if self.wait().await.is_none() {
                return;
            }
            page = match pages.next(&session).await {
                Ok(next) => next,
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "an export broke off");
                    return;
                }
            };
        }
    }

    /// None where nobody takes the pages any more.
    async fn wait(&self) -> Option<Permit<'_, Sent>> {
        let free = timeout(self.patience, self.sender.reserve()).await;
        if free.is_err() {
            tracing::info!("an export was given up: its client took nothing of it for too long");
        }
        free.ok()?.ok()
    }
}

impl Responder for Download {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let name = format!("attachment; filename=\"{}\"", self.name);
        let mut response = HttpResponse::build(StatusCode::OK);
        response
            .content_type(self.media_type)
            .insert_header((CONTENT_DISPOSITION, name));
        let next = async |mut pages: Receiver<Sent>| match pages.recv().await {
            Some(Sent::Page(bytes)) => Some((Ok(bytes), pages)),
            Some(Sent::End) => None,
            // The connection is cut: what has arrived must not look like all of it.
            None => Some((Err(io::Error::other("the export broke off")), pages)),
        };
        match *request.method() {
            Method::HEAD => response.streaming(empty::<io::Result<Bytes>>()),
            _ => response.streaming(unfold(self.pages, next)),
        }
    }
}

//! Streamed answers: each page is read from the database after the client has taken the page before it.
use std::{io, marker::PhantomData, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{Method, StatusCode, header::CONTENT_DISPOSITION},
    rt,
    web::Bytes,
};
use futures_util::stream::{empty, unfold};
use kernel::Session;
use tokio::{
    sync::mpsc::{Permit, Receiver, Sender, channel},
    time::timeout,
};
use tracing::Instrument;

use crate::{
    load::{Concurrency, LongPermit},
    openapi::{Documented, Operation},
    problem::Problem,
    transfer::{AnyPages, ExportPage},
};

/// 200 with a file; `A` is the type that documents it.
pub struct Download<A> {
    name: String,
    media_type: &'static str,
    pages: Receiver<Chunk>,
    kind: PhantomData<A>,
}

/// A page, or the mark that the answer is complete. If the channel closes without the mark, the connection is cut.
enum Chunk {
    Page(Bytes),
    End,
}

impl<A> Download<A> {
    /// Reads the first page before the answer begins, so that its failure is answered as a problem.
    pub async fn start(
        (name, media_type): (String, &'static str),
        mut pages: Box<dyn AnyPages>,
        session: Session,
        concurrency: &Concurrency,
    ) -> Result<Self, Problem> {
        let permit = concurrency.acquire_export(&session)?;
        let session = session.per_batch();
        let first = pages.next(&session).await?;
        let (sender, receiver) = channel(1);
        let sending = Sending {
            sender,
            timeout: concurrency.export_timeout(),
            _permit: permit,
        };
        rt::spawn(sending.run(first, pages, session).in_current_span());
        Ok(Self {
            name,
            media_type,
            pages: receiver,
            kind: PhantomData,
        })
    }
}

/// Sends the remaining pages in a task of its own, so that a disconnect does not cancel a running statement.
struct Sending {
    sender: Sender<Chunk>,
    timeout: Duration,
    /// Held until the last page is sent.
    _permit: LongPermit,
}

impl Sending {
    /// Reads each page after the client has taken the one before.
    async fn run(self, first: Option<ExportPage>, mut pages: Box<dyn AnyPages>, session: Session) {
        let mut page = first;
        while let Some(permit) = self.wait_for_client().await {
            let Some(ExportPage { bytes, .. }) = page else {
                permit.send(Chunk::End);
                return;
            };
            permit.send(Chunk::Page(bytes.into()));
            if self.wait_for_client().await.is_none() {
                return;
            }
            page = match pages.next(&session).await {
                Ok(next) => next,
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "export failed");
                    return;
                }
            };
        }
    }

    /// Waits until the client has taken the last chunk. None if it disconnected or stopped reading for too long.
    async fn wait_for_client(&self) -> Option<Permit<'_, Chunk>> {
        let permit = timeout(self.timeout, self.sender.reserve()).await;
        if permit.is_err() {
            tracing::info!("export cancelled: its client stopped reading");
        }
        permit.ok()?.ok()
    }
}

impl<A: Documented> Documented for Download<A> {
    fn document(operation: &mut Operation<'_>) {
        A::document(operation);
    }
}

impl<A> Responder for Download<A> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let name = format!("attachment; filename=\"{}\"", self.name);
        let mut response = HttpResponse::build(StatusCode::OK);
        response
            .content_type(self.media_type)
            .insert_header((CONTENT_DISPOSITION, name));
        let next = async |mut pages: Receiver<Chunk>| match pages.recv().await {
            Some(Chunk::Page(bytes)) => Some((Ok(bytes), pages)),
            Some(Chunk::End) => None,
            // The error cuts the connection, so that an incomplete file does not look complete.
            None => Some((Err(io::Error::other("the export is incomplete")), pages)),
        };
        match *request.method() {
            Method::HEAD => response.streaming(empty::<io::Result<Bytes>>()),
            _ => response.streaming(unfold(self.pages, next)),
        }
    }
}

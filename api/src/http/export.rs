//! `GET /{resource}/export`: everything that the filters match, in as many pages as the client takes.
use std::{borrow::Cow, io, marker::PhantomData, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    body::BoxBody,
    http::{Method, StatusCode, header::CONTENT_DISPOSITION},
    rt,
    web::{Bytes, Data},
};
use futures_util::stream::{empty, unfold};
use service::{
    Actor, Crud, Error, Session,
    query::{ExportQuery, one_of, take_each},
};
use tokio::{
    sync::mpsc::{Permit, Receiver, Sender, channel},
    time::timeout,
};
use tracing::Instrument;

use super::{
    Call, NoBody, Problem, Query, Resource, cache,
    places::{Place, Places},
};
use crate::{
    openapi::{self, Documented, Operation, header},
    transfer::{Format, Page, Pages},
};

/// Which rows, and what they are written as.
pub struct ExportOf<C: Crud> {
    format: Format,
    rows: ExportQuery<C>,
}

impl<C: Crud> Query for ExportOf<C> {
    fn parse(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Self, Error> {
        let pairs = pairs.iter();
        let pairs = pairs.map(|(name, value)| (name.as_ref(), value.as_ref()));
        let (ours, others): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| *name == "format");
        let mut format = Format::default();
        let (_, mut refusals) = take_each(ours, |_, value| {
            format = one_of(value, &Format::ALL)?;
            Ok(())
        });
        match ExportQuery::parse(others) {
            Err(Error::Query(refused)) => refusals.extend(refused),
            rows if refusals.is_empty() => return rows.map(|rows| Self { format, rows }),
            _ => {}
        }
        Err(Error::Query(refusals))
    }

    fn permit(&self, actor: &Actor) -> Result<(), Error> {
        self.rows.permit(actor)
    }

    fn document(operation: &mut Operation<'_>) {
        operation.parameters(openapi::export::<C>());
    }
}

/// 200, with rows as long as there are any.
pub struct Export<R> {
    format: Format,
    pages: Receiver<Sent>,
    resource: PhantomData<R>,
}

/// A page, or the word that there are no more: without it the answer has no end.
enum Sent {
    Page(Bytes),
    End,
}

/// The first page is read before the answer begins: what it fails with is a problem like any other.
pub async fn export<R: Resource>(
    call: Call<NoBody, ExportOf<R>>,
    places: Data<Places>,
) -> Result<Export<R>, Problem> {
    let place = places.export()?;
    let ExportOf { format, rows } = call.query;
    let mut pages = Pages::<R>::new(rows, format)?;
    let first = pages.next(&call.session).await?;
    let (sender, receiver) = channel(1);
    let sending = Sending {
        sender,
        patience: places.patience(),
        _place: place,
    };
    rt::spawn(sending.run(first, pages, call.session).in_current_span());
    Ok(Export {
        format,
        pages: receiver,
        resource: PhantomData,
    })
}

/// What is left to do of an export, in a task of its own: nothing that the client does stops a statement half way.
struct Sending {
    sender: Sender<Sent>,
    patience: Duration,
    /// Held to the end.
    _place: Place,
}

impl Sending {
    /// The next page is read when the client has taken the one before.
    async fn run<R: Resource>(self, first: Option<Page>, mut pages: Pages<R>, session: Session) {
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

impl<R: Resource> Responder for Export<R> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let name = format!(
            "attachment; filename=\"{}.{}\"",
            R::name(),
            self.format.name()
        );
        let mut response = HttpResponse::build(StatusCode::OK);
        cache::policy(request, &mut response);
        response
            .content_type(self.format.media_type())
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

impl<R: Resource> Documented for Result<Export<R>, Problem> {
    fn document(operation: &mut Operation<'_>) {
        let headers = operation.answer(200, "Every row, each as a list shows it.");
        headers["Content-Disposition"] = header("Content-Disposition");
        for (_, format) in Format::ALL {
            operation.text(200, format);
        }
    }
}

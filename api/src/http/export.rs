//! `GET /{resource}/export`: every row that the filters match, as a streamed file.
use std::{borrow::Cow, marker::PhantomData};

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody, web::Data};
use service::{
    Actor, Crud, Error,
    query::{ExportQuery, one_of, take_each},
    registry,
};

use super::{Call, Concurrency, NoBody, Problem, Query, Resource, download::Download};
use crate::{
    openapi::{self, Documented, Operation, header},
    settings::ApiSettings,
    transfer::{Format, Pages},
};

/// The filters and the format of an export.
pub struct ExportParams<C: Crud> {
    format: Format,
    rows: ExportQuery<C>,
}

impl<C: Crud> Query for ExportParams<C> {
    fn parse(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<Self, Error> {
        let pairs = pairs.iter();
        let pairs = pairs.map(|(name, value)| (name.as_ref(), value.as_ref()));
        let (formats, others): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| *name == "format");
        let mut format = Format::default();
        let (_, mut refusals) = take_each(formats, |_, value| {
            format = one_of(value, &Format::ALL)?;
            Ok(())
        });
        match ExportQuery::parse(others, registry()) {
            Err(Error::Query(refused)) => refusals.extend(refused),
            rows if refusals.is_empty() => return rows.map(|rows| Self { format, rows }),
            _ => {}
        }
        Err(Error::Query(refusals))
    }

    fn apply_settings(&mut self, settings: &ApiSettings) -> Result<(), Error> {
        self.rows.limit_page(settings.answer_limit);
        Ok(())
    }

    fn permit(&self, actor: &Actor) -> Result<(), Error> {
        self.rows.permit(actor)
    }

    fn document(operation: &mut Operation<'_>) {
        operation.parameters(openapi::export::<C>());
    }
}

/// 200 with all rows of an export.
pub struct Export<R>(Download, PhantomData<R>);

pub async fn export<R: Resource>(
    call: Call<NoBody, ExportParams<R>>,
    concurrency: Data<Concurrency>,
) -> Result<Export<R>, Problem> {
    let ExportParams { format, rows } = call.query;
    let name = format!("{}.{}", R::name(), format.name());
    let pages = Box::new(Pages::<R>::new(rows, format)?);
    let file = (name, format.media_type());
    let download = Download::start(file, pages, call.session, &concurrency).await?;
    Ok(Export(download, PhantomData))
}

impl<R: Resource> Responder for Export<R> {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        self.0.respond_to(request)
    }
}

impl<R: Resource> Documented for Result<Export<R>, Problem> {
    fn document(operation: &mut Operation<'_>) {
        let headers = operation.answer(200, "All matching rows, in the form that a list has");
        headers["Content-Disposition"] = header("Content-Disposition");
        for (_, format) in Format::ALL {
            operation.text(200, format);
        }
    }
}

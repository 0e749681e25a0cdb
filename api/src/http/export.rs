//! `GET /{resource}/export`: everything that the filters match, in as many pages as the client takes.
use std::{borrow::Cow, marker::PhantomData};

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody, web::Data};
use service::{
    Actor, Crud, Error,
    query::{ExportQuery, one_of, take_each},
    resources::registry,
};

use super::{Call, NoBody, Problem, Query, Resource, download::Download, places::Places};
use crate::{
    openapi::{self, Documented, Operation, header},
    settings::ApiSettings,
    transfer::{Format, Pages},
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
        match ExportQuery::parse(others, registry()) {
            Err(Error::Query(refused)) => refusals.extend(refused),
            rows if refusals.is_empty() => return rows.map(|rows| Self { format, rows }),
            _ => {}
        }
        Err(Error::Query(refusals))
    }

    fn allow(&mut self, settings: &ApiSettings) -> Result<(), Error> {
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

/// 200, with rows as long as there are any.
pub struct Export<R>(Download, PhantomData<R>);

pub async fn export<R: Resource>(
    call: Call<NoBody, ExportOf<R>>,
    places: Data<Places>,
) -> Result<Export<R>, Problem> {
    let ExportOf { format, rows } = call.query;
    let name = format!("{}.{}", R::name(), format.name());
    let pages = Box::new(Pages::<R>::new(rows, format)?);
    let file = (name, format.media_type());
    let download = Download::start(file, pages, call.session, &places).await?;
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
        let headers = operation.answer(200, "Every row, each as a list shows it.");
        headers["Content-Disposition"] = header("Content-Disposition");
        for (_, format) in Format::ALL {
            operation.text(200, format);
        }
    }
}

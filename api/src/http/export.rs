//! `GET /{resource}/export`: every row that the filters match, as a streamed file.
use std::marker::PhantomData;

use actix_web::{HttpRequest, HttpResponse, Responder, body::BoxBody, web::Data};
use service::{
    Actor, Crud, Error, Registry,
    query::{ExportQuery, Parameter, Parameters},
};

use super::{Call, Concurrency, NoBody, Problem, Query, Resource, download::Download};
use crate::{
    openapi::{Documented, Operation, header},
    settings::ApiSettings,
    transfer::{Format, Pages},
};

/// The filters and the format of an export.
pub struct ExportParams<C: Crud> {
    format: Format,
    rows: ExportQuery<C>,
}

impl<C: Crud> Default for ExportParams<C> {
    fn default() -> Self {
        Self {
            format: Format::default(),
            rows: ExportQuery::default(),
        }
    }
}

impl<C: Crud> Query for ExportParams<C> {
    fn parameters(_: &Registry) -> Parameters<Self> {
        let format = Parameter::one_of(
            "format",
            "One JSON object per line, or CSV (RFC 4180) with a header.",
            &Format::ALL,
            |query: &mut Self, format| query.format = format,
        );
        let rows = ExportQuery::parameters().embed(|query: &mut Self| &mut query.rows);
        Parameters::new([format.default(Format::default().name())]).merge(rows)
    }

    fn apply_settings(&mut self, settings: &ApiSettings) -> Result<(), Error> {
        self.rows.limit_page(settings.answer_limit);
        Ok(())
    }

    fn permit(&self, actor: &Actor) -> Result<(), Error> {
        self.rows.permit(actor)
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

//! `GET /{resource}/export`: every row that the filters match, as a streamed file.
use actix_web::web::Data;
use kernel::{
    Actor, Error, Readable, Registry,
    query::{ExportQuery, Parameter, Parameters},
};

use crate::{
    call::{Call, NoBody, Query},
    load::Concurrency,
    openapi::{Documented, Operation, header},
    problem::Problem,
    reply::Download,
    resource::Writable,
    settings::ApiSettings,
    transfer::{Format, Pages},
};

/// The filters and the format of an export.
pub struct ExportParams<C: Readable> {
    format: Format,
    rows: ExportQuery<C>,
}

impl<C: Readable> Default for ExportParams<C> {
    fn default() -> Self {
        Self {
            format: Format::default(),
            rows: ExportQuery::default(),
        }
    }
}

impl<C: Readable> Query for ExportParams<C> {
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
pub struct Export;

pub async fn export<V: Writable>(
    call: Call<NoBody, ExportParams<V::Service>>,
    concurrency: Data<Concurrency>,
) -> Result<Download<Export>, Problem> {
    let ExportParams { format, rows } = call.query;
    let name = format!("{}.{}", V::Service::name(), format.name());
    let pages = Box::new(Pages::<V>::new(rows, format)?);
    let file = (name, format.media_type());
    Download::start(file, pages, call.session, &concurrency).await
}

impl Documented for Export {
    fn document(operation: &mut Operation<'_>) {
        let headers = operation.answer(200, "All matching rows, in the same form as in a list");
        headers["Content-Disposition"] = header("Content-Disposition");
        for (_, format) in Format::ALL {
            operation.file(200, format.essence());
        }
    }
}

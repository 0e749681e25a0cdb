//! `GET /{resource}/export`: every row that the filters match, as a streamed file.
use actix_web::web::Data;
use kernel::{
    Actor, Error, Readable, Registry,
    query::{ExportQuery, one_of, take_each},
};

use crate::{
    call::{Call, NoBody, Query},
    load::Concurrency,
    openapi::{self, Documented, Operation, header},
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

impl<C: Readable> Query for ExportParams<C> {
    fn parse(pairs: &[(&str, &str)], registry: &Registry) -> Result<Self, Error> {
        let is_format = |(name, _): &(&str, &str)| *name == "format";
        let (formats, others): (Vec<_>, Vec<_>) = pairs.iter().copied().partition(is_format);
        let mut format = Format::default();
        let (_, mut refusals) = take_each(formats, |_, value| {
            format = one_of(value, &Format::ALL)?;
            Ok(())
        });
        match ExportQuery::parse(others, registry) {
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
        let parameters = openapi::export::<C>(operation.registry);
        operation.parameters(parameters);
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
        let headers = operation.answer(200, "All matching rows, in the form that a list has");
        headers["Content-Disposition"] = header("Content-Disposition");
        for (_, format) in Format::ALL {
            operation.text(200, format);
        }
    }
}

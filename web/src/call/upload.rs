//! Bodies of imports, which are processed while they arrive.
use std::io::{self, Read};

use actix_web::{HttpMessage, HttpRequest, dev::Payload, web::Bytes};
use futures_util::StreamExt;
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    time::timeout,
};

use super::{
    Body, Limits,
    body::{check_encoding, content_length},
};
use crate::{load::Slot, openapi::Operation, problem::Problem, transfer::Format};

/// A body with rows, in the format that its media type names.
pub struct Upload {
    pub format: Format,
    payload: Payload,
    limits: Limits,
}

impl Body for Upload {
    async fn read(
        request: &HttpRequest,
        payload: Payload,
        limits: Limits,
    ) -> Result<Self, Problem> {
        let format = format(request)?;
        let length = content_length(request, limits.import_size)?.unwrap_or(usize::MAX);
        let slot = Slot::from_request(request)?;
        slot.reserve(&slot.load().bulks, length.min(limits.bulk_size))?;
        Ok(Self {
            format,
            payload,
            limits,
        })
    }

    fn document(operation: &mut Operation<'_>) {
        operation.text_body(&Format::ALL.map(|(_, format)| format));
    }
}

fn format(request: &HttpRequest) -> Result<Format, Problem> {
    check_encoding(request)?;
    let kind = request.content_type().trim().to_ascii_lowercase();
    let charset = request.mime_type().ok().flatten();
    let charset = charset.as_ref().and_then(|kind| kind.get_param("charset"));
    let is_utf8 = charset.is_none_or(|charset| charset == "utf-8");
    match kind.as_str() {
        "application/x-ndjson" | "application/ndjson" if is_utf8 => Ok(Format::Ndjson),
        "text/csv" if is_utf8 => Ok(Format::Csv),
        _ => Err(Problem::unsupported(
            "send the body as application/x-ndjson or text/csv, in UTF-8",
        )),
    }
}

/// A chunk of a body, or the mark that the body is complete.
enum Chunk {
    Bytes(Bytes),
    End,
}

/// A body that a blocking thread reads. Reading fails if the body is incomplete.
pub struct BodyReader {
    chunks: Receiver<Chunk>,
    chunk: Bytes,
    is_complete: bool,
}

impl Upload {
    /// Returns the reader, and the future that feeds it and fails with the reason if the body is incomplete.
    pub fn open(self) -> (BodyReader, impl Future<Output = Result<(), Problem>>) {
        let (sender, chunks) = channel(1);
        let reader = BodyReader {
            chunks,
            chunk: Bytes::new(),
            is_complete: false,
        };
        (reader, forward(self.payload, self.limits, sender))
    }
}

/// Forwards the body to the reader. The client waits until the reader has taken the last chunk.
async fn forward(
    mut payload: Payload,
    limits: Limits,
    chunks: Sender<Chunk>,
) -> Result<(), Problem> {
    let mut size = 0;
    while let Some(bytes) = timeout(limits.time, payload.next())
        .await
        .map_err(|_| Problem::timeout())?
    {
        let bytes = bytes
            .map_err(|error| Problem::malformed(format!("the body is incomplete: {error}")))?;
        size += bytes.len();
        if size > limits.import_size {
            return Err(Problem::too_large(limits.import_size));
        }
        if chunks.send(Chunk::Bytes(bytes)).await.is_err() {
            return Ok(());
        }
    }
    // If the reader is gone, there is nothing to do.
    let _ = chunks.send(Chunk::End).await;
    Ok(())
}

impl Read for BodyReader {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() && !self.is_complete {
            match self.chunks.blocking_recv() {
                Some(Chunk::Bytes(bytes)) => self.chunk = bytes,
                Some(Chunk::End) => self.is_complete = true,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let count = to.len().min(self.chunk.len());
        to[..count].copy_from_slice(&self.chunk.split_to(count));
        Ok(count)
    }
}

//! Bodies that are worked on while they arrive, as long as something does.
use std::io::{self, Read};

use actix_web::{HttpMessage, HttpRequest, dev::Payload, web::Bytes};
use futures_util::StreamExt;
use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    time::timeout,
};

use super::{
    Body, Limits, Problem,
    body::{announced, check_encoding},
    slot::Slot,
};
use crate::{openapi::Operation, transfer::Format};

/// Rows in a format that its type names.
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
        let length = announced(request, limits.import_size)?.unwrap_or(usize::MAX);
        let slot = Slot::of(request)?;
        slot.hold(&slot.load().bulks, length.min(limits.bulk_size))?;
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

/// A piece of a body, or the word that it is complete.
enum Piece {
    Bytes(Bytes),
    End,
}

/// A body for a thread that reads it. Where it breaks off, reading fails.
pub struct Text {
    pieces: Receiver<Piece>,
    piece: Bytes,
    is_over: bool,
}

impl Upload {
    /// What is read, and the work of handing it over, which says why a body broke off.
    pub fn open(self) -> (Text, impl Future<Output = Result<(), Problem>>) {
        let (sender, pieces) = channel(1);
        let text = Text {
            pieces,
            piece: Bytes::new(),
            is_over: false,
        };
        (text, hand_over(self.payload, self.limits, sender))
    }
}

/// The client waits while nobody takes the next piece.
async fn hand_over(
    mut payload: Payload,
    limits: Limits,
    pieces: Sender<Piece>,
) -> Result<(), Problem> {
    let mut size = 0;
    while let Some(bytes) = timeout(limits.time, payload.next())
        .await
        .map_err(|_| Problem::timeout())?
    {
        let bytes =
            bytes.map_err(|error| Problem::malformed(format!("the body broke off: {error}")))?;
        size += bytes.len();
        if size > limits.import_size {
            return Err(Problem::too_large(limits.import_size));
        }
        if pieces.send(Piece::Bytes(bytes)).await.is_err() {
            return Ok(());
        }
    }
    // Where nobody reads any more, nobody misses it.
    let _ = pieces.send(Piece::End).await;
    Ok(())
}

impl Read for Text {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.is_over {
            match self.pieces.blocking_recv() {
                Some(Piece::Bytes(bytes)) => self.piece = bytes,
                Some(Piece::End) => self.is_over = true,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let count = to.len().min(self.piece.len());
        to[..count].copy_from_slice(&self.piece.split_to(count));
        Ok(count)
    }
}

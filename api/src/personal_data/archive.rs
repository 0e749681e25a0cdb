//! A zip archive (PKWARE APPNOTE 6.3.10) that is written while it is sent, so that no file is held in memory as a whole.
use std::{
    cell::RefCell,
    io::{self, Write},
    mem::take,
    rc::Rc,
    vec::IntoIter,
};

use kernel::{Error, Result, Session};
use zip::{
    CompressionMethod, ZipWriter,
    write::{SimpleFileOptions, StreamWriter},
};

use web::transfer::{AnyPages, ExportPage, Next};

/// One file of the archive.
pub struct Part {
    pub name: String,
    pub pages: Box<dyn AnyPages>,
}

pub struct Archive {
    parts: IntoIter<Part>,
    /// The file that is being written.
    pages: Option<Box<dyn AnyPages>>,
    /// `None` once the central directory at the end is written.
    zip: Option<ZipWriter<StreamWriter<Sink>>>,
    sink: Sink,
}

impl Archive {
    pub fn new(parts: Vec<Part>) -> Self {
        let sink = Sink::default();
        Self {
            parts: parts.into_iter(),
            pages: None,
            zip: Some(ZipWriter::new_stream(sink.clone())),
            sink,
        }
    }

    /// Returns the bytes that the next page of a file adds, or `None` at the end.
    async fn next_page(&mut self, session: &Session) -> Result<Option<ExportPage>> {
        while let Some(mut zip) = self.zip.take() {
            if let Some(pages) = &mut self.pages {
                match pages.next(session).await? {
                    Some(page) => zip.write_all(&page.bytes).map_err(Error::internal)?,
                    None => self.pages = None,
                }
                self.zip = Some(zip);
            } else if let Some(part) = self.parts.next() {
                // Sizes are known only at the end, and may be large.
                let options = SimpleFileOptions::default()
                    .compression_method(CompressionMethod::Stored)
                    .large_file(true);
                zip.start_file(part.name, options)
                    .map_err(Error::internal)?;
                self.pages = Some(part.pages);
                self.zip = Some(zip);
            } else {
                zip.finish().map_err(Error::internal)?;
            }
            let bytes = take(&mut *self.sink.0.borrow_mut());
            // An empty page would be taken for the end.
            if !bytes.is_empty() {
                let page = ExportPage {
                    rows: 0,
                    bytes,
                    total: None,
                };
                return Ok(Some(page));
            }
        }
        Ok(None)
    }
}

impl AnyPages for Archive {
    fn next<'a>(&'a mut self, session: &'a Session) -> Next<'a> {
        Box::pin(self.next_page(session))
    }
}

/// Bytes that are written and not yet sent.
#[derive(Clone, Default)]
struct Sink(Rc<RefCell<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

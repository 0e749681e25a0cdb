//! Files in two encodings: as they are, and compressed with gzip. Each is compressed once.
use std::{
    borrow::Cow,
    io::{self, Cursor, Read, Write},
};

use actix_web::{HttpRequest, web::Bytes};
use flate2::{Compression, Crc, write::GzEncoder};
use kernel::Error;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use web::Problem;
use zip::{CompressionMethod, ZipArchive};

use super::POLICY;
use crate::asset::{Asset, accepts_gzip};

/// The header of a gzip member without a name and a time, on an unknown system (RFC 1952, section 2.3).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

pub struct File {
    kind: &'static str,
    plain: Bytes,
    gzip: Bytes,
    /// The checksum of the content. It is the query of the file's address, so that a new release has new addresses.
    pub version: String,
}

impl File {
    pub fn compress(kind: &'static str, text: String) -> io::Result<Self> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(text.as_bytes())?;
        let gzip = gzip.finish()?;
        let mut checksum = Crc::new();
        checksum.update(text.as_bytes());
        Ok(Self {
            kind,
            plain: text.into(),
            gzip: gzip.into(),
            version: format!("{:08x}", checksum.sum()),
        })
    }

    /// Reads one file of the zip archive that the authors of Swagger UI release. It is compressed there, and a gzip file is the
    /// same data with another header and footer.
    pub fn read(kind: &'static str, name: &str) -> io::Result<Self> {
        let mut release = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
        let end = format!("/dist/{name}");
        let path = release
            .file_names()
            .flatten()
            .find(|path| path.ends_with(&end))
            .map(Cow::into_owned)
            .ok_or(io::ErrorKind::NotFound)?;
        let mut plain = Vec::new();
        release.by_name(&path)?.read_to_end(&mut plain)?;
        let index = release
            .index_for_name(&path)
            .ok_or(io::ErrorKind::NotFound)?;
        let mut raw = release.by_index_raw(index)?;
        if raw.compression() != CompressionMethod::Deflated {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let checksum = raw.crc32();
        let size = u32::try_from(plain.len()).map_err(io::Error::other)?;
        let mut gzip = GZIP_HEADER.to_vec();
        raw.read_to_end(&mut gzip)?;
        gzip.extend(checksum.to_le_bytes());
        gzip.extend(size.to_le_bytes());
        Ok(Self {
            kind,
            plain: plain.into(),
            gzip: gzip.into(),
            version: format!("{checksum:08x}"),
        })
    }

    fn answer(&self, request: &HttpRequest) -> Asset {
        let is_current = request.query_string() == self.version;
        let asset = if accepts_gzip(request) {
            let asset = Asset::new(self.kind, POLICY, self.gzip.clone()).in_gzip();
            asset.with_tag(format!("{}-gzip", self.version))
        } else {
            let asset = Asset::new(self.kind, POLICY, self.plain.clone());
            asset.with_tag(self.version.clone())
        };
        asset.chosen_by("Accept-Encoding").immutable_if(is_current)
    }
}

/// Serves a file in the encoding that the client prefers.
pub fn serve(file: Option<&File>, request: &HttpRequest) -> Result<Asset, Problem> {
    let file = file.ok_or_else(|| Error::bug("a file of the documentation could not be read"))?;
    Ok(file.answer(request))
}

//! Files in two encodings: as they are, and compressed with gzip. Each is compressed once.
use std::{
    borrow::Cow,
    io::{self, Cursor, Read, Write},
};

use actix_web::{HttpRequest, web::Bytes};
use flate2::{Compression, Crc, write::GzEncoder};
use zip::{CompressionMethod, ZipArchive};

use super::{Asset, accepts_gzip};

/// The header of a gzip member without a name and a time, on an unknown system (RFC 1952, section 2.3).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// An embedded zip archive.
pub struct Archive(ZipArchive<Cursor<&'static [u8]>>);

impl Archive {
    pub fn open(bytes: &'static [u8]) -> io::Result<Self> {
        Ok(Self(ZipArchive::new(Cursor::new(bytes))?))
    }

    /// Returns the paths of its files, in their order.
    pub fn paths(&self) -> Vec<String> {
        let names = self.0.file_names().flatten();
        let files = names.filter(|path| !path.ends_with('/'));
        files.map(Cow::into_owned).collect()
    }

    /// Reads one file. A gzip file is the same compressed data as in the archive, with another header and footer.
    pub fn read(&mut self, path: &str, kind: &'static str) -> io::Result<File> {
        let archive = &mut self.0;
        let mut plain = Vec::new();
        archive.by_name(path)?.read_to_end(&mut plain)?;
        let index = archive
            .index_for_name(path)
            .ok_or(io::ErrorKind::NotFound)?;
        let mut raw = archive.by_index_raw(index)?;
        if raw.compression() != CompressionMethod::Deflated {
            return File::compress(kind, plain);
        }
        let checksum = raw.crc32();
        let size = u32::try_from(plain.len()).map_err(io::Error::other)?;
        let mut gzip = GZIP_HEADER.to_vec();
        raw.read_to_end(&mut gzip)?;
        gzip.extend(checksum.to_le_bytes());
        gzip.extend(size.to_le_bytes());
        Ok(File::new(kind, (plain, gzip), checksum))
    }
}

pub struct File {
    kind: &'static str,
    plain: Bytes,
    gzip: Bytes,
    /// The checksum of the content.
    pub version: String,
}

impl File {
    fn new(kind: &'static str, (plain, gzip): (Vec<u8>, Vec<u8>), checksum: u32) -> Self {
        Self {
            kind,
            plain: plain.into(),
            gzip: gzip.into(),
            version: format!("{checksum:08x}"),
        }
    }

    pub fn compress(kind: &'static str, plain: impl Into<Vec<u8>>) -> io::Result<Self> {
        let plain = plain.into();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&plain)?;
        let gzip = gzip.finish()?;
        let mut checksum = Crc::new();
        checksum.update(&plain);
        Ok(Self::new(kind, (plain, gzip), checksum.sum()))
    }

    /// Returns the file under this Content Security Policy, in the encoding that the client prefers.
    pub fn answer(&self, request: &HttpRequest, policy: &'static str) -> Asset {
        let asset = if accepts_gzip(request) {
            let asset = Asset::new(self.kind, policy, self.gzip.clone()).in_gzip();
            asset.with_tag(format!("{}-gzip", self.version))
        } else {
            let asset = Asset::new(self.kind, policy, self.plain.clone());
            asset.with_tag(self.version.clone())
        };
        asset.chosen_by("Accept-Encoding")
    }
}

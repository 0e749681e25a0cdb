//! Backups in an S3-compatible store: objects below a prefix, with the same names as the files of a backup in a folder.
use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::Path,
    sync::Arc,
    time::Duration,
};

use futures_util::{TryStreamExt, stream::FuturesUnordered};
use object_store::{
    ClientOptions, Error, MultipartUpload, ObjectStore, ObjectStoreExt, RetryConfig,
    aws::AmazonS3Builder, path::Path as Key,
};
use secrecy::ExposeSecret;
use tokio::task::spawn_blocking;

use super::{
    Failure, Result,
    archive::{MANIFEST, PREFIX, SUMS},
    at, refused,
    s3::{S3Settings, parse_store},
};

/// The bytes of a part of an upload or a download. S3 wants at least 5 MiB.
const PART: u64 = 8 * 1024 * 1024;
/// S3 takes at most 10,000 parts.
const MAX_PARTS: u64 = 9_000;
/// The parts of one upload that are sent at the same time; as many are in memory.
const PARALLEL: usize = 2;
/// A manifest and its checksums are much smaller.
const MAX_TEXT: u64 = 1024 * 1024;
/// A store that does not accept a connection within this time is away.
const CONNECT: Duration = Duration::from_secs(5);

/// A part of a bucket that holds backups.
#[derive(Clone)]
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    name: String,
    prefix: Key,
    /// Where it is, for messages.
    endpoint: String,
    patience: Duration,
}

impl fmt::Debug for Bucket {
    /// The store holds the secret key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bucket").field(&self.to_string()).finish()
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix.as_ref() {
            "" => write!(f, "s3://{}", self.name),
            prefix => write!(f, "s3://{}/{prefix}", self.name),
        }
    }
}

impl Bucket {
    /// Prepares the access to `s3://BUCKET/PREFIX`. Nothing is sent.
    pub fn open(url: &str, settings: &S3Settings) -> Result<Self> {
        let (name, prefix) = parse_store(url)
            .ok_or_else(|| refused("backup.store must be like s3://BUCKET/PREFIX"))?;
        let (Some(id), Some(secret)) = (&settings.access_key_id, &settings.secret_access_key)
        else {
            return Err(refused(
                "backup.s3.access_key_id and backup.s3.secret_access_key must be set to use a store",
            ));
        };
        if !settings.has_safe_endpoint() {
            return Err(refused(
                "backup.s3.endpoint must begin with https://, unless it is on this machine or backup.s3.allow_http is true",
            ));
        }
        let request = settings.request_timeout;
        let options = ClientOptions::new()
            .with_timeout(request)
            .with_connect_timeout(request.min(CONNECT))
            // Plain HTTP was accepted above.
            .with_allow_http(true);
        let retry = RetryConfig {
            retry_timeout: settings.retry_timeout,
            ..RetryConfig::default()
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&name)
            .with_region(&settings.region)
            .with_access_key_id(id)
            .with_secret_access_key(secret.expose_secret())
            .with_virtual_hosted_style_request(settings.virtual_hosted)
            // Some stores lack the deletion of several objects at once.
            .with_disable_bulk_delete(true)
            .with_client_options(options)
            .with_retry(retry);
        if let Some(token) = &settings.session_token {
            builder = builder.with_token(token.expose_secret());
        }
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let store = builder
            .build()
            .map_err(|error| refused(format!("the store cannot be used: {error}")))?;
        let endpoint = settings.endpoint.clone();
        Ok(Self {
            store: Arc::new(store),
            name,
            prefix,
            endpoint: endpoint.unwrap_or_else(|| format!("AWS S3 in {}", settings.region)),
            patience: request,
        })
    }

    fn key(&self, backup: &str, file: &str) -> Key {
        self.prefix.clone().join(backup).join(file)
    }

    /// Returns the files of each backup with their sizes, unfinished ones included.
    pub async fn objects(&self) -> Result<BTreeMap<String, BTreeMap<String, u64>>> {
        let prefix = (!self.prefix.as_ref().is_empty()).then_some(&self.prefix);
        let mut all = self.store.list(prefix);
        let mut found: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        while let Some(object) = all.try_next().await.map_err(|error| self.explain(&error))? {
            let Some(parts) = object.location.prefix_match(&self.prefix) else {
                continue;
            };
            let parts: Vec<_> = parts.map(|part| part.as_ref().to_owned()).collect();
            if let [backup, file] = &parts[..]
                && backup.starts_with(PREFIX)
            {
                let files = found.entry(backup.clone()).or_default();
                files.insert(file.clone(), object.size);
            }
        }
        Ok(found)
    }

    /// Reads a small file; `size` is what the list says.
    pub async fn read(&self, backup: &str, (file, size): (&str, u64)) -> Result<Vec<u8>> {
        if size > MAX_TEXT {
            return Err(super::archive::damaged(
                backup,
                format!("{file} is too long"),
            ));
        }
        let key = self.key(backup, file);
        let got = async { self.store.get(&key).await?.bytes().await };
        let bytes = got.await.map_err(|error| self.explain(&error))?;
        Ok(bytes.to_vec())
    }

    /// Sends a file in parts. A failed upload leaves no object. Each part is signed with its checksum, so that the store refuses
    /// what was changed on its way.
    pub async fn upload(&self, backup: &str, path: &Path) -> Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let key = self.key(backup, &name);
        let file = Arc::new(File::open(path).map_err(at(path))?);
        let size = file.metadata().map_err(at(path))?.len();
        if size <= PART {
            let bytes = read_part(&file, 0, size).await.map_err(at(path))?;
            let put = self.store.put(&key, bytes.into()).await;
            return put.map(|_| ()).map_err(|error| self.explain(&error));
        }
        let explain = |error| self.explain(&error);
        let mut upload = self.store.put_multipart(&key).await.map_err(explain)?;
        let sent = self.send_parts(&mut *upload, (path, file), size).await;
        let done = match sent {
            Ok(()) => upload.complete().await.map(|_| ()).map_err(explain),
            Err(error) => Err(error),
        };
        if done.is_err() {
            // The parts cost room until they are removed; a store that is away keeps them.
            let _ = tokio::time::timeout(self.patience, upload.abort()).await;
        }
        done
    }

    async fn send_parts(
        &self,
        upload: &mut dyn MultipartUpload,
        (path, file): (&Path, Arc<File>),
        size: u64,
    ) -> Result<()> {
        let part = PART.max(size.div_ceil(MAX_PARTS));
        let mut sending = FuturesUnordered::new();
        let mut start = 0;
        while start < size {
            if sending.len() == PARALLEL {
                sending
                    .try_next()
                    .await
                    .map_err(|error| self.explain(&error))?;
            }
            let length = part.min(size - start);
            let bytes = read_part(&file, start, length).await.map_err(at(path))?;
            sending.push(upload.put_part(bytes.into()));
            start += length;
        }
        let rest = sending.try_for_each(async |()| Ok(()));
        rest.await.map_err(|error| self.explain(&error))
    }

    /// Writes a file of a backup to this path. Each part is a request of its own, which is retried.
    pub async fn download(
        &self,
        backup: &str,
        (file, size): (&str, u64),
        into: &Path,
    ) -> Result<()> {
        let key = self.key(backup, file);
        let mut options = File::options();
        let options = options.write(true).create_new(true).mode(0o600);
        let mut written = options.open(into).map_err(at(into))?;
        let mut start = 0;
        while start < size {
            let end = size.min(start + PART);
            let part = self.store.get_range(&key, start..end).await;
            let part = part.map_err(|error| self.explain(&error))?;
            written.write_all(&part).map_err(at(into))?;
            start = end;
        }
        Ok(())
    }

    /// Removes a backup, the checksums first, so that what is left of it is no backup.
    pub async fn remove(
        &self,
        backup: &str,
        files: impl IntoIterator<Item = String>,
    ) -> Result<()> {
        let others = files.into_iter().filter(|file| file != SUMS);
        for file in std::iter::once(SUMS.to_owned()).chain(others) {
            match self.store.delete(&self.key(backup, &file)).await {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(self.explain(&error)),
            }
        }
        Ok(())
    }

    /// Sends all files of a backup, the checksums last. What was sent of a failed one is removed if the store allows it.
    pub async fn publish(&self, backup: &str, (folder, copy): (&Path, &str)) -> Result<()> {
        let files = [copy, MANIFEST, SUMS];
        for file in files {
            if let Err(error) = self.upload(backup, &folder.join(file)).await {
                let files = files.map(str::to_owned);
                let _ = tokio::time::timeout(self.patience, self.remove(backup, files)).await;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Says what the operator can do about an error. It never has the secret key, which is sent nowhere.
    fn explain(&self, error: &Error) -> Failure {
        let text = error.to_string();
        let code = between(&text, "<Code>", "</Code>").unwrap_or_default();
        let answer = between(&text, "<Message>", "</Message>").unwrap_or_default();
        let Self { name, endpoint, .. } = self;
        let advice = match (error, code) {
            (_, "NoSuchBucket") => format!(
                "there is no bucket {name} at {endpoint}: create it, or correct backup.store"
            ),
            (_, "PermanentRedirect" | "AuthorizationHeaderMalformed") => format!(
                "the bucket {name} is in another region: correct backup.s3.region ({answer})"
            ),
            _ if text.contains("incorrectly configured region") => {
                format!("the bucket {name} is in another region: correct backup.s3.region")
            }
            (_, "RequestTimeTooSkewed") => format!(
                "the store at {endpoint} refuses the request because the clocks differ: set the clock of this machine"
            ),
            // An error of a list has no kind of its own.
            (Error::PermissionDenied { .. } | Error::Unauthenticated { .. }, _)
            | (
                _,
                "SignatureDoesNotMatch" | "InvalidAccessKeyId" | "AccessDenied" | "ExpiredToken",
            ) => format!(
                "the store at {endpoint} refuses access to {self} ({code} {answer}): check backup.s3.access_key_id and \
                 backup.s3.secret_access_key, and that this key may list, read, write and delete there"
            ),
            (Error::NotFound { .. }, _) => format!(
                "an object of {self} does not exist: another process may have removed it; see `atoll backup list`"
            ),
            _ if !code.is_empty() => {
                format!("the store at {endpoint} refused a request: {code} {answer}")
            }
            _ => {
                let reason = cause(error);
                format!(
                    "the store at {endpoint} does not answer as it should ({reason}): see whether backup.s3.endpoint is right, and \
                     try again"
                )
            }
        };
        Failure::Store(advice)
    }
}

/// Returns the text of the first cause of an error, such as a refused connection.
fn cause(error: &dyn std::error::Error) -> String {
    let mut first = error;
    while let Some(source) = first.source() {
        first = source;
    }
    first.to_string()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    let (found, _) = rest.split_once(end)?;
    Some(found)
}

async fn read_part(file: &Arc<File>, start: u64, length: u64) -> io::Result<Vec<u8>> {
    let file = file.clone();
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let read = spawn_blocking(move || {
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, start)?;
        Ok(bytes)
    });
    read.await.map_err(io::Error::other)?
}

/// Makes the folder that a backup is downloaded into.
pub fn make_download_folder(parent: &Path, backup: &str) -> Result<tempfile::TempDir> {
    kernel::files::make_folder(parent).map_err(at(parent))?;
    let folder = tempfile::Builder::new()
        .prefix(".download-")
        .tempdir_in(parent)
        .map_err(at(parent))?;
    let inner = folder.path().join(backup);
    fs::create_dir(&inner).map_err(at(&inner))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::{super::s3::tests::settings, *};

    #[test]
    fn no_text_about_a_bucket_shows_the_secret_key() {
        let settings = settings("http://localhost:1");
        let bucket = Bucket::open("s3://books/a", &settings).unwrap();
        let texts = format!("{bucket:?} {bucket} {settings:?}");
        assert!(!texts.contains("s3cret"), "{texts}");
    }
}

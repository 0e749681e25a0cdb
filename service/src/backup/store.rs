//! Lists, reads and removes backups, in a folder or in a bucket.
use std::{collections::BTreeMap, io};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::{
    Archive, Backups, Bucket, Failure, Keep, Manifest, Result,
    archive::{
        Draft, Files, MANIFEST, PREFIX, SUMS, damaged, names, read_manifest, require_name,
        wrong_size,
    },
    bucket::make_download_folder,
    refused,
};

/// An upload that is interrupted leaves objects; after this time no process can be sending them any more.
const MAX_UNFINISHED: TimeDelta = TimeDelta::days(1);

/// A backup in a list, which may be damaged or unfinished.
#[derive(Debug)]
pub struct Listed {
    pub name: String,
    pub archive: Result<Archive>,
}

impl Backups {
    /// Describes where the backups are.
    pub fn place(&self) -> String {
        match &self.bucket {
            Some(bucket) => bucket.to_string(),
            None => self.folder.display().to_string(),
        }
    }

    /// Lists the backups, the newest first. Their copies are not read.
    pub async fn list(&self) -> Result<Vec<Listed>> {
        let mut listed = Vec::new();
        let Some(bucket) = &self.bucket else {
            for name in names(&self.folder)? {
                let archive = Files::open(&self.folder, &name).map(|files| files.archive);
                listed.push(Listed { name, archive });
            }
            return Ok(listed);
        };
        for (name, objects) in bucket.objects().await?.into_iter().rev() {
            let archive = open(bucket, &name, &objects).await;
            listed.push(Listed {
                archive: judged(archive)?,
                name,
            });
        }
        Ok(listed)
    }

    /// Finds a backup by its name, or the newest finished one by the name `latest`.
    pub async fn find(&self, name: &str) -> Result<Archive> {
        if name == "latest" {
            let newest = self.newest().await?;
            return newest
                .ok_or_else(|| refused(format!("there is no backup in {}", self.place())))?
                .archive;
        }
        require_name(name)?;
        let Some(bucket) = &self.bucket else {
            return Ok(Files::open(&self.folder, name)?.archive);
        };
        let all = bucket.objects().await?;
        let objects = all.get(name);
        let absent = || refused(format!("there is no backup {name} in {bucket}"));
        open(bucket, name, objects.ok_or_else(absent)?).await
    }

    /// Returns the newest finished backup, which may be damaged.
    async fn newest(&self) -> Result<Option<Listed>> {
        let Some(bucket) = &self.bucket else {
            let newest = names(&self.folder)?.into_iter().next();
            return Ok(newest.map(|name| Listed {
                archive: Files::open(&self.folder, &name).map(|files| files.archive),
                name,
            }));
        };
        for (name, objects) in bucket.objects().await?.into_iter().rev() {
            if objects.contains_key(SUMS) {
                let archive = judged(open(bucket, &name, &objects).await)?;
                return Ok(Some(Listed { name, archive }));
            }
        }
        Ok(None)
    }

    /// Returns when the newest good backup was made. Its copy is not read.
    pub async fn newest_time(&self) -> Result<Option<DateTime<Utc>>> {
        if let Some(Listed {
            archive: Ok(archive),
            ..
        }) = self.newest().await?
        {
            return Ok(Some(archive.manifest.created_at));
        }
        let listed = self.list().await?.into_iter();
        let good = listed.filter_map(|listed| listed.archive.ok());
        Ok(good.map(|archive| archive.manifest.created_at).max())
    }

    /// Fails unless the copy is as it was written. In a bucket only its size is compared: `verify` reads it.
    pub fn check(&self, archive: &Archive) -> Result<()> {
        match &self.bucket {
            Some(_) => Ok(()),
            None => Files::open(&self.folder, &archive.name)?.check(),
        }
    }

    /// Brings the files of a backup to this machine.
    pub(super) async fn fetch(&self, archive: &Archive) -> Result<Files> {
        let Some(bucket) = &self.bucket else {
            return Files::open(&self.folder, &archive.name);
        };
        let all = bucket.objects().await?;
        let objects = all.get(&archive.name).cloned().unwrap_or_default();
        let folder = make_download_folder(&self.folder, &archive.name)?;
        for file in [SUMS, MANIFEST, &archive.manifest.file] {
            let into = folder.path().join(&archive.name).join(file);
            let size = size(&objects, &archive.name, file)?;
            bucket.download(&archive.name, (file, size), &into).await?;
        }
        Files::downloaded(folder, &archive.name)
    }

    /// Makes a written backup one that lists show.
    pub(super) async fn publish(&self, draft: Draft, manifest: Manifest) -> Result<Archive> {
        let name = draft.name.clone();
        let place = if let Some(bucket) = &self.bucket {
            let folder = draft.file("");
            bucket.publish(&name, (&folder, &manifest.file)).await?;
            format!("{bucket}/{name}")
        } else {
            draft.finish()?.display().to_string()
        };
        Ok(Archive {
            name,
            place,
            manifest,
        })
    }

    /// Removes the backups that the rule does not keep, and uploads that were interrupted long ago. Returns their names. Damaged
    /// ones stay: they are for the operator to judge.
    pub async fn remove_old(&self, keep: Option<Keep>) -> Result<Vec<String>> {
        let mut removed = Vec::new();
        let mut archives = Vec::new();
        for listed in self.list().await? {
            match listed.archive {
                Ok(archive) => archives.push(archive),
                Err(Failure::Unfinished(name)) if is_abandoned(&name) => {
                    self.remove(&name).await?;
                    removed.push(name);
                }
                Err(_) => {}
            }
        }
        let Some(keep) = keep else {
            return Ok(removed);
        };
        let times = archives.iter().map(|archive| archive.manifest.created_at);
        let kept = keep.kept(&times.collect::<Vec<_>>());
        for (archive, is_kept) in archives.into_iter().zip(kept) {
            if !is_kept {
                self.remove(&archive.name).await?;
                removed.push(archive.name);
            }
        }
        Ok(removed)
    }

    async fn remove(&self, name: &str) -> Result<()> {
        let Some(bucket) = &self.bucket else {
            return Files::open(&self.folder, name)?.remove();
        };
        let objects = bucket.objects().await?.remove(name);
        let files = objects.unwrap_or_default().into_keys();
        bucket.remove(name, files).await
    }
}

/// Reads and checks the manifest of a backup in a bucket, and compares the size of its copy.
async fn open(bucket: &Bucket, name: &str, objects: &BTreeMap<String, u64>) -> Result<Archive> {
    let Some(sums) = objects.get(SUMS) else {
        return Err(Failure::Unfinished(name.to_owned()));
    };
    let sums = bucket.read(name, (SUMS, *sums)).await?;
    let sums = String::from_utf8(sums).map_err(|_| damaged(name, format!("{SUMS} is not text")))?;
    let text = size(objects, name, MANIFEST)?;
    let text = bucket.read(name, (MANIFEST, text)).await?;
    let manifest = read_manifest(name, &text, &sums)?;
    let bytes = size(objects, name, &manifest.file)?;
    if let Some(what) = wrong_size(&manifest, bytes) {
        return Err(damaged(name, what));
    }
    Ok(Archive {
        name: name.to_owned(),
        place: format!("{bucket}/{name}"),
        manifest,
    })
}

fn size(objects: &BTreeMap<String, u64>, name: &str, file: &str) -> Result<u64> {
    let size = objects.get(file).copied();
    size.ok_or_else(|| {
        let error = io::Error::from(io::ErrorKind::NotFound);
        damaged(name, format!("{file}: {error}"))
    })
}

/// A store that does not answer says nothing about a backup.
fn judged(archive: Result<Archive>) -> Result<Result<Archive>> {
    match archive {
        Err(Failure::Store(text)) => Err(Failure::Store(text)),
        judged => Ok(judged),
    }
}

/// Whether the name says that the backup was begun long ago.
fn is_abandoned(name: &str) -> bool {
    let time = name.strip_prefix(PREFIX).unwrap_or_default();
    let begun = NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%S%.3fZ");
    begun.is_ok_and(|begun| Utc::now() - begun.and_utc() > MAX_UNFINISHED)
}

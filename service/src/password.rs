//! Passwords: argon2id on threads of their own, behind a bounded queue, so that hashing never stalls a worker nor fills the memory.
use std::{
    fmt,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;

use crate::{Error, Result};

/// Characters; contract §9. The upper bound is checked before any work.
pub const MIN_LENGTH: usize = 8;
pub const MAX_LENGTH: usize = 128;

/// 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet).
const PARAMS: (u32, u32, u32) = (19_456, 2, 1);
const OUTPUT_LENGTH: usize = 32;

/// Requests that wait for a thread; beyond them the answer is "try again later".
pub(crate) const QUEUE: usize = 32;

/// Verified against when there is no user, so that an unknown one costs what a known one costs.
static DUMMY: LazyLock<String> = LazyLock::new(|| {
    let work = Work::Hash(SecretString::from(rand::random::<u128>().to_string()));
    match work.run(&mut Vec::new()) {
        Ok(Done::Hash(hash)) => hash,
        _ => String::new(),
    }
});

/// A handle to the hashing threads; cheap to clone. They end with the last handle.
#[derive(Clone)]
pub struct Hasher(SyncSender<Job>);

struct Job {
    work: Work,
    reply: oneshot::Sender<Result<Done>>,
}

enum Work {
    Hash(SecretString),
    Verify(SecretString, String),
}

enum Done {
    Hash(String),
    Verified(bool),
}

impl Hasher {
    /// Half of the cores, at least one: sign-ins must leave room for everything else.
    pub fn start() -> Self {
        let (sender, receiver) = sync_channel(QUEUE);
        let receiver = Arc::new(Mutex::new(receiver));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..(cores / 2).max(1) {
            let jobs = receiver.clone();
            thread::spawn(move || serve(&jobs));
        }
        Self(sender)
    }

    /// A PHC string under the current parameters. Fails with [`Error::Unavailable`] when the queue is full.
    pub async fn hash(&self, password: SecretString) -> Result<String> {
        match self.submit(Work::Hash(password)).await? {
            Done::Hash(hash) => Ok(hash),
            Done::Verified(_) => Err(Error::bug("a hash was answered with a verdict")),
        }
    }

    /// Whether `password` is the one behind `hash`. Without a hash the same work is done, and the answer is no.
    pub async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| DUMMY.clone());
        match self.submit(Work::Verify(password, hash)).await? {
            Done::Verified(matches) => Ok(matches && known),
            Done::Hash(_) => Err(Error::bug("a verdict was answered with a hash")),
        }
    }

    async fn submit(&self, work: Work) -> Result<Done> {
        let (reply, answer) = oneshot::channel();
        self.0
            .try_send(Job { work, reply })
            .map_err(|_full| Error::Unavailable("password hashing", None))?;
        answer.await.map_err(Error::internal)?
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

/// One thread: its memory is allocated once. A job whose client went away is skipped.
fn serve(jobs: &Mutex<Receiver<Job>>) {
    let mut memory = Vec::new();
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { work, reply }) = next else {
            return;
        };
        if !reply.is_closed() {
            // The receiver may have gone meanwhile; then nobody waits for the answer.
            let _ = reply.send(work.run(&mut memory));
        }
    }
}

impl Work {
    fn run(self, memory: &mut Vec<Block>) -> Result<Done> {
        match self {
            Self::Hash(password) => hash(&password, memory).map(Done::Hash),
            Self::Verify(password, hash) => verify(&password, &hash, memory).map(Done::Verified),
        }
        .map_err(|error| Error::internal(error.to_string()))
    }
}

fn hash(
    password: &SecretString,
    memory: &mut Vec<Block>,
) -> Result<String, argon2::password_hash::Error> {
    let (m, t, p) = PARAMS;
    let params = Params::new(m, t, p, Some(OUTPUT_LENGTH))
        .map_err(|_| argon2::password_hash::Error::ParamsInvalid)?;
    let salt = Salt::generate();
    let output = derive(password, &salt, params.clone(), memory)?;
    let hash = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params)?,
        salt: Some(salt),
        hash: Some(output),
    };
    Ok(hash.to_string())
}

fn verify(
    password: &SecretString,
    hash: &str,
    memory: &mut Vec<Block>,
) -> Result<bool, argon2::password_hash::Error> {
    let hash = PasswordHash::new(hash)?;
    let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else {
        return Ok(false);
    };
    // `Output` compares in constant time.
    Ok(derive(password, &salt, Params::try_from(&hash)?, memory)? == expected)
}

fn derive(
    password: &SecretString,
    salt: &Salt,
    params: Params,
    memory: &mut Vec<Block>,
) -> Result<Output, argon2::password_hash::Error> {
    let failed = |_| argon2::password_hash::Error::ParamsInvalid;
    memory.resize(params.block_count().max(memory.len()), Block::default());
    let mut out = vec![0; params.output_len().unwrap_or(OUTPUT_LENGTH)];
    let blocks = params.block_count();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(
            password.expose_secret().as_bytes(),
            salt,
            &mut out,
            &mut memory[..blocks],
        )
        .map_err(failed)?;
    Ok(Output::new(&out)?)
}

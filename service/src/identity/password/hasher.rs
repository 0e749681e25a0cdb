//! Password hashing on its own threads behind a bounded queue, so that it neither blocks workers nor exhausts memory.
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use argon2::{Block, password_hash};
use secrecy::SecretString;
use tokio::sync::oneshot;

use super::{UserData, guess, normalised, recipe::Recipe};
use crate::identity::Settings;
use kernel::{Code, Error, Result};

/// The maximum number of jobs that wait for a thread. Further ones fail with [`Error::Unavailable`].
pub(crate) const QUEUE: usize = 32;

/// A job for a thread, which lends it its working memory.
type Job = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

/// What the threads were asked to do so far.
#[derive(Debug, Default)]
struct Counts {
    taken: AtomicU64,
    started: AtomicU64,
    finished: AtomicU64,
    refused: AtomicU64,
}

/// What the threads have to do at the moment, and how often they had too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashLoad {
    pub waiting: u64,
    pub running: u64,
    pub refused: u64,
}

/// A handle to the hashing threads, cheap to clone. The threads end with the last handle.
#[derive(Clone)]
pub struct Hasher {
    jobs: SyncSender<Job>,
    counts: Arc<Counts>,
    recipe: Arc<Recipe>,
    min_score: u8,
}

impl Hasher {
    /// Starts threads for half of the cores, at least one, so that sign-ins leave capacity for everything else.
    pub fn start(settings: &Settings) -> Self {
        let (jobs, receiver) = sync_channel(QUEUE);
        let receiver = Arc::new(Mutex::new(receiver));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..(cores / 2).max(1) {
            let receiver = receiver.clone();
            thread::spawn(move || run_jobs(&receiver));
        }
        Self {
            jobs,
            counts: Arc::default(),
            recipe: Arc::new(Recipe::new(settings)),
            min_score: settings.min_password_score,
        }
    }

    /// Checks the strength of a new password and hashes it. Every password that is set goes through here.
    ///
    /// Fails with [`Error::Invalid`] at `at` if it is too easy to guess, and with [`Error::Unavailable`] if the queue is
    /// full. The input checks the length (`users::acceptable`).
    pub async fn choose(
        &self,
        at: &str,
        password: &SecretString,
        about: UserData<'_>,
    ) -> Result<String> {
        let (password, words, min_score) = (normalised(password), about.words(), self.min_score);
        let chosen =
            self.run(
                move |recipe, memory| match guess::weakness(&password, &words, min_score) {
                    Some(refusal) => Ok(Err(refusal)),
                    None => recipe.hash(&password, memory).map(Ok),
                },
            );
        let refused = |refusal| Error::invalid(at, Code::TooGuessable, refusal);
        chosen.await?.map_err(refused)
    }

    /// Hashes a password without checking it. Fails with [`Error::Unavailable`] if the queue is full.
    pub async fn hash(&self, password: SecretString) -> Result<String> {
        self.run(move |recipe, memory| recipe.hash(&normalised(&password), memory))
            .await
    }

    /// Returns true if `password` matches `hash`. Without a hash it does the same work and returns false.
    pub async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool> {
        self.run(move |recipe, memory| {
            let is_known = hash.is_some();
            let hash = hash.map_or_else(|| recipe.dummy_hash(), Ok)?;
            Ok(recipe.verify(&normalised(&password), &hash, memory)? && is_known)
        })
        .await
    }

    /// Returns true if a hash should be replaced when its password is known.
    pub fn is_outdated(&self, hash: &str) -> bool {
        self.recipe.is_outdated(hash)
    }

    /// The number of jobs that were accepted so far.
    pub fn taken(&self) -> u64 {
        self.counts.taken.load(Relaxed)
    }

    /// Returns what the threads have to do.
    pub fn load(&self) -> HashLoad {
        let counts = &*self.counts;
        let finished = counts.finished.load(Relaxed);
        let started = counts.started.load(Relaxed);
        HashLoad {
            waiting: counts.taken.load(Relaxed).saturating_sub(started),
            running: started.saturating_sub(finished),
            refused: counts.refused.load(Relaxed),
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Recipe, &mut Vec<Block>) -> Result<T, password_hash::Error> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let recipe = self.recipe.clone();
        let counts = self.counts.clone();
        let job = move |memory: &mut Vec<Block>| {
            counts.started.fetch_add(1, Relaxed);
            if !reply.is_closed() {
                // If the receiver was dropped meanwhile, the result is not needed.
                let _ = reply.send(work(&recipe, memory));
            }
            counts.finished.fetch_add(1, Relaxed);
        };
        self.jobs.try_send(Box::new(job)).map_err(|_full| {
            self.counts.refused.fetch_add(1, Relaxed);
            Error::Unavailable("password hashing", None)
        })?;
        self.counts.taken.fetch_add(1, Relaxed);
        let done = answer.await.map_err(Error::internal)?;
        done.map_err(|error| Error::internal(error.to_string()))
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

/// The loop of one thread. Its working memory is allocated once.
fn run_jobs(jobs: &Mutex<Receiver<Job>>) {
    let mut memory = Vec::new();
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else {
            return;
        };
        job(&mut memory);
    }
}

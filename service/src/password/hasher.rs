//! Hashing on threads of their own, behind a bounded queue, so that it never stalls a worker nor fills the memory.
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

use super::{About, guess, normalised, recipe::Recipe};
use crate::{Error, Result, auth::Settings};

/// Requests that wait for a thread; beyond them the answer is "try again later".
pub(crate) const QUEUE: usize = 32;

/// Work for a thread, in the memory that it keeps for that.
type Job = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

/// A handle to the hashing threads; cheap to clone. They end with the last handle.
#[derive(Clone)]
pub struct Hasher {
    jobs: SyncSender<Job>,
    taken: Arc<AtomicU64>,
    recipe: Arc<Recipe>,
    min_score: u8,
}

impl Hasher {
    /// Half of the cores, at least one: sign-ins must leave room for everything else.
    pub fn start(settings: &Settings) -> Self {
        let (jobs, receiver) = sync_channel(QUEUE);
        let receiver = Arc::new(Mutex::new(receiver));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..(cores / 2).max(1) {
            let receiver = receiver.clone();
            thread::spawn(move || serve(&receiver));
        }
        Self {
            jobs,
            taken: Arc::default(),
            recipe: Arc::new(Recipe::of(settings)),
            min_score: settings.min_password_score,
        }
    }

    /// The hash of a password that somebody chose; every password that is set goes this way.
    ///
    /// Fails with [`Error::Invalid`] at `at` where it is too easy to guess, with [`Error::Unavailable`] when the queue
    /// is full. Its length is for the input to limit (`users::acceptable`).
    pub async fn choose(
        &self,
        at: &str,
        password: &SecretString,
        about: About<'_>,
    ) -> Result<String> {
        let (password, words, least) = (normalised(password), about.words(), self.min_score);
        let chosen =
            self.run(
                move |recipe, memory| match guess::refusal(&password, &words, least) {
                    Some(refusal) => Ok(Err(refusal)),
                    None => recipe.hash(&password, memory).map(Ok),
                },
            );
        let refused = |refusal| Error::invalid(at, "too_guessable", refusal);
        chosen.await?.map_err(refused)
    }

    /// The hash of a password, whatever it is. Fails with [`Error::Unavailable`] when the queue is full.
    pub async fn hash(&self, password: SecretString) -> Result<String> {
        self.run(move |recipe, memory| recipe.hash(&normalised(&password), memory))
            .await
    }

    /// Whether `password` is the one behind `hash`. Without a hash the same work is done, and the answer is no.
    pub async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool> {
        self.run(move |recipe, memory| {
            let is_known = hash.is_some();
            let hash = hash.map_or_else(|| recipe.nobodys(), Ok)?;
            Ok(recipe.verify(&normalised(&password), &hash, memory)? && is_known)
        })
        .await
    }

    /// Whether a hash should be made anew once its password is at hand.
    pub fn is_outdated(&self, hash: &str) -> bool {
        self.recipe.is_outdated(hash)
    }

    /// How many passwords were hashed, or are about to be.
    pub fn taken(&self) -> u64 {
        self.taken.load(Relaxed)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Recipe, &mut Vec<Block>) -> Result<T, password_hash::Error> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let recipe = self.recipe.clone();
        let job = move |memory: &mut Vec<Block>| {
            if !reply.is_closed() {
                // The receiver may have gone meanwhile; then nobody waits for the answer.
                let _ = reply.send(work(&recipe, memory));
            }
        };
        self.jobs
            .try_send(Box::new(job))
            .map_err(|_full| Error::Unavailable("password hashing", None))?;
        self.taken.fetch_add(1, Relaxed);
        let done = answer.await.map_err(Error::internal)?;
        done.map_err(|error| Error::internal(error.to_string()))
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

/// One thread: its memory is allocated once.
fn serve(jobs: &Mutex<Receiver<Job>>) {
    let mut memory = Vec::new();
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else {
            return;
        };
        job(&mut memory);
    }
}

//! Answers to reads from the cache. A hit costs no statement and no serialization.
use std::marker::PhantomData;

use kernel::session;

use super::{Answer, Reply};
use crate::{call::Call, problem::Problem};

impl session::Answer for Reply<()> {
    fn bytes(&self) -> usize {
        let headers = self.headers.iter().map(|(_, value)| value.len());
        self.size() + headers.sum::<usize>() + size_of::<Self>()
    }
}

impl<A> Reply<A> {
    fn of<B>(other: Reply<B>) -> Self {
        Self {
            status: other.status,
            headers: other.headers,
            tag: other.tag,
            body: other.body,
            rows: other.rows,
            kind: PhantomData,
        }
    }
}

impl<B, Q> Call<B, Q> {
    /// Answers as `read` does, or with an earlier answer to the same path and query of this caller: see
    /// [`Session::cached`](kernel::Session::cached). `read` must depend on no other part of the request.
    pub async fn cached<A>(&self, read: impl AsyncFnOnce() -> Answer<A>) -> Answer<A> {
        // The future of a read is large, and each future around it would move it.
        let Some(target) = &self.cached_as else {
            return Box::pin(read()).await;
        };
        let read = async || Ok::<_, Problem>(Reply::<()>::of(read().await?));
        let reply = self.session.cached(target, read).await?;
        Ok(Reply::of(Reply::clone(&reply)))
    }
}

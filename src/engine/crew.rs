//! Workers on threads of their own, each with a runtime of its own.
//!
//! What a worker does between two reads of its sockets (decoding, encoding, compressing) is what it spends its time with; on a runtime
//! that is shared by threads, every few kilobytes from a server would wake another one. While a worker computes, its server goes on
//! sending into the socket's buffers.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::task::{JoinError, spawn_blocking};

use crate::error::{Error, ErrorKind, Result};

/// What there is to do, shared by the workers; whatever stands first is taken first.
pub(super) struct Queue<T>(Mutex<VecDeque<T>>);

impl<T> Queue<T> {
    /// Lines up what there is to do.
    pub(super) fn new(all: impl IntoIterator<Item = T>) -> Self {
        Self(Mutex::new(all.into_iter().collect()))
    }

    /// Takes what is next; `None` once there is nothing left.
    pub(super) fn take(&self) -> Option<T> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Returns how much there is left.
    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Runs so many workers and gathers what they found. When one fails, the others are stopped where they wait next, and its error is
/// the answer.
///
/// Cancel safety: dropped, it stops all workers where they wait next.
pub(super) async fn gather<T, W, F>(count: usize, work: W) -> Result<Vec<T>>
where
    T: Send + 'static,
    W: Fn() -> F + Clone + Send + 'static,
    F: Future<Output = Result<T>>,
{
    let (dismissal, _) = watch::channel(());
    let employ = |_| {
        let (work, mut dismissed) = (work.clone(), dismissal.subscribe());
        spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| Error::new(ErrorKind::Storage, "start a worker").because(error))?;
            runtime.block_on(async {
                tokio::select! {
                    found = work() => found,
                    _ = dismissed.changed() => Err(Error::new(ErrorKind::Interrupted, "work").because("another worker failed")),
                }
            })
        })
    };
    let mut workers: FuturesUnordered<_> = (0..count).map(employ).collect();
    let (mut found, mut failure) = (Vec::new(), None);
    while let Some(done) = workers.next().await {
        match joined(done) {
            Ok(result) => found.push(result),
            Err(error) => {
                // Nobody listens any more once the last worker has ended.
                let _ = dismissal.send(());
                failure.get_or_insert(error);
            }
        }
    }
    failure.map_or(Ok(found), Err)
}

/// Unwraps a worker's result; a worker that panicked is an error like any other.
fn joined<T>(result: std::result::Result<Result<T>, JoinError>) -> Result<T> {
    result.unwrap_or_else(|error| {
        Err(if error.is_cancelled() {
            Error::new(ErrorKind::Interrupted, "stop a worker").because(error)
        } else {
            Error::new(ErrorKind::Storage, "run a worker").because(error)
        })
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn everybody_works_and_everything_is_gathered() {
        let next = Arc::new(AtomicUsize::new(0));
        let mut found = gather(3, move || {
            let number = next.fetch_add(1, Ordering::Relaxed);
            async move { Ok(number) }
        })
        .await
        .unwrap();
        found.sort_unstable();
        assert_eq!(found, [0, 1, 2]);
    }

    #[tokio::test]
    async fn one_that_fails_stops_those_that_wait() {
        let next = Arc::new(AtomicUsize::new(0));
        let work = move || {
            let number = next.fetch_add(1, Ordering::Relaxed);
            async move {
                if number == 1 {
                    return Err(Error::new(ErrorKind::Connect, "work"));
                }
                std::future::pending().await
            }
        };
        assert_eq!(gather::<(), _, _>(3, work).await.unwrap_err().kind(), ErrorKind::Connect);
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let work = || async { if true { panic!("on purpose") } else { Ok(()) } };
        assert_eq!(gather(1, work).await.unwrap_err().kind(), ErrorKind::Storage);
    }
}

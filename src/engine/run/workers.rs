//! Workers on threads of their own, each with a runtime of its own.
//!
//! What a worker does between two reads of its sockets (decoding, encoding, compressing) is what it spends its time with; on a
//! runtime that is shared by threads, every few kilobytes from a server would wake another one. While a worker computes, its
//! server goes on loading into the socket's buffers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::watch;
use tokio::task::{JoinError, spawn_blocking};

use crate::error::{Error, ErrorKind, Result};
use crate::pg::farewell;

/// What there is to do, shared by the workers; whatever stands first is taken first.
pub(crate) struct Queue<T>(Mutex<VecDeque<T>>);

impl<T> Queue<T> {
    /// Takes what is next; `None` once there is nothing left.
    pub(crate) fn take(&self) -> Option<T> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Has chunks of work done by as many workers as there are jobs, or chunks if those are fewer, but at least one, and gathers
/// what each worker found. When one fails, the others are stopped where they wait next, and its error is the answer.
///
/// Cancel safety: dropped, it stops all workers where they wait next.
pub(crate) async fn gather<P, T, W, F>(jobs: usize, chunks: Vec<P>, work: W) -> Result<Vec<T>>
where
    P: Send + 'static,
    T: Send + 'static,
    W: Fn(Arc<Queue<P>>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<T>>,
{
    let workers = jobs.clamp(1, chunks.len().max(1));
    let queue = Arc::new(Queue(Mutex::new(chunks.into())));
    let (cancel, _) = watch::channel(());
    let spawn = |_| {
        let (work, queue, mut cancelled) = (work.clone(), Arc::clone(&queue), cancel.subscribe());
        spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| Error::new(ErrorKind::Storage, "start a worker").because(error))?;
            let done = runtime.block_on(async {
                tokio::select! {
                    found = work(queue) => found,
                    _ = cancelled.changed() => Err(Error::new(ErrorKind::Interrupted, "work").because("another worker failed")),
                }
            });
            runtime.block_on(farewell());
            done
        })
    };
    let mut workers: FuturesUnordered<_> = (0..workers).map(spawn).collect();
    let (mut found, mut failure) = (Vec::new(), None);
    while let Some(done) = workers.next().await {
        match joined(done) {
            Ok(result) => found.push(result),
            Err(error) => {
                // Nobody listens any more once the last worker has ended.
                let _ = cancel.send(());
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
    use super::*;

    #[tokio::test]
    async fn every_piece_is_done_once_and_everything_is_gathered() {
        for jobs in [0, 1, 3, 20] {
            let work = |queue: Arc<Queue<u32>>| async move { Ok(std::iter::from_fn(|| queue.take()).collect::<Vec<_>>()) };
            let mut found = gather(jobs, (0..10).collect(), work).await.unwrap().concat();
            found.sort_unstable();
            assert_eq!(found, (0..10).collect::<Vec<_>>());
        }
        let nobody = gather(4, Vec::<u32>::new(), |queue| async move { Ok(queue.take()) }).await.unwrap();
        assert_eq!(nobody, [None], "one worker looks, and finds nothing to do");
    }

    #[tokio::test]
    async fn one_that_fails_stops_those_that_wait() {
        let work = |queue: Arc<Queue<u32>>| async move {
            if queue.take() == Some(1) {
                return Err(Error::new(ErrorKind::Connect, "work"));
            }
            std::future::pending::<Result<()>>().await
        };
        assert_eq!(gather(3, vec![0, 1, 2], work).await.unwrap_err().kind(), ErrorKind::Connect);
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let work = |_| async { if true { panic!("on purpose") } else { Ok(()) } };
        assert_eq!(gather(1, vec![0], work).await.unwrap_err().kind(), ErrorKind::Storage);
    }
}

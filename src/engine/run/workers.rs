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
use tracing::{Instrument as _, Span};

use super::progress::Event;
use super::reporter::Reporter;
use super::spans;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::{farewell, sqlstate};
use crate::staging::Chunk;

/// How often a chunk is tried while connections break.
const TRIES: u32 = 3;

/// What a step does with its chunks.
pub(crate) trait Work: Send + Sync + 'static {
    /// What a worker holds while it works: its connections, inside the step's snapshots.
    type State;
    /// What a chunk leads to.
    type Found: Send + 'static;
    /// What a user does once a snapshot is lost, and with it what the step has seen so far.
    const AFTER_LOSS: &'static str;

    /// Opens what a worker needs.
    fn open(&self) -> impl Future<Output = Result<Self::State>>;

    /// Does one chunk and tells `reporter` of its rows. Done twice, it gives the same and leaves the same files.
    fn perform(&self, reporter: &Reporter, state: &Self::State, chunk: &Chunk) -> impl Future<Output = Result<Self::Found>>;

    /// Returns how many rows a chunk led to, for the log.
    fn rows(found: &Self::Found) -> u64;

    /// Returns the table of a chunk, for people.
    fn place(&self, chunk: &Chunk) -> String;

    /// Checks that the snapshots still live that every worker joins: under them the same chunk gives the same again.
    fn check_snapshots(&self) -> impl Future<Output = Result<()>>;

    /// Decides what becomes of a chunk that failed, other than by a connection.
    fn failed(&self, _chunk: &Chunk, error: Error) -> Failed<Self::Found> {
        Failed::Stop(error)
    }
}

/// What becomes of a chunk that failed.
pub(crate) enum Failed<F> {
    /// The whole step fails.
    Stop(Error),
    /// It is done in another way. The error is what failed.
    Again(Box<Chunk>, Error),
    /// That it failed is what it leads to. The error is what failed.
    Found(F, Error),
}

/// Has chunks done, the largest first, by as many workers as there are jobs; gives what each led to. A worker whose connection
/// breaks opens it again while the snapshots live; any other failure stops all workers and is the answer.
///
/// Cancel safety: dropped, it stops all workers where they wait next.
pub(crate) async fn run<W: Work>(
    reporter: &Reporter,
    jobs: usize,
    mut chunks: Vec<Chunk>,
    work: W,
) -> Result<Vec<(Chunk, W::Found)>> {
    chunks.sort_by_key(|chunk| std::cmp::Reverse(chunk.weight));
    let (work, reporter) = (Arc::new(work), reporter.clone());
    let worker = move |queue: Arc<Queue<Chunk>>| {
        let (work, reporter) = (Arc::clone(&work), reporter.clone());
        async move { worker(&reporter, work.as_ref(), &queue).await }
    };
    Ok(gather(jobs, chunks, worker).await?.into_iter().flatten().collect())
}

/// Does one chunk after the other until none is left.
async fn worker<W: Work>(reporter: &Reporter, work: &W, queue: &Queue<Chunk>) -> Result<Vec<(Chunk, W::Found)>> {
    let mut state = work.open().await?;
    let mut done = Vec::new();
    while let Some(mut chunk) = queue.take() {
        let span = spans::chunk(&work.place(&chunk), &chunk);
        let found = persist(reporter, work, &mut state, &mut chunk).instrument(span).await;
        done.push((chunk.clone(), found.map_err(|error| error.at(work.place(&chunk)))?));
    }
    Ok(done)
}

/// Does one chunk, again where that can help.
async fn persist<W: Work>(reporter: &Reporter, work: &W, state: &mut W::State, chunk: &mut Chunk) -> Result<W::Found> {
    let mut tries = 1;
    loop {
        reporter.check_stop()?;
        let attempt = reporter.attempt();
        let error = match work.perform(&attempt, state, chunk).await {
            Ok(found) => {
                spans::tell_rows(W::rows(&found));
                return Ok(found);
            }
            Err(error) => error,
        };
        attempt.take_back();
        if error.kind() == ErrorKind::Connect && tries < TRIES {
            tries += 1;
            spans::tell_failure(&error, "again on a new connection");
            *state = reopen(reporter, work, error).await?;
            continue;
        }
        match work.failed(chunk, error) {
            Failed::Stop(error) => {
                spans::tell_failure(&error, "the step ends");
                return Err(error);
            }
            Failed::Again(other, error) => {
                spans::tell_failure(&error, "again in another way");
                *chunk = *other;
                *state = reopen(reporter, work, error).await?;
            }
            Failed::Found(found, error) => {
                spans::tell_failure(&error, "that is what was found");
                *state = reopen(reporter, work, error).await?;
                return Ok(found);
            }
        }
    }
}

/// Opens the connections again, if the snapshots still live; else gives back what broke them.
async fn reopen<W: Work>(reporter: &Reporter, work: &W, broken: Error) -> Result<W::State> {
    if work.check_snapshots().await.is_err() {
        return Err(broken.next(format!("the snapshot is lost with the server's connection: {}", W::AFTER_LOSS)));
    }
    // Without the error's places, which may name a row by its key.
    let state = sqlstate(&broken).map_or_else(String::new, |state| format!(": {state}"));
    reporter.tell(Event::Note(format!("the connections are opened again: {}{state}", broken.what())));
    work.open().await.map_err(|_| broken)
}

/// What there is to do, shared by the workers; whatever stands first is taken first.
struct Queue<T>(Mutex<VecDeque<T>>);

impl<T> Queue<T> {
    /// Takes what is next; `None` once there is nothing left.
    fn take(&self) -> Option<T> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Has chunks of work done by as many workers as there are jobs, or chunks if those are fewer, but at least one, and gathers
/// what each worker found. When one fails, the others are stopped where they wait next, and its error is the answer.
///
/// Cancel safety: dropped, it stops all workers where they wait next.
async fn gather<P, T, W, F>(jobs: usize, chunks: Vec<P>, work: W) -> Result<Vec<T>>
where
    P: Send + 'static,
    T: Send + 'static,
    W: Fn(Arc<Queue<P>>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<T>>,
{
    let workers = jobs.clamp(1, chunks.len().max(1));
    let queue = Arc::new(Queue(Mutex::new(chunks.into())));
    let (cancel, _) = watch::channel(());
    let step = Span::current();
    let spawn = |_| {
        let (work, queue, mut cancelled) = (work.clone(), Arc::clone(&queue), cancel.subscribe());
        let step = step.clone();
        spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.map_err(|error| Error::new(ErrorKind::Storage, "start a worker").because(error))?;
            let done = async {
                tokio::select! {
                    found = work(queue) => found,
                    _ = cancelled.changed() => Err(Error::new(ErrorKind::Interrupted, "work").because("another worker failed")),
                }
            };
            let done = runtime.block_on(done.instrument(step));
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
            crate::defect::error("run a worker")
        })
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

    use super::super::progress::{Progress, Silent};
    use super::super::stop::Stop;
    use super::*;
    use crate::staging::Task;
    use crate::staging::layout::TableId;

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
        assert_eq!(gather(1, vec![0], work).await.unwrap_err().kind(), ErrorKind::Defect);
    }

    /// Work whose chunks do what their numbers say.
    #[derive(Default)]
    struct Script {
        /// How often connections were opened.
        opened: AtomicU32,
        /// How often a chunk was tried, in all.
        tried: AtomicU32,
        /// Weights in the order in which they were done.
        order: Mutex<Vec<u64>>,
        snapshots_are_lost: bool,
    }

    const BREAKS_ONCE: u32 = 1;
    const BREAKS_ALWAYS: u32 = 2;
    const FAILS_UNTIL_CHANGED: u32 = 3;
    const FAILS: u32 = 4;

    impl Work for Arc<Script> {
        type State = u32;
        type Found = &'static str;
        const AFTER_LOSS: &'static str = "begin again";

        async fn open(&self) -> Result<u32> {
            Ok(self.opened.fetch_add(1, Ordering::Relaxed))
        }

        async fn perform(&self, reporter: &Reporter, state: &u32, chunk: &Chunk) -> Result<&'static str> {
            reporter.tell_rows("shop", &chunk.table, 10, 0);
            self.tried.fetch_add(1, Ordering::Relaxed);
            self.order.lock().unwrap().push(chunk.weight);
            match chunk.number {
                BREAKS_ONCE if *state == 0 => Err(Error::new(ErrorKind::Connect, "work")),
                BREAKS_ALWAYS => Err(Error::new(ErrorKind::Connect, "work")),
                FAILS | FAILS_UNTIL_CHANGED => Err(Error::new(ErrorKind::Server, "work")),
                _ => Ok("done"),
            }
        }

        fn rows(_found: &&'static str) -> u64 {
            0
        }

        fn place(&self, chunk: &Chunk) -> String {
            format!("place {}", chunk.table)
        }

        async fn check_snapshots(&self) -> Result<()> {
            if self.snapshots_are_lost { Err(Error::new(ErrorKind::Connect, "check")) } else { Ok(()) }
        }

        fn failed(&self, chunk: &Chunk, error: Error) -> Failed<&'static str> {
            match chunk.number {
                FAILS_UNTIL_CHANGED => Failed::Again(Box::new(Chunk { number: 0, ..chunk.clone() }), error),
                FAILS => Failed::Found("failed", error),
                _ => Failed::Stop(error),
            }
        }
    }

    fn chunk(number: u32, weight: u64) -> Chunk {
        let task = Task::Compare { segment: String::new() };
        Chunk { database: "shop".to_owned(), table: TableId::nth(0), number, weight, task }
    }

    async fn run_script(script: Script, chunks: Vec<Chunk>) -> (Arc<Script>, Result<Vec<(Chunk, &'static str)>>) {
        let (script, reporter) = (Arc::new(script), Reporter::new(Arc::new(Silent), Stop::default()));
        let found = run(&reporter, 1, chunks, Arc::clone(&script)).await;
        (script, found)
    }

    /// Rows as they are counted.
    #[derive(Default)]
    struct Count(AtomicU64);

    impl Progress for Count {
        fn event(&self, event: Event) {
            match event {
                Event::Rows { rows, .. } => self.0.fetch_add(rows, Ordering::Relaxed),
                Event::Again { rows, .. } => self.0.fetch_sub(rows, Ordering::Relaxed),
                _ => 0,
            };
        }
    }

    #[tokio::test]
    async fn rows_of_a_chunk_that_is_done_again_count_once() {
        let count = Arc::new(Count::default());
        let reporter = Reporter::new(Arc::<Count>::clone(&count), Stop::default());
        let chunks = vec![chunk(BREAKS_ONCE, 3), chunk(FAILS_UNTIL_CHANGED, 2), chunk(0, 1)];
        let done = run(&reporter, 1, chunks, Arc::new(Script::default())).await.unwrap();
        assert_eq!((done.len(), count.0.load(Ordering::Relaxed)), (3, 30));
    }

    #[tokio::test]
    async fn the_largest_come_first() {
        let (script, found) = run_script(Script::default(), vec![chunk(0, 1), chunk(0, 9), chunk(0, 5)]).await;
        assert_eq!(found.unwrap().len(), 3);
        assert_eq!(*script.order.lock().unwrap(), [9, 5, 1]);
        assert_eq!(script.opened.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn connections_that_break_are_opened_again_a_few_times() {
        let (script, found) = run_script(Script::default(), vec![chunk(BREAKS_ONCE, 0)]).await;
        assert_eq!((found.unwrap()[0].1, script.opened.load(Ordering::Relaxed)), ("done", 2));
        let (script, found) = run_script(Script::default(), vec![chunk(BREAKS_ALWAYS, 0)]).await;
        let error = found.unwrap_err();
        assert_eq!((error.kind(), error.places()), (ErrorKind::Connect, &["place t0001".to_owned()][..]));
        assert_eq!(script.tried.load(Ordering::Relaxed), TRIES);
    }

    #[tokio::test]
    async fn without_the_snapshots_nothing_is_tried_again() {
        let script = Script { snapshots_are_lost: true, ..Script::default() };
        let (script, found) = run_script(script, vec![chunk(BREAKS_ONCE, 0)]).await;
        assert!(found.unwrap_err().hints()[0].ends_with("begin again"));
        assert_eq!(script.tried.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_step_may_go_on_after_a_failure_of_its_own() {
        let (script, found) = run_script(Script::default(), vec![chunk(FAILS, 2), chunk(FAILS_UNTIL_CHANGED, 1)]).await;
        let found: Vec<_> = found.unwrap().into_iter().map(|(chunk, found)| (chunk.number, found)).collect();
        assert_eq!(found, [(FAILS, "failed"), (0, "done")]);
        assert_eq!(script.opened.load(Ordering::Relaxed), 3, "a transaction that failed takes no more statements");
    }
}

//! What takes long where there are many rows, done beside the screen by a thread with files of its own: counting a table's
//! rows, and what decisions come to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::config::Mask;
use crate::engine::{Kinds, Met, Review, Tally};
use crate::error::Result;
use crate::policy::Decisions;
use crate::store::LocalStore;

/// What is to be done.
pub(super) enum Job {
    /// Say of each row of a table what it is.
    Count { database: String, table: String },
    /// Say what decisions come to.
    Tally(Arc<Decisions>, Arc<Met>),
}

/// What has been done of the job with a ticket.
pub(super) struct Done {
    pub(super) ticket: u64,
    pub(super) what: What,
}

/// What has been done.
pub(super) enum What {
    /// So many rows are counted so far.
    Counting(u64),
    Counted(Box<Kinds>),
    Tallied(Box<Tally>),
    Failed(String),
}

/// A thread that does one job after the other; one that a newer has replaced is left.
pub(super) struct Clerk {
    jobs: Sender<(u64, Job)>,
    done: Receiver<Done>,
    newest: Arc<AtomicU64>,
}

impl Clerk {
    /// Begins. The thread ends with the program: it holds nothing that anybody waits for.
    pub(super) fn begin(store: LocalStore, mask: Mask) -> Self {
        let (jobs, todo) = channel::<(u64, Job)>();
        let (tell, done) = channel();
        let newest = Arc::new(AtomicU64::new(0));
        let wanted = Arc::clone(&newest);
        thread::spawn(move || {
            for (ticket, job) in todo {
                if wanted.load(Ordering::Relaxed) != ticket {
                    continue;
                }
                let heed = |rows| {
                    let _ = tell.send(Done { ticket, what: What::Counting(rows) });
                    wanted.load(Ordering::Relaxed) == ticket
                };
                let what = match work(&store, &mask, job, heed) {
                    Ok(Some(what)) => what,
                    Ok(None) => continue,
                    Err(error) => What::Failed(super::told::told(&error)),
                };
                if tell.send(Done { ticket, what }).is_err() {
                    return;
                }
            }
        });
        Self { jobs, done, newest }
    }

    /// Hands a job over, in place of the one before; returns its ticket.
    pub(super) fn hand(&self, job: Job) -> u64 {
        let ticket = self.newest.fetch_add(1, Ordering::Relaxed) + 1;
        // A thread that has gone answers nothing, and what it was asked stays unknown.
        let _ = self.jobs.send((ticket, job));
        ticket
    }

    /// Returns what has been done since, of the newest job alone.
    pub(super) fn news(&self) -> Vec<What> {
        let newest = self.newest.load(Ordering::Relaxed);
        self.done.try_iter().filter(|done| done.ticket == newest).map(|done| done.what).collect()
    }
}

fn work(store: &LocalStore, mask: &Mask, job: Job, mut heed: impl FnMut(u64) -> bool) -> Result<Option<What>> {
    let review = Review::open(store, mask)?;
    Ok(match job {
        Job::Count { database, table } => {
            let kinds = review.open_table(&database, &table)?.kinds(&mut heed)?;
            kinds.map(|kinds| What::Counted(Box::new(kinds)))
        }
        Job::Tally(decisions, met) => Some(What::Tallied(Box::new(review.tally(&decisions, &met)?))),
    })
}

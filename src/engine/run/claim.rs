//! The claim to one environment: while a process carries out steps of a rollback there, no other does, on whatever machine it
//! runs. It is an advisory lock on OLD, which the server gives back as soon as the session ends, however that comes about.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::ledger::holder_of;
use super::servers::Servers;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::pg::Session;

const CLAIM: &str = include_str!("../../../sql/session/claim.sql");

/// Locks are a database's own, so that all who make the claim have to make it in the same one.
const MAINTENANCE: &str = "postgres";

/// How long an OLD that did not answer is left alone.
const REST: Duration = Duration::from_mins(1);

/// A claim to one environment on one OLD.
pub struct Claim {
    environment: String,
    servers: Servers,
    made: Mutex<Made>,
}

/// What came of it so far.
enum Made {
    Never,
    Stands(Box<Session>),
    Unanswered(Instant),
}

impl Claim {
    /// Takes the environment's name and the servers. Nothing is asked before [`Claim::hold`].
    #[must_use]
    pub fn new(environment: &str, servers: Servers) -> Self {
        Self { environment: environment.to_owned(), servers, made: Mutex::new(Made::Never) }
    }

    /// Makes the claim, or makes sure that it still stands. Returns why OLD could not be asked, once for each time that it was
    /// tried. Dropping the claim gives it back.
    ///
    /// # Errors
    /// `Refused` where somebody else has it, `Interrupted` where the user wants to stop.
    pub async fn hold(&self) -> Result<Option<String>> {
        let mut made = self.made.lock().await;
        match &*made {
            Made::Stands(session) if self.take(session).await.unwrap_or(false) => return Ok(None),
            Made::Unanswered(since) if since.elapsed() < REST => return Ok(None),
            _ => *made = Made::Never,
        }
        let asked = async {
            let session = self.session().await?;
            self.take(&session).await.map(|taken| (session, taken))
        };
        match asked.await {
            Ok((session, true)) => {
                *made = Made::Stands(Box::new(session));
                Ok(None)
            }
            Ok((session, false)) => Err(self.taken_by_another(&session).await),
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err(error) => {
                *made = Made::Unanswered(Instant::now());
                Ok(Some(error.causes().join(": ")))
            }
        }
    }

    /// A session with the database that every server has; where it takes none of ours, with the one that is configured.
    async fn session(&self) -> Result<Session> {
        match self.servers.connect(Side::Old, MAINTENANCE).await {
            Err(error) if !matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::Connect | ErrorKind::Timeout) => {
                self.servers.connect(Side::Old, self.servers.endpoint(Side::Old).database()).await
            }
            reached => reached,
        }
    }

    async fn take(&self, session: &Session) -> Result<bool> {
        Ok(session.query(CLAIM, &[&self.number()]).await?.first().is_some_and(|row| row.get(0)))
    }

    async fn taken_by_another(&self, session: &Session) -> Error {
        let holder = holder_of(session, self.number()).await.ok().flatten().map_or_else(String::new, |who| format!(": {who}"));
        Error::new(ErrorKind::Refused, "carry out steps of a rollback")
            .at(session.place())
            .because(format!("another failback carries out a rollback of {}{holder}", self.environment))
            .next("wait until it stops, or stop it: it may run on another machine, with a folder of runs of its own")
    }

    /// The lock's number: the first eight bytes of a digest of the environment's name and the database that is configured,
    /// since several estates with environments of one name may live on one server.
    fn number(&self) -> i64 {
        let database = self.servers.endpoint(Side::Old).database();
        let digest = blake3::hash(format!("failback rollback {} {database}", self.environment).as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&digest.as_bytes()[..8]);
        i64::from_be_bytes(first)
    }
}

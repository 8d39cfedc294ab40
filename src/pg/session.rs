//! One connection to one database, with the settings that failback depends on.
//!
//! Comes in: an [`Endpoint`]. Goes out: a [`Session`] on which statements and COPY run.
//! A task owns the socket; when the session is dropped, the task says good-bye to the server and ends.
//! Never: retries; never begins or ends a transaction on its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::ToSql;
use tokio_postgres::{CancelToken, Client, NoTls, Row};
use tokio_postgres_rustls_improved::MakeRustlsConnect;
use tracing::{Instrument as _, Span, debug_span};

use super::connect::{self, Connected};
use super::copy::{CopyIn, CopyOut};
use super::copy_demux::CopyDemux;
use super::endpoint::Endpoint;
use super::hosts::Host;
use super::line::Line;
use super::socket::{self, Socket};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;

/// A connection whose settings are pinned: UTF-8 (bytes as they are where the database is in `SQL_ASCII`), UTC, ISO dates,
/// exact floats, empty `search_path`, no time limits, no row security (a policy that would hide rows is an error instead).
pub struct Session {
    client: Client,
    endpoint: Endpoint,
    line: Arc<Line>,
    connector: Option<MakeRustlsConnect>,
    host: Host,
    demux: Arc<CopyDemux>,
    encoding: String,
    in_recovery: bool,
    task: JoinHandle<()>,
}

impl Session {
    /// Connects and pins the settings. Servers are tried in the order in which the endpoint lists them.
    ///
    /// # Errors
    /// `Connect` if no server can be reached, has the database, or offers the TLS that is asked for; `Permission` if the user
    /// or password is refused; `Config` if a certificate file is at fault; `Refused` if the server is older than PostgreSQL 13.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self> {
        let Connected { client, connector, host, line, demux, encoding, in_recovery, task } =
            connect::connect(endpoint).await?;
        Ok(Self { client, endpoint: endpoint.clone(), line, connector, host, demux, encoding, in_recovery, task })
    }

    /// Returns the side.
    #[must_use]
    pub fn side(&self) -> Side {
        self.endpoint.side()
    }

    /// Returns the endpoint that the session was opened on.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns where the session is, as errors name it: side, user, the one server of the endpoint that answered, database.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.line.place
    }

    /// Returns whether the server converts text between its own encoding and UTF-8, so that its order of bytes is another, and
    /// some characters have no equivalent. Bytes of `SQL_ASCII` are sent as they are.
    #[must_use]
    pub fn converts_text(&self) -> bool {
        !matches!(self.encoding.as_str(), "UTF8" | "SQL_ASCII")
    }

    /// Returns whether the server was a standby when the session was opened.
    #[must_use]
    pub const fn is_on_standby(&self) -> bool {
        self.in_recovery
    }

    /// Returns the driver's client, for what is not wrapped here. Turn its errors into ours with [`Session::fault`].
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns whether the connection is known to be gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Turns a driver's error into one of ours. `what` is verb and object.
    #[must_use]
    pub fn fault(&self, what: &str, error: tokio_postgres::Error) -> Error {
        self.line.fault(what, error)
    }

    /// Runs statements that return nothing, in one message; outside a transaction block they are one transaction.
    ///
    /// # Errors
    /// What the server said.
    pub async fn execute_all(&self, sql: &str) -> Result<()> {
        let done = self.client.batch_execute(sql).instrument(statement("run", sql)).await;
        done.map_err(|error| self.fault("run statements", error))
    }

    /// Runs one statement and returns the number of rows that it touched.
    ///
    /// # Errors
    /// What the server said.
    pub async fn execute(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        let done = self.client.execute(sql, parameters).instrument(statement("execute", sql)).await;
        done.map_err(|error| self.fault("run a statement", error))
    }

    /// Runs one query and returns its rows. Memory: all of them.
    ///
    /// # Errors
    /// What the server said.
    pub async fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>> {
        let done = self.client.query(sql, parameters).instrument(statement("query", sql)).await;
        done.map_err(|error| self.fault("run a query", error))
    }

    /// Starts `COPY … TO STDOUT`, one at a time.
    ///
    /// # Errors
    /// What the server said about the statement; `Refused` while another COPY's rows come.
    pub async fn copy_out(&self, sql: &str) -> Result<CopyOut> {
        if self.demux.is_given_up() {
            // Answers come in order: behind this one there is nothing left of the COPY that was given up.
            self.execute_all("").await?;
        }
        let Some(taking) = self.demux.take() else {
            return Err(Error::new(ErrorKind::Refused, "copy rows out")
                .at(self.place())
                .because("another COPY runs on this connection"));
        };
        let started = self.client.copy_out(sql).instrument(statement("copy_out", sql)).await;
        let stream = started.map_err(|error| self.fault("copy rows out", error))?;
        Ok(CopyOut::new(stream, taking, Arc::clone(&self.line)))
    }

    /// Starts `COPY … FROM STDIN`.
    ///
    /// # Errors
    /// What the server said about the statement.
    pub async fn copy_in(&self, sql: &str) -> Result<CopyIn> {
        let started = self.client.copy_in(sql).instrument(statement("copy_in", sql)).await;
        let sink = started.map_err(|error| self.fault("copy rows in", error))?;
        Ok(CopyIn::new(sink, Arc::clone(&self.line)))
    }

    /// Returns what another task needs to stop the statement that runs here.
    #[must_use]
    pub fn cancel_token(&self) -> Cancel {
        Cancel {
            token: self.client.cancel_token(),
            endpoint: self.endpoint.clone(),
            host: self.host.clone(),
            connector: self.connector.clone(),
            line: Arc::clone(&self.line),
        }
    }

    /// Says good-bye and waits until the socket is closed. Dropping a session does the same without waiting; see [`farewell`].
    pub async fn close(self) {
        drop(self.client);
        // The task ends with the socket; how it ended no longer matters.
        let _ = self.task.await;
    }
}

/// The span of a statement. Its text may hold values; what is told is how it is sent, and the first line of the comment with
/// which a statement of `sql/` begins.
fn statement(how: &'static str, sql: &str) -> Span {
    debug_span!("statement", how, says = sql.lines().next().and_then(|line| line.strip_prefix("-- ")))
}

/// How long a server may take to hear a good-bye.
const FAREWELL: Duration = Duration::from_millis(500);

/// Lets the sessions that were dropped on this runtime say good-bye before it ends: a server that finds a socket closed without
/// a word logs that. Waits until the runtime has no other task, or for half a second.
pub async fn farewell() {
    let metrics = Handle::current().metrics();
    let said = async {
        while metrics.num_alive_tasks() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    // A server that does not listen is left without.
    let _ = timeout(FAREWELL, said).await;
}

/// Stops whatever statement a session runs, from outside.
#[derive(Clone)]
pub struct Cancel {
    token: CancelToken,
    endpoint: Endpoint,
    host: Host,
    connector: Option<MakeRustlsConnect>,
    line: Arc<Line>,
}

impl Cancel {
    /// Asks the server to stop the statement; the session's own call then fails with `Timeout` (57014). Nothing happens if no
    /// statement runs.
    ///
    /// # Errors
    /// `Connect` if the server cannot be reached.
    pub async fn cancel(&self) -> Result<()> {
        let unreachable = |error: std::io::Error| {
            Error::new(ErrorKind::Connect, "cancel a statement").at(&self.line.place).because(error.to_string())
        };
        let socket = socket::open(&self.host, &self.endpoint.connect).await.map_err(unreachable)?;
        let sent = match self.connector.clone() {
            Some(mut connector) => {
                let made = MakeTlsConnect::<Socket>::make_tls_connect(&mut connector, &self.host.name);
                let tls = made.map_err(|error| Error::new(ErrorKind::Config, "cancel a statement").because(error))?;
                self.token.cancel_query_raw(socket, tls).await
            }
            None => self.token.cancel_query_raw(socket, NoTls).await,
        };
        sent.map_err(|error| self.line.fault("cancel a statement", error))
    }
}

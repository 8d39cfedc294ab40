//! Opening a connection: which server, with or without TLS, and whether the one that answers will do.
//!
//! Comes in: an endpoint. Goes out: a client with pinned settings, and the task that owns its socket.
//! Never: falls back to less than the sslmode allows, or to another server after the password was refused.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, Connection, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls_improved::MakeRustlsConnect;
use tracing::{Instrument as _, info_span, warn};

use super::copy_demux::{CopyDemux, DemuxedStream, DivertedTls};

use super::connect_error;
use super::endpoint::Endpoint;
use super::fault::sqlstate;
use super::first_query::first_query;
use super::hosts::{Host, SessionAttrs};
use super::line::Line;
use super::password::Password;
use super::pooler;
use super::socket::{self, Socket};
use super::tls::Mode;
use crate::error::{Error, ErrorKind, Result};

const PIN: &str = include_str!("../../sql/session/pin.sql");

/// The oldest major version whose catalogs and COPY formats the rooms above know.
const OLDEST_VERSION: u32 = 13;

/// An open connection.
pub(super) struct Connected {
    pub(super) client: Client,
    /// The connector, if TLS may be spoken; cancelling needs it again.
    pub(super) connector: Option<MakeRustlsConnect>,
    /// The server that answered.
    pub(super) host: Host,
    pub(super) line: Arc<Line>,
    /// Where the rows of a COPY go.
    pub(super) demux: Arc<CopyDemux>,
    /// The database's encoding, as "UTF8".
    pub(super) encoding: String,
    /// Whether the server is a standby.
    pub(super) in_recovery: bool,
    pub(super) task: JoinHandle<()>,
}

/// Tries the endpoint's servers in turn.
pub(super) async fn connect(endpoint: &Endpoint) -> Result<Connected> {
    match endpoint.connect.wanted {
        SessionAttrs::PreferStandby => match connect_any(endpoint, SessionAttrs::Standby).await {
            Err(error) if error.kind() != ErrorKind::Permission => connect_any(endpoint, SessionAttrs::Any).await,
            done => done,
        },
        wanted => connect_any(endpoint, wanted).await,
    }
}

async fn connect_any(endpoint: &Endpoint, wanted: SessionAttrs) -> Result<Connected> {
    let mut failed: Vec<(&Host, Error)> = Vec::new();
    for host in &endpoint.hosts {
        let (side, database) = (endpoint.called().to_lowercase(), endpoint.database());
        let span = info_span!("connect", side, host = host.name, port = host.port, database);
        let connected = connect_one(endpoint, host, wanted).instrument(span.clone()).await;
        if let Err(error) = &connected {
            warn!(parent: &span, kind = error.kind().word(), sqlstate = sqlstate(error), "failed");
        }
        match connected {
            Ok(connected) => return Ok(connected),
            // As in libpq: a server that answers and refuses the user ends the search, or a typo would lock the user out of
            // all.
            Err(error) if error.kind() != ErrorKind::Connect => return Err(error.at(place(endpoint, host))),
            Err(error) => failed.push((host, error)),
        }
    }
    let Some((host, last)) = failed.pop() else {
        return Err(Error::new(ErrorKind::Config, "connect").at(endpoint.called()).because("the endpoint names no server"));
    };
    let told = last.at(place(endpoint, host));
    Err(failed.iter().fold(told, |told, (host, error)| {
        told.next(format!("{host} was tried before: {}", error.causes().first().map_or("no answer", String::as_str)))
    }))
}

fn place(endpoint: &Endpoint, host: &Host) -> String {
    format!("{} {}@{host}/{}", endpoint.called(), endpoint.user, endpoint.database())
}

async fn connect_one(endpoint: &Endpoint, host: &Host, wanted: SessionAttrs) -> Result<Connected> {
    let (password, source) = endpoint.password(host).await?;
    let attempt = Attempt { endpoint, host, password: password.as_ref() };
    let work = async {
        let opened = attempt.open().await?;
        // Before anything is set: the settings of a session that is shared would be everybody's.
        attempt.expect_own_session(&opened.connected).await?;
        Ok::<_, Failure>((pin(&opened.connected.client).await?, opened))
    };
    let done = match endpoint.connect.limit {
        Some(limit) => tokio::time::timeout(limit, work).await.map_err(|_| connect_error::too_slow(limit.as_secs()))?,
        None => work.await,
    };
    let (state, opened) = done.map_err(|failure| match failure {
        Failure::Driver(error) => connect_error::explain(endpoint, host, &source, error),
        Failure::Network(error) => connect_error::unreachable(host, &error),
        Failure::Ours(error) => error,
    })?;
    check_version(opened.version.as_deref())?;
    match wanted.objection(state.read_only, state.in_recovery) {
        Some(objection) => Err(Error::new(ErrorKind::Connect, "connect")
            .because(objection)
            .next("target_session_attrs decides which servers will do")),
        None => Ok(Connected { in_recovery: state.in_recovery, ..opened.connected }),
    }
}

/// What went wrong in an attempt: at the driver or on the way, which is explained later, or here.
enum Failure {
    Driver(tokio_postgres::Error),
    Network(std::io::Error),
    Ours(Error),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Driver(error)
    }
}

struct Opened {
    connected: Connected,
    version: Option<String>,
}

struct Attempt<'a> {
    endpoint: &'a Endpoint,
    host: &'a Host,
    password: Option<&'a Password>,
}

impl Attempt<'_> {
    /// Opens a connection as the sslmode says. `allow` and `prefer` try their second choice where libpq does: when TLS itself
    /// fails, or when the server's access rules have no place for the first choice (28000); never after a wrong password.
    async fn open(&self) -> Result<Opened, Failure> {
        let mode = if self.host.is_socket() { Mode::Disable } else { self.endpoint.tls.mode };
        let rules_it_out = |error: &tokio_postgres::Error| error.code().is_some_and(|code| code.code() == "28000");
        match mode {
            Mode::Disable => self.plain().await,
            Mode::Allow => match self.plain().await {
                Err(Failure::Driver(error)) if rules_it_out(&error) => self.tls(SslMode::Require).await,
                done => done,
            },
            Mode::Prefer => match self.tls(SslMode::Prefer).await {
                Err(Failure::Driver(error)) if rules_it_out(&error) || connect_error::is_tls(&error) => self.plain().await,
                done => done,
            },
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => self.tls(SslMode::Require).await,
        }
    }

    /// # Errors
    /// `Config` where a pooler gives other clients the session that serves this connection.
    async fn expect_own_session(&self, connected: &Connected) -> Result<(), Failure> {
        let first = pooler::backend(&connected.client).await?;
        let pool = place(self.endpoint, self.host);
        if (first.is_some() && first == connected.demux.backend()) || self.endpoint.session_pools.contains(&pool) {
            return Ok(());
        }
        let mut has_more = true;
        for _ in 0..pooler::ROUNDS {
            // Two questions, as a pool that takes turns may give every other one to the same process.
            let ours = [pooler::backend(&connected.client).await?, pooler::backend(&connected.client).await?];
            let other = if has_more { self.another_backend().await } else { None };
            has_more = other.is_some();
            if ours != [first; 2] || other.is_some_and(|other| other == first) {
                return Err(Failure::Ours(pooler::shares_sessions()));
            }
        }
        self.endpoint.session_pools.insert(pool);
        Ok(())
    }

    /// Asks through a second connection which process answers; `None` where none is to be had soon, as where a pool that keeps
    /// sessions for their clients has no more.
    async fn another_backend(&self) -> Option<Option<i32>> {
        let ask = async {
            let other = self.open().await.ok()?;
            pooler::backend(&other.connected.client).await.ok()
        };
        tokio::time::timeout(pooler::PATIENCE, ask).await.ok()?
    }

    async fn socket(&self) -> Result<Socket, Failure> {
        socket::open(self.host, &self.endpoint.connect).await.map_err(Failure::Network)
    }

    async fn plain(&self) -> Result<Opened, Failure> {
        let demux = Arc::<CopyDemux>::default();
        let stream = DemuxedStream::plain(self.socket().await?, Arc::clone(&demux), false);
        let (client, connection) = self.config(SslMode::Disable).connect_raw(stream, NoTls).await?;
        Ok(self.run(client, connection, None, demux))
    }

    async fn tls(&self, mode: SslMode) -> Result<Opened, Failure> {
        let mut connector = self.endpoint.tls.connector().map_err(Failure::Ours)?;
        let demux = Arc::<CopyDemux>::default();
        let stream = DemuxedStream::plain(self.socket().await?, Arc::clone(&demux), !self.endpoint.tls.direct);
        let connect = MakeTlsConnect::<DemuxedStream<Socket>>::make_tls_connect(&mut connector, &self.host.name);
        let tls = connect.map_err(|error| {
            Failure::Ours(Error::new(ErrorKind::Config, "connect").because(error).next("check the host's name"))
        })?;
        let tls = DivertedTls::new(tls, Arc::clone(&demux));
        let (client, connection) = self.config(mode).connect_raw(stream, tls).await?;
        Ok(self.run(client, connection, Some(connector), demux))
    }

    fn config(&self, mode: SslMode) -> Config {
        let connect = &self.endpoint.connect;
        let mut config = Config::new();
        config.user(&self.endpoint.user).dbname(self.endpoint.database()).application_name(&connect.application_name);
        if let Some(password) = self.password {
            config.password(password.reveal());
        }
        if let Some(options) = &connect.options {
            config.options(options);
        }
        let negotiation = if self.endpoint.tls.direct { SslNegotiation::Direct } else { SslNegotiation::Postgres };
        config.channel_binding(connect.channel_binding).ssl_mode(mode).ssl_negotiation(negotiation);
        config
    }

    /// Gives the socket to a task of its own.
    fn run<S>(
        &self,
        client: Client,
        mut connection: Connection<DemuxedStream<Socket>, S>,
        connector: Option<MakeRustlsConnect>,
        demux: Arc<CopyDemux>,
    ) -> Opened
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let version = connection.parameter("server_version").map(str::to_owned);
        let encoding = connection.parameter("server_encoding").unwrap_or("UTF8").to_owned();
        let line = Line::new(place(self.endpoint, self.host));
        let told = Arc::clone(&line);
        let task = tokio::spawn(async move {
            // By reference: the last words must be kept before the drop of `connection` wakes those who wait for answers.
            if let Err(error) = (&mut connection).await {
                told.keep_last_words(&error);
            }
            drop(connection);
        });
        let host = self.host.clone();
        Opened {
            // Whether it is a standby is asked once the connection is known to be our own.
            connected: Connected { client, connector, host, line, demux, encoding, in_recovery: false, task },
            version,
        }
    }
}

struct State {
    read_only: bool,
    in_recovery: bool,
}

/// Pins the settings.
async fn pin(client: &Client) -> Result<State, tokio_postgres::Error> {
    let messages = first_query(client, PIN).await?;
    let last = messages.iter().rev().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let is = |column, word| last.and_then(|row| row.try_get(column).ok().flatten()) == Some(word);
    Ok(State { read_only: is("read_only", "on"), in_recovery: is("in_recovery", "t") })
}

fn check_version(version: Option<&str>) -> Result<()> {
    let version = version.unwrap_or("nothing");
    let major: u32 = version.split(|c: char| !c.is_ascii_digit()).next().and_then(|major| major.parse().ok()).unwrap_or(0);
    if major >= OLDEST_VERSION {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Refused, "connect")
        .because(format!(
            "the server says that it is version {version}; failback works with PostgreSQL {OLDEST_VERSION} or newer"
        ))
        .next("upgrade the server, or check that the connection reaches PostgreSQL itself"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_before_13_are_refused() {
        for version in ["13.0", "15.4 (Debian 15.4-1)", "18beta1", "17"] {
            assert!(check_version(Some(version)).is_ok(), "{version}");
        }
        for version in [Some("12.22"), Some("9.6.24"), Some("unknown"), None] {
            assert_eq!(check_version(version).unwrap_err().kind(), ErrorKind::Refused, "{version:?}");
        }
    }
}

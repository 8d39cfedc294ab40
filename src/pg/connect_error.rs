//! Why no session could be opened, in words that say what to do.
//!
//! Comes in: the driver's error for one place. Goes out: an error of ours. All that a retry or a person at the network, the
//! certificates or the server can resolve is `Connect`; user, password and privilege are `Permission`.
//! Never: shows a password; it names the place the password came from.

use std::error::Error as StdError;

use rustls::{AlertDescription, CertificateError};
use tokio_postgres::error::DbError;

use super::endpoint::Endpoint;
use super::fault::{self, ServerFault};
use super::hosts::Host;
use super::password::Source;
use crate::error::{Error, ErrorKind};

const WHAT: &str = "connect";

/// Explains a failed attempt.
pub(super) fn explain(endpoint: &Endpoint, host: &Host, source: &Source, error: tokio_postgres::Error) -> Error {
    if let Some(db) = error.as_db_error() {
        return said_by_server(endpoint, source, db);
    }
    if let Some(tls) = tls_of(&error) {
        return tls_failed(host, tls);
    }
    let shown = error.source().map(ToString::to_string).unwrap_or_default();
    match shown.as_str() {
        "server does not support TLS" => {
            return Error::new(ErrorKind::Connect, WHAT)
                .because("the sslmode requires TLS, but the server offers none")
                .next("switch TLS on at the server (ssl = on), or choose sslmode=prefer if the network itself is trusted");
        }
        "password missing" => return password_missing(endpoint),
        "server did not use channel binding" => {
            return Error::new(ErrorKind::Permission, WHAT)
                .because("channel_binding=require, but the server did not use channel binding")
                .next("it needs TLS and a password stored as scram-sha-256");
        }
        _ => {}
    }
    if error.to_string().starts_with("authentication error") {
        return Error::new(ErrorKind::Permission, WHAT).because(error);
    }
    if let Some(io) = fault::io_of(&error) {
        return unreachable(host, io);
    }
    if error.is_closed() {
        return hung_up("the connection was closed before the server answered");
    }
    fault::describe(WHAT, error)
}

fn hung_up(cause: &str) -> Error {
    let error = Error::new(ErrorKind::Connect, WHAT).because(cause.to_owned());
    error.next("the server hung up: its log says why; a proxy or a different service may listen there")
}

/// Explains why there is no stream to a place.
pub(super) fn unreachable(host: &Host, io: &std::io::Error) -> Error {
    // The driver's words for an answer that ends in the middle.
    if io.to_string() == "bytes remaining on stream" {
        return hung_up("the connection was closed in the middle of an answer");
    }
    let error = Error::new(ErrorKind::Connect, WHAT).because(io.to_string());
    match io.kind() {
        std::io::ErrorKind::ConnectionRefused => error
            .next(format!("nothing listens at {host}: check host and port, that PostgreSQL is up, and its listen_addresses")),
        std::io::ErrorKind::NotFound if host.is_socket() => {
            error.next(format!("there is no socket in {}: check that PostgreSQL is up, or name a host", host.name))
        }
        std::io::ErrorKind::TimedOut => error.next("check the host, the route and the firewalls on the way"),
        std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::ConnectionReset => {
            error.next("the server hung up: its log says why; a proxy or a different service may listen there")
        }
        _ => error.next("check the host's name and that it can be reached from here"),
    }
}

/// Says that an attempt took too long.
pub(super) fn too_slow(seconds: u64) -> Error {
    Error::new(ErrorKind::Connect, WHAT)
        .because(format!("no session within {seconds} seconds"))
        .next("check the host, the route and the firewalls on the way, or raise connect_timeout")
}

fn password_missing(endpoint: &Endpoint) -> Error {
    let error = Error::new(ErrorKind::Permission, WHAT).because("the server asks for a password and none was given");
    let error = match &endpoint.passfile_note {
        Some(note) => error.next(note.clone()),
        None => error,
    };
    let prefix = endpoint.called();
    error.next(format!("set {prefix}_PGPASSWORD, write a line into ~/.pgpass (mode 0600), or configure a password command"))
}

fn said_by_server(endpoint: &Endpoint, source: &Source, db: &DbError) -> Error {
    let said = ServerFault::from_db(db);
    let code = said.sqlstate.clone();
    // Before there is a session nothing else than "not now" or "not you" is left to mean, or that there is no room for it; of
    // connections there may be some again in a moment.
    let kind = match said.kind() {
        kind @ (ErrorKind::Permission | ErrorKind::ServerFull) if code != "53300" => kind,
        _ => ErrorKind::Connect,
    };
    let error = Error::new(kind, WHAT).because(said);
    match code.as_str() {
        "28P01" => {
            let error = error.next(format!("the password for {} came from {source}: check it there", endpoint.user));
            match &endpoint.passfile_note {
                Some(note) => error.next(note.clone()),
                None => error,
            }
        }
        "28000" => error.next("check the user's name, and pg_hba.conf on the server for this user, database, address and TLS"),
        "3D000" => error.next(format!("check the database's name: {}", endpoint.database())),
        "53300" => error.next("close other sessions, raise max_connections, or use fewer jobs"),
        "57P03" => error.next("the server is starting, stopping or recovering: wait, then run the same command again"),
        _ => error,
    }
}

/// Returns the TLS failure inside a driver's error. An `io::Error`'s `source()` skips what it wraps, hence `get_ref`.
fn tls_of(error: &tokio_postgres::Error) -> Option<&rustls::Error> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        cause = match inner.downcast_ref::<std::io::Error>() {
            Some(io) => io.get_ref().map(|wrapped| wrapped as &(dyn StdError + 'static)),
            None => inner.source(),
        };
    }
    None
}

/// Returns whether TLS itself failed, as opposed to the server, the password or the network.
pub(super) fn is_tls(error: &tokio_postgres::Error) -> bool {
    error.to_string() == "error performing TLS handshake" || tls_of(error).is_some()
}

fn tls_failed(host: &Host, error: &rustls::Error) -> Error {
    use rustls::Error as Tls;
    let refused = |cause: String| Error::new(ErrorKind::Connect, WHAT).because(cause);
    match error {
        Tls::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            refused(format!("the server's certificate is not for the host {}", host.name))
                .next("connect under a name that the certificate's subjectAltName holds (hostaddr can give the address)")
                .next("sslmode=verify-ca checks the authority without the name")
        }
        Tls::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            refused("the server's certificate has expired".to_owned())
                .next("renew it on the server; check this machine's clock")
        }
        Tls::InvalidCertificate(reason) => refused(format!("the server's certificate is not trusted: {reason}"))
            .next("name the certificate of the authority that signed it with sslrootcert"),
        Tls::AlertReceived(
            alert @ (AlertDescription::CertificateRequired
            | AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError),
        ) => refused(format!("the server refused the client certificate: {alert:?}"))
            .next("check sslcert and sslkey; the server's ssl_ca_file must know their authority"),
        other => refused(format!("TLS failed: {other}")).next("check the TLS versions and ciphers that the server allows"),
    }
}

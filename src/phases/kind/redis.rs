//! `kind = "redis"`: whether a Redis answers PING (RESP2, redis.io/docs/latest/develop/reference/protocol-spec), in the clear
//! or over TLS, let in by a password if one is named.
//!
//! Never: the password in an address, in what is shown, or sent before the server's certificate was looked at.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::http::Trust;
use crate::phases::fields::Fields;
use crate::phases::outcome::Ended;
use crate::phases::taken::Taken;
use crate::phases::work::{EVERY, Work};
use crate::store::host_files;

/// How long one connection, and each answer, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longer answers are none to PING.
const ANSWER_MAX: usize = 512;

/// Asks a Redis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redis {
    address: String,
    #[serde(default)]
    ca: Option<String>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    password_file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password_secret: Option<String>,
}

impl Redis {
    pub(super) const KEYS: &[&str] = &["address", "ca", "user", "password_file", "password_secret"];

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self> {
        let address = fields.required("address")?;
        Place::read(&address).map_err(|cause| fields.error("address", cause))?;
        let redis = Self {
            address,
            ca: fields.text_or_none("ca")?,
            user: fields.text_or_none("user")?,
            password_file: fields.text_or_none("password_file")?,
            password_secret: fields.secret("password_secret")?,
        };
        if redis.password_file.is_some() && redis.password_secret.is_some() {
            return Err(fields.error("password_secret", "it has `password_file` as well: one of them"));
        }
        Ok(redis)
    }

    pub(super) fn show(&self) -> Vec<String> {
        let file = self.password_file.as_ref().map(|file| format!(", with the password of {file}"));
        let secret = self.password_secret.as_ref().map(|name| format!(", with the secret {name} as its password"));
        vec![format!("PING to Redis at {}{}", self.address, file.or(secret).unwrap_or_default())]
    }

    pub(super) fn takes(&self) -> Option<Taken<'_>> {
        self.password_secret.as_deref().map(|name| Taken { as_what: "password", name })
    }

    async fn password(&self, work: &Work<'_>) -> Result<Option<String>> {
        match (&self.password_file, &self.password_secret) {
            (Some(file), _) => {
                let password = password(file)?;
                work.tools.secrets().learn(&password);
                Ok(Some(password))
            }
            (None, Some(name)) => work.tools.secret(name).await.map(Some),
            (None, None) => Ok(None),
        }
    }

    pub(super) async fn act(&self, work: &Work<'_>) -> Result<Ended> {
        work.until(EVERY, || async {
            let (password, redis) = (self.password(work).await?, self.clone());
            let has_none = password.is_none();
            let asked = tokio::task::spawn_blocking(move || redis.ask(password.as_deref()));
            let asked = asked.await.map_err(|error| Error::new(ErrorKind::Connect, "ask a Redis").because(error))?;
            Ok(match asked {
                Ok(answer) if answer.starts_with("+PONG") => Ended::done(),
                // It is there, and wants a password: that is the reach that was asked for, not its content.
                Ok(answer) if answer.starts_with("-NOAUTH") && has_none => Ended::found("authentication", "asked for"),
                Ok(answer) => Ended::Failed(format!("Redis at {} answers {answer}", self.address)),
                Err(cause) => Ended::Failed(format!("Redis at {}: {cause}", self.address)),
            })
        })
        .await
    }

    fn ask(&self, password: Option<&str>) -> Result<String, String> {
        let place = Place::read(&self.address)?;
        let mut plain = connect(&place)?;
        if !place.is_tls {
            return talk(&mut plain, self.user.as_deref(), password).map_err(|error| error.to_string());
        }
        let trust = self.ca.clone().map_or(Trust::System, |ca| Trust::File(ca.into()));
        let config = trust.client().map_err(|error| error.in_full())?;
        let name = place.host.clone().try_into().map_err(|_| format!("{} is no name that a certificate has", place.host))?;
        let mut session = rustls::ClientConnection::new(config, name).map_err(|error| error.to_string())?;
        // The handshake by itself, so that nothing is sent to somebody else.
        while session.is_handshaking() {
            session.complete_io(&mut plain).map_err(|error| without_tls(&error))?;
        }
        let mut stream = rustls::Stream::new(&mut session, &mut plain);
        talk(&mut stream, self.user.as_deref(), password).map_err(|error| error.to_string())
    }
}

/// Where a Redis is.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    is_tls: bool,
    host: String,
    port: u16,
}

impl Place {
    /// Reads `HOST:PORT`, `redis://HOST[:PORT]` or `rediss://HOST[:PORT]`.
    fn read(text: &str) -> Result<Self, String> {
        let (is_tls, rest) = match (text.strip_prefix("rediss://"), text.strip_prefix("redis://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => (false, text),
        };
        if rest.contains('@') {
            return Err("it holds a password: name where that is kept with `password_file` or `password_secret`".to_owned());
        }
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (rest, None),
        };
        let port = match port {
            Some(port) => port.parse().map_err(|_| format!("`{port}` is no port"))?,
            None if text.contains("://") => {
                if is_tls {
                    6380
                } else {
                    6379
                }
            }
            None => return Err("it says no port: HOST:PORT, redis://HOST or rediss://HOST".to_owned()),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() || host.contains('/') {
            return Err("it names no host: HOST:PORT, redis://HOST or rediss://HOST".to_owned());
        }
        Ok(Self { is_tls, host, port })
    }
}

fn connect(place: &Place) -> Result<TcpStream, String> {
    let addresses = (place.host.as_str(), place.port).to_socket_addrs().map_err(|error| error.to_string())?;
    let mut failed = "its name leads nowhere".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                let set = stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
                return set.map(|()| stream).map_err(|error| error.to_string());
            }
            Err(error) => failed = error.to_string(),
        }
    }
    Err(failed)
}

/// Gives the password, if there is one, and says PING.
fn talk(stream: &mut (impl Read + Write), user: Option<&str>, password: Option<&str>) -> std::io::Result<String> {
    if let Some(password) = password {
        let words: Vec<_> = ["AUTH"].into_iter().chain(user).chain([password]).collect();
        let answer = say(stream, &words)?;
        if !answer.starts_with("+OK") {
            return Ok(answer);
        }
    }
    say(stream, &["PING"])
}

fn say(stream: &mut (impl Read + Write), words: &[&str]) -> std::io::Result<String> {
    let bulk = |word: &&str| format!("${}\r\n{word}\r\n", word.len());
    let request = format!("*{}\r\n{}", words.len(), words.iter().map(bulk).collect::<String>());
    stream.write_all(request.as_bytes()).and_then(|()| stream.flush()).map_err(hinted)?;
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < ANSWER_MAX {
        match stream.read(&mut byte) {
            Ok(0) => return Err(hinted(std::io::ErrorKind::UnexpectedEof.into())),
            Ok(_) if byte == *b"\n" => break,
            Ok(_) => line.push(byte[0]),
            Err(error) => return Err(hinted(error)),
        }
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// A Redis that speaks TLS alone closes the connection, or waits.
fn hinted(error: std::io::Error) -> std::io::Error {
    use std::io::ErrorKind as Io;
    match error.kind() {
        Io::UnexpectedEof | Io::ConnectionReset | Io::BrokenPipe => {
            std::io::Error::other("it closed the connection; if it wants TLS, write rediss://")
        }
        _ if is_late(&error) => std::io::Error::other("it does not answer; if it wants TLS, write rediss://"),
        _ => error,
    }
}

fn is_late(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

/// Says why there was no handshake.
fn without_tls(error: &std::io::Error) -> String {
    use rustls::{CertificateError, Error as Tls};
    let plain = "it does not speak TLS: write redis://, or name its port for TLS";
    match error.get_ref().and_then(|cause| cause.downcast_ref::<Tls>()) {
        Some(Tls::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })) => {
            "its certificate is for another host: somebody else may answer there".to_owned()
        }
        Some(Tls::InvalidCertificate(reason)) => {
            format!("its certificate is not trusted ({reason}): name the authority that signed it with `ca`")
        }
        Some(Tls::InvalidMessage(_)) => plain.to_owned(),
        Some(other) => format!("TLS failed: {other}"),
        // A Redis that does not know TLS waits for the rest of what it takes for a command.
        None if is_late(error) || error.kind() == std::io::ErrorKind::UnexpectedEof => plain.to_owned(),
        None => error.to_string(),
    }
}

/// Reads the first line of a file that nobody else can read.
fn password(file: &str) -> Result<String> {
    let path = PathBuf::from(file);
    let wrong = |cause: &str| Error::new(ErrorKind::Config, "read a Redis's password").at(file).because(cause);
    if !host_files::mode_is_private(&path)? {
        return Err(wrong("others than its owner can read it: chmod 0600"));
    }
    let text = host_files::read_text(&path)?;
    let first = text.lines().next().unwrap_or_default().trim();
    if first.is_empty() { Err(wrong("it is empty")) } else { Ok(first.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_host_port_and_whether_by_tls() {
        let place = |is_tls, host: &str, port| Ok(Place { is_tls, host: host.to_owned(), port });
        assert_eq!(Place::read("cache:6379"), place(false, "cache", 6379));
        assert_eq!(Place::read("rediss://cache.example.org"), place(true, "cache.example.org", 6380));
        assert_eq!(Place::read("redis://[::1]:7000"), place(false, "::1", 7000));
        let secret = "rediss://:a-password@cache:6380";
        for (wrong, why) in [("cache", "no port"), (secret, "holds a password"), ("cache:x", "port")] {
            assert!(Place::read(wrong).unwrap_err().contains(why), "{wrong}");
        }
        assert!(!Place::read(secret).unwrap_err().contains("a-password"));
    }
}

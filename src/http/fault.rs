//! Why there is no answer, in words that say what to do.

use std::error::Error as StdError;
use std::io;

use rustls::CertificateError;
use ureq::Error as Fault;

use super::Request;
use crate::error::{Error, ErrorKind};

const WHAT: &str = "ask a web service";

/// Explains a failed request. The client's own words are taken only where they hold nothing of the address.
pub(super) fn explain(request: &Request, error: Fault) -> Error {
    let failed = |kind, cause: String| Error::new(kind, WHAT).because(cause);
    match error {
        Fault::Timeout(_) => too_slow(request),
        Fault::HostNotFound => not_found(request),
        Fault::Rustls(error) => untrusted(request, &error),
        Fault::Io(error) => broken(request, &error),
        Fault::TooManyRedirects | Fault::RedirectFailed => {
            failed(ErrorKind::Refused, format!("it leads to another address more than {} times", request.redirects))
                .next("ask at the address that it leads to in the end")
        }
        Fault::RequireHttpsOnly(_) => failed(ErrorKind::Refused, "it leads from https to http".to_owned())
            .next("ask at the address that it leads to in the end"),
        Fault::Protocol(error) => no_http(&words(&error.to_string())),
        Fault::LargeResponseHeader(..) => no_http("the headers are too long"),
        other => failed(ErrorKind::Connect, words(&other.to_string())),
    }
}

/// Cuts a sentence before what it quotes.
fn words(sentence: &str) -> String {
    sentence.split(": ").next().unwrap_or_default().to_owned()
}

fn no_http(cause: &str) -> Error {
    Error::new(ErrorKind::Malformed, WHAT)
        .because(format!("the answer is none of HTTP: {cause}"))
        .next("check what listens there, and whether it wants https")
}

fn too_slow(request: &Request) -> Error {
    Error::new(ErrorKind::Timeout, WHAT)
        .because(format!("no whole answer within {:?}", request.within))
        .next("check the service and the way to it, or allow a longer `timeout`")
}

fn not_found(request: &Request) -> Error {
    Error::new(ErrorKind::Connect, WHAT)
        .because(format!("the host {} is not known here", request.address.host()))
        .next("check the host's name, and the resolver of this machine")
}

fn broken(request: &Request, error: &io::Error) -> Error {
    if let Some(tls) = error.get_ref().and_then(<dyn StdError + Send + Sync>::downcast_ref::<rustls::Error>) {
        return untrusted(request, tls);
    }
    let failed = Error::new(ErrorKind::Connect, WHAT).because(error.to_string());
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => too_slow(request),
        io::ErrorKind::ConnectionRefused => {
            failed.next("nothing listens there: check host and port, and that the service is up")
        }
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            failed.next("the connection was closed before the answer was whole: the service's log says why")
        }
        _ => failed.next("check the host's name and that it can be reached from here"),
    }
}

fn untrusted(request: &Request, error: &rustls::Error) -> Error {
    use rustls::Error as Tls;
    let refused = |cause: String| Error::new(ErrorKind::Permission, WHAT).because(cause);
    match error {
        Tls::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            refused(format!("the server's certificate is not for the host {}", request.address.host()))
                .next("ask under a name that the certificate's subjectAltName holds: somebody else may answer there")
        }
        Tls::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            refused("the server's certificate has expired".to_owned()).next("renew it; check this machine's clock")
        }
        Tls::InvalidCertificate(reason) => refused(format!("the server's certificate is not trusted: {reason}"))
            .next("name the certificate of the authority that signed it with `ca`"),
        Tls::InvalidMessage(_) => no_http("the server does not speak TLS"),
        other => Error::new(ErrorKind::Connect, WHAT)
            .because(format!("TLS failed: {other}"))
            .next("check the TLS versions and ciphers that the server allows"),
    }
}

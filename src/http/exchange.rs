//! The way of one request and its answer.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Instant;

use ureq::config::Config;
use ureq::http::{Request as Message, Response, Uri};
use ureq::tls::TlsConfig;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, Body};

use super::answer::BODY_MAX;
use super::{Answer, Host, Request, fault};
use crate::error::{Error, ErrorKind, Result};

impl Request {
    /// Sends the request, and waits for the answer.
    ///
    /// # Errors
    /// `Connect` where nobody is reached, or the connection breaks; `Timeout`; `Permission` where the server is not who it
    /// should be; `Malformed` where the answer is none of HTTP; `Config` for a file of certificates.
    pub async fn send(self) -> Result<Answer> {
        let asked = tokio::task::spawn_blocking(move || exchange(&self)).await;
        asked.unwrap_or_else(|error| Err(Error::new(ErrorKind::Storage, "ask a web service").because(error)))
    }
}

/// Asks, and blocks until there is an answer or the time is up.
fn exchange(request: &Request) -> Result<Answer> {
    let place = |error: Error| {
        let error = match &request.instead {
            Some(host) => error.at(format!("asked at {host}")),
            None => error,
        };
        error.at(&request.address)
    };
    let agent = agent(request).map_err(place)?;
    let began = Instant::now();
    let answer = ask(&agent, request).and_then(|response| read(response, began));
    answer.map_err(|error| place(fault::explain(request, error)))
}

fn agent(request: &Request) -> Result<Agent> {
    let is_https = request.address.is_https();
    let mut tls = TlsConfig::builder().unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
    // In the clear there is nobody to trust; a redirect to https then finds nobody trusted either.
    tls = tls.root_certs(if is_https { request.trust.roots()? } else { Vec::new().into() });
    let config = Agent::config_builder()
        .tls_config(tls.build())
        .http_status_as_error(false)
        .https_only(is_https)
        .proxy(None)
        .timeout_global(Some(request.within))
        .max_redirects(request.redirects)
        .user_agent(concat!("failback/", env!("CARGO_PKG_VERSION")))
        .build();
    let way = Way { host: request.address.host().to_owned(), instead: request.instead.clone() };
    Ok(Agent::with_parts(config, DefaultConnector::default(), way))
}

fn ask(agent: &Agent, request: &Request) -> Result<Response<Body>, ureq::Error> {
    let mut message = Message::builder().method(request.method.clone()).uri(request.address.uri().clone());
    for (name, value) in &request.headers {
        message = message.header(name, value);
    }
    match &request.body {
        Some(body) => agent.run(message.body(body.as_slice())?),
        None => agent.run(message.body(())?),
    }
}

fn read(response: Response<Body>, began: Instant) -> Result<Answer, ureq::Error> {
    let (head, body) = response.into_parts();
    let mut bytes = Vec::new();
    // One more than is kept tells whether there is more.
    body.into_reader().take(BODY_MAX as u64 + 1).read_to_end(&mut bytes)?;
    let is_cut = bytes.len() > BODY_MAX;
    bytes.truncate(BODY_MAX);
    Ok(Answer { status: head.status.as_u16(), headers: head.headers, body: bytes, is_cut, took: began.elapsed() })
}

/// Leads to where the host is said to be, whatever its name says; a redirect to another host goes by that one's name.
#[derive(Debug)]
struct Way {
    host: String,
    instead: Option<Host>,
}

impl Resolver for Way {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let is_meant = uri.host().is_some_and(|host| host.eq_ignore_ascii_case(&self.host));
        let elsewhere = self.instead.as_ref().filter(|_| is_meant).and_then(|host| host.instead_of(uri));
        DefaultResolver::default().resolve(elsewhere.as_ref().unwrap_or(uri), config, timeout)
    }
}

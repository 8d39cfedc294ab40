//! A web server of a few lines, on loopback, plain or with TLS: what it answers is the test's.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// The method.
    pub(crate) method: String,
    /// Path and query, as they came.
    pub(crate) target: String,
    /// The headers' lines, names in small letters.
    pub(crate) headers: Vec<String>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// What is answered.
pub(crate) enum Reply {
    /// Status, lines of headers, body.
    Whole(u16, Vec<String>, Vec<u8>),
    /// Bytes as they are, whatever they mean.
    Raw(Vec<u8>),
    /// A byte now and then, for as long as somebody listens.
    Dripping,
    /// Nothing, for as long as somebody listens.
    Silent,
}

impl Reply {
    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self::Whole(status, Vec::new(), body.as_bytes().to_vec())
    }
}

/// A server that answers until it is dropped.
pub(crate) struct Web {
    address: SocketAddr,
    over: Arc<AtomicBool>,
}

impl Web {
    /// Serves in the clear.
    pub(crate) fn plain(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(None, answer)
    }

    /// Serves with a certificate and its key, both in PEM form.
    pub(crate) fn tls(certificate: &str, key: &str, answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let chain = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect::<Result<Vec<_>, _>>().expect("a chain");
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .expect("a configuration");
        Self::start(Some(Arc::new(config)), answer)
    }

    fn start(tls: Option<Arc<ServerConfig>>, answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let over = Arc::new(AtomicBool::new(false));
        let (answer, is_over) = (Arc::new(answer), Arc::clone(&over));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let (tls, answer) = (tls.clone(), Arc::clone(&answer));
                thread::spawn(move || serve(stream, tls, &*answer));
            }
        });
        Self { address, over }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the address of something on a plain server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes the listener, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

/// One connection. What goes wrong on it is for the client to see.
fn serve(stream: TcpStream, tls: Option<Arc<ServerConfig>>, answer: &dyn Fn(&Asked) -> Reply) {
    let _ = match tls.map(ServerConnection::new) {
        None => exchange(stream, answer),
        Some(Ok(connection)) => exchange(StreamOwned::new(connection, stream), answer),
        Some(Err(_)) => Ok(()),
    };
}

fn exchange(stream: impl Read + Write, answer: &dyn Fn(&Asked) -> Reply) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let asked = read(&mut reader)?;
    let reply = answer(&asked);
    let stream = reader.get_mut();
    match reply {
        Reply::Whole(status, headers, body) => {
            write!(stream, "HTTP/1.1 {status} Said\r\ncontent-length: {}\r\nconnection: close\r\n", body.len())?;
            for line in headers {
                write!(stream, "{line}\r\n")?;
            }
            stream.write_all(b"\r\n")?;
            stream.write_all(&body)?;
        }
        Reply::Raw(bytes) => stream.write_all(&bytes)?,
        Reply::Silent => {
            let _ = stream.read(&mut [0]);
        }
        Reply::Dripping => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
            loop {
                stream.write_all(b".")?;
                stream.flush()?;
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
    stream.flush()
}

fn read(reader: &mut impl std::io::BufRead) -> std::io::Result<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push(format!("{}:{value}", name.to_lowercase()));
    }
    let length = headers.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Asked { method, target, headers, body })
}

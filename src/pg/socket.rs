//! The stream to a server: a TCP connection or a Unix socket, with the settings that libpq gives it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::time::timeout;

use super::connect_settings::ConnectSettings;
use super::hosts::Host;

/// Whatever bytes travel on.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// An open stream.
pub(super) type Socket = Box<dyn Stream>;

/// Opens a stream to a place. A name may have several addresses: they are tried in turn.
///
/// # Errors
/// What the last address gave.
pub(super) async fn open(host: &Host, settings: &ConnectSettings) -> io::Result<Socket> {
    if host.is_socket() {
        let path = Path::new(&host.name).join(format!(".s.PGSQL.{}", host.port));
        return Ok(Box::new(in_time(settings, UnixStream::connect(path)).await?));
    }
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses(host).await? {
        match in_time(settings, TcpStream::connect(address)).await {
            Ok(stream) => return tune(stream, settings),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn addresses(host: &Host) -> io::Result<Vec<SocketAddr>> {
    match host.address.or_else(|| host.name.parse::<IpAddr>().ok()) {
        Some(address) => Ok(vec![SocketAddr::new(address, host.port)]),
        None => Ok(lookup_host((host.name.as_str(), host.port)).await?.collect()),
    }
}

/// Gives one address half of the time that there is: one that swallows packets must leave some for the next.
async fn in_time<T>(settings: &ConnectSettings, connect: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let Some(limit) = settings.limit else { return connect.await };
    timeout(limit / 2, connect).await.unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "connection timed out")))
}

fn tune(stream: TcpStream, settings: &ConnectSettings) -> io::Result<Socket> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(&stream);
    if settings.keepalives {
        let keepalive = TcpKeepalive::new().with_time(settings.keepalives_idle).with_interval(settings.keepalives_interval);
        socket.set_tcp_keepalive(&keepalive.with_retries(settings.keepalives_count))?;
    }
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(settings.tcp_user_timeout)?;
    Ok(Box::new(stream))
}

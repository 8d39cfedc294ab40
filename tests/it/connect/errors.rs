//! What an attempt to connect that fails says.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use failback::error::{Error, ErrorKind};
use failback::pg::{Session, sqlstate};

use super::server::{Server, connect_error_of, write};

#[tokio::test]
async fn refusals_say_what_to_do() {
    let server = Server::shared().await;
    let hints = |error: &Error| error.hints().join(" ");
    let wrong = |settings: &str, variables: &[(&str, &str)]| server.endpoint_with(settings, variables);

    let error = connect_error_of(Session::connect(&wrong("", &[("OLD_PGPASSWORD", "s3cret wrong")])).await);
    assert_eq!((error.kind(), sqlstate(&error)), (ErrorKind::Permission, Some("28P01")));
    assert!(hints(&error).contains("the variable OLD_PGPASSWORD"), "{:?}", error.hints());
    assert!(!error.causes()[0].contains("DETAIL"));

    let error = connect_error_of(Session::connect(&wrong("password=s3cret", &[])).await);
    assert!(hints(&error).contains("the connection string"), "{:?}", error.hints());
    let error = connect_error_of(Session::connect(&wrong("", &[]).with_password_command("echo s3cret")).await);
    assert!(hints(&error).contains("the password command"), "{:?}", error.hints());
    let error =
        connect_error_of(Session::connect(&wrong("", &[]).with_password_command("echo s3cret; echo s3cret >&2; exit 3")).await);
    assert_eq!(error.causes(), ["it ended with exit code 3: …"]);

    write(&server.path("pgpass"), "*:*:*:*:s3cret p\\:w\\\\\n", 0o600);
    Session::connect(&wrong("passfile=FOLDER/pgpass", &[])).await.unwrap();
    write(&server.path("pgpass"), "*:*:*:*:s3cret p\\:w\\\\\n", 0o644);
    let error = connect_error_of(Session::connect(&wrong("passfile=FOLDER/pgpass", &[])).await);
    assert_eq!(error.kind(), ErrorKind::Permission);
    assert!(hints(&error).contains("was ignored"), "{:?}", error.hints());

    let error = server.connect_error("dbname=missing").await;
    assert_eq!((error.kind(), sqlstate(&error)), (ErrorKind::Connect, Some("3D000")));

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = server.connect_error(&format!("host=127.0.0.1 port={closed}")).await;
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(hints(&error).contains("nothing listens"), "{:?}", error.hints());
    // The next server in the list is tried.
    server.session(&format!("host=127.0.0.1,127.0.0.1 port={closed},{}", server.port())).await;
    let error = server.connect_error("target_session_attrs=standby").await;
    assert!(format!("{error:?}").contains("not a standby"));
    server.session("target_session_attrs=prefer-standby").await;

    // A listener that never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let error =
        server.connect_error(&format!("host=127.0.0.1 port={} connect_timeout=2", silent.local_addr().unwrap().port())).await;
    assert!(format!("{error:?}").contains("no session within 2 seconds"), "{error:?}");
}

/// A listener whose queue is full: the system drops what else would connect, as a firewall does. With it come the connections
/// that fill the queue.
fn dropping() -> (socket2::Socket, SocketAddr, Vec<TcpStream>) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let limit = Duration::from_millis(300);
    let queued = std::iter::from_fn(|| TcpStream::connect_timeout(&address, limit).ok()).take(16).collect::<Vec<_>>();
    assert!(queued.len() < 16, "the queue never fills");
    (socket, address, queued)
}

#[tokio::test]
async fn a_host_that_drops_what_it_gets_is_given_up() {
    let (_socket, address, _queued) = dropping();
    let settings = format!("host=127.0.0.1 port={} connect_timeout=2", address.port());
    let error = Server::shared().await.connect_error(&settings).await;
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.hints().join(" ").contains("firewalls"), "{:?}", error.hints());
}

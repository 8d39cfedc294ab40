//! What an attempt to connect that fails says.

use std::net::TcpListener;

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

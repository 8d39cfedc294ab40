//! Sessions once they are there: their settings, their server, one moment for several, and how they end.

use std::time::Duration;

use failback::error::ErrorKind;
use failback::name::Side;
use failback::pg::{Session, Snapshot, same_database, sqlstate};
use tokio_postgres::SimpleQueryMessage;

use super::certificates::CERTIFICATES;
use super::server::Server;
use crate::support;

/// Asks for the backend's process id in a simple query: it leaves no request open behind it (a prepared statement's closing
/// would be one) that the driver would hand the server's last words to.
async fn backend_of(session: &Session) -> i32 {
    let messages = session.client().simple_query("select pg_catalog.pg_backend_pid()").await.unwrap();
    let pid = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    pid.unwrap().parse().unwrap()
}

#[tokio::test]
async fn sessions_are_pinned_and_know_their_server() {
    let server = Server::start(Some(CERTIFICATES.server.clone())).await;
    let admin = server.session("").await;
    admin
        .execute_all(
            "alter role shop set search_path = public; alter role shop set TimeZone = 'Asia/Tokyo'; create role limited login
             password 'limited'; alter role shop set statement_timeout = 1",
        )
        .await
        .unwrap();
    admin.execute_all("create database other").await.unwrap();
    let session = server.session("options='-c DateStyle=German -c statement_timeout=1'").await;
    for (name, value) in [
        ("search_path", ""),
        ("TimeZone", "UTC"),
        ("DateStyle", "ISO, DMY"),
        ("statement_timeout", "0"),
        ("extra_float_digits", "3"),
        ("row_security", "off"),
        ("application_name", "failback"),
        ("idle_session_timeout", "0"),
        ("jit", "off"),
    ] {
        let rows = session.query("select pg_catalog.current_setting($1)", &[&name]).await.unwrap();
        assert_eq!(rows[0].get::<_, String>(0), value, "{name}");
    }
    let identity = session.identity().await.unwrap();
    let installed = support::binaries(Side::Old).major();
    assert_eq!(
        (identity.database.as_str(), identity.version_num / 10_000, identity.timeline),
        ("postgres", installed, Some(1))
    );
    assert_eq!((identity.port, identity.in_recovery), (Some(server.port()), false));
    assert!(identity.system_identifier.is_some());
    let socket = server.session("host=SOCKET").await.identity().await.unwrap();
    assert!(same_database(&identity, &socket) && socket.address.is_none());
    let other = Session::connect(&server.endpoint("").with_database("other")).await.unwrap().identity().await.unwrap();
    assert!(!same_database(&identity, &other));

    admin.execute_all("revoke execute on function pg_catalog.pg_control_system() from public").await.unwrap();
    let limited = server.session("user=limited password=limited").await;
    limited.execute_all("begin").await.unwrap();
    let hidden = limited.identity().await.unwrap();
    limited.execute_all("commit").await.unwrap();
    assert_eq!((&hidden.system_identifier, hidden.timeline), (&None, None));
    assert!(same_database(&identity, &hidden));
}

#[tokio::test]
async fn sessions_that_join_see_the_holders_moment() {
    let server = Server::shared().await;
    let writer = server.session("").await;
    writer.execute_all("create table public.t (id int4); insert into public.t values (1)").await.unwrap();
    let snapshot = Snapshot::hold(server.session("").await).await.unwrap();
    writer.execute_all("insert into public.t values (2)").await.unwrap();
    let reader = snapshot.join(server.session("").await).await.unwrap();
    let count =
        async |session: &Session| -> i64 { session.query("select count(*) from public.t", &[]).await.unwrap()[0].get(0) };
    assert_eq!((count(&reader).await, count(snapshot.session()).await, count(&writer).await), (1, 1, 2));
    let error = reader.execute_all("insert into public.t values (3)").await.unwrap_err();
    assert_eq!(sqlstate(&error), Some("25006"));
    snapshot.check().await.unwrap();
    snapshot.release().await.unwrap().close().await;

    let other = Session::connect(&server.endpoint("").with_database("template1")).await.unwrap();
    let snapshot = Snapshot::hold(server.session("").await).await.unwrap();
    assert_eq!(snapshot.join(other).await.err().unwrap().kind(), ErrorKind::Refused);
}

#[tokio::test]
async fn lost_sessions_are_connect_errors_with_the_servers_last_words() {
    let server = Server::shared().await;
    let (admin, victim) = (server.session("").await, server.session("").await);
    let pid = backend_of(&victim).await;
    let end = async || admin.query("select pg_catalog.pg_terminate_backend($1, 5000)", &[&pid]).await.unwrap();

    // Killed while it waits for an answer.
    let (asked, _) = tokio::join!(victim.execute_all("select pg_catalog.pg_sleep(30)"), async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        end().await
    });
    let error = asked.unwrap_err();
    assert_eq!((error.kind(), sqlstate(&error)), (ErrorKind::Connect, Some("57P01")), "{error:?}");
    assert_eq!(victim.execute_all("select 1").await.unwrap_err().kind(), ErrorKind::Connect);

    // Killed while idle: the holder of a snapshot notices.
    let snapshot = Snapshot::hold(server.session("").await).await.unwrap();
    let pid = backend_of(snapshot.session()).await;
    admin.query("select pg_catalog.pg_terminate_backend($1, 5000)", &[&pid]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let error = snapshot.check().await.unwrap_err();
    assert_eq!((error.kind(), sqlstate(&error)), (ErrorKind::Connect, Some("57P01")), "{error:?}");

    // Killed in the middle of a COPY.
    let reader = server.session("").await;
    let pid = backend_of(&reader).await;
    let mut out = reader.copy_out("copy (select repeat('x', 1000) from generate_series(1, 1000000)) to stdout").await.unwrap();
    assert!(out.next().await.unwrap().is_some());
    admin.query("select pg_catalog.pg_terminate_backend($1, 5000)", &[&pid]).await.unwrap();
    let end = loop {
        match out.next().await {
            Ok(Some(_)) => {}
            end => break end,
        }
    };
    assert_eq!(end.unwrap_err().kind(), ErrorKind::Connect);
}

#[tokio::test]
async fn statements_can_be_cancelled_with_and_without_tls() {
    let server = Server::shared().await;
    for settings in ["sslmode=require", "sslmode=disable", "host=SOCKET"] {
        let session = server.session(settings).await;
        let token = session.cancel_token();
        let (asked, cancelled) = tokio::join!(session.execute_all("select pg_catalog.pg_sleep(30)"), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            token.cancel().await
        });
        cancelled.unwrap();
        assert_eq!(asked.unwrap_err().kind(), ErrorKind::Timeout, "{settings}");
        session.execute_all("select 1").await.unwrap();
    }
}

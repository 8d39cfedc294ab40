//! A pooler on the way: one in session mode does, one that hands sessions out by transaction is refused before it is harmed.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use failback::error::ErrorKind;
use failback::pg::{Endpoint, Session};

use super::server::{Server, connect_error_of, write};
use crate::support;

/// A pgbouncer before a server, which ends with the value.
struct Pooler {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Pooler {
    fn start(server: &Server, pool_mode: &str, settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("a folder for another account");
        let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let path = |file: &str| folder.path().join(file);
        let users = "\"shop\" \"s3cret p:w\\\"\n";
        write(&path("users.txt"), users, 0o644);
        let config = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = plain\nauth_file = {}\npool_mode = {pool_mode}\n\
             ignore_startup_parameters = extra_float_digits,options\n{settings}\n",
            server.port(),
            path("users.txt").display()
        );
        write(&path("pgbouncer.ini"), &config, 0o644);
        let mut command = Command::new("pgbouncer");
        if std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
            command.args(["-u", "nobody"]);
        }
        command.arg("-q").arg(path("pgbouncer.ini")).stderr(Stdio::null());
        let process = command.spawn().expect("pgbouncer, which these tests need: apt-get install pgbouncer");
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "pgbouncer does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { process, port, _folder: folder }
    }

    fn endpoint(&self, server: &Server) -> Endpoint {
        server.endpoint(&format!("host=127.0.0.1 port={} sslmode=disable", self.port))
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn a_pool_that_shares_sessions_is_refused_and_left_as_it_was() {
    let server = Server::start(None).await;
    for (mode, settings) in [("transaction", ""), ("transaction", "server_round_robin = 1"), ("statement", "")] {
        let pooler = Pooler::start(&server, mode, settings);
        // Several sessions are in the pool.
        let url = format!("postgresql://shop:s3cret%20p%3Aw%5C@127.0.0.1:{}/postgres?sslmode=disable", pooler.port);
        let clients = [support::connect(&url).await, support::connect(&url).await, support::connect(&url).await];
        let nap = "select pg_sleep(0.2)";
        for nap in futures::future::join_all(clients.iter().map(|client| client.simple_query(nap))).await {
            nap.expect("an answer");
        }
        let error = connect_error_of(Session::connect(&pooler.endpoint(&server)).await);
        assert_eq!(error.kind(), ErrorKind::Config, "{mode} {settings}");
        assert!(error.causes()[0].contains("hands the server's sessions out by transaction"), "{error:?}");
        assert!(error.hints().iter().any(|hint| hint.contains("session mode")), "{error:?}");
        for client in &clients {
            let shown = client.simple_query("show search_path").await.expect("an answer");
            let own = shown.iter().any(|message| {
                matches!(message,
                tokio_postgres::SimpleQueryMessage::Row(row) if row.get(0) == Some("\"$user\", public"))
            });
            assert!(own, "{mode} {settings}: a setting of ours reached other users of the pool");
        }
    }
}

#[tokio::test]
async fn a_pool_in_session_mode_does_even_if_it_has_no_second_session() {
    let server = Server::start(None).await;
    for settings in ["", "default_pool_size = 1"] {
        let pooler = Pooler::start(&server, "session", settings);
        let endpoint = pooler.endpoint(&server);
        let session = Session::connect(&endpoint).await.expect("a session");
        session.execute_all("create temporary table mine (id int)").await.expect("a temporary table");
        session.execute_all("insert into mine values (1)").await.expect("the same session");
        session.close().await;
    }
}

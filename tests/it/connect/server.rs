//! A server with TLS, a socket and rules of its own, and the files of a client that connects to it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use failback::demo::{Cluster, ClusterOptions, ServerTls};
use failback::error::Error;
use failback::name::Side;
use failback::pg::{Endpoint, ProcessEnvironment, Session};
use tokio::sync::OnceCell;

use super::certificates::CERTIFICATES;
use crate::support;

const PASSWORD: &str = "s3cret p:w\\";

const HBA: [&str; 6] = [
    "local all all trust",
    "hostssl all by_cert 127.0.0.1/32 cert",
    "hostssl all tls_only 127.0.0.1/32 trust",
    "hostnossl all plain_only 127.0.0.1/32 trust",
    "host all tls_only,plain_only,by_cert 127.0.0.1/32 reject",
    "host all all 127.0.0.1/32 scram-sha-256",
];

/// A server, and a folder for one client's files.
pub(super) struct Server {
    pub(super) cluster: Arc<Cluster>,
    folder: tempfile::TempDir,
}

impl Server {
    /// The server with TLS that these tests share: each makes roles and tables that no other does.
    pub(super) async fn shared() -> Self {
        static SHARED: OnceCell<Arc<Cluster>> = OnceCell::const_new();
        let cluster = SHARED.get_or_init(async || Arc::new(start(Some(CERTIFICATES.server.clone())).await)).await;
        Self::with(Arc::clone(cluster))
    }

    /// A server of one test's own.
    pub(super) async fn start(tls: Option<ServerTls>) -> Self {
        Self::with(Arc::new(start(tls).await))
    }

    fn with(cluster: Arc<Cluster>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (file, pem) in &CERTIFICATES.files {
            write(&folder.path().join(file), pem, 0o600);
        }
        Self { cluster, folder }
    }

    /// Returns the path of one of the client's files.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(super) fn port(&self) -> u16 {
        self.cluster.port()
    }

    /// Returns where settings lead. `FOLDER` in them stands for the client's folder, `SOCKET` for the one of the server's
    /// socket.
    pub(super) fn endpoint(&self, settings: &str) -> Endpoint {
        self.endpoint_with(settings, &[("OLD_PGPASSWORD", PASSWORD)])
    }

    pub(super) fn endpoint_with(&self, settings: &str, variables: &[(&str, &str)]) -> Endpoint {
        let env = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let around = ProcessEnvironment { env: &env, home: Some(self.path("home")), user: Some("shop".to_owned()) };
        let settings = settings.replace("FOLDER", &self.folder.path().display().to_string());
        let settings = settings.replace("SOCKET", &self.cluster.socket_dir().display().to_string());
        let host = if settings.contains("host=") { "" } else { "host=localhost hostaddr=127.0.0.1" };
        let port = if settings.contains("port=") { String::new() } else { format!("port={}", self.port()) };
        let database = if settings.contains("dbname=") { "" } else { "dbname=postgres" };
        Endpoint::resolve_in(Side::Old, Some(&format!("{host} {port} {database} {settings}")), &around).unwrap()
    }

    pub(super) async fn session(&self, settings: &str) -> Session {
        Session::connect(&self.endpoint(settings)).await.unwrap()
    }

    pub(super) async fn connect_error(&self, settings: &str) -> Error {
        connect_error_of(Session::connect(&self.endpoint(settings)).await)
    }
}

/// Starts a server with the superuser `shop`.
async fn start(tls: Option<ServerTls>) -> Cluster {
    let options = ClusterOptions {
        label: "test-connect".into(),
        socket: true,
        hba: HBA.map(str::to_owned).into(),
        tls,
        ..ClusterOptions::default()
    };
    let cluster = Cluster::start(&support::binaries(Side::Old), &options).expect("a throwaway server");
    let role = format!("create role shop superuser login password '{PASSWORD}'");
    support::connect(&cluster.url("postgres")).await.batch_execute(&role).await.expect("a role");
    cluster
}

/// Returns the error, after checking that no part of it shows the password.
#[track_caller]
pub(super) fn connect_error_of(result: Result<Session, Error>) -> Error {
    let error = result.err().expect("no session");
    let all = format!("{error} {error:?} {:?} {:?}", error.causes(), error.hints());
    assert!(!all.contains("s3cret"), "{all}");
    assert!(error.places()[0].starts_with("OLD "), "{all}");
    error
}

/// Writes a file of a client's.
pub(super) fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

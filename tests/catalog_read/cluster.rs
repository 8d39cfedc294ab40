//! A throwaway server.

use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};

use tokio_postgres::{Client, NoTls};

/// A throwaway server on a Unix socket, stopped when the last test lets go of it.
pub(crate) struct Cluster {
    folder: tempfile::TempDir,
    bin: PathBuf,
    user: Option<(u32, u32)>,
}

static CLUSTER: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
static DATABASES: AtomicU32 = AtomicU32::new(0);

impl Cluster {
    pub(crate) fn shared() -> Arc<Self> {
        let mut shared = CLUSTER.lock().expect("no test panics while it starts the server");
        if let Some(running) = shared.upgrade() {
            return running;
        }
        let cluster = Arc::new(Self::start());
        *shared = Arc::downgrade(&cluster);
        cluster
    }

    fn start() -> Self {
        let bin = std::env::var("FAILBACK_TEST_PG_BIN").unwrap_or_else(|_| "/usr/lib/postgresql/15/bin".to_owned());
        let folder = tempfile::Builder::new().prefix("fb").tempdir_in("/tmp").expect("a folder for the server");
        let id = |flag| {
            let out = Command::new("id").args([flag, "postgres"]).output().expect("id runs");
            String::from_utf8_lossy(&out.stdout).trim().parse().expect("a user named postgres exists")
        };
        let own = Command::new("id").arg("-u").output().expect("id runs");
        // The server refuses to run as root.
        let user: Option<(u32, u32)> = (own.stdout == b"0\n").then(|| (id("-u"), id("-g")));
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).expect("root may give the folder away");
        }
        let cluster = Self { folder, bin: PathBuf::from(bin), user };
        let data = cluster.data();
        cluster.run("initdb", &["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-locale"]);
        let socket = cluster.folder.path().display().to_string();
        let options =
            format!("-c listen_addresses='' -c unix_socket_directories='{socket}' -c fsync=off -c max_connections=60");
        cluster.run("pg_ctl", &["-D", &data, "-w", "-l", &format!("{socket}/log"), "-o", &options, "start"]);
        cluster
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(self.bin.join(program));
        command.args(arguments).current_dir(self.folder.path()).stdout(Stdio::null());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        assert!(command.status().expect("the server's binaries are there").success(), "{program} failed");
    }

    pub(crate) async fn connect(&self, user: &str, database: &str) -> Client {
        let mut config = tokio_postgres::Config::new();
        config.host_path(self.folder.path()).user(user).dbname(database).options("-c search_path=");
        let (client, connection) = config.connect(NoTls).await.expect("the server lets everybody in");
        tokio::spawn(connection);
        client
    }

    /// Makes a database of that schema and returns its name and a superuser's connection.
    pub(crate) async fn database(&self, schema: &str) -> (String, Client) {
        let name = format!("db{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let maintenance = self.connect("postgres", "postgres").await;
        maintenance.batch_execute(&format!("create database {name} template template0")).await.expect("a fresh name");
        let client = self.connect("postgres", &name).await;
        client.batch_execute(schema).await.expect("the schema is sound");
        (name, client)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.data();
        self.run("pg_ctl", &["-D", &data, "-m", "immediate", "stop"]);
    }
}

//! Sessions against a real server: TLS in every mode, passwords, certificates, COPY, snapshots, lost connections.
//!
//! Each test starts a server of its own on a free loopback port and stops it by its process id.

use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use failback::error::{Error, ErrorKind};
use failback::name::Side;
use failback::pg::{Endpoint, ProcessEnvironment, Session, Snapshot, same_database, sqlstate};
use tokio_postgres::SimpleQueryMessage;

const BIN: &str = "/usr/lib/postgresql/15/bin";
const PASSWORD: &str = "s3cret p:w\\";

struct Cluster {
    folder: tempfile::TempDir,
    server: Child,
    port: u16,
}

/// The account that may run PostgreSQL: nothing if this process may itself.
fn account() -> Option<(u32, u32)> {
    let id = |flag: &str, user: &[&str]| -> u32 {
        let output = Command::new("id").arg(flag).args(user).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    };
    (id("-u", &[]) == 0).then(|| (id("-u", &["postgres"]), id("-g", &["postgres"])))
}

fn program(name: &str) -> Command {
    let mut command = Command::new(Path::new(BIN).join(name));
    if let Some((uid, gid)) = account() {
        command.uid(uid).gid(gid);
    }
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    if let Some((uid, gid)) = account() {
        chown(path, Some(uid), Some(gid)).unwrap();
    }
}

/// Writes an authority, a server certificate for `localhost`, a client certificate for the role `by_cert`, and an authority that
/// signed none of them.
fn write_certificates(folder: &Path) {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
    let authority = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).unwrap().pem();
        (Issuer::new(params, key), pem)
    };
    let (issuer, ca) = authority("estate");
    let (_, stranger) = authority("stranger");
    let leaf = |name: &str, hosts: Vec<String>| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        (params.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
    };
    let (server, server_key) = leaf("server", vec!["localhost".to_owned()]);
    let (client, client_key) = leaf("by_cert", Vec::new());
    for (file, pem) in [
        ("ca.crt", ca),
        ("stranger.crt", stranger),
        ("server.crt", server),
        ("server.key", server_key),
        ("client.crt", client),
        ("client.key", client_key),
    ] {
        write(&folder.join(file), &pem, 0o600);
    }
}

const HBA: &str = "local all all trust
hostssl all by_cert 127.0.0.1/32 cert
hostssl all tls_only 127.0.0.1/32 trust
hostnossl all plain_only 127.0.0.1/32 trust
host all tls_only,plain_only,by_cert 127.0.0.1/32 reject
host all all 127.0.0.1/32 scram-sha-256
";

impl Cluster {
    fn start(tls: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        if let Some((uid, gid)) = account() {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let data = folder.path().join("data");
        write(&folder.path().join("pw"), PASSWORD, 0o600);
        let made = program("initdb")
            .args(["--no-sync", "-E", "UTF8", "--locale=C", "-U", "shop", "-A", "scram-sha-256"])
            .arg(format!("--pwfile={}", folder.path().join("pw").display()))
            .arg("-D")
            .arg(&data)
            .status()
            .unwrap();
        assert!(made.success(), "initdb failed");
        write_certificates(folder.path());
        write(&data.join("pg_hba.conf"), HBA, 0o600);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let path = |file: &str| folder.path().join(file).display().to_string();
        let conf = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nfsync = off\n\
             ssl = {}\nssl_cert_file = '{}'\nssl_key_file = '{}'\nssl_ca_file = '{}'\n",
            folder.path().display(),
            if tls { "on" } else { "off" },
            path("server.crt"),
            path("server.key"),
            path("ca.crt"),
        );
        write(&data.join("postgresql.conf"), &conf, 0o600);
        let server = program("postgres").arg("-D").arg(&data).spawn().unwrap();
        let cluster = Self { folder, server, port };
        cluster.wait();
        cluster
    }

    fn wait(&self) {
        let begin = Instant::now();
        let ready = || {
            let status = program("pg_isready").args(["-h", "127.0.0.1", "-p", &self.port.to_string()]).status();
            status.is_ok_and(|status| status.success())
        };
        while !ready() {
            assert!(begin.elapsed() < Duration::from_secs(30), "the server did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn endpoint(&self, settings: &str) -> Endpoint {
        self.endpoint_with(settings, &[("OLD_PGPASSWORD", PASSWORD)])
    }

    fn endpoint_with(&self, settings: &str, variables: &[(&str, &str)]) -> Endpoint {
        let env = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let around = ProcessEnvironment { env: &env, home: Some(self.path("home")), user: Some("shop".to_owned()) };
        let settings = settings.replace("FOLDER", &self.folder.path().display().to_string());
        let host = if settings.contains("host=") { "" } else { "host=localhost hostaddr=127.0.0.1" };
        let port = if settings.contains("port=") { String::new() } else { format!("port={}", self.port) };
        let database = if settings.contains("dbname=") { "" } else { "dbname=postgres" };
        Endpoint::resolve_in(Side::Old, Some(&format!("{host} {port} {database} {settings}")), &around).unwrap()
    }

    async fn session(&self, settings: &str) -> Session {
        Session::connect(&self.endpoint(settings)).await.unwrap()
    }

    async fn refusal(&self, settings: &str) -> Error {
        told(Session::connect(&self.endpoint(settings)).await)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Our own child, by its id: an immediate shutdown.
        let _ = Command::new("kill").args(["-QUIT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
    }
}

/// Returns the refusal, after checking that no part of it shows the password.
#[track_caller]
fn told(result: Result<Session, Error>) -> Error {
    let error = result.err().expect("a refusal");
    let all = format!("{error} {error:?} {:?} {:?}", error.causes(), error.hints());
    assert!(!all.contains("s3cret"), "{all}");
    assert!(error.places()[0].starts_with("OLD "), "{all}");
    error
}

/// Asks for the backend's process id in a simple query: it leaves no request open behind it (a prepared statement's closing would
/// be one) that the driver would hand the server's last words to.
async fn backend_of(session: &Session) -> i32 {
    let messages = session.client().simple_query("select pg_catalog.pg_backend_pid()").await.unwrap();
    let pid = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    pid.unwrap().parse().unwrap()
}

async fn is_encrypted(session: &Session) -> bool {
    let sql = "select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()";
    session.query(sql, &[]).await.unwrap()[0].get(0)
}

#[tokio::test]
async fn every_sslmode_does_what_libpq_does() {
    let cluster = Cluster::start(true);
    cluster
        .session("sslmode=disable")
        .await
        .execute_all("create role tls_only login; create role plain_only login")
        .await
        .unwrap();
    for (settings, encrypted) in [
        ("sslmode=disable", false),
        ("sslmode=allow", false),
        ("sslmode=allow user=tls_only", true),
        ("sslmode=prefer", true),
        ("sslmode=prefer user=plain_only", false),
        ("sslmode=require", true),
        ("sslmode=require sslrootcert=FOLDER/ca.crt", true),
        ("sslmode=require ssl_min_protocol_version=TLSv1.3 channel_binding=require", true),
        ("sslmode=verify-ca sslrootcert=FOLDER/ca.crt host=elsewhere hostaddr=127.0.0.1", true),
        ("sslmode=verify-full sslrootcert=FOLDER/ca.crt", true),
        ("sslmode=verify-full host=FOLDER", false),
    ] {
        let session = Session::connect(&cluster.endpoint(settings)).await.unwrap_or_else(|e| panic!("{settings}: {e:?}"));
        assert_eq!(is_encrypted(&session).await, encrypted, "{settings}");
        session.close().await;
    }
    for (settings, cause, kind) in [
        (
            "sslmode=verify-full sslrootcert=FOLDER/ca.crt host=elsewhere hostaddr=127.0.0.1",
            "not for the host",
            ErrorKind::Connect,
        ),
        ("sslmode=verify-full sslrootcert=FOLDER/ca.crt host=127.0.0.1", "not for the host", ErrorKind::Connect),
        ("sslmode=verify-full sslrootcert=FOLDER/stranger.crt", "not trusted", ErrorKind::Connect),
        ("sslmode=verify-ca sslrootcert=FOLDER/stranger.crt", "not trusted", ErrorKind::Connect),
        ("sslmode=require sslrootcert=FOLDER/stranger.crt", "not trusted", ErrorKind::Connect),
        ("sslrootcert=system", "not trusted", ErrorKind::Connect),
        ("sslmode=verify-ca", "no root certificate", ErrorKind::Config),
        ("sslmode=disable user=tls_only", "28000", ErrorKind::Permission),
        ("sslmode=require user=plain_only", "28000", ErrorKind::Permission),
        ("sslmode=disable channel_binding=require", "channel binding", ErrorKind::Permission),
    ] {
        let error = cluster.refusal(settings).await;
        assert!(format!("{error:?}").contains(cause), "{settings}: {error:?}");
        assert_eq!(error.kind(), kind, "{settings}: {error:?}");
    }
}

/// `openssl req -x509` marks what it makes as an authority; the same file then serves as certificate and as root.
#[tokio::test]
async fn a_self_signed_certificate_may_be_its_own_root() {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
    let cluster = Cluster::start(true);
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let make = |params: &CertificateParams| params.self_signed(&key).unwrap().pem();
    write(&cluster.path("self.crt"), &make(&params), 0o600);
    write(&cluster.path("server.key"), &key.serialize_pem(), 0o600);
    let serve = async |file: &str| {
        write(&cluster.path("server.crt"), &std::fs::read_to_string(cluster.path(file)).unwrap(), 0o600);
        cluster.session("sslmode=disable").await.execute_all("select pg_catalog.pg_reload_conf()").await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    serve("self.crt").await;
    for mode in ["require", "verify-ca", "verify-full"] {
        cluster.session(&format!("sslmode={mode} sslrootcert=FOLDER/self.crt")).await;
    }
    let error = cluster.refusal("sslmode=verify-full sslrootcert=FOLDER/self.crt host=elsewhere hostaddr=127.0.0.1").await;
    assert!(error.causes()[0].contains("not for the host"), "{error:?}");
    let error = cluster.refusal("sslmode=verify-ca sslrootcert=FOLDER/ca.crt").await;
    assert!(error.causes()[0].contains("not trusted"), "{error:?}");

    params.not_after = rcgen::date_time_ymd(2001, 1, 1);
    params.not_before = rcgen::date_time_ymd(2000, 1, 1);
    write(&cluster.path("old.crt"), &make(&params), 0o600);
    serve("old.crt").await;
    let error = cluster.refusal("sslmode=verify-ca sslrootcert=FOLDER/old.crt").await;
    assert!(error.causes()[0].contains("expired"), "{error:?}");
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_asked_for() {
    let cluster = Cluster::start(false);
    for mode in ["disable", "allow", "prefer"] {
        cluster.session(&format!("sslmode={mode}")).await;
    }
    for settings in ["sslmode=require", "sslmode=verify-full sslrootcert=FOLDER/ca.crt"] {
        let error = cluster.refusal(settings).await;
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert!(error.causes()[0].contains("the server offers none"), "{error:?}");
    }
}

#[tokio::test]
async fn client_certificates_are_offered() {
    let cluster = Cluster::start(true);
    let admin = cluster.session("sslmode=disable").await;
    admin.execute_all("create role by_cert login").await.unwrap();
    let with = "user=by_cert sslmode=verify-full sslrootcert=FOLDER/ca.crt sslcert=FOLDER/client.crt sslkey=FOLDER/client.key";
    let session = cluster.session(with).await;
    assert!(is_encrypted(&session).await);
    let error = cluster.refusal("user=by_cert sslmode=require").await;
    assert_eq!((error.kind(), sqlstate(&error)), (ErrorKind::Permission, Some("28000")), "{error:?}");
    let error = cluster.refusal("user=by_cert sslmode=require sslcert=FOLDER/client.crt sslkey=FOLDER/server.key").await;
    assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
    write(&cluster.path("client.key"), &std::fs::read_to_string(cluster.path("client.key")).unwrap(), 0o644);
    assert!(format!("{:?}", cluster.refusal(with).await).contains("others than its owner"));
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let cluster = Cluster::start(true);
    let hints = |error: &Error| error.hints().join(" ");
    let wrong = |settings: &str, variables: &[(&str, &str)]| cluster.endpoint_with(settings, variables);

    let error = told(Session::connect(&wrong("", &[("OLD_PGPASSWORD", "s3cret wrong")])).await);
    assert_eq!((error.kind(), sqlstate(&error)), (ErrorKind::Permission, Some("28P01")));
    assert!(hints(&error).contains("the variable OLD_PGPASSWORD"), "{:?}", error.hints());
    assert!(!error.causes()[0].contains("DETAIL"));

    let error = told(Session::connect(&wrong("password=s3cret", &[])).await);
    assert!(hints(&error).contains("the connection string"), "{:?}", error.hints());
    let error = told(Session::connect(&wrong("", &[]).with_password_command("echo s3cret")).await);
    assert!(hints(&error).contains("the password command"), "{:?}", error.hints());
    let error = told(Session::connect(&wrong("", &[]).with_password_command("echo s3cret >&2; exit 3")).await);
    assert_eq!(error.causes(), ["it ended with exit code 3"]);

    write(&cluster.path("pgpass"), "*:*:*:*:s3cret p\\:w\\\\\n", 0o600);
    Session::connect(&wrong("passfile=FOLDER/pgpass", &[])).await.unwrap();
    write(&cluster.path("pgpass"), "*:*:*:*:s3cret p\\:w\\\\\n", 0o644);
    let error = told(Session::connect(&wrong("passfile=FOLDER/pgpass", &[])).await);
    assert_eq!(error.kind(), ErrorKind::Permission);
    assert!(hints(&error).contains("was ignored"), "{:?}", error.hints());

    let error = cluster.refusal("dbname=missing").await;
    assert_eq!((error.kind(), sqlstate(&error)), (ErrorKind::Connect, Some("3D000")));

    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = cluster.refusal(&format!("host=127.0.0.1 port={closed}")).await;
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(hints(&error).contains("nothing listens"), "{:?}", error.hints());
    // The next server in the list is tried.
    cluster.session(&format!("host=127.0.0.1,127.0.0.1 port={closed},{}", cluster.port)).await;
    let error = cluster.refusal("target_session_attrs=standby").await;
    assert!(format!("{error:?}").contains("not a standby"));
    cluster.session("target_session_attrs=prefer-standby").await;

    // A listener that never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let error =
        cluster.refusal(&format!("host=127.0.0.1 port={} connect_timeout=2", silent.local_addr().unwrap().port())).await;
    assert!(format!("{error:?}").contains("no session within 2 seconds"), "{error:?}");
}

#[tokio::test]
async fn sessions_are_pinned_and_know_their_server() {
    let cluster = Cluster::start(true);
    let admin = cluster.session("").await;
    admin
        .execute_all(
            "alter role shop set search_path = public; alter role shop set TimeZone = 'Asia/Tokyo'; create role limited login
             password 'limited'; alter role shop set statement_timeout = 1",
        )
        .await
        .unwrap();
    admin.execute_all("create database other").await.unwrap();
    let session = cluster.session("options='-c DateStyle=German -c statement_timeout=1'").await;
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
    assert_eq!((identity.database.as_str(), identity.version_num / 10_000, identity.timeline), ("postgres", 15, Some(1)));
    assert_eq!((identity.port, identity.in_recovery), (Some(cluster.port), false));
    assert!(identity.system_identifier.is_some());
    let socket = cluster.session("host=FOLDER").await.identity().await.unwrap();
    assert!(same_database(&identity, &socket) && socket.address.is_none());
    let other = Session::connect(&cluster.endpoint("").with_database("other")).await.unwrap().identity().await.unwrap();
    assert!(!same_database(&identity, &other));

    admin.execute_all("revoke execute on function pg_catalog.pg_control_system() from public").await.unwrap();
    let limited = cluster.session("user=limited password=limited").await;
    limited.execute_all("begin").await.unwrap();
    let hidden = limited.identity().await.unwrap();
    limited.execute_all("commit").await.unwrap();
    assert_eq!((&hidden.system_identifier, hidden.timeline), (&None, None));
    assert!(same_database(&identity, &hidden));
}

#[tokio::test]
async fn copied_rows_come_back_byte_for_byte() {
    let cluster = Cluster::start(true);
    let session = cluster.session("").await;
    let sql =
        "create table public.a (id int8 primary key, t text, b bytea); create table public.b (like public.a including all);
               insert into public.a select i, nullif(repeat('ä', i % 7), ''), decode(md5(i::text), 'hex')
               from generate_series(1, 20000) as i";
    session.execute_all(sql).await.unwrap();
    let copy = async |table: &str| {
        let sql = format!("copy (select * from public.{table} order by id) to stdout (format binary)");
        let mut out = session.copy_out(&sql).await.unwrap();
        let mut chunks = Vec::new();
        while let Some(bytes) = out.next().await.unwrap() {
            chunks.push(Bytes::copy_from_slice(bytes));
        }
        chunks
    };
    let first = copy("a").await;
    // One COPY at a time; and one that is given up leaves nothing behind for the next.
    let mut given_up =
        session.copy_out("copy (select repeat('x', 1000) from generate_series(1, 100000)) to stdout").await.unwrap();
    assert!(given_up.next().await.unwrap().is_some());
    assert_eq!(session.copy_out("copy public.a to stdout").await.err().unwrap().kind(), ErrorKind::Refused);
    drop(given_up);
    assert_eq!(copy("a").await.concat(), first.concat());
    let mut into = session.copy_in("copy public.b from stdin (format binary)").await.unwrap();
    for chunk in &first {
        into.send(chunk.clone()).await.unwrap();
    }
    assert_eq!(into.finish().await.unwrap(), 20_000);
    assert_eq!(copy("b").await.concat(), first.concat());

    // The server's complaint names the constraint, not the row.
    let mut into = session.copy_in("copy public.b from stdin (format binary)").await.unwrap();
    into.send(Bytes::from(first.concat())).await.unwrap();
    let error = into.finish().await.unwrap_err();
    assert_eq!((error.kind(), sqlstate(&error)), (ErrorKind::Server, Some("23505")));
    assert!(error.causes()[0].ends_with("constraint b_pkey, table public.b"), "{error:?}");
    assert!(!format!("{error:?}").contains("(id)="), "{error:?}");

    // A copy that is not finished never happened.
    session.execute_all("truncate public.b").await.unwrap();
    let mut into = session.copy_in("copy public.b from stdin (format binary)").await.unwrap();
    into.send(Bytes::from(first.concat())).await.unwrap();
    drop(into);
    let rows = session.query("select count(*) from public.b", &[]).await.unwrap();
    assert_eq!(rows[0].get::<_, i64>(0), 0);

    let error = session.execute_all("select 's3cret'::int4").await.unwrap_err();
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn sessions_that_join_see_the_holders_moment() {
    let cluster = Cluster::start(true);
    let writer = cluster.session("").await;
    writer.execute_all("create table public.t (id int4); insert into public.t values (1)").await.unwrap();
    let snapshot = Snapshot::hold(cluster.session("").await).await.unwrap();
    writer.execute_all("insert into public.t values (2)").await.unwrap();
    let reader = cluster.session("").await;
    snapshot.join(&reader).await.unwrap();
    let count =
        async |session: &Session| -> i64 { session.query("select count(*) from public.t", &[]).await.unwrap()[0].get(0) };
    assert_eq!((count(&reader).await, count(snapshot.session()).await, count(&writer).await), (1, 1, 2));
    let error = reader.execute_all("insert into public.t values (3)").await.unwrap_err();
    assert_eq!(sqlstate(&error), Some("25006"));
    snapshot.check().await.unwrap();
    snapshot.release().await.unwrap().close().await;

    let other = Session::connect(&cluster.endpoint("").with_database("template1")).await.unwrap();
    let snapshot = Snapshot::hold(cluster.session("").await).await.unwrap();
    assert_eq!(snapshot.join(&other).await.unwrap_err().kind(), ErrorKind::Refused);
}

#[tokio::test]
async fn lost_sessions_are_connect_errors_with_the_servers_last_words() {
    let cluster = Cluster::start(true);
    let (admin, victim) = (cluster.session("").await, cluster.session("").await);
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
    let snapshot = Snapshot::hold(cluster.session("").await).await.unwrap();
    let pid = backend_of(snapshot.session()).await;
    admin.query("select pg_catalog.pg_terminate_backend($1, 5000)", &[&pid]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let error = snapshot.check().await.unwrap_err();
    assert_eq!((error.kind(), sqlstate(&error)), (ErrorKind::Connect, Some("57P01")), "{error:?}");

    // Killed in the middle of a COPY.
    let reader = cluster.session("").await;
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
    let cluster = Cluster::start(true);
    for settings in ["sslmode=require", "sslmode=disable", "host=FOLDER"] {
        let session = cluster.session(settings).await;
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

//! `failback fence`: what it says of a side that is quiet or written; how it is closed and put back exactly, by a superuser and
//! by a mere owner; and that nobody locks himself out.

use std::io::copy;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use failback::demo::{Cluster, ClusterOptions};
use failback::name::Side;
use serde_json::Value;

use crate::refusals::with_login;
use crate::support::{self, Output, block_on};

/// A server of these tests' own: what a fence changes is of all of it, and others would give out transaction ids.
fn server() -> (&'static Cluster, MutexGuard<'static, ()>) {
    static ALONE: Mutex<()> = Mutex::new(());
    static SERVER: LazyLock<Cluster> = LazyLock::new(|| {
        let settings = [("autovacuum", "off"), ("max_prepared_transactions", "5")];
        let options = ClusterOptions {
            label: "test-fence".into(),
            settings: settings.map(|(name, value)| (name.into(), value.into())).to_vec(),
            ..ClusterOptions::default()
        };
        Cluster::start(&support::binaries(Side::New), &options).expect("a throwaway server")
    });
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    (&SERVER, alone)
}

/// A database of its own, as NEW, with an application that is at work there.
struct Scene {
    url: String,
    app: String,
    database: String,
    folder: tempfile::TempDir,
    confirm: String,
    _alone: MutexGuard<'static, ()>,
}

impl Scene {
    fn new(test: &str) -> Self {
        let (server, alone) = server();
        let url = server.url(test);
        let making = format!(
            "create role {test}_app login password 'app'; create role {test}_watch login password 'watch';
             create role {test}_own login password 'own' createrole; create role {test}_owners;
             grant {test}_owners to {test}_own; grant pg_signal_backend to {test}_own"
        );
        support::sql(&server.url("postgres"), &format!("create database {test} template template0"));
        support::sql(&server.url("postgres"), &making);
        support::sql(
            &url,
            &format!(
                "create table t (id int); grant all on t to public;
                 grant connect on database {test} to {test}_app with grant option"
            ),
        );
        let confirm = format!("127.0.0.1:{}", server.port());
        let app = with_login(&url, &format!("{test}_app"), "app");
        Self { url, app, database: test.to_owned(), folder: tempfile::tempdir().expect("a folder"), confirm, _alone: alone }
    }

    fn login(&self, role: &str) -> String {
        with_login(&self.url, &format!("{}_{role}", self.database), role)
    }

    fn as_user(&self, url: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_failback"));
        command.arg("fence").args(arguments).args(["--new", url]);
        if !arguments.contains(&"--lift") {
            command.args(["--databases", &self.database, "--watch", "300ms"]);
        }
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.env("HOME", self.folder.path()).current_dir(self.folder.path()).stdin(std::process::Stdio::null());
        let output = command.output().expect("the failback program");
        Output {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.as_user(&self.url, arguments)
    }

    fn json(&self, code: i32, url: &str, arguments: &[&str]) -> Value {
        let output = self.as_user(url, &[arguments, &["--json"]].concat());
        assert_eq!(output.code, code, "{arguments:?} {output:?}");
        serde_json::from_str(&output.stdout).expect("one JSON document")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("fence.json")
    }

    /// All that a fence could change, as the server has it.
    fn guards(&self) -> Vec<Vec<Option<String>>> {
        support::rows(
            &self.url,
            "select datname, datconnlimit::text,
                    (select string_agg(x::text, ' ' order by x::text)
                       from aclexplode(coalesce(datacl, acldefault('d', datdba))) x),
                    (select string_agg(s::text, ' ') from pg_db_role_setting s where setdatabase = d.oid)
               from pg_database d
             union all select rolname, rolconnlimit::text, null, null from pg_roles order by 1",
        )
    }
}

fn gets_in(url: &str) -> bool {
    block_on(async { tokio_postgres::connect(url, tokio_postgres::NoTls).await.is_ok() })
}

#[test]
fn quiet_and_written_are_told_with_their_evidence() {
    let scene = Scene::new("fence_look");
    let quiet = scene.json(0, &scene.url, &["--exit-code"]);
    assert_eq!(quiet["watched"]["verdict"], "quiet", "{quiet:#}");
    assert_eq!(quiet["watched"]["from"]["next"], quiet["watched"]["to"]["next"]);
    let writer = block_on(support::connect(&scene.app));
    block_on(writer.batch_execute("begin; insert into t values (1)")).expect("a row");
    let written = scene.json(3, &scene.url, &["--exit-code"]);
    assert_eq!(written["watched"]["verdict"], "written");
    assert!(written["watched"]["why"].to_string().contains("a transaction of fence_look_app in fence_look"), "{written:#}");
    let sessions = written["watched"]["sessions"].as_array().expect("sessions");
    assert!(sessions.iter().any(|one| one["role"] == "fence_look_app" && one["writing"] == 1), "{written:#}");
    block_on(writer.batch_execute("prepare transaction 'kept'")).expect("a prepared transaction");
    let prepared = scene.run(&["--exit-code"]);
    assert!(prepared.code == 3 && prepared.stdout.contains("it can be committed at any time"), "{prepared:?}");
    block_on(writer.batch_execute("rollback prepared 'kept'")).expect("its end");
    // Whoever may not look into others' sessions is told so, and sees who writes all the same.
    block_on(writer.batch_execute("begin; insert into t values (2)")).expect("a row");
    let blind = scene.as_user(&scene.login("watch"), &["--exit-code"]);
    assert!(blind.code == 3 && blind.stdout.contains("pg_read_all_stats"), "{blind:?}");
    block_on(writer.batch_execute("rollback")).expect("its end");
}

#[test]
fn a_fence_keeps_writers_out_and_is_lifted_to_what_was_there() {
    let scene = Scene::new("fence_shut");
    let before = scene.guards();
    let idle = block_on(support::connect(&scene.app));
    let ways = ["--by", "connect", "--except", "fence_shut_watch"];
    let shown = scene.run(&ways);
    assert_eq!(shown.code, 0, "{shown:?}");
    for statement in
        ["from public;", "from \"fence_shut_app\";", "grant connect on database \"fence_shut\" to \"fence_shut_watch\";"]
    {
        assert!(shown.stdout.contains(statement), "{statement}: {shown:?}");
    }
    let nameless = support::failback(&["fence", "--new", &scene.url, "--databases", ""]);
    assert!(nameless.code == 2 && nameless.stderr.contains("a name is empty"), "{nameless:?}");
    let refused = scene.run(&[&ways[..], &["--apply", "--confirm", "elsewhere:1"]].concat());
    assert!(refused.code == 4 && refused.stderr.contains("is not NEW's"), "{refused:?}");
    assert!(scene.guards() == before && !scene.file().exists(), "it was only shown");

    let fenced = scene.json(0, &scene.url, &[&ways[..], &["--apply", "--confirm", &scene.confirm]].concat());
    assert_eq!(fenced["sessions"], serde_json::json!([{"role": "fence_shut_app", "ended": 1, "left": 0}]), "{fenced:#}");
    assert!(fenced["holes"].to_string().contains("superusers get in"), "{fenced:#}");
    assert!(!fenced["holes"].to_string().contains("may still connect"), "{fenced:#}");
    assert!(block_on(idle.simple_query("select 1")).is_err(), "its session was ended");
    assert!(!gets_in(&scene.app) && gets_in(&scene.login("watch")) && gets_in(&scene.url));
    let again = scene.run(&[&ways[..], &["--apply", "--confirm", &scene.confirm]].concat());
    assert!(again.code == 0 && again.stdout.contains("it stands already"), "{again:?}");

    let looked = scene.run(&["--lift", "fence.json"]);
    assert!(looked.code == 0 && looked.stdout.contains("with grant option;") && !gets_in(&scene.app), "{looked:?}");
    let lifted = scene.run(&["--lift", "fence.json", "--confirm", &scene.confirm]);
    assert_eq!(lifted.code, 0, "{lifted:?}");
    assert_eq!(scene.guards(), before, "to the last right");
    assert!(gets_in(&scene.app));
    let once_more = scene.run(&["--lift", "fence.json", "--confirm", &scene.confirm]);
    assert!(once_more.code == 0 && once_more.stdout.contains("it is as it was before"), "{once_more:?}");
    let altered = std::fs::read_to_string(scene.file()).expect("a fence").replace("fence_shut_app", "fence_shut_own");
    std::fs::write(scene.file(), altered).expect("a file");
    assert_eq!(scene.run(&["--lift", "fence.json"]).code, 7, "what was there before is sealed");
}

#[test]
fn what_somebody_has_set_since_is_left_and_named() {
    let scene = Scene::new("fence_since");
    support::sql(&scene.url, "alter database fence_since connection limit 40");
    let before = scene.guards();
    let fenced = scene.run(&["--by", "readonly,limit", "--apply", "--confirm", &scene.confirm]);
    assert_eq!(fenced.code, 0, "{fenced:?}");
    assert!(!gets_in(&scene.app), "none but superusers");
    assert_eq!(support::value(&scene.url, "show default_transaction_read_only").as_deref(), Some("on"));
    support::sql(&scene.url, "begin read write; alter database fence_since connection limit 7; commit");
    let lifted = scene.run(&["--lift", "fence.json", "--confirm", &scene.confirm]);
    assert!(lifted.code == 9 && lifted.stdout.contains("its connection limit is 7"), "{lifted:?}");
    assert_eq!(support::value(&scene.url, "show default_transaction_read_only").as_deref(), Some("off"));
    support::sql(&scene.url, "alter database fence_since connection limit 40");
    assert_eq!(scene.guards(), before);
}

/// As where a provider keeps superusers to itself.
#[test]
fn an_owner_without_more_rights_fences_and_stays_in() {
    let scene = Scene::new("fence_owner");
    let owner = scene.login("own");
    let refused = scene.as_user(&owner, &["--by", "connect", "--apply", "--confirm", &scene.confirm]);
    assert!(refused.code == 6 && refused.stderr.contains("may not act as the owner of fence_owner"), "{refused:?}");
    support::sql(&scene.url, "alter database fence_owner owner to fence_owner_owners");
    if support::binaries(Side::New).major() >= 16 {
        support::sql(&scene.url, "grant fence_owner_app, fence_owner_watch to fence_owner_own with admin option");
    }
    let before = scene.guards();
    let _idle = block_on(support::connect(&scene.app));
    // Other tests' roles may connect to every database; they are not this owner's to limit.
    let fenced = scene.json(0, &owner, &["--by", "readonly,connect", "--apply", "--confirm", &scene.confirm]);
    assert_eq!(fenced["sessions"][0]["ended"], 1, "{fenced:#}");
    assert!(!gets_in(&scene.app) && !gets_in(&scene.login("watch")) && gets_in(&owner));
    let lifted = scene.as_user(&owner, &["--lift", "fence.json", "--confirm", &scene.confirm]);
    assert_eq!(lifted.code, 0, "{lifted:?}");
    assert_eq!(scene.guards(), before);
}

#[test]
fn nobody_locks_himself_out() {
    let scene = Scene::new("fence_locked");
    let before = scene.guards();
    let through = through_a_gate(&scene.url, &scene.file());
    let address = through.split(['@', '/']).find(|part| part.starts_with("127.0.0.1:")).expect("an address").to_owned();
    let refused = scene.as_user(&through, &["--by", "connect,readonly", "--apply", "--confirm", &address]);
    assert!(refused.code == 4 && refused.stderr.contains("all of it was taken back at once"), "{refused:?}");
    assert_eq!(scene.guards(), before);
    assert!(gets_in(&scene.app) && !scene.file().exists());
}

/// A way to a server that lets nobody in any more once a file exists.
fn through_a_gate(url: &str, file: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let own = listener.local_addr().expect("an address").to_string();
    let (_, rest) = url.split_once('@').expect("a user in the URL");
    let server = rest.split('/').next().expect("a server").to_owned();
    let (file, target) = (file.to_owned(), server.clone());
    std::thread::spawn(move || {
        for near in listener.incoming().flatten() {
            if file.exists() {
                continue;
            }
            let far = TcpStream::connect(&target).expect("the server");
            for (mut from, mut to) in [(near.try_clone(), far.try_clone()), (Ok(far), Ok(near))]
                .map(|(a, b)| (a.expect("a socket"), b.expect("a socket")))
            {
                std::thread::spawn(move || {
                    let _ = copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    url.replace(&server, &own)
}

/// A crash between the file and the server leaves a file of a fence that was never made: it is in nobody's way.
#[test]
fn the_file_of_a_fence_that_was_never_made_is_in_nobodys_way() {
    let scene = Scene::new("fence_crash");
    let fence = ["--by", "connect", "--apply", "--confirm", &scene.confirm];
    let before = scene.guards();
    assert!(matches!(scene.run(&fence).code, 0 | 9));
    let file = std::fs::read(scene.file()).expect("the file");
    assert!(matches!(scene.run(&["--lift", "fence.json", "--confirm", &scene.confirm]).code, 0 | 9));
    assert_eq!(scene.guards(), before);
    std::fs::write(scene.file(), &file).expect("the file of a fence that does not stand");
    let again = scene.run(&fence);
    assert!(matches!(again.code, 0 | 9) && !gets_in(&scene.app), "{again:?}");
    // One that stands in part keeps its file: what was there before is in it alone.
    support::sql(&scene.url, &format!("grant connect on database {} to public", scene.database));
    let refused = scene.run(&fence);
    assert!(refused.code == 4 && refused.stderr.contains("there is a file of that name"), "{refused:?}");
}

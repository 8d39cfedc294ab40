//! PostgreSQL's own passwords, from each place where one may be kept, through a whole phase: nothing that is kept or printed
//! holds one, and no process shows one among its arguments.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;

use super::quick::orders;
use super::secrets::files;
use super::stage::Stage;
use crate::support::{self, Pair, sql, value};

/// OLD's and NEW's, and one of a user of the application.
const CANARIES: [&str; 3] = ["Canary-of-old-4711", "Canary-of-new@4711", "Canary-of-app/4711"];

/// A phase of its own that reaches both servers by failback, by its verbs, by PostgreSQL's programs and by a step's own
/// question, and a step that prints whatever a program can see of it all.
fn runbook(pair: &Pair) -> String {
    let database = &pair.database;
    let step = |id: &str, rest: &str| format!("[[step]]\nid = \"{id}\"\ntitle = \"{id}\"\n{rest}\n");
    let read = "kind = \"command\"\neffect = \"read\"";
    [
        "runbook = \"own\"\ntitle = \"Own\"\nsummary = \"Reaches servers.\"\n".to_owned(),
        step("both", &format!("kind = \"postgres\"\nside = \"new\"\ndatabases = [\"{database}\"]")),
        step(
            "app",
            &format!(
                "kind = \"postgres\"\nside = \"old\"\ndatabases = [\"{database}\"]\nuser = \"{database}_user\"\n\
                 password_secret = \"app\"\nquery = \"select current_user = '{database}_user'\""
            ),
        ),
        step("sequences", "kind = \"engine\"\neffect = \"read\"\nrun = [\"sequences\"]\naccept = [\"3\"]"),
        step(
            "recover",
            "kind = \"engine\"\neffect = \"write\"\naccept = [\"9\"]\n\
             run = [\"recover\", \"--run\", \"${rollback.folder}/recovery\", \"--leave-held\", \"--confirm\", \
             \"${old_server}\"]",
        ),
        step(
            "dump",
            "kind = \"engine\"\neffect = \"write\"\nrun = [\"restore\", \"dump\", \"--side\", \"new\", \"--databases\", \
             \"${databases}\", \"--run\", \"${rollback.folder}/recovery\", \"--into\", \"${rollback.folder}/last\"]",
        ),
        step("all", &format!("{read}\nrun = [\"sh\", \"-c\", \"env; cat said .pgpass service; ./as-vault; true\"]")),
        step("fails", &format!("{read}\nrun = [\"sh\", \"-c\", \"cat said >&2; exit 1\"]\noptional = true")),
        step("late", &format!("{read}\ntimeout = \"1s\"\nrun = [\"sh\", \"-c\", \"cat said; sleep 60\"]\noptional = true")),
    ]
    .concat()
}

/// Where the passwords are kept in one round.
struct Place {
    name: &'static str,
    /// What the addresses say besides.
    address: [String; 2],
    /// What the configuration says besides of the servers.
    settings: [String; 2],
    variables: Vec<(&'static str, String)>,
}

fn keep(stage: &Stage, file: &str, text: &str) {
    stage.write(file, text);
    std::fs::set_permissions(stage.path(file), PermissionsExt::from_mode(0o700)).expect("rights");
}

fn places(stage: &Stage) -> Vec<Place> {
    let none = || [String::new(), String::new()];
    let [old, new] = [CANARIES[0], CANARIES[1]].map(str::to_owned);
    let command = |line: &dyn Fn(usize) -> String| [0, 1].map(|side| format!("password_command = '''{}'''\n", line(side)));
    let az = format!("{}/fixtures/standins/az", env!("CARGO_MANIFEST_DIR"));
    let vault = |side: usize| {
        let world = stage.path("world.json").display().to_string();
        format!("AZ_WORLD={world} {az} keyvault secret show --vault-name safe --name {side} --query value --output tsv")
    };
    let file = |side: usize| format!("sed -n {}p said", side + 1);
    let place = |name, address, settings, variables| Place { name, address, settings, variables };
    vec![
        place("the password file", none(), none(), vec![("PGPASSFILE", stage.path(".pgpass").display().to_string())]),
        place("a command", none(), command(&file), Vec::new()),
        place("a vault", none(), command(&vault), Vec::new()),
        place("variables", none(), none(), vec![("OLD_PGPASSWORD", old.clone()), ("NEW_PGPASSWORD", new.clone())]),
        place("the addresses", [old, new].map(|password| format!(":{}", password.replace('@', "%40"))), none(), Vec::new()),
    ]
}

/// Runs it while all processes' arguments are looked at again and again.
fn run(stage: &Stage, place: &Place, words: &[&str]) -> (i32, String) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let (mut seen, mut looks) = (String::new(), 0);
            while !over.load(Ordering::Relaxed) {
                let said = Command::new("ps").args(["-eo", "args"]).output().expect("ps").stdout;
                seen.push_str(&String::from_utf8_lossy(&said));
                looks += 1;
                std::thread::sleep(Duration::from_millis(30));
            }
            (seen, looks)
        });
        let mut command = stage.command(words);
        let variables = place.variables.iter().map(|(name, value)| (*name, value.as_str()));
        let output = command.envs(variables).env("APP", CANARIES[2]).output().expect("failback");
        over.store(true, Ordering::Relaxed);
        let (seen, looks) = looking.join().expect("looks");
        assert!(looks > 0, "nobody looked");
        expect_none(&seen, "a process's arguments", place.name);
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        expect_none(&said, &words.join(" "), place.name);
        (output.status.code().unwrap_or(-1), said)
    })
}

fn expect_none(text: &str, what: &str, place: &str) {
    for canary in CANARIES.iter().flat_map(|canary| [(*canary).to_owned(), canary.replace('@', "%40").replace('/', "%2F")]) {
        let found = text.lines().find(|line| line.contains(&canary));
        assert!(found.is_none(), "from {place}, {what} holds {canary}: {}", found.unwrap_or_default());
    }
}

/// The servers' addresses, each by a user whose password is a canary.
fn addresses(pair: &Pair) -> [(String, String); 2] {
    let user = format!("{}_dba", pair.database);
    let role = |url: &str, password: &str| {
        sql(url, &format!("create role \"{user}\" superuser login password '{password}'"));
        let (_, address) = url.split_once('@').expect("a server");
        (user.clone(), address.to_owned())
    };
    sql(&pair.old, &format!("create role \"{}_user\" login password '{}'", pair.database, CANARIES[2]));
    [role(&pair.old, CANARIES[0]), role(&pair.new, CANARIES[1])]
}

fn configure(stage: &Stage, servers: &[(String, String); 2], place: &Place, pair: &Pair) {
    let section = |side: usize, name: &str| {
        let (user, address) = &servers[side];
        format!("[{name}]\nurl = \"postgresql://{user}{}@{address}\"\n{}", place.address[side], place.settings[side])
    };
    let text = format!(
        "cutover = 2026-11-22T10:00:00Z\nruns = \"{0}\"\ndatabases = [\"{1}\"]\n{2}{3}[secrets]\napp = {{ env = \"APP\" }}\n\
         [tools]\nenvironment = [\"PGPASSFILE\"]\n[vars]\ndatabases = [\"{1}\"]\n[environments.dev]\n",
        stage.path("runs").display(),
        pair.database,
        section(0, "old"),
        section(1, "new"),
    );
    stage.write("failback.toml", &text);
}

#[test]
fn a_servers_password_is_nowhere_wherever_it_is_kept() {
    let pair = support::pair("rollback_passwords");
    orders(&pair);
    let servers = addresses(&pair);
    let stage = Stage::new(None, "");
    keep(&stage, "said", &format!("{}\n{}\n", CANARIES[0], CANARIES[1]));
    let mut world = stage.world();
    world["secrets"] = json!({ "safe/0": CANARIES[0], "safe/1": CANARIES[1] });
    stage.set_world(&world);
    stage.write("own.toml", &runbook(&pair));
    let mut rows = 1;
    for place in places(&stage) {
        if place.name == "the password file" {
            let lines = [0, 1].map(|side| {
                let (host, port) = servers[side].1.split_once('/').expect("a database").0.split_once(':').expect("a port");
                format!("{host}:{port}:*:{}:{}\n", servers[side].0, CANARIES[side])
            });
            stage.write(".pgpass", &lines.concat());
            std::fs::set_permissions(stage.path(".pgpass"), PermissionsExt::from_mode(0o600)).expect("rights");
        }
        configure(&stage, &servers, &place, &pair);
        let made =
            "insert into orders (what, created_at, updated_at) values ('more', '2026-11-22 11:00Z', '2026-11-22 11:00Z')";
        sql(&pair.new, made);
        rows += 1;
        for words in
            [&["run", "own.toml", "--dry-run"][..], &["run", "own.toml", "--dry-run", "--json"], &["drill", "own.toml"]]
        {
            run(&stage, &place, words);
        }
        let (code, told) = run(&stage, &place, &["run", "own.toml", "--confirm", "dev", "--json"]);
        assert_eq!(code, 9, "{}: {told}", place.name);
        for words in [&["status"][..], &["status", "--json"], &["postmortem"], &["postmortem", "--json"]] {
            assert_eq!(run(&stage, &place, words).0, 0, "{}: {words:?}", place.name);
        }
        let told = format!("from {}", place.name);
        assert_eq!(
            value(&pair.old, "select count(*)::text from orders").as_deref(),
            Some((rows + 1).to_string().as_str()),
            "{told}"
        );
        let mut kept = vec![stage.path("world.json.calls")];
        files(&stage.path("runs"), &mut kept);
        assert!(kept.len() > 20, "{kept:?}");
        for path in kept {
            let text = std::fs::read(&path).unwrap_or_default();
            expect_none(&String::from_utf8_lossy(&text), &path.display().to_string(), place.name);
        }
        if place.name == "the password file" {
            std::fs::remove_file(stage.path(".pgpass")).expect("removed");
        }
    }
}

#[test]
fn a_wrong_password_is_told_and_not_shown() {
    let pair = support::pair("rollback_wrong_password");
    let servers = addresses(&pair);
    let stage = Stage::new(None, "");
    stage.write("own.toml", &runbook(&pair).replace("title = \"both\"", "title = \"both\"\ntimeout = \"1s\""));
    let variables = vec![("OLD_PGPASSWORD", CANARIES[1].to_owned()), ("NEW_PGPASSWORD", CANARIES[2].to_owned())];
    let none = || [String::new(), String::new()];
    let place = Place { name: "variables", address: none(), settings: none(), variables };
    configure(&stage, &servers, &place, &pair);
    let (code, told) = run(&stage, &place, &["run", "own.toml", "--confirm", "dev", "--json"]);
    assert!(code == 1 && told.contains("password authentication failed"), "{told}");
}

//! An assessment end to end: Prometheus, health pages and two servers.

mod asked;
mod prometheus;

use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;

use crate::support::{self, Asked, Output, Pair, Reply, Web};

/// What Prometheus imitates: a value for each query that a test asks.
fn answered(asked: &Asked, of: &dyn Fn(&str) -> &'static str) -> Reply {
    let parameter = |name: &str| {
        let (_, query) = asked.target.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")).map(str::to_owned))
    };
    let number = |name: &str| parameter(name).and_then(|text| text.parse::<i64>().ok());
    let (Some(start), Some(end), Some(step)) = (number("start"), number("end"), number("step")) else {
        return Reply::text(400, "{\"status\":\"error\",\"error\":\"no range\"}");
    };
    let value = of(&parameter("query").unwrap_or_default());
    let result = match value {
        "" => String::new(),
        value => {
            let at = (0..).map(|index| start + index * step).take_while(|at| *at <= end);
            let values: Vec<_> = at.map(|at| format!("[{at},\"{value}\"]")).collect();
            format!("{{\"metric\":{{}},\"values\":[{}]}}", values.join(","))
        }
    };
    Reply::text(200, &format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{result}]}}}}"))
}

/// Two servers with a table, a web server for everything else, and a folder with failback.toml.
struct Scene {
    pair: Pair,
    web: Web,
    folder: tempfile::TempDir,
}

const TABLES: &str = "create table public.orders (id int primary key, updated_at timestamptz not null);
    create table public.codes (code text primary key);
    insert into public.orders select i, now() - interval '30 days' from generate_series(1, 50) i;";

impl Scene {
    /// `of` gives the value of each query; OLD's page says 200 and NEW's says `status`.
    fn new(test: &str, status: u16, of: impl Fn(&str) -> &'static str + Send + Sync + 'static) -> Self {
        let pair = support::pair(test);
        support::sql(&pair.old, TABLES);
        support::sql(&pair.new, TABLES);
        let written = "insert into public.orders select i, now() from generate_series(51, 57) i; \
                       update public.orders set updated_at = now() where id <= 3;";
        support::sql(&pair.new, written);
        let web = Web::plain(move |asked| match asked.target.as_str() {
            "/old" => Reply::text(200, "fine"),
            "/new" => Reply::text(status, "?"),
            _ => answered(asked, &of),
        });
        Self { pair, web, folder: tempfile::tempdir().expect("a folder") }
    }

    fn configure(&self, cutover: Timestamp, more: &str) {
        let (metric, database) = (self.web.url(""), &self.pair.database);
        let query = |criterion: &str, query: &str| {
            format!("[[metrics]]\ncriterion = \"{criterion}\"\nprometheus = \"{metric}\"\nquery = \"{query}\"\n")
        };
        let text = format!(
            "cutover = \"{cutover}\"\ndatabases = [\"{database}\"]\n[old]\nurl = \"{}\"\n[new]\nurl = \"{}\"\n\
             [[health]]\nname = \"old\"\nside = \"old\"\nurl = \"{}\"\n[[health]]\nname = \"new\"\nurl = \"{}\"\n{}{}{}\
             [roles]\n\"incident commander\" = [\"ada@example.org\"]\n{more}",
            self.pair.old,
            self.pair.new,
            self.web.url("/old"),
            self.web.url("/new"),
            query("error-rate", "errors"),
            query("serious-error-rate", "errors"),
            query("degradation", "slower"),
        );
        std::fs::write(self.folder.path().join("failback.toml"), text).expect("written");
    }

    fn assess(&self, more: &[&str]) -> Output {
        let file = self.folder.path().join("failback.toml").display().to_string();
        support::failback(&[&["assess", "--config", &file], more].concat())
    }

    fn json(&self, code: i32, more: &[&str]) -> Value {
        let output = self.assess(&[more, &["--json", "-q", "--exit-code"]].concat());
        assert_eq!(output.code, code, "{}{}", output.stdout, output.stderr);
        let document: Value = serde_json::from_str(&output.stdout).expect("a document");
        assert_eq!(document["schema_version"], 1);
        document
    }
}

fn ago(minutes: i64) -> Timestamp {
    Timestamp::now() - minutes.minutes()
}

fn reading<'a>(document: &'a Value, criterion: &str) -> &'a Value {
    let readings = document["readings"].as_array().expect("readings");
    readings.iter().find(|one| one["criterion"] == criterion).unwrap_or_else(|| panic!("{criterion}: {document:#}"))
}

/// Every question that only people can answer, but for those named.
fn no_to_all_but(names: &[&str]) -> Vec<String> {
    let by_hand = [
        "data-corruption",
        "security-breach",
        "cascading-failures",
        "critical-function",
        "database-intermittent",
        "users-complain",
    ];
    by_hand.iter().filter(|name| !names.contains(name)).map(|name| format!("--answer={name}=no")).collect()
}

#[test]
fn an_error_rate_that_lasts_asks_for_a_quick_rollback() {
    let scene = Scene::new("assess_quick", 200, |query| if query == "errors" { "0.15" } else { "0.3" });
    scene.configure(ago(20), "");
    let document = scene.json(3, &[]);
    assert_eq!((&document["advice"], &document["phase"]), (&"roll-back".into(), &"quick".into()), "{document:#}");
    let errors = reading(&document, "error-rate");
    assert_eq!(
        (&errors["answer"], &errors["value"], &errors["threshold"]),
        (&"yes".into(), &"0.15".into(), &"> 0.1 for 5m".into())
    );
    for (criterion, answer) in
        [("old-serves", "yes"), ("old-data", "yes"), ("outage", "no"), ("database-lost", "no"), ("users-complain", "unknown")]
    {
        assert_eq!(reading(&document, criterion)["answer"], answer, "{criterion}: {document:#}");
    }
    assert_eq!(document["rows"]["rows"], 10, "{document:#}");
    assert_eq!(document["approvals"][0]["people"][0], "ada@example.org");
    let about: Vec<_> = document["contradictions"].as_array().expect("a list").iter().map(|one| one["about"].clone()).collect();
    assert!(about.contains(&"data loss".into()) && about.contains(&"automatic criteria".into()), "{about:?}");

    let page = scene.assess(&["--width", "80"]);
    assert_eq!(page.code, 0, "{}", page.stderr);
    let lines: Vec<_> = page.stdout.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{}", page.stdout);
    assert_eq!(lines[0], "roll back; phase quick (quick rollback)");
    let tail = lines[lines.len() - 3..].join(" ");
    assert!(tail.contains("next: failback rollback quick"), "{}", page.stdout);
    assert!(page.stdout.contains("public.codes: not counted"), "{}", page.stdout);
}

#[test]
fn nothing_is_well_until_everything_is_known() {
    let scene = Scene::new("assess_stay", 200, |query| if query == "errors" { "0" } else { "0.1" });
    scene.configure(ago(20), "");
    let undecided = scene.json(9, &["--count-within", "0s"]);
    assert_eq!(undecided["advice"], "undecided");
    assert!(undecided["rows"]["rows"].is_null());
    let all = no_to_all_but(&[]);
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    assert_eq!(scene.json(0, &all)["advice"], "stay");
    let but_users = no_to_all_but(&["users-complain"]);
    let but_users: Vec<_> = but_users.iter().map(String::as_str).collect();
    let weighed = scene.json(3, &[&but_users[..], &["--answer=users-complain=yes", "--by", "grace"]].concat());
    assert_eq!(weighed["advice"], "evaluate");
    assert_eq!(reading(&weighed, "users-complain")["by"], "grace");
    let twice = scene.assess(&["--answer", "outage=yes", "--answer", "outage=no"]);
    assert!(twice.code == 2 && twice.stderr.contains("outage is answered twice"), "{twice:?}");
    let wrong = scene.assess(&["--answer", "user-complain=yes"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("did you mean `users-complain`?"), "{}", wrong.stderr);
}

#[test]
fn an_empty_result_and_nan_are_not_known() {
    let scene = Scene::new("assess_nan", 503, |query| if query == "errors" { "NaN" } else { "" });
    scene.configure(ago(20), "");
    let all = no_to_all_but(&[]);
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    let document = scene.json(3, &all);
    assert_eq!(reading(&document, "error-rate")["answer"], "unknown");
    assert_eq!(reading(&document, "degradation")["answer"], "unknown");
    assert_eq!((&reading(&document, "outage")["answer"], &document["advice"]), (&"yes".into(), &"roll-back".into()));
}

#[test]
fn the_time_alone_does_not_destroy_old() {
    let scene = Scene::new("assess_late", 200, |_| "0.06");
    scene.configure(ago(50 * 60), "");
    let document = scene.json(3, &["--count-within", "0s"]);
    assert_eq!(document["phase"], "long-term", "{document:#}");
    let gone = scene.json(3, &["--count-within", "0s", "--answer", "old-data=no"]);
    assert_eq!(gone["phase"], "emergency");
    assert_eq!(reading(&gone, "old-data")["measured"], "yes");

    scene.configure(ago(-20), "[environments.next]\ncutover = \"2026-01-14T10:00:00Z\"\ndatabases = [\"nowhere\"]\n");
    assert_eq!(scene.json(3, &["--count-within", "0s"])["phase"], "destroy-new");
    let missing = scene.json(3, &["--count-within", "0s", "--env", "next"]);
    assert_eq!((&missing["phase"], &reading(&missing, "old-data")["answer"]), (&"emergency".into(), &"no".into()));
}

#[test]
fn where_nothing_is_configured_everything_is_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("failback.toml");
    std::fs::write(&file, "").expect("written");
    let output = support::failback(&["assess", "--config", &file.display().to_string(), "--json", "--exit-code"]);
    assert_eq!(output.code, 9, "{}{}", output.stdout, output.stderr);
    let document: Value = serde_json::from_str(&output.stdout).expect("a document");
    let not_known = document["not_known"].as_array().expect("a list").len();
    assert_eq!((&document["advice"], not_known), (&"undecided".into(), 14), "{document:#}");
    assert_eq!(document["possible"].as_array().expect("a list").len(), failback::config::Phase::ALL.len());
}

#[test]
fn a_token_is_shown_to_who_wants_it_and_to_nobody_else() {
    use std::os::unix::fs::PermissionsExt as _;
    let web = Web::plain(|asked| {
        if asked.headers.iter().any(|line| line == "authorization: Bearer hunter2") {
            return answered(asked, &|_| "0.2");
        }
        Reply::text(401, "{\"status\":\"error\",\"error\":\"who are you?\"}")
    });
    let folder = tempfile::tempdir().expect("a folder");
    let [file, token] = ["failback.toml", "token"].map(|name| folder.path().join(name));
    std::fs::write(&token, "hunter2\n").expect("written");
    let metric = format!("[[metrics]]\ncriterion = \"error-rate\"\nquery = \"x\"\nprometheus = \"{}\"\n", web.url(""));
    let ask = |mode: u32, more: &str| {
        std::fs::set_permissions(&token, std::fs::Permissions::from_mode(mode)).expect("a mode");
        std::fs::write(&file, format!("{metric}{more}")).expect("written");
        let output = support::failback(&["assess", "--config", &file.display().to_string(), "--json"]);
        assert!(!format!("{}{}", output.stdout, output.stderr).contains("hunter2"));
        let document: Value = serde_json::from_str(&output.stdout).expect("a document");
        let reading = reading(&document, "error-rate");
        (reading["answer"].clone(), reading["evidence"].as_str().expect("a text").to_owned())
    };
    let with = format!("token_file = \"{}\"\n", token.display());
    assert_eq!(ask(0o600, &with).0, "yes");
    let (answer, evidence) = ask(0o600, "");
    assert!(answer == "unknown" && evidence.contains("who are you?") && evidence.contains("401"), "{evidence}");
    let (answer, evidence) = ask(0o644, &with);
    assert!(answer == "unknown" && evidence.contains("chmod 0600"), "{evidence}");
}

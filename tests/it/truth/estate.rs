//! Which databases are looked at where nobody names any, and that those which cannot be are gaps and not silence.

use failback::demo::{Cluster, ClusterOptions};
use failback::name::Side;
use serde_json::Value;

use crate::support;

const CUTOVER: &str = "2026-01-14T10:00:00Z";

/// A server of its own: its databases are all that it has.
fn server(side: Side, label: &str) -> Cluster {
    let options = ClusterOptions { label: format!("estate-{label}-{}", side.word()), ..ClusterOptions::default() };
    Cluster::start(&support::binaries(side), &options).expect("a throwaway server")
}

struct Scene {
    old: Cluster,
    new: Cluster,
    home: tempfile::TempDir,
}

impl Scene {
    /// Two servers with these databases, each with a table that has one row more on NEW.
    fn new(label: &str, databases: &[&str]) -> Self {
        let (old, new) = (server(Side::Old, label), server(Side::New, label));
        for (server, rows) in [(&old, 1), (&new, 2)] {
            for name in databases {
                if *name != "postgres" {
                    support::sql(&server.url("postgres"), &format!("create database {name}"));
                }
                let table = format!(
                    "create table t (id int primary key, created_at timestamptz, updated_at timestamptz);
                     insert into t select n, '2026-01-01Z'::timestamptz + (n - 1) * interval '14 days', null
                       from generate_series(1, {rows}) n;
                     update t set updated_at = created_at"
                );
                support::sql(&server.url(name), &table);
            }
        }
        Self { old, new, home: tempfile::tempdir().expect("a folder") }
    }

    fn run(&self, code: i32, arguments: &[&str]) -> Value {
        let run = self.home.path().join("run").display().to_string();
        let (old, new) = (self.old.url("postgres"), self.new.url("postgres"));
        let given = support::taken(arguments[0], &[("--old", &old), ("--new", &new), ("--run", &run)]);
        let output = support::failback(&[arguments, &given, &["--json", "--quiet"]].concat());
        assert_eq!(output.code, code, "{arguments:?}: {}{}", output.stdout, output.stderr);
        serde_json::from_str(&output.stdout).expect("JSON")
    }

    fn recover(&self, verified: i32) -> Value {
        for verb in [&["export", "--cutover", CUTOVER][..], &["diff"], &["plan"]] {
            self.run(0, verb);
        }
        let confirm = self.old.url("postgres");
        let confirm = confirm.rsplit_once('@').expect("an address").1.split('/').next().expect("an address").to_owned();
        self.run(0, &["merge", "--confirm", &confirm]);
        self.run(verified, &["verify"])
    }

    fn rows(&self, database: &str) -> Option<String> {
        support::value(&self.old.url(database), "select count(*) from t")
    }
}

#[test]
fn postgres_is_carried_where_somebody_has_made_a_table_in_it() {
    let scene = Scene::new("postgres", &["shop", "postgres"]);
    scene.recover(9);
    assert_eq!((scene.rows("shop").as_deref(), scene.rows("postgres").as_deref()), (Some("2"), Some("2")));
}

#[test]
fn a_database_that_cannot_be_looked_at_is_a_gap() {
    let scene = Scene::new("fenced", &["shop", "fenced", "other"]);
    support::sql(&scene.new.url("postgres"), "create database mine");
    support::sql(&scene.new.url("postgres"), "alter database fenced allow_connections false");
    support::sql(&scene.old.url("postgres"), "alter database other allow_connections false");
    let found = scene.run(0, &["discover"]);
    let notes = found["notes"].to_string();
    let expected = [
        ("fenced", "it takes no connections (ALLOW_CONNECTIONS false), on NEW"),
        ("mine", "it exists on NEW only"),
        ("other", "it takes no connections (ALLOW_CONNECTIONS false), on OLD"),
    ];
    for (database, why) in expected {
        assert!(notes.contains(&format!("database {database}: left out: {why}")), "{notes}");
    }
    let verified = scene.recover(9);
    assert_eq!((verified["state"].as_str(), scene.rows("shop").as_deref()), (Some("verified_with_gaps"), Some("2")));
    let gaps = verified["not_covered"].as_array().expect("gaps");
    for (database, why) in expected {
        let is_said = |gap: &Value| gap["database"] == database && gap["why"].as_str().is_some_and(|text| text.contains(why));
        assert!(gaps.iter().any(is_said), "{gaps:#?}");
    }
}

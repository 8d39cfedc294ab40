//! The configuration as the rest of failback sees it.

use std::collections::BTreeMap;

use super::layer::{KEYS, Layer};
use super::{Cutover, NamedTimeColumns, Overlap, ServerSettings, TableSettings, Zone};
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::policy::keys::{Section, Source, nearest};

/// The configuration: one file, with one of its environments laid over it or none.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Config {
    file: String,
    base: Layer,
    environments: BTreeMap<String, Layer>,
    warnings: Vec<String>,
}

impl Config {
    /// Reads the text of a configuration file; `file` is how errors call it.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] at `file:line:column` for text that is not TOML, an unknown key (with the nearest name), and a value
    /// that makes no sense, in any environment.
    pub fn parse(text: &str, file: &str) -> Result<Self> {
        let source = Source::new("read the configuration", file, text);
        let document = source.parse().map_err(|error| hint_at_two_databases(error, text))?;
        let root = Section::root(&source, &document);
        root.check(&[&KEYS[..], &["environments"]].concat())?;
        let mut warnings = Vec::new();
        let base = Layer::read(&root, &mut warnings)?;
        let mut environments = BTreeMap::new();
        for entry in root.section("environments")?.iter().flat_map(Section::entries) {
            let section = entry.section()?;
            section.check(&KEYS)?;
            let layer = Layer::read(&section, &mut warnings)?;
            refuse_two_addresses(&base, &layer, &section)?;
            environments.insert(entry.key().to_owned(), layer);
        }
        Ok(Self { file: file.to_owned(), base, environments, warnings })
    }

    /// Returns the configuration with an environment laid over it.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if the file has no such environment.
    pub fn for_environment(&self, name: &str) -> Result<Self> {
        let Some(layer) = self.environments.get(name) else {
            let known: Vec<_> = self.environments.keys().map(String::as_str).collect();
            let rest = match (nearest(name, known.iter().copied()), known.as_slice()) {
                (Some(meant), _) => format!("did you mean `{meant}`?"),
                (None, []) => "the file has none".to_owned(),
                (None, known) => format!("known are {}", known.join(", ")),
            };
            let error = Error::new(ErrorKind::Usage, "choose the environment").at(&self.file);
            return Err(error.because(format!("unknown environment `{name}`; {rest}")));
        };
        Ok(Self { base: layer.clone().over(self.base.clone()), ..self.clone() })
    }

    /// Returns the cutover: the one given on the command line, else the file's.
    ///
    /// # Errors
    /// [`ErrorKind::Usage`] if there is neither.
    pub fn cutover(&self, given: Option<Cutover>) -> Result<Cutover> {
        given.or_else(|| self.base.cutover.clone()).ok_or_else(|| {
            Error::new(ErrorKind::Usage, "find the cutover")
                .because("no cutover is configured: the instant at which writes moved from OLD to NEW")
                .next("give --cutover, or `cutover` in failback.toml, with an offset, as in 2026-11-22T10:00:00+02:00")
        })
    }

    /// Returns how far before the cutover candidates begin; five minutes if the file does not say.
    #[must_use]
    pub fn overlap(&self) -> Overlap {
        self.base.overlap.unwrap_or_default()
    }

    /// Returns the zone in which a `timestamp without time zone` is read; UTC if the file does not say.
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.base.zone.clone().unwrap_or_default()
    }

    /// Returns the databases that are meant; `None`: all that both servers have, without templates and `postgres`.
    #[must_use]
    pub fn databases(&self) -> Option<&[String]> {
        self.base.databases.as_deref()
    }

    /// Returns the folder in which runs live, as written; `.runs` if the file does not say.
    #[must_use]
    pub fn runs(&self) -> &str {
        self.base.runs.as_deref().unwrap_or(".runs")
    }

    /// Returns how many workers there are to be, at least one, if the file says.
    #[must_use]
    pub fn jobs(&self) -> Option<usize> {
        self.base.jobs
    }

    /// Returns whether both servers are asked for a sum over each range of keys before its rows are compared: for a slow network.
    #[must_use]
    pub fn sums_first(&self) -> bool {
        self.base.sums_first.unwrap_or(false)
    }

    /// Returns how to reach a side.
    #[must_use]
    pub fn server(&self, side: Side) -> &ServerSettings {
        self.base.server(side)
    }

    /// Returns what is said about one table, named as [`crate::name::QualifiedName`] prints it: its section in one database over
    /// its section in every database over `[columns]` over what is built in.
    #[must_use]
    pub fn table(&self, database: &str, table: &str) -> TableSettings {
        let below = self.base.tables.table(table).cloned().unwrap_or_default();
        let rule = self.base.tables.database_table(database, table).cloned().unwrap_or_default().over(below);
        let columns = |own: Option<Vec<String>>, all: &Option<Vec<String>>, builtin: &str| NamedTimeColumns {
            stated: own.is_some(),
            names: own.or_else(|| all.clone()).unwrap_or_else(|| vec![builtin.to_owned()]),
        };
        TableSettings {
            method: rule.method,
            key: rule.key,
            created: columns(rule.created, &self.base.created, "created_at"),
            updated: columns(rule.updated, &self.base.updated, "updated_at"),
            compare_by: rule.compare_by.unwrap_or_default(),
            new_name: rule.new_name,
            renamed: rule.renamed.unwrap_or_default(),
            why: rule.why,
        }
    }

    /// Says of every section about a table that matches none of the known tables, each with its database, which one was probably
    /// meant.
    pub fn unmatched<D: AsRef<str>, N: AsRef<str>>(&self, known: &[(D, N)]) -> Vec<String> {
        self.base.tables.unmatched(known)
    }

    /// Returns what a person should know about the file, each with its place: passwords in it, environments included.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// A URL below and keywords above would have to be merged by guessing which of them meant the server.
fn refuse_two_addresses(base: &Layer, layer: &Layer, section: &Section<'_>) -> Result<()> {
    for side in [Side::Old, Side::New] {
        if let Some(entry) = section.entry(side.word()).filter(|_| layer.server(side).clashes_with(base.server(side))) {
            let (path, side) = (section.path(), side.word());
            let cause = format!("[{path}.{side}] has keywords where [{side}] has `url`: write the same in both");
            return Err(entry.key_error(cause));
        }
    }
    Ok(())
}

/// `databases = [...]` beside `[databases.shop...]` is the same name twice for TOML; say what to write.
fn hint_at_two_databases(error: Error, text: &str) -> Error {
    let starts = |prefix: &str| text.lines().any(|line| line.replace(' ', "").starts_with(prefix));
    if starts("databases=[") && starts("[databases.") {
        return error.next("beside [databases.…] sections write the list as `databases.only = […]`, at the top of the file");
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{CompareBy, Method};

    const SAMPLE: &str = r#"
cutover = "2026-11-22T10:00:00+02:00"
overlap = "10m"
zone = "Europe/Berlin"
databases.only = ["chain_db", "shop"]
runs = "/var/lib/failback"
jobs = 2

[old]
url = "postgres://failback@old/postgres"

[new]
host = "new"
port = 5433
password = "hunter2"

[columns]
created = ["created_at", "inserted"]

[tables."public.orders"]
method = "compare"
key = ["tenant", "id"]
updated = "changed"
why = "updated_at is not kept"

[databases.chain_db.tables."public.orders"]
method = "timestamps"
created = []

[environments.staging]
cutover = 2026-11-20T10:00:00Z
databases = ["shop"]

[environments.staging.new]
host = "new.staging"

[environments.staging.tables."public.orders"]
key = "id"

[environments.dev]
jobs = 1
old = { url = "postgres://u:hunter2@localhost/db" }
"#;

    fn sample() -> Config {
        Config::parse(SAMPLE, "failback.toml").unwrap()
    }

    fn columns(names: &[&str], stated: bool) -> NamedTimeColumns {
        NamedTimeColumns { names: names.iter().map(|name| (*name).to_owned()).collect(), stated }
    }

    #[test]
    fn the_file_is_read() {
        let config = sample();
        assert_eq!(config.cutover(None).unwrap().utc(), "2026-11-22T08:00:00Z");
        assert_eq!((config.overlap().seconds(), config.zone().name()), (600, "Europe/Berlin"));
        assert_eq!(config.databases().unwrap(), ["chain_db", "shop"]);
        assert_eq!((config.runs(), config.jobs()), ("/var/lib/failback", Some(2)));
        assert_eq!(config.server(Side::Old).connection_string().unwrap(), "postgres://failback@old/postgres");
        assert_eq!(config.server(Side::New).connection_string().unwrap(), "host='new' password='hunter2' port='5433'");
        assert!(!format!("{config:?}").contains("hunter2"));
        let given = Cutover::parse("2026-11-21T00:00:00Z").unwrap();
        assert_eq!(config.cutover(Some(given.clone())).unwrap(), given);
    }

    #[test]
    fn an_empty_file_is_all_defaults() {
        let config = Config::parse("", "failback.toml").unwrap();
        assert_eq!((config.overlap(), config.zone(), config.runs()), (Overlap::default(), Zone::default(), ".runs"));
        assert_eq!((config.databases(), config.jobs(), config.sums_first()), (None, None, false));
        assert_eq!(config.server(Side::New).connection_string(), None);
        let error = config.cutover(None).unwrap_err();
        assert_eq!(
            format!("{error:?}"),
            "Usage: find the cutover; no cutover is configured: the instant at which writes moved from OLD to NEW"
        );
        assert_eq!(
            error.hints(),
            ["give --cutover, or `cutover` in failback.toml, with an offset, as in 2026-11-22T10:00:00+02:00"]
        );
        let expected = TableSettings {
            method: None,
            key: None,
            created: columns(&["created_at"], false),
            updated: columns(&["updated_at"], false),
            compare_by: CompareBy::Hashes,
            new_name: None,
            renamed: Vec::new(),
            why: None,
        };
        assert_eq!(config.table("shop", "public.orders"), expected);
    }

    #[test]
    fn a_tables_sections_are_laid_over_each_other() {
        let config = sample();
        let shop = TableSettings {
            method: Some(Method::Compare),
            key: Some(vec!["tenant".to_owned(), "id".to_owned()]),
            created: columns(&["created_at", "inserted"], false),
            updated: columns(&["changed"], true),
            compare_by: CompareBy::Hashes,
            new_name: None,
            renamed: Vec::new(),
            why: Some("updated_at is not kept".to_owned()),
        };
        let chain = TableSettings { method: Some(Method::Timestamps), created: columns(&[], true), ..shop.clone() };
        assert_eq!(config.table("shop", "public.orders"), shop);
        assert_eq!(config.table("chain_db", "public.orders"), chain);
        assert_eq!(config.table("chain_db", "public.users").updated, columns(&["updated_at"], false));
        let staging = config.for_environment("staging").unwrap();
        assert_eq!(staging.table("shop", "public.orders"), TableSettings { key: Some(vec!["id".to_owned()]), ..shop });
    }

    #[test]
    fn an_environment_is_laid_over_the_file() {
        let staging = sample().for_environment("staging").unwrap();
        assert_eq!(staging.cutover(None).unwrap().utc(), "2026-11-20T10:00:00Z");
        assert_eq!(staging.databases().unwrap(), ["shop"]);
        assert_eq!((staging.jobs(), staging.zone().name()), (Some(2), "Europe/Berlin"));
        let new = staging.server(Side::New).connection_string().unwrap();
        assert_eq!(new, "host='new.staging' password='hunter2' port='5433'");
        let dev = sample().for_environment("dev").unwrap();
        assert_eq!(dev.jobs(), Some(1));
        assert_eq!(dev.server(Side::Old).connection_string().unwrap(), "postgres://u:hunter2@localhost/db");
    }

    #[test]
    fn unknown_environments_are_told() {
        let cases = [
            (sample(), "stagin", "did you mean `staging`?"),
            (sample(), "production", "known are dev, staging"),
            (Config::parse("", "failback.toml").unwrap(), "dev", "the file has none"),
        ];
        for (config, name, rest) in cases {
            assert_eq!(
                format!("{:?}", config.for_environment(name).unwrap_err()),
                format!("Usage: choose the environment (failback.toml); unknown environment `{name}`; {rest}")
            );
        }
    }

    #[test]
    fn passwords_anywhere_are_warned_of() {
        assert_eq!(
            sample().warnings(),
            [
                "failback.toml:15:1: [new] holds a password: password_command, .pgpass or NEW_PGPASSWORD keep it out of the file",
                "failback.toml:42:9: [environments.dev.old] holds a password: password_command, .pgpass or OLD_PGPASSWORD keep \
                 it out of the file",
            ]
        );
    }

    #[test]
    fn what_matches_nothing_is_told() {
        assert_eq!(
            sample().unmatched(&[("shop", "public.order"), ("chain_db", "public.users")]),
            [
                "[tables.\"public.orders\"] matches no table; did you mean `public.order`?",
                "[databases.chain_db.tables.\"public.orders\"] matches no table",
            ]
        );
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let no_offset = "has no offset: write whose clock it is, as in 2026-11-22T10:00:00+02:00 or 2026-11-22T08:00:00Z";
        let cases = [
            ("cutovr = 1", "1:1", "unknown key `cutovr`; did you mean `cutover`?".to_owned()),
            (
                "frobnicate = 1",
                "1:1",
                "unknown key `frobnicate`; known are cutover, overlap, zone, databases, runs, jobs, sums_first, old, new, columns, tables, \
                 environments"
                    .to_owned(),
            ),
            ("cutover = \"2026-11-22T10:00\"", "1:11", format!("`2026-11-22T10:00` {no_offset}")),
            ("cutover = 2026-11-22T10:00:00", "1:11", format!("`2026-11-22T10:00:00` {no_offset}")),
            ("cutover = 2026-11-22", "1:11", format!("`2026-11-22` {no_offset}")),
            ("cutover = 10:00:00", "1:11", format!("`10:00:00` {no_offset}")),
            ("cutover = 1795334400", "1:11", "`cutover` must be a date and time with an offset; found an integer".to_owned()),
            (
                "overlap = \"soon\"",
                "1:11",
                "`soon` is no length of time: write a whole number and s, m or h, as in 5m".to_owned(),
            ),
            ("overlap = 5", "1:11", "`overlap` must be a string; found an integer".to_owned()),
            ("\nzone = \"Europe/Berln\"", "2:8", "unknown time zone `Europe/Berln`; did you mean `Europe/Berlin`?".to_owned()),
            ("sums_first = \"no\"", "1:14", "`sums_first` must be true or false".to_owned()),
            ("jobs = 0", "1:8", "`jobs` must be a whole number from 1 to 256".to_owned()),
            ("jobs = \"2\"", "1:8", "`jobs` must be a whole number from 1 to 256".to_owned()),
            ("runs = \"\"", "1:8", "`runs` is empty".to_owned()),
            (
                "databases = []",
                "1:13",
                "`databases` lists no database; leave it out to mean all that both servers have".to_owned(),
            ),
            ("databases = [\"a\", \"a\"]", "1:19", "`databases` lists `a` twice".to_owned()),
            ("databases = [1]", "1:14", "`databases` must be a list of strings that are not empty".to_owned()),
            ("databases = 1", "1:13", "`databases` must be a string or a list of strings; found an integer".to_owned()),
            ("[databases]\nshop = 1", "2:8", "`shop` must be a table; found an integer".to_owned()),
            ("[columns]\ncreate = \"x\"", "2:1", "unknown key `create` in [columns]; did you mean `created`?".to_owned()),
            ("[tables.\"a.b\"]\nkey = []", "2:7", "`key` lists no column".to_owned()),
            ("[tables.\"a.b\"]\nmethod = \"comparre\"", "2:10", "unknown method `comparre`; did you mean `compare`?".to_owned()),
            (
                "[tables.\"a.b\"]\nkeys = \"id\"",
                "2:1",
                "unknown key `keys` in [tables.\"a.b\"]; did you mean `key`?".to_owned(),
            ),
            ("environments = 1", "1:16", "`environments` must be a table; found an integer".to_owned()),
            (
                "[environments.dev.environments]",
                "1:19",
                "unknown key `environments` in [environments.dev]; known are cutover, overlap, zone, databases, runs, jobs, sums_first, \
                 old, new, columns, tables"
                    .to_owned(),
            ),
            (
                "[old]\nurl = \"service=a\"\n[environments.\"a b\".old]\nport = 1",
                "3:21",
                "[environments.\"a b\".old] has keywords where [old] has `url`: write the same in both".to_owned(),
            ),
        ];
        for (text, place, cause) in cases {
            assert_eq!(
                format!("{:?}", Config::parse(text, "failback.toml").unwrap_err()),
                format!("Config: read the configuration (failback.toml:{place}); {cause}"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_list_of_databases_beside_their_sections_is_explained() {
        let text = "databases = [\"shop\"]\n[databases.shop.tables.\"a.b\"]\nmethod = \"skip\"";
        let error = Config::parse(text, "failback.toml").unwrap_err();
        assert_eq!(
            error.hints(),
            ["beside [databases.…] sections write the list as `databases.only = […]`, at the top of the file"]
        );
        let config = Config::parse(&text.replace("databases =", "databases.only ="), "failback.toml").unwrap();
        assert_eq!(config.databases().unwrap(), ["shop"]);
        assert_eq!(config.table("shop", "a.b").method, Some(Method::Skip));
    }
}

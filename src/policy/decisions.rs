//! `decisions.toml`: who decided what, for which rows, and why.
//!
//! Precedence: a row that is picked, the first rule that means it, then what is decided about its class for one table of one
//! database, for one table, in `[defaults]`, or built in. Within a section a class's own key is stronger
//! than the shorthand (`conflict`, `ambiguous`) that includes it.

use serde::{Deserialize, Serialize};

use super::by_table::{ByTable, Scope};
use super::decision::{Past, Signature};
use super::keys::{Section, Source};
use super::minimum::Minimum;
use super::rules::{EVIDENCE, Rules};
use super::{Choices, Origin, Resolution, RowPick, Rule, keys};
use crate::delta::Class;
use crate::error::Result;

/// What is to be done about a class, who said so, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// What is to be done.
    pub resolution: Resolution,
    /// What single columns get, where that is not what the resolution says.
    #[serde(skip)]
    pub choices: Choices,
    /// Where that was said.
    pub origin: Origin,
    /// Who said so, when and why.
    #[serde(flatten)]
    pub signature: Signature,
}

impl Decided {
    /// Makes one that says the same of all columns.
    #[must_use]
    pub const fn bare(resolution: Resolution, origin: Origin, signature: Signature) -> Self {
        Self { resolution, choices: Choices(std::collections::BTreeMap::new()), origin, signature }
    }

    /// Says what is to be done, for people.
    #[must_use]
    pub fn said(&self) -> String {
        super::choice::said(self.resolution, &self.choices)
    }
}

/// The decisions of a run.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Decisions {
    pub(super) defaults: Rules,
    pub(super) tables: ByTable<Rules>,
    rules: Vec<Rule>,
    picks: Vec<RowPick>,
    /// How many of them are a list's, which stands beside the file: the last ones.
    listed: usize,
    history: Vec<Past>,
}

impl Decisions {
    /// Reads the text of a decisions file; an empty text holds no decisions.
    ///
    /// # Errors
    /// [`crate::error::ErrorKind::Config`] at `file:line:column` for text that is not TOML, an unknown key (with the nearest
    /// name), and a resolution that is unknown or makes no sense for its class (with those that do).
    pub fn parse(text: &str, file: &str) -> Result<Self> {
        let source = Source::new("read the decisions", file, text);
        let document = source.parse()?;
        let root = Section::root(&source, &document);
        root.check(&["defaults", EVIDENCE, "tables", "databases", "rule", "row", "history"])?;
        let defaults = Rules::read_for_all(&root)?;
        if let Some(databases) = root.section("databases")? {
            databases.entries().try_for_each(|entry| entry.section().map(drop))?;
        }
        let (tables, history) = (ByTable::read(&root, Rules::read)?, Past::read(&root)?);
        let (rules, picks) = (Rule::read_all(&root)?, RowPick::read_all(&root)?);
        Ok(Self { defaults, tables, rules, picks, listed: 0, history })
    }

    /// Lists the rules, in the order of the file, which is that in which they are asked.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether any rule has a condition, which OLD's server alone can evaluate.
    #[must_use]
    pub fn has_conditions(&self) -> bool {
        self.rules.iter().any(|rule| rule.when.is_some())
    }

    /// Whether rows of any table may be composed of both sides' values, single columns that are chosen apart.
    #[must_use]
    pub fn composes(&self) -> bool {
        let sections = std::iter::once(&self.defaults).chain(self.tables.iter().map(|(_, rules)| rules));
        let of_classes = sections.flat_map(Rules::iter).map(|(_, resolution)| resolution);
        let of_rows = self.rules.iter().map(|rule| rule.resolution).chain(self.picks.iter().map(|pick| pick.resolution));
        of_classes.chain(of_rows).any(Resolution::composes)
    }

    /// Lists the rows that are picked, in the order of the file.
    #[must_use]
    pub fn picks(&self) -> &[RowPick] {
        &self.picks
    }

    /// Makes decisions of nothing but picks.
    #[must_use]
    pub fn of_picks(picks: Vec<RowPick>) -> Self {
        Self { picks, ..Self::default() }
    }

    pub(super) fn add_listed(&mut self, picks: impl IntoIterator<Item = RowPick>) {
        let own = self.picks.len();
        self.picks.extend(picks);
        self.listed += self.picks.len() - own;
    }

    /// Whether a pick, by its position, is a list's: one in the file itself is stronger.
    pub(super) const fn is_listed(&self, number: usize) -> bool {
        number + self.listed >= self.picks.len()
    }

    /// Returns what is to be done about a class in one table, where no rule or pick says otherwise of a row; the table is
    /// named as [`crate::name::QualifiedName`] prints it.
    #[must_use]
    pub fn resolve(&self, database: &str, table: &str, class: Class) -> Decided {
        for (origin, rules) in self.levels(database, table) {
            if let Some(decision) = rules.get(class) {
                return Decided::bare(decision.resolution, origin, decision.signature.clone());
            }
        }
        Decided::bare(class.builtin(), Origin::Builtin, Signature::default())
    }

    /// Returns the least evidence that a class needs in one table before OLD is written for it.
    #[must_use]
    pub fn minimum(&self, database: &str, table: &str, class: Class) -> Minimum {
        for (origin, rules) in self.levels(database, table) {
            if let Some((evidence, signature)) = rules.minimums.get(class) {
                return Minimum { evidence: *evidence, origin, signature: signature.clone() };
            }
        }
        Minimum { evidence: class.least_evidence(), origin: Origin::Builtin, signature: Signature::default() }
    }

    /// Lists what is set for a table, the strongest first.
    fn levels(&self, database: &str, table: &str) -> impl Iterator<Item = (Origin, &Rules)> {
        let levels = [
            (Origin::DatabaseTable, self.tables.database_table(database, table)),
            (Origin::Table, self.tables.table(table)),
            (Origin::Default, Some(&self.defaults)),
        ];
        levels.into_iter().filter_map(|(origin, rules)| Some((origin, rules?)))
    }

    /// Lists the decisions that later ones replaced, in the order of the file.
    #[must_use]
    pub fn history(&self) -> &[Past] {
        &self.history
    }

    /// Says of every section that matches none of the known tables, each with its database, which one was probably meant.
    pub fn unmatched<D: AsRef<str>, N: AsRef<str>>(&self, known: &[(D, N)]) -> Vec<String> {
        let mut found = self.tables.unmatched(known);
        for rule in &self.rules {
            for table in rule.selector.tables.iter().filter(|glob| !known.iter().any(|(_, name)| glob.matches(name.as_ref()))) {
                found.push(no_table(&rule.title(), table.as_str(), known));
            }
            for database in &rule.selector.databases {
                if !known.iter().any(|(name, _)| name.as_ref() == database) {
                    found.push(format!("{}: the run has no database `{database}`", rule.title()));
                }
            }
        }
        for pick in &self.picks {
            if !known.iter().any(|(_, name)| name.as_ref() == pick.table) {
                found.push(no_table(&format!("row at {}", pick.place), &pick.table, known));
            }
        }
        found
    }

    /// Says what a person should know about what they decided; nothing here is an error.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for (scope, rules) in std::iter::once((Scope::Defaults, &self.defaults)).chain(self.tables.iter()) {
            for (setting, resolution) in rules.iter() {
                if let Some(note) = resolution.note() {
                    notes.push(format!("{scope} {setting}: {note}"));
                }
                let deleting = rules.deleting(setting, resolution);
                if !deleting.is_empty() {
                    notes.push(format!("{scope} {setting}: apply_new also deletes rows of OLD ({})", deleting.join(", ")));
                }
            }
        }
        for rule in &self.rules {
            notes.extend(rule.resolution.note().map(|note| format!("{}: {note}", rule.title())));
            let deleting = rule.deleting();
            if !deleting.is_empty() {
                notes.push(format!("{}: apply_new also deletes rows of OLD ({})", rule.title(), deleting.join(", ")));
            }
        }
        notes
    }
}

/// Says that a table is none of the run's, with the one that was probably meant.
fn no_table<D, N: AsRef<str>>(who: &str, table: &str, known: &[(D, N)]) -> String {
    let meant = keys::nearest(table, known.iter().map(|(_, name)| name.as_ref()));
    let meant = meant.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    format!("{who}: `{table}` matches no table{meant}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"
# what we agreed on
[defaults]
delete = "hold"        # until the DBA says so
conflict = "keep_old"
why = "OLD is in use again"

[tables."public.orders"]
update_origin_differs = "last_update_wins"
conflict = "apply_remote"
why = "finance confirmed NEW's invoices"
by = "dba"
at = 2026-11-22T10:00:00+02:00

[databases.chain_db.tables."public.orders"]
update_origin_differs = "hold"
at = "2026-11-22T08:00:00Z"
"#;

    fn read(text: &str) -> Decisions {
        Decisions::parse(text, "decisions.toml").unwrap()
    }

    fn fault(text: &str) -> String {
        format!("{:?}", Decisions::parse(text, "decisions.toml").unwrap_err())
    }

    #[test]
    fn the_nearest_section_wins_and_an_own_key_beats_its_shorthand() {
        use Class::{Delete, DeleteOriginDiffers, Insert, InsertExists, UpdateOriginDiffers};
        let decisions = read(SAMPLE);
        let (finance, old) = (Some("finance confirmed NEW's invoices"), Some("OLD is in use again"));
        let cases = [
            ("chain_db", "public.orders", UpdateOriginDiffers, Resolution::Hold, Origin::DatabaseTable, None),
            ("chain_db", "public.orders", InsertExists, Resolution::ApplyNew, Origin::Table, finance),
            ("shop", "public.orders", UpdateOriginDiffers, Resolution::LastUpdateWins, Origin::Table, finance),
            ("shop", "public.orders", Delete, Resolution::Hold, Origin::Default, old),
            ("shop", "public.users", DeleteOriginDiffers, Resolution::KeepOld, Origin::Default, old),
            ("shop", "public.users", Insert, Resolution::ApplyNew, Origin::Builtin, None),
            ("chain_db", "public.ORDERS", InsertExists, Resolution::KeepOld, Origin::Default, old),
        ];
        for (database, table, class, resolution, origin, why) in cases {
            let decided = decisions.resolve(database, table, class);
            let found = (decided.resolution, decided.origin, decided.signature.why.as_deref());
            assert_eq!(found, (resolution, origin, why), "{database} {table} {class}");
        }
    }

    #[test]
    fn an_empty_text_is_the_built_in_policy() {
        for class in Class::DECIDABLE {
            let decided = read("# nothing yet\n").resolve("shop", "public.orders", class);
            assert_eq!((decided.resolution, decided.origin), (class.builtin(), Origin::Builtin));
        }
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let all = "apply_new, keep_old, hold, skip, last_update_wins, first_update_wins, column_merge or coalesce";
        let cases = [
            ("[default]", "1:2", "unknown key `default`; did you mean `defaults`?".to_owned()),
            ("rows = 1", "1:1", "unknown key `rows`; did you mean `row`?".to_owned()),
            ("[defaults]\n\nudpate = \"hold\"", "3:1", "unknown key `udpate` in [defaults]; did you mean `update`?".to_owned()),
            (
                "[tables.\"public.orders\"]\nupdate_origin_difers = \"hold\"",
                "2:1",
                "unknown key `update_origin_difers` in [tables.\"public.orders\"]; did you mean `update_origin_differs`?"
                    .to_owned(),
            ),
            ("[defaults]\ndelete = \"kep_old\"", "2:10", "unknown resolution `kep_old`; did you mean `keep_old`?".to_owned()),
            (
                "[defaults]\ndelete = \"remap_key\"",
                "2:10",
                format!("the resolution `remap_key` is not supported by this version; use {all}"),
            ),
            ("[defaults]\ndelete = true", "2:10", "`delete` must be a resolution, in quotes; found a boolean".to_owned()),
            (
                "[defaults]\nold_only = \"apply_new\"",
                "2:12",
                "`apply_new` makes no sense for `old_only`; use keep_old, hold or skip".to_owned(),
            ),
            (
                "[databases.a.tables.\"b.c\"]\nupdate_deleted = \"first_update_wins\"",
                "2:18",
                "`first_update_wins` makes no sense for `update_deleted`; use apply_new, keep_old, hold or skip".to_owned(),
            ),
            (
                "[defaults]\ndrift = \"apply_new\"",
                "2:9",
                "`apply_new` for `drift` is decided for a table by its name: under [tables.\"public.orders\"]".to_owned(),
            ),
            ("[defaults]\nwhy = 1", "2:7", "`why` must be a string; found an integer".to_owned()),
            ("[defaults]\nby = \"\"", "2:6", "`by` is empty".to_owned()),
            (
                "[defaults]\nat = \"2026-11-22T10:00:00\"",
                "2:6",
                "`at` must be a date and time with an offset, as in 2026-11-22T10:00:00+02:00".to_owned(),
            ),
            ("[databases]\nshop = 1", "2:8", "`shop` must be a table; found an integer".to_owned()),
            ("[defaults]\ninsert = \"hold\"\ninsert = \"hold\"", "3:1", "not valid TOML: duplicate key".to_owned()),
        ];
        for (text, place, cause) in cases {
            assert_eq!(fault(text), format!("Config: read the decisions (decisions.toml:{place}); {cause}"), "{text}");
        }
    }

    #[test]
    fn notes_name_what_surprises_people() {
        let text = "[defaults]\nambiguous = \"apply_new\"\n[tables.\"a.b\"]\ninsert_exists = \"last_update_wins\"\n\
                    conflict = \"apply_new\"\n[tables.\"a.c\"]\nconflict = \"apply_new\"\ndelete_origin_differs = \"hold\"\n\
                    delete = \"apply_new\"";
        assert_eq!(
            read(text).notes(),
            [
                "[defaults] ambiguous: apply_new also deletes rows of OLD (ambiguous_missing_on_new)",
                "[tables.\"a.b\"] insert_exists: last_update_wins is nearly always keep_old after a rollback: OLD's writes are \
                 later by nature",
                "[tables.\"a.b\"] conflict: apply_new also deletes rows of OLD (delete_origin_differs)",
            ]
        );
    }

    #[test]
    fn tables_that_match_nothing_are_told() {
        let known = [("chain_db".to_owned(), "public.order".to_owned())];
        assert_eq!(
            read(SAMPLE).unmatched(&known),
            [
                "[tables.\"public.orders\"] matches no table; did you mean `public.order`?",
                "[databases.chain_db.tables.\"public.orders\"] matches no table; did you mean `public.order`?",
            ]
        );
        assert_eq!(read(SAMPLE).unmatched(&[("chain_db", "public.orders")]), [""; 0]);
    }

    #[test]
    fn the_digest_is_of_the_meaning() {
        let same = [
            ("", "# a comment\n[defaults]\ndelete = \"hold\"\nwhy = \"as built in\""),
            ("[defaults]\nconflict = \"keep_local\"", "defaults.conflict = \"keep_old\""),
            ("[defaults]\nambiguous = \"hold\"", "[defaults]\nambiguous_missing_on_new = \"hold\""),
            ("[tables.\"a.b\"]\ndelete = \"hold\"", ""),
            ("[evidence]\ndelete = { evidence = \"xid\", by = \"ada\" }", "[tables.\"a.b\".evidence]\nupdate = \"column\""),
            (
                "[tables.\"a.b\"]\ndelete = \"skip\"\n[databases.x.tables.\"a.b\"]\ndelete = \"skip\"",
                "[tables.\"a.b\"]\ndelete = \"skip\"",
            ),
            (
                "[tables.\"a.b\"]\ndelete = \"skip\"\n[tables.\"a.c\"]\ninsert = \"skip\"",
                "[tables.\"a.c\"]\ninsert = \"skip\"\n[tables.\"a.b\"]\ndelete = \"skip\"",
            ),
        ];
        for (left, right) in same {
            assert_eq!(read(left).digest(), read(right).digest(), "{left} / {right}");
        }
        let mut digests: Vec<_> = [
            "",
            "[defaults]\ndelete = \"skip\"",
            "[tables.\"a.b\"]\ndelete = \"skip\"",
            "[tables.\"a.c\"]\ndelete = \"skip\"",
            "[databases.x.tables.\"a.b\"]\ndelete = \"skip\"",
            "[databases.y.tables.\"a.b\"]\ndelete = \"skip\"",
            "[defaults]\ndelete = \"skip\"\n[tables.\"a.b\"]\ndelete = \"hold\"",
            "[evidence]\ndelete = \"column\"",
            "[tables.\"a.b\".evidence]\ndelete = \"column\"",
        ]
        .map(|text| read(text).digest())
        .to_vec();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), 9);
        assert_eq!(digests[0].len(), 64);
    }
}

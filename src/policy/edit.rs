//! Sets one decision, or the evidence that a class needs, in the text of `decisions.toml`, and leaves everything else as people
//! wrote it.

use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::history;
use super::minimum;
use super::rules::EVIDENCE;
use super::{Change, Decisions, Ruling, Scope};
use crate::error::{Error, ErrorKind, Result};

/// Stands at the top of a file that failback creates.
pub(super) const HEADER: &str = "\
# What failback does with the rows that differ between OLD and NEW.
#
# A section's key is a class: insert, update, delete, old_only, ambiguous_missing_on_old, ambiguous_deleted_on_old,
# ambiguous_missing_on_new, ambiguous_differs, drift, insert_exists, update_origin_differs, update_deleted, update_missing,
# delete_origin_differs; or several at once: conflict, ambiguous. Its value is apply_new, keep_old, hold, skip,
# last_update_wins, first_update_wins, column_merge or coalesce.
#
# The strongest section wins: [databases.shop.tables.\"public.orders\"], then [tables.\"public.orders\"], then [defaults].
# Each decision says who made it, when and why, as in
#
#   delete = { resolution = \"apply_new\", why = \"support confirmed\", by = \"ada\", at = 2026-11-22T10:00:00+02:00 }
#
# and reports repeat it. A bare delete = \"apply_new\" is signed by why, by and at of its section. What `failback decide`
# replaces is kept under [[history]]. Comments stay where they are.
#
# How a row's history is known is its evidence; each class needs some before OLD is written for it. A section [evidence], or
# [tables.\"public.orders\".evidence] for one table, says how much is enough: log, base, baseline, ledger, xid,
# xid_by_hand, xid_estimated, column or two_way, from the strongest to the weakest, as in
#
#   delete = { evidence = \"column\", why = \"the stamps are kept\", by = \"ada\", at = 2026-11-22T10:00:00+02:00 }
#
# Stronger than sections are [[rule]], of which the first that means a row decides it, and [[row]], which picks one by its key:
#
#   [[rule]]                                   [[row]]
#   table = \"billing.*\"                        table = \"public.users\"
#   class = [\"conflict\"]                       key = { id = 42 }
#   changed = [\"status\"]                       resolution = \"keep_old\"
#   resolution = \"keep_old\"                    why = \"the customer was asked\"
#   expect = 21
#   why = \"payments that OLD saw stand\"

";

/// What errors call a text that has no name here.
pub(super) const FILE: &str = "decisions.toml";

/// Returns the text with one decision set, which is signed by itself; comments, blank lines and order survive, and what was
/// decided before goes to the file's history. An empty text becomes a new file with a header that explains it.
///
/// A shorthand also sets those of its classes that the section already sets on their own, as they would win otherwise.
///
/// # Errors
/// [`ErrorKind::Config`] if the text is not a valid decisions file, before or after; [`ErrorKind::Usage`] if the resolution
/// makes no sense for the class, or none can be applied there.
pub fn edit(text: &str, change: &Change) -> Result<String> {
    let usage = |cause: String| Error::new(ErrorKind::Usage, "write the decision").because(cause);
    match change.ruling {
        Ruling::Do(resolution) => {
            change.setting.check(resolution).map_err(usage)?;
            if change.scope == Scope::Defaults {
                let by_name = |cause| usage(cause).next("give --table SCHEMA.TABLE, once a table");
                change.setting.check_for_all(resolution).map_err(by_name)?;
            }
        }
        Ruling::Needs(_) => minimum::check(change.setting).map_err(usage)?,
    }
    Decisions::parse(text, FILE)?;
    let text = if text.trim().is_empty() { HEADER } else { text };
    // Comments at the end of the text must not slip behind a new section, so that is appended where TOML allows it.
    if !exists(text, change)? {
        let appended = format!("{}\n\n{}", text.trim_end(), write("", change)?);
        if Decisions::parse(&appended, FILE).is_ok() {
            return Ok(appended);
        }
    }
    let edited = write(text, change)?;
    Decisions::parse(&edited, FILE)?;
    Ok(edited)
}

fn exists(text: &str, change: &Change) -> Result<bool> {
    let document = parse(text)?;
    let mut table: Option<&dyn TableLike> = Some(document.as_table());
    for key in path(change) {
        table = table.and_then(|table| table.get(key)?.as_table_like());
    }
    Ok(table.is_some())
}

fn write(text: &str, change: &Change) -> Result<String> {
    let mut document = parse(text)?;
    // The text was read as decisions before, so no step of the path can be anything but a table.
    let section = open(document.as_table_mut(), &path(change), false)
        .ok_or_else(|| Error::new(ErrorKind::Config, "write the decision").at(FILE).because("a section is not a table"))?;
    let mut keys = vec![change.setting.word()];
    keys.extend(change.setting.classes().iter().map(|class| class.word()).filter(|word| section.contains_key(word)));
    keys.dedup();
    let name = change.section();
    let past = keys.iter().filter_map(|key| history::past(section, (&name, change.ruling.key()), key, &change.at)).collect();
    for key in keys {
        set(section, key, signed(change));
    }
    Ok(history::append(document.to_string(), past))
}

/// Returns the decision as a value with its signature.
fn signed(change: &Change) -> Value {
    let mut table = InlineTable::new();
    let why = change.why.as_deref().map(|why| ("why", why));
    let pairs = [(change.ruling.key(), change.ruling.word())].into_iter().chain(why);
    for (key, text) in pairs.chain([("by", change.by.as_str()), ("at", &change.at)]) {
        table.insert(key, text.into());
    }
    Value::InlineTable(table)
}

pub(super) fn parse(text: &str) -> Result<DocumentMut> {
    text.parse().map_err(|_| Error::new(ErrorKind::Config, "read the decisions").at(FILE).because("not valid TOML"))
}

fn path(change: &Change) -> Vec<&str> {
    let mut path = match &change.scope {
        Scope::Defaults => Vec::new(),
        Scope::Table { table } => vec!["tables", table.as_str()],
        Scope::DatabaseTable { database, table } => vec!["databases", database, "tables", table],
    };
    match change.ruling {
        Ruling::Do(_) if path.is_empty() => path.push("defaults"),
        Ruling::Do(_) => {}
        Ruling::Needs(_) => path.push(EVIDENCE),
    }
    path
}

/// What stands within an inline table (`inline`) is one too.
fn open<'t>(table: &'t mut dyn TableLike, path: &[&str], inline: bool) -> Option<&'t mut dyn TableLike> {
    let Some((key, rest)) = path.split_first() else { return Some(table) };
    let fresh = || {
        if inline {
            return Item::Value(Value::InlineTable(InlineTable::new()));
        }
        let mut table = Table::new();
        // Only the innermost section gets a header of its own.
        table.set_implicit(!rest.is_empty());
        Item::Table(table)
    };
    let item = table.entry(key).or_insert_with(fresh);
    let inline = item.is_inline_table();
    open(item.as_table_like_mut()?, rest, inline)
}

fn set(section: &mut dyn TableLike, key: &str, mut new: Value) {
    match section.get_mut(key).and_then(Item::as_value_mut) {
        Some(value) => {
            // The comment behind a value belongs to the value's decor.
            *new.decor_mut() = value.decor().clone();
            *value = new;
        }
        None => {
            section.insert(key, Item::Value(new));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::{Class, Evidence};
    use crate::policy::{Past, Resolution, Setting};

    const AT: &str = "2026-11-22T10:00:00+02:00";

    fn change(scope: Scope, setting: &str, resolution: Resolution) -> Change {
        let setting = setting.parse().unwrap();
        Change { scope, setting, ruling: Ruling::Do(resolution), why: None, by: "ada".to_owned(), at: AT.to_owned() }
    }

    fn needs(scope: Scope, setting: &str, evidence: Evidence) -> Change {
        Change { ruling: Ruling::Needs(evidence), ..change(scope, setting, Resolution::Hold) }
    }

    fn orders() -> Scope {
        Scope::Table { table: "public.orders".to_owned() }
    }

    /// A resolution as it is written with the signature of [`change`].
    fn signed(resolution: &str) -> String {
        format!("{{ resolution = \"{resolution}\", by = \"ada\", at = \"{AT}\" }}")
    }

    /// A piece of history that ends with [`change`].
    fn past(section: &str, class: &str, resolution: &str, signature: &str) -> String {
        let decision = format!("section = {section}\nclass = \"{class}\"\nresolution = \"{resolution}\"\n{signature}");
        format!("[[history]]\n{decision}until = \"{AT}\"\n")
    }

    #[test]
    fn a_new_file_explains_itself() {
        let change = Change { why: Some("agreed".to_owned()), ..change(orders(), "delete", Resolution::ApplyNew) };
        let text = edit("", &change).unwrap();
        let decision = format!("{{ resolution = \"apply_new\", why = \"agreed\", by = \"ada\", at = \"{AT}\" }}");
        assert_eq!(text, format!("{HEADER}[tables.\"public.orders\"]\ndelete = {decision}\n"));
    }

    #[test]
    fn the_header_lists_every_key_and_every_word() {
        let evidence = Evidence::ALL.iter().map(|evidence| evidence.word());
        for word in Setting::all().map(Setting::word).chain(Resolution::ALL.map(Resolution::word)).chain(evidence) {
            assert!(HEADER.contains(word), "{word}");
        }
        assert!(HEADER.lines().all(|line| line.is_empty() || line.starts_with('#')));
        let examples: Vec<_> = HEADER.lines().filter_map(|line| line.strip_prefix("#   ")).collect();
        Decisions::parse(&format!("[defaults]\n{}\n[evidence]\n{}", examples[0], examples[1]), FILE).unwrap();
    }

    #[test]
    fn comments_order_and_spacing_survive() {
        let before = "# top\n[defaults]\n# about deletes\ndelete  =  \"hold\"   # for now\n\ninsert = \"hold\"\n\n# end\n";
        let after = edit(before, &change(Scope::Defaults, "delete", Resolution::Skip)).unwrap();
        let edited = before.replace("\"hold\"   # for now", &format!("{}   # for now", signed("skip")));
        assert_eq!(after, format!("{edited}\n{}", past("\"[defaults]\"", "delete", "hold", "")));
    }

    #[test]
    fn new_sections_go_to_the_end() {
        let before = "[defaults]\ninsert = \"hold\" # why not\n# update = \"hold\"\n\n\n";
        let scope = Scope::DatabaseTable { database: "shop-1".to_owned(), table: "public.Bad \"name\"".to_owned() };
        let after = edit(before, &change(scope, "update_missing", Resolution::KeepOld)).unwrap();
        assert_eq!(
            after,
            format!(
                "[defaults]\ninsert = \"hold\" # why not\n# update = \"hold\"\n\n\
                 [databases.shop-1.tables.'public.Bad \"name\"']\nupdate_missing = {}\n",
                signed("keep_old")
            )
        );
        let decided = Decisions::parse(&after, FILE).unwrap();
        let decided = decided.resolve("shop-1", "public.Bad \"name\"", Class::UpdateMissing);
        assert_eq!(decided.resolution, Resolution::KeepOld);
    }

    #[test]
    fn a_shorthand_takes_its_classes_along() {
        let before = "[tables.\"public.orders\"]\nupdate_deleted = \"hold\" # ask\nconflict = \"skip\"\ninsert = \"hold\"\n";
        let after = edit(before, &change(orders(), "conflict", Resolution::KeepOld)).unwrap();
        let (kept, section) = (signed("keep_old"), "'[tables.\"public.orders\"]'");
        assert_eq!(
            after,
            format!(
                "[tables.\"public.orders\"]\nupdate_deleted = {kept} # ask\nconflict = {kept}\ninsert = \"hold\"\n\n{}\n{}",
                past(section, "conflict", "skip", ""),
                past(section, "update_deleted", "hold", "")
            )
        );
    }

    #[test]
    fn a_later_decision_signs_no_earlier_one_and_replaces_none() {
        let before = "[defaults]\ndelete = \"apply_new\"\ninsert = \"hold\"\nwhy = \"agreed\" # in person\nby = \"bob\"\n\
                      at = 2026-11-20T08:00:00Z\n";
        let other = Change { why: Some("later".to_owned()), ..change(Scope::Defaults, "conflict", Resolution::KeepOld) };
        let once = edit(before, &other).unwrap();
        let signature = |text: &str, class| {
            let signature = Decisions::parse(text, FILE).unwrap().resolve("shop", "public.t", class).signature;
            [signature.why, signature.by, signature.at].map(Option::unwrap_or_default)
        };
        let bobs = ["agreed", "bob", "2026-11-20T08:00:00Z"];
        assert_eq!(signature(&once, Class::Delete), bobs);
        assert_eq!(signature(&once, Class::InsertExists), ["later", "ada", AT]);
        let again = Change { at: "2026-11-23T00:00:00Z".to_owned(), ..change(Scope::Defaults, "delete", Resolution::Hold) };
        let twice = edit(&once, &again).unwrap();
        assert_eq!(signature(&twice, Class::Delete), ["", "ada", "2026-11-23T00:00:00Z"], "no reason of another's");
        assert_eq!(signature(&twice, Class::Insert), bobs);
        let last = Change { at: "2026-11-24T00:00:00Z".to_owned(), by: "eve".to_owned(), ..again };
        let decisions = Decisions::parse(&edit(&twice, &last).unwrap(), FILE).unwrap();
        let history = decisions.history().iter().map(|past| {
            let Past { section, class, resolution, signature, until, .. } = past.clone();
            (section, class, resolution, signature.why.unwrap_or_default(), signature.by.unwrap_or_default(), until)
        });
        let expected = [
            ("[defaults]", "delete", "apply_new", "agreed", "bob", "2026-11-23T00:00:00Z"),
            ("[defaults]", "delete", "hold", "", "ada", "2026-11-24T00:00:00Z"),
        ];
        let expected = expected.map(|(section, class, resolution, why, by, until)| {
            let text = str::to_owned;
            (text(section), text(class), text(resolution), text(why), text(by), text(until))
        });
        assert_eq!(history.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn every_setting_can_be_written_to_every_shape_of_section() {
        let shapes = [
            "",
            "tables = { \"public.orders\" = { insert = \"hold\" } }\n",
            "tables.\"public.orders\".insert = \"hold\"\n",
            "[tables]\n\"public.orders\" = {}\n",
            "[tables.\"public.orders\"]\r\ninsert = \"hold\"\r\n",
            "[tables.\"public.orders\".insert]\nresolution = \"hold\"\nwhy = \"x\"\n",
            "[tables.\"public.orders\"]\ninsert = { resolution = \"hold\" }\n\n[[history]]\nclass = \"insert\"\n\n[defaults]\n",
        ];
        for shape in shapes {
            for setting in Setting::all() {
                for resolution in setting.allowed() {
                    let change = Change { setting, ..change(orders(), "insert", resolution) };
                    let text = edit(shape, &change).unwrap();
                    let decisions = Decisions::parse(&text, FILE).unwrap();
                    for class in setting.classes() {
                        let decided = decisions.resolve("shop", "public.orders", *class);
                        assert_eq!((decided.resolution, decided.signature.by.as_deref()), (resolution, Some("ada")), "{text}");
                    }
                    let least = edit(&text, &needs(orders(), "insert", Evidence::Log)).unwrap();
                    let least = Decisions::parse(&least, FILE).unwrap().minimum("shop", "public.orders", Class::Insert);
                    assert_eq!((least.evidence, least.signature.by.as_deref()), (Evidence::Log, Some("ada")), "{text}");
                    let replaced = usize::from(setting.word() == "insert" && shape.contains("hold"));
                    assert_eq!(decisions.history().len(), replaced + usize::from(shape.contains("history")), "{text}");
                }
            }
        }
    }

    #[test]
    fn evidence_has_sections_of_its_own_and_a_history() {
        let once = edit("[defaults]\ndelete = \"hold\" # ask\n", &needs(Scope::Defaults, "delete", Evidence::Column)).unwrap();
        let entry = format!("delete = {{ evidence = \"column\", by = \"ada\", at = \"{AT}\" }}");
        assert_eq!(once, format!("[defaults]\ndelete = \"hold\" # ask\n\n[evidence]\n{entry}\n"));
        let twice = edit(&once, &needs(Scope::Defaults, "delete", Evidence::TwoWay)).unwrap();
        let past = format!(
            "[[history]]\nsection = \"[evidence]\"\nclass = \"delete\"\nevidence = \"column\"\nby = \"ada\"\nat = \"{AT}\"\n"
        );
        assert!(twice.contains(&past), "{twice}");
        let all = edit(&twice, &needs(orders(), "conflict", Evidence::Xid)).unwrap();
        assert!(all.contains("\n[tables.\"public.orders\".evidence]\nconflict = "), "{all}");
        let decisions = Decisions::parse(&all, FILE).unwrap();
        assert_eq!(decisions.minimum("shop", "public.orders", Class::InsertExists).evidence, Evidence::Xid);
        assert_eq!(decisions.minimum("shop", "public.orders", Class::Delete).evidence, Evidence::TwoWay);
        assert_eq!(decisions.resolve("shop", "public.orders", Class::Delete).resolution, Resolution::Hold);
        assert_eq!(decisions.history()[0].evidence.as_deref(), Some("column"));
        let nothing = edit("", &needs(Scope::Defaults, "old_only", Evidence::Xid)).unwrap_err();
        assert_eq!(nothing.causes(), ["`old_only` needs no evidence: NEW has nothing to apply"]);
    }

    #[test]
    fn nonsense_and_broken_files_are_refused() {
        let nonsense = edit("", &change(Scope::Defaults, "old_only", Resolution::ApplyNew)).unwrap_err();
        assert_eq!(
            format!("{nonsense:?}"),
            "Usage: write the decision; `apply_new` makes no sense for `old_only`; use keep_old, hold or skip"
        );
        let for_all = edit("", &change(Scope::Defaults, "drift", Resolution::ApplyNew)).unwrap_err();
        assert_eq!(for_all.kind(), ErrorKind::Usage);
        assert!(for_all.causes()[0].contains("by its name"), "{for_all:?}");
        edit("", &change(orders(), "drift", Resolution::ApplyNew)).unwrap();
        let hold = change(Scope::Defaults, "insert", Resolution::Hold);
        let broken = edit("[defaults", &hold).unwrap_err();
        assert_eq!(
            format!("{broken:?}"),
            "Config: read the decisions (decisions.toml:1:10); not valid TOML: unclosed table, expected `]`"
        );
        let at = Change { at: "yesterday".to_owned(), ..hold };
        let cause = "`at` must be a date and time with an offset, as in 2026-11-22T10:00:00+02:00";
        assert_eq!(edit("[defaults]\n", &at).unwrap_err().causes(), [cause]);
    }
}

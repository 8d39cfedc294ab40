//! Sets one decision in the text of `decisions.toml` and leaves everything else as people wrote it.

use toml_edit::{DocumentMut, Item, Table, TableLike, Value};

use super::{Decisions, Resolution, Scope, Setting};
use crate::error::{Error, ErrorKind, Result};

/// One decision to write down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// For which tables.
    pub scope: Scope,
    /// For which classes.
    pub setting: Setting,
    /// What to do.
    pub resolution: Resolution,
    /// The reason. Without one, the section's reason stays as it is; the same goes for the next two.
    pub why: Option<String>,
    /// Who decided.
    pub by: Option<String>,
    /// When, in RFC 3339 with an offset.
    pub at: Option<String>,
}

/// Stands at the top of a file that failback creates.
const HEADER: &str = "\
# What failback does with the rows that differ between OLD and NEW.
#
# A section's key is a class: insert, update, delete, old_only, ambiguous_missing_on_old, ambiguous_deleted_on_old,
# ambiguous_missing_on_new, ambiguous_differs, insert_exists, update_origin_differs, update_deleted, update_missing,
# delete_origin_differs; or several at once: conflict, ambiguous. Its value is apply_new, keep_old, hold, skip, last_update_wins
# or first_update_wins.
#
# The strongest section wins: [databases.shop.tables.\"public.orders\"], then [tables.\"public.orders\"], then [defaults].
# Say why (and by, at) in each section: the report repeats it. Comments stay where they are.

";

/// What errors call a text that has no name here.
const FILE: &str = "decisions.toml";

/// Returns the text with one decision set; comments, blank lines and order survive. An empty text becomes a new file with a
/// header that explains it.
///
/// A shorthand also sets those of its classes that the section already sets on their own, as they would win otherwise.
///
/// # Errors
/// [`ErrorKind::Config`] if the text is not a valid decisions file, before or after; [`ErrorKind::Usage`] if the resolution
/// makes no sense for the class.
pub fn edit(text: &str, change: &Change) -> Result<String> {
    let usage = |cause: String| Error::new(ErrorKind::Usage, "write the decision").because(cause);
    change.setting.check(change.resolution).map_err(usage)?;
    Decisions::parse(text, FILE)?;
    let text = if text.trim().is_empty() { HEADER } else { text };
    // Comments at the end of the text must not slip behind a new section, so that is appended where TOML allows it.
    if !exists(text, &change.scope)? {
        let appended = format!("{}\n\n{}", text.trim_end(), write("", change)?);
        if Decisions::parse(&appended, FILE).is_ok() {
            return Ok(appended);
        }
    }
    let edited = write(text, change)?;
    Decisions::parse(&edited, FILE)?;
    Ok(edited)
}

fn exists(text: &str, scope: &Scope) -> Result<bool> {
    let document = parse(text)?;
    let mut table: Option<&dyn TableLike> = Some(document.as_table());
    for key in path(scope) {
        table = table.and_then(|table| table.get(key)?.as_table_like());
    }
    Ok(table.is_some())
}

fn write(text: &str, change: &Change) -> Result<String> {
    let mut document = parse(text)?;
    // The text was read as decisions before, so no step of the path can be anything but a table.
    let section = open(document.as_table_mut(), &path(&change.scope))
        .ok_or_else(|| Error::new(ErrorKind::Config, "write the decision").at(FILE).because("a section is not a table"))?;
    set(section, change.setting.word(), change.resolution.word());
    for class in change.setting.classes() {
        if section.contains_key(class.word()) {
            set(section, class.word(), change.resolution.word());
        }
    }
    for (key, value) in [("why", &change.why), ("by", &change.by), ("at", &change.at)] {
        if let Some(value) = value {
            set(section, key, value);
        }
    }
    Ok(document.to_string())
}

fn parse(text: &str) -> Result<DocumentMut> {
    text.parse().map_err(|_| Error::new(ErrorKind::Config, "read the decisions").at(FILE).because("not valid TOML"))
}

fn path(scope: &Scope) -> Vec<&str> {
    match scope {
        Scope::Defaults => vec!["defaults"],
        Scope::Table { table } => vec!["tables", table],
        Scope::DatabaseTable { database, table } => vec!["databases", database, "tables", table],
    }
}

fn open<'t>(table: &'t mut dyn TableLike, path: &[&str]) -> Option<&'t mut dyn TableLike> {
    let Some((key, rest)) = path.split_first() else { return Some(table) };
    let fresh = || {
        let mut table = Table::new();
        // Only the innermost section gets a header of its own.
        table.set_implicit(!rest.is_empty());
        Item::Table(table)
    };
    open(table.entry(key).or_insert_with(fresh).as_table_like_mut()?, rest)
}

fn set(section: &mut dyn TableLike, key: &str, text: &str) {
    match section.get_mut(key).and_then(Item::as_value_mut) {
        Some(value) => {
            // The comment behind a value belongs to the value's decor.
            let decor = value.decor().clone();
            *value = Value::from(text);
            *value.decor_mut() = decor;
        }
        None => {
            section.insert(key, toml_edit::value(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::Class;

    fn change(scope: Scope, setting: &str, resolution: Resolution) -> Change {
        Change { scope, setting: setting.parse().unwrap(), resolution, why: None, by: None, at: None }
    }

    fn orders() -> Scope {
        Scope::Table { table: "public.orders".to_owned() }
    }

    #[test]
    fn a_new_file_explains_itself() {
        let change = Change { why: Some("agreed".to_owned()), ..change(orders(), "delete", Resolution::ApplyNew) };
        let text = edit("", &change).unwrap();
        assert_eq!(text, format!("{HEADER}[tables.\"public.orders\"]\ndelete = \"apply_new\"\nwhy = \"agreed\"\n"));
    }

    #[test]
    fn the_header_lists_every_key_and_every_word() {
        for word in Setting::all().map(Setting::word).chain(Resolution::ALL.map(Resolution::word)) {
            assert!(HEADER.contains(word), "{word}");
        }
        assert!(HEADER.lines().all(|line| line.is_empty() || line.starts_with('#')));
    }

    #[test]
    fn comments_order_and_spacing_survive() {
        let before = "# top\n[defaults]\n# about deletes\ndelete  =  \"hold\"   # for now\n\ninsert = \"hold\"\n\n# end\n";
        let after = edit(before, &change(Scope::Defaults, "delete", Resolution::Skip)).unwrap();
        assert_eq!(after, before.replace("\"hold\"   # for now", "\"skip\"   # for now"));
    }

    #[test]
    fn new_sections_go_to_the_end() {
        let before = "[defaults]\ninsert = \"hold\" # why not\n# update = \"hold\"\n\n\n";
        let scope = Scope::DatabaseTable { database: "shop-1".to_owned(), table: "public.Bad \"name\"".to_owned() };
        let change = Change {
            by: Some("dba".to_owned()),
            at: Some("2026-11-22T10:00:00+02:00".to_owned()),
            ..change(scope, "update_missing", Resolution::KeepOld)
        };
        let after = edit(before, &change).unwrap();
        assert_eq!(
            after,
            "[defaults]\ninsert = \"hold\" # why not\n# update = \"hold\"\n\n[databases.shop-1.tables.'public.Bad \"name\"']\n\
             update_missing = \"keep_old\"\nby = \"dba\"\nat = \"2026-11-22T10:00:00+02:00\"\n"
        );
        let decided = Decisions::parse(&after, FILE).unwrap();
        let decided = decided.resolve("shop-1", "public.Bad \"name\"", Class::UpdateMissing);
        assert_eq!(decided.resolution, Resolution::KeepOld);
    }

    #[test]
    fn a_shorthand_takes_its_classes_along() {
        let before = "[tables.\"public.orders\"]\nupdate_deleted = \"hold\" # ask\nconflict = \"skip\"\ninsert = \"hold\"\n";
        let after = edit(before, &change(orders(), "conflict", Resolution::KeepOld)).unwrap();
        assert_eq!(
            after,
            "[tables.\"public.orders\"]\nupdate_deleted = \"keep_old\" # ask\nconflict = \"keep_old\"\ninsert = \"hold\"\n"
        );
    }

    #[test]
    fn every_setting_can_be_written_to_every_shape_of_section() {
        let shapes = [
            "",
            "tables = { \"public.orders\" = { insert = \"hold\" } }\n",
            "tables.\"public.orders\".insert = \"hold\"\n",
            "[tables]\n\"public.orders\" = {}\n",
            "[tables.\"public.orders\"]\r\ninsert = \"hold\"\r\n",
        ];
        for shape in shapes {
            for setting in Setting::all() {
                for resolution in setting.allowed() {
                    let change = Change { setting, ..change(orders(), "insert", resolution) };
                    let decisions = Decisions::parse(&edit(shape, &change).unwrap(), FILE).unwrap();
                    for class in setting.classes() {
                        let decided = decisions.resolve("shop", "public.orders", *class);
                        assert_eq!(decided.resolution, resolution, "{shape} {setting}");
                    }
                }
            }
        }
    }

    #[test]
    fn nonsense_and_broken_files_are_refused() {
        let nonsense = edit("", &change(Scope::Defaults, "old_only", Resolution::ApplyNew)).unwrap_err();
        assert_eq!(
            format!("{nonsense:?}"),
            "Usage: write the decision; `apply_new` makes no sense for `old_only`; use keep_old, hold or skip"
        );
        let hold = change(Scope::Defaults, "insert", Resolution::Hold);
        let broken = edit("[defaults", &hold).unwrap_err();
        assert_eq!(
            format!("{broken:?}"),
            "Config: read the decisions (decisions.toml:1:10); not valid TOML: unclosed table, expected `]`"
        );
        let at = Change { at: Some("yesterday".to_owned()), ..hold };
        assert_eq!(
            format!("{:?}", edit("[defaults]\n", &at).unwrap_err()),
            "Config: read the decisions (decisions.toml:3:6); `at` must be a date and time with an offset, as in \
             2026-11-22T10:00:00+02:00"
        );
    }
}

//! Picks of many rows, as CSV with a line for each: what a person fills in, and what a run keeps of it.

use std::collections::BTreeMap;

use super::decision::Signature;
use super::key_text::{read_key, write_key};
use super::keys::nearest;
use super::{Choices, Decisions, Resolution, RowPick, csv};
use crate::delta::Class;
use crate::error::{Error, ErrorKind, Result};
use crate::words::Word as _;

/// The columns of a list.
pub const PICK_COLUMNS: [&str; 8] = ["database", "table", "key", "class", "resolution", "why", "by", "at"];

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PickLine {
    /// The class that the row had when the line was written, where it says so.
    pub class: Option<Class>,
    /// Whether something is to be done with the row; where not, its pick says `hold`.
    pub is_decided: bool,
    /// The row, and what is to be done with it.
    pub pick: RowPick,
}

/// Reads a list.
///
/// # Errors
/// `Config` at the line, where it does not say what a line says, or means a row that another does.
pub fn read_picks(text: &str, file: &str) -> Result<Vec<PickLine>> {
    let fault = |line: usize, cause: String| {
        Error::new(ErrorKind::Config, "read the picks").at(format!("{file}:{line}")).because(cause)
    };
    let mut records = csv::records(text).map_err(|(line, cause)| fault(line, cause))?.into_iter();
    let Some(head) = records.next() else { return Ok(Vec::new()) };
    for name in &head.cells {
        if !PICK_COLUMNS.contains(&name.as_str()) {
            let near = nearest(name, PICK_COLUMNS).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            return Err(fault(head.line, format!("unknown column `{name}`{near}")));
        }
    }
    let of = |name: &str| head.cells.iter().position(|column| column == name);
    if let Some(lacking) = ["table", "key", "resolution"].into_iter().find(|name| of(name).is_none()) {
        return Err(fault(head.line, format!("it has no column `{lacking}`")));
    }
    let (mut lines, mut known) = (Vec::new(), BTreeMap::new());
    for record in records {
        let fault = |cause: String| fault(record.line, cause);
        if record.cells.len() != head.cells.len() {
            return Err(fault(format!("it has {} cells, and the first line {}", record.cells.len(), head.cells.len())));
        }
        let cell = |name: &str| of(name).map(|at| csv::bare(&record.cells[at])).filter(|cell| !cell.is_empty());
        let text = |name: &str| cell(name).map(str::to_owned);
        let wanted = |name: &str| text(name).ok_or_else(|| fault(format!("its `{name}` is empty")));
        let resolution = cell("resolution").map(Resolution::read).transpose().map_err(fault)?;
        let class =
            cell("class").map(|word| Class::read(word).map_err(|_| fault(format!("`{word}` is no class")))).transpose()?;
        let pairs = read_key(&wanted("key")?).map_err(fault)?;
        let key: BTreeMap<_, _> = pairs.iter().cloned().collect();
        if key.len() < pairs.len() {
            return Err(fault("its key names a column twice".to_owned()));
        }
        let pick = RowPick {
            place: format!("{file}:{}", record.line),
            database: text("database"),
            table: wanted("table")?,
            key,
            resolution: resolution.unwrap_or(Resolution::Hold),
            choices: Choices::default(),
            signature: Signature { why: text("why"), by: text("by"), at: text("at") },
        };
        if let Some(other) = known.insert(pick.row(), record.line) {
            return Err(fault(format!("it means the same row as line {other}")));
        }
        lines.push(PickLine { class, is_decided: resolution.is_some(), pick });
    }
    Ok(lines)
}

/// Writes the first line of a list.
#[must_use]
pub fn pick_head() -> String {
    csv::line(&PICK_COLUMNS.map(str::to_owned))
}

/// Writes one line of a list. Without a pick the row is there to be decided.
pub fn pick_line<'a>(
    (database, table): (Option<&str>, &str),
    key: impl IntoIterator<Item = (&'a str, &'a str)>,
    class: Option<Class>,
    pick: Option<&RowPick>,
) -> String {
    let none = Signature::default();
    let signature = pick.map_or(&none, |pick| &pick.signature);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let cells = [
        database.unwrap_or_default().to_owned(),
        table.to_owned(),
        write_key(key),
        class.map_or("", Class::word).to_owned(),
        pick.map_or("", |pick| pick.resolution.word()).to_owned(),
        text(&signature.why),
        text(&signature.by),
        text(&signature.at),
    ];
    csv::line(&cells.map(|cell| csv::safe(&cell)))
}

/// Writes a list of picks.
#[must_use]
pub fn write_picks(picks: &[RowPick]) -> String {
    let of = |pick: &RowPick| {
        let key = pick.key.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        pick_line((pick.database.as_deref(), &pick.table), key, None, Some(pick))
    };
    pick_head() + &picks.iter().map(of).collect::<String>()
}

impl Decisions {
    /// Adds the picks of a list that stands beside the file. A pick in the file itself is stronger.
    ///
    /// # Errors
    /// As [`read_picks`].
    pub fn and_picks(mut self, text: &str, file: &str) -> Result<Self> {
        let own: std::collections::BTreeSet<_> = self.picks().iter().map(RowPick::row).collect();
        let lines = read_picks(text, file)?;
        let added = lines.into_iter().filter(|line| line.is_decided && !own.contains(&line.pick.row())).map(|line| line.pick);
        self.add_listed(added);
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> String {
        format!("{:?}", read_picks(text, "list.csv").unwrap_err())
    }

    #[test]
    fn a_list_is_read_as_it_is_written() {
        let toml = "[[row]]\ntable = \"a.b\"\nkey = { id = \"=1, 'x'\" }\nresolution = \"skip\"\nwhy = \"'+1\"\nby = \"ada\"\n\
                    [[row]]\ndatabase = \"d\"\ntable = \"a.b\"\nkey = { id = \"\" }\nresolution = \"hold\"\n";
        let picks = Decisions::parse(toml, "d").unwrap().picks().to_vec();
        let lines = read_picks(&write_picks(&picks), "list.csv").unwrap();
        let again: Vec<_> = lines.into_iter().map(|line| line.pick).collect();
        let placed = |pick: &RowPick, line: usize| RowPick { place: format!("list.csv:{line}"), ..pick.clone() };
        assert_eq!(again, [placed(&picks[0], 2), placed(&picks[1], 3)]);
        let both = Decisions::parse("", "d").unwrap().and_picks(&write_picks(&picks), "list.csv").unwrap();
        assert_ne!(both.digest(), Decisions::parse("", "d").unwrap().digest());
        let stronger = "[[row]]\ndatabase = \"d\"\ntable = \"a.b\"\nkey = { id = \"\" }\nresolution = \"keep_old\"\n";
        let both = Decisions::parse(stronger, "d").unwrap().and_picks(&write_picks(&picks), "list.csv").unwrap();
        assert_eq!(both.picks().iter().map(|pick| pick.resolution.word()).collect::<Vec<_>>(), ["keep_old", "skip"]);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let cases = [
            ("table,key,resolutoin\n", 1, "unknown column `resolutoin`; did you mean `resolution`?"),
            ("table,key\n", 1, "it has no column `resolution`"),
            ("table,key,resolution\na.b,id=1\n", 2, "it has 2 cells, and the first line 3"),
            ("table,key,resolution\na.b,id=1,kep_old\n", 2, "unknown resolution `kep_old`; did you mean `keep_old`?"),
            ("table,key,resolution\na.b,id=1,\n\na.b,id='1',hold\n", 4, "it means the same row as line 2"),
            ("table,key,resolution\n,id=1,hold\n", 2, "its `table` is empty"),
            ("table,key,resolution\na.b,1,hold\n", 2, "`1` has no `=`"),
            ("table,key,resolution\na.b,\"id=1,id=2\",hold\n", 2, "its key names a column twice"),
            ("table,key,resolution,class\na.b,id=1,hold,inser\n", 2, "`inser` is no class"),
            ("table,key,resolution\na.b,\"id=1,hold\n", 2, "a quote has no end"),
        ];
        for (text, line, cause) in cases {
            assert_eq!(fault(text), format!("Config: read the picks (list.csv:{line}); {cause}"), "{text}");
        }
    }
}

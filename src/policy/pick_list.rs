//! Picks of many rows, as CSV with a line for each: what a person fills in, and what a run keeps of it.

use std::collections::BTreeMap;

use super::choice::{CHOICES, DELTA, expect_side, expect_text};
use super::csv::{self, Record};
use super::decision::Signature;
use super::key_text::{read_key, read_names, write_key, write_names};
use super::keys::{nearest, spell};
use super::{Choice, Choices, Chosen, Decisions, Resolution, RowPick};
use crate::delta::Class;
use crate::error::{Error, ErrorKind, Result};
use crate::words::Word as _;

/// The columns of a list.
pub const PICK_COLUMNS: [&str; 13] = [
    "database",
    "table",
    "key",
    "class",
    "resolution",
    CHOICES[0],
    CHOICES[1],
    CHOICES[2],
    CHOICES[3],
    "why",
    "by",
    "at",
    "fingerprint",
];

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PickLine {
    /// The class that the row had when the line was written, where it says so.
    pub class: Option<Class>,
    /// Whether something is to be done with the row; where not, its pick says `hold`.
    pub is_decided: bool,
    /// Whether the list has a column for what single columns get; where not, nothing is said of them.
    pub says_choices: bool,
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
    let line = head.line;
    let head = Head::read(head).map_err(|cause| fault(line, cause))?;
    let (mut lines, mut known) = (Vec::new(), BTreeMap::new());
    for record in records {
        let place = format!("{file}:{}", record.line);
        let line = head.line(&record, place).map_err(|cause| fault(record.line, cause))?;
        if let Some(other) = known.insert(line.pick.row(), record.line) {
            return Err(fault(record.line, format!("it means the same row as line {other}")));
        }
        lines.push(line);
    }
    Ok(lines)
}

/// The first line of a list: what each cell is.
struct Head(Vec<String>);

impl Head {
    /// Reads it; the error is a sentence.
    fn read(record: Record) -> Result<Self, String> {
        let names = record.cells;
        for (number, name) in names.iter().enumerate() {
            if !PICK_COLUMNS.contains(&name.as_str()) {
                let near = nearest(name, PICK_COLUMNS).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                return Err(format!("unknown column `{name}`{near}"));
            }
            if names[..number].contains(name) {
                return Err(format!("it has the column `{name}` twice"));
            }
        }
        match ["table", "key", "resolution"].into_iter().find(|name| !names.iter().any(|known| known == name)) {
            Some(lacking) => Err(format!("it has no column `{lacking}`")),
            None => Ok(Self(names)),
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|column| column == name)
    }

    /// Reads a line; the error is a sentence.
    fn line(&self, record: &Record, place: String) -> Result<PickLine, String> {
        if record.cells.len() != self.0.len() {
            return Err(format!("it has {} cells, and the first line {}", record.cells.len(), self.0.len()));
        }
        let cell = |name: &str| self.place(name).map(|at| csv::bare(&record.cells[at])).filter(|cell| !cell.is_empty());
        let text = |name: &str| cell(name).map(str::to_owned);
        let wanted = |name: &str| text(name).ok_or_else(|| format!("its `{name}` is empty"));
        let resolution = cell("resolution").map(Resolution::read).transpose()?;
        let class = cell("class").map(|word| Class::read(word).map_err(|_| format!("`{word}` is no class"))).transpose()?;
        let pairs = read_key(&wanted("key")?)?;
        let key: BTreeMap<_, _> = pairs.iter().cloned().collect();
        if key.len() < pairs.len() {
            return Err("its key names a column twice".to_owned());
        }
        let choices = read_choices(CHOICES.map(&cell), &place)?;
        if let Some(name) = CHOICES.into_iter().find(|name| cell(name).is_some()) {
            let resolution =
                resolution.ok_or_else(|| format!("its `{name}` says what columns get, and its `resolution` nothing"))?;
            expect_side(name, resolution)?;
        }
        let pick = RowPick {
            place,
            database: text("database"),
            table: wanted("table")?,
            key,
            resolution: resolution.unwrap_or(Resolution::Hold),
            choices,
            fingerprint: text("fingerprint"),
            signature: Signature { why: text("why"), by: text("by"), at: text("at") },
        };
        let says_choices = CHOICES.iter().any(|name| self.place(name).is_some());
        Ok(PickLine { class, is_decided: resolution.is_some(), says_choices, pick })
    }
}

/// Reads what single columns get out of the cells `columns`, `set`, `set_null` and `compute`; the error is a sentence.
fn read_choices([columns, set, nulls, computed]: [Option<&str>; 4], place: &str) -> Result<Choices, String> {
    let mut choices = Choices::default();
    let mut choose = |column: String, choice: Choice| {
        if choices.0.contains_key(&column) {
            return Err(format!("`{}` gets a value twice", spell(&column)));
        }
        choices.0.insert(column, Chosen { choice, place: place.to_owned() });
        Ok(())
    };
    for (column, word) in columns.map(read_key).transpose()?.into_iter().flatten() {
        choose(column, Choice::named(&word)?)?;
    }
    for (column, text) in set.map(read_key).transpose()?.into_iter().flatten() {
        expect_text(&text)?;
        choose(column, Choice::Text(text))?;
    }
    for (column, sql) in computed.map(read_key).transpose()?.into_iter().flatten() {
        expect_text(&sql)?;
        choose(column, Choice::Sql(sql))?;
    }
    for column in nulls.map(read_names).transpose()?.into_iter().flatten() {
        choose(column, Choice::Null)?;
    }
    Ok(choices)
}

/// Writes what single columns get as the cells `columns`, `set`, `set_null` and `compute`.
fn write_choices(choices: &Choices) -> [String; 4] {
    let (mut columns, mut set, mut nulls, mut computed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (column, chosen) in &choices.0 {
        match &chosen.choice {
            Choice::Of(of) => columns.push((column.as_str(), of.word())),
            Choice::Text(text) => set.push((column.as_str(), text.as_str())),
            Choice::Null => nulls.push(column.as_str()),
            Choice::Delta => columns.push((column.as_str(), DELTA)),
            Choice::Sql(sql) => computed.push((column.as_str(), sql.as_str())),
        }
    }
    [write_key(columns), write_key(set), write_names(nulls), write_key(computed)]
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
    (class, fingerprint): (Option<Class>, Option<&str>),
    pick: Option<&RowPick>,
) -> String {
    let none = Signature::default();
    let signature = pick.map_or(&none, |pick| &pick.signature);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let [columns, set, nulls, computed] = pick.map(|pick| write_choices(&pick.choices)).unwrap_or_default();
    let cells = [
        database.unwrap_or_default().to_owned(),
        table.to_owned(),
        write_key(key),
        class.map_or("", Class::word).to_owned(),
        pick.map_or("", |pick| pick.resolution.word()).to_owned(),
        columns,
        set,
        nulls,
        computed,
        text(&signature.why),
        text(&signature.by),
        text(&signature.at),
        fingerprint.unwrap_or_default().to_owned(),
    ];
    csv::line(&cells.map(|cell| csv::safe(&cell)))
}

/// Writes a list of picks.
#[must_use]
pub fn write_picks(picks: &[RowPick]) -> String {
    let of = |pick: &RowPick| {
        let key = pick.key.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        pick_line((pick.database.as_deref(), &pick.table), key, (None, pick.fingerprint.as_deref()), Some(pick))
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
    fn what_single_columns_get_is_read_as_it_is_written() {
        let toml = "[[row]]\ntable = \"a.b\"\nkey = { id = 7 }\nresolution = \"apply_new\"\n\
                    columns = { \"=a b\" = \"old\", c = \"base\", m = \"delta\" }\n\
                    set = { d = \"\", e = \"NULL\", f = \"=1, 'x'\\r\\n\\\"y\", g = \"(masked)\", h = \"\\\\N\" }\n\
                    set_null = [\"i\", \"J,k\"]\ncompute = { l = \"old.l || ', so'\" }\nfingerprint = \"0f\"\n";
        let picks = Decisions::parse(toml, "d").unwrap().picks().to_vec();
        let text = write_picks(&picks);
        let lines = read_picks(&text, "list.csv").unwrap();
        assert!(lines[0].pick.choices.says_as(&picks[0].choices), "{text}");
        assert_eq!(lines[0].pick.fingerprint.as_deref(), Some("0f"));
        assert!(lines[0].says_choices && lines[0].pick.choices.0.values().all(|chosen| chosen.place == "list.csv:2"));
        let of = |text: &str| read_picks(text, "list.csv").unwrap().remove(0);
        assert!(!of("table,key,resolution\na.b,id=7,apply_new\n").says_choices);
        let bare = of("table;key;resolution;columns;set;set_null\na.b;id=7;apply_new;a=old;b=,c=1,5;d, e\n").pick.choices;
        assert_eq!(bare.to_string(), "a: old, b: a text, c: a text, d: NULL, e: NULL");
        assert_eq!((&bare.0["b"].choice, &bare.0["c"].choice), (&Choice::Text(String::new()), &Choice::Text("1,5".to_owned())));
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
            ("table,key,resolution,key\na.b,id=1,hold,id=1\n", 1, "it has the column `key` twice"),
            ("table,key,resolution,column\n", 1, "unknown column `column`; did you mean `columns`?"),
            ("table,key,resolution,columns\na.b,id=1,apply_new,status\n", 2, "`status` has no `=`"),
            (
                "table,key,resolution,columns\na.b,id=1,apply_new,status=mine\n",
                2,
                "`mine` is no side; use old, new, base or delta",
            ),
            (
                "table,key,resolution,set\na.b,id=1,keep_old,n=NULL\n",
                2,
                "`NULL` is no value; the text is written 'NULL', in quotes",
            ),
            (
                "table,key,resolution,set\na.b,id=1,keep_old,n=E'\\u0000'\n",
                2,
                "no value of PostgreSQL's holds a null character",
            ),
            (
                "table,key,resolution,set_null\na.b,id=1,keep_old,\"a,\"\n",
                2,
                "`a,` is no list of columns' names with commas between",
            ),
            ("table,key,resolution,columns,set_null\na.b,id=1,keep_old,a=new,a\n", 2, "`a` gets a value twice"),
            ("table,key,resolution,set\na.b,id=1,,a=1\n", 2, "its `set` says what columns get, and its `resolution` nothing"),
            (
                "table,key,resolution,set\na.b,id=1,hold,a=1\n",
                2,
                "`set` goes with apply_new, keep_old, column_merge or coalesce, which say what all other columns get",
            ),
            ("table,key,resolution\na.b,\"id=1,hold\n", 2, "a quote has no end"),
        ];
        for (text, line, cause) in cases {
            assert_eq!(fault(text), format!("Config: read the picks (list.csv:{line}); {cause}"), "{text}");
        }
    }
}

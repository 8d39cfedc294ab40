//! What users write: one statement at a time, on either side, drawn at random. A statement that the server refuses is one that
//! the user did not get through.

use std::fmt::Write as _;

use crate::support::Dice;
use jiff::{SignedDuration, Timestamp};

use super::schema::{Key, Table};

/// How far from the cutover stamps lie: long before it, within the overlap before it, and after it.
const BEFORE: SignedDuration = SignedDuration::from_hours(-48);
const OVERLAP: SignedDuration = SignedDuration::from_mins(-4);
const AFTER: SignedDuration = SignedDuration::from_mins(5);

/// What a clock on the wall shows at an instant.
pub(super) fn wall_clock(instant: Timestamp, zone: &str) -> String {
    instant.in_tz(zone).expect("a zone of the IANA database").datetime().to_string().replace('T', " ")
}

/// Who writes, and when.
pub(super) struct Writer<'a> {
    tables: &'a [Table],
    /// The letter of the rows' identity: who created them.
    letter: char,
    cutover: Timestamp,
    /// The zone of the wall clocks.
    zone: &'static str,
    /// How many statements were drawn.
    pub(super) count: u64,
    /// Whether the rows are those of before the cutover.
    before: bool,
    /// Whether half of the updates leave all stamps alone.
    unstamped: bool,
}

impl<'a> Writer<'a> {
    /// Who writes rows of an identity that begins with a letter: `B` before the cutover, `O` and `N` after it.
    pub(super) const fn new(tables: &'a [Table], letter: char, cutover: Timestamp, zone: &'static str, count: u64) -> Self {
        Self { tables, letter, cutover, zone, count, before: letter == 'B', unstamped: false }
    }

    /// Says whether half of the updates leave all stamps alone.
    pub(super) const fn unstamped(self, unstamped: bool) -> Self {
        Self { unstamped, ..self }
    }

    /// Draws a statement.
    pub(super) fn draw(&mut self, dice: &mut Dice) -> (usize, String) {
        let number = dice.below(self.tables.len());
        let table = &self.tables[number];
        let text = match dice.below(13) {
            3 if !table.is_keyed() => Self::copy(dice, table),
            0..=3 => self.insert(dice, table),
            4..=7 => self.update(dice, table),
            8 => self.change_key(dice, table),
            9 => self.change_parent(dice, table),
            10 if table.unique => self.swap(dice, table),
            10 if table.created => self.again(dice, table),
            _ => Self::delete(dice, table),
        };
        (table.database, text)
    }

    /// A stamp of now, one that lies about it, or one of a transaction that began before the cutover.
    fn stamp(&mut self, dice: &mut Dice, table: &Table) -> String {
        let from = match dice.below(12) {
            0 | 1 => BEFORE,
            2 => OVERLAP,
            _ => self.now(),
        };
        self.stamp_from(table, from)
    }

    /// What an honest clock shows: days before the cutover, or minutes after it.
    const fn now(&self) -> SignedDuration {
        if self.before { BEFORE } else { AFTER }
    }

    /// A stamp some seconds after an instant that lies so far from the cutover, as the table's column holds it.
    fn stamp_from(&mut self, table: &Table, from: SignedDuration) -> String {
        self.count += 1;
        let step = SignedDuration::from_secs(i64::try_from(self.count).unwrap_or(0));
        let instant = self.cutover + from + step;
        if table.wall { wall_clock(instant, self.zone) } else { instant.to_string() }
    }

    /// Inserts a row with an identity of its own.
    pub(super) fn insert(&mut self, dice: &mut Dice, table: &Table) -> String {
        let stamp = self.stamp(dice, table);
        let mut columns = vec!["tok".to_owned(), "val".to_owned()];
        let mut values = vec![format!("'{}{}'", self.letter, self.count), format!("'v{}'", self.count)];
        for ((name, _), value) in table.key.columns().iter().zip(self.key(dice, table.key)) {
            columns.push((*name).to_owned());
            values.push(value);
        }
        if dice.below(3) > 0 {
            columns.push("u".to_owned());
            values.push(format!("'u{}'", dice.below(12)));
        }
        if let Some(value) = table.value.filter(|_| dice.below(4) > 0) {
            columns.push("x".to_owned());
            values.push(value.literal(dice, self.letter == 'N'));
        }
        for (number, reference) in table.references.iter().enumerate() {
            if dice.below(5) > 0 {
                columns.extend(reference.own.clone());
                values.extend(self.parents(dice, table, number));
            }
        }
        // Many applications stamp a row once it is updated, and not before.
        let is_silent = dice.below(8) == 0;
        for (name, has, is_silent) in [("created_at", table.created, false), ("updated_at", table.updated, is_silent)] {
            if has {
                columns.push(name.to_owned());
                values.push(if is_silent { "null".to_owned() } else { format!("'{stamp}'") });
            }
        }
        format!("insert into {} ({}) values ({})", table.name, columns.join(", "), values.join(", "))
    }

    /// A key of a new row, one value a column; none where the sequence gives it.
    fn key(&self, dice: &mut Dice, key: Key) -> Vec<String> {
        // Before the cutover there is room left, so that both sides find the same free names after it.
        let number = if self.before { 1 + dice.below(9) } else { 8 + dice.below(8) };
        match key {
            Key::Serial | Key::Identity if dice.below(6) > 0 => vec!["default".to_owned()],
            Key::Serial | Key::Identity | Key::Number => vec![number.to_string()],
            Key::Text => vec![format!("'INV-01{number:02}'")],
            Key::Uuid => vec![format!("'00000000-0000-0000-0000-0000000000{number:02}'")],
            Key::Pair => vec![number.div_ceil(3).to_string(), format!("'{}'", ["x", "y", "z"][dice.below(3)])],
            Key::None => Vec::new(),
        }
    }

    /// The values of a reference to one of the parents that are there.
    fn parents(&self, dice: &mut Dice, table: &Table, reference: usize) -> Vec<String> {
        let reference = &table.references[reference];
        let parent = &self.tables[reference.parent].name;
        let salt = dice.below(1000);
        let one = |(name, _): &(String, String)| {
            format!(
                "(select p.{name} from {parent} p where p.{name} is not null order by md5(p.tok || '{salt}'), p.tok limit 1)"
            )
        };
        reference.columns.iter().map(one).collect()
    }

    /// The condition that picks one row of those that are there.
    fn one(dice: &mut Dice, table: &Table) -> String {
        let salt = dice.below(1000);
        format!("(tableoid, ctid) = (select tableoid, ctid from {} order by md5(tok || '{salt}'), tok limit 1)", table.name)
    }

    /// Sets a column of one row, and mostly its stamp.
    fn set(&mut self, dice: &mut Dice, table: &Table, set: &str) -> String {
        let stamp = self.stamp(dice, table);
        let stamped = match dice.below(12) {
            _ if !table.updated => String::new(),
            0 | 1 => String::new(),
            3..=6 if self.unstamped => String::new(),
            2 => ", updated_at = null".to_owned(),
            _ => format!(", updated_at = '{stamp}'"),
        };
        format!("update {} set {set}{stamped} where {}", table.name, Self::one(dice, table))
    }

    fn update(&mut self, dice: &mut Dice, table: &Table) -> String {
        let set = match (dice.below(4), table.value) {
            (0, _) => format!("u = 'u{}'", dice.below(12)),
            (2, Some(value)) => format!("x = {}", value.literal(dice, self.letter == 'N')),
            (1, _) if table.extra && self.letter != 'N' => format!("extra = {}", dice.below(100)),
            _ => format!("val = '{}{}'", self.letter, self.count),
        };
        self.set(dice, table, &set)
    }

    fn change_key(&mut self, dice: &mut Dice, table: &Table) -> String {
        let columns: Vec<_> = table.key.columns().iter().map(|(name, _)| *name).collect();
        let values = self.key(dice, table.key);
        if columns.is_empty() || values.iter().any(|value| value == "default") {
            return self.update(dice, table);
        }
        let set = columns.iter().zip(values).map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ");
        self.set(dice, table, &set)
    }

    fn change_parent(&mut self, dice: &mut Dice, table: &Table) -> String {
        if table.references.is_empty() {
            return self.update(dice, table);
        }
        let number = dice.below(table.references.len());
        let values = self.parents(dice, table, number);
        let own = table.references[number].own.iter();
        let set = own.zip(values).map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ");
        self.set(dice, table, &set)
    }

    /// Lets two rows change their unique values, one step after the other.
    fn swap(&mut self, dice: &mut Dice, table: &Table) -> String {
        let (name, salt, stamp) = (&table.name, dice.below(1000), self.stamp(dice, table));
        let stamped = if table.updated { format!(", updated_at = '{stamp}'") } else { String::new() };
        format!(
            "do $$ declare toks text[]; us text[]; begin select array_agg(tok), array_agg(u) into toks, us from
               (select tok, u from {name} where u is not null order by md5(tok || '{salt}'), tok limit 2) two;
             if cardinality(toks) < 2 then raise exception 'too few'; end if;
             update {name} set u = null{stamped} where tok = toks[1];
             update {name} set u = us[1]{stamped} where tok = toks[2];
             update {name} set u = us[2] where tok = toks[1]; end $$"
        )
    }

    /// Deletes a row and makes one of its own under the same key.
    fn again(&mut self, dice: &mut Dice, table: &Table) -> String {
        // The stamps say so: without them nothing tells such a row from one that was changed.
        let (name, salt, stamp) = (&table.name, dice.below(1000), self.stamp_from(table, self.now()));
        let mut set = format!("x.tok := '{}{}'; x.val := 'again'", self.letter, self.count);
        for (column, _) in [("created_at", table.created), ("updated_at", table.updated)].iter().filter(|(_, has)| *has) {
            let _ = write!(set, "; x.{column} := '{stamp}'");
        }
        format!(
            "do $$ declare x {name}; begin select * into x from {name} order by md5(tok || '{salt}'), tok limit 1;
             delete from {name} where tok = x.tok; {set}; insert into {name} select (x).*; end $$"
        )
    }

    /// Puts a row of its own in the place of one that has certain values.
    pub(super) fn usurp(&mut self, table: &Table, columns: &[String], values: &[String]) -> String {
        let (name, stamp) = (&table.name, self.stamp_from(table, self.now()));
        let is_it: Vec<_> = columns.iter().zip(values).map(|(column, value)| format!("{column} = '{value}'")).collect();
        let mut set = format!("x.tok := '{}{}'; x.val := 'usurper'", self.letter, self.count);
        for (column, _) in [("created_at", table.created), ("updated_at", table.updated)].iter().filter(|(_, has)| *has) {
            let _ = write!(set, "; x.{column} := '{stamp}'");
        }
        format!(
            "do $$ declare x {name}; begin delete from {name} where {} returning * into strict x;
             {set}; insert into {name} select (x).*; end $$",
            is_it.join(" and ")
        )
    }

    /// Writes a row anew as it is: nothing but its transaction tells.
    pub(super) fn rewrite(dice: &mut Dice, table: &Table) -> String {
        let (name, salt) = (&table.name, dice.below(1000));
        if dice.below(2) == 0 {
            return format!("update {name} set val = val where {}", Self::one(dice, table));
        }
        format!(
            "do $$ declare x {name}; begin select * into strict x from {name} order by md5(tok || '{salt}'), tok limit 1;
             delete from {name} where tok = x.tok; insert into {name} select (x).*; end $$"
        )
    }

    /// Makes another row of the same values, where nothing forbids it.
    fn copy(dice: &mut Dice, table: &Table) -> String {
        format!("insert into {0} select * from {0} where {1}", table.name, Self::one(dice, table))
    }

    fn delete(dice: &mut Dice, table: &Table) -> String {
        format!("delete from {} where {}", table.name, Self::one(dice, table))
    }
}

/// A statement within a transaction of its own within one.
pub(super) fn in_a_subtransaction(statement: &str) -> String {
    format!("do $outer$ begin begin {statement}; exception when division_by_zero then null; end; end $outer$")
}

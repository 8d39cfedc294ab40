//! The way of one world: both sides are built, users write, and failback runs once or twice while OLD's users go on writing.

use std::fmt::Write as _;
use std::sync::Arc;

use failback::name::{Side, Sided};
use jiff::{SignedDuration, Timestamp};
use tokio_postgres::Client;

use super::based;
use super::estimates;
use super::ground::{Ground, Role};
use super::marks::{self, Marked};
use super::oracle::{self, Window};
use super::picks::Pick;
use super::proof::{Brought, Moment};
use super::schema::{self, Key, Table};
use super::snapshot::{self, Snapshot};
use super::writes::{Writer, in_a_subtransaction, wall_clock};
use crate::recovery::Recovery;
use crate::support::{Dice, block_on};

/// The overlap that failback takes unless it is told another.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);

/// Zones on either side of the one that a clock without a zone could be taken for.
const ZONES: [&str; 4] = ["UTC", "UTC", "America/New_York", "Asia/Kolkata"];

/// A configuration that names no zone, and gets none from the tests' own defaults.
const NO_ZONE: &str = "# no zone\n";

/// A world on its way.
pub(super) struct Journey<'a> {
    pub(super) ground: &'a Ground,
    pub(super) dice: Dice,
    pub(super) tables: Vec<Table>,
    pub(super) cutover: Timestamp,
    clients: Sided<Vec<Client>>,
    /// How many statements were drawn.
    pub(super) count: u64,
    /// What happened, for people.
    pub(super) log: Vec<String>,
    pub(super) decisions: String,
    pub(super) picks: Vec<Pick>,
    /// The zone of the wall clocks on both servers.
    pub(super) zone: &'static str,
    /// Whether failback is told the zone; else wall clocks are no evidence.
    zone_is_stated: bool,
    /// Whether OLD's triggers fire.
    pub(super) fire: bool,
    role: Role,
    /// What `--tables` asks for; nothing means all.
    wanted: Vec<String>,
    /// The mark that failback goes by.
    pub(super) marked: Option<Marked>,
    /// What the merge brought that stands.
    pub(super) brought: Option<Brought>,
    /// Both sides at the cutover, in a world that estimates which transactions were over then.
    pub(super) at_cutover: Option<Moment>,
    /// What the third server shows, where failback asks it: the cutover, until a merge makes something else of it.
    pub(super) based: Option<Snapshot>,
    /// Both sides as the last diff found them.
    pub(super) at_diff: Option<Moment>,
}

/// What is wrong with a world: sentences, and what led to it.
pub(super) struct Failure {
    pub(super) wrong: Vec<String>,
    pub(super) log: Vec<String>,
}

/// Plays one world.
pub(super) fn play(ground: &Ground, seed: u64) -> Result<Vec<String>, Failure> {
    let mut dice = Dice::seeded(seed);
    let tables = schema::draw(&mut dice);
    let cutover = Timestamp::now() - SignedDuration::from_hours(1);
    let clients = ground.fresh();
    let zone = ZONES[dice.below(ZONES.len())];
    let zone_is_stated = dice.below(5) > 0;
    let mut journey = Journey {
        ground,
        dice,
        tables,
        cutover,
        clients,
        count: 0,
        log: Vec::new(),
        decisions: String::new(),
        picks: Vec::new(),
        zone,
        zone_is_stated,
        fire: false,
        role: Role::Super,
        wanted: Vec::new(),
        marked: None,
        brought: None,
        at_cutover: None,
        based: None,
        at_diff: None,
    };
    match journey.go(seed) {
        Ok(()) => Ok(journey.log),
        Err(wrong) => Err(Failure { wrong, log: journey.log }),
    }
}

/// What is wrong.
pub(super) type Step = Result<(), Vec<String>>;

impl Journey<'_> {
    fn go(&mut self, seed: u64) -> Step {
        let is_marked = marks::is_marked(seed);
        let third = if !is_marked && based::is_based(seed) { self.ground.fresh_third() } else { Vec::new() };
        self.build(&third);
        let mut base = self.snapshot(Side::Old);
        if base != self.snapshot_as_old(Side::New) {
            return Err(vec!["both sides were not built alike".to_owned()]);
        }
        if is_marked {
            base = self.mark()?;
        } else if estimates::is_estimated(seed) {
            self.beat();
        }
        if !third.is_empty() {
            self.log.push("-- with a base".to_owned());
            self.based = Some(base.clone());
        }
        self.draw_decisions();
        for _ in 0..4 + self.dice.below(12) {
            let side = if self.dice.below(3) == 0 { Side::Old } else { Side::New };
            self.write(side, 1);
        }
        if is_marked {
            self.go_on_writing();
        }
        self.draw_ways();
        match self.run(base)? {
            Some(base) => {
                // What NEW's last users wrote, and a second run for it and for what was held.
                for _ in 0..self.dice.below(5) {
                    let side = [Side::Old, Side::New][self.dice.below(2)];
                    self.write(side, 1);
                }
                self.rename();
                self.draw_decisions();
                self.run(base).map(|_| ())
            }
            None => Ok(()),
        }
    }

    /// Now and then gives a table another name on both sides, between two runs. Sequences keep theirs, so that theirs is left.
    fn rename(&mut self) {
        let number = self.dice.below(self.tables.len());
        let table = &self.tables[number];
        if self.dice.below(3) > 0 || matches!(table.key, Key::Serial | Key::Identity) || table.loud {
            return;
        }
        let (was, is, database) = (table.name.clone(), format!("{}_again", table.name), table.database);
        let statement = format!("alter table {was} rename to {is}");
        for side in Side::BOTH {
            block_on(self.clients.get(side)[database].batch_execute(&statement)).expect("another name");
        }
        for wanted in self.wanted.iter_mut().filter(|wanted| **wanted == self.tables[number].full_name()) {
            *wanted = format!("public.{is}");
        }
        self.log.push(format!("-- {was} is {is} now"));
        self.tables[number].name = is;
        // The mark knows it by the other name.
        self.shake(number);
    }

    /// Draws who failback is, whether triggers fire, and what is asked for.
    fn draw_ways(&mut self) {
        self.role = Role::draw(&mut self.dice);
        self.fire = self.dice.below(6) == 0;
        self.ground.grant(self.role, &self.clients.old);
        // A change of owner writes the row of a table's type as a new name does, which the catalog cannot tell from it.
        if let Some(marked) = self.marked.as_mut().filter(|_| self.role == Role::Owner) {
            marked.shaken.extend(0..self.tables.len());
        }
        let chosen = self.dice.below(5) == 0;
        let chosen = |dice: &mut Dice| chosen && dice.below(3) > 0;
        let tables = self.tables.iter().map(Table::full_name);
        self.wanted = tables.filter(|_| chosen(&mut self.dice)).collect();
    }

    /// A run of its own.
    pub(super) fn recovery(&mut self) -> Recovery {
        self.picks.clear();
        let mut config = if self.zone_is_stated { format!("zone = \"{}\"\n", self.zone) } else { NO_ZONE.to_owned() };
        for table in &self.tables {
            if let Some(method) = table.method {
                let _ = write!(config, "[tables.\"{}\"]\nmethod = \"{method}\"\n", table.full_name());
            }
        }
        let mut recovery = Recovery::of(self.ground.pair(self.role), self.cutover, &config);
        recovery.look_at(self.ground.databases());
        recovery.choose_all(&self.wanted);
        recovery.decide(&self.decisions);
        if let Some(marked) = &self.marked {
            recovery.go_by(Arc::clone(&marked.mark));
            let selection = recovery.context.selection().clone().with_baseline(marked.armed.clone());
            recovery.context = recovery.context.clone().with_selection(selection);
        }
        if self.based.is_some() {
            recovery.ask_base(self.ground.third());
        }
        if self.at_cutover.is_some() {
            recovery.estimate();
        }
        let said = [&config, &self.decisions].map(|text| text.trim().replace('\n', "; "));
        self.log.push(format!("-- {}, fire {}, {:?}: {} / {}", self.role.word(), self.fire, self.wanted, said[0], said[1]));
        recovery
    }

    fn draw_decisions(&mut self) {
        const CLASSES: [&str; 11] = [
            "insert",
            "update",
            "delete",
            "ambiguous_missing_on_old",
            "ambiguous_deleted_on_old",
            "ambiguous_missing_on_new",
            "ambiguous_differs",
            "insert_exists",
            "update_origin_differs",
            "update_missing",
            "delete_origin_differs",
        ];
        const BY_TIME: [&str; 3] = ["ambiguous_differs", "insert_exists", "update_origin_differs"];
        let generous = self.dice.below(3);
        self.decisions = String::from("[defaults]\n");
        for class in CLASSES {
            let resolution = match self.dice.below(8) {
                _ if generous == 0 => continue,
                0 => "keep_old",
                1 => "hold",
                2 => "skip",
                3 if BY_TIME.contains(&class) => "last_update_wins",
                4 if class == "update_origin_differs" => "column_merge",
                _ if generous == 1 => continue,
                _ => "apply_new",
            };
            let _ = writeln!(self.decisions, "{class} = \"{resolution}\"");
        }
        if self.dice.below(4) == 0 {
            let table = self.tables[self.dice.below(self.tables.len())].full_name();
            let class = CLASSES[self.dice.below(CLASSES.len())];
            let _ = writeln!(self.decisions, "[tables.\"{table}\"]\n{class} = \"apply_new\"");
        }
        // How much has to be known before OLD is written: what is built in, or more, or less.
        let needed = match self.count % 4 {
            0 => "",
            1 => "delete = \"column\"\nupdate = \"xid\"\n",
            2 => "delete = \"column\"\ninsert = \"xid\"\n",
            _ => "delete = \"column\"\n",
        };
        let _ = write!(self.decisions, "[evidence]\n{needed}");
    }

    /// Creates the tables on both sides, and on a third server if there is one, and fills them alike.
    fn build(&mut self, third: &[Client]) {
        for database in 0..self.ground.databases().len() {
            for side in Side::BOTH {
                let statements = schema::ddl(&self.tables, database, side == Side::Old);
                let client = &self.clients.get(side)[database];
                let done = block_on(client.batch_execute(&statements.join(";\n")));
                done.unwrap_or_else(|error| panic!("{}: {error:?}", statements.join(";\n")));
                if side == Side::Old {
                    if let Some(client) = third.get(database) {
                        block_on(client.batch_execute(&statements.join(";\n"))).expect("the same tables");
                    }
                    self.log.extend(statements.into_iter().skip(1));
                }
            }
        }
        let mut writer = Writer::new(&self.tables, 'B', self.cutover, self.zone, self.count);
        let mut statements = Vec::new();
        for table in &self.tables {
            for _ in 0..3 + self.dice.below(5) {
                statements.push((table.database, writer.insert(&mut self.dice, table)));
            }
        }
        self.count = writer.count;
        for (database, statement) in statements {
            let done = Sided::of(|side| block_on(self.clients.get(side)[database].batch_execute(&statement)).is_ok());
            // One that fails takes a number of a sequence too.
            let there = third.get(database).map(|client| block_on(client.batch_execute(&statement)).is_ok());
            assert_eq!((done.old, there.unwrap_or(done.old)), (done.new, done.new), "{statement}");
            if done.old {
                self.log.push(format!("BASE: {statement}"));
            }
        }
    }

    /// From when on a stamp may be one of after the cutover.
    pub(super) fn window(&self) -> Window {
        let from = self.cutover - OVERLAP;
        Window { instant: wall_clock(from, "UTC"), wall: wall_clock(from, self.zone) }
    }

    /// Lets OLD's users write between two steps.
    pub(super) fn visit(&mut self) {
        if self.dice.below(2) == 0 {
            let times = 1 + self.dice.below(2);
            self.write(Side::Old, times);
        }
    }

    /// Lets a user of OLD's put another row in the place of one that a child refers to which OLD does not have so.
    pub(super) fn usurp(&mut self, from: &Snapshot) {
        if self.dice.below(3) > 0 {
            return;
        }
        let old = self.snapshot(Side::Old);
        let mut wanted = Vec::new();
        for (number, table) in self.tables.iter().enumerate() {
            for (at, reference) in table.references.iter().enumerate() {
                for (key, child) in &from.tables[number] {
                    let value = oracle::value_of(child, &reference.own);
                    let here = old.tables[number].get(key).and_then(|child| oracle::value_of(child, &reference.own));
                    wanted.extend(value.filter(|value| Some(value) != here.as_ref()).map(|value| (number, at, value)));
                }
            }
        }
        if wanted.is_empty() {
            return;
        }
        let (number, at, value) = wanted.swap_remove(self.dice.below(wanted.len()));
        let reference = &self.tables[number].references[at];
        let columns: Vec<_> = reference.columns.iter().map(|(name, _)| name.clone()).collect();
        let parent = &self.tables[reference.parent];
        let mut writer = Writer::new(&self.tables, 'O', self.cutover, self.zone, self.count);
        let statement = writer.usurp(parent, &columns, &value);
        self.count = writer.count;
        if block_on(self.clients.get(Side::Old)[parent.database].batch_execute(&statement)).is_ok() {
            self.log.push(format!("OLD: {statement}"));
        }
    }

    /// Lets a user of OLD's write a row anew as it is.
    pub(super) fn rewrite(&mut self) {
        let table = &self.tables[self.dice.below(self.tables.len())];
        let statement = Writer::rewrite(&mut self.dice, table);
        if block_on(self.clients.get(Side::Old)[table.database].batch_execute(&statement)).is_ok() {
            self.log.push(format!("OLD: {statement}"));
        }
    }

    pub(super) fn write(&mut self, side: Side, times: usize) {
        for _ in 0..times {
            let mut writer =
                Writer::new(&self.tables, marks::letter(side), self.cutover, self.zone, self.count).unstamped(self.asks_ids());
            let (database, mut statement) = writer.draw(&mut self.dice);
            self.count = writer.count;
            if self.asks_ids() && self.dice.below(4) == 0 {
                statement = in_a_subtransaction(&statement);
            }
            if block_on(self.clients.get(side)[database].batch_execute(&statement)).is_ok() {
                self.log.push(format!("{}: {statement}", side.word().to_uppercase()));
            }
        }
    }

    /// Whether transaction ids say more than stamps in this world.
    pub(super) const fn asks_ids(&self) -> bool {
        self.marked.is_some() || self.at_cutover.is_some()
    }

    pub(super) fn clients(&self, side: Side) -> &[Client] {
        self.clients.get(side)
    }

    pub(super) fn snapshot(&self, side: Side) -> Snapshot {
        block_on(snapshot::take(self.clients.get(side), &self.tables, side == Side::Old))
    }

    /// Lets users write what a mark alone tells, and more happen to tables than that.
    fn go_on_writing(&mut self) {
        for _ in 0..self.dice.below(4) {
            self.upheave();
        }
        for _ in 0..self.dice.below(8) {
            let side = Side::BOTH[self.dice.below(2)];
            self.write(side, 1);
        }
    }

    /// As [`snapshot`](Self::snapshot), with what only OLD has as OLD's defaults fill it.
    pub(super) fn snapshot_as_old(&self, side: Side) -> Snapshot {
        let mut found = self.snapshot(side);
        for (table, rows) in self.tables.iter().zip(&mut found.tables) {
            for row in rows.values_mut().filter(|_| table.extra) {
                row.insert("extra".to_owned(), Some("7".to_owned()));
            }
        }
        found
    }
}

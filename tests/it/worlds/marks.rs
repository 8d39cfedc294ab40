//! Worlds whose servers were marked before the cutover: what was open then, and what both sides took until the cutover.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use failback::engine::{self, Armed};
use failback::name::{Side, Sided};
use failback::staging::{Baseline, Mark};
use failback::store::LocalStore;
use jiff::SignedDuration;
use tokio_postgres::Client;

use super::ground::Role;
use super::journey::Journey;
use super::proof::Moment;
use super::snapshot::{self, Snapshot, Writers};
use super::writes::Writer;
use crate::recovery::Recovery;
use crate::support::{self, block_on};

/// One world in so many is marked.
const EVERY: u64 = 3;

/// A mark, and what is known of both sides besides.
pub(super) struct Marked {
    pub(super) mark: Arc<Mark>,
    /// A baseline that was kept with it.
    pub(super) armed: Option<Armed>,
    /// Where its files are.
    _folder: tempfile::TempDir,
    /// Every row at the mark, and who had written it last.
    pub(super) then: Moment,
    /// Tables that were rewritten or defined anew since, by their numbers: the mark may prove nothing of them.
    pub(super) shaken: BTreeSet<usize>,
}

/// A transaction that is going on while the mark is made.
struct Open {
    client: Client,
    side: Side,
    database: usize,
    /// The name under which it was prepared.
    prepared: Option<String>,
}

/// Whether a world is marked.
pub(super) const fn is_marked(seed: u64) -> bool {
    seed.is_multiple_of(EVERY)
}

impl Journey<'_> {
    /// Marks both sides at the cutover, or some writes before it. Returns what both hold at the cutover.
    pub(super) fn mark(&mut self) -> Result<Snapshot, Vec<String>> {
        for table in &mut self.tables {
            // A method that is configured stays what it is.
            if table.method.is_some() && self.dice.below(4) > 0 {
                table.method = None;
            }
        }
        let early = self.dice.below(3) == 0;
        let open = self.open(early);
        let folder = tempfile::tempdir().expect("a folder");
        let before = if early { SignedDuration::from_mins(20) } else { SignedDuration::ZERO };
        // Not by the dice: what happens in a world is the same with and without.
        let is_armed = self.count.is_multiple_of(2);
        let (mark, armed) = if is_armed {
            let (mark, armed) = self.arm(before, &folder.path().join("armed"));
            (mark, Some(armed))
        } else {
            (self.take_mark(before), None)
        };
        let then = Sided::of(|side| (self.snapshot(side), self.writers(side)));
        self.marked = Some(Marked { mark: Arc::new(mark), armed, _folder: folder, then, shaken: BTreeSet::new() });
        let (early_too, armed_too) = (if early { ", early" } else { "" }, if is_armed { ", with a baseline" } else { "" });
        self.log.push(format!("-- marked{early_too}{armed_too}"));
        if !early {
            let base = self.snapshot(Side::Old);
            self.end(&open);
            return Ok(base);
        }
        self.end(&open);
        for _ in 0..=self.dice.below(4) {
            self.write_both();
        }
        let base = self.snapshot(Side::Old);
        let alike = base == self.snapshot_as_old(Side::New);
        if alike { Ok(base) } else { Err(vec!["both sides were not alike at the cutover".to_owned()]) }
    }

    /// Makes the mark. Worlds play an hour ago, and so must its clocks.
    fn take_mark(&self, before: SignedDuration) -> Mark {
        let mut recovery = Recovery::of(self.ground.pair(Role::Super), self.cutover, "");
        recovery.look_at(self.ground.databases());
        // A transaction of another world that ends just now may be taken for one of this one: it is asked again.
        let (mut mark, _) = block_on(engine::mark(&recovery.context, Duration::from_millis(250))).expect("a mark");
        for side in Side::BOTH {
            mark.servers.get_mut(side).clock.server_us = (self.cutover - before).as_microsecond();
        }
        mark
    }

    /// Makes the mark with a baseline, likewise.
    fn arm(&self, before: SignedDuration, folder: &Path) -> (Mark, Armed) {
        let mut recovery = Recovery::of(self.ground.pair(Role::Super), self.cutover, "");
        recovery.look_at(self.ground.databases());
        let store = Arc::new(LocalStore::create(folder).expect("a folder"));
        let context = recovery.context.clone().with_store(store.clone());
        block_on(engine::arm(&context, support::digests_alone())).expect("a baseline");
        let (mut baseline, mut mark) = Baseline::read(store.as_ref()).expect("a baseline");
        let made_us = (self.cutover - before).as_microsecond();
        for side in Side::BOTH {
            mark.servers.get_mut(side).clock.server_us = made_us;
        }
        for database in &mut baseline.databases {
            database.clock_us = made_us;
        }
        (mark, Armed { baseline: Arc::new(baseline), store })
    }

    /// Begins transactions that go on while the mark is made: on one side, or with the same writes on both.
    fn open(&mut self, on_both: bool) -> Vec<Open> {
        if self.dice.below(2) == 0 {
            return Vec::new();
        }
        let sides = if on_both { Side::BOTH.to_vec() } else { vec![Side::BOTH[self.dice.below(2)]] };
        let (database, statements) = self.drawn_for_one(sides[0], on_both);
        let prepared = self.dice.below(3) == 0;
        let mut opened: Vec<Open> = Vec::new();
        for side in sides {
            let client = block_on(support::connect(&self.ground.url(side, database)));
            let name = prepared.then(|| format!("{}_{database}", self.ground.databases()[database]));
            let one = Open { client, side, database, prepared: None };
            let begun = one.run(&format!("begin; {}", statements[0]))
                && statements[1..].iter().all(|more| one.run(&format!("savepoint s; {more}; release s")))
                && name.as_ref().is_none_or(|name| one.run(&format!("prepare transaction '{name}'")));
            if !begun {
                one.give_up();
                opened.iter().for_each(Open::give_up);
                return Vec::new();
            }
            opened.push(Open { prepared: name, ..one });
        }
        let how = if prepared { "prepared" } else { "open" };
        let on: Vec<_> = opened.iter().map(|open| open.side.word().to_uppercase()).collect();
        self.log.extend(statements.iter().map(|statement| format!("{} ({how} at the mark): {statement}", on.join(" and "))));
        opened
    }

    /// Statements about one database, as a side's user or everybody before the cutover would send them.
    fn drawn_for_one(&mut self, side: Side, on_both: bool) -> (usize, Vec<String>) {
        let letter = if on_both { 'B' } else { letter(side) };
        let mut writer = Writer::new(&self.tables, letter, self.cutover, self.zone, self.count).unstamped(true);
        let table = &self.tables[self.dice.below(self.tables.len())];
        // What foreign keys do may differ between both sides, but for new rows.
        let first = (table.database, writer.insert(&mut self.dice, table));
        let (database, first) = if on_both { first } else { writer.draw(&mut self.dice) };
        let mut statements = vec![first];
        for _ in 0..self.dice.below(3) {
            let (of, statement) = writer.draw(&mut self.dice);
            statements.extend((of == database && !on_both).then_some(statement));
        }
        self.count = writer.count;
        (database, statements)
    }

    /// Ends what was open, mostly by a COMMIT and after further writes.
    fn end(&mut self, open: &[Open]) {
        let stays = self.dice.below(5) > 0;
        let Some(first) = open.first() else { return };
        let (of, statements) = self.drawn_for_one(first.side, open.len() > 1);
        let more = statements.into_iter().filter(|_| open.len() == 1 && of == first.database);
        for statement in more {
            if first.prepared.is_none() && first.run(&format!("savepoint s; {statement}; release s")) {
                self.log.push(format!("{} (open at the mark, after it): {statement}", first.side.word().to_uppercase()));
            } else if first.prepared.is_none() {
                first.run("rollback to s");
            }
        }
        for one in open {
            let done = match (&one.prepared, stays) {
                (Some(name), true) => one.run(&format!("commit prepared '{name}'")),
                (None, true) => one.run("commit"),
                _ => {
                    one.give_up();
                    false
                }
            };
            self.log.push(format!("{}: {}", one.side.word().to_uppercase(), if done { "commit" } else { "rollback" }));
        }
    }

    /// Lets both sides take the same write, as replication would; nothing where one of them would not take it so.
    fn write_both(&mut self) {
        let mut writer = Writer::new(&self.tables, 'B', self.cutover, self.zone, self.count).unstamped(true);
        let (database, statement) = writer.draw(&mut self.dice);
        self.count = writer.count;
        let begun = format!("begin; {statement}; set constraints all immediate");
        let run = |side: Side, text: &str| block_on(self.clients(side)[database].batch_execute(text)).is_ok();
        let taken = Side::BOTH.into_iter().all(|side| run(side, &begun));
        let alike = taken && self.snapshot(Side::Old) == self.snapshot_as_old(Side::New);
        for side in Side::BOTH {
            assert!(run(side, if alike { "commit" } else { "rollback" }), "{statement}");
        }
        if alike {
            self.log.push(format!("BOTH, after the mark: {statement}"));
        }
    }

    /// Who wrote a side's rows last.
    pub(super) fn writers(&self, side: Side) -> Vec<Writers> {
        block_on(snapshot::writers(self.clients(side), &self.tables))
    }
}

impl Open {
    /// Whether the server takes statements.
    fn run(&self, statements: &str) -> bool {
        block_on(self.client.batch_execute(statements)).is_ok()
    }

    /// Undoes what was written.
    fn give_up(&self) {
        match &self.prepared {
            Some(name) => assert!(self.run(&format!("rollback prepared '{name}'")), "{name}"),
            None => assert!(self.run("rollback"), "a rollback"),
        }
    }
}

/// The letter of rows that a side's users make after the cutover.
pub(super) const fn letter(side: Side) -> char {
    match side {
        Side::Old => 'O',
        Side::New => 'N',
    }
}

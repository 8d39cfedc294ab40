//! Random histories of one server around a cutover, without a server: what each transaction really was, and what its row
//! shows. The form of the estimate is held against them, others each time; a failure says the seed, and `FAILBACK_HISTORY_SEED`
//! plays it again.

use failback::delta::{StampedXids, estimate};

use crate::support::Dice;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;

/// The cutover. Histories begin a day before it.
const CUTOVER: i64 = 2 * 24 * 60 * MINUTE;

/// No transaction, with the lag of replication, is longer.
const LONGEST: i64 = 10 * MINUTE;

/// How many histories are played.
const HISTORIES: usize = 600;

/// A row: who wrote it, when that was committed, and its stamp.
#[derive(Clone, Copy)]
struct Row {
    xid: u64,
    committed: i64,
    stamp: i64,
}

impl Row {
    /// Whether stamps alone would take the row for one of before the cutover, and it is none.
    const fn lies(&self) -> bool {
        self.committed >= CUTOVER && self.stamp < CUTOVER - LONGEST
    }
}

/// A part of a whole, in percent.
fn is_one_of(dice: &mut Dice, percent: usize) -> bool {
    dice.below(100) < percent
}

fn between(dice: &mut Dice, from: i64, to: i64) -> i64 {
    let span = usize::try_from(to - from).expect("a span");
    from + i64::try_from(dice.below(span)).expect("within it")
}

/// How a history goes.
struct Ways {
    /// How long before the cutover nobody wrote.
    silence: i64,
    /// How many of a hundred rows keep an old stamp, are imported with one, or are stamped by a clock that is wrong.
    unstamped: usize,
    backdated: usize,
    skewed: usize,
    skew: i64,
    /// How far replication lags.
    lag: i64,
    /// Whether somebody imports a lot just after the cutover.
    imports: bool,
    /// How long on average from one transaction to the next.
    step: i64,
}

impl Ways {
    fn draw(dice: &mut Dice) -> Self {
        let often = |dice: &mut Dice, most: usize| if dice.below(3) == 0 { 0 } else { dice.below(most + 1) };
        let silent = dice.below(2) == 0;
        Self {
            silence: if silent { between(dice, 0, 6 * 60 * MINUTE) } else { 0 },
            unstamped: often(dice, 70),
            backdated: often(dice, 50),
            skewed: often(dice, 20),
            skew: between(dice, 5 * SECOND, 120 * MINUTE) * if dice.below(2) == 0 { 1 } else { -1 },
            lag: if dice.below(2) == 0 { between(dice, 0, 500 * SECOND) } else { 0 },
            imports: dice.below(2) == 0,
            step: [5 * SECOND, 30 * SECOND, 3 * MINUTE][dice.below(3)],
        }
    }

    /// Every row that is there at the end, by its transaction; ids go by when they were given out.
    fn play(&self, dice: &mut Dice) -> Vec<Row> {
        let mut transactions = Vec::new();
        let mut now = CUTOVER - 24 * 60 * MINUTE;
        while now < CUTOVER + 60 * MINUTE {
            now += 1 + between(dice, 0, 2 * self.step);
            if now > CUTOVER - self.silence && now < CUTOVER {
                continue;
            }
            // It begins, gets its id, and commits, within what is left beside the lag.
            let long = if dice.below(10) == 0 { LONGEST - self.lag } else { 2 * SECOND };
            let first = between(dice, 0, long.max(2));
            let length = first + between(dice, 0, (long - first).max(1));
            transactions.push((now + first, now - self.lag, now + length));
        }
        transactions.sort_unstable();
        let mut rows: Vec<Row> = Vec::new();
        for (xid, (_, began, committed)) in (1_000..).zip(transactions) {
            for _ in 0..=dice.below(3) {
                let known = (!rows.is_empty()).then(|| rows[dice.below(rows.len())].stamp);
                let stamp = match known {
                    Some(stamp) if is_one_of(dice, self.unstamped) => stamp,
                    _ if is_one_of(dice, self.backdated) => began - between(dice, 0, 40 * 24 * 60 * MINUTE),
                    _ if is_one_of(dice, self.skewed) => began + self.skew,
                    _ => began,
                };
                rows.push(Row { xid, committed, stamp });
            }
        }
        let late = rows.iter().find(|row| row.committed >= CUTOVER).map(|row| row.xid);
        if let Some(xid) = late.filter(|_| self.imports) {
            let imported =
                |dice: &mut Dice| Row { xid, committed: CUTOVER + 1, stamp: CUTOVER - between(dice, 0, LONGEST * 100) };
            rows.extend((0..200).map(|_| imported(dice)));
        }
        rows
    }
}

/// What an estimate makes of a history: how many rows it and their stamps both take for older than they are, and how many that
/// are old it leaves in doubt; or that there is none.
fn judged(rows: &[Row], dice: &mut Dice) -> Option<(usize, bool)> {
    let mut seen = StampedXids::default();
    // Of a large table a part is read.
    let percent = [100, 100, 20][dice.below(3)];
    for row in rows {
        if is_one_of(dice, percent) {
            seen.add(row.xid, row.stamp);
        }
    }
    let horizon = estimate(&seen, CUTOVER, LONGEST, 1 << 40).ok()?.horizon.xid();
    let is_false = |row: &&Row| row.lies() && row.xid < horizon;
    let old = rows.iter().filter(|row| row.committed < CUTOVER);
    let (told, all) = (old.clone().filter(|row| row.xid < horizon).count(), old.count());
    Some((rows.iter().filter(is_false).count(), told * 2 > all))
}

/// What the last transaction with a stamp from before the cutover would say.
fn naively_false(rows: &[Row]) -> bool {
    let last = rows.iter().filter(|row| row.stamp < CUTOVER - LONGEST).map(|row| row.xid).max().unwrap_or(0);
    rows.iter().any(|row| row.lies() && row.xid <= last)
}

#[test]
fn an_estimate_and_a_stamp_never_both_take_a_row_for_older_than_it_is() {
    let given = std::env::var("FAILBACK_HISTORY_SEED").ok().map(|text| text.parse().expect("a seed"));
    let seed = given.unwrap_or_else(|| {
        u64::from(std::process::id()) << 32 | u64::from(jiff::Timestamp::now().subsec_nanosecond().unsigned_abs())
    });
    let mut dice = Dice::seeded(seed);
    let (mut estimated, mut useful, mut naive) = (0, 0, 0);
    for number in 0..HISTORIES {
        let rows = Ways::draw(&mut dice).play(&mut dice);
        naive += usize::from(naively_false(&rows));
        let Some((wrong, is_useful)) = judged(&rows, &mut dice) else { continue };
        assert_eq!(wrong, 0, "rows of history {number}: FAILBACK_HISTORY_SEED={seed}");
        estimated += 1;
        useful += usize::from(is_useful);
    }
    // The histories are such that it matters, and the estimate is such that it helps.
    assert!(naive * 2 > HISTORIES, "{naive} histories would fool a simpler form: FAILBACK_HISTORY_SEED={seed}");
    assert!(
        estimated * 2 > HISTORIES && useful * 3 > estimated,
        "FAILBACK_HISTORY_SEED={seed}: {estimated} are estimated, {useful} usefully"
    );
}

//! An estimate of the horizon, from rows themselves: each bears the transaction that wrote it last, and some bear the time.
//!
//! Ids are given out in the order of time. A stamp that its server made is no later than the moment at which its transaction
//! got its id. If no transaction, with the lag of replication, is longer than some time, an id is no later than its stamp by
//! more than that. So an honest stamp that lies before the cutover by twice that time belongs to an id below those of all
//! transactions that commit after the cutover. But stamps lie: rows are imported with old ones, jobs leave them alone, clocks
//! differ. The last few transactions that no other contradicts support the estimate, and it is made so low that one honest
//! among them is enough: a stamp that lies can only lower it. Measured on simulated histories (`tests/it/truth/sources`), that
//! takes no row for older than it is, as long as no transaction is longer; it is no proof, and never used as one.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::Horizon;

/// How many transactions support an estimate; with fewer there is none.
pub const LEAST_SUPPORT: usize = 8;

/// So many transactions are remembered at most.
const MOST: usize = 1 << 19;

/// What an estimate rests on, and what it leaves in doubt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EstimateBasis {
    /// Transactions that were seen to have written rows with stamps.
    pub transactions: u64,
    /// Those among them that nothing contradicts, before the cutover and before the first that is stamped later.
    pub support: u64,
    /// Those that are stamped earlier than others before them, by more than clocks and transactions explain: rows were
    /// imported, or changed without their stamps, or clocks differ. By the table of the row, as `database: schema.table`.
    pub contradicted: BTreeMap<String, u64>,
    /// How many transactions are in doubt: from the estimate to the first that is stamped after the cutover.
    pub doubtful: u64,
    /// How long before the cutover the earliest stamp is that is in doubt, in microseconds.
    pub doubt_us: i64,
    /// What is taken for granted: that no transaction, with the lag of replication, that went on at the cutover was longer.
    pub longest_us: i64,
}

/// An estimate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Every transaction below was over at the cutover, if what is taken for granted is so.
    pub horizon: Horizon,
    /// What it rests on.
    pub basis: EstimateBasis,
}

/// Why there is no estimate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooLittle {
    /// How many transactions would support it.
    pub support: u64,
    /// How many were seen.
    pub transactions: u64,
}

/// Transactions, by their ids, with the latest stamp of the rows that they wrote. Memory: half a million of
/// them; of more, a part by chance.
#[derive(Clone, Debug, Default)]
pub struct StampedXids {
    found: BTreeMap<u64, Stamped>,
    /// Only those whose scattered bits begin with so many zeros are remembered.
    zeros: u32,
    tables: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Stamped {
    stamp_us: i64,
    table: usize,
}

impl StampedXids {
    /// Says that the transactions to come wrote rows of this table.
    pub fn begin_table(&mut self, name: String) {
        self.tables.push(name);
    }

    /// Adds a transaction and the stamp of a row that it wrote.
    pub fn add(&mut self, xid: u64, stamp_us: i64) {
        if scattered(xid).leading_zeros() < self.zeros {
            return;
        }
        let table = self.tables.len().saturating_sub(1);
        let known = self.found.entry(xid).or_insert(Stamped { stamp_us, table });
        if known.stamp_us < stamp_us {
            *known = Stamped { stamp_us, table };
        }
        while self.found.len() > MOST {
            self.zeros += 1;
            let zeros = self.zeros;
            self.found.retain(|xid, _| scattered(*xid).leading_zeros() >= zeros);
        }
    }

    fn table(&self, one: Stamped) -> String {
        self.tables.get(one.table).cloned().unwrap_or_default()
    }
}

/// Spreads an id over 64 bits, so that a part of all is chosen by the same rule in every table.
const fn scattered(xid: u64) -> u64 {
    xid.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// Estimates the horizon of a server at a cutover by its clock. `longest_us` is how long a transaction, with the lag of
/// replication, is at most; `next` an id that no transaction had reached.
///
/// # Errors
/// Where too few transactions support it.
pub fn estimate(seen: &StampedXids, cutover_us: i64, longest_us: i64, next: u64) -> Result<Estimate, TooLittle> {
    let slack_us = longest_us.saturating_mul(2);
    let before_us = cutover_us.saturating_sub(slack_us);
    let (mut latest_us, mut is_past, mut support) = (i64::MIN, false, 0_u64);
    let mut newest = VecDeque::with_capacity(LEAST_SUPPORT + 1);
    let mut contradicted = BTreeMap::new();
    for one in seen.found.values() {
        is_past |= one.stamp_us >= before_us;
        if one.stamp_us < latest_us.saturating_sub(slack_us) {
            *contradicted.entry(seen.table(*one)).or_insert(0) += 1;
        } else if !is_past {
            support += 1;
            newest.push_back(one.stamp_us);
            if newest.len() > LEAST_SUPPORT {
                newest.pop_front();
            }
        }
        latest_us = latest_us.max(one.stamp_us);
    }
    let transactions = seen.found.len() as u64;
    let from_us = newest.iter().min().copied().filter(|_| newest.len() == LEAST_SUPPORT);
    let Some(from_us) = from_us else { return Err(TooLittle { support, transactions }) };
    let first = |since_us| seen.found.iter().find(|(_, one)| one.stamp_us >= since_us).map_or(next, |(xid, _)| *xid);
    let horizon = first(from_us);
    let doubtful = first(cutover_us).saturating_sub(horizon);
    let doubt_us = cutover_us.saturating_sub(from_us);
    let basis = EstimateBasis { transactions, support, contradicted, doubtful, doubt_us, longest_us };
    Ok(Estimate { horizon: Horizon::new(horizon), basis })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;

    /// The cutover, in minutes; transactions are not longer than ten.
    const CUTOVER: i64 = 1_000;

    /// Estimates by ids, from 100 on, and stamps in minutes.
    fn of(stamps: &[i64]) -> Result<Estimate, TooLittle> {
        let mut seen = StampedXids::default();
        seen.begin_table("shop: public.orders".to_owned());
        for (xid, stamp) in (100..).zip(stamps) {
            seen.add(xid, stamp * MINUTE);
        }
        estimate(&seen, CUTOVER * MINUTE, 10 * MINUTE, 1_000)
    }

    fn horizon(stamps: &[i64]) -> u64 {
        of(stamps).expect("enough support").horizon.xid()
    }

    /// Ten honest transactions, the last a minute before what counts as before the cutover.
    const HONEST: [i64; 10] = [970, 971, 972, 973, 974, 975, 976, 977, 978, 979];

    #[test]
    fn the_oldest_of_the_newest_eight_bounds_it() {
        let found = of(&HONEST).expect("enough support");
        assert_eq!(found.horizon.xid(), 102, "the stamp of the eighth from the end");
        let (basis, next) = (found.basis, 1_000);
        assert_eq!((basis.transactions, basis.support, basis.doubtful), (10, 10, next - 102));
        assert_eq!((basis.doubt_us, basis.longest_us), (28 * MINUTE, 10 * MINUTE));
        assert_eq!(of(&HONEST[..7]), Err(TooLittle { support: 7, transactions: 7 }));
        let later = [&HONEST[..], &[985, 1_001]].concat();
        assert_eq!(of(&later).expect("enough support").basis.doubtful, 111 - 102, "up to the first after the cutover");
    }

    #[test]
    fn a_stamp_that_lies_can_only_lower_it() {
        // Written after the cutover with an old stamp: an import, or an update that left it alone.
        let imported = [&HONEST[..], &[1_000, 960, 500]].concat();
        assert_eq!(horizon(&imported), 102);
        let basis = of(&imported).expect("enough support").basis;
        assert_eq!(basis.contradicted, BTreeMap::from([("shop: public.orders".to_owned(), 2)]));
        // The same with nothing after the cutover yet that contradicts it.
        assert_eq!(horizon(&[&HONEST[..], &[968, 968, 968]].concat()), 100, "they support it, with the stamps that they have");
        // A clock that is ahead: all that comes after it is contradicted.
        let ahead = [&HONEST[..3], &[1_200], &HONEST[3..]].concat();
        assert_eq!(of(&ahead), Err(TooLittle { support: 3, transactions: 11 }));
    }

    #[test]
    fn many_rows_of_one_transaction_are_one_witness() {
        let mut seen = StampedXids::default();
        for stamp in HONEST {
            seen.add(100, stamp * MINUTE);
        }
        assert_eq!(estimate(&seen, CUTOVER * MINUTE, 10 * MINUTE, 1_000), Err(TooLittle { support: 1, transactions: 1 }));
    }

    #[test]
    fn of_too_many_transactions_a_part_is_remembered() {
        let mut seen = StampedXids::default();
        for (xid, stamp) in (100..).zip(0..1_000_000) {
            seen.add(xid, stamp * 1_000);
        }
        assert!(seen.found.len() <= MOST && seen.found.len() > MOST / 4, "{}", seen.found.len());
        let cutover = 1_000_000 * 1_000;
        let found = estimate(&seen, cutover, 1_000, 2_000_000).expect("enough support").horizon.xid();
        assert!(found < 1_000_098 && found > 1_000_000, "{found}");
    }
}

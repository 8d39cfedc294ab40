//! Whether a database that is to take another one's place has less than that: tables that are missing, or that have fewer rows,
//! or none. It is counted when it takes its place, too: people, hours and open connections lie between its restore and then.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::proof::count;
use crate::catalog::{self, CountableTable};
use crate::engine::Servers;
use crate::engine::run::Context;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::Side;
use crate::pg::Session;
use crate::staging::{RestoredDatabase, RestoredTable};
use crate::text::amount;

/// The rows of tables.
type Counts = BTreeMap<String, u64>;

/// What was found to be less.
#[derive(Debug, Default, PartialEq, Eq)]
struct Less {
    /// Tables that are missing, or empty, and are not there: what somebody has to agree to.
    lost: Vec<String>,
    /// Tables that have fewer rows.
    fewer: Vec<String>,
}

/// Says which tables a database has that the one restored beside it, which a session is in, has not.
///
/// # Errors
/// What the server said of the one that was restored; of the other one it is a remark.
pub(super) async fn lacks(servers: &Servers, restored: &Session, name: &str) -> Result<Option<String>> {
    let looking = async {
        let session = servers.connect(Side::Old, name).await?;
        let tables = whole_tables(&session).await;
        session.close().await;
        tables
    };
    let there = match looking.await {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
        Err(error) => return Ok(Some(format!("which tables {name} has now cannot be seen: {error}"))),
    };
    let here = whole_tables(restored).await?;
    let gone: Vec<_> =
        there.iter().map(|table| &table.name).filter(|name| !here.iter().any(|one| one.name == **name)).collect();
    let count = amount::plural(gone.len() as u64, "table", "tables");
    Ok((!gone.is_empty()).then(|| format!("{name} has {count} now that the backup has not: {}", amount::names(&gone))))
}

/// Counts a database that is to take its place, and what stands there now, and writes down what is less. Returns what somebody
/// has to agree to before it takes the place.
///
/// # Errors
/// What the server said of the database that was restored; that the other one cannot be counted is written down.
pub(super) async fn look(context: &Context, one: &mut RestoredDatabase, is_present: bool) -> Result<Vec<String>> {
    let servers = context.servers();
    let inside = servers.connect(Side::Old, &one.scratch).await?;
    let now = counts(&inside).await?;
    let mut less = recount(&inside, &mut one.tables).await?;
    inside.close().await;
    one.counted = Some(Timestamp::now().to_string());
    less.lost.extend(one.without_data.iter().map(|table| format!("{table}: the backup leaves its rows out")));
    if is_present {
        match there(servers, &one.name).await {
            Ok(former) => less.add(&former, &now),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
            Err(error) => less.fewer.push(format!("what stands in its place now cannot be counted: {error}")),
        }
    }
    one.less = less.lost.iter().chain(&less.fewer).cloned().collect();
    Ok(less.lost)
}

/// # Errors
/// `Refused` where something would be lost by a swap that nobody has agreed to.
pub(super) fn expect_agreed(lost: &[(String, Vec<String>)], is_agreed: bool) -> Result<()> {
    let lines: Vec<_> = lost.iter().flat_map(|(name, lost)| lost.iter().map(move |line| format!("{name}: {line}"))).collect();
    if lines.is_empty() || is_agreed {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Refused, "put the restored database in its place")
        .because(format!("tables would be missing or empty: {}", amount::names(&lines)))
        .next("where that may be so, as where backups leave rows out on purpose: --with-less")
        .next("else choose another backup: `failback restore list`; nothing was dumped or renamed"))
}

async fn there(servers: &Servers, name: &str) -> Result<Counts> {
    let session = servers.connect(Side::Old, name).await?;
    let counted = counts(&session).await;
    session.close().await;
    counted
}

/// Lists the tables that are no partitions.
async fn whole_tables(session: &Session) -> Result<Vec<CountableTable>> {
    let mut tables = catalog::countable_tables(session.client()).await?;
    tables.retain(|table| !table.is_partition);
    Ok(tables)
}

/// Counts each table with all of its partitions: partitions come and go, and their rows are their table's.
async fn counts(session: &Session) -> Result<Counts> {
    let mut found = Counts::new();
    for CountableTable { name, is_partitioned, .. } in whole_tables(session).await? {
        let rows = count(session, &name, is_partitioned).await.place(|| name.to_string())?;
        found.insert(name.to_string(), rows.unwrap_or_default());
    }
    Ok(found)
}

/// Counts the tables of a restore once more, and says what is less than the backup holds, or than was restored.
async fn recount(session: &Session, tables: &mut [RestoredTable]) -> Result<Less> {
    let (mut before, mut now) = (Counts::new(), Counts::new());
    let there = catalog::countable_tables(session.client()).await?;
    for one in tables {
        before.extend(one.archived.or(one.restored).map(|rows| (one.table.clone(), rows)));
        one.restored = match there.iter().find(|table| table.name.to_string() == one.table) {
            Some(table) => count(session, &table.name, table.is_partitioned).await?,
            None => None,
        };
        now.extend(one.restored.map(|rows| (one.table.clone(), rows)));
    }
    let mut less = Less::default();
    less.compare(&before, &now, "when it was restored");
    Ok(less)
}

impl Less {
    /// Holds counts against those of what stands in the place now.
    fn add(&mut self, former: &Counts, now: &Counts) {
        self.compare(former, now, "in what stands in its place");
    }

    fn compare(&mut self, then: &Counts, now: &Counts, whence: &str) {
        for (table, rows) in then {
            let had = format!("{table}: {} {whence}", amount::rows(*rows));
            match (now.get(table), rows) {
                (None, 0) => self.fewer.push(format!("{had}, and no such table now")),
                (None, _) => self.lost.push(format!("{had}, and no such table now")),
                (Some(0), 1..) => self.lost.push(format!("{had}, and none now")),
                (Some(left), rows) if left < rows => self.fewer.push(format!("{had}, and {} now", amount::count(*left))),
                (Some(_), _) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_empty_is_lost_and_what_has_fewer_rows_is_said() {
        let counts = |all: &[(&str, u64)]| all.iter().map(|(table, rows)| ((*table).to_owned(), *rows)).collect::<Counts>();
        let then = counts(&[("a", 3), ("b", 3), ("c", 3), ("d", 0), ("e", 0), ("f", 3), ("g", 3)]);
        let now = counts(&[("b", 0), ("c", 2), ("e", 0), ("f", 3), ("g", 4), ("h", 1)]);
        let mut less = Less::default();
        less.add(&then, &now);
        let firsts = |lines: &[String]| lines.iter().map(|line| line[..1].to_owned()).collect::<String>();
        assert_eq!((firsts(&less.lost), firsts(&less.fewer)), ("ab".to_owned(), "cd".to_owned()), "{less:?}");
    }
}

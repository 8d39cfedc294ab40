//! Whether a database that is to take another one's place has less than that: tables that are missing, or that have fewer
//! rows, or none; constraints, indexes and triggers that are missing. It is counted when it takes its place, too: people, hours
//! and open connections lie between its restore and then.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::proof::count;
use crate::catalog::{self, CountableTable, TableObject};
use crate::engine::Servers;
use crate::engine::run::Context;
use crate::error::{Error, ErrorKind, Place as _, Result};
use crate::name::{QualifiedName, Side};
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
    /// Tables that have fewer rows, and what is missing that is no table.
    fewer: Vec<String>,
}

/// What a database has: tables that are no partitions, and what keeps their rows as they should be.
struct Contents {
    tables: Vec<CountableTable>,
    objects: Vec<TableObject>,
}

/// Says which tables, constraints, indexes and triggers a database has that the one restored beside it, which a session is in,
/// has not.
///
/// # Errors
/// What the server said of the one that was restored; of the other one it is a remark.
pub(super) async fn lacks(servers: &Servers, restored: &Session, name: &str) -> Result<Vec<String>> {
    let looking = async {
        let session = servers.connect(Side::Old, name).await?;
        let contents = Contents::read(&session).await;
        session.close().await;
        contents
    };
    let there = match looking.await {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error),
        Err(error) => return Ok(vec![format!("which tables {name} has now cannot be seen: {error}")]),
    };
    let here = Contents::read(restored).await?;
    let gone: Vec<_> = there.tables.iter().map(|table| &table.name).filter(|name| !here.has(name)).collect();
    let count = amount::plural(gone.len() as u64, "table", "tables");
    let tables =
        (!gone.is_empty()).then(|| format!("{name} has {count} now that the backup has not: {}", amount::names(&gone)));
    let objects = here.lacks_objects_of(&there).map(|what| format!("{name} has now what the backup has not: {what}"));
    Ok(tables.into_iter().chain(objects).collect())
}

impl Contents {
    async fn read(session: &Session) -> Result<Self> {
        let (mut tables, objects) =
            (catalog::countable_tables(session.client()).await?, catalog::table_objects(session.client()).await?);
        tables.retain(|table| table.root.is_none());
        Ok(Self { tables, objects })
    }

    fn has(&self, table: &QualifiedName) -> bool {
        self.tables.iter().any(|one| one.name == *table)
    }

    /// Counts each table with all of its partitions: partitions come and go, and their rows are their table's.
    async fn count(&self, session: &Session) -> Result<Counts> {
        let mut found = Counts::new();
        for CountableTable { name, is_partitioned, .. } in &self.tables {
            let rows = count(session, name, *is_partitioned).await.place(|| name.to_string())?;
            found.insert(name.to_string(), rows.unwrap_or_default());
        }
        Ok(found)
    }

    /// Names the constraints, indexes and triggers that the tables of another database have, and its own tables of the same
    /// names have not.
    fn lacks_objects_of(&self, other: &Self) -> Option<String> {
        let lacks = |one: &&TableObject| self.has(&one.table) && !self.objects.contains(one);
        let line = |one: &TableObject| format!("{} {} of {}", one.kind, one.name, one.table);
        let lines: Vec<_> = other.objects.iter().filter(lacks).map(line).collect();
        (!lines.is_empty()).then(|| amount::names(&lines))
    }
}

/// Counts a database that is to take its place, and what stands there now, and writes down what is less. Returns what somebody
/// has to agree to before it takes the place.
///
/// # Errors
/// What the server said of the database that was restored; that the other one cannot be counted is written down.
pub(super) async fn look(context: &Context, one: &mut RestoredDatabase, is_present: bool) -> Result<Vec<String>> {
    let servers = context.servers();
    let inside = servers.connect(Side::Old, &one.scratch).await?;
    let here = Contents::read(&inside).await?;
    let now = here.count(&inside).await?;
    let mut less = recount(&inside, &mut one.tables).await?;
    inside.close().await;
    one.counted = Some(Timestamp::now().to_string());
    less.lost.extend(one.without_data.iter().map(|table| format!("{table}: the backup leaves its rows out")));
    if is_present {
        match there(servers, &one.name).await {
            Ok((there, former)) => {
                less.add(&former, &now);
                less.fewer
                    .extend(here.lacks_objects_of(&there).map(|what| format!("in what stands in its place alone: {what}")));
            }
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

async fn there(servers: &Servers, name: &str) -> Result<(Contents, Counts)> {
    let session = servers.connect(Side::Old, name).await?;
    let counting = async {
        let contents = Contents::read(&session).await?;
        let counts = contents.count(&session).await?;
        Ok((contents, counts))
    };
    let counted = counting.await;
    session.close().await;
    counted
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

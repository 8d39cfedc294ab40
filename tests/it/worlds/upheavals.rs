//! What is done to whole tables after a mark: rewritten, defined anew, moved, frozen, imported into.

use failback::name::Side;
use futures::{SinkExt as _, TryStreamExt as _};

use super::journey::Journey;
use super::marks::letter;
use super::schema::Table;
use crate::support::block_on;

/// What is done to a table.
struct Upheaval {
    statements: String,
    /// Whether the mark may prove nothing of the table from then on.
    shakes: bool,
}

impl Journey<'_> {
    /// Lets something happen to a table of one side.
    pub(super) fn upheave(&mut self) {
        let side = Side::BOTH[self.dice.below(2)];
        let number = self.dice.below(self.tables.len());
        if self.dice.below(8) == 0 {
            return self.import_frozen(side, number);
        }
        self.count += 1;
        let table = self.tables[number].clone();
        let Some(upheaval) = self.drawn(side, &table) else { return };
        if block_on(self.clients(side)[table.database].batch_execute(&upheaval.statements)).is_err() {
            return;
        }
        self.log.push(format!("{}: {}", side.word().to_uppercase(), upheaval.statements));
        if upheaval.shakes {
            self.shake(number);
        }
    }

    /// Expects no more of the mark for a table.
    pub(super) fn shake(&mut self, number: usize) {
        if let Some(marked) = &mut self.marked {
            marked.shaken.insert(number);
        }
    }

    fn drawn(&mut self, side: Side, table: &Table) -> Option<Upheaval> {
        let (name, count, letter) = (&table.name, self.count, letter(side));
        let leaves = |text: &dyn Fn(usize) -> String| table.partitioned.then(|| text(usize::from(count % 2 == 1)));
        let bounds = |leaf| format!("for values with (modulus 2, remainder {leaf})");
        let moves_parts = table.partitioned && self.dice.below(2) == 0;
        let which = if moves_parts { 9 + self.dice.below(2) } else { self.dice.below(12) };
        let (statements, shakes) = match which {
            0 => (format!("vacuum full {name}"), true),
            1 => (format!("vacuum (freeze) {name}"), false),
            2 => (format!("analyze {name}"), false),
            3 => (format!("cluster {name} using {name}_pkey"), true),
            // Every row gets another writer, and none another value.
            4 => (format!("update {name} set val = val"), false),
            5 => (format!("alter table {name} alter u type varchar(100)"), true),
            6 => (format!("alter table {name} add more{count} text default 'more'"), true),
            // Every row shows another value, and none gets another writer.
            7 if !table.leaning => (format!("alter table {name} drop val, add val text default '{letter}{count}'"), true),
            8 => (format!("alter table {name} set unlogged; alter table {name} set logged"), true),
            9 => {
                let again = |leaf| {
                    let part = format!("{name}_{leaf}");
                    format!(
                        "alter table {name} detach partition {part}; alter table {name} attach partition {part} {}",
                        bounds(leaf)
                    )
                };
                (leaves(&again)?, true)
            }
            10 => {
                let anew = |leaf| {
                    let part = format!("{name}_{leaf}");
                    format!(
                        "alter table {name} detach partition {part}; alter table {part} rename to was{count};
                         create table {part} (like was{count} including all); insert into {part} select * from was{count};
                         drop table was{count}; alter table {name} attach partition {part} {}",
                        bounds(leaf)
                    )
                };
                (leaves(&anew)?, true)
            }
            _ => (format!("create index on {name} (val)"), false),
        };
        Some(Upheaval { statements, shakes })
    }

    /// Empties a table and brings its rows back as COPY brings them frozen.
    fn import_frozen(&mut self, side: Side, number: usize) {
        let table = &self.tables[number];
        let (name, client) = (&table.name, &self.clients(side)[table.database]);
        let done = block_on(async {
            let out = client.copy_out(&format!("copy {name} to stdout")).await?;
            let rows: Vec<_> = out.try_collect().await?;
            client.batch_execute(&format!("begin; truncate {name}")).await?;
            let sink = client.copy_in(&format!("copy {name} from stdin (freeze)")).await?;
            let mut sink = std::pin::pin!(sink);
            for row in rows {
                sink.send(row).await?;
            }
            sink.finish().await?;
            client.batch_execute("commit").await
        });
        if done.is_err() {
            block_on(client.batch_execute("rollback")).expect("a rollback");
            return;
        }
        self.log.push(format!("{}: truncate {name}; copy {name} from stdin (freeze)", side.word().to_uppercase()));
        self.shake(number);
    }
}

//! What was measured, for people and for programs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Serialize;

use super::bench::Bench;
use super::data::Truths;
use super::machine::Machine;
use super::peers::Peers;
use super::sample::MeasuredSet;
use super::target::{self, Judged};
use super::{Outcome, chart, growth_plot, table};

/// One run, as `report.json` holds it.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    scale: &'static str,
    rounds: u32,
    machine: &'a Machine,
    peers: &'a Peers,
    truths: Option<&'a Truths>,
    targets: Vec<Judged>,
    sets: &'a [MeasuredSet],
}

impl<'a> Report<'a> {
    pub(crate) fn new(bench: &'a Bench, sets: &'a [MeasuredSet]) -> Self {
        Self {
            scale: bench.options.scale.word(),
            rounds: bench.options.rounds(),
            machine: &bench.machine,
            peers: &bench.peers,
            truths: bench.known(),
            targets: target::judge(sets),
            sets,
        }
    }

    /// Writes all files of the report.
    pub(crate) fn write(&self, folder: &Path) -> Outcome<()> {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("report.json"), serde_json::to_string_pretty(self)? + "\n")?;
        fs::write(folder.join("report.md"), self.markdown())?;
        fs::write(folder.join("chart.svg"), chart::draw(self.sets))?;
        if let Some(plot) = growth_plot::draw(self.sets) {
            fs::write(folder.join("growth.svg"), plot)?;
        }
        Ok(())
    }

    /// Returns the report as text.
    pub(crate) fn markdown(&self) -> String {
        let mut text = self.heading();
        if !self.targets.is_empty() {
            text += "\n## Targets\n\n";
            text += &table::of_targets(&self.targets);
        }
        for set in self.sets {
            // Writing into a String cannot fail.
            let _ = write!(text, "\n## {}: {}\n\n", set.name, set.title);
            text += &table::of_set(set);
        }
        let growing = table::of_growth(self.sets);
        if !growing.is_empty() {
            text += "\n## What a row costs as their number grows\n\n";
            text += &growing;
        }
        text
    }

    fn heading(&self) -> String {
        let machine = self.machine;
        let whose = if machine.throwaway { "throwaway servers on this machine, loopback TCP" } else { "servers given by URL" };
        let mut text = format!(
            "# failback beside its peers and the servers' limits, {}\n\n\
             Scale {}, {} a case. {} cores ({}), {} GiB, {}. OLD {}, NEW {}; {whose}.\n\
             Settings: {}.\n\nPeers: {}.\n",
            machine.date,
            self.scale,
            if self.rounds == 1 { "one round".to_owned() } else { format!("{} rounds", self.rounds) },
            machine.cores,
            machine.processor,
            machine.memory_gib,
            machine.system,
            machine.old,
            machine.new,
            machine.settings,
            self.peers,
        );
        if let Some(truths) = self.truths {
            text += "\n| table | OLD | NEW | inserted | updated | deleted |\n|---|---|---|---|---|---|\n";
            for one in &truths.tables {
                let (before, after) = (one.before, one.after);
                let _ = writeln!(
                    text,
                    "| {} | {before} | {after} | {} | {} | {} |",
                    one.table, one.inserted, one.updated, one.deleted
                );
            }
        }
        text += "\nFigures are medians (lowest–highest); ratios are medians of the ratios within each round. Client CPU counts \
                 all processes of a case; peak memory is that of its largest one. `right`: whether row counts, classes or rows \
                 were what they must be.\n";
        text
    }
}

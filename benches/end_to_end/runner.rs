//! Runs a set: every round runs each case once, in turn, so that what drifts hits all alike.

use std::fs;

use super::bench::{Bench, Place};
use super::case::{Case, Set};
use super::sample::{self, MeasuredSet, Measurements, STEPS, Sample};
use super::{Outcome, folder, measure, say, server_cpu};

/// Runs a set's cases as often as was asked for. A case that fails is not tried again, and does not stop the others.
pub(crate) fn run(bench: &Bench, mut set: Set) -> Outcome<MeasuredSet> {
    select(&mut set, bench.options.only.as_deref());
    let mut measured: Vec<_> = set.cases.iter().map(measurements).collect();
    let rounds = set.rounds.unwrap_or_else(|| bench.options.rounds());
    for round in 1..=rounds {
        let mut folder = String::new();
        let mut broken = None;
        for (case, measured) in set.cases.iter().zip(&mut measured) {
            if !case.goes_on {
                folder.clone_from(&case.name);
                broken = None;
            } else if broken.is_some() {
                measured.missing.clone_from(&broken);
            }
            if measured.missing.is_some() {
                continue;
            }
            let place = bench.place(&set.name, &folder, set.database);
            match once(bench, case, &place, round) {
                Ok(sample) => {
                    say(&told(&set.name, case, &sample));
                    measured.samples.push(sample);
                }
                Err(error) => {
                    say(&format!("{}.{} failed: {error}", set.name, case.name));
                    measured.missing = Some(error.to_string());
                    broken = Some(format!("{} failed", case.name));
                }
            }
        }
        // What one round has written is not kept for the next.
        folder::renew(&bench.folder(&set.name))?;
    }
    let (name, title, rows, reference) = (set.name, set.title, set.rows, set.reference.to_owned());
    Ok(MeasuredSet { name, title, rows, reference, cases: measured })
}

/// Keeps the cases that were asked for, with those that they go on from.
fn select(set: &mut Set, only: Option<&str>) {
    let Some(only) = only else { return };
    let mut chains: Vec<Vec<Case>> = Vec::new();
    for case in set.cases.drain(..) {
        match chains.last_mut() {
            Some(chain) if case.goes_on => chain.push(case),
            _ => chains.push(vec![case]),
        }
    }
    for mut chain in chains {
        let last = chain.iter().rposition(|case| format!("{}.{}", set.name, case.name).contains(only));
        chain.truncate(last.map_or(0, |last| last + 1));
        set.cases.append(&mut chain);
    }
}

fn measurements(case: &Case) -> Measurements {
    let (kind, checked) = (case.kind, !case.checks.is_empty());
    let (name, command, missing) = (case.name.clone(), case.command.clone(), case.absent.clone());
    Measurements { name, kind, command, checked, samples: Vec::new(), missing }
}

/// Prepares, measures, checks and tidies up.
fn once(bench: &Bench, case: &Case, place: &Place, round: u32) -> Outcome<Sample> {
    if !case.goes_on {
        folder::renew(&place.folder)?;
    }
    let done = case.before.iter().try_for_each(|step| step(bench, place)).and_then(|()| sample(bench, case, place, round));
    let tidied = case.after.iter().try_for_each(|step| step(bench, place));
    let sample = done?;
    tidied?;
    Ok(sample)
}

fn sample(bench: &Bench, case: &Case, place: &Place, round: u32) -> Outcome<Sample> {
    let there = folder::bytes(&place.folder)?;
    let notes = place.output.join(STEPS);
    if notes.exists() {
        fs::remove_file(&notes)?;
    }
    let postmasters = bench.servers.postmasters();
    let before = postmasters.and_then(server_cpu::seconds);
    let measured = measure::measure(&case.command, |command| bench.environment(place, command), &place.output)?;
    let after = postmasters.and_then(server_cpu::seconds);
    if !measured.exit_code.is_some_and(|code| case.fine.contains(&code)) {
        let said = fs::read_to_string(place.output.join("stderr"))?;
        return Err(format!("exit code {:?}: {}", measured.exit_code, gist(&said)).into());
    }
    let written = folder::bytes(&place.folder)?.saturating_sub(there);
    let mut wrong = None;
    for check in &case.checks {
        wrong = wrong.or(check.wrong(bench, place)?);
    }
    Ok(Sample {
        round,
        wall_s: measured.wall_s,
        client_cpu_s: measured.cpu_s,
        server_cpu_s: before.zip(after).map(|(before, after)| after - before),
        peak_bytes: measured.peak_bytes,
        written_bytes: written,
        steps: if notes.exists() { sample::steps(&fs::read_to_string(notes)?) } else { Vec::new() },
        wrong,
    })
}

/// The part of what a program said that tells most: errors stand at the end of Python's and at the start of others'.
fn gist(said: &str) -> String {
    let lines: Vec<_> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let first = if said.starts_with("Traceback") { lines.len().saturating_sub(1) } else { 0 };
    let text = lines.into_iter().skip(first).take(4).collect::<Vec<_>>().join("; ");
    text.chars().take(400).collect()
}

fn told(set: &str, case: &Case, sample: &Sample) -> String {
    let wrong = sample.wrong.as_ref().map_or_else(String::new, |wrong| format!("  WRONG: {wrong}"));
    format!("{}  {set}.{}  {:.2} s{wrong}", sample.round, case.name, sample.wall_s)
}

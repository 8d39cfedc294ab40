//! Tables of a report, in Markdown.

use std::fmt::Write as _;

use super::sample::{MeasuredSet, Measurements, float, mebibytes, megabytes};
use super::target::Judged;

/// Lays out one set, and says below what was wrong or missing.
pub(crate) fn of_set(set: &MeasuredSet) -> String {
    let reference = set.case(&set.reference);
    let mut text =
        "| case | n | wall s | krows/s | client CPU s | client µs/row | server CPU s | peak MiB | written MB |".to_owned();
    if reference.is_some() {
        let _ = write!(text, " × {} |", set.reference);
    }
    text += " right |\n|---|---|---|---|---|---|---|---|---|---|";
    text += if reference.is_some() { "---|\n" } else { "\n" };
    for case in set.cases.iter().filter(|case| !case.samples.is_empty()) {
        text += &line(set, case);
        if let Some(reference) = reference {
            let ratio = case.ratio(reference, |sample| sample.wall_s);
            let _ = write!(text, " {} |", shown(ratio, 2));
        }
        let right = case.right().map_or("–", |right| if right { "yes" } else { "**no**" });
        let _ = writeln!(text, " {right} |");
    }
    text + &remarks(set)
}

fn line(set: &MeasuredSet, case: &Measurements) -> String {
    let wall = case.spread(|sample| sample.wall_s);
    let [low, wall, high] = wall.unwrap_or_default();
    let cpu = case.median(|sample| sample.client_cpu_s);
    let rows = float(set.rows);
    let server = if case.samples.iter().all(|sample| sample.server_cpu_s.is_some()) {
        case.median(|sample| sample.server_cpu_s.unwrap_or_default())
    } else {
        None
    };
    let spread = if case.samples.len() > 1 { format!(" ({low:.2}–{high:.2})") } else { String::new() };
    let peak = case.median(|sample| mebibytes(sample.peak_bytes));
    let written = case.median(|sample| megabytes(sample.written_bytes)).filter(|written| *written >= 0.01);
    format!(
        "| {} | {} | {}{spread} | {:.0} | {} | {} | {} | {} | {} |",
        case.name,
        case.samples.len(),
        if wall < 0.1 { format!("{wall:.4}") } else { format!("{wall:.2}") },
        rows / wall / 1e3,
        shown(cpu, 2),
        shown(cpu.map(|cpu| cpu / rows * 1e6), 2),
        shown(server, 2),
        shown(peak, 0),
        shown(written, 1),
    )
}

fn shown(figure: Option<f64>, digits: usize) -> String {
    figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.digits$}"))
}

/// What a reader must know beside the figures.
fn remarks(set: &MeasuredSet) -> String {
    let mut text = String::new();
    for case in &set.cases {
        if let Some(reason) = &case.missing {
            let _ = write!(
                text,
                "\n- {}: not measured{}: {reason}",
                case.name,
                if case.samples.is_empty() { "" } else { " to the end" }
            );
        }
        if let Some(first) = case.samples.first().filter(|sample| !sample.steps.is_empty()) {
            let parts = first.steps.iter().enumerate().map(|(index, (name, _))| {
                let seconds = case.median(|sample| sample.steps.get(index).map_or(0.0, |(_, seconds)| *seconds));
                format!("{name} {} s", shown(seconds, 2))
            });
            let _ = write!(text, "\n- {}: {}", case.name, parts.collect::<Vec<_>>().join(", "));
        }
        if let Some(wrong) = case.samples.iter().find_map(|sample| sample.wrong.as_ref()) {
            let _ = write!(text, "\n- {}: {wrong}", case.name);
        }
    }
    if text.is_empty() { text } else { text + "\n" }
}

/// Lays out the targets.
pub(crate) fn of_targets(targets: &[Judged]) -> String {
    let mut text = "| what | measured | target | stretch | met |\n|---|---|---|---|---|\n".to_owned();
    for one in targets {
        let met = match (one.measured <= one.floor, one.stretch.map(|stretch| one.measured <= stretch)) {
            (false, _) => "**no**",
            (true, Some(true)) => "stretch",
            (true, _) => "yes",
        };
        let _ = writeln!(text, "| {} | {:.2} | {} | {} | {met} |", one.what, one.measured, one.floor, shown(one.stretch, 2));
    }
    text
}

/// Lays out each step of the growing table: microseconds of wall time and of the client's CPU a row, and peak memory.
pub(crate) fn of_growth(sets: &[MeasuredSet]) -> String {
    let sets: Vec<_> = sets.iter().filter(|set| set.name.starts_with("growth.") && set.rows > 1).collect();
    let Some(first) = sets.first() else { return String::new() };
    let mut text = "| wall µs, client CPU µs a row of the table; peak MiB |".to_owned();
    for set in &sets {
        let _ = write!(text, " {} |", set.rows);
    }
    text += "\n|---|";
    text += &"---|".repeat(sets.len());
    for step in &first.cases {
        let _ = write!(text, "\n| {} |", step.name);
        for set in &sets {
            let case = set.case(&step.name);
            let a_row = |seconds: f64| seconds / float(set.rows) * 1e6;
            let figure = |of: fn(&super::sample::Sample) -> f64| case.and_then(|case| case.median(of));
            let wall = shown(figure(|sample| sample.wall_s).map(a_row), 2);
            let cpu = shown(figure(|sample| sample.client_cpu_s).map(a_row), 2);
            let peak = shown(figure(|sample| mebibytes(sample.peak_bytes)), 0);
            let _ = write!(text, " {wall}, {cpu}, {peak} |");
        }
    }
    text + "\n"
}

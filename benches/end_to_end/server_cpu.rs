//! What the servers' processes have used of the processors so far, from `/proc`.

use std::fs;

/// Linux counts in hundredths of a second, whatever the kernel's own clock.
const TICKS: f64 = 100.0;

/// How often it is tried to find nobody on the way from the living to the dead.
const TRIES: usize = 100;

/// Returns the seconds of two servers: what the main process and its ended children used, and what its living ones have.
pub(crate) fn seconds(postmasters: [u32; 2]) -> Option<f64> {
    for _ in 0..TRIES {
        let ended = of_the_ended(postmasters)?;
        let living = of_the_living(postmasters)?;
        // A child that ended in between stands in neither sum, or in both.
        if of_the_ended(postmasters)? == ended {
            #[expect(clippy::cast_precision_loss, reason = "2^53 hundredths of a second are three million years")]
            return Some((ended + living) as f64 / TICKS);
        }
    }
    None
}

fn of_the_ended(postmasters: [u32; 2]) -> Option<u64> {
    postmasters.iter().map(|postmaster| Some(times(*postmaster)?.iter().sum::<u64>())).sum()
}

fn of_the_living(postmasters: [u32; 2]) -> Option<u64> {
    let mut ticks = 0;
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if parent(pid).is_some_and(|parent| postmasters.contains(&parent)) {
            ticks += times(pid).map_or(0, |[user, system, ..]| user + system);
        }
    }
    Some(ticks)
}

/// Returns the fields of `/proc/<pid>/stat` behind the program's name, which may hold anything.
fn fields(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

fn parent(pid: u32) -> Option<u32> {
    fields(pid)?.get(1)?.parse().ok()
}

/// Returns utime, stime, cutime and cstime.
fn times(pid: u32) -> Option<[u64; 4]> {
    let fields = fields(pid)?;
    let mut times = [0; 4];
    for (time, field) in times.iter_mut().zip(fields.get(11..15)?) {
        *time = field.parse().ok()?;
    }
    Some(times)
}

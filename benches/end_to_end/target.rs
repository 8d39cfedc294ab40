//! What failback has set itself, and what the run says about it.

use serde::Serialize;

use super::sample::{MeasuredSet, Measurements, Sample, float, megabytes};

/// How a target is measured.
#[derive(Clone, Copy)]
enum Measure {
    /// Wall time, as a part of another case's.
    Wall(&'static str),
    /// CPU time of both servers and the client, as a part of another case's.
    Cpu(&'static str),
    /// Bytes written, as a part of another case's.
    Written(&'static str),
    /// Microseconds of the client's CPU a row.
    CpuPerRow,
    /// Megabytes of memory.
    Peak,
    /// Milliseconds.
    Milliseconds,
}

/// Set, case, measure, what must be reached at least, what is hoped for.
type Target = (&'static str, &'static str, Measure, f64, Option<f64>);

const TARGETS: [Target; 39] = [
    ("export.orders", "failback", Measure::Wall("duckdb_zstd"), 0.90, Some(0.75)),
    ("export.orders", "failback", Measure::Written("duckdb_zstd"), 1.05, None),
    ("export.orders", "failback", Measure::Wall("duckdb_snappy"), 1.00, Some(0.90)),
    ("export.orders", "failback", Measure::Wall("seed_csv"), 0.55, None),
    ("export.orders", "failback", Measure::Wall("lim_bin_1conn"), 0.85, None),
    ("export.orders", "failback", Measure::CpuPerRow, 2.4, Some(1.8)),
    ("export.orders", "failback", Measure::Peak, 200.0, Some(128.0)),
    ("export.events", "failback", Measure::Wall("duckdb_snappy"), 1.00, Some(0.85)),
    ("export.blobs", "failback", Measure::Wall("lim_bin_1conn"), 1.20, None),
    ("changed.orders", "failback_timestamps_only", Measure::Wall("lim_srv_devnull"), 1.35, Some(1.15)),
    ("changed.orders", "failback_timestamps_only", Measure::Wall("duckdb_pgquery"), 0.60, None),
    ("changed.orders", "failback_timestamps_only", Measure::Wall("duckdb_attach"), 0.20, None),
    ("compare.orders", "failback_values", Measure::Wall("hash_record_bykey_ord"), 1.15, Some(1.05)),
    ("compare.orders", "failback_values", Measure::Wall("duckdb_hash_fulljoin"), 0.50, None),
    ("compare.orders", "failback_values", Measure::Wall("reladiff"), 0.10, None),
    ("compare.orders", "failback_values", Measure::Peak, 200.0, None),
    ("compare.orders", "failback_hashes", Measure::Wall("hash_record_bykey_ord"), 1.15, None),
    ("compare.orders", "failback_rows", Measure::Wall("lim_bin_ordered"), 1.10, None),
    ("compare.orders", "failback_rows", Measure::Peak, 200.0, None),
    ("compare.orders", "failback_values", Measure::Cpu("hash_record_bykey_ord"), 1.22, None),
    ("compare.orders", "failback_hashes", Measure::Cpu("hash_record_bykey_ord"), 1.50, None),
    ("compare.orders", "failback_values", Measure::Cpu("lossless_hash_bykey_ord"), 1.22, None),
    ("compare.orders", "failback_hashes", Measure::Cpu("lossless_hash_bykey_ord"), 1.22, None),
    ("compare.events", "failback_rows", Measure::Cpu("failback_hashes"), 1.00, Some(0.81)),
    ("marked.tenth", "failback_xid", Measure::Wall("hash_record_bykey_ord"), 0.50, Some(0.40)),
    ("marked.tenth", "failback_xid", Measure::Cpu("hash_record_bykey_ord"), 0.50, Some(0.40)),
    ("marked.thousandth", "failback_xid", Measure::Wall("hash_record_bykey_ord"), 0.30, None),
    ("marked.thousandth", "failback_xid", Measure::Cpu("hash_record_bykey_ord"), 0.30, None),
    ("marked.thousandth", "failback_blocks_only", Measure::Wall("hash_record_bykey_ord"), 0.05, None),
    ("marked.thousandth", "failback_blocks_only", Measure::Cpu("hash_record_bykey_ord"), 0.05, None),
    ("merge.orders", "failback_merge", Measure::Wall("bin_onconflict"), 1.15, Some(1.00)),
    ("merge.orders", "failback_merge", Measure::Wall("logical_apply"), 0.95, None),
    ("merge.orders", "failback_undo", Measure::Wall("failback_merge"), 1.30, None),
    ("merge.orders", "failback_verify", Measure::Wall("failback_merge"), 0.15, Some(0.05)),
    ("merge.orders", "failback_merge", Measure::Peak, 200.0, None),
    ("whole.four_tables", "failback_seeds_coverage", Measure::Wall("seed"), 0.80, Some(0.65)),
    ("whole.four_tables", "failback", Measure::Wall("seed"), 0.80, Some(0.65)),
    ("whole.four_tables", "failback", Measure::Peak, 200.0, None),
    ("growth.start", "help", Measure::Milliseconds, 20.0, None),
];

/// Ten times the rows may take this much more memory.
const GROWTH: f64 = 1.10;

/// One target and what was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Judged {
    pub(crate) what: String,
    pub(crate) measured: f64,
    pub(crate) floor: f64,
    pub(crate) stretch: Option<f64>,
}

/// Judges the targets whose cases were measured.
pub(crate) fn judge(sets: &[MeasuredSet]) -> Vec<Judged> {
    let fixed = TARGETS.iter().filter_map(|target| one(sets, target));
    fixed.chain(memory(sets)).collect()
}

fn one(sets: &[MeasuredSet], target: &Target) -> Option<Judged> {
    let (set_name, case_name, measure, floor, stretch) = *target;
    let set = sets.iter().find(|set| set.name == set_name)?;
    let case = set.case(case_name)?;
    let (measured, unit) = measured(set, case, measure)?;
    Some(Judged { what: format!("{set_name}: {case_name}, {unit}"), measured, floor, stretch })
}

fn measured(set: &MeasuredSet, case: &Measurements, measure: Measure) -> Option<(f64, String)> {
    Some(match measure {
        Measure::Wall(other) => (case.ratio(set.case(other)?, |sample| sample.wall_s)?, format!("wall × {other}")),
        Measure::Cpu(other) => (case.ratio(set.case(other)?, cpu)?, format!("CPU of all × {other}")),
        Measure::Written(other) => {
            (case.ratio(set.case(other)?, |sample| float(sample.written_bytes))?, format!("bytes written × {other}"))
        }
        Measure::CpuPerRow => {
            (case.median(|sample| sample.client_cpu_s)? / float(set.rows) * 1e6, "client CPU µs/row".to_owned())
        }
        Measure::Peak => (case.median(peak)?, "peak memory, MB".to_owned()),
        Measure::Milliseconds => (case.median(|sample| sample.wall_s)? * 1e3, "wall ms".to_owned()),
    })
}

/// Not a number where the servers' is not known.
fn cpu(sample: &Sample) -> f64 {
    sample.server_cpu_s.map_or(f64::NAN, |server| sample.client_cpu_s + server)
}

fn peak(sample: &Sample) -> f64 {
    megabytes(sample.peak_bytes)
}

/// Compares the memory of the growing table's steps where one size is ten times another.
fn memory(sets: &[MeasuredSet]) -> Vec<Judged> {
    let sizes: Vec<_> = sets.iter().filter(|set| set.name.starts_with("growth.") && set.rows > 1).collect();
    let mut judged = Vec::new();
    for large in &sizes {
        let Some(small) = sizes.iter().find(|small| small.rows * 10 == large.rows) else { continue };
        for case in &large.cases {
            let before = small.case(&case.name).and_then(|case| case.median(peak));
            if let (Some(before), Some(after)) = (before, case.median(peak)) {
                let what = format!("growth: {}, peak memory at {} × that at {}", case.name, large.rows, small.rows);
                judged.push(Judged { what, measured: after / before, floor: GROWTH, stretch: None });
            }
        }
    }
    judged
}

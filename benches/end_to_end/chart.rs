//! Bars of the ratios within each set, as SVG that reads on light and dark ground.

use std::fmt::Write as _;

use super::case::Kind;
use super::sample::MeasuredSet;

const WIDTH: f64 = 860.0;
/// Where bars begin; names end before it.
const LEFT: f64 = 210.0;
/// How long the longest bar may be.
const LONGEST: f64 = 480.0;
const BAR: f64 = 16.0;
const PITCH: f64 = 22.0;
const HEADING: f64 = 46.0;
/// Longer bars are cut, so that the short ones can be told apart.
const CUT: f64 = 4.0;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#24292f}.h{font-weight:600}.n{fill:#57606a}\
.limit{fill:#afb8c1}.peer{fill:#5b8db8}.failback{fill:#d9662b}.one{stroke:#57606a;stroke-dasharray:3 3}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.n{fill:#9198a1}\
.limit{fill:#656c76}.peer{fill:#4a82b3}.one{stroke:#9198a1}}";

/// Draws every set that has a reference.
pub(crate) fn draw(sets: &[MeasuredSet]) -> String {
    let mut body = String::new();
    let mut top = legend(&mut body);
    for set in sets.iter().filter(|set| set.case(&set.reference).is_some() && set.name != "growth.start") {
        top = block(&mut body, set, top);
    }
    frame(WIDTH, top + 10.0, STYLE, &body)
}

/// Wraps a drawing; `viewBox` lets the page choose the size.
pub(crate) fn frame(width: f64, height: f64, style: &str, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" \
         role=\"img\">\n<style>{style}</style>\n{body}</svg>\n"
    )
}

fn legend(body: &mut String) -> f64 {
    let entries = [("failback", "failback"), ("peer", "other programs"), ("limit", "the servers' own limits")];
    let mut x = LEFT;
    for (class, name) in entries {
        let _ = writeln!(body, "<rect class=\"{class}\" x=\"{x:.0}\" y=\"12\" width=\"14\" height=\"14\" rx=\"2\"/>");
        let _ = writeln!(body, "<text x=\"{:.0}\" y=\"24\">{name}</text>", x + 20.0);
        x += if class == "failback" { 100.0 } else { 140.0 };
    }
    30.0
}

/// Draws one set from `top` on and returns where it ends.
fn block(body: &mut String, set: &MeasuredSet, top: f64) -> f64 {
    let Some(reference) = set.case(&set.reference) else { return top };
    let cases: Vec<_> =
        set.cases.iter().filter_map(|case| Some((case, case.ratio(reference, |sample| sample.wall_s)?))).collect();
    let most = cases.iter().map(|(_, ratio)| *ratio).fold(1.0, f64::max).min(CUT);
    let scale = LONGEST / most;
    let _ = writeln!(body, "<text class=\"h\" x=\"10\" y=\"{:.0}\">{}</text>", top + 24.0, escaped(&set.title));
    let note = format!("wall time, {} = 1", set.reference);
    let _ = writeln!(body, "<text class=\"n\" x=\"10\" y=\"{:.0}\">{}</text>", top + 40.0, escaped(&note));
    let mut y = top + HEADING;
    for (case, ratio) in &cases {
        let class = match case.kind {
            Kind::Limit => "limit",
            Kind::Peer => "peer",
            Kind::Failback => "failback",
        };
        let length = (ratio.min(CUT) * scale).max(1.0);
        let (name, baseline) = (escaped(&case.name), y + 13.0);
        let weight = if case.kind == Kind::Failback { " class=\"h\"" } else { "" };
        let _ = writeln!(body, "<text{weight} x=\"{:.0}\" y=\"{baseline:.0}\" text-anchor=\"end\">{name}</text>", LEFT - 8.0);
        let _ = writeln!(
            body,
            "<rect class=\"{class}\" x=\"{LEFT:.0}\" y=\"{y:.0}\" width=\"{length:.1}\" height=\"{BAR:.0}\" rx=\"2\"/>"
        );
        let wrong = if case.right() == Some(false) { ", wrong result" } else { "" };
        let cut = if *ratio > CUT { "› " } else { "" };
        let _ = writeln!(body, "<text x=\"{:.0}\" y=\"{baseline:.0}\">{cut}{ratio:.2}{wrong}</text>", LEFT + length + 6.0);
        y += PITCH;
    }
    let one = LEFT + scale;
    let _ = writeln!(
        body,
        "<line class=\"one\" x1=\"{one:.1}\" x2=\"{one:.1}\" y1=\"{:.0}\" y2=\"{:.0}\"/>",
        top + HEADING - 3.0,
        y - 3.0
    );
    y + 8.0
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

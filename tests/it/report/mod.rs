//! `report.html`: what the page says, that every step writes it, and what is in none of it.

mod approvals;
mod browser;
mod content;
mod picks;
mod steps;

use std::fs;

use serde_json::Value;

use crate::show::Scene;

/// The page that the run of a scene has.
pub(crate) fn page(scene: &Scene) -> String {
    fs::read_to_string(scene.folder().join("report.html")).expect("a page")
}

/// Runs a verb that has to succeed, and returns its document.
fn json(scene: &Scene, code: i32, arguments: &[&str]) -> Value {
    let output = scene.run(&[arguments, &["--json", "-q"]].concat());
    assert_eq!(output.code, code, "{arguments:?}: {}{}", output.stdout, output.stderr);
    serde_json::from_str(&output.stdout).expect("one JSON document")
}

/// The data of an element of the page.
fn data(page: &str, id: &str) -> Value {
    let head = format!("<script type=\"application/json\" id=\"{id}\">");
    let (_, rest) = page.split_once(&head).unwrap_or_else(|| panic!("no {id}"));
    let (json, _) = rest.split_once("</script>").expect("an end");
    serde_json::from_str(json).expect("JSON")
}

/// The rows of all tables of a page.
fn rows(page: &str) -> Vec<Value> {
    let about = data(page, "about");
    let tables = about["tables"].as_array().expect("tables").iter().enumerate();
    let of = |number: usize| data(page, &format!("rows-{number}")).as_array().expect("rows").clone();
    tables.filter(|(_, table)| table["shown"] != 0).flat_map(|(number, _)| of(number)).collect()
}

/// The cells of each line of a table of the page, as texts.
pub(crate) fn grid(page: &str, id: &str) -> Vec<Vec<String>> {
    let Some((_, rest)) = page.split_once(&format!("<table id=\"{id}\"")) else { return Vec::new() };
    let (table, _) = rest.split_once("</table>").expect("an end");
    let (_, body) = table.split_once("<tbody>").expect("a body");
    let cells = |line: &str| {
        let cells = line.split("</t").filter_map(|cell| cell.rsplit_once('>').map(|(_, text)| text.trim().to_owned()));
        cells.filter(|text| !text.is_empty()).collect()
    };
    body.split("<tr>").skip(1).map(cells).collect()
}

/// The numbers that stand on top.
pub(crate) fn tile(page: &str, name: &str) -> u64 {
    let (_, rest) = page.split_once(&format!("<dt>{name}</dt>\n<dd>")).unwrap_or_else(|| panic!("no tile {name}"));
    let (number, _) = rest.split_once('<').expect("an end");
    number.replace(',', "").parse().expect("a number")
}

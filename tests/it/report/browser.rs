//! The page in a headless Chromium: it opens by its path, searches, sorts, filters, opens rows, picks, and gives picks out; an
//! accessibility checker finds nothing serious in it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::show::Scene;
use crate::support::{self, Chromium};

/// What every script of a test begins with: finding a control by its label, and using it as a reader does.
const HELP: &str = "
    const labelled = (text) => [...document.querySelectorAll('label')].find((one) => one.textContent.startsWith(text))
        .querySelector('input, select');
    const set = (text, value, kind) => {
        const control = labelled(text);
        control.value = value;
        control.dispatchEvent(new Event(kind, { bubbles: true }));
    };
    const press = (text) => [...document.querySelectorAll('button')].find((one) => one.textContent === text).click();
    const said = () => document.querySelector('#browser > p').textContent;
    const rows = () => [...document.querySelectorAll('details.row')];
    const key = (row) => row.querySelector('.key').textContent;
    const settled = () => new Promise((done) => setTimeout(done, 50));
";

/// Runs a script with these in the page.
fn run(page: &mut Chromium, script: &str) -> Value {
    page.eval(&format!("(async () => {{ {HELP} {script} }})()"))
}

fn page_of(scene: &Scene) -> PathBuf {
    scene.folder().join("report.html")
}

#[test]
fn rows_are_searched_filtered_opened_picked_and_given_out() {
    let scene = Scene::new("browser_rows", "");
    let mut page = Chromium::open(&page_of(&scene));
    let found = run(&mut page, "return [said(), rows().length]");
    assert_eq!(found, json!(["rows 1 to 7 of 7", 7]));
    let searched = run(&mut page, "set('Search keys', 'BORN', 'input'); return [said(), rows().map(key)]");
    assert_eq!(searched, json!(["rows 1 to 1 of 1", ["id 31"]]));
    let filtered = run(
        &mut page,
        "set('Search keys', '', 'input'); set('Class', 'update_origin_differs', 'change'); return rows().map(key)",
    );
    assert_eq!(filtered, json!(["id 3"]));
    let opened = run(
        &mut page,
        "rows()[0].open = true; await settled();
         const lines = [...rows()[0].querySelectorAll('table.values tr')];
         const paid = lines.find((line) => line.textContent.startsWith('paid'));
         return [[...lines[0].cells].map((cell) => cell.textContent), [...paid.cells].slice(1).map((cell) => cell.textContent),
            [...paid.querySelectorAll('mark')].map((mark) => mark.textContent).join('|')]",
    );
    assert_eq!(opened[0], json!(["column", "OLD", "NEW", "RESULT"]));
    assert_eq!(opened[1], json!(["12.50", "-1.10", "12.50"]));
    assert_eq!(opened[2], "2.5|-1.1", "the characters that differ are marked");
    let picked = run(
        &mut page,
        "set('Pick this row', 'apply_new', 'change'); set('Why', 'the customer\\'s \"word\"', 'change');
         set('Decided by', 'ada', 'change'); press('Save picks as a file');
         return [rows()[0].querySelector('.picked').textContent, document.querySelector('.picks span').textContent]",
    );
    assert_eq!(picked, json!(["picked: apply_new", "1 row is picked"]));
    let fragment = page.download();
    assert!(fragment.contains(&format!("database = \"{}\"\ntable = \"app.people\"", scene.pair.database)), "{fragment}");
    assert!(fragment.contains("key = { \"id\" = \"3\" }\nresolution = \"apply_new\"\n"), "{fragment}");
    assert!(fragment.contains("why = \"the customer's \\\"word\\\"\"\nby = \"ada\"\nat = \"20"), "{fragment}");
    assert!(page.complaints.is_empty(), "{:#?}", page.complaints);
    std::fs::write(scene.home().join("picks.toml"), fragment).expect("a file");
    let output = scene.run(&["decide", "--import", "picks.toml"]);
    assert_eq!(output.code, 0, "what the page gives out is taken over: {}", output.stderr);
}

#[test]
fn a_row_says_by_what_a_column_is_masked() {
    let scene = Scene::new("browser_masked", "[mask]\n\"app.*\" = [\"email\"]\n");
    let mut page = Chromium::open(&page_of(&scene));
    let said = run(
        &mut page,
        "set('Class', 'update_origin_differs', 'change'); await settled(); rows()[0].open = true; await settled();
         return rows()[0].querySelector('.scroll > .note').textContent",
    );
    assert_eq!(said, json!("not known: BASE; masked: email, by [mask] \"app.*\" = \"email\" (failback.toml:8:1)"));
    assert!(page.complaints.is_empty(), "{:#?}", page.complaints);
}

#[test]
fn tables_are_sorted_and_searched_and_a_table_leads_to_its_rows() {
    let scene = Scene::new("browser_tables", "");
    let mut page = Chromium::open(&page_of(&scene));
    let sorted = run(
        &mut page,
        "const table = document.querySelector('#tables-table');
         const column = () => [...table.tBodies[0].rows].map((line) => line.cells[3].textContent);
         const head = table.tHead.rows[0].cells[3];
         head.querySelector('button').click();
         const up = [head.getAttribute('aria-sort'), column()];
         head.querySelector('button').click();
         return [up, [head.getAttribute('aria-sort'), column()]]",
    );
    assert_eq!(sorted, json!([["ascending", ["1", "7"]], ["descending", ["7", "1"]]]));
    let searched = run(
        &mut page,
        "const box = [...document.querySelectorAll('p.search')].find((one) => one.textContent.includes('Run, digests'));
         const input = box.querySelector('input');
         input.value = 'CUTOVER';
         input.dispatchEvent(new Event('input'));
         return [...document.querySelectorAll('#origin-table tbody tr')].filter((line) => !line.hidden).length",
    );
    assert!(searched.as_u64().is_some_and(|lines| (1..10).contains(&lines)), "{searched}");
    let led = run(
        &mut page,
        "[...document.querySelectorAll('a[data-table]')].find((one) => one.textContent === 'app.remarks').click();
         return [labelled('Table').selectedOptions[0].textContent.includes('app.remarks'), said()]",
    );
    assert_eq!(led, json!([true, "rows 1 to 1 of 1"]));
    assert!(page.complaints.is_empty(), "{:#?}", page.complaints);
}

#[test]
#[expect(clippy::print_stderr, reason = "numbers for the documentation, which no test may depend on")]
fn five_thousand_rows_of_a_table_are_searched_and_turned_over() {
    let pair = support::pair("browser_many");
    let table = "create table many (id int primary key, name text, note text, price numeric(12,2),
        created_at timestamptz default '2026-01-14 11:00Z', updated_at timestamptz default '2026-01-14 11:00Z')";
    for url in [&pair.old, &pair.new] {
        support::sql(url, table);
    }
    let fill = "insert into many select n, 'name ' || md5(n::text), repeat(md5((n + 1)::text), 4), n * 1.5
        from generate_series(1, 5200) n";
    support::sql(&pair.new, fill);
    let scene = Scene::of(pair, "").planned();
    let mut page = Chromium::open(&page_of(&scene));
    let said = run(&mut page, "return said()");
    assert_eq!(said, "rows 1 to 50 of 5000; 5200 rows differ, 5000 are here");
    let timed = run(
        &mut page,
        "const timed = (work) => {
             const begun = performance.now();
             work();
             void document.body.offsetHeight;
             return Math.round(performance.now() - begun);
         };
         const first = timed(() => set('Search keys', 'a1b', 'input'));
         const next = timed(() => set('Search keys', 'a1b2', 'input'));
         const none = timed(() => set('Search keys', '', 'input'));
         const turned = timed(() => press('Next rows'));
         const opened = timed(() => press('Open these rows'));
         await settled();
         return [first, next, none, turned, opened, said(), document.querySelectorAll('table.values').length]",
    );
    // How long is a matter of the machine: it is printed, and stands in the documentation.
    eprintln!("milliseconds for a first search, a second, none, the next rows, opening fifty: {timed}");
    assert_eq!((&timed[5], &timed[6]), (&"rows 51 to 100 of 5000; 5200 rows differ, 5000 are here".into(), &50.into()));
    assert!(page.complaints.is_empty(), "{:#?}", page.complaints);
}

/// Fetches the accessibility checker once, and says what is missing.
fn axe() -> &'static str {
    static AXE: OnceLock<String> = OnceLock::new();
    AXE.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/axe/fetch");
        let output = Command::new("bash").arg(script).arg(&folder).output().expect("bash");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let mut files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
        std::fs::read_to_string(files.next().expect("the checker")).expect("a script")
    })
}

#[test]
fn an_accessibility_checker_finds_nothing_serious_in_either_theme_or_on_a_phone() {
    let scene = Scene::new("browser_axe", "");
    let mut page = Chromium::open(&page_of(&scene));
    page.eval(axe());
    for (width, height, theme) in [(1280, 900, "light"), (1280, 900, "dark"), (390, 844, "light"), (390, 844, "dark")] {
        page.look(width, height, theme);
        let found = run(
            &mut page,
            "for (const row of rows().slice(0, 2)) row.open = true;
             await settled();
             const { violations, passes } = await axe.run(document);
             const nodes = (one) => one.nodes.map((node) => node.target + ' ' + node.failureSummary);
             const told = (one) => `${one.impact}: ${one.id}: ${nodes(one)}`;
             const bad = violations.filter((one) => ['serious', 'critical'].includes(one.impact));
             return [bad.map(told), passes.length, document.documentElement.scrollWidth > innerWidth]",
        );
        assert_eq!(found[0], json!([]), "{theme} at {width}");
        assert!(found[1].as_u64().is_some_and(|passes| passes > 20), "the checker looked: {found}");
        assert_eq!(found[2], false, "{theme} at {width}: nothing but tables is wider than the screen");
    }
}

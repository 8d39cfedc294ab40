//! Configuration that is ignored in silence: what cannot be followed is said, and so is what was edited too late.

use failback::config::{Config, Cutover};
use failback::engine::{self, Selection};
use failback::error::ErrorKind;

use super::{discovered, pair, recovery};
use crate::recovery::Recovery;
use crate::support::block_on;

const BOTH: &str = "create table orders (id int primary key, note text, updated_at timestamptz, changed timestamptz);
                    create table plain (id int primary key)";

const CUTOVER: &str = "cutover = \"2026-01-14T10:00:00Z\"\n";

/// The same recovery with another configuration, as if failback.toml had been edited between two steps.
fn edited(case: &Recovery, config: &str) -> Recovery {
    let selection = Selection::new(Config::parse(config, "failback.toml").expect("a configuration"));
    let selection = selection.with_databases(vec![case.pair.database.clone()]);
    let mut other = recovery(pair("ignored_unused", "", "", ""), "");
    other.context = case.context.clone().with_selection(selection);
    other
}

#[test]
fn a_section_that_matches_nothing_is_said_or_an_error() {
    let (one, every) =
        ("[databases.NAME.tables.\"public.oders\"]\nmethod = \"skip\"", "[tables.\"public.oders\"]\nmethod = \"skip\"");
    let case = recovery(pair("ignored_none", BOTH, "", ""), "");
    let database = &case.pair.database;
    let own = edited(&case, &format!("{CUTOVER}{}", one.replace("NAME", database)));
    let error = block_on(engine::export(&own.context)).expect_err("a section of the very database that is looked at");
    assert_eq!(error.kind(), ErrorKind::Config, "{error:?}");
    assert!(error.causes()[0].contains("did you mean `public.orders`?"), "{error:?}");
    let whole = edited(&case, &format!("{CUTOVER}databases = [\"{database}\"]\n{every}"));
    assert_eq!(block_on(engine::export(&whole.context)).expect_err("of the whole estate").kind(), ErrorKind::Config);
    let part = edited(&case, every);
    let notes = discovered(&part).expect("a discovery").notes;
    assert!(notes.iter().any(|note| note.contains("public.oders") && note.contains("did you mean")), "{notes:?}");
    let others = edited(&case, &one.replace("NAME", "elsewhere"));
    let notes = discovered(&others).expect("a discovery").notes;
    assert!(!notes.iter().any(|note| note.contains("oders")), "another database's: {notes:?}");
}

#[test]
fn settings_that_cannot_be_followed_are_said() {
    let config = "[tables.\"public.orders\"]\nupdated = \"modfied\"\n\n[tables.\"public.plain\"]\nmethod = \"timestamps\"\n";
    let case = recovery(pair("ignored_names", BOTH, "", ""), config);
    let notes = discovered(&case).expect("a discovery").notes;
    let said = |text: &str| notes.iter().any(|note| note.contains(text));
    assert!(said("public.orders: updated = \"modfied\" names no time column"), "{notes:?}");
    assert!(said("public.plain: method = \"timestamps\" cannot be followed"), "{notes:?}");
    let right = "[tables.\"public.orders\"]\nupdated = \"changed\"\nmethod = \"timestamps\"\n";
    let case = recovery(pair("ignored_names", BOTH, "", ""), right);
    let notes = discovered(&case).expect("a discovery").notes;
    assert!(!notes.iter().any(|note| note.contains("public.orders")), "{notes:?}");
}

#[test]
fn what_is_edited_after_the_export_is_said_by_diff_and_plan() {
    let case = recovery(pair("ignored_late", BOTH, "insert into orders values (1, 'x', now(), now())", ""), "overlap = \"5m\"");
    block_on(engine::export(&case.context)).expect("an export");
    let notes = |case: &Recovery| {
        let diff = block_on(engine::diff(&case.context)).expect("a diff").notes;
        assert_eq!(block_on(engine::plan(&case.context)).expect("a plan").notes, diff);
        diff
    };
    assert_eq!(notes(&case), [""; 0]);
    assert_eq!(notes(&edited(&case, "")), [""; 0], "what is not stated says nothing");
    let changes = [
        ("cutover = \"2026-01-14T10:00:00Z\"", "the cutover was "),
        ("overlap = \"1h\"", "the overlap was 300s when this run was exported, and is stated as 3600s now"),
        ("zone = \"Europe/Berlin\"", "the zone was UTC when"),
        ("[tables.\"public.orders\"]\nmethod = \"compare\"", "public.orders: method in failback.toml differ"),
        ("[tables.\"public.orders\"]\nmethod = \"skip\"", "public.orders: method in failback.toml differ"),
        (
            "[tables.\"public.orders\"]\nupdated = \"changed\"\nkey = \"note\"",
            "public.orders: key, updated in failback.toml differ",
        ),
    ];
    for (config, text) in changes {
        let said = notes(&edited(&case, config));
        assert!(said.len() == 1 && said[0].contains(text), "{config}: {said:?}");
    }
    let cutover = Cutover::parse("2026-01-14T10:00:00Z").expect("a cutover");
    let context = case.context.clone().with_selection(case.context.selection().clone().with_cutover(Some(cutover)));
    let said = block_on(engine::diff(&context)).expect("a diff").notes;
    assert!(said.len() == 1 && said[0].contains("2026-01-14T10:00:00Z now"), "{said:?}");
}

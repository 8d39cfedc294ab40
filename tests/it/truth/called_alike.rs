//! Columns and checks of users that are called as something in the program's own statements.

use super::*;

/// What the program's own statements call something, and more that they once did.
const NAMES: [&str; 62] = [
    "ord",
    "rel",
    "tid",
    "op",
    "part",
    "nth",
    "rest",
    "fb ord",
    "fb rel",
    "fb tid",
    "fb_ord",
    "fb_ord_",
    "fb_rel",
    "fb_tid",
    "fb_number",
    "fb_0",
    "fb_1",
    "fb_present",
    "fb_flag",
    "fb_digest",
    "fb_copy",
    "fb_ctid",
    "fb_tableoid",
    "fb_class",
    "fb_why",
    "fb_action",
    "fb_changed",
    "fb_exact",
    "fb_own ord",
    "c0",
    "k0",
    "e0",
    "v0",
    "s",
    "t",
    "p",
    "c",
    "l",
    "k",
    "n",
    "m",
    "o",
    "g",
    "d",
    "r",
    "x",
    "w",
    "q",
    "h",
    "copies",
    "digest",
    "copy",
    "own",
    "planned",
    "rank",
    "relation",
    "place",
    "stands",
    "keys",
    "referring",
    "going",
    "stranger",
];

/// What failback calls the stand-ins for a missing key, and a row's place.
const TAKEN: [&str; 4] = ["fb_digest", "fb_copy", "fb_ctid", "fb_tableoid"];

/// Something for each name, with commas between.
fn each(one: impl Fn(&str) -> String) -> String {
    NAMES.map(one).join(", ")
}

/// A row of a table that has a column for each name, all of one value.
fn row(table: &str, id: u32, value: &str) -> String {
    format!("insert into {table} values ({id}, {}); ", each(|_| value.to_owned()))
}

/// A parent for each name, which children refer to by the column of that name, under several rules.
fn both() -> String {
    let parent = |name: &str| {
        format!(
            "create table \"{name}\" (number int primary key, \"{name}\" int not null unique, note text);
             insert into \"{name}\" values (1, 1), (2, 2), (3, 3), (4, 4);"
        )
    };
    let reference = |name: &str| format!("references \"{name}\" (\"{name}\")");
    let referring = |rule: &str| each(|name| format!("\"{name}\" int {} {rule}", reference(name)));
    let unproven = |name: &str| format!("add foreign key (\"{name}\") {} not valid", reference(name));
    let plain = |name: &&str| format!("\"{name}\" int");
    let bare: Vec<_> = NAMES.iter().filter(|name| !TAKEN.contains(name)).map(plain).collect();
    format!(
        "{};
         create table pairs (id int primary key, fb_0 int, fb_1 int, unique (fb_0, fb_1)); insert into pairs values (1, 1, 1);
         create table items (id int primary key, {}); {} {}
         create table acts (id int primary key, {}); {}
         create table lax (id int primary key, {}); alter table lax {}; {}
         create table duos (id int primary key, fb_0 int, fb_1 int, foreign key (fb_1, fb_0) references pairs (fb_0, fb_1));
         create table parts (id int primary key, {}, constraint fb_bound check (id > 0)) partition by hash (id);
         create table parts_0 partition of parts for values with (modulus 1, remainder 0); {}
         create table bare (id int, {}); insert into bare values (1, 1), (1, 1)",
        NAMES.map(parent).concat(),
        referring(""),
        row("items", 1, "1"),
        row("items", 2, "2"),
        referring("on update cascade on delete set null"),
        row("acts", 2, "2"),
        each(|name| plain(&name)),
        NAMES.map(unproven).join(", "),
        row("lax", 2, "2"),
        each(|name| format!("\"{name}\" numeric")),
        row("parts", 2, "1.50"),
        bare.join(", "),
    )
}

/// Brings parents with their children, children of parents that were there, and takes parents away.
fn on_new() -> String {
    let parent = |name: &str| {
        format!(
            "insert into \"{name}\" values (5, 5); update \"{name}\" set note = 'new' where number = 1;
             update \"{name}\" set \"{name}\" = 30 where number = 3; delete from \"{name}\" where number = 2;"
        )
    };
    let gone = ["items", "acts", "lax", "parts"].map(|table| format!("delete from {table} where id = 2;")).concat();
    let come = ["items", "acts", "lax"].map(|table| row(table, 10, "5") + &row(table, 11, "4")).concat();
    format!(
        "{gone} {} {come} {} update parts set ord = 2.5; insert into pairs values (2, 2, 3); insert into duos values (1, 3, 2);
         insert into bare values (1, 1), (2, 2)",
        NAMES.map(parent).concat(),
        row("parts", 3, "1.50")
    )
}

#[test]
fn columns_may_be_called_as_those_of_the_programs_own_statements() {
    for fire_triggers in [false, true] {
        // OLD's own children stay with parents that NEW moved.
        let on_old = ["items", "acts", "lax"].map(|table| row(table, 20, "3")).concat();
        let case = recovery(pair("called_alike", &both(), &on_new(), &on_old), "");
        case.decide(
            "[defaults]\nambiguous = \"apply_new\"\n[tables.\"public.items\"]\nambiguous_missing_on_new = \"keep_old\"\n",
        );
        let dump = || {
            let one = |table: &str| support::rows(&case.pair.old, &format!("select t::text from \"{table}\" t order by 1"));
            NAMES.iter().copied().chain(["pairs", "items", "acts", "lax", "duos", "parts", "bare"]).map(one).collect::<Vec<_>>()
        };
        let before = dump();
        let plan = planned(&case);
        assert!(plan.held >= NAMES.len() as u64, "{} held", plan.held);
        let options = MergeOptions { leave_held: true, fire_triggers, ..MergeOptions::default() };
        block_on(engine::merge(&case.context, options)).expect("a merge");
        let ids =
            |table: &str| support::value(&case.pair.old, &format!("select string_agg(id::text, ',' order by id) from {table}"));
        assert_eq!(["items", "duos", "parts", "bare"].map(ids).map(Option::unwrap), ["1,2,10,11,20", "1", "3", "1,1,1,2"]);
        let verified = block_on(engine::verify(&case.context)).expect("a verification");
        assert_eq!(verified.state_of_rows(), engine::State::VerifiedWithHeld);
        block_on(engine::undo(&case.context, options)).expect("an undo");
        assert_eq!(dump(), before);
    }
}

#[test]
fn a_table_without_a_key_is_left_out_by_name_where_either_side_has_a_stand_ins_name() {
    for name in TAKEN {
        let pair = pair("called_as_stand_in", "create table bare (a int)", &format!("alter table bare add \"{name}\" int"), "");
        let found = discovered(&recovery(pair, "")).expect("a discovery");
        let said = serde_json::to_string(&found).expect("JSON");
        assert!(said.contains("a column with a name that failback needs for the comparison without one"), "{said}");
    }
}

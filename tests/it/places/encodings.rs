//! Databases that are not in UTF-8, and databases that sort otherwise: values keep their characters, or their bytes where there
//! are no characters, and the order of keys depends on neither.

use failback::engine::{self, MergeOptions, State};
use failback::name::Side;

use super::{Story, own_rows, texts};
use crate::support::{self, Pair, block_on};

/// A pair of databases made as the statements' ends say.
fn databases(test: &str, old: &str, new: &str) -> Pair {
    let pair = support::pair(test);
    for (side, options) in [(Side::Old, old), (Side::New, new)] {
        let server = support::server(side).url("postgres");
        support::sql(&server, &format!("drop database {}", pair.database));
        support::sql(&server, &format!("create database {} template template0 {options}", pair.database));
    }
    pair
}

const LATIN1: &str = "encoding 'LATIN1' locale 'C'";
const LATIN2: &str = "encoding 'LATIN2' locale 'C'";
const SQL_ASCII: &str = "encoding 'SQL_ASCII' locale 'C'";
const EUC_JP: &str = "encoding 'EUC_JP' locale 'C'";
const UTF8: &str = "encoding 'UTF8' locale 'C'";

fn story(test: &str, (old, new): (&str, &str), (on_old, on_new): (&str, &str)) -> Story {
    let pair = databases(test, old, new);
    support::sql(&pair.old, on_old);
    support::sql(&pair.new, on_new);
    Story::on(pair)
}

/// Text keys, text values, arrays, a table without a key, a parent and its children; `{}` are characters.
const WORDS: &str = "
    create table words (word text primary key, meaning varchar(20), tags text[], doc jsonb);
    create table bag (word text); create table uses (id int primary key, word text references words);
    insert into words select c, 'meaning ' || c, array[c, 'x'], jsonb_build_object(c, c)
        from unnest(string_to_array('{}', ',')) c;
    insert into bag select word from words; insert into uses select row_number() over (order by word collate \"C\"),
        word from words";

const WORK: &str = "; update words set meaning = meaning || word where word <> 'b'; delete from uses where id = 3;
    insert into bag select word from words; insert into words select 'x' || word, meaning, tags, doc from words;
    insert into uses values (9999, (select max(word collate \"C\") from words))";

/// Characters whose order in the encoding is not their order in UTF-8.
const OF_LATIN1: &str = "a,b,é,ÿ,Á,\u{a0}";
const OF_LATIN2: &str = "a,b,é,Á,Ą,ą,Š,ý,ˇ,˙";
const OF_EUC_JP: &str = "a,b,α,Ж,あ,ア,日,本,一,\u{3000},※,｡";

#[test]
fn both_sides_in_another_encoding_than_utf8() {
    for (test, encoding, characters) in
        [("latin1", LATIN1, OF_LATIN1), ("latin2", LATIN2, OF_LATIN2), ("euc_jp", EUC_JP, OF_EUC_JP)]
    {
        let both = WORDS.replace("{}", characters);
        story(test, (encoding, encoding), (&both, &format!("{both}{WORK}"))).comes_home();
    }
}

#[test]
fn one_side_in_another_encoding_than_utf8() {
    for (test, sides, characters) in [
        ("latin2_old", (LATIN2, UTF8), OF_LATIN2),
        ("latin2_new", (UTF8, LATIN2), OF_LATIN2),
        ("latin_mixed", (LATIN1, LATIN2), "a,b,Á,é"),
        ("euc_jp_old", (EUC_JP, UTF8), OF_EUC_JP),
    ] {
        let both = WORDS.replace("{}", characters);
        story(test, sides, (&both, &format!("{both}{WORK}"))).comes_home();
    }
}

#[test]
fn characters_that_old_has_not_are_held() {
    let both = "create table t (id int primary key, v text); create table k (word text primary key, v text);
                insert into t values (1, 'a'), (2, 'b'); insert into k values ('a', 'a'), ('é', 'b')";
    let work =
        "; update t set v = '日本' where id = 1; update t set v = 'ü' where id = 2; insert into t values (3, 'ß'), (4, '€');
                insert into k values ('日', 'x'), ('本', 'y'), ('ö', 'z'); update k set v = 'é' where word = 'é'";
    let story = story("untranslatable", (LATIN1, UTF8), (both, &format!("{both}{work}")));
    let planned = story.plan();
    assert_eq!(planned.held, 4, "{planned:#?}");
    let at_fault: Vec<_> = planned.rejects.iter().map(|one| (one.table.as_str(), one.column.as_deref(), one.rows)).collect();
    assert_eq!(at_fault, [("public.k", Some("word"), 2), ("public.t", Some("v"), 2)], "{planned:#?}");
    assert!(planned.rejects.iter().all(|one| one.cause.contains("22P05")), "{planned:#?}");
    story.merge_check_undo(State::VerifiedWithHeld, |pair| {
        assert_eq!(texts(&pair.old, "select * from t order by id"), ["1|a", "2|ü", "3|ß"]);
        assert_eq!(texts(&pair.old, "select * from k order by v, word"), ["a|a", "ö|z", "é|é"]);
    });
}

/// Bytes that are not UTF-8, in every place where text can stand.
const BYTES: &str = "
    create table t (id int primary key, v text, w varchar(9), tags text[], c char(4), pair point_of, doc json);
    insert into t values (1, 'plain', 'x', '{a}', 'x', null, null), (2, E'caf\\xe9', E'\\xff', array[E'\\xe9', 'b'], E'\\xe9',
        row(E'\\xe9', 1), E'\"\\xe9\"'),
        (3, 'é', null, '{}', null, null, null);
    create table bag (v text); insert into bag values (E'\\xe9'), (E'\\xe9'), (E'\\xc3'), ('ascii')";

#[test]
fn bytes_of_sql_ascii_come_home_as_they_are() {
    let both = format!("create type point_of as (name text, n int); {BYTES}");
    let work = "; update t set v = E'\\xfe\\x01', tags = array[E'\\xe9\\xe9', null, 'x'] where id = 1;
                insert into t select 4, v || E'\\xbf', w, tags, c, pair, doc from t where id = 2;
                delete from t where id = 3; insert into bag values (E'\\xe9'), (E'\\xa9'); delete from bag where v = E'\\xc3'";
    let story = story("sql_ascii", (SQL_ASCII, SQL_ASCII), (&both, &format!("{both}{work}")));
    let planned = story.plan();
    assert_eq!(planned.held, 0, "{planned:#?}");
    story.merge_check_undo(State::Verified, |pair| assert_eq!(bytes(&pair.old), bytes(&pair.new)));
}

/// The tables of [`BYTES`] as hexadecimal digits.
fn bytes(url: &str) -> Vec<String> {
    let hex = "select encode(textsend(t::text), 'hex') from t union all select encode(textsend(v), 'hex') from bag order by 1";
    block_on(async {
        let client = support::connect(url).await;
        client.batch_execute("set client_encoding = 'SQL_ASCII'").await.expect("an encoding");
        client.query(hex, &[]).await.expect("rows").iter().map(|row| row.get(0)).collect()
    })
}

#[test]
fn bytes_that_are_no_characters_on_old_are_held() {
    let both = "create table t (id int primary key, v text); insert into t values (1, 'a')";
    let work = "; insert into t values (2, E'caf\\xe9'), (3, 'café'); update t set v = E'\\xff' where id = 1";
    let story = story("ascii_to_utf8", (UTF8, SQL_ASCII), (both, &format!("{both}{work}")));
    let planned = story.plan();
    assert_eq!((planned.held, planned.rejects.len()), (2, 1), "{planned:#?}");
    assert!(planned.rejects[0].cause.contains("22021") && planned.rejects[0].column.as_deref() == Some("v"), "{planned:#?}");
    story.merge_check_undo(State::VerifiedWithHeld, |pair| {
        assert_eq!(texts(&pair.old, "select * from t order by id"), ["1|a", "3|café"]);
    });
}

#[test]
fn a_key_that_is_no_text_leaves_out_its_table_alone() {
    let both = "create table k (word text primary key, v int); create table t (id int primary key, v text); \
                insert into k values (E'\\xe8', 1)";
    let work = "; insert into k values (E'\\xe9', 2); insert into t values (1, E'\\xe9')";
    let story = story("ascii_key", (SQL_ASCII, SQL_ASCII), (both, &format!("{both}{work}")));
    let exported = block_on(engine::export(&story.recovery.context)).expect("an export");
    let blocked: Vec<_> = exported.blockers.iter().map(|one| one.left_out.name.to_string()).collect();
    assert_eq!(blocked, ["public.k"], "{exported:#?}");
    assert!(exported.blockers[0].left_out.reason.contains("\\xe9"), "{exported:#?}");
    block_on(engine::diff(&story.recovery.context)).expect("a diff");
    block_on(engine::plan(&story.recovery.context)).expect("a plan");
    block_on(engine::merge(&story.recovery.context, MergeOptions::default())).expect("a merge");
    let verified = block_on(engine::verify(&story.recovery.context)).expect("a verification");
    let gaps: Vec<_> = verified.not_covered.iter().map(|gap| (gap.table.as_str(), gap.of)).collect();
    assert_eq!((verified.state, gaps[0]), (State::VerifiedWithGaps, ("public.k", engine::GapKind::Rows)), "{gaps:?}");
    let Pair { database, old, new } = &story.recovery.pair;
    let cutover = "2020-01-01T00:00:00Z";
    let asked = ["export", "--databases", database, "--cutover", cutover, "--old", old, "--new", new];
    let said = support::failback(&asked);
    assert_eq!(said.code, 9, "discover said that the table is covered, and it is not: {said:?}");
    assert!(said.stdout.contains("public.k on NEW: its rows cannot be read"), "{said:?}");
    assert_eq!(texts(&story.recovery.pair.old, "select id, encode(convert_to(v, 'SQL_ASCII'), 'hex') from t"), ["1|e9"]);
}

#[test]
fn collations_do_not_decide_the_order_of_keys() {
    let both = "create table k (word text primary key, v int);
                create table u (word varchar(9) collate \"und-x-icu\" primary key, v int);
                insert into k select w, 1 from unnest(array['a', 'B', 'b', 'A', 'é', 'z', 'Z', 'ß', 'ss', '-a', '_', ' ', 'あ',
                    'ア']) w; insert into u select * from k";
    let work = "; update k set v = 2 where word in ('B', 'é', '-a', 'ア'); insert into k values ('Ä', 3), ('aa', 3), ('ｱ', 3);
                delete from k where word = 'ss';
                update u set v = 2 where word in ('B', 'é', '-a', 'ア'); insert into u values ('Ä', 3), ('aa', 3)";
    let icu = "encoding 'UTF8' locale_provider icu icu_locale 'de' locale 'C.UTF-8'";
    for (test, old, new) in [
        ("icu_old", icu, UTF8),
        ("icu_new", "encoding 'UTF8' locale 'C.UTF-8'", icu),
        ("icu_both", icu, "encoding 'UTF8' locale_provider icu icu_locale 'sv' locale 'C'"),
    ] {
        let story = story(test, (old, new), (both, &format!("{both}{work}")));
        story.comes_home();
        assert!(!own_rows(&story.recovery.pair.old).is_empty());
    }
}

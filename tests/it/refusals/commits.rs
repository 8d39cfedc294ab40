//! The end of a transaction: it is on disk when it is answered, whatever OLD is set to, and what OLD says in place of an answer
//! tells a script whether a retry is safe.

use failback::name::Side;

use super::*;

/// A ledger that says of every entry what a function makes of it.
fn ledger_with(scene: &Scene, body: &str, trigger: &str) {
    support::sql(&scene.pair.old, include_str!("../../../sql/ledger/create_schema.sql"));
    support::sql(&scene.pair.old, include_str!("../../../sql/ledger/create.sql"));
    let function = format!(
        "create table public.says (what text, more text);
         create function public.say() returns trigger language plpgsql as $$ begin {body} return new; end $$;
         {trigger} for each row execute function public.say(); alter table failback.ledger enable always trigger say"
    );
    support::sql(&scene.pair.old, &function);
}

#[test]
fn what_is_answered_is_on_disk_and_the_server_looks_whether_we_are_there() {
    let scene = Scene::planned("c_disk");
    ledger_with(
        &scene,
        "insert into public.says values (current_setting('synchronous_commit'),
             current_setting('client_connection_check_interval', true));",
        "create trigger say before insert on failback.ledger",
    );
    // What waits for less than the disk is raised, and what an administrator asks for beyond it is left alone.
    let settings = [("off", "on"), ("local", "local"), ("remote_write", "remote_write"), ("remote_apply", "remote_apply")];
    for (set, _) in settings {
        let set = format!("alter database {} set synchronous_commit = {set}", scene.pair.database);
        support::sql(&scene.pair.old, &set);
        for verb in ["merge", "undo"] {
            scene.succeed(&[verb, "--confirm", &scene.confirm]);
        }
    }
    let looks = (support::binaries(Side::Old).major() >= 14).then(|| "500ms".to_owned());
    let expected: Vec<_> =
        settings.iter().flat_map(|(_, is)| [*is, *is]).map(|is| vec![Some(is.to_owned()), looks.clone()]).collect();
    assert_eq!(support::rows(&scene.pair.old, "select what, more from says"), expected);
}

#[test]
fn what_old_says_in_place_of_an_answer_tells_whether_a_retry_is_safe() {
    let scene = Scene::new("c_retry");
    let body = "declare code text;
         begin for code in select what from public.says where more = tg_table_name loop
             raise exception 'no' using errcode = code;
         end loop; end;";
    ledger_with(&scene, body, "create constraint trigger say after insert on failback.ledger initially deferred");
    let early = "create trigger early before update on public.items for each row execute function public.say()";
    support::sql(&scene.pair.old, early);
    for verb in ["export", "diff", "plan"] {
        scene.succeed(&[verb]);
    }
    let codes = [("40001", "contention"), ("53100", "server_full"), ("53200", "server_full"), ("55P03", "timeout")];
    for verb in ["merge", "undo"] {
        // While rows are written, and at COMMIT. Locks that are not had while rows are written are waited for.
        for (place, more, codes) in [("items", &["--fire-triggers"][..], &codes[..3]), ("ledger", &[], &codes[..])] {
            for (code, kind) in codes {
                support::sql(&scene.pair.old, &format!("insert into public.says values ('{code}', '{place}')"));
                let before = fingerprint(&scene.pair.old);
                let output = scene.failback(&[&[verb, "--confirm", &scene.confirm, "--json"], more].concat());
                let what = format!("{verb}, {place}, {code}: {output:?}");
                assert_eq!(output.code, 6, "{what}");
                let said: serde_json::Value = serde_json::from_str(&output.stdout).expect("a document");
                assert_eq!(said["error"]["kind"], *kind, "{what}");
                assert!(output.stderr.contains("state: OLD is as it was"), "{what}");
                assert!(output.stderr.contains("a retry is safe"), "{what}");
                assert_eq!(fingerprint(&scene.pair.old), before, "{what}");
                support::sql(&scene.pair.old, "delete from public.says");
            }
        }
        scene.succeed(&[verb, "--confirm", &scene.confirm]);
    }
}

//! Triggers, rules and event triggers of OLD stay quiet, and are afterwards as they were.

use super::*;

#[test]
fn nothing_of_the_users_fires() {
    let both = "create table t (id int primary key, v text, updated_at timestamptz); create table log (what text);
        create table p (id int, d int, v text, primary key (id, d)) partition by list (d);
        create table p_1 partition of p for values in (1);
        create table p_2 partition of p for values in (2); create view shown as select * from t;
        create function note() returns trigger language plpgsql as $$ begin insert into public.log values (tg_name || tg_op);
            if tg_level = 'ROW' and tg_op <> 'DELETE' then new.v := 'falsified'; return new; end if; return old; end $$;
        create function seen() returns event_trigger language plpgsql as $$ begin insert into public.log
            values ('event ' || tg_tag); end $$;
        insert into t values (1, 'a', null), (2, 'b', null), (3, 'c', null); insert into p values (1, 1, 'a'), (2, 2, 'b')";
    let arm = "do $$ declare m text; r text; begin
            foreach m in array array['', 'always', 'replica'] loop foreach r in array array['t', 'p'] loop
                execute format('create trigger %I before insert or update or delete on %I for each row \
                    execute function note()', r || 'b' || m, r);
                execute format('create trigger %I after insert or update or delete on %I for each statement \
                    execute function note()', r || 's' || m, r);
                execute format('create rule %I as on insert to %I do also insert into log values (''rule'')', r || 'r' || m, r);
                execute format('create rule %I as on update to %I do instead nothing', r || 'i' || m, r);
                if m <> '' then
                    execute format('alter table %I enable %s trigger %I', r, m, r || 'b' || m);
                    execute format('alter table %I enable %s trigger %I', r, m, r || 's' || m);
                    execute format('alter table %I enable %s rule %I', r, m, r || 'r' || m);
                    execute format('alter table %I enable %s rule %I', r, m, r || 'i' || m);
                end if;
            end loop; end loop; end $$;
        create trigger alone before insert or update on p_2 for each row execute function note();
        alter table p_2 enable always trigger alone;
        alter table p_1 disable trigger pbalways; create trigger off before insert on t for each row execute function note();
        alter table t disable trigger off;
        create trigger instead instead of insert on shown for each row execute function note();
        create constraint trigger late after insert on t deferrable initially deferred for each row execute function note();
        create event trigger ddl on ddl_command_end execute function seen()";
    let case = planned(
        "quiet",
        both,
        "update t set v = 'changed' where id = 1; delete from t where id = 2; insert into t values (10, 'new', null);
         update p set v = 'changed'; insert into p values (10, 1, 'new'), (11, 2, 'new'); update p set d = 2 where id = 1",
        arm,
        NEW_WINS,
    );
    case.expect_held(0);
    let modes = "select tgrelid::regclass, tgname, tgenabled from pg_trigger where not tgisinternal union all
                 select ev_class::regclass, rulename, ev_enabled from pg_rewrite where ev_class > 16383 order by 1, 2";
    let before = case.old(modes);
    assert!(before.len() > 30, "{before:?}");
    case.comes_home_and_goes_back(|case| {
        assert_eq!(case.old("select count(*) from log"), ["0"], "{:?}", case.old("select what from log"));
        assert_eq!(case.old("select id, v from t order by id"), ["1|changed", "3|c", "10|new"]);
        assert_eq!(case.old("select id, d, v from p order by id"), ["1|2|changed", "2|2|changed", "10|1|new", "11|2|new"]);
        assert_eq!(case.old(modes), before);
    });
    assert_eq!(case.old(modes), before);
}

/// Triggers that are to fire cannot divert a row in silence: the server's count is not the plan's.
#[test]
fn a_rule_that_diverts_rows_refuses_the_merge() {
    for rule in ["do instead nothing", "do instead insert into elsewhere values (new.id)"] {
        let case = planned(
            "diverted",
            "create table t (id int primary key, v text); create table elsewhere (id int); insert into t values (1, 'a')",
            "insert into t values (2, 'b')",
            &format!("create rule away as on insert to t {rule}"),
            NEW_WINS,
        );
        let before = fingerprint(&case.recovery.pair.old);
        let loud = MergeOptions { fire_triggers: true, ..MergeOptions::default() };
        let refused = block_on(engine::merge(&case.recovery.context, loud)).expect_err("no row arrives");
        assert_eq!(refused.kind(), failback::error::ErrorKind::Refused, "{refused:?}");
        assert_eq!(fingerprint(&case.recovery.pair.old), before);
        case.becomes_new();
    }
}

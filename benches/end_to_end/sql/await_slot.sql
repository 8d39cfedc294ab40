-- Waits until OLD has confirmed what NEW wrote up to the mark, at most ten minutes. Runs on NEW. :mark
select set_config('bench.mark', :'mark', false) \g /dev/null
do $$
begin
    for turn in 1..12000 loop
        if (select confirmed_flush_lsn >= current_setting('bench.mark')::pg_lsn
            from pg_replication_slots where slot_name = 'failback_bench_run') then
            return;
        end if;
        perform pg_sleep(0.05);
    end loop;
    raise exception 'OLD has not caught up within ten minutes';
end $$;

-- Where the server keeps its data.
-- Parameters: none.
-- Columns: folder text (NULL: this user may not ask).
-- Server: 13.
select case when pg_catalog.pg_has_role('pg_read_all_settings', 'MEMBER')
            then pg_catalog.current_setting('data_directory') end as folder

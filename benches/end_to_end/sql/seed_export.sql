-- The seed's way out: what the stamps say, as CSV, into the folder it runs in; events have no updated_at.
copy (select * from customers where created_at > '2026-11-01 00:00:00+00' or updated_at > '2026-11-01 00:00:00+00')
    to stdout (format csv, header) \g customers.csv
copy (select * from orders where created_at > '2026-11-01 00:00:00+00' or updated_at > '2026-11-01 00:00:00+00')
    to stdout (format csv, header) \g orders.csv
copy (select * from events where created_at > '2026-11-01 00:00:00+00') to stdout (format csv, header) \g events.csv
copy (select * from blobs where created_at > '2026-11-01 00:00:00+00' or updated_at > '2026-11-01 00:00:00+00')
    to stdout (format csv, header) \g blobs.csv

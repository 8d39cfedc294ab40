//! Settings of a transaction. Each ends with it.

/// User triggers, rules and foreign keys stay silent. Asks for a privilege that few have: see `catalog::replica_role_allowed`.
pub const REPLICA_ROLE: &str = "set local session_replication_role = replica";

/// Constraints that can wait are looked at as late as possible.
pub const DEFER_CONSTRAINTS: &str = "set constraints all deferred";

/// Constraints that waited are looked at now, and no later than each statement from here on.
pub const CHECK_CONSTRAINTS: &str = "set constraints all immediate";

/// Checks, generated columns, indexes and triggers of OLD's may call functions that find each other by the database's own
/// search path; it is the session's default. What we write ourselves is found first, in `pg_catalog`.
pub const OWN_SEARCH_PATH: &str = "select pg_catalog.set_config('search_path', \
     pg_catalog.concat_ws(', ', 'pg_catalog', nullif(s.reset_val, '')), true) \
     from pg_catalog.pg_settings s where s.name = 'search_path'";

/// Takes [`OWN_SEARCH_PATH`] back.
pub const NO_SEARCH_PATH: &str = "set local search_path = ''";

/// Makes the planner find each row of a load table in its table by the key's index, one after the other. It would rather read a
/// large table as a whole, and sort or hash it, although every page that the index leads to is about to be written anyway.
pub const BY_INDEX: &str = "set local enable_hashjoin = off; set local enable_mergejoin = off";

/// Takes [`BY_INDEX`] back.
pub const BY_ANY_JOIN: &str = "set local enable_hashjoin to default; set local enable_mergejoin to default";

/// How long a condition of somebody's own may take for some rows.
pub const CONDITION_TIMEOUT: &str = "set local statement_timeout = '1min'";

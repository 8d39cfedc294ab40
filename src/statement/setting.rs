//! Settings of a transaction. Each ends with it.

/// User triggers, rules and foreign keys stay silent. Asks for a privilege that few have: see `catalog::replica_role_allowed`.
pub const REPLICA_ROLE: &str = "set local session_replication_role = replica";

/// Constraints that can wait are looked at as late as possible.
pub const DEFER_CONSTRAINTS: &str = "set constraints all deferred";

/// Constraints that waited are looked at now, and no later than each statement from here on.
pub const CHECK_CONSTRAINTS: &str = "set constraints all immediate";

/// Whoever holds a lock that is wanted is waited for so long, a lock.
pub const LOCK_TIMEOUT: &str = "set local lock_timeout = '30s'";

/// Makes the planner find each row of a load table in its table by the key's index, one after the other. It would rather read a
/// large table as a whole, and sort or hash it, although every page that the index leads to is about to be written anyway.
pub const BY_INDEX: &str = "set local enable_hashjoin = off; set local enable_mergejoin = off";

/// Takes [`BY_INDEX`] back.
pub const BY_ANY_JOIN: &str = "set local enable_hashjoin to default; set local enable_mergejoin to default";

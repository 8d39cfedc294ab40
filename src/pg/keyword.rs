//! The words a connection string may use, which of them failback honours, and the variables that carry them.
//!
//! Source: PostgreSQL 18 documentation, "Parameter Key Words" and "Environment Variables" of libpq.
//! Never: reads a value.

/// What failback does with a keyword that libpq knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Support {
    /// It has libpq's meaning.
    Honoured,
    /// It changes nothing that matters here, so it is accepted and left aside.
    Ignored,
    /// Leaving it aside would be unsafe or surprising; the text says why it is refused.
    Refused(&'static str),
}

use Support::{Honoured, Ignored, Refused};

const KEYWORDS: &[(&str, Support)] = &[
    ("host", Honoured),
    ("hostaddr", Honoured),
    ("port", Honoured),
    ("dbname", Honoured),
    ("user", Honoured),
    ("password", Honoured),
    ("passfile", Honoured),
    ("service", Honoured),
    ("servicefile", Honoured),
    ("sslmode", Honoured),
    ("sslrootcert", Honoured),
    ("sslcert", Honoured),
    ("sslkey", Honoured),
    ("sslsni", Honoured),
    ("sslnegotiation", Honoured),
    ("ssl_min_protocol_version", Honoured),
    ("channel_binding", Honoured),
    ("connect_timeout", Honoured),
    ("application_name", Honoured),
    ("options", Honoured),
    ("target_session_attrs", Honoured),
    ("keepalives", Honoured),
    ("keepalives_idle", Honoured),
    ("keepalives_interval", Honoured),
    ("keepalives_count", Honoured),
    ("tcp_user_timeout", Honoured),
    ("fallback_application_name", Ignored),
    ("client_encoding", Ignored),
    ("gssencmode", Ignored),
    ("krbsrvname", Ignored),
    ("gsslib", Ignored),
    ("gssdelegation", Ignored),
    ("sslcompression", Ignored),
    ("load_balance_hosts", Ignored),
    ("ssl_max_protocol_version", Refused("failback always offers the newest TLS version that it knows")),
    ("sslcrl", Refused("certificate revocation lists are not read")),
    ("sslcrldir", Refused("certificate revocation lists are not read")),
    ("sslpassword", Refused("encrypted private keys are not read; decrypt the key with `openssl pkey`")),
    ("sslcertmode", Refused("a client certificate is offered whenever one is configured; leave sslcert out instead")),
    ("requirepeer", Refused("the owner of a socket is not checked")),
    ("require_auth", Refused("the authentication method cannot be restricted; use channel_binding=require")),
    ("replication", Refused("failback needs ordinary sessions")),
];

/// Variables, without their `OLD_` or `NEW_`, and the keyword each of them stands for.
pub(super) const VARIABLES: &[(&str, &str)] = &[
    ("PGHOST", "host"),
    ("PGHOSTADDR", "hostaddr"),
    ("PGPORT", "port"),
    ("PGDATABASE", "dbname"),
    ("PGUSER", "user"),
    ("PGPASSWORD", "password"),
    ("PGPASSFILE", "passfile"),
    ("PGSERVICE", "service"),
    ("PGSERVICEFILE", "servicefile"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLSNI", "sslsni"),
    ("PGSSLNEGOTIATION", "sslnegotiation"),
    ("PGSSLMINPROTOCOLVERSION", "ssl_min_protocol_version"),
    ("PGCHANNELBINDING", "channel_binding"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
    ("PGAPPNAME", "application_name"),
    ("PGOPTIONS", "options"),
    ("PGTARGETSESSIONATTRS", "target_session_attrs"),
];

/// Returns the keyword's own static spelling and what is done with it.
pub(super) fn find(word: &str) -> Option<(&'static str, Support)> {
    KEYWORDS.iter().copied().find(|(name, _)| *name == word)
}

/// Returns the known keyword that looks most like `word`, if any does.
pub(super) fn nearest(word: &str) -> Option<&'static str> {
    KEYWORDS
        .iter()
        .map(|(name, _)| (strsim::jaro_winkler(name, word), *name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_stands_for_an_honoured_keyword() {
        for (_, keyword) in VARIABLES {
            assert_eq!(find(keyword).map(|(_, support)| support), Some(Honoured), "{keyword}");
        }
    }

    #[test]
    fn slips_of_the_hand_find_their_word() {
        assert_eq!(nearest("sslmod"), Some("sslmode"));
        assert_eq!(nearest("database"), None);
        assert_eq!(nearest("hsot"), Some("host"));
        assert_eq!(nearest("xyzzy"), None);
    }
}

//! What a throwaway server should be like.

use std::fmt;

/// What a server should be like. By default it listens on loopback alone, wants a password, and speaks no TLS.
#[derive(Clone, Debug, Default)]
pub struct ClusterOptions {
    /// What it is called in process lists and in its folder's name: letters, digits and dashes, as `old`.
    pub label: String,
    /// Whether it is started so that it can outlive us; see [`Cluster::keep`](super::Cluster::keep).
    pub keep: bool,
    /// Server settings beside our own, as `("wal_level", "logical")`; the last one of a name wins.
    pub settings: Vec<(String, String)>,
    /// Whether it also listens on a Unix socket in its own folder, which only its account and root can enter. The system's
    /// folder for temporary files must have a short name: the path of a socket has no more than about 100 bytes.
    pub socket: bool,
    /// The lines of `pg_hba.conf`, as `local all all trust`. Empty: everybody needs a password.
    pub hba: Vec<String>,
    /// Its certificate. `None`: it offers no TLS.
    pub tls: Option<ServerTls>,
}

/// A server's certificate and what belongs to it, each in PEM.
#[derive(Clone)]
pub struct ServerTls {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
    /// The authority whose client certificates it accepts. `None`: it asks for no client certificate.
    pub client_authority: Option<String>,
}

/// Without the key.
impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").finish_non_exhaustive()
    }
}

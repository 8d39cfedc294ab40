//! What surrounds the process, handed in so that resolution can be tested without it.

use std::path::PathBuf;

use crate::store::host_files;

/// The variables, the home folder, and the user.
pub struct ProcessEnvironment<'a> {
    /// Returns a variable's value.
    pub env: &'a dyn Fn(&str) -> Option<String>,
    /// The home folder: `.pgpass`, `.pg_service.conf` and `.postgresql` are looked for there.
    pub home: Option<PathBuf>,
    /// The operating system's name of the user: the default user name.
    pub user: Option<String>,
}

impl<'a> ProcessEnvironment<'a> {
    /// Takes the home folder and the user's name from the variables, else the name from the operating system.
    pub(super) fn of(env: &'a dyn Fn(&str) -> Option<String>) -> Self {
        let user = env("USER").or_else(|| env("LOGNAME")).filter(|user| !user.is_empty()).or_else(host_files::user_name);
        let home = env("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        Self { env, home, user }
    }
}

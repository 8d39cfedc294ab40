//! How PostgreSQL's own programs reach a server: the variables that libpq reads.
//!
//! Comes in: an endpoint. Goes out: variables for the environment of a program, the password among them; never an argument,
//! which everybody on the machine may read.
//! Never: sets a variable of this process, shows the password.

use super::endpoint::Endpoint;
use super::hosts::Host;
use crate::error::{Error, ErrorKind, Result};

impl Endpoint {
    /// Returns the variables by which libpq reaches this server, and none of another.
    ///
    /// # Errors
    /// As a connection's: what keeps the password from being found.
    pub async fn for_programs(&self) -> Result<Vec<(String, String)>> {
        let Some(first) = self.hosts.first() else {
            return Err(Error::new(ErrorKind::Config, "reach the server").at(self.called()).because("no host is named"));
        };
        let (password, _) = self.password(first).await?;
        let all = |one: fn(&Host) -> String| self.hosts.iter().map(one).collect::<Vec<_>>().join(",");
        let mut variables = vec![
            ("PGHOST", all(|host| host.name.clone())),
            ("PGPORT", all(|host| host.port.to_string())),
            ("PGUSER", self.user.clone()),
            ("PGAPPNAME", self.connect.application_name.clone()),
        ];
        if self.hosts.iter().any(|host| host.address.is_some()) {
            variables.push(("PGHOSTADDR", all(|host| host.address.map(|at| at.to_string()).unwrap_or_default())));
        }
        variables.extend(password.map(|password| ("PGPASSWORD", password.reveal().to_owned())));
        variables.extend(self.connect.options.clone().map(|options| ("PGOPTIONS", options)));
        variables.extend(self.connect.limit.map(|limit| ("PGCONNECT_TIMEOUT", limit.as_secs().to_string())));
        variables.extend(self.tls.variables());
        Ok(variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Whether every server that it may mean is reached within this machine.
    #[must_use]
    pub fn is_on_this_machine(&self) -> bool {
        let is_loopback = |host: &Host| match host.address.or_else(|| host.name.parse().ok()) {
            Some(address) => address.is_loopback(),
            None => host.name == "localhost",
        };
        self.hosts.iter().all(|host| host.is_socket() || is_loopback(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Side;

    fn variables(given: &str) -> Vec<(String, String)> {
        let endpoint = Endpoint::resolve(Side::Old, Some(given), &|_| None).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(endpoint.for_programs()).unwrap()
    }

    #[test]
    fn a_program_reaches_what_a_session_reaches() {
        let found = variables("postgres://dba:s3cret@a:1,b:2/shop?sslmode=verify-full&sslrootcert=/ca.pem");
        let value = |name: &str| found.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!((value("PGHOST"), value("PGPORT"), value("PGUSER")), (Some("a,b"), Some("1,2"), Some("dba")));
        assert_eq!((value("PGPASSWORD"), value("PGSSLMODE")), (Some("s3cret"), Some("verify-full")));
        assert_eq!((value("PGSSLROOTCERT"), value("PGHOSTADDR")), (Some("/ca.pem"), None));
    }

    #[test]
    fn a_server_of_this_machine_is_told_from_others() {
        let is_here = |given: &str| Endpoint::resolve(Side::Old, Some(given), &|_| None).unwrap().is_on_this_machine();
        for given in ["host=/run/pg user=u", "host=127.0.0.1 user=u", "host=localhost user=u", "host=x hostaddr=::1 user=u"] {
            assert!(is_here(given), "{given}");
        }
        assert!(!is_here("host=127.0.0.1,other user=u") && !is_here("host=10.0.0.1 user=u"));
    }
}

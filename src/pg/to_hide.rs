//! The passwords by which a server may be reached, for whoever has to keep them out of what is shown.
//!
//! Comes in: an endpoint. Goes out: every password that it knows, or may find in its places.
//! Never: shows one, or fails where one cannot be found: whoever connects is told.

use super::endpoint::Endpoint;
use super::password::Password;

impl Endpoint {
    /// Returns the password that the connection string, a variable or the service holds.
    #[must_use]
    pub fn secret_to_hide(&self) -> Option<&str> {
        self.secret.as_ref().map(|(password, _)| password.reveal())
    }

    /// Returns the passwords of the connection string, the variables, the service and the password file, and what the password
    /// command prints.
    pub async fn secrets_to_hide(&self) -> Vec<String> {
        let of_file = self.passfile.iter().flat_map(|(file, _)| file.passwords());
        let mut found: Vec<_> = of_file.map(Password::reveal).map(str::to_owned).collect();
        found.extend(self.secret_to_hide().map(str::to_owned));
        if let Some(host) = self.hosts.first()
            && let Ok((Some(password), _)) = self.password(host).await
        {
            found.push(password.reveal().to_owned());
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::process_environment::ProcessEnvironment;
    use super::*;
    use crate::name::Side;

    fn found(given: &str, variables: &[(&str, &str)], passfile: Option<&str>) -> Vec<String> {
        let home = tempfile::tempdir().unwrap();
        if let Some(text) = passfile {
            let path = home.path().join(".pgpass");
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        let env = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let around = ProcessEnvironment { env: &env, home: Some(home.path().to_path_buf()), user: Some("u".to_owned()) };
        let endpoint = Endpoint::resolve_in(Side::Old, Some(given), &around).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(endpoint.secrets_to_hide())
    }

    #[test]
    fn every_place_gives_its_passwords() {
        let file = "a:1:d:u:one\nb:*:*:*:two\n";
        assert_eq!(found("host=a port=1 dbname=x user=u", &[], Some(file)), ["one", "two"]);
        assert!(found("host=a user=u password=three", &[], None).contains(&"three".to_owned()));
        assert!(found("host=a user=u", &[("OLD_PGPASSWORD", "four")], None).contains(&"four".to_owned()));
        assert!(found("host=a user=u", &[], None).is_empty());
    }

    #[test]
    fn what_the_command_prints_is_found_and_that_it_fails_is_no_error() {
        let endpoint = Endpoint::resolve(Side::Old, Some("host=a user=u"), &|_| None).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = |command: &str| runtime.block_on(endpoint.clone().with_password_command(command).secrets_to_hide());
        assert_eq!(found("echo five"), ["five"]);
        assert!(found("exit 1").is_empty());
    }
}

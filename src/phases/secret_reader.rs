//! Reading a secret when a step or a channel needs it.
//!
//! Comes in: a name, or a place. Goes out: the secret itself, to whoever hands it to a program's environment or a server, and
//! nothing shows it from then on.
//! Never: an argument of a program, a file of the rollback, what a program said that was asked for a secret.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::keyring::{first_line, wrong};
use super::tools::{Ran, Tools, Variables};
use crate::config::SecretPlace;
use crate::error::{Error, ErrorKind, Result};
use crate::store::host_files;

/// How long a program that prints a secret may take.
const PATIENCE: Duration = Duration::from_secs(30);

impl Tools {
    /// Reads the secret of a name.
    ///
    /// # Errors
    /// `Config` where none is called so, or it cannot be read; `Permission` where others can read its file; `Interrupted`
    /// where the user asks to stop.
    pub async fn secret(&self, name: &str) -> Result<String> {
        let place = self.keyring().place(name)?;
        if let SecretPlace::File(path) = place
            && !host_files::mode_is_private(Path::new(path))?
        {
            let error = Error::new(ErrorKind::Permission, "read a secret").at(format!("[secrets] {name}"));
            return Err(error.because(format!("others than its owner can read {path}: chmod 0600")));
        }
        self.read_secret(place).await.map_err(|error| error.at(format!("[secrets] {name}")))
    }

    /// Reads the secret of a place.
    ///
    /// # Errors
    /// As [`Tools::secret`].
    pub async fn read_secret(&self, place: &SecretPlace) -> Result<String> {
        let place_of = |cause: String| wrong(self.secrets().hide(&place.to_string()), cause);
        if let Some(secret) = self.keyring().fresh(place) {
            return Ok(secret);
        }
        let text = match place {
            SecretPlace::Named(name) => return Box::pin(self.secret(name)).await,
            SecretPlace::Variable(name) => {
                self.keyring().variable(name).ok_or_else(|| place_of(format!("{name} is not set")))?
            }
            SecretPlace::File(path) => host_files::read_text(path.as_ref())?,
            SecretPlace::Command(argv) => printed(&self.ask(argv, PATIENCE).await?, &argv[0], false).map_err(place_of)?,
            SecretPlace::Vault(vault, secret) => {
                printed(&self.ask(&vault_argv(vault, secret), PATIENCE).await?, "az", true).map_err(place_of)?
            }
        };
        let secret = first_line(&text);
        if secret.is_empty() {
            return Err(place_of("it is empty".to_owned()));
        }
        self.secrets().learn(secret);
        self.keyring().keep(place, secret);
        Ok(secret.to_owned())
    }

    /// Reads secrets that steps of a process before took, so that nothing shows what may be left of them. Where one cannot be
    /// read any more, the steps that need it say so.
    ///
    /// # Errors
    /// `Interrupted` where the user asks to stop.
    pub async fn learn_again(&self, names: impl IntoIterator<Item = &str>) -> Result<()> {
        for name in names {
            if let Err(error) = self.secret(name).await
                && error.kind() == ErrorKind::Interrupted
            {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Reads the secrets that a program sees as variables.
    ///
    /// # Errors
    /// As [`Tools::secret`].
    pub async fn secret_variables(&self, names: &BTreeMap<String, String>) -> Result<Variables> {
        let mut variables = Variables::new();
        for (variable, name) in names {
            variables.push((variable.clone(), self.secret(name).await?));
        }
        Ok(variables)
    }
}

/// What a program printed that was asked for a secret. What it complains may repeat the secret: it is told only where nothing
/// was printed, of a program that is known not to.
fn printed(ran: &Ran, program: &str, may_complain: bool) -> Result<String, String> {
    if ran.is_fine() {
        return Ok(ran.out.clone());
    }
    let is_told = may_complain && ran.out.trim().is_empty();
    let ran = if is_told { ran.clone() } else { Ran { err: String::new(), ..ran.clone() } };
    Err(ran.said(program))
}

/// How a vault is asked.
fn vault_argv(vault: &str, secret: &str) -> Vec<String> {
    let words =
        ["az", "keyvault", "secret", "show", "--vault-name", vault, "--name", secret, "--query", "value", "--output", "tsv"];
    words.map(str::to_owned).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_complains_that_prints_secrets_is_told_only_of_the_azure_cli() {
        let ran = |out: &str| Ran { code: Some(3), out: out.to_owned(), err: "ERROR: hunter2".to_owned(), late: false };
        assert_eq!(printed(&ran(""), "pass", false), Err("pass ended with exit code 3".to_owned()));
        assert_eq!(printed(&ran(""), "az", true), Err("az ended with exit code 3: ERROR: hunter2".to_owned()));
        assert_eq!(printed(&ran("hunter2"), "az", true), Err("az ended with exit code 3".to_owned()));
    }
}

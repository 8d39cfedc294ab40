//! What the programs of a rollback see of this process, and what a runbook's placeholders stand for.

use std::path::Path;
use std::sync::Arc;

use super::super::Call;
use super::super::environment::OF_PROGRAMS;
use super::super::settings::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::name::Side;
use crate::phases::keyring::Keyring;
use crate::phases::secrets::{Secrets, is_secret_name};
use crate::phases::step::Step;
use crate::phases::taken::{Taken, TakenFrom};
use crate::phases::tools::{OWN, Tools};
use crate::phases::vars::Vars;
use crate::store::LocalStore;

/// Variables that every tool sees besides: how to speak, and where its own things are. Credentials are among them only where a
/// tool has no other way to get them.
const SEEN: [&str; 13] = [
    "LC_ALL",
    "TZ",
    "AZURE_CONFIG_DIR",
    "ARM_CLIENT_ID",
    "ARM_CLIENT_SECRET",
    "ARM_TENANT_ID",
    "ARM_SUBSCRIPTION_ID",
    "ARM_USE_OIDC",
    "ARM_USE_MSI",
    "TF_CLI_CONFIG_FILE",
    "TF_DATA_DIR",
    "PGPASSFILE",
    "PGSERVICEFILE",
];

/// Variables whose values nothing may show.
const SECRET: [&str; 3] = ["ARM_CLIENT_SECRET", "OLD_PGPASSWORD", "NEW_PGPASSWORD"];

/// What every tool is told: not to ask, not to paint, not to call home.
const SET: [(&str, &str); 8] = [
    ("NO_COLOR", "1"),
    ("TF_IN_AUTOMATION", "1"),
    ("TF_INPUT", "0"),
    ("TF_CLI_ARGS", "-no-color"),
    ("CHECKPOINT_DISABLE", "1"),
    ("AZURE_CORE_COLLECT_TELEMETRY", "false"),
    ("AZURE_CORE_ONLY_SHOW_ERRORS", "true"),
    ("AZURE_CORE_NO_COLOR", "true"),
];

/// What nothing may show, whatever a runbook says.
///
/// # Errors
/// `Config` where a server's address makes no sense.
pub(super) fn secrets(call: &Call, settings: &Settings) -> Result<Secrets> {
    let secrets = Secrets::default();
    let passed = settings.config.rollback().environment().iter().map(String::as_str).filter(|name| is_secret_name(name));
    for name in SECRET.into_iter().chain(passed) {
        call.environment.get(name).iter().for_each(|value| secrets.learn(value));
    }
    let servers = settings.servers_of(call)?;
    keyring(call, settings).teach(&secrets);
    Side::BOTH.iter().filter_map(|side| servers.endpoint(*side).secret_to_hide()).for_each(|secret| secrets.learn(secret));
    Ok(secrets)
}

/// What runs programs, in the folder of a rollback, a drill or a validation.
///
/// # Errors
/// As [`Tools::new`].
pub(super) async fn tools(call: &Call, settings: &Settings, store: &LocalStore) -> Result<Tools> {
    let secrets = secrets(call, settings)?;
    let servers = settings.servers_of(call)?;
    for side in Side::BOTH {
        // What the password command says is known before anything runs.
        call.stop.or(servers.endpoint(side).secrets_to_hide()).await?.iter().for_each(|secret| secrets.learn(secret));
    }
    let mut paths = settings.config.rollback().tools().clone();
    if let Ok(own) = std::env::current_exe() {
        paths.entry(OWN.to_owned()).or_insert_with(|| own.display().to_string());
    }
    let seen = OF_PROGRAMS.into_iter().chain(SEEN).chain(settings.config.rollback().environment().iter().map(String::as_str));
    let mut environment: Vec<_> =
        seen.filter_map(|name| call.environment.get(name).map(|value| (name.to_owned(), value.to_owned()))).collect();
    environment.extend(SET.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let cache = store.folder().join("kube-cache");
    environment.push(("KUBECACHEDIR".to_owned(), cache.display().to_string()));
    let servers = call.environment.of_servers().collect();
    let tools = Tools::new(paths, (environment, servers), store.clone(), secrets, call.stop.clone()).await?;
    Ok(tools.with_keyring(keyring(call, settings)))
}

/// Where the secrets are kept that steps and channels take.
pub(super) fn keyring(call: &Call, settings: &Settings) -> Keyring {
    let environment = call.environment.clone();
    let variable = move |name: &str| environment.get(name).map(str::to_owned);
    Keyring::new(settings.config.rollback().secrets().clone(), Arc::new(variable))
}

/// Which secrets a step takes, and from where.
pub(super) fn taken(call: &Call, settings: &Settings, step: &Step, secrets: &Secrets) -> Vec<TakenFrom> {
    let keyring = keyring(call, settings);
    let from = |taken: Taken<'_>| {
        let taken = taken.from(&keyring);
        TakenFrom { from: secrets.hide(&taken.from), ..taken }
    };
    step.takes().into_iter().map(from).collect()
}

/// What a runbook's placeholders stand for in an environment.
pub(super) fn vars(call: &Call, settings: &Settings, environment: &str) -> Result<Vars> {
    let mut vars = Vars::default();
    for (name, value) in settings.config.rollback().vars() {
        vars = vars.with(name, value.clone());
    }
    vars = vars.with_secrets(settings.config.rollback().secrets().keys());
    let config = std::path::absolute(settings.config_path()).unwrap_or_else(|_| settings.config_path().to_path_buf());
    vars = vars.with_text("env", environment).with_text("config", config.display().to_string());
    for (name, side) in [("old_server", Side::Old), ("new_server", Side::New)] {
        if let Some(address) = settings.address(call, side)? {
            vars = vars.with_text(name, address);
        }
    }
    // Texts of the configuration may name each other, and the environment.
    vars.settled().map_err(|cause| {
        Error::new(ErrorKind::Config, "read what runbooks' names stand for")
            .at(Path::new(settings.config_path()).display())
            .because(cause)
    })
}

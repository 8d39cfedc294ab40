//! The connection service file: named sets of connection settings.
//!
//! Comes in: the file's text and a service's name. Goes out: that service's settings.
//! Source: PostgreSQL 18 documentation, "The Connection Service File". LDAP lookups are not followed.
//! Never: opens the file, quotes a value.

use super::conninfo::Settings;
use crate::error::{Error, ErrorKind, Result};

/// Returns the settings of the first section called `name`, or nothing if the file has none.
///
/// # Errors
/// `Config`, with the line's number, if a line of that section is not a setting.
pub(super) fn section(text: &str, name: &str) -> Result<Option<Settings>> {
    let mut found: Option<Settings> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(title) = line.strip_prefix('[').and_then(|title| title.strip_suffix(']')) {
            if found.is_some() {
                break;
            }
            if title == name {
                found = Some(Settings::default());
            }
            continue;
        }
        let Some(settings) = &mut found else { continue };
        accept(settings, line).map_err(|error| error.at(format!("line {}", index + 1)))?;
    }
    Ok(found)
}

fn accept(settings: &mut Settings, line: &str) -> Result<()> {
    let refused = |cause: &str| Error::new(ErrorKind::Config, "read the service file").because(cause.to_owned());
    let Some((word, value)) = line.split_once('=') else {
        return Err(refused("the line has no ="));
    };
    if matches!(word, "service" | "servicefile") {
        return Err(refused("a service cannot refer to another service"));
    }
    settings.accept(word.trim(), value.trim().to_owned(), true)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# ours\n[other]\nhost=x\n\n[shop]\nhost = orders-12\nport=5433\npassword=a=b\n[late]\nnonsense\n";

    #[test]
    fn a_section_ends_where_the_next_begins() {
        let shop = section(FILE, "shop").unwrap().unwrap();
        assert_eq!((shop.get("host"), shop.get("port"), shop.get("password")), (Some("orders-12"), Some("5433"), Some("a=b")));
        assert_eq!(section(FILE, "missing").unwrap(), None);
    }

    #[test]
    fn a_bad_line_is_named_by_number() {
        let error = section(FILE, "late").unwrap_err();
        assert_eq!(error.places(), ["line 10"]);
        let error = section("[a]\nsslmod=x", "a").unwrap_err();
        assert_eq!(error.hints(), ["did you mean sslmode?"]);
        assert!(section("[a]\nservice=a", "a").is_err());
    }
}

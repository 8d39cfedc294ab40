//! What an archive needs of the server: roles that own what it makes or are given rights on it, and extensions.

use std::collections::BTreeSet;

use super::backup::Backup;
use super::program::{Programs, Variables};
use crate::catalog;
use crate::error::{Error, ErrorKind, Result};
use crate::pg::Session;

/// Whether what a dump says of owners and rights is carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Everything belongs to the user who restores.
    pub owner: bool,
    /// Nobody is given a right.
    pub privileges: bool,
}

/// The names that an archive's definitions mention.
#[derive(Debug, Default, PartialEq, Eq)]
struct Names {
    owners: BTreeSet<String>,
    others: BTreeSet<String>,
    extensions: BTreeSet<String>,
}

/// # Errors
/// `Refused` where the server lacks roles or extensions that an archive needs, with what would make them.
pub(super) async fn expect_needs(programs: &Programs, session: &Session, backup: &Backup, left_out: LeftOut) -> Result<()> {
    if backup.form.is_none_or(super::form::Form::is_script) {
        return Ok(());
    }
    let argv = ["pg_restore", "--schema-only", "--file=-", &backup.place].map(str::to_owned);
    let names = names(&programs.output(&argv, &Variables::new()).await?);
    let mut roles: BTreeSet<_> = if left_out.owner { BTreeSet::new() } else { names.owners.clone() };
    if !left_out.privileges {
        roles.extend(names.others.iter().cloned());
    }
    let (roles, extensions): (Vec<_>, Vec<_>) = (roles.into_iter().collect(), names.extensions.into_iter().collect());
    let found = catalog::archive_needs(session.client(), &roles, &extensions).await?;
    let mut error = Error::new(ErrorKind::Refused, "look whether the server has what the backup needs").at(&backup.place);
    let mut causes = Vec::new();
    let missing = |is_role: bool| found.iter().filter(move |one| one.is_role == is_role && !one.is_there).map(|one| &one.name);
    let quoted = |names: Vec<&String>| names.into_iter().map(|name| crate::name::Ident::new(name).sql()).collect::<Vec<_>>();
    let gone = quoted(missing(true).collect());
    if !gone.is_empty() {
        causes.push(format!("it has no role {}", gone.join(", ")));
        for role in &gone {
            error = error.next(format!("CREATE ROLE {role};"));
        }
        error = error.next("a dump of globals (pg_dumpall --globals-only) has roles with their passwords");
        error =
            error.next("or --no-owner and --no-privileges: what it makes belongs to this user, and nobody is given a right");
    }
    let gone = quoted(missing(false).collect());
    if !gone.is_empty() {
        causes.push(format!("extension {} is not installed on its machine", gone.join(", ")));
        error = error.next(format!("install {} on the server's machine, or let the provider allow it", gone.join(", ")));
    }
    let is_others = |one: &&crate::schema::ArchiveNeed| one.is_role && one.is_there && !one.may_act;
    let others: Vec<_> = found.iter().filter(is_others).filter(|one| names.owners.contains(&one.name)).collect();
    if !left_out.owner && !others.is_empty() {
        let others = quoted(others.into_iter().map(|one| &one.name).collect());
        causes.push(format!("this user may not make what belongs to {}", others.join(", ")));
        error = error.next(format!("GRANT {} TO this user, or --no-owner", others.join(", ")));
    }
    if causes.is_empty() { Ok(()) } else { Err(error.because(causes.join("; "))) }
}

/// Reads the names off the script of an archive's definitions.
fn names(script: &str) -> Names {
    let mut names = Names::default();
    let mut body: Option<String> = None;
    for line in script.lines() {
        // What functions are made of is no statement of the script's.
        let was_inside = body.is_some();
        follow(line, &mut body);
        if was_inside {
            continue;
        }
        if let Some(rest) = line.strip_prefix("CREATE EXTENSION IF NOT EXISTS ") {
            names.extensions.extend(identifier(rest));
        } else if let (true, Some((_, rest))) = (line.starts_with("ALTER "), line.split_once(" OWNER TO ")) {
            names.owners.extend(identifier(rest));
        } else if let Some((_, rest)) = line.strip_prefix("GRANT ").and_then(|rest| rest.rsplit_once(" TO ")) {
            names.others.extend(identifier(rest));
        } else if let Some(rest) = line.strip_prefix("ALTER DEFAULT PRIVILEGES FOR ROLE ") {
            names.others.extend(identifier(rest));
            names.others.extend(rest.rsplit_once(" TO ").and_then(|(_, rest)| identifier(rest)));
        }
    }
    for word in ["PUBLIC", "CURRENT_USER", "SESSION_USER", "CURRENT_ROLE"] {
        names.others.remove(word);
    }
    names
}

/// Follows whether a line ends within a dollar-quoted text.
fn follow(line: &str, body: &mut Option<String>) {
    let mut rest = line;
    while let Some(at) = rest.find('$') {
        let after = &rest[at + 1..];
        let Some(end) = after.find('$') else { return };
        let tag = &after[..end];
        if !tag.chars().all(|c| c.is_alphanumeric() || c == '_') {
            rest = after;
            continue;
        }
        match body {
            Some(open) if open != tag => {}
            Some(_) => *body = None,
            None => *body = Some(tag.to_owned()),
        }
        rest = &after[end + 1..];
    }
}

/// Reads a name as SQL spells it, at the beginning of a text.
fn identifier(text: &str) -> Option<String> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|c: char| c.is_whitespace() || matches!(c, ';' | ',')).unwrap_or(text.len());
        return (end > 0).then(|| text[..end].to_owned());
    };
    let end = quoted.replace("\"\"", "\u{1}\u{1}").find('"')?;
    Some(quoted[..end].replace("\"\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_grantees_and_extensions_are_read_off_the_script() {
        let script = "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public;\n\
            CREATE FUNCTION f() RETURNS text AS $_$\nALTER TABLE t OWNER TO nobody;\n$_$;\n\
            ALTER TABLE public.t OWNER TO \"App \"\"Owner\";\n\
            GRANT SELECT ON TABLE public.t TO reader;\nGRANT ALL ON SCHEMA public TO PUBLIC;\n\
            GRANT SELECT(a) ON TABLE public.t TO writer WITH GRANT OPTION;\n\
            ALTER DEFAULT PRIVILEGES FOR ROLE maker IN SCHEMA public GRANT ALL ON TABLES TO taker;\n";
        let found = names(script);
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(found.owners, set(&["App \"Owner"]));
        assert_eq!(found.others, set(&["reader", "writer", "maker", "taker"]));
        assert_eq!(found.extensions, set(&["uuid-ossp"]));
    }
}

//! What makes a database beside others, and puts it in the place of one.

use crate::name::{Ident, QualifiedName, literal};
use crate::schema::{DatabaseGrant, DatabaseLocale, DatabaseSetting};

/// Makes an empty database: of this locale and of this owner, or as the server makes them.
#[must_use]
pub fn create_database(database: &str, owner: Option<&str>, locale: Option<&DatabaseLocale>) -> String {
    let mut statement = format!("create database {} template template0", name(database));
    statement.extend(owner.map(|owner| format!(" owner {}", name(owner))));
    let Some(DatabaseLocale { encoding, collate, ctype, provider, locale }) = locale else { return statement };
    let texts = [("encoding", encoding), ("lc_collate", collate), ("lc_ctype", ctype)];
    statement.extend(texts.map(|(word, text)| format!(" {word} {}", literal(text))));
    match (provider.as_str(), locale.as_deref().map(literal)) {
        ("i", Some(own)) => statement.extend([" locale_provider icu icu_locale ", &own]),
        ("b", Some(own)) => statement.extend([" locale_provider builtin builtin_locale ", &own]),
        _ => {}
    }
    statement
}

/// Removes a database of our own making, whoever is connected to it.
#[must_use]
pub fn drop_own_database(database: &str) -> String {
    format!("drop database if exists {} with (force)", name(database))
}

/// Gives a database another name.
#[must_use]
pub fn rename_database(from: &str, to: &str) -> String {
    format!("alter database {} rename to {}", name(from), name(to))
}

/// Lets a database take connections, or none at all.
#[must_use]
pub fn open_database(database: &str, is_open: bool) -> String {
    format!("alter database {} allow_connections {is_open}", name(database))
}

/// Limits the sessions of a database.
#[must_use]
pub fn limit_database(database: &str, limit: i32) -> String {
    format!("alter database {} connection limit {limit}", name(database))
}

/// Says something of a database.
#[must_use]
pub fn comment_on_database(database: &str, comment: &str) -> String {
    format!("comment on database {} is {}", name(database), literal(comment))
}

/// Gives a database the rights of another one: none but these.
#[must_use]
pub fn grant_on_database(database: &str, grants: &[DatabaseGrant]) -> Vec<String> {
    let database = name(database);
    let role = |role: Option<&String>| role.map_or_else(|| "public".to_owned(), |role| name(role));
    let grant = |one: &DatabaseGrant| {
        let more = if one.grantable { " with grant option" } else { "" };
        format!("grant {} on database {database} to {}{more}", one.privilege, role(one.role.as_ref()))
    };
    std::iter::once(format!("revoke all on database {database} from public")).chain(grants.iter().map(grant)).collect()
}

/// Settings whose value is a list of names, each quoted by itself.
const LISTS: [&str; 6] = [
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];

/// Sets what another database sets; nothing where that cannot be said safely.
#[must_use]
pub fn set_on_database(database: &str, setting: &DatabaseSetting) -> Option<String> {
    let value = if LISTS.contains(&setting.name.as_str()) {
        let is_list = |c: char| c.is_alphanumeric() || "_$\", -./".contains(c);
        let is_whole = setting.value.matches('"').count().is_multiple_of(2) && setting.value.chars().all(is_list);
        // A list of nothing is an empty text.
        if setting.value.is_empty() { literal("") } else { is_whole.then(|| setting.value.clone())? }
    } else {
        literal(&setting.value)
    };
    let parts: Vec<_> = setting.name.split('.').map(name).collect();
    let (database, parts) = (name(database), parts.join("."));
    Some(match &setting.role {
        None => format!("alter database {database} set {parts} to {value}"),
        Some(role) => format!("alter role {} in database {database} set {parts} to {value}", name(role)),
    })
}

/// Counts a table's rows: its own, or those of all its partitions.
#[must_use]
pub fn count_of_table(table: &QualifiedName, with_parts: bool) -> String {
    format!("select pg_catalog.count(*) as rows from {}{}", if with_parts { "" } else { "only " }, table.sql())
}

fn name(name: &str) -> String {
    Ident::new(name).sql()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_made_like_another() {
        let locale = DatabaseLocale {
            encoding: "UTF8".to_owned(),
            collate: "C".to_owned(),
            ctype: "de_DE.UTF-8".to_owned(),
            provider: "i".to_owned(),
            locale: Some("de".to_owned()),
        };
        assert_eq!(
            create_database("a\"b", Some("o"), Some(&locale)),
            "create database \"a\"\"b\" template template0 owner \"o\" encoding 'UTF8' lc_collate 'C' lc_ctype 'de_DE.UTF-8' \
             locale_provider icu icu_locale 'de'"
        );
        assert_eq!(create_database("a", None, None), "create database \"a\" template template0");
    }

    #[test]
    fn settings_are_said_as_they_were_meant() {
        let set = |name: &str, value: &str, role: Option<&str>| {
            let (role, name, value) = (role.map(str::to_owned), name.to_owned(), value.to_owned());
            set_on_database("d", &DatabaseSetting { role, name, value })
        };
        assert_eq!(set("work_mem", "5MB", None).unwrap(), "alter database \"d\" set \"work_mem\" to '5MB'");
        assert_eq!(
            set("search_path", "\"$user\", app", Some("r")).unwrap(),
            "alter role \"r\" in database \"d\" set \"search_path\" to \"$user\", app"
        );
        assert_eq!(set("search_path", "a; drop table t", None), None);
        assert_eq!(set("app.it's", "x", None).unwrap(), "alter database \"d\" set \"app\".\"it's\" to 'x'");
    }
}

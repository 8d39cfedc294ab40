//! Columns with their values as one text, as of a row's key: `id=42`, or `tenant='a, b',id=42` for a key of two columns. Values
//! are written as `failback show` prints them: what stands in quotes is what they enclose.

/// Reads a value as it is printed; a text in quotes is what they enclose.
///
/// # Errors
/// A sentence, where it is no value.
pub fn read_value(text: &str) -> Result<String, String> {
    match literal(text) {
        Some(Ok((value, ""))) => Ok(value),
        Some(_) => Err(unread(text)),
        None => bare(text),
    }
}

fn unread(text: &str) -> String {
    format!("`{text}` begins with a quote and is no text in quotes: write it as `failback show` prints it")
}

fn bare(text: &str) -> Result<String, String> {
    match text {
        "NULL" => Err("`NULL` is no value; the text is written 'NULL', in quotes".to_owned()),
        "(masked)" => Err("the value is masked: it is to be written as it is".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// Reads the literal that a text begins with, and returns what comes behind it; `None` where it begins with none.
fn literal(text: &str) -> Option<Result<(String, &str), ()>> {
    match text.strip_prefix('E').unwrap_or(text) {
        quoted if quoted.starts_with('\'') => Some(enclosed(&quoted[1..], text.starts_with('E')).ok_or(())),
        _ => None,
    }
}

/// What quotes enclose, behind the first of them; with `escapes`, a backslash says what comes behind it.
fn enclosed(literal: &str, escapes: bool) -> Option<(String, &str)> {
    let mut characters = literal.chars();
    let mut text = String::new();
    loop {
        match characters.next()? {
            '\'' => match characters.as_str().strip_prefix('\'') {
                Some(_) => text.extend(characters.next()),
                None => return Some((text, characters.as_str())),
            },
            '\\' if escapes => text.push(match characters.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '\\' => '\\',
                length @ ('u' | 'U') => {
                    let digits: String = characters.by_ref().take(if length == 'u' { 4 } else { 8 }).collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                }
                _ => return None,
            }),
            other => text.push(other),
        }
    }
}

/// Reads a key. A comma within a bare value is one that another column's name and `=` do not follow.
///
/// # Errors
/// A sentence, where it is no key.
pub fn read_key(text: &str) -> Result<Vec<(String, String)>, String> {
    let (mut pairs, mut rest) = (Vec::new(), text);
    loop {
        let (column, behind) = name(rest)?;
        let (value, behind) = match literal(behind) {
            Some(Ok((value, behind))) if behind.is_empty() || behind.starts_with(',') => (value, behind),
            Some(_) => return Err(unread(behind)),
            None => {
                let ends = |(at, _): &(usize, &str)| {
                    let next = &behind[at + 1..];
                    if next.trim_start().starts_with('"') {
                        return name(next).is_ok();
                    }
                    next.split(',').next().is_some_and(|part| part.contains('='))
                };
                let end = behind.match_indices(',').find(ends).map_or(behind.len(), |(at, _)| at);
                (bare(&behind[..end])?, &behind[end..])
            }
        };
        pairs.push((column, value));
        match behind.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok(pairs),
        }
    }
}

/// Reads a column's name, in double quotes or bare, and returns what comes behind its `=`.
fn name(text: &str) -> Result<(String, &str), String> {
    let lacks = || format!("`{text}` has no `=`");
    let Some(quoted) = text.trim_start().strip_prefix('"') else {
        let (name, behind) = text.split_once('=').ok_or_else(lacks)?;
        return Ok((name.trim().to_owned(), behind));
    };
    let (name, behind) = enclosed_name(quoted).ok_or_else(|| endless(text))?;
    let behind = behind.trim_start().strip_prefix('=').ok_or_else(lacks)?;
    Ok((name, behind))
}

fn endless(text: &str) -> String {
    format!("`{text}` begins with a quote that has no end")
}

/// What double quotes enclose, behind the first of them, and what comes behind the last.
fn enclosed_name(quoted: &str) -> Option<(String, &str)> {
    let mut characters = quoted.chars();
    let mut name = String::new();
    loop {
        match characters.next()? {
            '"' if characters.as_str().starts_with('"') => name.extend(characters.next()),
            '"' => return Some((name, characters.as_str())),
            character => name.push(character),
        }
    }
}

/// Reads names of columns, with commas between; one that is no plain word stands in double quotes.
///
/// # Errors
/// A sentence, where they are none.
pub(super) fn read_names(text: &str) -> Result<Vec<String>, String> {
    let (mut names, mut rest) = (Vec::new(), text.trim_start());
    loop {
        let (name, behind) = if let Some(quoted) = rest.strip_prefix('"') {
            let (name, behind) = enclosed_name(quoted).ok_or_else(|| endless(rest))?;
            (name, behind.trim_start())
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (rest[..end].trim_end().to_owned(), &rest[end..])
        };
        if name.is_empty() || !(behind.is_empty() || behind.starts_with(',')) {
            return Err(format!("`{text}` is no list of columns' names with commas between"));
        }
        names.push(name);
        match behind.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => return Ok(names),
        }
    }
}

fn is_plain(text: &str, more: &str) -> bool {
    !text.is_empty() && text.chars().all(|one| one.is_ascii_alphanumeric() || one == '_' || more.contains(one))
}

fn write_name(name: &str) -> String {
    if is_plain(name, "") { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Writes names so that [`read_names`] reads them.
pub(super) fn write_names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(write_name).collect::<Vec<_>>().join(",")
}

/// Writes a key so that [`read_key`] reads it.
pub fn write_key<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pair = |(name, value): (&str, &str)| {
        let is_bare = is_plain(value, "-.:@/+") && value != "NULL";
        let value = if is_bare { value.to_owned() } else { format!("'{}'", value.replace('\'', "''")) };
        format!("{}={value}", write_name(name))
    };
    pairs.into_iter().map(pair).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn keys_are_read() {
        assert_eq!(read_key("id=42").unwrap(), [pair("id", "42")]);
        assert_eq!(read_key("a=x,y,b=").unwrap(), [pair("a", "x,y"), pair("b", "")]);
        let quoted = [pair("a", " x, b='"), pair("c", "\n"), pair("d", "NULL")];
        assert_eq!(read_key("a=' x, b=\'\'',c=E'\\n',d='NULL'").unwrap(), quoted);
        for wrong in ["42", "a='b", "a='b'c", "\"a=1", "\"a\"1", "a=NULL", "a=(masked)", "a=E'\\x'", "a=1,'b'"] {
            assert!(read_key(wrong).is_err() || wrong == "a=1,'b'", "{wrong}");
        }
        assert_eq!(read_key("42").unwrap_err(), "`42` has no `=`");
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for names in [vec!["a"], vec!["a", "B c", "d,e", "f\"g", "\"", " h "], vec!["=x"]] {
            assert_eq!(read_names(&write_names(names.iter().copied())).unwrap(), names);
        }
        assert_eq!(read_names(" a , \"b\" ,c ").unwrap(), ["a", "b", "c"]);
        for wrong in ["", "a,", ",a", "\"a\"b", "\"\""] {
            assert_eq!(read_names(wrong).unwrap_err(), format!("`{wrong}` is no list of columns' names with commas between"));
        }
        assert_eq!(read_names("\"a").unwrap_err(), "`\"a` begins with a quote that has no end");
    }

    #[test]
    fn what_is_written_is_read() {
        let values =
            ["", "42", "NULL", " x", "'NULL'", "a,b=c", "E'x'", "it's", "a\nb", "日本", "2026-01-01 10:00:00+00", "\\"];
        for value in values {
            for name in ["id", "Na \"me", "a=b", "a,b"] {
                let pairs = [pair("x", value), pair(name, value)];
                let text = write_key(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
                assert_eq!(read_key(&text).unwrap(), pairs, "{text}");
            }
        }
        assert_eq!(write_key([("id", "42"), ("Name", "a b")]), "id=42,Name='a b'");
    }
}

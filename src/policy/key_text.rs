//! A row's key as one text: `id=42`, or `tenant='a, b',id=42` for a key of two columns. Values are written as `failback show`
//! prints them: what stands in quotes is what they enclose.

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
    let mut characters = quoted.chars();
    let mut name = String::new();
    loop {
        match characters.next() {
            Some('"') if characters.as_str().starts_with('"') => name.extend(characters.next()),
            Some('"') => break,
            Some(character) => name.push(character),
            None => return Err(format!("`{text}` begins with a quote that has no end")),
        }
    }
    let behind = characters.as_str().trim_start().strip_prefix('=').ok_or_else(lacks)?;
    Ok((name, behind))
}

/// Writes a key so that [`read_key`] reads it.
pub fn write_key<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let plain = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|one| one.is_ascii_alphanumeric() || one == '_' || more.contains(one))
    };
    let pair = |(name, value): (&str, &str)| {
        let name = if plain(name, "") { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) };
        let is_bare = plain(value, "-.:@/+") && value != "NULL";
        let value = if is_bare { value.to_owned() } else { format!("'{}'", value.replace('\'', "''")) };
        format!("{name}={value}")
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

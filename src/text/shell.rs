//! Words as a shell takes them: for commands that a person may copy. failback itself runs no shell.

/// Quotes a word for a shell, where it needs quotes.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Writes a list of arguments as one line.
#[must_use]
pub fn shell_line<W: AsRef<str>>(words: &[W]) -> String {
    words.iter().map(|word| shell_word(word.as_ref())).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_that_need_quotes_get_them() {
        assert_eq!(shell_line(&["az", "group", "exists", "-n", "mys-dev-rg"]), "az group exists -n mys-dev-rg");
        assert_eq!(shell_line(&["echo", "", "it's $HOME"]), r"echo '' 'it'\''s $HOME'");
    }
}

//! Long lines, broken where they may be broken: at blanks. A word that alone is wider than a line, as a path or the name of a
//! table, is broken where its parts end; one of a command never is.

/// Behind what a word may be broken.
const ENDS: &str = "./_-,:";

/// Breaks a line at blanks, so that none of its lines is wider than `width`, and a word that does not fit into any behind one
/// of its parts. Lines from the second on begin with `indent` blanks.
pub(super) fn fold(line: &str, width: Option<usize>, indent: usize) -> String {
    fold_at(line, width, indent, |word, room| parts(word, room))
}

/// As [`fold`], and leaves every word whole: what may hold a command is copied.
pub(super) fn fold_whole(line: &str, width: Option<usize>, indent: usize) -> String {
    fold_at(line, width, indent, |word, _| vec![word])
}

fn fold_at<'a>(line: &'a str, width: Option<usize>, indent: usize, parts: impl Fn(&'a str, usize) -> Vec<&'a str>) -> String {
    let Some(width) = width.filter(|width| columns(line) > *width) else { return line.to_owned() };
    let (mut text, mut at, mut begins) = (String::with_capacity(line.len() + 2 * indent), 0, 0);
    for (blanks, word) in words(line) {
        if at > begins && at + blanks.len() + columns(word) > width {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            (at, begins) = (indent, indent);
        } else {
            text.push_str(blanks);
            at += blanks.len();
        }
        for (number, part) in parts(word, width.saturating_sub(at)).into_iter().enumerate() {
            if number > 0 {
                text.push('\n');
                text.push_str(&" ".repeat(indent));
                (at, begins) = (indent, indent);
            }
            text.push_str(part);
            at += columns(part);
        }
    }
    text
}

/// Cuts a word that is wider than `room` behind its last part that fits. Where none fits, it is cut behind the first, or not at
/// all: then it is the terminal that breaks it.
fn parts(word: &str, room: usize) -> Vec<&str> {
    let (mut found, mut rest) = (Vec::new(), word);
    while columns(rest) > room {
        let ends = rest.char_indices().filter(|(_, c)| ENDS.contains(*c)).map(|(at, c)| at + c.len_utf8());
        let mut ends = ends.filter(|end| *end < rest.len()).peekable();
        let first = ends.peek().copied();
        let Some(cut) = ends.take_while(|end| columns(&rest[..*end]) <= room).last().or(first) else { break };
        found.push(&rest[..cut]);
        rest = &rest[cut..];
    }
    found.push(rest);
    found
}

/// How a line ends that goes on in the next, for a shell: between words, and within apostrophes, where every blank counts.
const GOES_ON: [&str; 2] = [" \\\n", "'\\\n'"];

/// Breaks a command so that a shell reads all its lines as one, and its words as they were.
pub(super) fn fold_command(line: &str, width: Option<usize>, indent: usize) -> String {
    let Some(width) = width.filter(|width| columns(line) > *width) else { return line.to_owned() };
    let (mut text, mut at, mut quoted) = (String::with_capacity(line.len() * 2), 0, false);
    let mut words = words(line).peekable();
    while let Some((blanks, word)) = words.next() {
        let begins = if quoted { 1 } else { indent };
        // What ends a line takes room too, and within apostrophes the blanks before it stay on it.
        let room = if words.peek().is_some() { width.saturating_sub(3) } else { width };
        if at > begins && at + blanks.len() + columns(word) > room {
            if quoted {
                text.extend([blanks, GOES_ON[1]]);
            } else {
                text.push_str(GOES_ON[0]);
                text.push_str(&" ".repeat(indent));
            }
            at = begins;
        } else {
            text.push_str(blanks);
            at += blanks.len();
        }
        text.push_str(word);
        at += columns(word);
        quoted = is_open(word, quoted);
    }
    text
}

/// Whether an apostrophe is open behind a word, as a shell reads it.
fn is_open(word: &str, mut quoted: bool) -> bool {
    let mut characters = word.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' => quoted = !quoted,
            '\\' if !quoted => drop(characters.next()),
            _ => {}
        }
    }
    quoted
}

/// Returns how many columns a text takes: one a character, none for what paints it. Wide letters in names are rare, and a line
/// that is out by one is still read.
pub(super) fn columns(text: &str) -> usize {
    let (mut columns, mut paints) = (0, false);
    for character in text.chars() {
        match character {
            '\u{1b}' => paints = true,
            'm' if paints => paints = false,
            _ if paints => {}
            _ => columns += 1,
        }
    }
    columns
}

/// Cuts a line into words, each with the blanks before it.
fn words(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let begins = rest.find(|c| c != ' ')?;
        let ends = rest[begins..].find(' ').map_or(rest.len(), |length| begins + length);
        let (word, behind) = (&rest[..ends], &rest[ends..]);
        rest = behind;
        Some(word.split_at(begins))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_blanks_and_words_are_not() {
        assert_eq!(fold("  one two  three", Some(9), 4), "  one two\n    three");
        assert_eq!(fold("  one two  three", Some(8), 4), "  one\n    two\n    three");
        assert_eq!(fold("one incomprehensibilities two", Some(9), 2), "one\n  incomprehensibilities\n  two");
        assert_eq!(fold("one two three", None, 2), "one two three");
        assert_eq!(fold("", Some(9), 2), "");
    }

    #[test]
    fn a_word_that_fits_into_no_line_is_broken_behind_its_parts() {
        assert_eq!(
            fold("from warehousing.consignment_positions now", Some(16), 2),
            "from\n  warehousing.\n  consignment_\n  positions now"
        );
        assert_eq!(fold("at /var/lib/a/b", Some(10), 3), "at\n   /var/\n   lib/a/b");
        assert_eq!(fold("a.b.c fits", Some(9), 2), "a.b.c\n  fits", "a word that fits is left whole");
        assert_eq!(fold_whole("--run /var/lib/a/b", Some(10), 3), "--run\n   /var/lib/a/b");
    }

    #[test]
    fn paint_has_no_width() {
        assert_eq!(fold("\u{1b}[1mone two\u{1b}[0m", Some(7), 2), "\u{1b}[1mone two\u{1b}[0m");
        assert_eq!(fold("\u{1b}[1mone two\u{1b}[0m", Some(6), 2), "\u{1b}[1mone\n  two\u{1b}[0m");
    }

    #[test]
    fn a_command_that_is_broken_can_be_pasted() {
        assert_eq!(
            fold_command("next: failback merge --run a", Some(17), 8),
            "next: failback \\\n        merge \\\n        --run a"
        );
        assert_eq!(fold_command("failback merge", Some(14), 4), "failback merge");
        let reason = r"failback decide --why 'it'\''s OLD that they use' --by ada";
        let folded = "failback decide \\\n    --why \\\n    'it'\\''s OLD '\\\n'that they use' \\\n    --by ada";
        assert_eq!(fold_command(reason, Some(20), 4), folded);
        let read = |command: &str| {
            let script = format!("failback() {{ printf '%s|' \"$@\"; }}; {command}");
            std::process::Command::new("sh").args(["-c", &script]).output().expect("sh").stdout
        };
        assert_eq!(read(folded), read(reason));
    }
}

//! Text that fits: cut or filled to so many columns of a terminal, with wide characters counted as what they take.

use ratatui_core::text::Span;

use crate::cli::amount;

/// Returns how many columns a text takes.
pub(super) fn columns(text: &str) -> usize {
    Span::raw(text).width()
}

/// Cuts a text to so many columns, with a mark where something is left out.
pub(in crate::cli) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let (mut kept, mut taken) = (String::new(), 0);
    for character in text.chars() {
        let mut bytes = [0; 4];
        let own = columns(character.encode_utf8(&mut bytes));
        if taken + own >= width {
            break;
        }
        kept.push(character);
        taken += own;
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

/// As [`cut`], with what is left out at the front: names are told apart by their ends.
pub(super) fn cut_front(text: &str, width: usize) -> String {
    let turned = |text: &str| text.chars().rev().collect::<String>();
    turned(&cut(&turned(text), width))
}

/// As [`cut`], from a bit before a place on, where that would be cut off.
pub(super) fn near(text: &str, place: usize, width: usize) -> String {
    if columns(text) <= width || place < width * 2 / 3 {
        return cut(text, width);
    }
    let rest: String = text.chars().skip(place - width / 3).collect();
    cut(&format!("…{rest}"), width)
}

/// Cuts or fills a text to exactly so many columns.
pub(in crate::cli) fn fit(text: &str, width: usize) -> String {
    let mut text = cut(text, width);
    text.push_str(&" ".repeat(width.saturating_sub(columns(&text))));
    text
}

/// As [`fit`], with what fills it at the front: numbers.
pub(super) fn right(text: &str, width: usize) -> String {
    let text = cut(text, width);
    format!("{}{text}", " ".repeat(width.saturating_sub(columns(&text))))
}

/// A number in so many columns: whole where it has room, else in millions.
pub(super) fn number(number: u64, width: usize) -> String {
    let whole = amount::count(number);
    right(&if whole.len() <= width { whole } else { format!("{}M", amount::count(number / 1_000_000)) }, width)
}

/// Breaks a text into lines of so many columns.
pub(in crate::cli) fn wrap(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut line, mut taken) = (Vec::new(), String::new(), 0);
    for character in text.chars() {
        let mut bytes = [0; 4];
        let own = columns(character.encode_utf8(&mut bytes));
        if taken + own > width.max(1) {
            lines.push(std::mem::take(&mut line));
            taken = 0;
        }
        line.push(character);
        taken += own;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_take_what_they_are_given() {
        assert_eq!((fit("paid", 6).as_str(), fit("paid", 3).as_str()), ("paid  ", "pa…"));
        assert_eq!((fit("日本語", 4).as_str(), columns(&fit("日本語", 4))), ("日… ", 4));
        assert_eq!((cut_front("shop: app.users", 9), cut_front("users", 9)), ("…pp.users".to_owned(), "users".to_owned()));
        assert_eq!((near("aaaaaaaaab", 9, 6), near("aaaaaaaaab", 2, 6)), ("…aab".to_owned(), "aaaaa…".to_owned()));
        assert_eq!((cut("x", 0), right("7", 3)), (String::new(), "  7".to_owned()));
        assert_eq!((number(12_345, 9), number(12_345_678, 9)), ("   12,345".to_owned(), "      12M".to_owned()));
        assert_eq!(wrap("abcdef日本", 4), ["abcd", "ef日", "本"]);
    }
}

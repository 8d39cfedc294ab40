//! A place in a list of which a part is seen.

use std::ops::Range;

use super::key_map::Command;

/// A place in a list of which a part is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    /// Where it is.
    pub(super) at: u64,
    /// The first that is seen.
    top: u64,
    /// How many there are.
    pub(super) len: u64,
    /// How many are seen at a time.
    height: u64,
}

impl List {
    pub(super) fn of(len: u64) -> Self {
        Self { len, height: 1, ..Self::default() }
    }

    /// Goes where a key asks to; says whether it was one that goes anywhere.
    pub(super) fn go(&mut self, command: Command) -> bool {
        let page = self.height.saturating_sub(1).max(1);
        let at = match command {
            Command::Up => self.at.saturating_sub(1),
            Command::Down => self.at.saturating_add(1),
            Command::PageUp => self.at.saturating_sub(page),
            Command::PageDown => self.at.saturating_add(page),
            Command::First => 0,
            Command::Last => u64::MAX,
            _ => return false,
        };
        self.to(at);
        true
    }

    /// Goes to a place, or as far as there is one.
    pub(super) fn to(&mut self, at: u64) {
        self.at = at.min(self.len.saturating_sub(1));
        self.settle();
    }

    /// Takes in how many there are now.
    pub(super) fn resize(&mut self, len: u64) {
        self.len = len;
        self.to(self.at);
    }

    /// Takes in how many are seen now.
    pub(super) fn see(&mut self, height: u64) {
        self.height = height.max(1);
        self.settle();
    }

    /// Those that are seen.
    pub(super) fn seen(&self) -> Range<u64> {
        self.top..self.top.saturating_add(self.height).min(self.len)
    }

    /// The place is among those that are seen, and no line stays empty that need not.
    fn settle(&mut self) {
        self.top = self.top.min(self.at).max((self.at + 1).saturating_sub(self.height));
        self.top = self.top.min(self.len.saturating_sub(self.height));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_always_seen() {
        let mut list = List::of(100);
        list.see(10);
        let steps = [
            (Command::Up, 0, 0..10),
            (Command::Down, 1, 0..10),
            (Command::PageDown, 10, 1..11),
            (Command::Last, 99, 90..100),
            (Command::Down, 99, 90..100),
            (Command::PageUp, 90, 90..100),
            (Command::Up, 89, 89..99),
            (Command::First, 0, 0..10),
        ];
        for (command, at, seen) in steps {
            assert!(list.go(command));
            assert_eq!((list.at, list.seen()), (at, seen), "{command:?}");
        }
        list.to(50);
        list.resize(5);
        assert_eq!((list.at, list.seen()), (4, 0..5));
        list.resize(0);
        assert_eq!((list.at, list.seen()), (0, 0..0));
        assert!(!list.go(Command::Enter));
    }
}

//! The overlay of keys, made from the key map.

use ratatui_core::text::Line;

use super::look::heading;
use super::text::fit;
use crate::cli::review::key_map::{self, Place};

/// What each key does at a place.
pub(super) fn lines(place: Place, reads_only: bool, from: u64) -> Vec<Line<'static>> {
    let all = key_map::bindings_of(place, reads_only).map(|binding| {
        let keys: Vec<_> = binding.keys.iter().map(|key| key.label()).collect();
        Line::raw(format!("   {} {}", fit(&keys.join(", "), 16), binding.does))
    });
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    [heading(" keys"), Line::default()].into_iter().chain(all.skip(from)).collect()
}

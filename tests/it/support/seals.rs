//! The digest that each of a run's JSON files ends with, as docs/staging-format.md describes it, worked out anew.

use std::path::Path;

/// What stands before the digest.
pub(crate) fn unsealed(text: &str) -> &str {
    let at = text.rfind("  \"own_blake3\": ").expect("a digest as the last entry");
    &text[..at]
}

/// Adds the digest to what stands before it.
pub(crate) fn sealed(mut head: Vec<u8>) -> Vec<u8> {
    let digest = blake3::hash(&head).to_hex().to_string();
    head.extend_from_slice(format!("  \"own_blake3\": \"{digest}\"\n}}\n").as_bytes());
    head
}

/// Edits one of a run's JSON files as somebody who knows of the digest would.
pub(crate) fn edit_index(path: &Path, edit: impl FnOnce(&str) -> String) {
    let text = std::fs::read_to_string(path).expect("an index");
    let head = edit(unsealed(&text));
    assert_ne!(head, unsealed(&text), "the edit changes something");
    std::fs::write(path, sealed(head.into_bytes())).expect("an index");
}

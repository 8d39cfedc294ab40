//! The page's own style and script, and the digests by which a browser knows them: it runs and applies nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// How the page looks.
pub(super) const STYLE: &str = include_str!("style.css");

/// What the page does, in files of one noun each. They share one scope, which begins and ends here.
pub(super) const SCRIPT: &str = concat!(
    "\"use strict\";\n(() => {\n",
    include_str!("theme.js"),
    include_str!("grids.js"),
    include_str!("marks.js"),
    include_str!("picks.js"),
    include_str!("values.js"),
    include_str!("browser.js"),
    "})();\n"
);

/// What the browser may do with the page: nothing but show it and run its own script. Whatever a row holds, it cannot fetch,
/// send, frame or run anything.
pub(super) fn policy() -> String {
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(SCRIPT),
        digest(STYLE)
    )
}

fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}

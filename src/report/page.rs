//! The page as a whole.

use super::html::Html;
use super::{bundle, conflicts, coverage, data, decisions, origin, rows, tables, timeline, verdict, warnings};
use crate::engine::Account;

/// The page's sections, in their order, as the list of contents names them.
const SECTIONS: [(&str, &str); 9] = [
    ("#verdict", "Verdict"),
    ("#coverage", "Coverage"),
    ("#tables", "Tables"),
    ("#timeline", "Timeline"),
    ("#conflicts", "Conflicts"),
    ("#rows", "Rows"),
    ("#decisions", "Decisions"),
    ("#warnings", "Warnings"),
    ("#origin", "Origin"),
];

/// Returns the page as one document.
#[must_use]
pub fn page(account: &Account) -> String {
    let mut html = Html::default();
    html.verbatim("<!doctype html>\n");
    html.element("html", &[("lang", "en")], |html| {
        html.element("head", &[], |html| head(html, account));
        html.element("body", &[], |html| body(html, account));
    });
    html.into_text()
}

fn head(html: &mut Html, account: &Account) {
    html.open("meta", &[("charset", "utf-8")]);
    html.open("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &bundle::policy())]);
    html.open("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    html.open("meta", &[("name", "color-scheme"), ("content", "light dark")]);
    html.open("meta", &[("name", "referrer"), ("content", "no-referrer")]);
    html.leaf("title", &[], &format!("failback: run {}", account.id));
    html.element("style", &[], |html| html.verbatim(bundle::STYLE));
}

fn body(html: &mut Html, account: &Account) {
    html.leaf("a", &[("href", "#verdict"), ("class", "skip")], "Skip to the verdict");
    html.element("header", &[], |html| {
        html.element("p", &[("class", "title")], |html| {
            html.leaf("strong", &[], "failback");
            html.leaf("span", &[], &format!(" run {}, {}, {}", account.id, account.state, account.made_at));
        });
        html.element("nav", &[("aria-label", "Sections")], |html| {
            for (target, name) in SECTIONS {
                html.leaf("a", &[("href", target)], name);
            }
        });
        html.element("div", &[("id", "theme")], |_| {});
    });
    html.element("aside", &[("class", "production"), ("aria-label", "What this page holds")], |html| {
        html.text(production(account));
    });
    html.element("main", &[], |html| {
        verdict::write(html, account);
        coverage::write(html, account);
        tables::write(html, account);
        timeline::write(html, account);
        conflicts::write(html, account);
        rows::write(html, account);
        decisions::write(html, account);
        warnings::write(html, account);
        origin::write(html, account);
    });
    data::write(html, account);
    html.element("script", &[], |html| html.verbatim(bundle::SCRIPT));
}

/// Says what the page holds of the databases.
const fn production(account: &Account) -> &'static str {
    if account.values {
        "This page contains production rows: keep it where the databases' rows may be kept."
    } else {
        "This page contains keys of production rows, and no other value of theirs: keep it where these may be kept."
    }
}

//! Bars: how many rows of a table differ, by what that means.

use super::html::Html;
use crate::delta::Class;
use crate::engine::TableAccount;
use crate::text::amount;

/// Classes that people take together.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    New,
    Conflict,
    Ambiguous,
    Old,
}

impl Group {
    pub(super) const ALL: [Self; 4] = [Self::New, Self::Conflict, Self::Ambiguous, Self::Old];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::New => "NEW alone",
            Self::Conflict => "conflicts",
            Self::Ambiguous => "ambiguous",
            Self::Old => "OLD alone, drift",
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Conflict => "conflict",
            Self::Ambiguous => "ambiguous",
            Self::Old => "old",
        }
    }

    const fn of(class: Class) -> Option<Self> {
        match class {
            Class::Insert | Class::Update | Class::Delete => Some(Self::New),
            Class::InsertExists
            | Class::UpdateOriginDiffers
            | Class::UpdateDeleted
            | Class::UpdateMissing
            | Class::DeleteOriginDiffers => Some(Self::Conflict),
            Class::AmbiguousMissingOnOld
            | Class::AmbiguousDeletedOnOld
            | Class::AmbiguousMissingOnNew
            | Class::AmbiguousDiffers => Some(Self::Ambiguous),
            Class::OldOnly | Class::Drift => Some(Self::Old),
            Class::Convergent | Class::Unchanged => None,
        }
    }

    pub(super) fn rows(self, table: &TableAccount) -> u64 {
        table.counts.sum_of(|class| Self::of(class) == Some(self))
    }
}

/// How wide the longest bar is.
const WIDTH: u64 = 240;

/// Says which colour is what. The numbers stand beside each bar: nobody has to tell colours apart.
pub(super) fn legend(html: &mut Html) {
    html.element("p", &[("class", "legend")], |html| {
        for group in Group::ALL {
            html.element("span", &[("class", group.class())], |html| html.text(group.name()));
        }
    });
}

/// Draws a table's bar; `most` is the number of rows of the longest.
pub(super) fn bar(html: &mut Html, table: &TableAccount, most: u64) {
    let parts: Vec<_> = Group::ALL.iter().map(|group| (*group, group.rows(table))).filter(|(_, rows)| *rows > 0).collect();
    let said: Vec<_> = parts.iter().map(|(group, rows)| format!("{} {}", amount::count(*rows), group.name())).collect();
    let (view, label) = (format!("0 0 {WIDTH} 12"), said.join(", "));
    html.element("svg", &[("viewBox", &view), ("role", "img"), ("aria-label", &label), ("class", "bar")], |html| {
        let mut at = 0;
        for (group, rows) in parts {
            // A row among millions shows all the same.
            let width = (rows.saturating_mul(WIDTH) / most.max(1)).max(2);
            let (x, wide) = (at.to_string(), width.to_string());
            html.element(
                "rect",
                &[("x", &x), ("y", "0"), ("width", &wide), ("height", "12"), ("class", group.class())],
                |_| {},
            );
            at += width;
        }
    });
}

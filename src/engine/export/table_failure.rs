//! Tables whose rows turn out not to be carriable while they are read: they are left out with the reason, and the others go on.

use crate::error::{Error, ErrorKind};
use crate::name::Side;
use crate::pg::sqlstate;
use crate::schema::TimeColumns;
use crate::staging::layout::TableId;
use crate::staging::{Aside, DatabaseRecord, LeftOut};

/// Whether a failure is one of the table's own values and not of the server, the network or the disk: bytes without characters,
/// a row that is wider than a message may be, damaged pages.
pub(crate) fn is_of_the_table(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Malformed => true,
        // Data exceptions, limits of the program, damaged data; an allocation that is refused is an internal error (XX000).
        ErrorKind::Server => {
            sqlstate(error).is_some_and(|state| ["22", "54", "XX"].iter().any(|class| state.starts_with(class)))
        }
        _ => false,
    }
}

/// Says in a sentence what went wrong.
pub(crate) fn sentence(error: &Error) -> String {
    let causes: Vec<_> = error.causes().iter().map(ToString::to_string).collect();
    format!("its rows cannot be read: {error}: {}", causes.join(": "))
}

/// Moves tables from those that are carried to those that are not.
pub(crate) fn leave_out(database: &mut DatabaseRecord, failures: Vec<(TableId, String)>) {
    for (id, reason) in failures {
        if let Some(at) = database.tables.iter().position(|table| table.id == id) {
            let record = database.tables.remove(at);
            let times = if record.stamps_prove { record.times } else { TimeColumns::default() };
            database.aside.push(Aside { name: record.name, times });
            let name = record.new.name;
            database.left_out.push(LeftOut {
                side: Side::New,
                name,
                reason,
                blocker: true,
                by_choice: false,
                unreadable: true,
            });
        }
    }
}

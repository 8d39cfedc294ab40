//! What the engine tells whoever watches. Events, no widgets: `cli` draws bars, lines or nothing from them.

/// Something worth telling.
#[derive(Clone, Debug)]
pub enum Event {
    /// A step began.
    Began {
        /// The step, as its verb is called.
        step: &'static str,
        /// How many rows it will look at, by estimate; 0 where unknown.
        rows: u64,
        /// How many of them it will write to OLD then.
        written: u64,
    },
    /// Rows of a table were looked at, for the first time in this step: what is read once more is not told.
    Rows {
        /// The database's name, the same on both sides.
        database: String,
        /// The table by OLD's name, as `schema.name`.
        table: String,
        /// How many more.
        rows: u64,
        /// How many more bytes of them crossed a connection.
        bytes: u64,
    },
    /// Rows of a table were written to OLD. They were looked at before.
    Written {
        /// The database's name, the same on both sides.
        database: String,
        /// The table by OLD's name, as `schema.name`.
        table: String,
        /// How many more.
        rows: u64,
    },
    /// What was done of a chunk, or in a transaction, came to nothing, and is done again.
    Again {
        /// How many rows that were looked at will be looked at again.
        rows: u64,
        /// How many rows that were written will be written again.
        written: u64,
    },
    /// Something that a person should know.
    Note(String),
    /// The step ended.
    Ended {
        /// The verb: `export`, `diff`, `plan`, `merge`, `undo` or `verify`.
        step: &'static str,
    },
}

/// Takes events. Called from several threads; must not block.
pub trait Progress: Send + Sync {
    /// Takes one event.
    fn event(&self, event: Event);
}

/// Discards every event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _event: Event) {}
}

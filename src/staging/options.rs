//! How a segment is encoded: what is chosen per table, and what was measured once and holds for all.

use parquet::basic::{Compression as ParquetCompression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

use crate::error::{Error, ErrorKind, Result};

/// How pages are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Zstandard at a level from 1 to 22. Level 1 is the default.
    Zstd(u8),
    /// LZ4 without a frame, which every current Parquet reader knows.
    Lz4Raw,
    /// Snappy.
    Snappy,
    /// As is.
    None,
}

impl Default for Compression {
    fn default() -> Self {
        Self::Zstd(1)
    }
}

/// How one segment is written.
#[derive(Clone, Debug)]
pub struct SegmentOptions {
    /// How pages are compressed.
    pub compression: Compression,
    /// A row group ends once it has taken in this many bytes of Arrow data. Bounds the writer's memory.
    pub row_group_bytes: usize,
    /// The columns that get a dictionary, by name. Everywhere else it costs more than it saves: on columns with mostly different
    /// values a dictionary takes more time than zstd level 1 and makes the file larger.
    pub dictionary_columns: Vec<String>,
    /// Facts for whoever opens the file without its manifest, in the file's footer.
    pub metadata: Vec<(String, String)>,
}

impl Default for SegmentOptions {
    fn default() -> Self {
        Self {
            compression: Compression::default(),
            row_group_bytes: 32 << 20,
            dictionary_columns: Vec::new(),
            metadata: Vec::new(),
        }
    }
}

impl SegmentOptions {
    /// Returns Parquet's own options. Statistics are per column chunk, so that readers can skip row groups by key.
    ///
    /// # Errors
    /// Usage if zstd has no such level.
    pub(super) fn properties(&self) -> Result<WriterProperties> {
        let mut properties = WriterProperties::builder()
            .set_compression(self.codec()?)
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            // The rows of a group are bounded by bytes; a table of one narrow column must not get a group of 10 M rows.
            .set_max_row_group_row_count(Some(1 << 20));
        for column in &self.dictionary_columns {
            // One part: a dot in a column's name is part of the name, not a step into a struct.
            properties = properties.set_column_dictionary_enabled(ColumnPath::new(vec![column.clone()]), true);
        }
        if !self.metadata.is_empty() {
            let pairs = self.metadata.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect();
            properties = properties.set_key_value_metadata(Some(pairs));
        }
        Ok(properties.build())
    }

    fn codec(&self) -> Result<ParquetCompression> {
        Ok(match self.compression {
            // Zstd's own level 0 means "whatever is usual", which is 3: not something to be asked for by mistake.
            Compression::Zstd(0) => return Err(no_level(0)),
            Compression::Zstd(level) => {
                ParquetCompression::ZSTD(ZstdLevel::try_new(i32::from(level)).map_err(|_| no_level(level))?)
            }
            Compression::Lz4Raw => ParquetCompression::LZ4_RAW,
            Compression::Snappy => ParquetCompression::SNAPPY,
            Compression::None => ParquetCompression::UNCOMPRESSED,
        })
    }
}

fn no_level(level: u8) -> Error {
    Error::new(ErrorKind::Usage, format!("compress with zstd level {level}")).next("choose a level from 1 to 22")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dictionaries_only_where_asked_even_with_a_dot() {
        let options = SegmentOptions { dictionary_columns: vec!["a.b".into()], ..SegmentOptions::default() };
        let properties = options.properties().unwrap();
        assert!(properties.dictionary_enabled(&ColumnPath::new(vec!["a.b".into()])));
        assert!(!properties.dictionary_enabled(&ColumnPath::new(vec!["a".into(), "b".into()])));
        assert!(!properties.dictionary_enabled(&ColumnPath::new(vec!["c".into()])));
    }

    #[test]
    fn impossible_levels_are_usage() {
        for level in [0, 23] {
            let options = SegmentOptions { compression: Compression::Zstd(level), ..SegmentOptions::default() };
            assert_eq!(options.properties().unwrap_err().kind(), ErrorKind::Usage);
        }
    }
}

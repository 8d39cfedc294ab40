//! What is decided about a class, as it is typed: `conflict=keep_old`.

use crate::error::{Error, ErrorKind, Result};
use crate::policy::{Resolution, Ruling, Setting, read_evidence};

/// Reads `class=resolution`.
pub(super) fn read_resolution(text: &str) -> Result<(Setting, Resolution)> {
    let (setting, resolution) = split(text, "write CLASS=RESOLUTION, as in conflict=keep_old")?;
    Ok((setting.parse()?, resolution.parse()?))
}

/// Reads `class=evidence`.
pub(super) fn read_needed(text: &str) -> Result<(Setting, Ruling)> {
    let (setting, evidence) = split(text, "write CLASS=EVIDENCE, as in delete=column")?;
    let unknown = |cause| Error::new(ErrorKind::Usage, "read the evidence").because(cause);
    Ok((setting.parse()?, Ruling::Needs(read_evidence(evidence).map_err(unknown)?)))
}

fn split<'t>(text: &'t str, example: &str) -> Result<(&'t str, &'t str)> {
    let (setting, ruling) = text.split_once('=').ok_or_else(|| {
        Error::new(ErrorKind::Usage, "read the decision").because(format!("`{text}` has no `=`")).next(example)
    })?;
    Ok((setting.trim(), ruling.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::Evidence;

    #[test]
    fn settings_are_read() {
        assert_eq!(read_resolution("conflict = keep_old").unwrap(), (Setting::Conflict, Resolution::KeepOld));
        assert_eq!(read_needed("conflict = xid").unwrap(), (Setting::Conflict, Ruling::Needs(Evidence::Xid)));
        assert_eq!(read_needed("delete=colum").unwrap_err().causes(), ["unknown evidence `colum`; did you mean `column`?"]);
        assert_eq!(read_resolution("delete").unwrap_err().kind(), ErrorKind::Usage);
        assert_eq!(read_resolution("delte=hold").unwrap_err().causes(), ["unknown class `delte`; did you mean `delete`?"]);
    }
}

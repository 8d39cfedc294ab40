//! What `pg_restore` complains of: what is a fault, and what an older server simply does not know.
//!
//! A newer `pg_restore` begins each session with settings that an older server has not, such as `transaction_timeout`; it says
//! so, goes on, and ends with exit code 1. That alone is no failure, and any other error is one, whatever the exit code.

/// Listens to complaints, line by line.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    /// An error of which it is not known yet what it was about.
    open: Option<String>,
    /// The first error that is one.
    fault: Option<String>,
    /// Settings that the server does not know.
    unknown: Vec<String>,
}

const ERROR: &str = "pg_restore: error: ";
const OWN: &str = "pg_restore: ";
const COMMAND: &str = "Command was: ";
const UNKNOWN: &str = "unrecognized configuration parameter \"";

impl Complaints {
    /// Takes a line, and says whether it makes sense to go on.
    pub(super) fn take(&mut self, line: &str) -> bool {
        if let Some(error) = line.strip_prefix(ERROR) {
            self.settle(None);
            self.open = Some(error.to_owned());
        } else if let Some(command) = line.strip_prefix(COMMAND) {
            self.settle(Some(command));
        } else if line.starts_with(OWN) {
            self.settle(None);
        }
        self.fault.is_none()
    }

    /// Says what kept it from restoring everything, given its exit code; otherwise which settings the server does not know.
    pub(super) fn finish(mut self, code: Option<i32>) -> Result<Vec<String>, String> {
        self.settle(None);
        match (self.fault, code) {
            (Some(fault), _) => Err(fault),
            (None, Some(0)) => Ok(self.unknown),
            (None, Some(1)) if !self.unknown.is_empty() => Ok(self.unknown),
            (None, Some(code)) => Err(format!("pg_restore ended with exit code {code}, and does not say why")),
            (None, None) => Err("pg_restore was ended by a signal".to_owned()),
        }
    }

    /// Closes the error that is open; `command` is what it was about.
    fn settle(&mut self, command: Option<&str>) {
        let Some(error) = self.open.take() else { return };
        let unknown = error.split_once(UNKNOWN).and_then(|(_, rest)| rest.split('"').next());
        let is_set = |name: &str| command.is_some_and(|command| command.starts_with(&format!("SET {name} = ")));
        match unknown.filter(|name| is_set(name)) {
            Some(name) if self.unknown.iter().any(|known| known == name) => {}
            Some(name) => self.unknown.push(name.to_owned()),
            None => drop(self.fault.get_or_insert(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &[&str], code: Option<i32>) -> Result<Vec<String>, String> {
        let mut complaints = Complaints::default();
        lines.iter().all(|line| complaints.take(line));
        complaints.finish(code)
    }

    const SET: [&str; 5] = [
        "pg_restore: while INITIALIZING:",
        "pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter \"transaction_timeout\"",
        "Command was: SET transaction_timeout = 0;",
        "",
        "pg_restore: warning: errors ignored on restore: 1",
    ];

    #[test]
    fn a_setting_that_the_server_does_not_know_is_no_fault() {
        assert_eq!(heard(&SET, Some(1)), Ok(vec!["transaction_timeout".to_owned()]));
        assert_eq!(heard(&[], Some(0)), Ok(Vec::new()));
    }

    #[test]
    fn every_other_error_is_one_whatever_the_exit_code() {
        let role = [
            "pg_restore: error: could not execute query: ERROR:  role \"gone\" does not exist",
            "Command was: ALTER TABLE public.t OWNER TO gone;",
        ];
        for code in [Some(0), Some(1)] {
            assert!(heard(&[&SET[..], &role].concat(), code).is_err_and(|fault| fault.contains("role \"gone\"")));
        }
        let copy = "pg_restore: error: COPY failed for table \"t\": ERROR:  could not extend file: No space left on device";
        assert!(heard(&[copy, "CONTEXT:  COPY t, line 1"], Some(1)).is_err_and(|fault| fault.contains("No space left")));
        // The same words about something else.
        let inside = [
            "pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter \"x\"",
            "Command was: CREATE FUNCTION f() SET x = 1;",
        ];
        assert!(heard(&inside, Some(1)).is_err());
        assert!(heard(&[], Some(1)).is_err() && heard(&[], None).is_err());
    }
}

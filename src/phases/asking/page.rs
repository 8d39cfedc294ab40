//! A page that says whether something serves.

use std::path::Path;
use std::time::Duration;

use crate::error::Result;
use crate::http::{Address, Host, Request, Trust};

/// What is wanted of a page.
#[derive(Clone, Debug, Default)]
pub(in crate::phases) struct Page<'a> {
    pub(in crate::phases) url: &'a str,
    /// How long all of the answer may take.
    pub(in crate::phases) within: Duration,
    /// The file of the authorities that may have signed its certificate; the machine's, if none.
    pub(in crate::phases) ca: Option<&'a Path>,
    /// Where its host is, whatever its name leads to.
    pub(in crate::phases) resolve: Option<&'a str>,
    /// How many redirects are followed.
    pub(in crate::phases) redirects: u32,
    /// The status of what serves.
    pub(in crate::phases) expect: u16,
    /// What has to stand in it.
    pub(in crate::phases) contains: Option<&'a str>,
    /// Headers, whose values nothing shows.
    pub(in crate::phases) headers: Vec<(String, String)>,
}

/// What a page said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::phases) struct Said {
    pub(in crate::phases) status: u16,
    /// From the first look at the host's name to the end of the answer.
    pub(in crate::phases) took: Duration,
    /// Why it is not what is wanted, if it is not.
    pub(in crate::phases) wrong: Option<String>,
}

impl Page<'_> {
    /// Asks, once.
    ///
    /// # Errors
    /// What keeps it from being asked, or from answering.
    pub(in crate::phases) async fn ask(&self) -> Result<Said> {
        let address = Address::parse(self.url)?;
        let trust = self.ca.map_or(Trust::System, |ca| Trust::File(ca.to_path_buf()));
        let request = Request::get(address.clone()).within(self.within).trusting(trust).following(self.redirects);
        let headers = self.headers.iter();
        let request = headers.into_iter().try_fold(request, |request, (name, value)| request.header(name, value))?;
        let request = match self.resolve {
            Some(host) => request.resolved_to(Host::parse(host)?),
            None => request,
        };
        let answer = request.send().await?;
        let status = answer.status();
        let wrong = if status != self.expect {
            Some(format!("{address} answers {status}, and {} is wanted", self.expect))
        } else if self.contains.is_some_and(|text| !answer.text().contains(text)) {
            Some(format!("{address} answers {status}, without what is wanted in it"))
        } else {
            None
        };
        Ok(Said { status, took: answer.took(), wrong })
    }
}

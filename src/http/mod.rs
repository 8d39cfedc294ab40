//! One request to a web service: to an application's health page, to Prometheus, to a chat's webhook.
//!
//! Comes in: an address, what is asked there, for how long, whom to trust, and where the host is, whatever its name leads to.
//! Goes out: the answer with its status, a body that is bounded, and how long it took; or an error that says whether nobody
//! listens, nobody answers in time, or somebody else answers. A status of 500 is an answer, no error.
//! Never: retries, follows a redirect that it was not told to follow, goes through a proxy, keeps a connection, sends in the
//! clear what was asked over https, or shows what an address may hold of secrets: user, password, values of its query.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use failback::http::{Address, Host, Request};
//!
//! # async fn asked() -> failback::error::Result<()> {
//! let address = Address::parse("https://shop.example.org/health?token=secret")?;
//! assert_eq!(address.to_string(), "https://shop.example.org/health?token=…");
//! // OLD's own address, under the name that users know.
//! let answer = Request::get(address).within(Duration::from_secs(5)).resolved_to(Host::parse("10.0.0.4")?).send().await?;
//! assert_eq!(answer.status(), 200);
//! # Ok(())
//! # }
//! ```

mod address;
mod answer;
mod exchange;
mod fault;
mod host;
mod request;
mod trust;

pub use address::Address;
pub use answer::{Answer, BODY_MAX};
pub use host::Host;
pub use request::Request;
pub use trust::Trust;

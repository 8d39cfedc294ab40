//! A place to rehearse in: throwaway servers, a sample estate on them, a scripted incident, and the way home from it, played
//! with failback's own verbs and checked independently of them.
//!
//! Comes in: where PostgreSQL's programs are, or nothing. Goes out: two servers on loopback with the Mystira estate as it was
//! at a cutover, and what users did to it on either side; or a whole demo, told to an audience.
//! Never: touches a server that it did not start, leaves one running after its owner is gone (unless told to keep it), or
//! listens beyond loopback.
//!
//! ```no_run
//! use failback::demo::{Binaries, Cluster, ClusterOptions};
//!
//! # fn serve() -> failback::error::Result<()> {
//! let programs = Binaries::find(&|name| std::env::var(name).ok())?;
//! let server = Cluster::start(&programs, &ClusterOptions::default())?;
//! println!("listens at {}", server.url("postgres"));
//! // Dropped, the server is stopped, and its folder is gone.
//! # Ok(())
//! # }
//! ```

mod account;
mod binaries;
mod by_hand;
mod cluster;
mod cluster_options;
#[cfg(feature = "download")]
mod download;
mod emergency_play;
mod estate;
mod phase_play;
mod phase_stage;
mod picture;
mod play;
mod played_phase;
mod proof;
mod recovery;
mod server_folder;
mod standin;
mod supervisor;
mod traffic_play;
mod truth;
mod verb;
mod workspace;

pub use binaries::Binaries;
pub use by_hand::ByHand;
pub use cluster::{Cluster, remove_kept};
pub use cluster_options::{ClusterOptions, ServerTls};
pub use estate::{databases, load, load_database, play_incident, play_incident_on};
pub use phase_play::{Moved, PhaseReport, Returned, play_phase};
pub use phase_stage::Part;
pub use play::{ActTime, Audience, Kept, PlayOptions, PlayReport, ScriptReport, Undone, play};
pub use played_phase::{PhaseOptions, PlayedPhase};
pub use proof::Check;
pub use truth::Outcome;
pub use workspace::stop;

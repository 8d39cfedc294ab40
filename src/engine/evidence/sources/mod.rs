//! Which transactions were over at the cutover: every source that can say so of a side is asked in turn, and each answer kept,
//! also where it is that a right or a setting is missing.
//!
//! Comes in: the settings, and a session with each server. Goes out: the mark, or for each side the sources that were tried.
//! Never: writes, or believes a person whom the server contradicts.

mod by_hand;
mod checkpoint;
mod commit_timestamps;
mod estimated;
mod fence;
mod search;
mod wal;

use std::sync::Arc;

use tokio::try_join;

pub(super) use self::search::lacking;
use self::search::{Search, TOO_FAR};
use crate::delta::{Horizon, HorizonSource, TriedSource};
use crate::engine::run::{Context, Selection};
use crate::error::{Place as _, Result};
use crate::name::{Side, Sided};
use crate::staging::Mark;

/// What a server says by itself, best first.
const SEARCHED: [HorizonSource; 3] = [HorizonSource::Wal, HorizonSource::CommitTimestamps, HorizonSource::Checkpoint];

/// What says which transactions were over at the cutover.
#[derive(Clone, Debug)]
pub(crate) enum HorizonSources {
    /// A mark, for each database by itself.
    Mark {
        /// The mark.
        mark: Arc<Mark>,
        /// The cutover, which must not be before it.
        cutover_us: i64,
        /// What was given beside it, and is not asked.
        beside: Sided<Vec<TriedSource>>,
    },
    /// What the servers and a person say, for all databases of a server.
    Search(Sided<Vec<TriedSource>>),
    /// Nobody has stated the cutover.
    NotAsked,
}

impl HorizonSources {
    /// Asks for them, by way of the databases that are looked at; there is one at the least.
    ///
    /// # Errors
    /// `Refused` where the server contradicts what a person has given; `Usage` where that, a mark or an estimate is asked for
    /// without a cutover; whatever connecting can give.
    pub(crate) async fn find(context: &Context, databases: &[String]) -> Result<Self> {
        let selection = context.selection();
        if let Some(mark) = selection.shared_mark() {
            let beside = Sided::of(|side| beside_a_mark(selection, side));
            return Ok(Self::Mark { mark, cutover_us: selection.cutover()?.micros(), beside });
        }
        let is_given = selection.estimates() || Side::BOTH.into_iter().any(|side| selection.xid(side).is_some());
        let cutover = match selection.cutover() {
            Ok(cutover) => cutover,
            Err(error) if is_given => return Err(error),
            Err(_) => return Ok(Self::NotAsked),
        };
        let cutover_us = cutover.micros();
        let side = |side| async move { search_side(context, side, databases, cutover_us).await.place(|| side) };
        Ok(Self::Search(Sided::from(try_join!(side(Side::Old), side(Side::New))?)))
    }
}

fn beside_a_mark(selection: &Selection, side: Side) -> Vec<TriedSource> {
    let why = || TriedSource::Lacks { source: HorizonSource::ByHand, why: "not asked: there is a mark".to_owned() };
    selection.xid(side).map(|_| why()).into_iter().collect()
}

async fn search_side(context: &Context, side: Side, databases: &[String], cutover_us: i64) -> Result<Vec<TriedSource>> {
    let search = Search::begin(context, side, &databases[0], cutover_us).await?;
    if let Some(given) = context.selection().xid(side) {
        let horizon = by_hand::find(&search, given).await?;
        return Ok(vec![TriedSource::used(HorizonSource::ByHand, horizon)]);
    }
    let lacks = |source, why| TriedSource::Lacks { source, why };
    let is_near = |horizon: Horizon| horizon.young(search.ids.next).is_some();
    let mut tried = vec![lacks(HorizonSource::Mark, "none is named (--mark)".to_owned())];
    for source in SEARCHED {
        let answer = match source {
            HorizonSource::Wal => wal::find(context, &search, databases).await?,
            HorizonSource::CommitTimestamps => commit_timestamps::find(&search).await?,
            _ => checkpoint::find(&search).await?,
        };
        match answer {
            Ok(horizon) if is_near(horizon) => {
                tried.push(TriedSource::used(source, horizon));
                return Ok(tried);
            }
            Ok(_) => tried.push(lacks(source, TOO_FAR.to_owned())),
            Err(why) => tried.push(lacks(source, why)),
        }
    }
    tried.push(lacks(HorizonSource::ByHand, format!("none is given (--{}-xid)", side.word())));
    tried.extend(fence::find(&search).await?);
    tried.push(if context.selection().estimates() {
        match estimated::find(context, &search, databases).await? {
            Ok((horizon, basis)) if is_near(horizon) => TriedSource::estimated(horizon, basis),
            Ok(_) => lacks(HorizonSource::Estimated, TOO_FAR.to_owned()),
            Err(why) => lacks(HorizonSource::Estimated, why),
        }
    } else {
        lacks(HorizonSource::Estimated, "it is not asked for (--estimate)".to_owned())
    });
    Ok(tried)
}

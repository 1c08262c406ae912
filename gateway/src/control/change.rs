//! A change that somebody makes: into the files if they can be written, otherwise held here if that
//! is wanted.

use std::{sync::Arc, time::Instant};

use tokio::task::block_in_place;

use super::{Loop, Outcome, Proposed};
use crate::{
    change::{Change, Outlook},
    generation::{Author, Held, Origin},
    sources::{self, Write},
};

/// Changes that are held at once. Each is made again at each reload.
const MOST_HELD: usize = 64;

impl Loop {
    pub(super) async fn change(&mut self, change: &Change, author: Author) -> Outcome {
        let began = Instant::now();
        let outlook = match block_in_place(|| change.outlook(&self.history)) {
            Ok(outlook) => outlook,
            Err(error) => return Outcome::Unfit(Arc::new(error)),
        };
        if outlook.writes.is_empty() && !outlook.is_elsewhere {
            return self.unchanged();
        }
        let Outlook { sources, held, writes, is_elsewhere, base: _ } = outlook;
        let going_back = change.goes_back_to();
        let mut proposed = Proposed {
            origin: going_back.map_or(Origin::Admin, Origin::Rollback),
            author: Some(author.clone()),
            sources,
            held,
            writes,
        };
        let holds = !proposed.held.is_empty() || !self.history.held().is_empty();
        let writable = block_in_place(|| self.may_write(&proposed.writes));
        match writable {
            // What runs is in no file as it is, so none can be brought into step with it.
            _ if is_elsewhere || (going_back.is_some() && holds) => proposed.writes.clear(),
            // Until the source changes the next time.
            Err(_) if going_back.is_some() && change.hold => proposed.writes.clear(),
            Ok(()) if !holds => {}
            writable => {
                let why = writable.err().unwrap_or_else(|| {
                    "other changes are held by the gateway and are in no file".to_owned()
                });
                let held = change.to_hold(&author).filter(|_| change.hold);
                let Some(held) = held else {
                    return Outcome::ReadOnly { why, writes: proposed.writes };
                };
                if proposed.held.len() >= MOST_HELD {
                    let why = format!("{why}, and {MOST_HELD} changes are held here already");
                    return Outcome::ReadOnly { why, writes: proposed.writes };
                }
                proposed.held =
                    proposed.held.iter().cloned().chain([held]).collect::<Vec<Held>>().into();
                proposed.writes.clear();
            }
        }
        self.apply(proposed, began).await
    }

    fn may_write(&self, writes: &[Write]) -> Result<(), String> {
        sources::writable(&self.path)?;
        let files = sources::list(&self.path).map_err(|error| error.to_string())?;
        sources::unchanged(writes)?;
        let stranger = writes.iter().find(|write| !files.contains(&write.path));
        stranger.map_or(Ok(()), |write| {
            Err(format!("what runs came from `{}`, which is no file", write.path.display()))
        })
    }
}

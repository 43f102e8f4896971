//! Trimming: the oldest entries go, as XTRIM and XADD ask for it.
//!
//! What goes follows Redis's nodes (`log`): an approximate trim removes whole blocks, an exact one
//! then looks into the next. Under `Removal::Unreferenced` entries that a group still waits for
//! stay, and the next ones are looked at.

use super::block::Block;
use super::id::Id;
use super::whole::Stream;

/// What stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// MAXLEN: so many of the newest entries.
    Newest(u64),
    /// MINID: entries from this id on.
    From(Id),
}

/// What becomes of the references that groups hold to an entry that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Removal {
    /// KEEPREF: they stay.
    #[default]
    KeepReferences,
    /// DELREF: they go.
    DropReferences,
    /// ACKED: an entry with references does not go.
    Unreferenced,
}

/// How much is trimmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Exactly what should go.
    Exact,
    /// `~`: whole blocks only, and no more than so many entries; 0 for no limit.
    Blocks(u64),
}

impl Stream {
    /// Removes the entries that `keep` leaves out; gives back how many went.
    pub fn trim(&mut self, keep: Keep, extent: Extent, removal: Removal) -> u64 {
        let removed = match (extent, removal) {
            (Extent::Blocks(limit), Removal::KeepReferences) => self.trim_blocks(keep, limit),
            // Redis removes no block whose entries it would have to look at one by one.
            (Extent::Blocks(_), _) => 0,
            (Extent::Exact, Removal::KeepReferences) => {
                self.trim_blocks(keep, 0) + self.trim_first_block(keep)
            }
            (Extent::Exact, _) => self.trim_one_by_one(keep, removal),
        };
        if removed > 0 {
            self.note_first();
        }
        removed
    }

    /// Whether a block holds nothing that is kept.
    fn goes(&self, block: &Block, keep: Keep) -> bool {
        let entries = u64::from(block.live);
        match keep {
            Keep::Newest(most) => self.log.len() > most && self.log.len() - entries >= most,
            Keep::From(id) => block.last < id,
        }
    }

    fn trim_blocks(&mut self, keep: Keep, limit: u64) -> u64 {
        let mut removed = 0;
        while let Some(block) = self.log.first_block() {
            let entries = u64::from(block.live);
            if !self.goes(block, keep) || (limit != 0 && removed + entries > limit) {
                break;
            }
            let base = block.base;
            removed += self.log.remove_block(base);
        }
        removed
    }

    fn trim_first_block(&mut self, keep: Keep) -> u64 {
        let Some(block) = self.log.first_block() else { return 0 };
        let excess = match keep {
            Keep::Newest(most) => self.log.len().saturating_sub(most),
            Keep::From(_) => u64::MAX,
        };
        let goes = |id: &Id| !matches!(keep, Keep::From(first) if *id >= first);
        let ids = block.entries().map(|entry| entry.id).take_while(goes);
        let ids: Vec<Id> = ids.take(excess.min(u64::from(block.live)) as usize).collect();
        for id in &ids {
            self.log.delete(*id);
        }
        ids.len() as u64
    }

    fn trim_one_by_one(&mut self, keep: Keep, removal: Removal) -> u64 {
        let (mut removed, mut next) = (0, self.log.first_block().map(|block| block.base));
        while let Some(base) = next {
            // Redis looks no further than the first node that cannot go as a whole.
            let block = self.log.block(base);
            let is_last = block.is_none_or(|block| !self.goes(block, keep));
            for id in self.log.ids_of_block(base) {
                let stays = match keep {
                    Keep::Newest(most) => self.log.len() <= most,
                    Keep::From(first) => id >= first,
                };
                if stays {
                    return removed;
                }
                match removal {
                    Removal::Unreferenced if self.is_referenced(id) => continue,
                    Removal::DropReferences => drop(self.drop_references(id)),
                    _ => {}
                }
                removed += u64::from(self.log.delete(id));
            }
            if is_last {
                break;
            }
            next = self.log.block_after(base).map(|block| block.base);
        }
        removed
    }
}

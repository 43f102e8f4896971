//! Snapshots as a server loads them: by the options in force.

use super::{Server, clock};
use crate::config::RdbVersionCheck;
use crate::persistence::loading::{Plan, load_snapshot};
use anyhow::{Context, Result};
use std::path::Path;
use std::time::{Duration, Instant};

impl Server {
    /// Loads the snapshot in `dir`, if there is one.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it, and where.
    pub fn load_own_snapshot(&self) -> Result<()> {
        let config = self.config.load();
        let place = Path::new(&config.persistence.dbfilename);
        if !place.try_exists().with_context(|| format!("looking for {}", place.display()))? {
            return Ok(());
        }
        let began = Instant::now();
        self.load_snapshot(place, false)?;
        tracing::info!("DB loaded from disk: {:.3} seconds", began.elapsed().as_secs_f64());
        Ok(())
    }

    /// Loads the snapshot that a file begins with, over what is there; keys past their deadline
    /// too, where a log that follows may need them. Gives back how many bytes it has.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it, and where.
    pub fn load_snapshot(&self, place: &Path, keeps_dead: bool) -> Result<u64> {
        let config = self.config.load();
        let options = &config.persistence;
        let plan = Plan {
            checks_sum: options.rdbchecksum,
            takes_any_version: options.rdb_version_check == RdbVersionCheck::Relaxed,
            keeps_dead,
            now_ms: clock::now_ms(),
            key_delay: Duration::from_micros(options.key_load_delay_us.max(0) as u64),
        };
        let whole = load_snapshot(place, &self.keyspace, plan, &self.loading);
        Ok(whole.with_context(|| format!("the snapshot {}", place.display()))?.bytes)
    }
}

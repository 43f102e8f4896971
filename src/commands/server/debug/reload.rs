//! DEBUG RELOAD: the data goes to the disk and comes back, as at a restart.
//!
//! Other clients are refused meanwhile, from before the snapshot on: what they wrote between it and
//! the loading would be lost. All of it happens on this thread: inside EXEC it holds keys that no
//! other could take.

use crate::command::error::persistence::{CANNOT_SAVE, RELOAD_FAILED, RELOAD_OPTIONS};
use crate::command::{Args, Outcome};
use crate::protocol::Reply;
use crate::server::{Context, Server};
use std::path::Path;

/// DEBUG RELOAD [MERGE] [NOFLUSH] [NOSAVE]
pub fn reload(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let given = |name: &str| (2..args.len()).any(|at| args.is(at, name));
    let is_known = |at: usize| ["MERGE", "NOFLUSH", "NOSAVE"].iter().any(|name| args.is(at, name));
    if !(2..args.len()).all(is_known) {
        return Err(RELOAD_OPTIONS);
    }
    let server = context.server;
    server.loading.begin(context.now_ms);
    let outcome = bring_back(server, !given("NOSAVE"), !given("NOFLUSH"));
    server.loading.end();
    outcome?;
    tracing::info!("DB reloaded by DEBUG RELOAD");
    reply.ok();
    Ok(())
}

fn bring_back(server: &Server, saves: bool, flushes: bool) -> Outcome {
    if saves && !server.save_now() {
        return Err(CANNOT_SAVE);
    }
    if flushes {
        server.keyspace.garbage.free(server.keyspace.clear_for_loading());
    }
    let name = server.config.load().persistence.dbfilename.clone();
    let loaded = server.load_snapshot(Path::new(&name), false);
    loaded.map(drop).map_err(|error| {
        tracing::warn!("DEBUG RELOAD: {error:#}");
        RELOAD_FAILED
    })
}

//! XTRIM: the oldest entries go.

use super::add::{ThresholdText, exact_threshold};
use super::options::Options;
use super::value;
use crate::command::{Args, Command, Outcome, error};
use crate::protocol::Reply;
use crate::store::{Class, Db};
use crate::types::stream::Extent;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[XTRIM];

const XTRIM: Command = Command::write(
    "XTRIM key <MAXLEN | MINID> [= | ~] threshold [LIMIT count] [KEEPREF | DELREF | ACKED]",
    xtrim,
)
.since("5.0.0")
.costs("O(N) where N is the number of entries that go.")
.keys(&["RW delete"])
.tips(&["nondeterministic_output"])
.about("Removes the oldest entries of the stream at `key`, and answers how many went.");

fn xtrim(db: &mut Db, args: &Args, reply: &mut Reply) -> Outcome {
    let options = Options::of_xtrim(args)?;
    let key = args.get(1);
    let trim = options.trim(value::node_limits(db).entries).ok_or(error::SYNTAX)?;
    let Some(mut record) = db.find_mut(key) else {
        reply.integer(0);
        return Ok(());
    };
    let stream = value::stream_mut(&mut record)?;
    let trimmed = stream.trim(trim.keep, trim.extent, trim.removal);
    let threshold = exact_threshold(stream, trim);
    drop(record);
    if trimmed > 0 {
        db.changed(Class::Stream, "xtrim", key);
        if trim.extent != Extent::Exact {
            let mut text = ThresholdText::new();
            let [removal, strategy, sign, threshold] = text.words(threshold, trim.removal);
            db.replay_as(&[b"XTRIM", key, strategy, sign, threshold, removal]);
        }
    }
    reply.integer(trimmed as i64);
    Ok(())
}

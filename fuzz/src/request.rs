//! The request parser under any bytes: it never panics, holds no more memory than the bytes it was
//! given account for, and finds the same commands however the bytes are cut. Whatever it finds,
//! written as plain RESP, reads back the same.
//!
//! Input: limits u8 | length of the pieces u8 | the bytes a client sends.

use redstart::protocol::{Batch, Input, Limits, ProtocolError};

/// Room a connection may hold beyond a multiple of what it was sent: buffers of a read, and of a
/// big argument's first step.
const SLACK_BYTES: usize = 1024 * 1024 + 128 * 1024;
const ROOM_FACTOR: usize = 16;
/// Below this no limit depends on how the bytes are cut.
const MOST_BYTES: usize = 64 * 1024;

type Commands = Vec<Vec<Vec<u8>>>;

/// Panics when the parser is wrong about these bytes.
pub fn check(data: &[u8]) {
    let [flags, pieces, bytes @ ..] = data else { return };
    if bytes.len() >= MOST_BYTES {
        return;
    }
    let limits = Limits {
        authenticated: flags & 1 == 0,
        batch: 1 + usize::from(flags >> 1) % 8,
        ..Limits::default()
    };
    let whole = parse(bytes, bytes.len().max(1), &limits);
    let cut = parse(bytes, 1 + usize::from(*pieces), &limits);
    assert_eq!(whole, cut, "cutting the bytes changed the commands");
    let commands = whole.0;
    let again = parse(&encode(&commands), MOST_BYTES, &Limits::default());
    assert_eq!(again, (commands, None), "the commands do not read back");
}

/// Feeds the bytes in pieces of this length.
fn parse(bytes: &[u8], length: usize, limits: &Limits) -> (Commands, Option<ProtocolError>) {
    let mut input = Input::new();
    let mut batch = Batch::new();
    let mut commands = Vec::new();
    let mut sent = 0;
    for piece in bytes.chunks(length) {
        let mut rest = piece;
        while !rest.is_empty() {
            let space = input.space();
            let room = space.capacity() - space.len();
            assert!(room > 0, "no room to read into");
            assert!(
                space.capacity() <= ROOM_FACTOR * sent + SLACK_BYTES,
                "more memory than was sent"
            );
            let (now, later) = rest.split_at(room.min(rest.len()));
            space.extend_from_slice(now);
            sent += now.len();
            rest = later;
            if let Some(error) = run(&mut input, &mut batch, limits, &mut commands) {
                return (commands, Some(error));
            }
        }
    }
    (commands, None)
}

/// Takes every complete command out of the input.
fn run(
    input: &mut Input,
    batch: &mut Batch,
    limits: &Limits,
    commands: &mut Commands,
) -> Option<ProtocolError> {
    loop {
        let parsed = input.parse(limits, batch);
        assert!(batch.len() <= limits.batch, "more commands than asked for");
        for index in 0..batch.len() {
            let words = input.view(batch, index);
            assert!(!words.is_empty(), "a command without a name");
            commands.push(words.iter().map(<[u8]>::to_vec).collect());
        }
        let is_full = batch.is_full();
        input.consume(batch);
        if parsed.is_err() || !is_full {
            return parsed.err();
        }
    }
}

fn encode(commands: &Commands) -> Vec<u8> {
    let mut bytes = Vec::new();
    for command in commands {
        bytes.extend(format!("*{}\r\n", command.len()).bytes());
        for word in command {
            bytes.extend(format!("${}\r\n", word.len()).bytes());
            bytes.extend(word);
            bytes.extend(b"\r\n");
        }
    }
    bytes
}

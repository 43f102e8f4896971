//! A difference in the language of course/LANGUAGE.md, ready to be added to `tests/commands/`.

use crate::compare::Manner;
use crate::play::{Answers, Difference};
use crate::servers::{CONNECTIONS, Step};
use redstart_course::wire::{Reply, quoted};

/// The lines of a case. `answers` are the reference's.
pub fn case(found: &Difference, answers: &Answers) -> String {
    let mut lines = vec![format!("case {} as a real server does", title(found))];
    for (at, step) in found.steps.iter().enumerate() {
        let letter = CONNECTIONS[step.connection];
        lines.push(format!("{letter}> {}", command(step)));
        let (reply, manner) = match answers.get(at) {
            Some((reply, manner)) if at + 1 < found.steps.len() => (reply, *manner),
            Some((_, manner)) => (&found.theirs, *manner),
            None if at + 1 < found.steps.len() => continue,
            None => (&found.theirs, Manner::Exactly),
        };
        lines.push(format!("{letter}< {}", expected(reply, manner)));
    }
    lines.push(format!("# it answered: {}", found.ours.notation()));
    lines.join("\n")
}

fn title(found: &Difference) -> String {
    found.steps.last().map(|step| crate::tame::name(&step.words)).unwrap_or_default()
}

fn expected(reply: &Reply, manner: Manner) -> String {
    match (manner, reply) {
        (Manner::AnyOrder, Reply::Array(_)) => format!("any-order {}", reply.notation()),
        (Manner::Pairs, Reply::Array(_)) => format!("pairs {}", reply.notation()),
        (Manner::Shape | Manner::Ignored, Reply::Array(_) | Reply::Bulk(_) | Reply::Map(_)) => {
            "*".into()
        }
        (Manner::Near, Reply::Integer(_)) => format!("{} ~5000", reply.notation()),
        _ => reply.notation(),
    }
}

/// A command as it is typed.
pub fn command(step: &Step) -> String {
    let words: Vec<String> = step.words.iter().map(|word| self::word(word)).collect();
    words.join(" ")
}

fn word(word: &[u8]) -> String {
    let is_plain = !word.is_empty()
        && word
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_:.*+-()[]?$#>=<|~".contains(byte));
    if is_plain { String::from_utf8_lossy(word).into_owned() } else { quoted(word) }
}

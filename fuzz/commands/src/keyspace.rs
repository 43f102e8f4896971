//! The whole keyspace of both servers, compared: type, encoding, deadline and value of every key.

use crate::play::{Answers, Difference, Pair};
use crate::servers::{OBSERVER, Step};
use redstart_course::wire::Reply;

/// How many databases there are.
const DATABASES: usize = 16;

impl Pair {
    /// The first difference between the keyspaces; what shows it is appended to `history`.
    pub fn compare_keyspaces(&mut self, history: &[Step]) -> Option<Difference> {
        for database in 0..DATABASES {
            let select = Step::new(OBSERVER, &["SELECT", &database.to_string()]);
            let keys = Step::new(OBSERVER, &["KEYS", "*"]);
            let mut answers = Answers::new();
            let mut found = self.play(&[select.clone(), keys], &mut answers);
            if found.is_none()
                && let Some((Reply::Array(keys), _)) = answers.pop()
            {
                found = self.compare_keys(&keys);
            }
            if let Some(found) = found {
                let shown = found.steps.last().cloned();
                let selected = (database > 0).then_some(select);
                let steps = history.iter().cloned().chain(selected).chain(shown).collect();
                return Some(Difference { steps, ..found });
            }
        }
        None
    }

    fn compare_keys(&mut self, keys: &[Reply]) -> Option<Difference> {
        let keys: Vec<Vec<u8>> =
            keys.iter().filter_map(|key| key.text().map(<[u8]>::to_vec)).collect();
        let types: Vec<Step> = keys.iter().map(|key| about(&["TYPE"], key, &[])).collect();
        let mut answers = Answers::new();
        if let Some(found) = self.play(&types, &mut answers) {
            return Some(found);
        }
        let mut steps = Vec::new();
        for (key, (kind, _)) in keys.iter().zip(answers) {
            steps.extend(dump(key, kind.text().unwrap_or_default()));
            steps.push(about(&["PTTL"], key, &[]));
            steps.push(about(&["OBJECT", "ENCODING"], key, &[]));
        }
        self.play(&steps, &mut Answers::new())
    }
}

fn about(before: &[&str], key: &[u8], after: &[&str]) -> Step {
    let mut step = Step::new(OBSERVER, before);
    step.words.push(key.to_vec());
    step.words.extend(after.iter().map(|word| word.as_bytes().to_vec()));
    step
}

/// What shows all of a value.
fn dump(key: &[u8], kind: &[u8]) -> Vec<Step> {
    match kind {
        b"string" => vec![about(&["GET"], key, &[])],
        b"list" => vec![about(&["LRANGE"], key, &["0", "-1"])],
        b"set" => vec![about(&["SMEMBERS"], key, &[])],
        b"hash" => vec![about(&["HGETALL"], key, &[])],
        b"zset" => vec![about(&["ZRANGE"], key, &["0", "-1", "WITHSCORES"])],
        b"stream" => vec![
            about(&["XRANGE"], key, &["-", "+"]),
            about(&["XINFO", "STREAM"], key, &["FULL", "COUNT", "0"]),
        ],
        _ => Vec::new(),
    }
}

//! Random keys, values and numbers. All of them follow from the run's seed, the stage and the
//! number of the case, so `SEED=41` plays the same bytes again, whether the case is played alone or
//! with others. Keys are always 10 bytes (`orange:411`) and differ between any two cases of a run.

use std::collections::BTreeMap;

const WORDS: [&str; 64] = [
    "orange", "banana", "papaya", "cherry", "quince", "lychee", "walnut", "almond", "carrot",
    "celery", "fennel", "garlic", "ginger", "hazels", "kiwano", "lentil", "loquat", "marrow",
    "medlar", "nutmeg", "olives", "peanut", "pepper", "pomelo", "potato", "radish", "raisin",
    "sorrel", "squash", "tomato", "turnip", "wasabi", "hammer", "pliers", "chisel", "wrench",
    "anchor", "basket", "bridge", "bucket", "button", "candle", "castle", "copper", "cotton",
    "dragon", "engine", "fiddle", "garden", "guitar", "island", "jacket", "ladder", "magnet",
    "mirror", "needle", "pencil", "pillow", "planet", "rocket", "saddle", "silver", "thread",
    "window",
];
/// Keys that a case can name: {k1} to {k31}.
const KEYS_PER_CASE: u64 = 32;
const KEYS: u64 = WORDS.len() as u64 * 900;

/// What the names in a case's texts stand for.
#[derive(Debug, Clone)]
pub struct Values {
    seed: u64,
    case: u64,
    named: BTreeMap<String, Vec<u8>>,
}

impl Values {
    /// For one case: `seed` belongs to the run and the stage, `case` counts within the stage.
    pub fn new(seed: u64, case: u64) -> Self {
        Values { seed, case, named: BTreeMap::new() }
    }

    /// Remembers a value under a name.
    pub fn set(&mut self, name: &str, value: Vec<u8>) {
        self.named.insert(name.to_owned(), value);
    }

    /// What `{name}` stands for.
    pub fn value(&self, name: &str) -> Result<Vec<u8>, String> {
        if let Some(value) = self.named.get(name) {
            return Ok(value.clone());
        }
        let number = name.get(1..).and_then(|digits| digits.parse().ok());
        match (name.as_bytes().first(), number) {
            (Some(b'k'), Some(number)) => Ok(self.key(number)),
            (Some(b'v'), Some(number)) => Ok(self.letters(number)),
            (Some(b'n'), Some(number)) => Ok((100
                + mix(self.seed ^ mix(self.case * 64 + number + 7)) % 900)
                .to_string()
                .into_bytes()),
            _ => Err(format!("{{{name}}} has no value here")),
        }
    }

    /// The value as a number, for `{name+1}`.
    pub fn number(&self, name: &str) -> Result<i64, String> {
        let value = self.value(name)?;
        let text = String::from_utf8_lossy(&value);
        text.parse().map_err(|_| format!("{{{name}}} is {text:?}, not a number"))
    }

    /// A sentence with the values of its names, where they have one.
    pub fn told(&self, text: &str) -> String {
        let mut told = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            told.push_str(before);
            let name = after.split_once('}').map(|(name, _)| name);
            match name.and_then(|name| Some((name, self.value(name).ok()?))) {
                Some((name, value)) => {
                    told.push_str(&String::from_utf8_lossy(&value));
                    rest = &after[name.len() + 1..];
                }
                None => {
                    told.push('{');
                    rest = after;
                }
            }
        }
        told + rest
    }

    /// The n-th key of the case. An affine map with a multiplier prime to the number of keys is a
    /// permutation: no two cases meet before all keys are used.
    fn key(&self, number: u64) -> Vec<u8> {
        let index = (self.case * KEYS_PER_CASE + number % KEYS_PER_CASE) % KEYS;
        let place = (index * 25_013 + mix(self.seed) % KEYS) % KEYS;
        let word = WORDS[(place / 900) as usize];
        format!("{word}:{}", 100 + place % 900).into_bytes()
    }

    fn letters(&self, number: u64) -> Vec<u8> {
        let mut state = mix(self.seed ^ mix(self.case * 64 + number));
        let mut letter = || {
            state = mix(state);
            b'a' + (state % 26) as u8
        };
        (0..8).map(|_| letter()).collect()
    }
}

/// A seed for this stage within a run, so that stages do not share their keys.
pub fn stage_seed(seed: u64, name: &str) -> u64 {
    name.bytes().fold(mix(seed), |hash, byte| mix(hash ^ u64::from(byte)))
}

/// SplitMix64's finisher: every bit of the input moves half of the output's.
fn mix(seed: u64) -> u64 {
    let mut word = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn keys_have_ten_bytes_and_never_repeat_within_a_stage() {
        let mut seen = BTreeSet::new();
        for case in 0..100 {
            let values = Values::new(41, case);
            for number in 1..32 {
                let key = values.value(&format!("k{number}")).unwrap();
                assert_eq!(key.len(), 10);
                assert!(seen.insert(key));
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_values() {
        let values =
            |seed| ["k1", "v1", "n1"].map(|name| Values::new(seed, 3).value(name).unwrap());
        assert_eq!(values(41), values(41));
        assert_ne!(values(41), values(42));
        assert_eq!(values(41)[1].len(), 8);
    }

    #[test]
    fn a_sentence_tells_values_and_leaves_other_braces() {
        let values = Values::new(41, 2);
        let key = String::from_utf8(values.value("k1").unwrap()).unwrap();
        let told = values.told("{k1} goes, {user}:1 and {a, b} stay, {k1");
        assert_eq!(told, format!("{key} goes, {{user}}:1 and {{a, b}} stay, {{k1"));
    }

    #[test]
    fn a_name_without_a_value_is_an_error() {
        assert!(Values::new(1, 1).value("cursor").is_err());
    }
}

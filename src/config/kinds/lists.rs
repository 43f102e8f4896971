//! Options of several words: bind, save, replicaof, client-output-buffer-limit,
//! oom-score-adj-values, percentiles.

use std::time::Duration;

use super::numbers::{parse_memory, print_memory};
use super::{Kind, Line, Presence, Refusal};

const WRONG_NUMBER: &str = "wrong number of arguments";

/// `save seconds changes`: save when this many keys changed within this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SavePoint {
    /// The time since the last save.
    pub after: Duration,
    /// The least number of changes.
    pub changes: u64,
}

/// Where a replica's primary listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Primary {
    /// A name or an address.
    pub host: String,
    /// Its TCP or TLS port.
    pub port: u16,
}

/// What a client may leave unread before it is dropped; 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimit {
    /// Dropped at once above this.
    pub hard_bytes: u64,
    /// Dropped when above this for `soft_time` without a pause.
    pub soft_bytes: u64,
    /// How long the soft limit may be passed.
    pub soft_time: Duration,
}

/// The output limits of each class of clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputLimits {
    /// Clients that send commands.
    pub normal: OutputLimit,
    /// Replicas.
    pub replica: OutputLimit,
    /// Clients with at least one subscription.
    pub pubsub: OutputLimit,
}

impl Default for OutputLimits {
    fn default() -> Self {
        let limit = |hard_mb: u64, soft_mb: u64, soft_s| OutputLimit {
            hard_bytes: hard_mb << 20,
            soft_bytes: soft_mb << 20,
            soft_time: Duration::from_secs(soft_s),
        };
        Self { normal: limit(0, 0, 0), replica: limit(256, 64, 60), pubsub: limit(32, 8, 60) }
    }
}

pub(in crate::config) struct Addresses;

/// Up to 16 addresses; none closes the TCP listeners.
pub(in crate::config) const fn addresses() -> Addresses {
    Addresses
}

/// CONFIG_BINDADDR_MAX of Redis.
const MAX_ADDRESSES: usize = 16;

impl Kind for Addresses {
    type Value = Vec<String>;

    fn takes_many(&self) -> bool {
        true
    }

    fn parse(&self, words: &[&[u8]], _: &Vec<String>) -> Result<Vec<String>, Refusal> {
        if words.len() > MAX_ADDRESSES {
            return Err("Too many bind addresses specified.".into());
        }
        let words = if words == [b""] { &[] } else { words };
        Ok(words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect())
    }

    fn show(&self, value: &Vec<String>) -> Vec<u8> {
        value.join(" ").into_bytes()
    }

    fn written(&self, value: &Vec<String>) -> String {
        if value.is_empty() { "\"\"".to_string() } else { value.join(" ") }
    }

    fn lines(&self, name: &str, value: &Vec<String>, default: &Vec<String>) -> Vec<Line> {
        if value == default {
            return Vec::new();
        }
        always(name, &self.written(value))
    }

    fn accepts(&self) -> String {
        "addresses; a leading `-` forgives one that is not there".to_string()
    }
}

pub(in crate::config) struct Save;

/// Pairs of seconds and changes.
pub(in crate::config) const fn save_points() -> Save {
    Save
}

impl Kind for Save {
    type Value = Vec<SavePoint>;

    fn takes_many(&self) -> bool {
        true
    }

    fn parse(&self, words: &[&[u8]], _: &Vec<SavePoint>) -> Result<Vec<SavePoint>, Refusal> {
        const REFUSAL: &str = "Invalid save parameters";
        let words = if words == [b""] { &[] } else { words };
        let point = |pair: &[&[u8]]| {
            let &[after, changes] = pair else {
                return Err(REFUSAL.into());
            };
            let after_s = number(after).filter(|seconds| *seconds >= 1).ok_or(REFUSAL)?;
            let changes = number(changes).ok_or(REFUSAL)?;
            Ok(SavePoint { after: Duration::from_secs(after_s), changes })
        };
        words.chunks(2).map(point).collect()
    }

    fn show(&self, value: &Vec<SavePoint>) -> Vec<u8> {
        let point = |point: &SavePoint| format!("{} {}", point.after.as_secs(), point.changes);
        value.iter().map(point).collect::<Vec<_>>().join(" ").into_bytes()
    }

    fn written(&self, value: &Vec<SavePoint>) -> String {
        or_empty_quotes(self.show(value))
    }

    fn lines(&self, name: &str, value: &Vec<SavePoint>, _: &Vec<SavePoint>) -> Vec<Line> {
        // Even the default is written: a file without `save` gets whatever default a later version
        // has.
        always(name, &self.written(value))
    }

    fn accepts(&self) -> String {
        "pairs of seconds and changes; \"\" for none".to_string()
    }
}

pub(in crate::config) struct ReplicaOf;

/// `host port`, or `no one`.
pub(in crate::config) const fn replica_of() -> ReplicaOf {
    ReplicaOf
}

impl Kind for ReplicaOf {
    type Value = Option<Primary>;

    fn takes_many(&self) -> bool {
        true
    }

    fn parse(&self, words: &[&[u8]], _: &Option<Primary>) -> Result<Option<Primary>, Refusal> {
        let &[host, port] = words else {
            return Err(WRONG_NUMBER.into());
        };
        if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
            return Ok(None);
        }
        let port = number(port).and_then(|port| u16::try_from(port).ok());
        let port = port.ok_or("Invalid master port")?;
        Ok(Some(Primary { host: String::from_utf8_lossy(host).into_owned(), port }))
    }

    fn show(&self, value: &Option<Primary>) -> Vec<u8> {
        let shown = |primary: &Primary| format!("{} {}", primary.host, primary.port);
        value.as_ref().map(shown).unwrap_or_default().into_bytes()
    }

    fn lines(&self, name: &str, value: &Option<Primary>, _: &Option<Primary>) -> Vec<Line> {
        value.as_ref().map_or_else(Vec::new, |_| always(name, &self.written(value)))
    }

    fn accepts(&self) -> String {
        "host and port, or `no one`".to_string()
    }
}

pub(in crate::config) struct Limits;

/// `class hard soft seconds`, once or for several classes.
pub(in crate::config) const fn output_limits() -> Limits {
    Limits
}

impl Kind for Limits {
    type Value = OutputLimits;

    fn takes_many(&self) -> bool {
        true
    }

    fn parse(&self, words: &[&[u8]], current: &OutputLimits) -> Result<OutputLimits, Refusal> {
        if !words.len().is_multiple_of(4) {
            return Err("Wrong number of arguments in buffer limit configuration.".into());
        }
        let mut limits = *current;
        for words in words.chunks(4) {
            let class = class_mut(&mut limits, words[0])
                .ok_or("Invalid client class specified in buffer limit configuration.")?;
            *class = output_limit(&words[1..]).ok_or(
                "Error in hard, soft or soft_seconds setting in buffer limit configuration.",
            )?;
        }
        Ok(limits)
    }

    fn show(&self, value: &OutputLimits) -> Vec<u8> {
        let shown = |(_, old_name, limit): (&str, &str, OutputLimit)| {
            let OutputLimit { hard_bytes, soft_bytes, soft_time } = limit;
            format!("{old_name} {hard_bytes} {soft_bytes} {}", soft_time.as_secs())
        };
        classes(value).map(shown).join(" ").into_bytes()
    }

    fn lines(&self, name: &str, value: &OutputLimits, default: &OutputLimits) -> Vec<Line> {
        let line = |((class, _, limit), (_, _, default))| {
            let presence = if limit == default { Presence::IfThere } else { Presence::Always };
            Line { text: format!("{name} {class} {}", written_limit(limit)), presence }
        };
        classes(value).into_iter().zip(classes(default)).map(line).collect()
    }

    fn written(&self, value: &OutputLimits) -> String {
        let written = |(class, _, limit)| format!("{class} {}", written_limit(limit));
        classes(value).map(written).join(" ")
    }

    fn accepts(&self) -> String {
        "class (normal, replica, pubsub), hard limit, soft limit, seconds; repeated".to_string()
    }
}

/// The classes: the name in redis.conf, the name in CONFIG GET, the limit.
fn classes(limits: &OutputLimits) -> [(&'static str, &'static str, OutputLimit); 3] {
    [
        ("normal", "normal", limits.normal),
        ("replica", "slave", limits.replica),
        ("pubsub", "pubsub", limits.pubsub),
    ]
}

fn class_mut<'a>(limits: &'a mut OutputLimits, name: &[u8]) -> Option<&'a mut OutputLimit> {
    match name.to_ascii_lowercase().as_slice() {
        b"normal" => Some(&mut limits.normal),
        b"slave" | b"replica" => Some(&mut limits.replica),
        b"pubsub" => Some(&mut limits.pubsub),
        _ => None,
    }
}

fn output_limit(words: &[&[u8]]) -> Option<OutputLimit> {
    let bytes = |word| u64::try_from(parse_memory(word)?).ok();
    Some(OutputLimit {
        hard_bytes: bytes(words[0])?,
        soft_bytes: bytes(words[1])?,
        soft_time: Duration::from_secs(number(words[2])?),
    })
}

fn written_limit(limit: OutputLimit) -> String {
    let hard = print_memory(i128::from(limit.hard_bytes));
    let soft = print_memory(i128::from(limit.soft_bytes));
    format!("{hard} {soft} {}", limit.soft_time.as_secs())
}

pub(in crate::config) struct OomScores;

/// Three numbers from -2000 to 2000: primary, replica, background saver.
pub(in crate::config) const fn oom_scores() -> OomScores {
    OomScores
}

impl Kind for OomScores {
    type Value = [i32; 3];

    fn takes_many(&self) -> bool {
        true
    }

    fn parse(&self, words: &[&[u8]], current: &[i32; 3]) -> Result<[i32; 3], Refusal> {
        if words.len() != current.len() {
            return Err(WRONG_NUMBER.into());
        }
        let mut scores = *current;
        for (score, word) in scores.iter_mut().zip(words) {
            let parsed = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
            let valid = parsed.filter(|value| (-2000..=2000).contains(value));
            *score = valid
                .ok_or("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")?;
        }
        Ok(scores)
    }

    fn show(&self, value: &[i32; 3]) -> Vec<u8> {
        value.map(|score| score.to_string()).join(" ").into_bytes()
    }

    fn accepts(&self) -> String {
        "three integers, -2000 to 2000".to_string()
    }
}

pub(in crate::config) struct Percentiles;

/// Numbers from 0 to 100.
pub(in crate::config) const fn percentiles() -> Percentiles {
    Percentiles
}

impl Kind for Percentiles {
    type Value = Vec<f64>;

    fn takes_many(&self) -> bool {
        true
    }

    fn parse(&self, words: &[&[u8]], _: &Vec<f64>) -> Result<Vec<f64>, Refusal> {
        let words = if words == [b""] { &[] } else { words };
        let percentile = |word: &&[u8]| {
            let parsed: Option<f64> =
                std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
            match parsed {
                Some(value) if (0.0..=100.0).contains(&value) => Ok(value),
                Some(value) if !value.is_nan() => Err(
                    "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]",
                ),
                _ => Err("Invalid latency-tracking-info-percentiles parameters"),
            }
        };
        Ok(words.iter().map(percentile).collect::<Result<_, _>>()?)
    }

    fn show(&self, value: &Vec<f64>) -> Vec<u8> {
        // Six places without trailing zeros: 99.9, not 99.900000000000006.
        let shown = |value: &f64| {
            format!("{value:.6}").trim_end_matches('0').trim_end_matches('.').to_string()
        };
        value.iter().map(shown).collect::<Vec<_>>().join(" ").into_bytes()
    }

    fn written(&self, value: &Vec<f64>) -> String {
        or_empty_quotes(self.show(value))
    }

    fn lines(&self, name: &str, value: &Vec<f64>, _: &Vec<f64>) -> Vec<Line> {
        always(name, &self.written(value))
    }

    fn accepts(&self) -> String {
        "numbers, 0 to 100; \"\" for none".to_string()
    }
}

fn always(name: &str, written: &str) -> Vec<Line> {
    vec![Line { text: format!("{name} {written}"), presence: Presence::Always }]
}

fn or_empty_quotes(shown: Vec<u8>) -> String {
    let text = String::from_utf8_lossy(&shown).into_owned();
    if text.is_empty() { "\"\"".to_string() } else { text }
}

fn number(word: &[u8]) -> Option<u64> {
    std::str::from_utf8(word).ok()?.parse().ok().filter(|number| *number <= i64::MAX as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&[u8]> {
        text.split(' ').map(str::as_bytes).collect()
    }

    #[test]
    fn save_points_come_in_pairs() {
        let points = Save.parse(&split("900 1 60 10000"), &Vec::new()).unwrap();
        assert_eq!(Save.show(&points), b"900 1 60 10000");
        assert_eq!(Save.parse(&split(""), &points).unwrap(), []);
        for bad in ["900", "900 x", "0 1", "900 -1", "900 1 60"] {
            assert!(Save.parse(&split(bad), &points).is_err(), "{bad}");
        }
    }

    #[test]
    fn output_limits_change_only_the_classes_named() {
        let limits = Limits.parse(&split("pubsub 2mb 1mb 5"), &OutputLimits::default()).unwrap();
        let shown = Limits.show(&limits);
        assert_eq!(shown, b"normal 0 0 0 slave 268435456 67108864 60 pubsub 2097152 1048576 5");
        for bad in ["pubsub 1", "master 1 1 1", "normal x 1 1", "normal 1 1 -1", "blah 1 1 1"] {
            assert!(Limits.parse(&split(bad), &limits).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_changed_output_limits_must_be_written() {
        let limits = Limits.parse(&split("slave 1gb 0 0"), &OutputLimits::default()).unwrap();
        let lines = Limits.lines("limit", &limits, &OutputLimits::default());
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1].text, "limit replica 1gb 0 0");
        let presence: Vec<_> = lines.iter().map(|line| line.presence).collect();
        assert_eq!(presence, [Presence::IfThere, Presence::Always, Presence::IfThere]);
    }

    #[test]
    fn replicaof_no_one_is_a_primary() {
        let primary = ReplicaOf.parse(&split("db.example 6380"), &None).unwrap();
        assert_eq!(ReplicaOf.show(&primary), b"db.example 6380");
        assert_eq!(ReplicaOf.parse(&split("NO one"), &primary).unwrap(), None);
        assert_eq!(ReplicaOf.parse(&split("h abc"), &None).unwrap_err().0, "Invalid master port");
        assert_eq!(ReplicaOf.parse(&split("h"), &None).unwrap_err().0, WRONG_NUMBER);
    }

    #[test]
    fn percentiles_are_shown_without_trailing_zeros() {
        let values = Percentiles.parse(&split("50 99.90 100"), &Vec::new()).unwrap();
        assert_eq!(Percentiles.show(&values), b"50 99.9 100");
        for bad in ["101", "-1", "x", "nan"] {
            assert!(Percentiles.parse(&split(bad), &values).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_address_and_one_empty_address_are_the_same() {
        assert_eq!(Addresses.parse(&split(""), &Vec::new()).unwrap(), Vec::<String>::new());
        assert_eq!(Addresses.parse(&[], &Vec::new()).unwrap(), Vec::<String>::new());
        assert!(Addresses.parse(&[&b"a"[..]; 17], &Vec::new()).is_err());
    }
}

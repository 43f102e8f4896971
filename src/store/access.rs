//! When and how often a key is used: the 24 bits that eviction and OBJECT IDLETIME, OBJECT FREQ
//! read.
//!
//! ```text
//! by time        clock: u24, seconds, wraps after 194 days
//! by frequency   minutes: u16 of the last change | counter: u8, logarithmic
//! ```
//! The counter starts at 5, grows with a chance that falls as it grows, and loses one for each
//! minute (`lfu-decay-time`) without use. Source:
//! https://redis.io/docs/latest/develop/reference/eviction/ ("The new LFU mode")

/// A new key's counter: not yet the first to go.
const FIRST_COUNT: u32 = 5;
/// `lfu-log-factor`: how much harder each step of the counter gets.
const LOG_FACTOR: u32 = 10;
const CLOCK_MASK: u32 = 0xFF_FFFF;

/// The clock of access by time, at `now_ms`.
#[inline]
pub fn clock(now_ms: u64) -> u32 {
    (now_ms / 1000) as u32 & CLOCK_MASK
}

/// What a new key starts with.
#[inline]
pub fn first(now_ms: u64, counts_frequency: bool) -> u32 {
    if counts_frequency { minutes(now_ms) << 8 | FIRST_COUNT } else { clock(now_ms) }
}

/// What a snapshot, or RESTORE, tells of how a key was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Seconds since the last access.
    pub idle_s: Option<u64>,
    /// The counter.
    pub frequency: Option<u8>,
}

/// What a key starts with that was used before, as far as what is counted here was told.
pub fn restored(usage: Usage, now_ms: u64, counts_frequency: bool) -> u32 {
    match (counts_frequency, usage.frequency, usage.idle_s) {
        (true, Some(frequency), _) => minutes(now_ms) << 8 | u32::from(frequency),
        (false, _, Some(idle_s)) => clock(now_ms).wrapping_sub(idle_s as u32) & CLOCK_MASK,
        _ => first(now_ms, counts_frequency),
    }
}

fn minutes(now_ms: u64) -> u32 {
    (now_ms / 60_000) as u32 & 0xFFFF
}

/// The bits after one more access, counted by frequency.
pub fn count(bits: u32, now_ms: u64) -> u32 {
    let counter = frequency(bits, now_ms);
    let base = counter.saturating_sub(FIRST_COUNT);
    let grows = counter < 255 && fastrand::u32(..base * LOG_FACTOR + 1) == 0;
    minutes(now_ms) << 8 | (counter + u32::from(grows))
}

/// OBJECT FREQ: the counter, less what it lost since the last access.
pub fn frequency(bits: u32, now_ms: u64) -> u32 {
    let idle_minutes = minutes(now_ms).wrapping_sub(bits >> 8) & 0xFFFF;
    (bits & 0xFF).saturating_sub(idle_minutes)
}

/// OBJECT IDLETIME: seconds since the last access.
pub fn idle_seconds(bits: u32, now_ms: u64) -> u32 {
    clock(now_ms).wrapping_sub(bits) & CLOCK_MASK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_loses_one_a_minute() {
        let bits = first(60_000, true);
        assert_eq!(frequency(bits, 60_000), 5);
        assert_eq!(frequency(bits, 3 * 60_000), 3);
        assert_eq!(frequency(bits, 90 * 60_000), 0);
    }

    #[test]
    fn what_is_told_counts_where_it_is_counted() {
        let usage = Usage { idle_s: Some(7), frequency: None };
        assert_eq!(idle_seconds(restored(usage, 99_000, false), 99_000), 7);
        assert_eq!(frequency(restored(usage, 99_000, true), 99_000), 5);
        let usage = Usage { idle_s: None, frequency: Some(200) };
        assert_eq!(frequency(restored(usage, 99_000, true), 99_000), 200);
        assert_eq!(idle_seconds(restored(usage, 99_000, false), 99_000), 0);
    }

    #[test]
    fn idle_time_survives_the_clock_wrapping() {
        let before_wrap = (1u64 << 24) * 1000 - 2000;
        assert_eq!(idle_seconds(clock(before_wrap), before_wrap + 5000), 5);
    }
}

//! How long calls took, in buckets: four to each doubling, from a quarter of a microsecond to 17
//! seconds. A percentile read from it is at most a quarter too high.
//!
//! One thread counts up, others read, as with every counter of a worker.

use super::stats::Counter;

/// Shorter calls share the first bucket: 2^8 nanoseconds.
const FIRST_OCTAVE: u32 = 8;
/// Longer calls share the last bucket: 2^34 nanoseconds.
const LAST_OCTAVE: u32 = 34;
/// Buckets of a doubling, as a power of two.
const PART_BITS: u32 = 2;
/// How many buckets there are.
pub const BUCKETS: usize = ((LAST_OCTAVE - FIRST_OCTAVE) << PART_BITS) as usize;

/// The bucket of a call that took so long.
#[inline]
pub fn bucket(nanos: u64) -> usize {
    let nanos = nanos.clamp(1 << FIRST_OCTAVE, (1 << LAST_OCTAVE) - 1);
    let octave = nanos.ilog2();
    let part = (nanos >> (octave - PART_BITS)) & ((1 << PART_BITS) - 1);
    (((octave - FIRST_OCTAVE) << PART_BITS) as u64 + part) as usize
}

/// The longest time that falls into a bucket, in nanoseconds.
pub fn longest(bucket: usize) -> u64 {
    let octave = FIRST_OCTAVE + (bucket >> PART_BITS) as u32;
    let part = (bucket & ((1 << PART_BITS) - 1)) as u64;
    (((1 << PART_BITS) + part + 1) << (octave - PART_BITS)) - 1
}

/// Calls by how long they took.
pub struct Histogram([Counter; BUCKETS]);

impl Default for Histogram {
    fn default() -> Self {
        Histogram(std::array::from_fn(|_| Counter::default()))
    }
}

impl Histogram {
    /// Counts calls. For the one thread that owns the counters.
    #[inline]
    pub fn add(&self, bucket: usize, calls: u64) {
        self.0[bucket].add(calls);
    }

    /// Starts over.
    pub fn reset(&self) {
        self.0.iter().for_each(Counter::reset);
    }
}

/// Histograms of several workers, added up.
pub struct Sum([u64; BUCKETS]);

impl Sum {
    /// Adds up.
    pub fn of<'a>(histograms: impl Iterator<Item = &'a Histogram>) -> Self {
        let mut sum = [0; BUCKETS];
        for histogram in histograms {
            sum.iter_mut().zip(&histogram.0).for_each(|(sum, counter)| *sum += counter.get());
        }
        Sum(sum)
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The time in nanoseconds that so many per cent of the calls did not exceed.
    pub fn percentile(&self, percent: f64) -> u64 {
        let wanted = (self.calls() as f64 * percent / 100.0).ceil().max(1.0) as u64;
        let mut counted = 0;
        let reached = |calls: &u64| {
            counted += calls;
            counted >= wanted
        };
        self.0.iter().position(reached).map_or(0, longest)
    }

    /// How many calls took no longer than each doubling of about a microsecond, up to the longest
    /// call; steps without a call are left out.
    pub fn doublings(&self) -> Vec<(u64, u64)> {
        let mut steps: Vec<(u64, u64)> = Vec::new();
        let mut counted = 0;
        for (bucket, calls) in self.0.iter().enumerate().filter(|(_, calls)| **calls > 0) {
            counted += calls;
            let octave = (longest(bucket).ilog2() + 1).max(10);
            let microseconds = (1u64 << octave) / 1000;
            match steps.last_mut() {
                Some((last, count)) if *last == microseconds => *count = counted,
                _ => steps.push((microseconds, counted)),
            }
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_falls_into_the_bucket_that_ends_behind_it() {
        for nanos in [256, 300, 511, 512, 1000, 1_000_000, 999_999_999, (1 << 34) - 1] {
            let at = bucket(nanos);
            assert!(nanos <= longest(at), "{nanos}");
            assert!(at == 0 || nanos > longest(at - 1), "{nanos}");
        }
        assert_eq!((bucket(0), bucket(u64::MAX)), (0, BUCKETS - 1));
    }

    #[test]
    fn percentiles_and_doublings_count_calls() {
        let histogram = Histogram::default();
        histogram.add(bucket(900), 99);
        histogram.add(bucket(1_000_000), 1);
        let sum = Sum::of([&histogram, &Histogram::default()].into_iter());
        assert_eq!(sum.calls(), 100);
        assert_eq!((sum.percentile(50.0), sum.percentile(99.0)), (1023, 1023));
        assert!(sum.percentile(99.9) >= 1_000_000);
        assert_eq!(sum.doublings(), [(1, 99), (1048, 100)]);
    }
}

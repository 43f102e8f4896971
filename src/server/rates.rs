//! How much happens a second: INFO's `instantaneous_…` figures.
//!
//! The background thread hands in the counters every 100 ms; a rate is the growth over the last 16
//! samples, so that it follows a change within two seconds and does not jump with every batch.

use parking_lot::Mutex;
use std::collections::VecDeque;

/// Samples a rate is worked out over.
const SAMPLES: usize = 16;

/// Counters at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sample {
    /// When they were read (ms).
    pub at_ms: u64,
    /// Commands run.
    pub commands: u64,
    /// Bytes read.
    pub net_in: u64,
    /// Bytes written.
    pub net_out: u64,
}

/// Growth a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rates {
    /// Commands a second.
    pub commands: f64,
    /// Kilobytes read a second.
    pub input_kbps: f64,
    /// Kilobytes written a second.
    pub output_kbps: f64,
}

/// The latest samples.
#[derive(Default)]
pub struct Samples(Mutex<VecDeque<Sample>>);

impl Samples {
    /// Takes a sample in.
    pub fn add(&self, sample: Sample) {
        let mut samples = self.0.lock();
        // CONFIG RESETSTAT sets the counters back: what came before says nothing then.
        if samples.back().is_some_and(|last| last.commands > sample.commands) {
            samples.clear();
        }
        if samples.len() > SAMPLES {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    /// The rates over the samples there are; zero before the second one.
    pub fn rates(&self) -> Rates {
        let samples = self.0.lock();
        let (Some(first), Some(last)) = (samples.front(), samples.back()) else {
            return Rates::default();
        };
        let seconds = last.at_ms.saturating_sub(first.at_ms) as f64 / 1000.0;
        if seconds <= 0.0 {
            return Rates::default();
        }
        let rate = |from: u64, to: u64| to.saturating_sub(from) as f64 / seconds;
        Rates {
            commands: rate(first.commands, last.commands),
            input_kbps: rate(first.net_in, last.net_in) / 1024.0,
            output_kbps: rate(first.net_out, last.net_out) / 1024.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_growth_over_time() {
        let samples = Samples::default();
        assert_eq!(samples.rates(), Rates::default());
        for step in 0..30 {
            let at_ms = 1000 + step * 100;
            samples.add(Sample { at_ms, commands: step * 10, net_in: step * 1024, net_out: 0 });
        }
        let rates = samples.rates();
        assert_eq!((rates.commands, rates.input_kbps, rates.output_kbps), (100.0, 10.0, 0.0));
    }

    #[test]
    fn a_reset_starts_over() {
        let samples = Samples::default();
        samples.add(Sample { at_ms: 0, commands: 1000, ..Sample::default() });
        samples.add(Sample { at_ms: 100, commands: 0, ..Sample::default() });
        samples.add(Sample { at_ms: 200, commands: 5, ..Sample::default() });
        assert_eq!(samples.rates().commands, 50.0);
    }
}

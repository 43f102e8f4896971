//! The shortest sequence that still differs: pieces of half the length, a quarter … are left out as
//! long as a difference remains (Zeller's ddmin), then single words, then long words are cut.

use crate::play::{Answers, Difference, Pair};
use crate::servers::Step;
use crate::tame::name;
use std::time::{Duration, Instant};

/// Tries for one failure, and the time they may take; what is not small by then is shown as it is.
const MOST_TRIES: usize = 3_000;
const LONGEST: Duration = Duration::from_secs(60);

/// What does not show again at the first time may do so at another.
const FIRST_TRIES: usize = 3;

/// The shortest sequence found. None if the difference does not show again.
pub fn shrink(pair: &mut Pair, found: &Difference) -> Result<Option<Difference>, String> {
    let mut shrinker =
        Shrinker { pair, tries: 0, begun: Instant::now(), name: last_name(&found.steps) };
    let mut best = None;
    for _ in 0..FIRST_TRIES {
        best = best.or(shrinker.play(&found.steps)?);
    }
    let Some(mut best) = best else { return Ok(None) };
    shrinker.steps(&mut best)?;
    shrinker.words(&mut best)?;
    shrinker.steps(&mut best)?;
    Ok(Some(best))
}

fn last_name(steps: &[Step]) -> String {
    steps.last().map(|step| name(&step.words)).unwrap_or_default()
}

struct Shrinker<'a> {
    pair: &'a mut Pair,
    tries: usize,
    begun: Instant,
    /// The command that showed it: another difference would be another finding.
    name: String,
}

impl Shrinker<'_> {
    /// Plays on empty servers.
    fn play(&mut self, steps: &[Step]) -> Result<Option<Difference>, String> {
        self.tries += 1;
        self.pair.reset()?;
        let found = self.pair.play(steps, &mut Answers::new());
        Ok(found.filter(|found| last_name(&found.steps) == self.name))
    }

    fn may_try(&self) -> bool {
        self.tries < MOST_TRIES && self.begun.elapsed() < LONGEST
    }

    fn steps(&mut self, best: &mut Difference) -> Result<(), String> {
        let mut length = best.steps.len() / 2;
        while length > 0 {
            let mut at = 0;
            let mut shorter = false;
            while at + length < best.steps.len() && self.may_try() {
                let rest = [&best.steps[..at], &best.steps[at + length..]].concat();
                match self.play(&rest)? {
                    Some(found) => {
                        *best = found;
                        shorter = true;
                    }
                    None => at += length,
                }
            }
            if length > 1 || !shorter {
                length /= 2;
            }
        }
        Ok(())
    }

    fn words(&mut self, best: &mut Difference) -> Result<(), String> {
        let mut at = 0;
        while at < best.steps.len() {
            let mut place = best.steps[at].words.len();
            while place > 1 && self.may_try() {
                place -= 1;
                self.word(best, at, place)?;
                if at >= best.steps.len() {
                    return Ok(());
                }
                place = place.min(best.steps[at].words.len());
            }
            at += 1;
        }
        Ok(())
    }

    /// Leaves a word out, or makes it shorter.
    fn word(&mut self, best: &mut Difference, at: usize, place: usize) -> Result<(), String> {
        let mut without = best.steps.clone();
        let word = without[at].words.remove(place);
        if let Some(found) = self.play(&without)? {
            *best = found;
            return Ok(());
        }
        if word.len() > 8 {
            let mut cut = best.steps.clone();
            cut[at].words[place].truncate(word.len() / 2);
            if let Some(found) = self.play(&cut)? {
                *best = found;
                return self.word(best, at, place);
            }
        }
        Ok(())
    }
}

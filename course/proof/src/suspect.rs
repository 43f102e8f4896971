//! A program that must be red: a mutant, or the program before the chapter. It is built, played,
//! and what it answers is compared with what was recorded, or recorded anew.
//! Answers that differ from run to run are recorded with `{*}` for the part that differs; a case
//! that is red in some runs only is `{*}` as a whole.

use crate::cache::{self, Cache};
use crate::checkpoint::Files;
use crate::play::{self, Manner};
use crate::workshop::{self, Built, Workshops};
use anyhow::Result;
use redstart_course::language::Script;
use redstart_course::likely::{self, ANY, Answers, Wrong};
use redstart_course::player::Outcome;
use std::collections::BTreeMap;
use std::path::Path;

/// Silence is waited for in full, so the first try is not patient; one that fails may have been
/// late, and the next ones are.
const TRIES: usize = 4;
/// Answers that are recorded are what so many plays have in common.
const RECORDED_TRIES: usize = 4;
const QUICK: f64 = 1.0;
const PATIENT: f64 = 4.0;

/// Who is suspected.
pub struct Suspect<'a> {
    pub name: &'a str,
    pub cause: &'a str,
    pub files: Files,
    /// The first red case; the program before the chapter has no fixed one.
    pub case: Option<usize>,
    /// Cases in which its answer is chance: recorded as `{*}`, red or green.
    pub chance: &'a [usize],
    /// The stage that it still has to pass.
    pub passes: Option<&'a Script>,
    pub stage: &'a Script,
}

/// What was found out.
#[derive(Debug, Clone, Default)]
pub struct Finding {
    pub faults: Vec<String>,
    /// What it answers.
    pub answers: Wrong,
}

/// The tools of a proof.
pub struct Tools<'a> {
    pub cache: &'a Cache,
    pub shops: &'a Workshops,
    pub manner: Manner,
    /// Answers are recorded, not compared.
    pub bless: bool,
}

/// Plays the suspect, unless that was done before.
pub fn examine(suspect: &Suspect, recorded: Option<&Wrong>, tools: &Tools) -> Result<Finding> {
    let text = |script: &Script| cache::content(&script.path);
    let transcripts = (suspect.passes.map(text), text(suspect.stage));
    let told = recorded.map(|wrong| &wrong.cases);
    let cases = (suspect.case, suspect.chance);
    let key = |told, bless| (suspect.name, cases, &suspect.files, &transcripts, (told, bless));
    // Answers that were compared and found right need not be recorded anew: what was recorded says
    // which part of them is chance.
    let was_right = tools.cache.find(&key(told, false)).is_some();
    if let Some(cases) = told.filter(|_| was_right) {
        return Ok(Finding { faults: Vec::new(), answers: named(suspect, cases.clone()) });
    }
    let known = tools.cache.find(&key(told, tools.bless));
    let known = known.and_then(|text| Answers::parse(&text));
    if let Some(answers) = known.and_then(|mut known| known.servers.pop()) {
        return Ok(Finding { faults: Vec::new(), answers: named(suspect, answers.cases) });
    }
    let finding = play_it(suspect, recorded, tools)?;
    if finding.faults.is_empty() {
        let text = Answers { servers: vec![finding.answers.clone()] }.render();
        tools.cache.keep(&key(told, tools.bless), &text);
        if tools.bless {
            // What was recorded now need not be played again to be compared.
            tools.cache.keep(&key(Some(&finding.answers.cases), false), &text);
        }
    }
    Ok(finding)
}

fn named(suspect: &Suspect, cases: BTreeMap<usize, String>) -> Wrong {
    Wrong { name: suspect.name.to_owned(), cause: suspect.cause.to_owned(), cases }
}

fn play_it(suspect: &Suspect, recorded: Option<&Wrong>, tools: &Tools) -> Result<Finding> {
    let name = format!("{}-{}", suspect.stage.name, suspect.name);
    let program = match tools.shops.build(&suspect.files, &name)? {
        Built::Program(program, _) => program,
        Built::Failed(said) => {
            let fault =
                format!("{} is not built:\n{}", suspect.name, crate::prove::indented(&said));
            return Ok(Finding { faults: vec![fault], ..Finding::default() });
        }
    };
    let finding = try_it(suspect, recorded, tools, &program);
    workshop::remove(&program)?;
    Ok(finding)
}

fn try_it(suspect: &Suspect, recorded: Option<&Wrong>, tools: &Tools, program: &Path) -> Finding {
    let mut fault = String::new();
    let mut seen: Vec<BTreeMap<usize, String>> = Vec::new();
    for number in 0..TRIES + if tools.bless { RECORDED_TRIES } else { 0 } {
        let manner = Manner {
            patience: if number == 0 { QUICK } else { PATIENT.max(tools.manner.patience) },
            seed: tools.manner.seed + number as u64,
        };
        let cases = match trial(suspect, program, manner) {
            Ok(cases) => cases,
            Err(why) => {
                fault = why;
                continue;
            }
        };
        let fitting = recorded.map(|recorded| compare(recorded, &cases));
        match fitting {
            Some(Err(why)) if !tools.bless => fault = why,
            None | Some(Ok(())) if !tools.bless => {
                return Finding { faults: Vec::new(), answers: named(suspect, cases) };
            }
            _ => seen.push(cases),
        }
        if seen.len() == RECORDED_TRIES {
            let is_kept = |recorded: &&Wrong| seen.iter().all(|it| compare(recorded, it).is_ok());
            let common = || seen.iter().cloned().reduce(|one, two| combined(&one, &two));
            let cases = match recorded.filter(is_kept) {
                Some(recorded) => recorded.cases.clone(),
                None => common().expect("there was a play"),
            };
            return Finding { faults: Vec::new(), answers: named(suspect, cases) };
        }
    }
    Finding {
        faults: vec![format!("{}: {fault}", suspect.name)],
        answers: named(suspect, seen.pop().unwrap_or_default()),
    }
}

/// Plays once: the red cases with their answers, or why this is not a wrong server as it should be.
fn trial(
    suspect: &Suspect,
    program: &Path,
    manner: Manner,
) -> Result<BTreeMap<usize, String>, String> {
    if let Some(before) = suspect.passes {
        let outcomes = play::play_to_red(before, program, manner);
        if let Some(red) = play::first_red(&outcomes) {
            return Err(format!("it should pass the stage before, but {}", play::told(red)));
        }
    }
    let outcomes = play::play_all(suspect.stage, program, manner);
    if let Some((case, why)) = play::untried(&outcomes) {
        return Err(format!("case {case} could not be tried: {why}"));
    }
    let Some(first) = play::first_red(&outcomes) else {
        return Err("no case is red; the transcript lets it through".into());
    };
    if let Some(case) = suspect.case {
        if first.case != case {
            let told = play::told(first);
            return Err(format!("case {case} should be the first red one, but it is {told}"));
        }
        if !play::was_judged(first) {
            return Err(format!("red, but not by an assertion: {}", play::told(first)));
        }
    }
    let form = |outcome: &Outcome| {
        likely::form(suspect.stage, outcome, manner.seed).map(|form| (outcome.case, form))
    };
    let mut cases: BTreeMap<usize, String> = outcomes.iter().filter_map(form).collect();
    cases.extend(suspect.chance.iter().map(|case| (*case, ANY.to_owned())));
    Ok(cases)
}

/// Whether these are the recorded answers.
fn compare(recorded: &Wrong, given: &BTreeMap<usize, String>) -> Result<(), String> {
    for (case, form) in &recorded.cases {
        match given.get(case) {
            _ if form == ANY => {}
            Some(given) if likely::fits(form, given) => {}
            Some(given) => {
                return Err(format!("case {case} is recorded as `{form}`, and was `{given}`"));
            }
            None => return Err(format!("case {case} is recorded as red, and was green")),
        }
    }
    match given.iter().find(|(case, _)| !recorded.cases.contains_key(case)) {
        Some((case, form)) => Err(format!("case {case} is recorded as green, and was `{form}`")),
        None => Ok(()),
    }
}

/// What two plays have in common.
fn combined(
    one: &BTreeMap<usize, String>,
    two: &BTreeMap<usize, String>,
) -> BTreeMap<usize, String> {
    let both = one.keys().chain(two.keys()).copied();
    let common = |case: usize| match (one.get(&case), two.get(&case)) {
        (Some(one), Some(two)) => in_common(one, two),
        _ => ANY.to_owned(),
    };
    both.map(|case| (case, common(case))).collect()
}

/// The text with `{*}` where the two differ, word by word.
fn in_common(one: &str, two: &str) -> String {
    let (one, two) = (words(one), words(two));
    // The step comes first; who fails at another one answers otherwise altogether.
    if one.first() != two.first() || one.get(1) != two.get(1) {
        return ANY.to_owned();
    }
    let differing = one.iter().zip(&two).filter(|(one, two)| one != two).count();
    // Elements that come in any order: what is the same in two runs is chance.
    if let (true, Some(array)) = (differing > 2, one.iter().position(|word| *word == "[")) {
        return format!("{}{ANY}", one[..=array].concat());
    }
    if one.len() == two.len() {
        let word =
            |(one, two): (&&str, &&str)| if one == two { (*one).to_owned() } else { ANY.into() };
        let words: String = one.iter().zip(&two).map(word).collect();
        let mut words = words;
        while words.contains(&ANY.repeat(2)) {
            words = words.replace(&ANY.repeat(2), ANY);
        }
        return words;
    }
    let same = |(one, two): &(&&str, &&str)| one == two;
    let head = one.iter().zip(&two).take_while(same).count();
    let shorter = one.len().min(two.len()) - head;
    let tail = one.iter().rev().zip(two.iter().rev()).take(shorter).take_while(same).count();
    format!("{}{ANY}{}", one[..head].concat(), one[one.len() - tail..].concat())
}

/// Letters and digits together, everything else alone.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut from = 0;
    let mut in_word = false;
    for (at, letter) in text.char_indices() {
        let is_word = letter.is_alphanumeric();
        if at > from && !(in_word && is_word) {
            words.push(&text[from..at]);
            from = at;
        }
        in_word = is_word;
    }
    words.push(&text[from..]);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_runs_have_in_common_keeps_what_is_the_same() {
        for (one, two, both) in [
            ("+3 (integer) 17", "+3 (integer) 18", "+3 (integer) {*}"),
            ("+3 (nil)", "+3 (nil)", "+3 (nil)"),
            ("+3 (nil)", "+4 (nil)", "{*}"),
            ("+3 [\"a\", \"b\"]", "+3 [\"a\", \"c\", \"b\"]", "+3 [\"a\", \"{*}b\"]"),
            ("+3 a-b", "+3 c+d", "+3 {*}"),
            ("+3 [\"a\", \"b\", \"c\"]", "+3 [\"b\", \"c\", \"a\"]", "+3 [{*}"),
        ] {
            assert_eq!(in_common(one, two), both);
            if both != ANY {
                assert!(likely::fits(both, one) && likely::fits(both, two), "{both}");
            }
        }
    }

    #[test]
    fn a_case_that_is_red_only_sometimes_is_no_evidence() {
        let one = BTreeMap::from([(1, "+1 a".to_owned()), (2, "+1 b".to_owned())]);
        let two = BTreeMap::from([(1, "+1 a".to_owned())]);
        let cases = combined(&one, &two);
        assert_eq!(cases, BTreeMap::from([(1, "+1 a".to_owned()), (2, ANY.to_owned())]));
        let recorded = Wrong { cases, ..Wrong::default() };
        assert!(compare(&recorded, &one).is_ok() && compare(&recorded, &two).is_ok());
        let other = BTreeMap::from([(1, "+1 x".to_owned())]);
        assert!(compare(&recorded, &other).unwrap_err().contains("was `+1 x`"));
        let more = BTreeMap::from([(1, "+1 a".to_owned()), (5, "+1 b".to_owned())]);
        assert!(compare(&recorded, &more).unwrap_err().contains("recorded as green"));
    }
}

//! The likely cause of a red case: a server that was broken on purpose gave this very answer.
//! Every stage has such servers (course/stages/<id>/mutants.toml), and answers.txt says what each
//! of them answers at the first step that goes wrong, in a normal form: random keys and values have
//! their names again, folders are {dir} and {here}, times and counts of the runner's own words are
//! left out.
//! A cause is told only if one server fits and no other; where several fit, the cases in which they
//! differ are played, too. A server that has nothing of the stage yet is on the list without a
//! cause: who answers as that one does gets no guess.

use crate::language::{Kind, Script};
use crate::player::{self, Asked, Failure, FailureKind, Options, Outcome, Verdict};
use crate::server::{self, Program};
use crate::values::{Values, stage_seed};
use crate::wire::shown;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

/// What stands for a part that differs from run to run.
pub const ANY: &str = "{*}";
/// The server before the stage, which has no cause.
pub const BEFORE: &str = "before";
/// The form of the file.
const VERSION: &str = "version 1";
/// Longer answers are cut: what is wrong shows at their beginning.
const LONGEST: usize = 160;
/// So many letters before the cut are not compared.
const CUT_MARGIN: usize = 20;
/// Bytes of an answer that is no whole reply.
const BYTES: usize = 40;
/// No further case is played after this time.
const PLAY_LIMIT: Duration = Duration::from_secs(3);

/// What wrong servers answer at one stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// In the order of the file.
    pub servers: Vec<Wrong>,
}

/// One of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wrong {
    /// Unique in its stage.
    pub name: String,
    /// Said to the learner; empty for the server before the stage.
    pub cause: String,
    /// Its red cases, and what it answers there.
    pub cases: BTreeMap<usize, String>,
}

impl Answers {
    /// Those of a stage; none where nothing was recorded, or by a newer runner.
    pub fn read(path: &Path) -> Option<Self> {
        Answers::parse(&std::fs::read_to_string(path).ok()?)
    }

    /// Understands the text of the file.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        (lines.next()? == VERSION).then_some(())?;
        let mut servers: Vec<Wrong> = Vec::new();
        for line in lines {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            if word == "server" {
                servers.push(Wrong { name: rest.to_owned(), ..Wrong::default() });
                continue;
            }
            let server = servers.last_mut()?;
            match word {
                "cause" => server.cause = rest.to_owned(),
                "case" => {
                    let (case, form) = rest.split_once(": ")?;
                    server.cases.insert(case.parse().ok()?, form.to_owned());
                }
                _ => return None,
            }
        }
        Some(Answers { servers })
    }

    /// The text of the file.
    pub fn render(&self) -> String {
        let mut text = format!(
            "# What wrong servers answer at this stage. Recorded by `make prove BLESS=1`, never by \
             hand.\n{VERSION}\n"
        );
        for server in &self.servers {
            text.push_str(&format!("\nserver {}\n", server.name));
            if !server.cause.is_empty() {
                text.push_str(&format!("cause {}\n", server.cause));
            }
            for (case, form) in &server.cases {
                text.push_str(&format!("case {case}: {form}\n"));
            }
        }
        text
    }
}

/// The normal form of a red case: `+4 (integer) 1`, the step's line within its case and
/// the answer.
pub fn form(script: &Script, outcome: &Outcome, seed: u64) -> Option<String> {
    let Verdict::Red(failure) = &outcome.verdict else { return None };
    let case = script.cases.get(outcome.case.checked_sub(1)?)?;
    let values = Values::new(stage_seed(seed, &script.name), outcome.case as u64 - 1);
    // When the end of a program is noticed is chance.
    if failure.kind == FailureKind::Ended {
        return Some("ends".into());
    }
    let answer = named(&answer(failure), &values, &text_of_case(script, outcome.case));
    let here = std::env::current_dir().unwrap_or_default();
    let answer = without_folders(&answer, &here);
    let short = player::cut(&answer.replace('\n', "\\n"), LONGEST);
    Some(format!("+{} {short}", failure.line.saturating_sub(case.line)))
}

/// What the server did, without names.
fn answer(failure: &Failure) -> String {
    if failure.kind == FailureKind::Start {
        return "does not start".into();
    }
    let received = &failure.received;
    match &received.wire {
        None => {
            let words = without_counts(&received.notation);
            let told: Vec<&str> = failure.meanwhile.iter().map(String::as_str).collect();
            // While a reply is on its way, what others have got by then is chance.
            if words.starts_with("nothing") && !told.is_empty() {
                return format!("{words} · {}", told.join(" · "));
            }
            words
        }
        Some(wire) if received.notation.ends_with(':') => {
            let words = without_counts(received.notation.trim_end_matches(':'));
            format!("{words}: {}", shown(&wire[..wire.len().min(BYTES)]))
        }
        Some(_) => received.notation.clone(),
    }
}

/// The runner's own words say how long it waited and how much it counted.
fn without_counts(words: &str) -> String {
    // A reply in words, such as the commands of a file, keeps its numbers.
    if words.starts_with(['[', '"']) {
        return words.to_owned();
    }
    // A file that is no text: keys, times and checksums are all over it.
    if words.contains(" bytes: \"") && words.contains("\\x") {
        return ANY.into();
    }
    // What a tool printed before it gave up is chance.
    let words = words.split("; it says").next().unwrap_or(words);
    let mut text = String::new();
    for letter in words.chars() {
        match (letter.is_ascii_digit(), text.ends_with('#')) {
            (true, true) => {}
            (true, false) => text.push('#'),
            (false, _) => text.push(letter),
        }
    }
    text
}

/// The lines of a case, to see which names it uses.
fn text_of_case(script: &Script, number: usize) -> String {
    let text = std::fs::read_to_string(&script.path).unwrap_or_default();
    let from = script.cases[number - 1].line;
    let to = script.cases.get(number).map_or(usize::MAX, |next| next.line);
    let lines = text.lines().skip(from).take(to.saturating_sub(from));
    lines.collect::<Vec<_>>().join("\n")
}

/// Gives random keys, values and numbers their names back.
fn named(answer: &str, values: &Values, case: &str) -> String {
    let mut text = answer.to_owned();
    let kinds = [('k', 31), ('v', 9), ('n', 9)];
    for (kind, most) in kinds {
        for number in 1..=most {
            let name = format!("{kind}{number}");
            let is_used =
                case.contains(&format!("{{{name}")) || case.contains(&format!("{name}}}"));
            if let (true, Ok(value)) = (is_used, values.value(&name)) {
                let value = String::from_utf8_lossy(&value).into_owned();
                text = replace_words(&text, &value, &format!("{{{name}}}"));
            }
        }
    }
    text
}

/// Writes {dir} for the server's own folder, which is another one in every run, and {here} for the
/// one that the runner, and so the program, is in.
fn without_folders(answer: &str, here: &Path) -> String {
    let mut text = String::new();
    let mut rest = answer;
    let own = server::folder_prefix();
    while let Some((before, behind)) = rest.split_once(&own) {
        text.push_str(before);
        text.push_str("{dir}");
        rest = behind.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '-');
    }
    text.push_str(rest);
    let here = here.to_string_lossy();
    // A folder like / would be found in anything.
    if here.len() > 1 { text.replace(&*here, "{here}") } else { text }
}

/// Replaces a text where it is not part of a longer number.
fn replace_words(text: &str, from: &str, to: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        let is_number = from.bytes().all(|byte| byte.is_ascii_digit());
        let joined = result.ends_with(|last: char| last.is_ascii_digit()) && before.is_empty();
        let is_part = before.ends_with(|last: char| last.is_ascii_digit())
            || after.starts_with(|next: char| next.is_ascii_digit())
            || joined;
        result.push_str(before);
        result.push_str(if is_number && is_part { from } else { to });
        rest = after;
    }
    result + rest
}

/// Whether an answer is the recorded one; `{*}` stands for anything.
pub fn fits(recorded: &str, given: &str) -> bool {
    // Where a long answer was cut depends on the length of what is in it.
    if let Some(cut) = recorded.strip_suffix('…') {
        let kept = cut.chars().count().saturating_sub(CUT_MARGIN);
        let beginning: String = cut.chars().take(kept).collect();
        return fits(&format!("{beginning}{ANY}"), given);
    }
    let mut parts = recorded.split(ANY);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = given.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// A form that fits almost anything is no evidence.
fn is_vague(recorded: &str) -> bool {
    let answer = recorded.split_once(' ').map_or(recorded, |(_, answer)| answer);
    answer.contains(ANY) && answer.replace(ANY, "").trim().len() < 3
}

/// Adds the likely cause to the first red case of a stage.
pub fn explain(outcome: &mut Outcome, script: &Script, program: &Program, options: &Options) {
    if script.kind != Kind::Stage || options.asked != Asked::Program {
        return;
    }
    // tests/stages/<id>.redis and course/stages/<id>/answers.txt
    let Some(root) = script.path.ancestors().nth(3) else { return };
    let file = root.join("course/stages").join(&script.name).join("answers.txt");
    let Some(answers) = Answers::read(&file) else { return };
    let likely = cause(&answers, script, program, options, outcome);
    if let Verdict::Red(failure) = &mut outcome.verdict {
        failure.likely = likely;
    }
}

/// The cause of a red case, if one wrong server gave this very answer; `outcome` is the first red
/// case of the script.
pub fn cause(
    answers: &Answers,
    script: &Script,
    program: &Program,
    options: &Options,
    outcome: &Outcome,
) -> Option<String> {
    let given = form(script, outcome, options.seed)?;
    let is_same = |server: &&Wrong| {
        let first = server.cases.iter().next();
        first.is_some_and(|(case, form)| {
            *case == outcome.case && !is_vague(form) && fits(form, &given)
        })
    };
    let mut candidates: Vec<&Wrong> = answers.servers.iter().filter(is_same).collect();
    let begun = Instant::now();
    for case in outcome.case + 1..=outcome.of {
        let recorded = |server: &&Wrong| server.cases.get(&case).cloned();
        let differ = candidates.windows(2).any(|pair| recorded(&pair[0]) != recorded(&pair[1]));
        if !differ {
            continue;
        }
        if begun.elapsed() > PLAY_LIMIT {
            break;
        }
        let given = play_one(script, program, options, case)?;
        candidates.retain(|server| match (server.cases.get(&case), &given) {
            (None, None) => true,
            // Chance: red or green, it says nothing.
            (Some(recorded), _) if recorded == ANY => true,
            (Some(recorded), Some(given)) => fits(recorded, given),
            _ => false,
        });
    }
    match candidates[..] {
        [server] if !server.cause.is_empty() => Some(server.cause.clone()),
        _ => None,
    }
}

/// Plays one case quietly: the outer None if it could not be tried, the inner one if it is green.
fn play_one(
    script: &Script,
    program: &Program,
    options: &Options,
    case: usize,
) -> Option<Option<String>> {
    let program = Program { patience: program.patience.min(1.0), ..program.clone() };
    let options = Options { only: Some(case), asked: Asked::Program, ..options.clone() };
    let mut given = None;
    player::play(script, &program, &options, &mut |outcome| {
        given = match outcome.verdict {
            Verdict::Green => Some(None),
            Verdict::Red(_) => Some(form(script, &outcome, options.seed)),
            Verdict::Skipped(_) | Verdict::Untried(_) => None,
        };
        ControlFlow::Continue(())
    });
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# A comment.\nversion 1\n\n\
                        server before\ncase 1: +2 (error) ERR unknown\n\n\
                        server newest-first\ncause You wake the last one.\n\
                        case 3: +7 nothing · B received [\"{k1}\", \"x\"]\ncase 4: +2 {*} of 3\n";

    #[test]
    fn answers_are_read_as_they_were_written() {
        let answers = Answers::parse(FILE).unwrap();
        assert_eq!(answers.servers[1].cases[&4], "+2 {*} of 3");
        assert_eq!(Answers::parse(&answers.render()), Some(answers));
        assert_eq!(Answers::parse("version 2\nserver a\n"), None);
    }

    #[test]
    fn a_star_stands_for_anything_and_nothing_else_does() {
        for (recorded, given, fitting) in [
            ("+1 OK", "+1 OK", true),
            ("+1 OK", "+1 OKAY", false),
            ("+1 (integer) {*}", "+1 (integer) 17", true),
            ("+1 [{*}, \"a\"]", "+1 [1, 2, \"a\"]", true),
            ("+1 [{*}, \"a\"]", "+1 [1, \"b\"]", false),
            ("+1 {*}", "+2 x", false),
        ] {
            assert_eq!(fits(recorded, given), fitting, "{recorded} / {given}");
        }
        assert!(fits(
            "+4 some numbers, {*}, and then much more…",
            "+4 some numbers, 12345, and th…"
        ));
        assert!(!fits(
            "+4 some numbers, {*}, and then much more…",
            "+4 other numbers, 12345, and…"
        ));
        assert!(is_vague("+4 {*}") && !is_vague("+4 (nil)") && !is_vague("+4 []"));
    }

    #[test]
    fn random_texts_have_their_names_back() {
        let values = Values::new(41, 2);
        let text = |name: &str| String::from_utf8_lossy(&values.value(name).unwrap()).into_owned();
        let (key, number) = (text("k1"), text("n1"));
        let answer =
            format!("[\"{key}\", (integer) {number}, \"{number}{number}\", \"1{number}\"]");
        assert_eq!(
            named(&answer, &values, "A> SET {k1} {n1}"),
            format!("[\"{{k1}}\", (integer) {{n1}}, \"{number}{number}\", \"1{number}\"]")
        );
        assert_eq!(named(&answer, &values, "A> PING"), answer);
    }

    #[test]
    fn folders_of_a_machine_are_not_told() {
        let own = format!("{}4351-12", server::folder_prefix());
        let given = format!("[\"dir\", \"{own}\", \"{own}/a\", \"/some/where/b\"]");
        let form = without_folders(&given, Path::new("/some/where"));
        assert_eq!(form, "[\"dir\", \"{dir}\", \"{dir}/a\", \"{here}/b\"]");
        assert_eq!(without_folders("/a/b", Path::new("/")), "/a/b");
    }

    #[test]
    fn the_runners_own_words_lose_their_counts() {
        assert_eq!(without_counts("nothing in 8000 ms"), "nothing in # ms");
        assert_eq!(without_counts("[\"SET\", \"7\"]"), "[\"SET\", \"7\"]");
        assert_eq!(without_counts("12 bytes: \"SET a\""), "# bytes: \"SET a\"");
        assert_eq!(without_counts("12 bytes: \"REDIS0011\\xfe\\x00\""), ANY);
    }
}

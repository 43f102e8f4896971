//! Lines in, answers out. A line that was sent is a `Talk`: it collects one answer from each side,
//! in the order in which each connection gives them. What comes without having been asked for (a
//! message to a subscriber) is a talk without a line.

use super::line::{Line, understand};
use super::notation::{Answer, beside, difference};
use super::side::Side;
use crate::language::Pace;
use crate::report::Style;
use crate::values::Values;
use crate::wire;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// So long a line's answers are waited for before the next prompt.
const ANSWER_LIMIT: Duration = Duration::from_millis(600);
/// A server that has answered may have more to say, and the other one may be about to answer.
const MORE_LIMIT: Duration = Duration::from_millis(15);
/// How often the sides are looked at while an answer is waited for.
const STEP: Duration = Duration::from_millis(2);
/// Lines whose answers have not come: more are forgotten, oldest first.
const MOST_TALKS: usize = 1000;

/// A server that sends without end must not keep the prompt from coming back.
const MOST_AT_ONCE: usize = 1000;
/// Replies without a line that are shown one by one.
const MOST_UNASKED: usize = 20;
/// What the sides are called.
const WHOSE: [&str; 2] = ["your server", "the real server"];

const HELP: &str = "\
  SET a 1              a command, as in redis-cli
  B> BLPOP k 0         the same on another connection: A is yours, B … Z are free
  B!                   B disconnects         wait 20ms    time passes
  A>raw \"PING\\r\\n\"     exact bytes           A>bytewise   the same, one at a time
  .bytes               shows what came as bytes, or no longer
  .bytes SET a 1       … for this line only
  .restart             ends both servers and starts them again; yours is built anew
  .kill                the same with kill -9
  .quit                or Ctrl-D";

/// A line that was sent and what came back; index 0 is the learner's side.
#[derive(Debug)]
struct Talk {
    who: char,
    /// None for what came unasked.
    line: Option<String>,
    answers: [Option<Answer>; 2],
    /// It was shown with an answer missing.
    shown: bool,
    bytes: bool,
}

impl Talk {
    fn lines(&self, side: usize) -> Vec<String> {
        match &self.answers[side] {
            Some(answer) => answer.lines(),
            None if self.line.is_some() => vec!["(no answer yet)".into()],
            None => Vec::new(),
        }
    }
}

/// The prompt's state.
pub struct Session {
    sides: Vec<Side>,
    style: Style,
    width: usize,
    values: Values,
    bytes: bool,
    talks: Vec<Talk>,
}

impl Session {
    /// A session with the learner's server and, if there is one, a real one.
    pub fn new(yours: Side, theirs: Option<Side>, style: Style, width: usize) -> Self {
        let sides = std::iter::once(yours).chain(theirs).collect();
        let values = Values::new(crate::cli::random_seed(), 0);
        Session { sides, style, width, values, bytes: false, talks: Vec::new() }
    }

    /// Says who answers where.
    pub fn greet(&self, name: &str, out: &mut dyn Write) -> io::Result<()> {
        let ports: Vec<String> = self.sides.iter().map(|side| on_port(side.ports())).collect();
        writeln!(out)?;
        match ports.as_slice() {
            [yours, theirs] => {
                let lines =
                    [["your server".to_owned(), yours.clone()], [name.to_owned(), theirs.clone()]];
                for row in beside(&lines[0], &lines[1], self.width - 2) {
                    writeln!(out, "  {}", self.style.dim(&row.text.replace('≠', " ")))?;
                }
            }
            _ => writeln!(out, "  your server, {}   ({name})", ports.join(""))?,
        }
        let hint = "A line is a command, as in redis-cli. `.help` shows what else there is.";
        writeln!(out, "  {}\n", self.style.dim(hint))
    }

    /// Shows that a line is waited for.
    pub fn prompt(&self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "try> ")?;
        out.flush()
    }

    /// Does what a line says. Breaks when it says to quit.
    pub fn line(&mut self, text: &str, out: &mut dyn Write) -> io::Result<ControlFlow<()>> {
        let meant = match understand(text, &self.values) {
            Ok(meant) => meant,
            Err(why) => {
                writeln!(out, "  {why}")?;
                return Ok(ControlFlow::Continue(()));
            }
        };
        match meant {
            Line::Quit => return Ok(ControlFlow::Break(())),
            Line::Nothing => {}
            Line::Help => writeln!(out, "{HELP}")?,
            Line::Expectation => writeln!(out, "  (nothing is checked here)")?,
            Line::Wait(time) => std::thread::sleep(time),
            Line::Leave(who) => {
                self.sides.iter_mut().for_each(|side| side.leave(who));
                // Nobody is there any more to be answered.
                self.talks.retain(|talk| talk.who != who);
            }
            Line::Restart => self.start_again("TERM", out)?,
            Line::Kill => self.start_again("KILL", out)?,
            Line::Bytes(None) => {
                self.bytes = !self.bytes;
                writeln!(out, "  bytes are {}", if self.bytes { "shown" } else { "not shown" })?;
            }
            Line::Bytes(Some(line)) => {
                let before = std::mem::replace(&mut self.bytes, true);
                let flow = self.line(&line, out);
                self.bytes = before;
                return flow;
            }
            Line::Send(who, bytes, pace) => self.send(who, text, &bytes, pace, out)?,
        }
        Ok(ControlFlow::Continue(()))
    }

    fn send(
        &mut self,
        who: char,
        line: &str,
        bytes: &[u8],
        pace: Pace,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut reached = false;
        let line = Some(line.trim().to_owned());
        self.talks.push(Talk { who, line, answers: [None, None], shown: false, bytes: self.bytes });
        for (index, side) in self.sides.iter_mut().enumerate() {
            let sent = match pace {
                Pace::Whole => side.send(who, bytes),
                Pace::Bytewise => bytes.chunks(1).try_for_each(|byte| {
                    std::thread::sleep(Duration::from_millis(1));
                    side.send(who, byte)
                }),
            };
            match sent {
                Ok(()) => reached = true,
                Err(why) => {
                    writeln!(out, "  {}: {why}", WHOSE[index])?;
                    if let Some(talk) = self.talks.last_mut() {
                        talk.answers[index] = Some(Answer::Unsent);
                    }
                }
            }
        }
        if self.bytes {
            writeln!(out, "  {}", self.style.dim(&format!("sent {}", wire::shown(bytes))))?;
        }
        if reached {
            self.late(ANSWER_LIMIT, false, out)?;
        } else {
            self.talks.pop();
            self.tell_news(false, out)?;
        }
        Ok(())
    }

    /// Collects what has come, for at most this long, and shows it; whether anything was shown.
    /// The prompt stands there already if `at_prompt`.
    pub fn late(
        &mut self,
        limit: Duration,
        at_prompt: bool,
        out: &mut dyn Write,
    ) -> io::Result<bool> {
        let deadline = Instant::now() + limit;
        let mut settled: Option<Instant> = None;
        loop {
            let came = self.collect();
            let now = Instant::now();
            let asked = self.talks.iter().rev().find(|talk| talk.line.is_some());
            let complete = asked.is_none_or(|talk| talk.shown || self.is_complete(talk));
            if came || (complete && settled.is_none()) {
                settled = Some(now + MORE_LIMIT);
            }
            let enough = complete && settled.is_some_and(|settled| now >= settled);
            if enough || now >= deadline + MORE_LIMIT {
                break;
            }
            std::thread::sleep(STEP);
        }
        let shown = self.show(at_prompt, out)?;
        Ok(self.tell_news(at_prompt && !shown, out)? || shown)
    }

    /// Says it, once, if a server has ended; and what the learner's has printed.
    fn tell_news(&mut self, at_prompt: bool, out: &mut dyn Write) -> io::Result<bool> {
        let mut news = Vec::new();
        for (index, side) in self.sides.iter_mut().enumerate() {
            if let Some(how) = side.end() {
                news.push(format!("{}: {how}", WHOSE[index]));
                news.push(self.style.dim(".restart starts both servers again"));
            }
        }
        let printed = self.sides[0].printed().into_iter();
        news.extend(printed.map(|line| self.style.dim(&format!("printed | {line}"))));
        if at_prompt && !news.is_empty() {
            writeln!(out)?;
        }
        news.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
        Ok(!news.is_empty())
    }

    fn is_complete(&self, talk: &Talk) -> bool {
        talk.answers[..self.sides.len()].iter().all(Option::is_some)
    }

    /// Takes every answer that is there; whether there was one.
    fn collect(&mut self) -> bool {
        let mut came = false;
        for index in 0..self.sides.len() {
            for who in self.sides[index].connected() {
                let mut count = 0;
                while let Some(answer) = self.sides[index].answer(who, Duration::ZERO) {
                    came = true;
                    count += 1;
                    if count > MOST_AT_ONCE {
                        self.sides[index].leave(who);
                        let what =
                            format!("more than {MOST_AT_ONCE} replies that nobody asked for");
                        self.settle(index, who, Answer::Malformed(Vec::new(), what));
                        break;
                    }
                    self.settle(index, who, answer);
                }
            }
        }
        came
    }

    /// Gives an answer to the oldest line of its connection that has none.
    fn settle(&mut self, side: usize, who: char, answer: Answer) {
        let last = !matches!(answer, Answer::Reply(_));
        let is_open = |talk: &&mut Talk| talk.who == who && talk.answers[side].is_none();
        let asked = self.talks.iter_mut().filter(|talk| talk.line.is_some()).find(is_open);
        let place = match asked {
            Some(talk) => Some(talk),
            None => self.talks.iter_mut().find(is_open),
        };
        match place {
            Some(talk) => talk.answers[side] = Some(answer),
            None => {
                let mut answers = [None, None];
                answers[side] = Some(answer);
                let bytes = self.bytes;
                self.talks.push(Talk { who, line: None, answers, shown: false, bytes });
            }
        }
        // After its end a connection answers nothing more.
        if last {
            let open = self.talks.iter_mut().filter(is_open);
            open.for_each(|talk| talk.answers[side] = Some(Answer::Closed(Vec::new())));
        }
    }

    /// Shows every talk that has something new, and forgets those that are complete.
    fn show(&mut self, at_prompt: bool, out: &mut dyn Write) -> io::Result<bool> {
        let mut talks = std::mem::take(&mut self.talks);
        let mut shown = false;
        let mut unasked = 0;
        for talk in &mut talks {
            unasked += usize::from(talk.line.is_none());
            let is_last = talk.answers.iter().flatten().any(|it| !matches!(it, Answer::Reply(_)));
            if talk.line.is_none() && unasked > MOST_UNASKED && !is_last {
                continue;
            }
            let complete = self.is_complete(talk);
            let first = !talk.shown;
            if first || complete {
                if at_prompt && !shown {
                    writeln!(out)?;
                }
                shown = true;
                self.show_talk(talk, first && !at_prompt, out)?;
                talk.shown = true;
            }
        }
        if unasked > MOST_UNASKED {
            writeln!(out, "  … {unasked} replies in all that nobody asked for")?;
        }
        talks.retain(|talk| talk.line.is_some() && !self.is_complete(talk));
        let many = talks.len().saturating_sub(MOST_TALKS);
        talks.drain(..many);
        self.talks = talks;
        Ok(shown)
    }

    fn show_talk(&self, talk: &Talk, at_once: bool, out: &mut dyn Write) -> io::Result<()> {
        let head = match &talk.line {
            Some(_) if at_once => None,
            Some(line) => Some(format!("later, to `{line}`:")),
            None => Some(format!("{} received without asking:", talk.who)),
        };
        if let Some(head) = head {
            writeln!(out, "  {}", self.style.dim(&head))?;
        }
        let lines: Vec<Vec<String>> = (0..self.sides.len()).map(|side| talk.lines(side)).collect();
        if let [yours, theirs] = lines.as_slice() {
            self.show_both(talk, yours, theirs, out)
        } else {
            let mut lines = lines.concat();
            if let Some(answer) = talk.answers[0].as_ref().filter(|_| talk.bytes) {
                lines.push(wire::shown(&answer.wire()));
            }
            lines.iter().try_for_each(|line| writeln!(out, "  {line}"))
        }
    }

    fn show_both(
        &self,
        talk: &Talk,
        yours: &[String],
        theirs: &[String],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for row in beside(yours, theirs, self.width - 2) {
            let text = if row.differs { self.style.red(&row.text) } else { row.text };
            writeln!(out, "  {text}")?;
        }
        let [Some(left), Some(right)] = &talk.answers else {
            return Ok(());
        };
        let alike = yours == theirs && left != right;
        if talk.bytes || alike {
            let wires = [wire::shown(&left.wire()), wire::shown(&right.wire())];
            for row in beside(&wires[..1], &wires[1..], self.width - 2) {
                let text =
                    if row.differs { self.style.red(&row.text) } else { self.style.dim(&row.text) };
                writeln!(out, "  {text}")?;
            }
        }
        match difference(left, right) {
            Some(sentence) => writeln!(out, "  {}", self.style.dim(&format!("≠ {sentence}"))),
            None => Ok(()),
        }
    }

    fn start_again(&mut self, signal: &str, out: &mut dyn Write) -> io::Result<()> {
        self.talks.clear();
        for (index, side) in self.sides.iter_mut().enumerate() {
            let whose = WHOSE[index];
            match side.start_again(signal) {
                Ok(()) => writeln!(out, "  {whose} listens again, after SIG{signal}")?,
                Err(why) => writeln!(out, "  {whose} does not come back: {why}")?,
            }
        }
        Ok(())
    }
}

fn on_port((port, asked): (u16, Option<u16>)) -> String {
    match asked {
        Some(asked) => format!("port {port} (it was told {asked})"),
        None => format!("port {port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::player::fake;

    /// Types lines, and gives all that is printed.
    fn type_lines(session: &mut Session, lines: &[&str]) -> String {
        let mut out = Vec::new();
        for line in lines {
            let _ = session.line(line, &mut out).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    fn session(yours: fake::Answer, theirs: Option<fake::Answer>) -> Session {
        let side = |answer| Side::at(fake::serve(answer));
        Session::new(side(yours), theirs.map(side), Style::Plain, 62)
    }

    fn pong(_: &[String]) -> String {
        "+PONG\r\n".into()
    }

    fn bulk(_: &[String]) -> String {
        "$4\r\nPONG\r\n".into()
    }

    #[test]
    fn the_answers_of_both_stand_beside_each_other() {
        let said = type_lines(&mut session(pong, Some(pong)), &["PING"]);
        assert_eq!(said, format!("  PONG{}PONG\n", " ".repeat(28)));
        let said = type_lines(&mut session(pong, Some(bulk)), &["PING"]);
        assert!(said.contains("≠  \"PONG\""), "{said}");
        assert!(said.contains("yours is a simple string, theirs is a bulk string"), "{said}");
        assert_eq!(type_lines(&mut session(pong, None), &["PING"]), "  PONG\n");
    }

    #[test]
    fn bytes_are_shown_on_request_and_where_answers_only_look_alike() {
        let mut alone = session(pong, None);
        let said = type_lines(&mut alone, &[".bytes PING", "PING"]);
        assert_eq!(said, "  sent *1\\r\\n$4\\r\\nPING\\r\\n\n  PONG\n  +PONG\\r\\n\n  PONG\n");
        let mut nulls = session(|_| "$-1\r\n".into(), Some(|_| "*-1\r\n".into()));
        let said = type_lines(&mut nulls, &["GET a"]);
        assert!(said.contains("$-1\\r\\n") && said.contains("*-1\\r\\n"), "{said}");
    }

    #[test]
    fn what_comes_late_or_unasked_is_shown_with_its_line() {
        fn late(words: &[String]) -> String {
            std::thread::sleep(Duration::from_millis(700));
            pong(words)
        }
        let mut session = session(late, Some(pong));
        let said = type_lines(&mut session, &["B> BLPOP k 0"]);
        assert!(said.starts_with("  (no answer yet)") && said.contains("≠  PONG"), "{said}");
        let mut out = Vec::new();
        let deadline = Instant::now() + Duration::from_secs(5);
        while !session.late(Duration::ZERO, true, &mut out).unwrap() {
            assert!(Instant::now() < deadline, "the late answer is not shown");
            std::thread::sleep(STEP);
        }
        let said = String::from_utf8(out).unwrap();
        assert!(said.contains("later, to `B> BLPOP k 0`:\n  PONG"), "{said}");

        let two = |_: &[String]| "+one\r\n+two\r\n".to_owned();
        let said = type_lines(&mut self::session(two, None), &["SUBSCRIBE a b"]);
        assert_eq!(said, "  one\n  A received without asking:\n  two\n");
    }

    #[test]
    fn what_is_no_answer_is_told_and_the_next_line_connects_again() {
        let mut closing = session(|_| "close".into(), Some(pong));
        let said = type_lines(&mut closing, &["PING", "PING", "nonsense \"", "B!", ".q"]);
        assert_eq!(said.matches("(connection closed)").count(), 2, "{said}");
        assert!(said.contains("a quote is not closed"), "{said}");
        let flood = |_: &[String]| "+x\r\n".repeat(5000);
        let said = type_lines(&mut session(flood, None), &["PING"]);
        assert!(
            said.contains("(not RESP: more than 1000 replies that nobody asked for)"),
            "{said}"
        );
        assert!(said.lines().count() < 60, "{said}");
        let said = type_lines(&mut session(|_| "PONG\r\n".into(), None), &["PING"]);
        assert!(said.contains("(not RESP: a reply cannot begin with P)\n  PONG\\r\\n"), "{said}");
    }
}

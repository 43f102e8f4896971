//! Steps on connections: send, expect, wait. A scene is what one line of play sees: its
//! connections, its values, the session so far. The clients of a crowd have a scene each.

use super::log::Log;
use super::{Failure, FailureKind, Shown};
use crate::client::{Arrival, Client};
use crate::facts;
use crate::language::{Line, Pace, Pattern, Step, Text, Who};
use crate::legend;
use crate::matching;
use crate::values::Values;
use crate::wire::{self, Reply};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// How long a reply may take where the transcript does not say.
const REPLY_PATIENCE: Duration = Duration::from_secs(2);
/// Between two bytes sent one by one: long enough for each to arrive alone.
const BYTE_PAUSE: Duration = Duration::from_millis(1);
/// A scan that has not ended after so many calls, or this time, never will.
const SCAN_CALLS: u64 = 20_000;
const SCAN_TIME: Duration = Duration::from_secs(20);
/// A case that is not over by then: every reply comes, and each takes longer than the one before.
const CASE_TIME: Duration = Duration::from_secs(60);
/// Whoever has to begin again for so long never gets through.
const AGAIN_TIME: Duration = Duration::from_secs(10);

/// Connections and what is known about them.
pub(super) struct Scene {
    pub(super) address: SocketAddr,
    pub(super) clients: BTreeMap<Who, Client>,
    pub(super) values: Values,
    pub(super) log: Log,
    pub(super) patience: f64,
    pub(super) spare: Option<TcpStream>,
    /// Elements collected by `A>scan`, for the next `A<`.
    scanned: BTreeMap<Who, Reply>,
    /// When the case began.
    begun: Instant,
    /// When the step before had done what it does: from here on a server is to be silent.
    acted: Instant,
    /// The last reply said that this round of `repeat` has to be played again.
    again: bool,
    /// Since when no reply was the wanted one.
    again_since: Option<Instant>,
}

/// Why a case goes no further.
pub(super) type Red = Box<Failure>;

impl Scene {
    pub(super) fn new(address: SocketAddr, values: Values, patience: f64) -> Self {
        Scene {
            address,
            clients: BTreeMap::new(),
            values,
            log: Log::default(),
            patience,
            spare: None,
            scanned: BTreeMap::new(),
            begun: Instant::now(),
            acted: Instant::now(),
            again: false,
            again_since: None,
        }
    }

    /// Plays a step that is about connections only.
    pub(super) fn step(&mut self, line: &Line) -> Result<(), Red> {
        let number = line.number;
        let limit = CASE_TIME.mul_f64(self.patience);
        if self.begun.elapsed() > limit {
            let expected = Shown::words(format!("a case that is over within {limit:?}"));
            let received = Shown::words("replies, and so slowly that it is not over yet");
            return Err(self.failure(number, expected, received));
        }
        // Sending counts from before it: on a busy machine the answer may be there when it returns.
        let began = Instant::now();
        let played = self.play(line);
        let sends = matches!(line.step, Step::Send(..) | Step::Hold(..) | Step::Raw(..));
        self.acted = if sends { began } else { Instant::now() };
        played
    }

    fn play(&mut self, line: &Line) -> Result<(), Red> {
        let number = line.number;
        match &line.step {
            Step::Send(who, words) => self.send(*who, '>', words, number),
            Step::Hold(who, words) => self.send(*who, '+', words, number),
            Step::Raw(who, text, pace) => self.raw(*who, text, *pace, number),
            Step::Expect(who, pattern, within) => self.expect(*who, pattern, *within, number),
            Step::ExpectOrAgain(who, wanted, again) => {
                self.expect_or_again(*who, wanted, again, number)
            }
            Step::Nothing(who, time) => self.nothing(*who, *time, number),
            Step::Closed(who, within) => self.closed(*who, *within, number),
            Step::Leave(who) => self.leave(*who),
            Step::Connect(who) => {
                self.client(*who, number)?;
                self.log.note(format!("{who}  (connects)"));
                Ok(())
            }
            Step::Wait(time) => {
                std::thread::sleep(*time);
                self.log.note(format!("({} ms pass)", time.as_millis()));
                Ok(())
            }
            Step::Repeat(count, body) => self.repeat(*count, body),
            Step::Scan(who, words, between) => self.scan(*who, words, between, number),
            Step::Check(text, pattern) => self.check(text, pattern, number),
            _ => unreachable!("the parser lets only steps on connections come here"),
        }
    }

    fn repeat(&mut self, count: u64, body: &[Line]) -> Result<(), Red> {
        let outer = self.values.value("i");
        for i in 1..=count {
            self.values.set("i", i.to_string().into_bytes());
            while !self.round(body)? {}
        }
        outer.into_iter().for_each(|outer| self.values.set("i", outer));
        Ok(())
    }

    /// Plays the steps once; false if a reply said that they have to be played again.
    fn round(&mut self, body: &[Line]) -> Result<bool, Red> {
        for line in body {
            self.step(line)?;
            if self.plays_again() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether the step that was just played said so.
    pub(super) fn plays_again(&mut self) -> bool {
        std::mem::take(&mut self.again)
    }

    /// The connection of that letter; a new one if there is none.
    fn client(&mut self, who: Who, line: usize) -> Result<&mut Client, Red> {
        if !self.clients.contains_key(&who) {
            let connected = match self.spare.take() {
                Some(stream) => Client::over(stream),
                None => Client::connect(self.address),
            };
            match connected {
                Ok(client) => drop(self.clients.insert(who, client)),
                Err(error) => {
                    if self.log.lines().is_empty() {
                        self.log.note("(the client of the case before has left)");
                    }
                    let expected = Shown::words(format!("a connection for {who}"));
                    let received = Shown::words(format!("none: {error}"));
                    return Err(self.failure(line, expected, received));
                }
            }
        }
        Ok(self.clients.get_mut(&who).expect("connected above"))
    }

    fn fill(&self, words: &[Text], line: usize) -> Result<Vec<Vec<u8>>, Red> {
        let filled: Result<_, _> = words.iter().map(|word| word.fill(&self.values)).collect();
        filled.map_err(|error| {
            self.failure(line, Shown::words("a value for every name"), Shown::words(error))
        })
    }

    fn send(&mut self, who: Who, sign: char, words: &[Text], line: usize) -> Result<(), Red> {
        let words = self.fill(words, line)?;
        let bytes = wire::command(&words);
        self.client(who, line)?;
        self.log.sent(who, sign, &words);
        let client = self.client(who, line)?;
        if sign == '+' {
            client.hold(&bytes);
            return Ok(());
        }
        let sent = client.send(&bytes);
        self.judge_sending(sent, line)
    }

    fn raw(&mut self, who: Who, text: &Text, pace: Pace, line: usize) -> Result<(), Red> {
        let bytes = self.fill(std::slice::from_ref(text), line)?.remove(0);
        self.client(who, line)?;
        self.log.sent_raw(who, &bytes);
        let client = self.client(who, line)?;
        let sent = match pace {
            Pace::Whole => client.send(&bytes),
            Pace::Bytewise => bytes.iter().try_for_each(|byte| {
                std::thread::sleep(BYTE_PAUSE);
                client.send(std::slice::from_ref(byte))
            }),
        };
        self.judge_sending(sent, line)
    }

    /// A connection that is closed shows at the next reply; one that takes nothing has to be told
    /// here.
    fn judge_sending(&self, sent: std::io::Result<()>, line: usize) -> Result<(), Red> {
        match sent {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                let received = Shown::words("the server takes no more bytes");
                Err(self.failure(
                    line,
                    Shown::words("a server that reads what it is sent"),
                    received,
                ))
            }
            _ => Ok(()),
        }
    }

    fn expect(
        &mut self,
        who: Who,
        pattern: &Pattern,
        within: Option<Duration>,
        line: usize,
    ) -> Result<(), Red> {
        let patience = within.unwrap_or(REPLY_PATIENCE).mul_f64(self.patience);
        let arrival = match self.scanned.remove(&who) {
            Some(reply) => Arrival::Reply(reply),
            None => self.client(who, line)?.reply(patience),
        };
        self.judge(who, pattern, &arrival, patience, line)
    }

    fn judge(
        &mut self,
        who: Who,
        pattern: &Pattern,
        arrival: &Arrival,
        patience: Duration,
        line: usize,
    ) -> Result<(), Red> {
        if let Arrival::Reply(reply) = arrival
            && matching::fits(pattern, reply, &mut self.values)
        {
            self.log.received(who, reply);
            return Ok(());
        }
        let exact = matching::exact(pattern, &self.values);
        let expected = match &exact {
            Some(reply) => Shown::reply(reply),
            None => self.shown(pattern),
        };
        let mut failure = self.failure(line, expected, received(arrival, patience));
        (failure.session, failure.mark) = self.log.lines_for_reply(who);
        failure.cause = facts::of_reply(exact.as_ref(), arrival);
        failure.meanwhile = self.meanwhile(who);
        Err(failure)
    }

    fn shown(&self, pattern: &Pattern) -> Shown {
        let notation = matching::notation(pattern, &self.values);
        Shown { legend: legend::of(pattern), ..Shown::words(notation) }
    }

    /// As `expect`, and a reply that fits `again` is right, too, but not for ever.
    fn expect_or_again(
        &mut self,
        who: Who,
        wanted: &Pattern,
        again: &Pattern,
        line: usize,
    ) -> Result<(), Red> {
        let either = Pattern::Either(vec![wanted.clone(), again.clone()]);
        let patience = REPLY_PATIENCE.mul_f64(self.patience);
        let arrival = self.client(who, line)?.reply(patience);
        if let Arrival::Reply(reply) = &arrival
            && !matching::fits(wanted, reply, &mut self.values)
            && matching::fits(again, reply, &mut self.values)
        {
            self.log.received(who, reply);
            self.again = true;
            let since = *self.again_since.get_or_insert_with(Instant::now);
            if since.elapsed() < AGAIN_TIME.mul_f64(self.patience) {
                return Ok(());
            }
            let expected = self.shown(wanted);
            let received = Shown::words(format!("{} for {AGAIN_TIME:?}", reply.notation()));
            return Err(self.failure(line, expected, received));
        }
        self.again_since = None;
        self.judge(who, &either, &arrival, patience, line)
    }

    fn nothing(&mut self, who: Who, time: Duration, line: usize) -> Result<(), Red> {
        let until = self.acted + time;
        if self.client(who, line)?.stays_quiet(until) {
            self.log.note(format!("{who}  (nothing for {} ms)", time.as_millis()));
            return Ok(());
        }
        let arrival = self.client(who, line)?.reply(Duration::ZERO);
        let expected = Shown::words(format!("nothing for {} ms", time.as_millis()));
        Err(self.failure(line, expected, received(&arrival, time)))
    }

    fn closed(&mut self, who: Who, within: Option<Duration>, line: usize) -> Result<(), Red> {
        let patience = within.unwrap_or(REPLY_PATIENCE).mul_f64(self.patience);
        let (bytes, closed) = self.client(who, line)?.anything(patience);
        if bytes.is_empty() && closed {
            self.log.note(format!("{who}  (closed by the server)"));
            return Ok(());
        }
        let expected = Shown::words("the server closes the connection");
        let arrival = self.client(who, line)?.reply(Duration::ZERO);
        let received = match arrival {
            Arrival::Silence(bytes) if bytes.is_empty() => {
                Shown::words(format!("still open after {} ms", patience.as_millis()))
            }
            other => received(&other, patience),
        };
        Err(self.failure(line, expected, received))
    }

    fn leave(&mut self, who: Who) -> Result<(), Red> {
        self.clients.remove(&who);
        self.log.left(who);
        self.log.note(format!("{who}! (disconnects)"));
        Ok(())
    }

    fn check(&mut self, text: &Text, pattern: &Pattern, line: usize) -> Result<(), Red> {
        let text = self.fill(std::slice::from_ref(text), line)?.remove(0);
        let reply = Reply::Bulk(text);
        if matching::fits(pattern, &reply, &mut self.values) {
            return Ok(());
        }
        let expected = self.shown(pattern);
        Err(self.failure(line, expected, Shown::words(reply.notation())))
    }

    fn scan(&mut self, who: Who, words: &[Text], between: &[Line], line: usize) -> Result<(), Red> {
        let words = self.fill(words, line)?;
        let paired = returns_pairs(&words);
        let (mut cursor, mut calls) = (b"0".to_vec(), 0);
        let mut seen = BTreeSet::new();
        let mut elements = Vec::new();
        let begun = Instant::now();
        loop {
            calls += 1;
            self.values.set("i", calls.to_string().into_bytes());
            self.values.set("calls", calls.to_string().into_bytes());
            let command: Vec<_> = words
                .iter()
                .map(|word| if word == b"@" { cursor.clone() } else { word.clone() })
                .collect();
            let (next, found) = self.scan_call(who, &command, line)?;
            for group in found.chunks(if paired { 2 } else { 1 }) {
                if seen.insert(group.iter().map(Reply::wire).collect::<Vec<_>>()) {
                    elements.extend_from_slice(group);
                }
            }
            between.iter().try_for_each(|step| self.step(step))?;
            if next == b"0" {
                break;
            }
            cursor = next;
            if calls > SCAN_CALLS || begun.elapsed() > SCAN_TIME.mul_f64(self.patience) {
                let received =
                    Shown::words(format!("after {calls} calls the cursor is still not 0"));
                return Err(self.failure(line, Shown::words("a scan that ends"), received));
            }
        }
        self.scanned.insert(who, Reply::Array(elements));
        Ok(())
    }

    fn scan_call(
        &mut self,
        who: Who,
        command: &[Vec<u8>],
        line: usize,
    ) -> Result<(Vec<u8>, Vec<Reply>), Red> {
        self.client(who, line)?;
        self.log.sent(who, '>', command);
        let patience = REPLY_PATIENCE.mul_f64(self.patience);
        let client = self.client(who, line)?;
        let sent = client.send(&wire::command(command));
        let arrival = client.reply(patience);
        self.judge_sending(sent, line)?;
        if let Arrival::Reply(Reply::Array(pair)) = &arrival
            && let [Reply::Bulk(cursor), Reply::Array(found)] = &pair[..]
        {
            self.log.answered(who);
            return Ok((cursor.clone(), found.clone()));
        }
        let expected = Shown::words("[\"next cursor\", [elements …]]");
        let mut failure = self.failure(line, expected, received(&arrival, patience));
        failure.cause = facts::of_reply(None, &arrival);
        Err(failure)
    }

    /// After the last step: nothing more may arrive anywhere.
    pub(super) fn nothing_more(&mut self, time: Duration, line: usize) -> Result<(), Red> {
        std::thread::sleep(time);
        for (who, client) in &self.clients {
            let (replies, rest) = client.unread();
            let received = match replies.first() {
                Some(reply) => Shown::reply(reply),
                None if !rest.is_empty() => Shown::bytes(wire::shown(&rest), &rest),
                None => continue,
            };
            let mut failure =
                self.failure(line, Shown::words(format!("nothing more on {who}")), received);
            failure.cause = Some(facts::of_more(*who, &replies, &rest));
            return Err(failure);
        }
        Ok(())
    }

    fn meanwhile(&self, who: Who) -> Vec<String> {
        let others = self.clients.iter().filter(|(other, _)| **other != who);
        let told = others.filter_map(|(other, client)| {
            let (replies, _) = client.unread();
            let first = replies.first()?;
            let more = if replies.len() > 1 {
                format!(" and {} more", replies.len() - 1)
            } else {
                String::new()
            };
            Some(format!("{other} received {}{more}", super::log::cut(&first.notation(), 60)))
        });
        told.take(3).collect()
    }

    pub(super) fn failure(&self, line: usize, expected: Shown, received: Shown) -> Red {
        Box::new(Failure {
            kind: FailureKind::Assertion,
            line,
            session: self.log.lines(),
            mark: None,
            expected,
            received,
            meanwhile: Vec::new(),
            cause: None,
            likely: None,
            output: Vec::new(),
            why: String::new(),
        })
    }
}

/// HSCAN and ZSCAN answer pairs; equal values of different fields are not the same element.
fn returns_pairs(words: &[Vec<u8>]) -> bool {
    let is = |word: &[u8], name: &str| word.eq_ignore_ascii_case(name.as_bytes());
    let name = &words[0];
    is(name, "ZSCAN") || (is(name, "HSCAN") && !words.iter().any(|word| is(word, "NOVALUES")))
}

fn received(arrival: &Arrival, patience: Duration) -> Shown {
    let bytes = |bytes: &[u8], words: &str| {
        if bytes.is_empty() {
            return Shown::words(words);
        }
        Shown::bytes(format!("{words}, after these bytes:"), bytes)
    };
    match arrival {
        Arrival::Reply(reply) => Shown::reply(reply),
        Arrival::Silence(rest) if rest.is_empty() => {
            Shown::words(format!("nothing in {} ms", patience.as_millis()))
        }
        Arrival::Silence(rest) => Shown::bytes("no whole reply, only:", rest),
        Arrival::Closed(rest) => bytes(rest, "the connection was closed"),
        Arrival::Malformed(rest, _) => Shown::bytes("no reply, but these bytes:", rest),
    }
}

//! What was sent and received so far, as the message of a failure shows it. Only the last lines are
//! kept: a loop of a hundred thousand steps must not fill the memory. Replies come in the order of
//! the commands, so the log knows which command a reply belongs to, also where several were sent
//! together.

use crate::wire::{self, Reply, quoted};
use std::collections::{BTreeMap, VecDeque};

/// More than a message shows.
const KEPT_LINES: usize = 40;
/// The longest word that is shown in full.
const WORD_WIDTH: usize = 40;

/// The session so far. Lines are written only when somebody wants to read them.
#[derive(Debug, Clone, Default)]
pub struct Log {
    entries: VecDeque<Entry>,
    /// How many entries were let go of.
    gone: usize,
    /// The commands of each client that have no reply yet, by the number of their entry.
    open: BTreeMap<char, VecDeque<usize>>,
}

#[derive(Debug, Clone)]
enum Entry {
    /// A command; with `+` it goes out with the next one.
    Sent(char, char, Vec<Vec<u8>>),
    /// Exact bytes, as they are shown, and the commands in them.
    Raw(char, String, Vec<Vec<Vec<u8>>>),
    Received(char, Reply),
    Line(String),
}

impl Log {
    /// A command.
    pub fn sent(&mut self, who: char, sign: char, words: &[Vec<u8>]) {
        let number = self.gone + self.entries.len();
        self.open.entry(who).or_default().push_back(number);
        self.add(Entry::Sent(who, sign, words.to_vec()));
    }

    /// Exact bytes.
    pub fn sent_raw(&mut self, who: char, bytes: &[u8]) {
        let commands = commands_in(bytes);
        let open = self.open.entry(who).or_default();
        open.extend(std::iter::repeat_n(self.gone + self.entries.len(), commands.len()));
        // Every byte takes a column at least.
        let bytes = &bytes[..bytes.len().min(2 * WORD_WIDTH + 1)];
        let line = format!("{who}>raw {}", cut(&quoted(bytes), 2 * WORD_WIDTH));
        self.add(Entry::Raw(who, line, commands));
    }

    /// A reply that was as expected.
    pub fn received(&mut self, who: char, reply: &Reply) {
        self.answered(who);
        self.add(Entry::Received(who, reply.clone()));
    }

    /// A reply that is not worth a line.
    pub fn answered(&mut self, who: char) {
        self.open.entry(who).or_default().pop_front();
    }

    /// The client has left: nothing is answered any more.
    pub fn left(&mut self, who: char) {
        self.open.remove(&who);
    }

    /// Anything else that happened.
    pub fn note(&mut self, text: impl Into<String>) {
        self.add(Entry::Line(text.into()));
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> Vec<String> {
        self.entries.iter().map(Entry::line).collect()
    }

    /// The lines, and the place of the one that the next reply of a client belongs to, when that
    /// reply is wrong: the last, unless that is another command or a reply that was right.
    pub fn lines_for_reply(&self, who: char) -> (Vec<String>, Option<usize>) {
        let mut lines = self.lines();
        let open = self.open.get(&who);
        let first = open.and_then(|open| open.front()).and_then(|at| at.checked_sub(self.gone));
        let own = |entry: &Entry| match entry {
            Entry::Sent(by, ..) | Entry::Raw(by, ..) | Entry::Received(by, _) => *by == who,
            Entry::Line(_) => false,
        };
        let together = |at: &usize| self.entries.iter().skip(*at).all(own);
        let first = first.filter(together);
        match first.and_then(|at| Some((at, self.entries.get(at)?))) {
            Some((at, Entry::Sent(..))) => return (lines, Some(at)),
            Some((at, Entry::Raw(_, _, commands))) if at + 1 < lines.len() => {
                let same = |number: &&usize| **number == at + self.gone;
                let left = open.map_or(0, |open| open.iter().take_while(same).count());
                let command = commands.get(commands.len().saturating_sub(left));
                let words = command.map(|words| shown_words(words)).unwrap_or_default();
                lines.push(format!("{who}  (here the reply to {words})"));
            }
            None if matches!(self.entries.back(), Some(Entry::Received(by, _)) if *by == who) => {
                lines.push(format!("{who}  (here the next reply)"));
            }
            _ => {}
        }
        (lines, None)
    }

    fn add(&mut self, entry: Entry) {
        if self.entries.len() == KEPT_LINES {
            self.entries.pop_front();
            self.gone += 1;
        }
        self.entries.push_back(entry);
    }
}

impl Entry {
    fn line(&self) -> String {
        match self {
            Entry::Sent(who, '+', words) => {
                format!("{who}> {}   (sent with the next)", shown_words(words))
            }
            Entry::Sent(who, sign, words) => format!("{who}{sign} {}", shown_words(words)),
            Entry::Raw(_, line, _) => line.clone(),
            Entry::Received(who, reply) => {
                format!("{who}  {}", cut(&reply.notation(), 2 * WORD_WIDTH))
            }
            Entry::Line(text) => text.clone(),
        }
    }
}

/// The commands that these bytes are; none if they are anything else, or not whole.
fn commands_in(bytes: &[u8]) -> Vec<Vec<Vec<u8>>> {
    let (mut commands, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let Ok(Some((Reply::Array(words), length))) = wire::read(&bytes[at..]) else {
            return Vec::new();
        };
        let words = words.iter().map(|word| word.text().unwrap_or_default().to_vec());
        commands.push(words.collect());
        at += length;
    }
    commands
}

fn shown_words(words: &[Vec<u8>]) -> String {
    words.iter().map(|word| shown_word(word)).collect::<Vec<_>>().join(" ")
}

/// A word as it could be typed.
fn shown_word(word: &[u8]) -> String {
    let plain = !word.is_empty()
        && word.iter().all(|byte| byte.is_ascii_graphic() && !b"\"'\\".contains(byte));
    if word.len() > WORD_WIDTH {
        return format!(
            "{}(… {} bytes)",
            cut(&quoted(&word[..WORD_WIDTH / 2]), WORD_WIDTH),
            word.len()
        );
    }
    if plain { String::from_utf8_lossy(word).into_owned() } else { quoted(word) }
}

/// At most `width` characters, with a mark where it was cut.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<u8>> {
        text.split(' ').map(|word| word.as_bytes().to_vec()).collect()
    }

    #[test]
    fn of_commands_sent_together_the_one_is_marked_whose_reply_is_due() {
        let mut log = Log::default();
        log.sent('A', '+', &words("SET k apple"));
        log.sent('A', '>', &words("GET k"));
        let (lines, mark) = log.lines_for_reply('A');
        assert_eq!((&lines[0][..], mark), ("A> SET k apple   (sent with the next)", Some(0)));
        log.received('A', &Reply::Simple(b"OK".to_vec()));
        assert_eq!(log.lines_for_reply('A').1, Some(1));
        // Other things happened meanwhile: the moment counts.
        log.note("(20 ms pass)");
        assert_eq!(log.lines_for_reply('A').1, None);
    }

    #[test]
    fn a_reply_that_was_right_is_never_marked() {
        let mut log = Log::default();
        let both = [wire::command(&words("PING")), wire::command(&words("ECHO hi"))].concat();
        log.sent_raw('A', &both);
        assert_eq!(log.lines_for_reply('A').0.len(), 1);
        log.received('A', &Reply::Simple(b"PONG".to_vec()));
        assert_eq!(log.lines_for_reply('A').0[2], "A  (here the reply to ECHO hi)");
        log.sent_raw('B', b"PING\r\nPING\r\n");
        log.received('B', &Reply::Simple(b"PONG".to_vec()));
        assert_eq!(log.lines_for_reply('B').0.last().unwrap(), "B  (here the next reply)");
    }

    #[test]
    fn a_long_pipeline_finds_its_place() {
        let mut log = Log::default();
        (0..3 * KEPT_LINES).for_each(|i| log.sent('A', '+', &words(&format!("GET {i}"))));
        (0..3 * KEPT_LINES - 1).for_each(|_| log.answered('A'));
        assert_eq!(log.lines_for_reply('A').1, Some(KEPT_LINES - 1));
    }
}

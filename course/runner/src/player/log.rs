//! What was sent and received so far, as the message of a failure shows it. Only the last lines are
//! kept: a loop of a hundred thousand steps must not fill the memory.

use crate::wire::{Reply, quoted};
use std::collections::VecDeque;

/// More than a message shows.
const KEPT_LINES: usize = 40;
/// The longest word that is shown in full.
const WORD_WIDTH: usize = 40;

/// The session so far. Lines are written only when somebody wants to read them.
#[derive(Debug, Clone, Default)]
pub struct Log {
    entries: VecDeque<Entry>,
}

#[derive(Debug, Clone)]
enum Entry {
    Sent(char, char, Vec<Vec<u8>>),
    Received(char, Reply),
    Line(String),
}

impl Log {
    /// A command.
    pub fn sent(&mut self, who: char, sign: char, words: &[Vec<u8>]) {
        self.add(Entry::Sent(who, sign, words.to_vec()));
    }

    /// Exact bytes.
    pub fn sent_raw(&mut self, who: char, bytes: &[u8]) {
        // Every byte takes a column at least.
        let bytes = &bytes[..bytes.len().min(2 * WORD_WIDTH + 1)];
        self.note(format!("{who}>raw {}", cut(&quoted(bytes), 2 * WORD_WIDTH)));
    }

    /// A reply that was as expected.
    pub fn received(&mut self, who: char, reply: &Reply) {
        self.add(Entry::Received(who, reply.clone()));
    }

    /// Anything else that happened.
    pub fn note(&mut self, text: impl Into<String>) {
        self.add(Entry::Line(text.into()));
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> Vec<String> {
        self.entries.iter().map(Entry::line).collect()
    }

    fn add(&mut self, entry: Entry) {
        if self.entries.len() == KEPT_LINES {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
    }
}

impl Entry {
    fn line(&self) -> String {
        match self {
            Entry::Sent(who, sign, words) => {
                let words: Vec<String> = words.iter().map(|word| shown_word(word)).collect();
                format!("{who}{sign} {}", words.join(" "))
            }
            Entry::Received(who, reply) => {
                format!("{who}  {}", cut(&reply.notation(), 2 * WORD_WIDTH))
            }
            Entry::Line(text) => text.clone(),
        }
    }
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

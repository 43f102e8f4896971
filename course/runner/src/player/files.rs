//! Steps about the server's files: making them, damaging them, looking at them, and starting a
//! server on files that it has to refuse.

use super::Shown;
use super::case::{Play, Stop};
use super::log::cut;
use super::scene::Red;
use crate::files;
use crate::language::{Content, Text};
use crate::matching;
use crate::server::StartError;
use crate::wire::{Reply, quoted};
use std::time::{Duration, Instant};

/// Between two looks at a file that is waited for.
const LOOK: Duration = Duration::from_millis(5);
/// How much of a file's bytes a message shows.
const SHOWN: usize = 160;

impl Play<'_> {
    pub(super) fn write_file(&mut self, name: &Text, bytes: &Text) -> Result<(), Stop> {
        let (name, bytes) = (self.filled(name)?, self.filled(bytes)?);
        files::write(self.server.folder(), &name, &bytes).map_err(untried)?;
        self.note(&name, &format!("{} bytes: {}", bytes.len(), cut(&quoted(&bytes), SHOWN)));
        Ok(())
    }

    pub(super) fn cut_file(&mut self, name: &Text, count: &Text) -> Result<(), Stop> {
        let (name, count) = (self.filled(name)?, self.filled(count)?);
        let count = String::from_utf8_lossy(&count).into_owned();
        let bytes = count.parse().map_err(|_| Stop::Untried(format!("{count} is no number")))?;
        files::cut(self.server.folder(), &name, bytes).map_err(untried)?;
        self.note(&name, &format!("loses its last {bytes} bytes"));
        Ok(())
    }

    /// Looks once, or until the time is over.
    pub(super) fn file_holds(
        &mut self,
        name: &Text,
        content: &Content,
        within: Option<Duration>,
        line: usize,
    ) -> Result<(), Red> {
        let name = name.show(&self.scene.values);
        let deadline = Instant::now() + within.unwrap_or_default().mul_f64(self.server.patience());
        loop {
            let found = match files::read(self.server.folder(), &name) {
                Ok(found) => found,
                Err(error) => {
                    let expected = Shown::words("a file that can be read");
                    return Err(self.scene.failure(
                        line,
                        expected,
                        Shown::words(error.to_string()),
                    ));
                }
            };
            match self.judge_file(&name, content, found.as_deref(), line) {
                Ok(()) => {
                    self.note(&name, "is as it should be");
                    return Ok(());
                }
                Err(red) if Instant::now() >= deadline => return Err(red),
                Err(_) => std::thread::sleep(LOOK),
            }
        }
    }

    fn judge_file(
        &mut self,
        name: &[u8],
        content: &Content,
        found: Option<&[u8]>,
        line: usize,
    ) -> Result<(), Red> {
        let name = String::from_utf8_lossy(name).into_owned();
        let Some(bytes) = found else {
            if matches!(content, Content::Missing) {
                return Ok(());
            }
            let expected = Shown::words(format!("the file {name} in the server's directory"));
            return Err(self.scene.failure(line, expected, Shown::words("no such file")));
        };
        let there = Shown::words(format!("{} bytes: {}", bytes.len(), cut(&quoted(bytes), SHOWN)));
        let (pattern, reply) = match content {
            Content::Missing => {
                let expected = Shown::words(format!("no file {name}"));
                return Err(self.scene.failure(line, expected, there));
            }
            Content::Rdb => {
                let Some(fault) = files::rdb_fault(bytes) else { return Ok(()) };
                let expected = Shown::words(format!("{name} is an RDB file"));
                let mut red = self.scene.failure(line, expected, there);
                red.cause = Some(format!("This is no whole RDB file: {fault}."));
                return Err(red);
            }
            Content::Commands(pattern) => match files::commands(bytes) {
                Ok(commands) => (pattern, commands),
                Err(fault) => {
                    let words = format!("{name} is commands, written as clients send them");
                    let mut red = self.scene.failure(line, Shown::words(words), there);
                    red.cause = Some(format!("In this file, {fault}."));
                    return Err(red);
                }
            },
            Content::Bytes(pattern) => (pattern, Reply::Bulk(bytes.to_vec())),
        };
        if matching::fits(pattern, &reply, &mut self.scene.values) {
            return Ok(());
        }
        let wanted = matching::notation(pattern, &self.scene.values);
        let received = Shown::words(cut(&reply.notation(), 4 * SHOWN));
        let expected = Shown::words(format!("{name} is {}", cut(&wanted, 4 * SHOWN)));
        Err(self.scene.failure(line, expected, received))
    }

    /// A program that has to end by itself, with an exit code that says that something is wrong.
    /// It may have listened before it looked at its files.
    pub(super) fn refuses(&mut self, flags: &[Text], line: usize) -> Result<(), Stop> {
        self.server.end("KILL");
        self.scene.clients.clear();
        self.scene.spare = None;
        let flags = self.all_flags(flags)?;
        self.scene.log.note("(the server is started, and has to refuse)");
        self.down = true;
        let started = self.server.start_again(Some(&flags));
        let (code, how) = match &started {
            Ok(()) => {
                let code = self.server.exit_code();
                let how = self.server.ended();
                (code, how.unwrap_or("it goes on, as if nothing were wrong".into()))
            }
            Err(StartError::Untried(why)) => return Err(Stop::Untried(why.clone())),
            Err(StartError::Failed(why, _)) => {
                let bad = why.contains("exit code") && !why.contains("exit code 0 ");
                (bad.then_some(1), why.clone())
            }
        };
        self.server.end("KILL");
        match code {
            Some(code) if code != 0 => Ok(()),
            _ => {
                let expected =
                    Shown::words("a program that ends by itself, with an exit code other than 0");
                Err(self.scene.failure(line, expected, Shown::words(how)).into())
            }
        }
    }

    fn filled(&self, text: &Text) -> Result<Vec<u8>, Stop> {
        text.fill(&self.scene.values).map_err(Stop::Untried)
    }

    fn note(&mut self, name: &[u8], what: &str) {
        self.scene.log.note(format!("(file {}: {what})", String::from_utf8_lossy(name)));
    }
}

fn untried(error: std::io::Error) -> Stop {
    Stop::Untried(error.to_string())
}

#[cfg(test)]
mod tests {
    use crate::language::parse;
    use crate::player::{self, Asked, Failure, Options, Verdict};
    use crate::server::Program;
    use std::ops::ControlFlow;
    use std::path::Path;

    /// Plays a case on a program that ends at once, with this exit code.
    fn play(exit_code: u8, steps: &str) -> Result<(), Box<Failure>> {
        let text = format!("stage s\ncase c\n{steps}\n");
        let script = parse(Path::new("s.redis"), &text).unwrap();
        let command = ["sh", "-c", &format!("exit {exit_code}")].map(str::to_owned).to_vec();
        let program = Program { command, flags: Vec::new(), patience: 1.0 };
        let options = Options { seed: 1, asked: Asked::Program, only: None };
        let mut verdict = None;
        player::play(&script, &program, &options, &mut |outcome| {
            verdict = Some(outcome.verdict);
            ControlFlow::Continue(())
        });
        match verdict {
            Some(Verdict::Green) => Ok(()),
            Some(Verdict::Red(failure)) => Err(failure),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn files_are_made_cut_and_looked_at() {
        play(1, "file d/a \"x\"\n\"{crc64}\"\nfile d/a is glob \"x*\"\nfile d/a cut 8").unwrap();
        play(1, "file a \"x\"\nfile a is \"x\" | \"y\"\nfile b is missing within 10ms").unwrap();
        play(1, "file a \"*1\\r\\n$4\\r\\nping\\r\\n\"\nfile a is commands [[\"PING\"]]").unwrap();
        play(1, "file a \"REDIS0011\\xff{crc64}\"\nfile a is rdb").unwrap();
    }

    #[test]
    fn another_content_is_red_and_told() {
        let red = play(1, "file a \"x\"\nfile a is \"y\"").unwrap_err();
        assert_eq!((red.line, red.received.notation.as_str()), (4, "\"x\""));
        let red = play(1, "file a \"x\"\nfile a is missing").unwrap_err();
        assert!(red.received.notation.contains("1 bytes"));
        let red = play(1, "file a \"x\"\nfile b is \"x\"").unwrap_err();
        assert_eq!(red.received.notation, "no such file");
        let red = play(1, "file a \"REDIS0011\\xff12345678\"\nfile a is rdb").unwrap_err();
        assert!(red.cause.unwrap().contains("checksum"));
        let red = play(1, "file a \"*1\\r\\n$4\\r\\nPI\"\nfile a is commands [...]").unwrap_err();
        assert!(red.cause.unwrap().contains("no end"));
    }

    #[test]
    fn a_server_refuses_by_ending_with_an_error() {
        play(3, "file a \"x\"\nrefuses --appendonly yes\nfile a is \"x\"").unwrap();
        let red = play(0, "file a \"x\"\nrefuses").unwrap_err();
        assert!(red.received.notation.contains("exit code 0"));
    }
}

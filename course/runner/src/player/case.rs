//! Steps that touch the server itself: restarts, crowds of clients, its processor time and memory,
//! tools beside it.

use super::scene::{Red, Scene};
use super::{Failure, FailureKind, Shown};
use crate::client::Client;
use crate::facts;
use crate::language::{Kind, Line, Script, Step, Text, Tool};
use crate::matching::glob_fits;
use crate::process;
use crate::server::{Server, StartError};
use crate::values::Values;
use crate::wire::quoted;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long the end of a stage's case is watched for replies that nobody asked for. Suites have
/// hundreds of cases, are played on servers that are right, and watch for less.
const WATCH_STAGE: Duration = Duration::from_millis(15);
const WATCH_SUITE: Duration = Duration::from_millis(2);
/// A tool that has not ended by then hangs.
const TOOL_LIMIT: Duration = Duration::from_secs(60);
/// A busy moment is no proof of a busy loop: so many windows in a row must be over the limit.
const CPU_WINDOWS: usize = 5;
/// Between two looks at what the server's threads do.
const CPU_LOOK: Duration = Duration::from_millis(4);
/// After a connection was lost: how long the program may need to be seen as ended.
const DEATH_WATCH: Duration = Duration::from_millis(100);
/// How much of a tool's output a message shows.
const TOOL_OUTPUT: usize = 200;

/// Why a case ends before its last step.
pub(super) enum Stop {
    Untried(String),
    Red(Box<Failure>),
}

impl From<Red> for Stop {
    fn from(red: Red) -> Self {
        Stop::Red(red)
    }
}

/// A case that is being played on a server.
pub(super) struct Play<'a> {
    pub(super) server: &'a mut Server,
    pub(super) scene: Scene,
    watch: Duration,
    /// Those of the file's head.
    flags: &'a [String],
    memory_mark: u64,
    /// Lines that the server had printed when the case began, or when it was started again.
    printed: usize,
    /// The case itself ended the server, or has not started it yet.
    pub(super) down: bool,
}

impl<'a> Play<'a> {
    pub(super) fn new(server: &'a mut Server, mut values: Values, script: &'a Script) -> Self {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        values.set("seconds", now.as_secs().to_string().into_bytes());
        values.set("milliseconds", now.as_millis().to_string().into_bytes());
        values.set("port", server.address().port().to_string().into_bytes());
        values.set("dir", server.folder().display().to_string().into_bytes());
        let mut scene = Scene::new(server.address(), values, server.patience());
        scene.spare = server.take_spare();
        let watch = if script.kind == Kind::Stage { WATCH_STAGE } else { WATCH_SUITE };
        let down = server.group().is_none();
        let printed = server.output_count();
        Play { server, scene, watch, flags: &script.flags, memory_mark: 0, printed, down }
    }

    pub(super) fn case(mut self, steps: &[Line]) -> Result<(), Stop> {
        let last = steps.last().map_or(0, |line| line.number);
        let played =
            self.steps(steps).and_then(|()| Ok(self.scene.nothing_more(self.watch, last)?));
        match played {
            Err(Stop::Red(mut failure)) => {
                if !self.down {
                    self.tell_program(&mut failure);
                }
                Err(Stop::Red(failure))
            }
            Ok(()) if !self.down => match self.server.ended() {
                Some(how) => {
                    let words = Shown::words(format!("the program {how}"));
                    let mut failure =
                        self.scene.failure(last, Shown::words("a server that goes on"), words);
                    self.tell_program(&mut failure);
                    Err(Stop::Red(failure))
                }
                None => Ok(()),
            },
            other => other,
        }
    }

    /// A program that ended explains every silence and every closed connection; so may what one
    /// that goes on has printed, such as the panic of a thread.
    fn tell_program(&mut self, failure: &mut Failure) {
        let deadline = Instant::now() + DEATH_WATCH;
        let lost =
            failure.kind == FailureKind::Assertion && failure.received.notation.contains("closed");
        loop {
            if let Some(how) = self.server.ended() {
                failure.kind = FailureKind::Ended;
                failure.cause = Some(format!("Your program {how}."));
                self.server.hear_out();
                failure.output = self.server.output_since(&mut self.printed);
                if failure.output.is_empty() {
                    failure.output = self.server.output();
                }
                return;
            }
            if !lost || Instant::now() > deadline {
                failure.output = self.server.output_since(&mut self.printed);
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn steps(&mut self, steps: &[Line]) -> Result<(), Stop> {
        steps.iter().try_for_each(|line| self.step(line))
    }

    /// Plays the steps once; false if a reply said that they have to be played again.
    fn round(&mut self, body: &[Line]) -> Result<bool, Stop> {
        for line in body {
            self.step(line)?;
            if self.scene.plays_again() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn step(&mut self, line: &Line) -> Result<(), Stop> {
        let number = line.number;
        match &line.step {
            Step::Repeat(count, body) => {
                let outer = self.scene.values.value("i");
                for i in 1..=*count {
                    self.scene.values.set("i", i.to_string().into_bytes());
                    while !self.round(body)? {}
                }
                outer.into_iter().for_each(|outer| self.scene.values.set("i", outer));
                Ok(())
            }
            Step::Clients(count, body) => Ok(self.crowd(*count, body, number)?),
            Step::Restart => self.start("TERM", &[], number),
            Step::Start(flags) => self.start("KILL", flags, number),
            Step::Refuses(flags) => self.refuses(flags, number),
            Step::Write(name, bytes) => self.write_file(name, bytes),
            Step::Cut(name, count) => self.cut_file(name, count),
            Step::Holds(name, content, within) => {
                Ok(self.file_holds(name, content, *within, number)?)
            }
            Step::Kill => {
                self.server.end("KILL");
                self.down = true;
                self.scene.log.note("(the server is killed)");
                Ok(())
            }
            Step::Listens => Ok(self.listens(number)?),
            Step::Cpu(percent, time) => Ok(self.cpu(*percent, *time, number)?),
            Step::MemoryMark => {
                self.memory_mark = self.memory().unwrap_or(0);
                Ok(())
            }
            Step::MemoryGrew(limit) => Ok(self.memory_grew(*limit, number)?),
            Step::Run(tool) => self.run(tool, number),
            _ => Ok(self.scene.step(line)?),
        }
    }

    fn start(&mut self, signal: &str, flags: &[Text], line: usize) -> Result<(), Stop> {
        self.server.end(signal);
        // The server's end is closed already, so the kernel remembers the connections on its side
        // (TIME_WAIT): the restart proves that the port can be taken all the same.
        let left: Vec<char> = std::mem::take(&mut self.scene.clients).into_keys().collect();
        left.into_iter().for_each(|who| self.scene.log.left(who));
        self.scene.log.note("(the server is started again)");
        let flags = self.all_flags(flags)?;
        self.down = false;
        match self.server.start_again((signal == "KILL").then_some(&flags[..])) {
            Ok(()) => {
                self.scene.address = self.server.address();
                self.scene.spare = self.server.take_spare();
                self.server.wait_while_loading();
                self.printed = self.server.output_count();
                Ok(())
            }
            Err(StartError::Untried(why)) => Err(Stop::Untried(why)),
            Err(StartError::Failed(why, output)) => {
                self.down = true;
                let expected = Shown::words("a server that starts again on the same port");
                let mut failure = self.scene.failure(line, expected, Shown::words(why));
                failure.cause = facts::of_output(&output);
                failure.output = output;
                Err(Stop::Red(failure))
            }
        }
    }

    /// Those of the file's head and these.
    pub(super) fn all_flags(&self, more: &[Text]) -> Result<Vec<String>, Stop> {
        let mut flags = self.flags.to_vec();
        for flag in more {
            let flag = flag.fill(&self.scene.values).map_err(Stop::Untried)?;
            flags.push(String::from_utf8_lossy(&flag).into_owned());
        }
        Ok(flags)
    }

    /// Many clients at once. They stay until the last is done: a server that serves four at a time
    /// must not get away with serving the others later.
    fn crowd(&mut self, count: u64, body: &[Line], line: usize) -> Result<(), Red> {
        self.scene.log.note(format!("({count} clients at once)"));
        let mut scenes = Vec::new();
        for c in 1..=count {
            let mut values = self.scene.values.clone();
            values.set("c", c.to_string().into_bytes());
            let mut scene = Scene::new(self.scene.address, values, self.scene.patience);
            let connected = match self.scene.spare.take() {
                Some(stream) => Client::over(stream),
                None => Client::connect(self.scene.address),
            };
            match connected {
                Ok(client) => drop(scene.clients.insert('@', client)),
                Err(error) => {
                    let received = Shown::words(format!("number {c} cannot connect: {error}"));
                    return Err(self.scene.failure(
                        line,
                        Shown::words(format!("{count} connections")),
                        received,
                    ));
                }
            }
            scenes.push(scene);
        }
        let results: Vec<_> = std::thread::scope(|scope| {
            let play = |scene: &'_ mut Scene| body.iter().try_for_each(|line| scene.step(line));
            let spawn = |scene| scope.spawn(move || play(scene));
            let threads: Vec<_> = scenes.iter_mut().map(spawn).collect();
            let join = |thread: std::thread::ScopedJoinHandle<_>| {
                thread.join().expect("playing steps does not panic")
            };
            threads.into_iter().map(join).collect()
        });
        std::thread::sleep(self.watch);
        let mut first_red = None;
        let mut reds = 0;
        for (index, (result, scene)) in results.into_iter().zip(&mut scenes).enumerate() {
            if let Err(failure) = result.and_then(|()| scene.nothing_more(Duration::ZERO, line)) {
                reds += 1;
                first_red.get_or_insert((index + 1, failure));
            }
        }
        let Some((number, mut failure)) = first_red else {
            return Ok(());
        };
        failure.session.insert(0, format!("(@ is number {number} of {count} clients)"));
        failure.mark = failure.mark.map(|at| at + 1);
        failure
            .meanwhile
            .push(format!("{reds} of the {count} clients did not get what they should"));
        Err(failure)
    }

    fn listens(&mut self, line: usize) -> Result<(), Red> {
        let (asked, actual) = (self.server.asked_port(), self.server.address().port());
        if asked == actual {
            return Ok(());
        }
        let expected =
            Shown::words(format!("a server that listens on port {asked} (--port {asked})"));
        Err(self.scene.failure(
            line,
            expected,
            Shown::words(format!("it listens on port {actual}")),
        ))
    }

    fn cpu(&mut self, percent: u32, time: Duration, line: usize) -> Result<(), Red> {
        let group = self.server.group().and_then(process::group);
        let Some(group) = group else { return Ok(()) };
        let mut seen = 0;
        for _ in 0..CPU_WINDOWS {
            let begun = Instant::now();
            let (mut busy, mut looks) = (0, 0);
            while begun.elapsed() < time {
                std::thread::sleep(CPU_LOOK);
                busy += u32::from(process::is_runnable(&group.processes));
                looks += 1;
            }
            seen = busy * 100 / looks.max(1);
            if seen < percent {
                return Ok(());
            }
        }
        let expected = Shown::words(format!("a server that is busy under {percent}% of the time"));
        let mut failure = self.scene.failure(
            line,
            expected,
            Shown::words(format!("busy {seen}% of it, although nobody asks")),
        );
        failure.cause = Some("A loop in your program never sleeps.".into());
        Err(failure)
    }

    fn memory(&self) -> Option<u64> {
        process::group(self.server.group()?).map(|group| group.memory_bytes)
    }

    fn memory_grew(&mut self, limit: u64, line: usize) -> Result<(), Red> {
        let grown = self.memory().unwrap_or(0).saturating_sub(self.memory_mark);
        if grown <= limit {
            return Ok(());
        }
        let expected =
            Shown::words(format!("less than {} MB more memory than before", limit >> 20));
        Err(self.scene.failure(line, expected, Shown::words(format!("{} MB more", grown >> 20))))
    }

    fn run(&mut self, tool: &Tool, line: usize) -> Result<(), Stop> {
        self.scene.spare = None;
        let fill = |text: &Text| text.fill(&self.scene.values).map_err(Stop::Untried);
        let words = tool.words.iter().map(fill).collect::<Result<Vec<_>, _>>()?;
        let input = tool.input.as_ref().map(fill).transpose()?.unwrap_or_default();
        let wanted = tool.output.as_ref().map(fill).transpose()?;
        let words: Vec<String> =
            words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        self.scene.log.note(format!("run {}", words.join(" ")));
        let (ended, output) = run_tool(&words, &input, TOOL_LIMIT.mul_f64(self.scene.patience))
            .map_err(|error| Stop::Untried(format!("{}: {error}", words[0])))?;
        let shown = |output: &[u8]| quoted(&output[..output.len().min(TOOL_OUTPUT)]);
        if !ended.as_ref().is_some_and(|status| status.success()) {
            let how = ended.map_or("it does not end".to_owned(), |status| format!("{status}"));
            let received = Shown::words(format!("{how}; it says {}", shown(&output)));
            let expected = Shown::words(format!("{} ends well", words[0]));
            return Err(self.scene.failure(line, expected, received).into());
        }
        match wanted {
            Some(wanted) if !glob_fits(&wanted, &output) => {
                let expected = Shown::words(format!("{} prints {}", words[0], shown(&wanted)));
                Err(self.scene.failure(line, expected, Shown::words(shown(&output))).into())
            }
            _ => Ok(()),
        }
    }
}

/// Runs a program to its end; its exit status (None if it had to be killed) and all it printed.
fn run_tool(
    words: &[String],
    input: &[u8],
    limit: Duration,
) -> std::io::Result<(Option<std::process::ExitStatus>, Vec<u8>)> {
    let mut child = Command::new(&words[0])
        .args(&words[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (mut stdin, mut stdout, mut stderr) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take());
    std::thread::scope(|scope| {
        // Errors of these pipes mean that the tool has ended; its exit status says how.
        scope.spawn(move || stdin.take().map(|mut pipe| pipe.write_all(input)));
        let printed = scope.spawn(move || {
            let mut all = Vec::new();
            let _ = stdout.take().map(|mut pipe| pipe.read_to_end(&mut all));
            all
        });
        let complained = scope.spawn(move || {
            let mut all = Vec::new();
            let _ = stderr.take().map(|mut pipe| pipe.read_to_end(&mut all));
            all
        });
        let deadline = Instant::now() + limit;
        let status = loop {
            match child.try_wait()? {
                Some(status) => break Some(status),
                None if Instant::now() > deadline => {
                    child.kill()?;
                    child.wait()?;
                    break None;
                }
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let mut output = printed.join().expect("reading a pipe does not panic");
        output.extend(complained.join().expect("reading a pipe does not panic"));
        Ok((status, output))
    })
}

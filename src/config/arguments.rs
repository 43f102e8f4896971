//! The command line: `redstart [file] [--option value …] [-]`, in Redis's way.
//!
//! A first word without a dash is the configuration file; `-` first or last reads more of it from
//! standard input; then come the options, each with one value or several: `--bind 127.0.0.1 ::1`.
//! What is read later wins. A name and its values may be one word, `"--port 6380"`; the word after
//! a lone `--name` is its value even when it begins with dashes; `--save` without a value clears
//! the save points.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::Config;
use super::kinds::text::reason;
use super::load::{Loader, Source};
use super::words::{quote, split};

pub use super::load::StartError;

/// What the command line asks for.
#[derive(Debug)]
pub enum Start {
    /// Run a server.
    Serve(Box<Config>),
    /// Print this on standard output, and end well.
    Say(String),
}

impl Config {
    /// Reads the arguments after the program's name, and the file and standard input that they
    /// name.
    pub fn from_arguments(args: impl Iterator<Item = OsString>) -> Result<Start, StartError> {
        let args: Vec<Vec<u8>> = args.map(OsString::into_vec).collect();
        start(&args, &mut std::io::stdin())
    }
}

fn start(args: &[Vec<u8>], input: &mut dyn Read) -> Result<Start, StartError> {
    match args.first().map(Vec::as_slice) {
        Some(b"-v" | b"--version") => return Ok(Start::Say(version())),
        Some(b"-h" | b"--help") => return Ok(Start::Say(help())),
        Some(refused @ (b"--test-memory" | b"--check-system")) => {
            let name = String::from_utf8_lossy(refused);
            return Err(StartError(format!("Redstart has no {name}; redis-server has it.")));
        }
        _ => {}
    }
    let line = CommandLine::parse(args);
    let mut loader = Loader::new();
    if let Some(path) = &line.file {
        let path = absolute(path);
        loader.read_file(&path)?;
        loader.config.file = Some(path);
    }
    if line.reads_input {
        let mut text = Vec::new();
        input.read_to_end(&mut text).map_err(|error| {
            StartError(format!(
                "Can't read the configuration from standard input: {}",
                reason(&error)
            ))
        })?;
        loader.read_text(&text, &Source::StandardInput)?;
    }
    loader.read_text(&line.options, &Source::CommandLine)?;
    loader.finish().map(|config| Start::Serve(Box::new(config)))
}

/// `path` from the root on, without looking whether it is there.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// The arguments, put in order.
struct CommandLine {
    file: Option<PathBuf>,
    reads_input: bool,
    /// The options as lines of a configuration file.
    options: Vec<u8>,
}

impl CommandLine {
    fn parse(args: &[Vec<u8>]) -> Self {
        let mut line = Self { file: None, reads_input: false, options: Vec::new() };
        let mut first = 0;
        if let Some(path) = args.first().filter(|word| !word.starts_with(b"-")) {
            line.file = Some(PathBuf::from(OsStr::from_bytes(path)));
            first = 1;
        }
        // A name that still waits for its first value takes any word as that value.
        let mut awaits_value = false;
        for (at, word) in args.iter().enumerate().skip(first) {
            let at_an_end = at == 0 || at + 1 == args.len();
            if word == b"-" && at_an_end {
                line.reads_input = true;
            } else if let Some(name) = word.strip_prefix(b"--").filter(|_| !awaits_value) {
                awaits_value = line.push_option(name, args.get(at + 1));
            } else {
                line.push_value(word);
                awaits_value = false;
            }
        }
        line
    }

    /// Begins a line with the option `name`, which may hold values, too; true when it awaits one.
    fn push_option(&mut self, name: &[u8], next: Option<&Vec<u8>>) -> bool {
        if !self.options.is_empty() {
            self.options.push(b'\n');
        }
        self.options.extend_from_slice(name);
        let alone = split(name).is_some_and(|words| words.len() == 1);
        let next_is_option = next.is_none_or(|word| word.starts_with(b"--"));
        if alone && name.eq_ignore_ascii_case(b"save") && next_is_option {
            // What scripts write that put an empty list of save points behind `--save`.
            self.push_value(b"");
            return false;
        }
        alone
    }

    fn push_value(&mut self, value: &[u8]) {
        if !self.options.is_empty() {
            self.options.push(b' ');
        }
        self.options.extend_from_slice(quote(value).as_bytes());
    }
}

fn version() -> String {
    format!("Redstart server v={} bits={}", env!("CARGO_PKG_VERSION"), usize::BITS)
}

fn help() -> String {
    "\
Usage: redstart [/path/to/redis.conf] [options] [-]
       redstart -                   (reads the configuration from standard input)
       redstart -v or --version
       redstart -h or --help

Examples:
       redstart                     (all options at their defaults)
       echo 'maxmemory 128mb' | redstart -
       redstart /etc/redis/6379.conf
       redstart --port 7777 --save \"\"
       redstart --bind 127.0.0.1 ::1 --threads 2
       redstart /etc/redis/6379.conf --loglevel verbose

Every option of redis.conf is an option here; docs/configuration.md lists them."
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str], input: &str) -> Result<Start, StartError> {
        let args: Vec<Vec<u8>> = args.iter().map(|word| word.as_bytes().to_vec()).collect();
        start(&args, &mut input.as_bytes())
    }

    fn serve(args: &[&str]) -> Config {
        match run(args, "port 1000\nhz 20").unwrap() {
            Start::Serve(config) => *config,
            Start::Say(text) => panic!("{text}"),
        }
    }

    fn refused(args: &[&str]) -> String {
        run(args, "").expect_err("a refusal").to_string()
    }

    #[test]
    fn options_follow_each_other() {
        let config = serve(&["--port", "6380", "--save", "", "--appendonly", "no"]);
        assert_eq!(config.network.port, 6380);
        assert!(config.persistence.save.is_empty());
        let config = serve(&["--bind", "127.0.0.1", "::1", "--port", "0"]);
        assert_eq!(config.network.bind, ["127.0.0.1", "::1"]);
    }

    #[test]
    fn a_name_and_its_values_may_be_one_word() {
        let config = serve(&["--maxmemory '700mb'", "--port 7", "--save 1 2 3 4"]);
        assert_eq!(config.memory.maxmemory, 700 << 20);
        assert_eq!((config.network.port, config.persistence.save.len()), (7, 2));
    }

    #[test]
    fn a_value_may_begin_with_dashes() {
        let config = serve(&["--proc-title-template", "--my--title", "--hz", "30"]);
        assert_eq!(config.process.proc_title_template, "--my--title");
        assert_eq!(config.process.hz, 30);
    }

    #[test]
    fn save_without_a_value_clears() {
        for args in [&["--save", "--hz", "1"][..], &["--hz", "1", "--save"]] {
            let config = serve(args);
            assert!(config.persistence.save.is_empty(), "{args:?}");
            assert_eq!(config.process.hz, 1);
        }
    }

    #[test]
    fn the_file_comes_first_then_standard_input_then_options() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("r.conf");
        std::fs::write(&path, "port 1\nhz 10\ntimeout 5\n").unwrap();
        let config = serve(&[path.to_str().unwrap(), "--hz", "30", "-"]);
        assert_eq!((config.network.port, config.process.hz), (1000, 30));
        assert_eq!(config.network.timeout.as_secs(), 5);
        assert_eq!(config.file, Some(path));
        assert_eq!(serve(&["-"]).network.port, 1000);
    }

    #[test]
    fn mistakes_are_shown_as_the_line_they_stand_for() {
        let mistakes: [(&[&str], &str, &str); 8] = [
            (&["--invalid"], "invalid", "Bad directive or wrong number of arguments"),
            (&["--port"], "port", "wrong number of arguments"),
            (&["--port", "6379", "6380"], r#"port "6379" "6380""#, "wrong number of arguments"),
            (
                &["--port", "--loglevel", "verbose"],
                r#"port "--loglevel" "verbose""#,
                "wrong number of arguments",
            ),
            (
                &["--port", "--bla", "--hz", "1"],
                r#"port "--bla""#,
                "argument couldn't be parsed into an integer",
            ),
            (&["--replicaof", "h", "abc"], r#"replicaof "h" "abc""#, "Invalid master port"),
            (&["--replicaof", "--h", "--abc"], r#"replicaof "--h""#, "wrong number of arguments"),
            (&["--foo", "a\"b"], r#"foo "a\"b""#, "Bad directive or wrong number of arguments"),
        ];
        for (args, line, why) in mistakes {
            let text = refused(args);
            assert!(text.contains(&format!(">>> '{line}'\n")), "{args:?}: {text}");
            assert_eq!(text.lines().last(), Some(why), "{args:?}");
        }
        let flags = refused(&["--shutdown-on-sigint", "now force", "--shutdown-on-sigterm"]);
        assert!(flags.contains("argument(s) must be one of the following: "), "{flags}");
    }

    #[test]
    fn version_and_help_are_said_and_foreign_tasks_refused() {
        assert!(matches!(run(&["-v"], ""), Ok(Start::Say(text)) if text.contains("Redstart")));
        assert!(matches!(run(&["--help"], ""), Ok(Start::Say(_))));
        assert!(refused(&["--test-memory", "100"]).contains("--test-memory"));
    }
}

//! Files: the head, the cases, and the blocks within them.
//! Lines are read one after the other; `repeat`, `clients` and `between` open a block that `end`
//! closes, kept on a stack. A reply whose brackets are still open takes the following lines in.

use super::steps::{self, Opening, Read};
use super::{Applies, Case, Kind, Line, Mistake, Names, Script, Step, Version};
use std::path::Path;

/// Blocks within blocks; more is a mistake, and matching is recursive.
const DEEPEST: usize = 8;

/// Reads a file.
pub fn read(path: &Path) -> Result<Script, Mistake> {
    let text = std::fs::read_to_string(path).map_err(|error| Mistake {
        path: path.into(),
        line: 0,
        text: format!("cannot be read: {error}"),
    })?;
    parse(path, &text)
}

/// Understands the text of a file; `path` is used in messages only.
pub fn parse(path: &Path, text: &str) -> Result<Script, Mistake> {
    let mut parser = Parser::new(path);
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let number = index + 1;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut whole = line.to_owned();
        loop {
            match parser.line(number, &whole) {
                Ok(()) => break,
                Err(Read::Wrong(text)) => return Err(parser.mistake(number, text)),
                Err(Read::Unfinished(text)) => match lines.next() {
                    Some((_, next)) => whole = format!("{whole} {}", next.trim()),
                    None => return Err(parser.mistake(number, text)),
                },
            }
        }
    }
    parser.finish()
}

/// A block that is not closed yet.
struct Block {
    line: usize,
    opening: Opening,
    steps: Vec<Line>,
}

struct Parser<'a> {
    path: &'a Path,
    script: Script,
    /// Said in the head, for every case.
    applies: Applies,
    names: Names,
    blocks: Vec<Block>,
    begun: bool,
}

impl<'a> Parser<'a> {
    fn new(path: &'a Path) -> Self {
        let script = Script {
            path: path.into(),
            kind: Kind::Stage,
            name: String::new(),
            title: String::new(),
            flags: Vec::new(),
            cases: Vec::new(),
        };
        Parser {
            path,
            script,
            applies: Applies::default(),
            names: Names::default(),
            blocks: Vec::new(),
            begun: false,
        }
    }

    fn mistake(&self, line: usize, text: String) -> Mistake {
        Mistake { path: self.path.into(), line, text }
    }

    fn line(&mut self, number: usize, line: &str) -> Result<(), Read> {
        let (word, rest) =
            line.split_once(' ').map_or((line, ""), |(word, rest)| (word, rest.trim()));
        if !self.begun {
            return self.first(word, rest);
        }
        match word {
            "case" => self.begin_case(number, rest),
            "since" | "only" | "differs" => self.applies_to(word, rest),
            "why" => self.why(rest),
            _ if self.script.cases.is_empty() => self.head(word, rest),
            "fresh" => self.fresh(rest),
            "end" => self.close(number),
            _ => self.step(number, line),
        }
    }

    fn first(&mut self, word: &str, name: &str) -> Result<(), Read> {
        self.script.kind = match word {
            "stage" => Kind::Stage,
            "suite" => Kind::Suite,
            _ => return wrong("the first line is `stage NAME` or `suite NAME`"),
        };
        let stem = self.path.file_stem().unwrap_or_default().to_string_lossy();
        if name != stem {
            return wrong(&format!("the name is {name}, but the file's is {stem}"));
        }
        self.script.name = name.to_owned();
        self.begun = true;
        Ok(())
    }

    fn head(&mut self, word: &str, rest: &str) -> Result<(), Read> {
        match word {
            "title" => self.script.title = rest.to_owned(),
            "flags" => self.script.flags = rest.split_whitespace().map(unquoted).collect(),
            _ => return wrong(&format!("`{word}` before the first case")),
        }
        Ok(())
    }

    fn begin_case(&mut self, line: usize, title: &str) -> Result<(), Read> {
        self.all_closed()?;
        if title.is_empty() {
            return wrong("a case has a title");
        }
        if self.script.cases.iter().any(|case| case.title == title) {
            return wrong("another case has this title");
        }
        self.names = Names::default();
        let case = Case {
            title: title.to_owned(),
            line,
            applies: self.applies.clone(),
            ..Case::default()
        };
        self.script.cases.push(case);
        Ok(())
    }

    fn applies_to(&mut self, word: &str, rest: &str) -> Result<(), Read> {
        let case = self.script.cases.last_mut();
        if case.as_ref().is_some_and(|case| !case.steps.is_empty()) {
            return wrong(&format!("`{word}` stands before the first step"));
        }
        let applies = case.map_or(&mut self.applies, |case| &mut case.applies);
        if word == "since" {
            return since(rest, applies);
        }
        let reason =
            if word == "only" { rest.strip_prefix("redstart").unwrap_or_default() } else { rest };
        if reason.trim().is_empty() {
            return wrong("the reason is missing: `only redstart REASON`, `differs REASON`");
        }
        applies.none = Some(reason.trim().to_owned());
        Ok(())
    }

    fn why(&mut self, text: &str) -> Result<(), Read> {
        let Some(case) = self.script.cases.last_mut() else {
            return wrong("`why` belongs to a case");
        };
        if !case.why.is_empty() {
            case.why.push(' ');
        }
        case.why.push_str(text);
        Ok(())
    }

    fn fresh(&mut self, rest: &str) -> Result<(), Read> {
        let case = self.case();
        if !rest.is_empty() || !case.steps.is_empty() {
            return wrong("`fresh` stands alone, before the first step");
        }
        case.fresh = true;
        Ok(())
    }

    fn case(&mut self) -> &mut Case {
        self.script.cases.last_mut().expect("steps are read only within a case")
    }

    fn steps(&mut self) -> &mut Vec<Line> {
        if self.blocks.is_empty() {
            return &mut self.case().steps;
        }
        &mut self.blocks.last_mut().expect("checked above").steps
    }

    fn step(&mut self, number: usize, line: &str) -> Result<(), Read> {
        if let Some(tool) = steps::tool_part(line, &mut self.names)? {
            return match self.steps().last_mut() {
                Some(Line { step: Step::Run(run), .. }) => tool.into(run),
                _ => wrong("`input` and `output` belong right after `run`"),
            };
        }
        if line.starts_with(['"', '\'']) {
            let more = steps::bytes(line, &mut self.names)?;
            return match self.steps().last_mut() {
                Some(Line { step: Step::Write(_, bytes), .. }) => {
                    bytes.append(more);
                    Ok(())
                }
                _ => wrong("a line of bytes belongs right after `file NAME`"),
            };
        }
        if let Some(opening) = Opening::of(line)? {
            let crowd = matches!(opening, Opening::Clients(_));
            if crowd && (self.in_crowd() || self.between_scans()) {
                return wrong("`clients` cannot stand within `clients` or `between`");
            }
            if self.blocks.len() == DEEPEST {
                return wrong("too many blocks within blocks");
            }
            self.blocks.push(Block { line: number, opening, steps: Vec::new() });
            return Ok(());
        }
        let step = steps::step(line, &mut self.names)?;
        let repeated = self.blocks.iter().any(|block| matches!(block.opening, Opening::Repeat(_)));
        if matches!(step, Step::ExpectOrAgain(..)) && !repeated {
            return wrong("`else again` stands within `repeat`");
        }
        if self.between_scans() && steps::needs_the_server(&step) {
            return wrong("within `between` there are only steps on connections");
        }
        if self.in_crowd() && !steps::fits_a_crowd(&step) {
            return wrong(
                "within `clients` there is only the connection @, `repeat`, `wait` and `check`",
            );
        }
        self.steps().push(Line { number, step });
        Ok(())
    }

    fn between_scans(&self) -> bool {
        self.blocks.iter().any(|block| matches!(block.opening, Opening::Between))
    }

    fn in_crowd(&self) -> bool {
        self.blocks.iter().any(|block| matches!(block.opening, Opening::Clients(_)))
    }

    fn close(&mut self, number: usize) -> Result<(), Read> {
        let Some(block) = self.blocks.pop() else {
            return wrong("`end` without a beginning");
        };
        let step = match block.opening {
            Opening::Repeat(count) => Step::Repeat(count, block.steps),
            Opening::Clients(count) => Step::Clients(count, block.steps),
            Opening::Between => match self.steps().last_mut() {
                Some(Line { step: Step::Scan(_, _, between), .. }) => {
                    *between = block.steps;
                    return Ok(());
                }
                _ => {
                    return Err(Read::Wrong(format!(
                        "line {number}: `between` stands right after `A>scan`"
                    )));
                }
            },
        };
        self.steps().push(Line { number: block.line, step });
        Ok(())
    }

    fn all_closed(&self) -> Result<(), Read> {
        match self.blocks.last() {
            Some(block) => {
                Err(Read::Wrong(format!("the block of line {} has no `end`", block.line)))
            }
            None => Ok(()),
        }
    }

    fn finish(self) -> Result<Script, Mistake> {
        if let Some(block) = self.blocks.last() {
            return Err(self.mistake(block.line, "this block has no `end`".into()));
        }
        if let Some(case) = self.script.cases.iter().find(|case| case.steps.is_empty()) {
            return Err(self.mistake(case.line, "a case without steps".into()));
        }
        if self.script.cases.is_empty() {
            return Err(self.mistake(0, "no cases".into()));
        }
        Ok(self.script)
    }
}

fn wrong<T>(text: &str) -> Result<T, Read> {
    Err(Read::Wrong(text.to_owned()))
}

/// Flags are plain words, except that `""` is the empty one (`--save ""`).
fn unquoted(word: &str) -> String {
    word.trim_matches('"').to_owned()
}

fn since(rest: &str, applies: &mut Applies) -> Result<(), Read> {
    let mut words = rest.split_whitespace();
    let mut any = false;
    while let Some(word) = words.next() {
        let (number, place) = match word {
            "valkey" => (words.next().unwrap_or_default(), &mut applies.valkey),
            "redis" => (words.next().unwrap_or_default(), &mut applies.redis),
            number => (number, &mut applies.redis),
        };
        let Some(version) = version(number) else {
            return wrong("`since` is followed by a version: `since 8.0`, `since 8.0 valkey 9.0`");
        };
        *place = Some(version);
        any = true;
    }
    if any { Ok(()) } else { wrong("`since` is followed by a version") }
}

/// Major and minor of `8.0` or `7.0.15`.
pub fn version(text: &str) -> Option<Version> {
    let mut numbers = text.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Content;

    fn mistake(text: &str) -> String {
        parse(Path::new("x/s.redis"), text).unwrap_err().to_string()
    }

    #[test]
    fn a_script_is_read_whole() {
        let text = r#"stage s
title T t
flags --save ""

case one
since 8.0 valkey 9.0
A> PING
A< PONG

why this
why that
case two
fresh
repeat 3
  A+ PING
end
A> PING
A< ["a",
  "b"]
"#;
        let script = parse(Path::new("s.redis"), text).unwrap();
        assert_eq!((script.title.as_str(), script.flags.len(), script.cases.len()), ("T t", 2, 2));
        assert_eq!(script.cases[0].why, "this that");
        let applies = &script.cases[0].applies;
        assert_eq!((applies.redis, applies.valkey), (Some((8, 0)), Some((9, 0))));
        assert!(script.cases[1].fresh);
        assert!(matches!(&script.cases[1].steps[0].step, Step::Repeat(3, body) if body.len() == 1));
    }

    #[test]
    fn a_file_is_made_of_the_lines_that_follow_it() {
        let text = "stage s\ncase a\nfile d/{v1}.rdb \"a\"\n# why\n  \"b\" 'c'\nfile x\n\
                    file x is commands [[\"SET\"],\n  []] within 1s\nfile x is missing\n\
                    file x cut {n1}\nrefuses --dir {v1}\n";
        let script = parse(Path::new("s.redis"), text).unwrap();
        let steps: Vec<_> = script.cases[0].steps.iter().map(|line| &line.step).collect();
        let values = crate::values::Values::new(1, 0);
        assert!(matches!(steps[0], Step::Write(_, b) if b.fill(&values).unwrap() == b"abc"));
        assert!(matches!(steps[1], Step::Write(_, b) if b.fill(&values).unwrap() == b""));
        assert!(matches!(steps[2], Step::Holds(_, Content::Commands(_), Some(_))));
        assert!(matches!(steps[3], Step::Holds(_, Content::Missing, None)));
        assert!(matches!((steps[4], steps[5]), (Step::Cut(..), Step::Refuses(_))));
        assert!(steps[0].disturbs() && !steps[3].disturbs());
    }

    #[test]
    fn what_stands_in_the_head_holds_for_every_case() {
        let text = "suite s\nsince 8.0\ncase a\nA> PING\ncase b\nA> PING\n";
        let script = parse(Path::new("s.redis"), text).unwrap();
        assert!(script.cases.iter().all(|case| case.applies.redis == Some((8, 0))));
    }

    #[test]
    fn mistakes_are_told_with_file_and_line() {
        let head = "stage s\ncase a\n";
        for (lines, at, part) in [
            ("A> PING\nA< \"x", 4, "quote"),
            ("A> PING\nhello", 4, "not understood"),
            ("A<nothing 1h", 3, "time"),
            ("wait 5s", 3, "2 s"),
            ("A< [\"a\" \"b\"]", 3, "','"),
            ("A< (int) 1", 3, "(int)"),
            ("repeat 2\nA> PING", 3, "end"),
            ("end", 3, "without"),
            ("clients 2\nA> PING\nend", 4, "@"),
            ("between\nend", 4, "scan"),
            ("A< OK else again (nil)", 3, "repeat"),
            ("since x", 3, "version"),
            ("only redstart", 3, "REASON"),
            ("case a", 3, "title"),
            ("file x abc", 3, "quotes"),
            ("\"abc\"", 3, "file NAME"),
            ("file", 3, "NAME"),
        ] {
            let mistake = mistake(&format!("{head}{lines}\n"));
            assert!(mistake.starts_with(&format!("x/s.redis:{at}: ")), "{lines:?}: {mistake}");
            assert!(mistake.contains(part), "{lines:?}: {mistake}");
        }
        assert!(mistake("case a\n").contains("first line"));
        assert!(mistake("stage t\n").contains("the file's is s"));
        assert!(mistake(head).contains("without steps"));
    }
}

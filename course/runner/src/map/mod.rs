//! The map of the course: its tracks and stages, and how far a learner has come. Once as a table
//! for the terminal (this file), once as a page (page.rs), which is also the book's first page.

mod page;

use crate::report::Style;
use crate::tracks::{self, Stage, Track};
use std::path::{Path, PathBuf};

pub use page::{STYLE, address_of, escaped, fragment, page, write};

/// Where a stage stands for the learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Green once; with the minutes it took, if they are known.
    Done(Option<u64>),
    /// The one being built.
    Current,
    /// Not begun.
    Ahead,
}

/// A stage on the map.
#[derive(Debug, Clone)]
pub struct Place {
    /// As the course lists it.
    pub stage: Stage,
    /// The one line for people from its transcript.
    pub title: String,
    /// Whether there is a chapter, and so a checkpoint.
    pub has_chapter: bool,
    /// How far the learner is with it.
    pub state: State,
}

/// A track on the map.
#[derive(Debug, Clone)]
pub struct Line {
    /// As the course lists it.
    pub track: Track,
    /// Its stages by their numbers.
    pub places: Vec<Place>,
}

impl Line {
    fn has_chapters(&self) -> bool {
        self.places.iter().any(|place| place.has_chapter)
    }

    fn done(&self) -> usize {
        self.places.iter().filter(|place| matches!(place.state, State::Done(_))).count()
    }

    fn is_begun(&self) -> bool {
        self.places.iter().any(|place| place.state != State::Ahead)
    }

    fn minutes(&self) -> u64 {
        self.places.iter().map(|place| u64::from(place.stage.minutes)).sum()
    }
}

/// Reads the map of the repository at `root`; `state_of` says how far each stage is, by its id.
pub fn read(root: &Path, state_of: impl Fn(&str) -> State) -> Result<Vec<Line>, String> {
    let path = root.join("course/tracks.toml");
    let stages = tracks::read(&path)?;
    let lines = tracks::read_tracks(&path)?.into_iter().map(|track| {
        let own = stages.iter().filter(|stage| stage.track == track.id);
        let mut places: Vec<Place> = own.map(|stage| place(root, stage, &state_of)).collect();
        places.sort_by_key(|place| place.stage.number_and_name().0);
        Line { track, places }
    });
    Ok(lines.collect())
}

fn place(root: &Path, stage: &Stage, state_of: &impl Fn(&str) -> State) -> Place {
    let title = title_of(&root.join(format!("tests/stages/{}.redis", stage.id)));
    Place {
        title: title.unwrap_or_else(|| stage.number_and_name().1.to_owned()),
        has_chapter: chapter_of(root, &stage.id).is_file(),
        state: state_of(&stage.id),
        stage: stage.clone(),
    }
}

/// Where a stage's chapter is, if it has one.
pub fn chapter_of(root: &Path, id: &str) -> PathBuf {
    root.join("course/stages").join(id).join("chapter.md")
}

/// The line `title …` of a transcript; the file is not understood any further.
fn title_of(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    text.lines().take(5).find_map(|line| line.strip_prefix("title ")).map(str::to_owned)
}

/// Which stages a table shows one by one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shown {
    /// Those of tracks that are begun, or come next; the others take a line a track.
    Begun,
    /// Every stage.
    All,
}

/// The map as a table of at most 80 columns.
pub fn table(lines: &[Line], shown: Shown, style: Style) -> String {
    let (written, unwritten): (Vec<&Line>, Vec<&Line>) =
        lines.iter().partition(|line| line.has_chapters());
    let next = lines.iter().find(|line| line.done() < line.places.len());
    let is_open = |line: &Line| {
        let begins = next.is_some_and(|next| next.track.id == line.track.id) && line.done() == 0;
        shown == Shown::All || line.is_begun() || begins
    };
    let rows = |some: &[&Line]| -> String {
        let row = |line: &&Line| match is_open(line) {
            true => open_track(line, style),
            false => closed_track(line),
        };
        some.iter().map(row).collect()
    };
    let mut text = rows(&written);
    if !written.is_empty() && !unwritten.is_empty() {
        text.push_str("\n  with tests, and no chapters yet\n");
    }
    text.push_str(&rows(&unwritten));
    text.push_str(&format!("\n  {}\n", summary(lines)));
    text
}

fn closed_track(line: &Line) -> String {
    let of = line.places.len();
    let word = if of == 1 { "stage" } else { "stages" };
    track_head(line, &format!("{of} {word}, {}", hours(line.minutes())))
}

fn open_track(line: &Line, style: Style) -> String {
    let stages: String = line.places.iter().map(|place| row(place, style)).collect();
    track_head(line, &format!("{} of {}", line.done(), line.places.len())) + &stages
}

fn track_head(line: &Line, right: &str) -> String {
    let left = 77_usize.saturating_sub(right.chars().count());
    let goal = clause(&line.track.goal, left.saturating_sub(19));
    let head = crate::player::cut(&format!("{:<18} {goal}", line.track.title), left);
    format!("  {head:<left$} {right}\n")
}

/// A goal, up to the last comma or colon if it is too long.
fn clause(goal: &str, width: usize) -> &str {
    if goal.chars().count() <= width {
        return goal;
    }
    let ends = goal.match_indices([',', ':']).map(|(at, _)| at);
    ends.rev().find(|&at| at <= width).map_or(goal, |at| &goal[..at])
}

fn row(place: &Place, style: Style) -> String {
    let (number, name) = place.stage.number_and_name();
    let title = crate::player::cut(&place.title, 37);
    let text = format!("{number:>3} {name:<16} {title:<37} {:>4} min", place.stage.minutes);
    let (sign, text, end) = match place.state {
        State::Done(taken) => {
            let taken = taken.map(|minutes| format!(", took {minutes}")).unwrap_or_default();
            (style.green("✓"), text, taken)
        }
        State::Current => (style.red("▸"), text, "  here".into()),
        State::Ahead => (style.dim("·"), style.dim(&text), String::new()),
    };
    format!("  {sign}{text}{end}\n")
}

/// How much is done and how much is left, in one line. Stages without a chapter count only when
/// they are done.
pub fn summary(lines: &[Line]) -> String {
    let any_chapter = lines.iter().any(Line::has_chapters);
    let counts = |place: &&Place| place.has_chapter || !any_chapter || place.state != State::Ahead;
    let places = || lines.iter().flat_map(|line| &line.places).filter(counts);
    let is_done = |place: &&Place| matches!(place.state, State::Done(_));
    let taken: u64 = places()
        .filter_map(|place| match place.state {
            State::Done(minutes) => minutes,
            _ => None,
        })
        .sum();
    let left = places().filter(|place| !is_done(place));
    let left: u64 = left.map(|place| u64::from(place.stage.minutes)).sum();
    let done = places().filter(is_done).count();
    let took = if taken > 0 { format!(" in {}", duration(taken)) } else { String::new() };
    let (all, left) = (places().count(), duration(left));
    format!("{done} of {all} stages done{took}, about {left} to go")
}

/// Whole hours from one hour on: estimates are no better than that.
fn hours(minutes: u64) -> String {
    if minutes < 60 { duration(minutes) } else { format!("{} h", (minutes + 30) / 60) }
}

/// `45 min`, `2 h`, `2 h 30 min`
pub fn duration(minutes: u64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        // Sums of estimates are no more exact than this.
        (hours, _) if hours >= 5 => format!("{} h", (minutes + 30) / 60),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(super) fn lines() -> Vec<Line> {
        let place = |id: &str, track: &str, state| Place {
            stage: Stage { id: id.into(), track: track.into(), minutes: 40, ..Stage::default() },
            title: format!("The <title> of {id}, which goes on and on and on"),
            has_chapter: true,
            state,
        };
        let track = |id: &str, after: &[&str]| Track {
            id: id.into(),
            title: id.to_uppercase(),
            goal: "a goal of many words on the map, as it should be told there".into(),
            after: after.iter().map(|name| (*name).to_owned()).collect(),
        };
        vec![
            Line {
                track: track("base", &[]),
                places: vec![
                    place("base-01-bind", "base", State::Done(Some(7))),
                    place("base-02-ping", "base", State::Done(None)),
                    place("base-03-again", "base", State::Current),
                ],
            },
            Line {
                track: track("lists", &["base"]),
                places: vec![place("lists-01-rpush", "lists", State::Ahead)],
            },
        ]
    }

    #[test]
    fn the_table_fits_and_shows_where_you_are() {
        for shown in [Shown::Begun, Shown::All] {
            let all = shown == Shown::All;
            let text = table(&lines(), shown, Style::Plain);
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
            assert!(text.contains("✓  1 bind") && text.contains("40 min, took 7"), "{text}");
            assert!(text.contains("▸  3 again") && text.contains("min  here"), "{text}");
            assert_eq!(text.contains("1 rpush"), all);
            assert!(
                text.contains("LISTS              a goal of many words on the map  "),
                "{text}"
            );
            assert!(
                text.contains(" 2 of 3\n")
                    && text.contains(if all { "0 of 1\n" } else { "1 stage, 40 min\n" }),
                "{text}"
            );
            assert!(text.ends_with("2 of 4 stages done in 7 min, about 1 h 20 min to go\n"));
        }
    }

    #[test]
    fn the_map_of_this_repository_has_every_stage() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let lines = read(&root, |_| State::Ahead).unwrap();
        let places: Vec<&Place> = lines.iter().flat_map(|line| &line.places).collect();
        assert_eq!(places.len(), tracks::read(&root.join("course/tracks.toml")).unwrap().len());
        assert_eq!(
            (lines[0].track.id.as_str(), places[0].stage.id.as_str()),
            ("base", "base-01-bind")
        );
        for place in places {
            assert_ne!(place.title, place.stage.number_and_name().1, "{}", place.stage.id);
        }
        // Before the first green one the first track stands open.
        assert!(table(&lines, Shown::Begun, Style::Plain).contains("1 bind"));
    }
}

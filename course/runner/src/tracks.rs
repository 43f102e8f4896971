//! The order of the course's stages, read from course/tracks.toml. Of TOML only what that file uses
//! is understood: `[[track]]`, `[[stage]]`, and keys with a string, a number or a list of strings
//! on one line.

use std::path::Path;

/// A track as the course lists it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Track {
    /// `base`
    pub id: String,
    /// For people: `Sorted sets`.
    pub title: String,
    /// What a learner's server can do at its end.
    pub goal: String,
    /// Tracks that come first.
    pub after: Vec<String>,
}

/// A stage as the course lists it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stage {
    /// `base-05-frames`
    pub id: String,
    /// `base`
    pub track: String,
    /// How long it takes a learner.
    pub minutes: u32,
    /// Stages of other tracks that come before it.
    pub needs: Vec<String>,
    /// CodeCrafters' stages that it covers.
    pub codecrafters: Vec<String>,
}

impl Stage {
    /// Its number within the track, and its short name: `base-05-frames` is 5, `frames`.
    pub fn number_and_name(&self) -> (u32, &str) {
        let rest = self.id.strip_prefix(&self.track).unwrap_or(&self.id).trim_start_matches('-');
        let (digits, name) = rest.split_once('-').unwrap_or(("", rest));
        (digits.parse().unwrap_or(0), name)
    }

    /// Whether `base`, `base/5` or `base-05-frames` means this stage.
    pub fn is_meant_by(&self, name: &str) -> bool {
        let number = self.id.strip_prefix(&self.track).and_then(|rest| rest.split('-').nth(1));
        let number = number.and_then(|digits| digits.parse::<u32>().ok());
        match name.split_once('/') {
            Some((track, digits)) => {
                track == self.track && number.is_some() && digits.parse().ok() == number
            }
            None => name == self.id || name == self.track,
        }
    }
}

/// All stages in the order of the course.
pub fn read(path: &Path) -> Result<Vec<Stage>, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    parse(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Understands the text of that file.
pub fn parse(text: &str) -> Result<Vec<Stage>, String> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut in_stage = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with('[') {
            in_stage = line == "[[stage]]";
            if in_stage {
                stages.push(Stage::default());
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else {
            return Err(format!("line {}: `key = value` expected", index + 1));
        };
        let Some(stage) = stages.last_mut().filter(|_| in_stage) else {
            continue;
        };
        set(stage, key.trim(), value.trim())
            .ok_or_else(|| format!("line {}: not understood", index + 1))?;
    }
    Ok(in_order(stages))
}

/// The stages as they are built one upon the other: as the file lists them, but a stage that needs
/// one of a later track waits for the end of that track.
fn in_order(listed: Vec<Stage>) -> Vec<Stage> {
    let mut ordered: Vec<Stage> = Vec::new();
    let mut waiting: Vec<Stage> = Vec::new();
    let mut rest = listed.into_iter().peekable();
    let is_listed = |rest: &[Stage], id: &str| rest.iter().any(|stage| stage.id == id);
    while let Some(stage) = rest.next() {
        let later: Vec<Stage> = rest.clone().collect();
        let of_later_track = |need: &&String| {
            later.iter().any(|other| other.id == **need && other.track != stage.track)
        };
        if stage.needs.iter().any(|need| of_later_track(&need)) {
            waiting.push(stage);
            continue;
        }
        let ends_track = rest.peek().is_none_or(|next| next.track != stage.track);
        ordered.push(stage);
        if ends_track {
            let is_free = |stage: &Stage| !stage.needs.iter().any(|need| is_listed(&later, need));
            let (free, still): (Vec<_>, Vec<_>) = waiting.drain(..).partition(is_free);
            ordered.extend(free);
            waiting = still;
        }
    }
    ordered.extend(waiting);
    ordered
}

/// All tracks in the order of the file.
pub fn read_tracks(path: &Path) -> Result<Vec<Track>, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(parse_tracks(&text))
}

/// Understands the parts of that text which are about tracks; `parse` tells what is wrong with it.
pub fn parse_tracks(text: &str) -> Vec<Track> {
    let mut tracks: Vec<Track> = Vec::new();
    let mut in_track = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            in_track = line == "[[track]]";
            tracks.extend(in_track.then(Track::default));
        }
        let Some((key, value)) = line.split_once('=').filter(|_| in_track) else { continue };
        let (Some(track), value) = (tracks.last_mut(), value.trim()) else { continue };
        match key.trim() {
            "id" => track.id = string(value).unwrap_or_default(),
            "title" => track.title = string(value).unwrap_or_default(),
            "goal" => track.goal = string(value).unwrap_or_default(),
            "after" => track.after = list(value).unwrap_or_default(),
            _ => {}
        }
    }
    tracks
}

fn set(stage: &mut Stage, key: &str, value: &str) -> Option<()> {
    match key {
        "id" => stage.id = string(value)?,
        "track" => stage.track = string(value)?,
        "minutes" => stage.minutes = value.parse().ok()?,
        "needs" => stage.needs = list(value)?,
        "codecrafters" => stage.codecrafters = list(value)?,
        _ => {}
    }
    Some(())
}

fn string(value: &str) -> Option<String> {
    Some(value.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

fn list(value: &str) -> Option<Vec<String>> {
    let inner = value.strip_prefix('[')?.strip_suffix(']')?.trim();
    inner.split(',').map(str::trim).filter(|item| !item.is_empty()).map(string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(rows: &[(&str, &str, &[&str])]) -> Vec<String> {
        let stage = |(id, track, needs): &(&str, &str, &[&str])| Stage {
            id: (*id).to_owned(),
            track: (*track).to_owned(),
            needs: needs.iter().map(|need| (*need).to_owned()).collect(),
            ..Stage::default()
        };
        let ordered = in_order(rows.iter().map(stage).collect());
        ordered.into_iter().map(|stage| stage.id).collect()
    }

    #[test]
    fn a_stage_waits_for_the_track_of_what_it_needs() {
        let rows: [(&str, &str, &[&str]); 6] = [
            ("a1", "a", &[]),
            ("a2", "a", &["c1"]),
            ("b1", "b", &["a1"]),
            ("c1", "c", &[]),
            ("c2", "c", &["b1"]),
            ("d1", "d", &[]),
        ];
        assert_eq!(order(&rows), ["a1", "b1", "c1", "c2", "a2", "d1"]);
        // Nothing is lost, even where two stages wait for each other.
        assert_eq!(order(&[("a1", "a", &["b1"]), ("b1", "b", &["a1"])]), ["b1", "a1"]);
        assert_eq!(order(&[("a1", "a", &["b1"]), ("b1", "b", &[])]), ["b1", "a1"]);
    }

    #[test]
    fn tracks_are_read_beside_their_stages() {
        let text = "[[track]]\nid = \"watch\"\ntitle = \"Locks\"\ngoal = \"a = b\"\n\
                    after = [\"base\", \"lists\"]\n[[stage]]\nid = \"watch-01-watch\"\n";
        let tracks = parse_tracks(text);
        assert_eq!(tracks.len(), 1);
        assert_eq!((tracks[0].id.as_str(), tracks[0].goal.as_str()), ("watch", "a = b"));
        assert_eq!(tracks[0].after, ["base", "lists"]);
    }

    #[test]
    fn stages_are_read_in_order_and_found_by_their_names() {
        let text = r#"# x
[[track]]
id = "base"

[[stage]]
id = "base-05-frames"
track = "base"
minutes = 60
needs = ["base-04-clients"]
codecrafters = ["a", "b"]
"#;
        let stages = parse(text).unwrap();
        assert_eq!(stages.len(), 1);
        assert_eq!(stages[0].codecrafters, ["a", "b"]);
        assert_eq!(stages[0].needs, ["base-04-clients"]);
        for name in ["base", "base/5", "base/05", "base-05-frames"] {
            assert!(stages[0].is_meant_by(name), "{name}");
        }
        for name in ["base/4", "lists", "lists/5", "base/"] {
            assert!(!stages[0].is_meant_by(name), "{name}");
        }
    }
}

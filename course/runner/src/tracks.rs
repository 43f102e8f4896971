//! The order of the course's stages, read from course/tracks.toml. Of TOML only what that file uses
//! is understood: `[[track]]`, `[[stage]]`, and keys with a string, a number or a list of strings
//! on one line.

use std::path::Path;

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
    Ok(stages)
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

//! Stages by the names people type: `base/5`, `base-5`, `base-05-frames`, `frames`, and `5` of the
//! track where somebody is. One that does not exist is answered with the nearest that does, if any
//! is near.

use crate::tracks::Stage;

/// The stages that a name means: one, or all of a track; a bare number is one of `track`. The error
/// says which name is near.
pub fn stages_named<'a>(
    stages: &'a [Stage],
    name: &str,
    track: &str,
) -> Result<Vec<&'a Stage>, String> {
    let mut name = name.trim().to_lowercase();
    if name.parse::<u32>().is_ok() {
        name = format!("{track}/{name}");
    }
    let found: Vec<&Stage> = stages.iter().filter(|stage| means(stage, &name)).collect();
    if found.is_empty() { Err(unknown(stages, &name)) } else { Ok(found) }
}

/// The one stage that a name means; of a track the first.
pub fn stage_named<'a>(stages: &'a [Stage], name: &str, track: &str) -> Result<&'a Stage, String> {
    Ok(stages_named(stages, name, track)?[0])
}

/// `5` of `base-05-frames`.
pub fn number_of(stage: &Stage) -> u32 {
    let rest = stage.id.strip_prefix(&stage.track).unwrap_or_default();
    rest.split('-').nth(1).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// `base/5`, as people type it.
pub fn short_name(stage: &Stage) -> String {
    format!("{}/{}", stage.track, number_of(stage))
}

fn means(stage: &Stage, name: &str) -> bool {
    let with_slash = name.replacen('-', "/", 1);
    let bare = stage.id.splitn(3, '-').nth(2);
    stage.is_meant_by(name) || stage.is_meant_by(&with_slash) || bare == Some(name)
}

fn unknown(stages: &[Stage], name: &str) -> String {
    let track = name.split(['/', '-']).next().unwrap_or_default();
    let last = stages.iter().filter(|stage| stage.track == track).map(number_of).max();
    if let Some(last) = last {
        return format!("there is no stage {name}: {track} has {track}/1 to {track}/{last}");
    }
    let forms = stages.iter().flat_map(|stage| {
        let bare = stage.id.splitn(3, '-').nth(2).unwrap_or_default().to_owned();
        [stage.id.clone(), short_name(stage), stage.track.clone(), bare]
    });
    let nearest = forms.min_by_key(|form| distance(form, name)).unwrap_or_default();
    let is_near = distance(&nearest, name) * 2 <= name.chars().count();
    let guess = if is_near { format!(": did you mean {nearest}?") } else { String::new() };
    format!("there is no stage {name}{guess} (`make map ALL=1` shows them all)")
}

/// How many letters have to be put in, taken out or changed.
pub fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &against) in other.iter().enumerate() {
            let change = diagonal + usize::from(letter != against);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages() -> Vec<Stage> {
        ["base-01-bind", "base-05-frames", "lists-02-lrange"]
            .map(|id| Stage {
                id: id.into(),
                track: id.split('-').next().unwrap().into(),
                ..Stage::default()
            })
            .to_vec()
    }

    #[test]
    fn a_stage_goes_by_many_names() {
        for name in ["base/5", "base-5", "base-05", "base-05-frames", "frames", "BASE/5", "5"] {
            assert_eq!(
                stage_named(&stages(), name, "base").unwrap().id,
                "base-05-frames",
                "{name}"
            );
        }
        assert_eq!(stages_named(&stages(), "base", "lists").unwrap().len(), 2);
    }

    #[test]
    fn a_name_misspelt_is_answered_with_the_nearest() {
        let told = |name| stage_named(&stages(), name, "base").unwrap_err();
        assert!(told("lits/2").contains("did you mean lists/2"), "{}", told("lits/2"));
        assert!(told("frame").contains("did you mean frames"));
        for name in ["7", "nosuch"] {
            assert!(!told(name).contains("did you mean"), "{}", told(name));
        }
        assert!(told("7").contains("there is no stage base/7"));
        assert!(told("base/99").contains("base/1 to base/5"));
    }
}

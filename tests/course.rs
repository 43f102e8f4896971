//! The course's list of stages (course/tracks.toml) and its transcripts (tests/stages) name the
//! same stages, numbered without gaps, and a track covers every stage that CodeCrafters has of its
//! subject.

use redstart_course::tracks::{self, Stage};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// CodeCrafters' subjects, where the course's track has another name.
const OTHER_NAMES: [(&str, &str); 5] = [
    ("sorted-sets", "zsets"),
    ("optimistic-locking", "watch"),
    ("geospatial", "geo"),
    ("persistence-rdb", "rdb"),
    ("persistence-aof", "aof"),
];

fn stages() -> Vec<Stage> {
    tracks::read(Path::new("course/tracks.toml")).expect("course/tracks.toml is sound")
}

#[test]
fn every_stage_has_its_transcript_and_every_transcript_its_stage() {
    let listed: BTreeSet<String> = stages().into_iter().map(|stage| stage.id).collect();
    let files = std::fs::read_dir("tests/stages").unwrap().flatten();
    let names: BTreeSet<String> = files
        .filter_map(|file| {
            let name = file.file_name().into_string().unwrap();
            name.strip_suffix(".redis").map(str::to_owned)
        })
        .collect();
    assert_eq!(listed, names);
}

#[test]
fn the_stages_of_a_track_are_numbered_from_one() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for stage in stages() {
        let number = seen.entry(stage.track.clone()).or_default();
        *number += 1;
        let start = format!("{}-{number:02}-", stage.track);
        assert!(stage.id.starts_with(&start), "{} does not begin with {start}", stage.id);
        assert!(stage.minutes > 0, "{} has no minutes", stage.id);
    }
}

#[test]
fn what_a_stage_needs_is_a_stage() {
    let stages = stages();
    for need in stages.iter().flat_map(|stage| &stage.needs) {
        assert!(stages.iter().any(|stage| stage.id == *need), "there is no {need}");
    }
}

#[test]
fn a_track_covers_every_stage_of_codecrafters() {
    let stages = stages();
    let tracks: BTreeSet<&str> = stages.iter().map(|stage| stage.track.as_str()).collect();
    let mut covered = BTreeSet::new();
    for slug in stages.iter().flat_map(|stage| &stage.codecrafters) {
        assert!(covered.insert(slug.as_str()), "{slug} is covered twice");
    }
    let table = std::fs::read_to_string("tests/data/codecrafters_stages.tsv").unwrap();
    let rows: Vec<(&str, &str)> =
        table.lines().skip(1).map(|line| line.split_once('\t').unwrap()).collect();
    for (subject, slug) in &rows {
        let other = OTHER_NAMES.iter().find(|(name, _)| name == subject);
        let track = other.map_or(*subject, |(_, track)| track);
        assert!(
            !tracks.contains(track) || covered.contains(slug),
            "{slug} of {subject} is missing"
        );
    }
    for slug in covered {
        assert!(rows.iter().any(|(_, known)| *known == slug), "CodeCrafters has no {slug}");
    }
}

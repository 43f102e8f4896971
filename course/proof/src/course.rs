//! Where the parts of the course lie, and in which order its chapters come.

use anyhow::{Context, Result, anyhow, bail};
use redstart_course::tracks::{self, Stage};
use std::path::{Path, PathBuf};

/// The repository, and the stages that have a chapter, in the order of the course.
#[derive(Debug, Clone)]
pub struct Course {
    pub root: PathBuf,
    pub stages: Vec<Stage>,
    /// A program to begin with instead of the starter.
    pub from: Option<PathBuf>,
}

/// What of the course is looked at.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Begin with this program; the chapters of the track `base` are left out then.
    pub from: Option<PathBuf>,
    /// Only the chapters of these tracks.
    pub tracks: Vec<String>,
}

impl Course {
    pub fn open(root: &Path, choice: &Choice) -> Result<Self> {
        let file = root.join("course/tracks.toml");
        let mut stages = tracks::read(&file).map_err(|error| anyhow!(error))?;
        stages.retain(|stage| {
            let is_asked = choice.tracks.is_empty() || choice.tracks.contains(&stage.track);
            let is_replaced = choice.from.is_some() && stage.track == "base";
            is_asked && !is_replaced
        });
        let mut course = Course { root: root.to_owned(), stages: Vec::new(), from: None };
        course.from.clone_from(&choice.from);
        course.stages =
            stages.into_iter().filter(|stage| course.chapter(&stage.id).is_file()).collect();
        Ok(course)
    }

    /// `course/stages/<id>`
    pub fn folder(&self, id: &str) -> PathBuf {
        self.root.join("course/stages").join(id)
    }

    pub fn chapter(&self, id: &str) -> PathBuf {
        self.folder(id).join("chapter.md")
    }

    pub fn transcript(&self, id: &str) -> PathBuf {
        self.root.join(format!("tests/stages/{id}.redis"))
    }

    /// Everything that is made.
    pub fn made(&self) -> PathBuf {
        self.root.join("target/course")
    }

    /// The program before the first chapter.
    pub fn beginning(&self) -> PathBuf {
        self.from.clone().unwrap_or_else(|| self.root.join("course/starters/rust"))
    }

    /// The places in `stages` that `base`, `base/5` or `base-05-frames` means.
    pub fn meant(&self, name: &str) -> Result<Vec<usize>> {
        let places: Vec<usize> =
            (0..self.stages.len()).filter(|&at| self.stages[at].is_meant_by(name)).collect();
        if places.is_empty() {
            bail!("no stage with a chapter (course/stages/<id>/chapter.md) is called {name}");
        }
        Ok(places)
    }

    /// The one place that a name means.
    pub fn one(&self, name: &str) -> Result<usize> {
        match self.meant(name)?[..] {
            [place] => Ok(place),
            _ => bail!("{name} is more than one stage; say N=base/5"),
        }
    }

    /// Its number and name in messages.
    pub fn id(&self, place: usize) -> &str {
        &self.stages[place].id
    }
}

/// The folder above this one that holds the course.
pub fn find_root() -> Result<PathBuf> {
    let here = std::env::current_dir()?;
    here.ancestors()
        .find(|folder| folder.join("course/tracks.toml").is_file())
        .map(Path::to_path_buf)
        .context("the repository was not found from here")
}

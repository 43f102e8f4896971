//! `me/` and the course around it, opened for one command: the stages in the order of the course,
//! how far the learner is, the program to try. What is missing is told with what to do about it.

use super::names::number_of;
use super::progress::Progress;
use crate::cli::{Request, patience};
use crate::language::{self, Script};
use crate::server::Program;
use crate::tracks::{self, Stage};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What a learner's program is called in his repository.
pub const PROGRAM: &str = "your_program.sh";

/// The learner's repository, and the course.
#[derive(Debug, Clone)]
pub struct Home {
    /// The repository of the course.
    pub root: PathBuf,
    /// The learner's, `me/`.
    pub folder: PathBuf,
    /// The stages of the course, in order.
    pub stages: Vec<Stage>,
    /// How far he is.
    pub progress: Progress,
}

impl Home {
    /// Where a learner's repository is in the repository of the course.
    pub fn folder_in(root: &Path) -> PathBuf {
        root.join("me")
    }

    /// Opens `me/`, and counts the time since the last command as spent on the current stage.
    pub fn open(request: &Request) -> Result<Self, String> {
        let root = request.repository()?;
        let folder = Self::folder_in(&root);
        let languages = super::start::languages(&root).join("|");
        if !folder.exists() {
            return Err(format!("There is no me/ yet. It is made by: make start LANG={languages}"));
        }
        if !Progress::file(&folder).exists() {
            return Err("me/ is there, but nothing says how far you are in it \
                        (me/.redstart/progress).\nType `make start`: it takes me/ as it is, \
                        changes none of your files, and begins at the first stage."
                .into());
        }
        let stages = course(&root)?;
        let mut progress = Progress::read(&folder)?;
        if !stages.iter().any(|stage| stage.id == progress.current) {
            let now_at = successor(&stages, &progress);
            eprintln!(
                "The stage you were at, {}, has another name or place in this version of the \
                 course. You are at {now_at}.",
                progress.current
            );
            progress.go_to(&now_at);
        }
        progress.tick();
        let home = Home { root, folder, stages, progress };
        home.keep();
        Ok(home)
    }

    /// Adds to what is kept, which another command may have changed meanwhile (`make hint` beside
    /// `make watch`).
    pub fn record(&mut self, add: impl FnOnce(&mut Progress)) {
        if let Ok(kept) = Progress::read(&self.folder) {
            self.progress = kept;
        }
        add(&mut self.progress);
        self.keep();
    }

    /// Writes down how far the learner is. If that fails he is told, and goes on.
    fn keep(&self) {
        if let Err(text) = self.progress.write(&self.folder) {
            eprintln!("{text}");
        }
    }

    /// The stage he is at.
    pub fn current(&self) -> &Stage {
        let found = self.stages.iter().find(|stage| stage.id == self.progress.current);
        found.expect("`open` has made sure of it")
    }

    /// The name of the stage he is at.
    pub fn at(&self) -> &str {
        &self.progress.current
    }

    /// Its track, which a bare number belongs to.
    pub fn track(&self) -> &str {
        &self.current().track
    }

    /// The first stage after the current one that was not green yet; or else the first of all.
    pub fn following(&self) -> Option<&Stage> {
        let at = self.stages.iter().position(|stage| stage.id == self.progress.current);
        let (before, after) = self.stages.split_at(at.map_or(0, |at| at + 1));
        let mut open = after.iter().chain(before);
        open.find(|stage| stage.id != self.progress.current && !self.progress.is_green(&stage.id))
    }

    /// The stages that were green and are red, as far as is known.
    pub fn broken(&self) -> Vec<Stage> {
        let broken = self.stages.iter().filter(|stage| self.progress.is_broken(&stage.id));
        broken.cloned().collect()
    }

    /// `base · stage 3 of 14`
    pub fn place(&self, stage: &Stage) -> String {
        let count = self.stages.iter().filter(|other| other.track == stage.track).count();
        format!("{} · stage {} of {count}", stage.track, number_of(stage))
    }

    /// The transcript of a stage.
    pub fn script(&self, stage: &Stage) -> Result<Script, String> {
        let path = self.root.join(format!("tests/stages/{}.redis", stage.id));
        language::read(&path).map_err(|mistake| mistake.to_string())
    }

    /// A file of the course about a stage: `brief.md`, `chapter.md`, `hints.md`.
    pub fn page(&self, stage: &Stage, name: &str) -> Option<String> {
        let path = self.root.join("course/stages").join(&stage.id).join(name);
        std::fs::read_to_string(path).ok()
    }

    /// What to start.
    pub fn program(&self) -> Result<Program, String> {
        let path = self.folder.join(PROGRAM);
        check_program(&path, "me")?;
        Ok(Program {
            command: vec![path.display().to_string()],
            flags: Vec::new(),
            patience: patience(),
        })
    }
}

/// Whether that program can be started; `place` is how the folder is called.
pub fn check_program(path: &Path, place: &str) -> Result<(), String> {
    let Ok(known) = path.metadata() else {
        return Err(format!(
            "{place}/{PROGRAM} is missing: the course starts your server with it, as \
             `./{PROGRAM} --port N`.\nIt builds quietly and then becomes the server (`exec`); \
             course/starters/ has one for every language."
        ));
    };
    if known.permissions().mode() & 0o111 == 0 {
        return Err(format!("{place}/{PROGRAM} may not be run: chmod +x {place}/{PROGRAM}"));
    }
    Ok(())
}

/// The stages that have a chapter. While there is none, all: the transcripts can be played.
pub fn course(root: &Path) -> Result<Vec<Stage>, String> {
    let stages = tracks::read(&root.join("course/tracks.toml"))?;
    let has_chapter = |stage: &Stage| root.join("course/stages").join(&stage.id).is_dir();
    if !stages.iter().any(has_chapter) {
        return Ok(stages);
    }
    Ok(stages.into_iter().filter(has_chapter).collect())
}

/// Where somebody goes on whose stage is not in the course: same track and number, or else the
/// first stage that was not green yet.
fn successor(stages: &[Stage], progress: &Progress) -> String {
    let same_place = stages.iter().find(|stage| {
        let digits: String = stage.id.splitn(3, '-').take(2).collect::<Vec<_>>().join("-");
        progress.current.starts_with(&format!("{digits}-"))
    });
    let open = stages.iter().find(|stage| !progress.is_green(&stage.id));
    same_place.or(open).unwrap_or(&stages[0]).id.clone()
}

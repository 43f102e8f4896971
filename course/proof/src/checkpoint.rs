//! Checkpoint N: the starter with the fences of chapters 1 to N put into it, and rustfmt run over
//! it. What is written is remembered by hash, so that edits are never overwritten unasked.

use crate::chapter::{Chapter, Fence, Role};
use crate::course::Course;
use crate::items::{self, RustFile};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Paths within the learner's repository, and what is in them.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Says of each file how it was when the checkpoint was written.
const LEDGER: &str = ".made";

/// A program on its way from chapter to chapter.
#[derive(Debug, Clone)]
pub struct Tree {
    files: BTreeMap<String, Content>,
}

#[derive(Debug, Clone)]
enum Content {
    Bytes(Vec<u8>),
    Rust(RustFile),
}

impl Tree {
    /// The program before the first chapter.
    pub fn begin(course: &Course) -> Result<Self> {
        let mut files = BTreeMap::new();
        let folder = course.beginning();
        if !folder.is_dir() {
            bail!("{}: there is no program to begin with", folder.display());
        }
        for (path, bytes) in read_folder(&folder)? {
            files.insert(path, Content::Bytes(bytes));
        }
        Ok(Tree { files })
    }

    /// The program after chapter number `place`.
    pub fn at(course: &Course, place: usize) -> Result<Self> {
        let mut tree = Tree::begin(course)?;
        (0..=place).try_for_each(|place| tree.add_stage(course, place))?;
        Ok(tree)
    }

    /// Puts the chapter at this place in.
    pub fn add_stage(&mut self, course: &Course, place: usize) -> Result<()> {
        self.add(&Chapter::read(&course.chapter(course.id(place)))?)
    }

    /// Puts a chapter's fences in, in their order.
    pub fn add(&mut self, chapter: &Chapter) -> Result<()> {
        for fence in &chapter.fences {
            self.add_fence(chapter, fence).with_context(|| chapter.place(fence))?;
        }
        Ok(())
    }

    fn add_fence(&mut self, chapter: &Chapter, fence: &Fence) -> Result<()> {
        let content = chapter.content(fence);
        match &fence.role {
            Role::Items(path) => {
                let items = items::parse(content)?;
                self.rust(path)?.put_in(items);
            }
            Role::Whole(path) => {
                self.files.insert(path.clone(), Content::Bytes(content.as_bytes().to_vec()));
            }
            Role::Remove(path) => {
                for line in content.lines().map(str::trim).filter(|line| !line.is_empty()) {
                    if !self.files.contains_key(path) {
                        bail!("there is no {path} to take `{line}` out of");
                    }
                    if line == "file" {
                        self.files.remove(path);
                    } else {
                        self.rust(path)?.take_out(line)?;
                    }
                }
            }
            Role::Session | Role::FromServer(_) | Role::ToRead => {}
        }
        Ok(())
    }

    /// The file as items; an empty one if there is none.
    fn rust(&mut self, path: &str) -> Result<&mut RustFile> {
        if !path.ends_with(".rs") {
            bail!("{path}: items can be put into .rs files only");
        }
        let content = self.files.entry(path.to_owned()).or_insert(Content::Bytes(Vec::new()));
        if let Content::Bytes(bytes) = content {
            let text = String::from_utf8_lossy(bytes);
            *content = Content::Rust(items::parse(&text).with_context(|| path.to_owned())?);
        }
        match content {
            Content::Rust(file) => Ok(file),
            Content::Bytes(_) => unreachable!("it was made items above"),
        }
    }

    /// All files, as rustfmt writes them.
    pub fn files(&self, course: &Course) -> Result<Files> {
        let mut files = Files::new();
        for (path, content) in &self.files {
            let bytes = match content {
                Content::Bytes(bytes) if path.ends_with(".rs") => {
                    format(course, path, &String::from_utf8_lossy(bytes))?
                }
                Content::Bytes(bytes) => bytes.clone(),
                Content::Rust(file) => format(course, path, &file.render())?,
            };
            files.insert(path.clone(), bytes);
        }
        Ok(files)
    }
}

/// The text as rustfmt writes it. Most files are the same from chapter to chapter, and 50 chapters
/// would start it a thousand times: what it said is remembered.
pub fn format(course: &Course, path: &str, text: &str) -> Result<Vec<u8>> {
    static SAID: Mutex<BTreeMap<String, Vec<u8>>> = Mutex::new(BTreeMap::new());
    let said = || SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = said().get(text) {
        return Ok(known.clone());
    }
    let formatted = rustfmt(course, path, text)?;
    said().insert(text.to_owned(), formatted.clone());
    Ok(formatted)
}

fn rustfmt(course: &Course, path: &str, text: &str) -> Result<Vec<u8>> {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--config-path"])
        .arg(course.root.join("rustfmt.toml"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("rustfmt is needed: rustup component add rustfmt")?;
    let mut stdin = rustfmt.stdin.take().context("rustfmt's stdin")?;
    stdin.write_all(text.as_bytes())?;
    drop(stdin);
    let output = rustfmt.wait_with_output()?;
    if !output.status.success() {
        bail!("rustfmt refuses {path}:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}

/// Every file of a folder, except what a build or git leaves there.
pub fn read_folder(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inside) = folders.pop() {
        let here = folder.join(&inside);
        let entries = fs::read_dir(&here);
        for entry in entries.with_context(|| format!("reading {}", here.display()))? {
            let entry = entry?;
            let path = inside.join(entry.file_name());
            let name = path.to_string_lossy().into_owned();
            if entry.file_type()?.is_dir() {
                if !["target", ".git", ".redstart"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if !["Cargo.lock", LEDGER].contains(&name.as_str()) {
                files.insert(name, fs::read(entry.path())?);
            }
        }
    }
    Ok(files)
}

/// Makes `folder` hold these files and no others; a file that is as it should be keeps its time,
/// so that cargo builds only what changed.
pub fn write_folder(folder: &Path, files: &Files) -> Result<()> {
    fs::create_dir_all(folder)?;
    for path in read_folder(folder)?.keys().filter(|path| !files.contains_key(*path)) {
        fs::remove_file(folder.join(path)).with_context(|| format!("removing {path}"))?;
    }
    for (path, bytes) in files {
        let file = folder.join(path);
        if fs::read(&file).is_ok_and(|known| known == *bytes) {
            continue;
        }
        fs::create_dir_all(file.parent().context("a file has a folder")?)?;
        fs::write(&file, bytes).with_context(|| format!("writing {}", file.display()))?;
        if path.ends_with(".sh") {
            make_executable(&file)?;
        }
    }
    Ok(())
}

fn make_executable(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(file, fs::Permissions::from_mode(0o755))?)
}

/// `make checkpoint`: writes it to `target/course/checkpoint/<id>/`.
/// Edits of it are kept: who made some is told.
pub fn make(course: &Course, place: usize) -> Result<PathBuf> {
    let folder = folder(course, place);
    if folder.is_dir() {
        let written = fs::read_to_string(folder.join(LEDGER)).unwrap_or_default();
        let found = read_folder(&folder)?;
        if written != hashes(&found) && found != Tree::at(course, place)?.files(course)? {
            bail!(
                "{} was edited since it was made: `make pull N={}` takes the edits into the \
                 chapter, FORCE=1 throws them away",
                folder.display(),
                course.id(place)
            );
        }
    }
    make_anew(course, place)
}

fn folder(course: &Course, place: usize) -> PathBuf {
    course.made().join("checkpoint").join(course.id(place))
}

/// The same, whatever is there.
pub fn make_anew(course: &Course, place: usize) -> Result<PathBuf> {
    let folder = folder(course, place);
    let files = Tree::at(course, place)?.files(course)?;
    write_folder(&folder, &files)?;
    // The server's versions: they are in cargo's cache when the server was built.
    fs::copy(course.root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    fs::write(folder.join(LEDGER), hashes(&files))?;
    Ok(folder)
}

fn hashes(files: &Files) -> String {
    files.iter().map(|(path, bytes)| format!("{:016x} {path}\n", hash(bytes))).collect()
}

/// A name for content; no more than that is needed here.
pub fn hash(content: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    hasher.finish()
}

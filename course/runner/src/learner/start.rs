//! `make start`: makes `me/`, a git repository of the learner's own, from the starter of a
//! language; or takes a repository that is there (FROM=dir, or a `me/` without progress). Nothing
//! that exists is written over: `me/` is made under another name and renamed when it is whole.

use super::home::{self, Home, PROGRAM, check_program};
use super::names::distance;
use super::progress::Progress;
use crate::cli::Request;
use crate::process;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What each language needs on this machine, and where it comes from.
const TOOLS: &[(&str, &[&str], &str)] = &[
    ("rust", &["cargo"], "https://rustup.rs"),
    ("python", &["python3"], "https://www.python.org"),
    ("go", &["go"], "https://go.dev/dl"),
    ("node", &["node"], "https://nodejs.org"),
    ("c", &["cc"], "gcc or clang, from your system's packages"),
    ("java", &["javac", "java"], "https://adoptium.net"),
];

/// Other names of languages that people type.
const ALIASES: &[(&str, &str)] = &[
    ("rs", "rust"),
    ("py", "python"),
    ("python3", "python"),
    ("golang", "go"),
    ("javascript", "node"),
    ("js", "node"),
    ("nodejs", "node"),
    ("typescript", "node"),
    ("ts", "node"),
];

/// The language where none is named.
const USUAL: &str = "rust";

/// Lets `make test` and the rest be typed in `me/`, too. Nothing else needs it: the file is the
/// learner's to change, and a graded run does not look at it.
const MAKEFILE: &str = "\
# `make test`, `make next` … also in this folder: the course, one folder up, does the work.
.DEFAULT_GOAL := status
%: always
\t@$(MAKE) --no-print-directory -C .. $@ $(if $(PROGRAM),PROGRAM='$(abspath $(PROGRAM))')
always: ;
Makefile: ;
";

/// Makes or takes `me/`, and says what to type.
pub fn start(request: &Request) -> Result<u8, String> {
    let root = request.repository()?;
    let me = Home::folder_in(&root);
    let first = home::course(&root)?.first().ok_or("the course has no stages")?.id.clone();
    if Progress::file(&me).exists() {
        let home = Home::open(request)?;
        let place = home.place(home.current());
        return Err(format!(
            "me/ is there already ({}; {place}). Go on with `make test`.\n\
             To begin anew, move it away first: mv me me.old",
            home.progress.language
        ));
    }
    let (language, how) = if let Some(from) = &request.from {
        let whole = adopt(from, &me)?;
        ("own".to_owned(), format!("me/ is a link to {}", whole.display()))
    } else if is_filled(&me) {
        check_program(&me.join(PROGRAM), "me")?;
        ("own".to_owned(), "me/ is taken as it is".to_owned())
    } else {
        let language = request.language.as_deref().unwrap_or(USUAL).to_lowercase();
        let known = ALIASES.iter().find(|(alias, _)| *alias == language);
        let language = known.map_or(language, |(_, name)| (*name).to_owned());
        let what = make(&root, &me, &language)?;
        (language, what)
    };
    if !Progress::file(&me).exists() {
        Progress::begin(&language, &first).write(&me)?;
    }
    let home = Home::open(request)?;
    println!("{how}: yours, for the whole course.");
    if request.language.is_none() && language == USUAL {
        let others = languages(&root).join("|");
        println!("(Another language: mv me me.old, then make start LANG={others})");
    }
    let stage = home.current();
    println!("You are at {}: {}\n", home.place(stage), home.script(stage)?.title);
    if let Some(brief) = home.page(stage, "brief.md") {
        println!("{}\n", brief.trim_end());
    }
    println!("  make test   plays the stage on me/{PROGRAM}: red at first, as it has to be");
    println!("  make read   the chapter: what to build, and why Redis does it so");
    println!("  make        what else can be typed");
    Ok(0)
}

/// The languages that have a starter.
pub fn languages(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root.join("course/starters")).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> =
        folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn is_filled(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

/// A link `me` to a repository that is there; gives its whole path.
fn adopt(from: &Path, me: &Path) -> Result<PathBuf, String> {
    let whole = from.canonicalize().map_err(|error| format!("FROM={}: {error}", from.display()))?;
    if is_filled(me) {
        return Err("me/ is there already; move it away first: mv me me.old".into());
    }
    check_program(&whole.join(PROGRAM), &from.display().to_string())?;
    // An empty folder may stand in the way; a full one was refused above.
    let _ = fs::remove_dir(me);
    std::os::unix::fs::symlink(&whole, me).map_err(|error| format!("me: {error}"))?;
    Ok(whole)
}

/// Makes `me/` from a starter.
fn make(root: &Path, me: &Path, language: &str) -> Result<String, String> {
    let known = languages(root);
    if !known.iter().any(|name| name == language) {
        let near = known.iter().find(|name| distance(name, language) <= 2);
        let near = near.map_or(String::new(), |name| format!(" Did you mean LANG={name}?"));
        return Err(format!(
            "There is no starter for {language}.{near}\nThere are: {}. For any other language: a \
             folder with a {PROGRAM}, and make start FROM=that-folder",
            known.join(", ")
        ));
    }
    let tools = TOOLS.iter().find(|(name, ..)| *name == language);
    for tool in tools.map_or(&[][..], |(_, tools, _)| tools) {
        if !process::is_installed(tool) {
            let place = tools.map_or("", |(_, _, place)| place);
            return Err(format!(
                "LANG={language} needs `{tool}`, which is not found on this machine: {place}\n\
                 Nothing was made. Install it, or take another language."
            ));
        }
    }
    let fresh = me.with_extension("new");
    let made = remove_if_there(&fresh)
        .and_then(|()| copy(&root.join("course/starters").join(language), &fresh))
        .and_then(|()| fs::write(fresh.join("Makefile"), MAKEFILE))
        // An empty folder may stand in the way.
        .and_then(|()| fs::remove_dir(me).or(Ok(())))
        .and_then(|()| fs::rename(&fresh, me));
    made.map_err(|error| format!("me/ could not be made: {error}"))?;
    if commit(me) {
        return Ok(format!("me/ is made, a git repository with a {language} program"));
    }
    Ok(format!("me/ is made, with a {language} program (without git: that is not installed here)"))
}

fn remove_if_there(folder: &Path) -> std::io::Result<()> {
    if folder.exists() { fs::remove_dir_all(folder) } else { Ok(()) }
}

/// Copies a folder with all that is in it; permissions come along.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The first commit, under the learner's name if git knows it. False without git.
fn commit(me: &Path) -> bool {
    let git = |arguments: &[&str]| {
        let run = Command::new("git")
            .arg("-C")
            .arg(me)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        run.is_ok_and(|status| status.success())
    };
    // CodeCrafters takes what is pushed to `master`.
    // Named here too, or git explains at length how to name it.
    let name = "init.defaultBranch=master";
    let begun =
        git(&["-c", name, "init", "-q"]) && git(&["symbolic-ref", "HEAD", "refs/heads/master"]);
    if !begun || !git(&["add", "-A"]) {
        return false;
    }
    let mut words = vec!["-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"];
    if !git(&["config", "user.email"]) {
        words.extend(["-c", "user.name=Redstart", "-c", "user.email=course@localhost"]);
    }
    words.extend(["commit", "-q", "-m", "The starter of the course"]);
    git(&words)
}

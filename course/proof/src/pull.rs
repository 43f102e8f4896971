//! `make pull`: edits made in a checkpoint go back into the chapter. An item that the chapter shows
//! is replaced where it stands. A new one comes after the item above it if the chapter shows that,
//! else to the end of the chapter's last fence for its file, else into a new fence at the end of
//! `## The code`. What was deleted is taken out of the chapter, and named in a `remove` fence if an
//! earlier chapter brought it. In the end the chapter must make the program that was edited, but
//! for the order of its items; else it stays as it was.

use crate::chapter::{Chapter, Fence, Role};
use crate::checkpoint::{self, Files, Tree};
use crate::course::Course;
use crate::items::{self, Import, Piece, RustFile};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

/// Takes the edits in; the files that changed.
pub fn pull(course: &Course, place: usize) -> Result<Vec<String>> {
    let id = course.id(place);
    let folder = course.made().join("checkpoint").join(id);
    if !folder.is_dir() {
        bail!("there is no checkpoint yet: make checkpoint N={id}");
    }
    let edited = formatted(course, checkpoint::read_folder(&folder)?)?;
    let path = course.chapter(id);
    let mut tree = match place {
        0 => Tree::begin(course)?,
        _ => Tree::at(course, place - 1)?,
    };
    let before = tree.files(course)?;
    let chapter = Chapter::read(&path)?;
    tree.add(&chapter)?;
    let made = tree.files(course)?;
    let paths: BTreeSet<&String> = edited.keys().chain(made.keys()).collect();
    let mut text = chapter.text;
    let mut changed = Vec::new();
    for file in paths {
        let versions = Versions {
            before: before.get(file).map(Vec::as_slice),
            made: made.get(file).map(Vec::as_slice),
            edited: edited.get(file).map(Vec::as_slice),
        };
        let pulled = pull_file(&path, &text, file, &versions).with_context(|| file.clone())?;
        if pulled != text {
            text = pulled;
            changed.push(file.clone());
        }
    }
    let mut again = match place {
        0 => Tree::begin(course)?,
        _ => Tree::at(course, place - 1)?,
    };
    again.add(&Chapter::parse(&path, text.clone())?)?;
    let result = again.files(course)?;
    let is_same = |file: &&String| same_file(file, edited.get(*file), result.get(*file));
    if let Some(file) = edited.keys().chain(result.keys()).find(|file| !is_same(file)) {
        bail!("{file}: this edit cannot be taken in; do it by hand, the chapter is as it was");
    }
    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    checkpoint::make_anew(course, place)?;
    Ok(changed)
}

fn formatted(course: &Course, files: Files) -> Result<Files> {
    let format = |(path, bytes): (String, Vec<u8>)| {
        let is_rust = path.ends_with(".rs");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let bytes = if is_rust { checkpoint::format(course, &path, &text)? } else { bytes };
        Ok((path, bytes))
    };
    files.into_iter().map(format).collect()
}

/// The same items, in whatever order; other files byte by byte.
fn same_file(path: &str, one: Option<&Vec<u8>>, two: Option<&Vec<u8>>) -> bool {
    let (Some(one), Some(two)) = (one, two) else { return one == two };
    let sorted = |bytes: &[u8]| {
        let file = items::parse(&String::from_utf8_lossy(bytes)).ok()?;
        let mut parts: Vec<String> = units(&file).into_iter().map(|unit| unit.text).collect();
        parts.extend(file.imports.iter().map(|import| format!("{import:?}")));
        parts.sort();
        Some((file.head, parts))
    };
    one == two || path.ends_with(".rs") && sorted(one) == sorted(two)
}

/// A file before the chapter, after it, and after it was edited.
struct Versions<'a> {
    before: Option<&'a [u8]>,
    made: Option<&'a [u8]>,
    edited: Option<&'a [u8]>,
}

/// The chapter's text with the edits of one file.
fn pull_file(path: &Path, text: &str, file: &str, versions: &Versions) -> Result<String> {
    let chapter = Chapter::parse(path, text.to_owned())?;
    let mut patch = Patch::new(&chapter);
    let own: Vec<&Fence> = chapter.fences.iter().filter(|fence| names(fence, file)).collect();
    let string = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let Some(edited) = versions.edited.map(string) else {
        own.iter().for_each(|fence| patch.drop_fence(fence));
        if versions.before.is_some() {
            patch.add_fence(&format!("text {file} remove"), "file\n");
        }
        return Ok(patch.done());
    };
    let made = versions.made.map(string).unwrap_or_default();
    let is_rust = file.ends_with(".rs");
    if made == edited && !is_rust {
        return Ok(patch.done());
    }
    let is_items = |fence: &&&Fence| matches!(fence.role, Role::Items(_));
    let is_whole = |fence: &&&Fence| matches!(fence.role, Role::Whole(_));
    let has_items = own.iter().any(|fence| is_items(&fence));
    if let (Some(fence), false) = (own.iter().rev().find(is_whole), has_items) {
        patch.replace(fence.range.clone(), &edited);
    } else if is_rust {
        let before = items::parse(&versions.before.map(string).unwrap_or_default())?;
        let (made, edited) = (items::parse(&made)?, items::parse(&edited)?);
        let fences = own.into_iter().filter(|fence| is_items(&fence));
        let parsed = |fence: &Fence| Ok(Shown::new(fence, items::parse(chapter.content(fence))?));
        let fences = fences.map(parsed).collect::<Result<Vec<_>>>()?;
        pull_items(&mut patch, file, &fences, &made, &edited, &before);
    } else {
        let language = file.rsplit('.').next().unwrap_or("text");
        patch.add_fence(&format!("{language} {file}"), &edited);
    }
    Ok(patch.done())
}

fn names(fence: &Fence, file: &str) -> bool {
    match &fence.role {
        Role::Items(path) | Role::Whole(path) | Role::Remove(path) => path == file,
        _ => false,
    }
}

/// An item, or a member of an `impl`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unit {
    /// The header of its `impl`.
    block: Option<String>,
    key: String,
    text: String,
    range: Range<usize>,
}

impl Unit {
    fn is(&self, other: &Unit) -> bool {
        self.block == other.block && self.key == other.key
    }

    /// As a `remove` fence names it.
    fn line(&self) -> String {
        let name = self.key.split_once(' ').map_or("", |(_, name)| name);
        let kinds = ["fn", "const", "static", "struct", "enum", "union", "trait", "type", "mod"];
        match &self.block {
            Some(block) => {
                let owner = block.split_once(" for ").or(block.split_once(' '));
                format!("{}::{name}", owner.map_or("", |(_, owner)| owner))
            }
            None if self.key.starts_with("macro ") => self.key.clone(),
            None => {
                let code = self.text.lines().filter(|line| !line.trim_start().starts_with("//"));
                let words = code.flat_map(str::split_whitespace);
                let kind = words.into_iter().find(|word| kinds.contains(word)).unwrap_or("fn");
                format!("{kind} {name}")
            }
        }
    }
}

/// All units of a file in their order.
fn units(file: &RustFile) -> Vec<Unit> {
    let mut units = Vec::new();
    for piece in file.modules.iter().chain(&file.items) {
        let unit = |block: Option<&Piece>, piece: &Piece| Unit {
            block: block.map(|block| block.key.clone()),
            key: piece.key.clone(),
            text: piece.text.clone(),
            range: piece.range.clone(),
        };
        match &piece.members {
            Some(members) => units.extend(members.iter().map(|member| unit(Some(piece), member))),
            None => units.push(unit(None, piece)),
        }
    }
    units
}

/// A fence that shows items.
struct Shown {
    range: Range<usize>,
    file: RustFile,
    /// Their ranges are those in the chapter.
    units: Vec<Unit>,
}

impl Shown {
    fn new(fence: &Fence, file: RustFile) -> Self {
        let mut units = units(&file);
        for unit in &mut units {
            unit.range = unit.range.start + fence.range.start..unit.range.end + fence.range.start;
        }
        Shown { range: fence.range.clone(), file, units }
    }
}

fn pull_items(
    patch: &mut Patch,
    path: &str,
    fences: &[Shown],
    made: &RustFile,
    edited: &RustFile,
    before: &RustFile,
) {
    let mut more = RustFile::default();
    let mut gone = Vec::new();
    if made.head != edited.head {
        match fences.iter().find(|fence| !fence.file.head.is_empty()) {
            Some(fence) => {
                let from = fence.range.start;
                patch.replace(from..from + fence.file.head.len(), &edited.head);
            }
            None => more.head.clone_from(&edited.head),
        }
    }
    pull_imports(patch, fences, [made, edited, before], &mut more, &mut gone);
    let (old, new) = (units(made), units(edited));
    let shown = |unit: &Unit| {
        fences.iter().flat_map(|fence| &fence.units).rev().find(|shown| shown.is(unit))
    };
    for unit in old.iter().filter(|unit| !new.iter().any(|other| other.is(unit))) {
        let all = fences.iter().flat_map(|fence| &fence.units).filter(|shown| shown.is(unit));
        all.for_each(|shown| patch.drop_lines(shown.range.clone()));
        if units(before).iter().any(|known| known.is(unit)) {
            gone.push(unit.line());
        }
    }
    for (index, unit) in new.iter().enumerate() {
        let known = old.iter().find(|other| other.is(unit));
        // What is shown may be as it was, and yet not as rustfmt writes it.
        let is_kept = known.is_some_and(|known| known.text == unit.text);
        if is_kept && shown(unit).is_none_or(|shown| shown.text == unit.text) {
            continue;
        }
        let above = index.checked_sub(1).map(|above| &new[above]);
        let above = above.filter(|above| above.block == unit.block).and_then(shown);
        match (shown(unit), above) {
            (Some(shown), _) => patch.replace(shown.range.clone(), &unit.text),
            (None, Some(above)) => {
                let indent = if unit.block.is_some() { "    " } else { "" };
                let at = above.range.end;
                patch.replace(at..at, &format!("\n\n{indent}{}", unit.text));
            }
            (None, None) => put_more(&mut more, edited, unit),
        }
    }
    let rest = more.render();
    if !rest.trim().is_empty() {
        match fences.last() {
            Some(fence) => patch.replace(fence.range.end..fence.range.end, &format!("\n{rest}")),
            None => patch.add_fence(&format!("rust {path}"), &rest),
        }
    }
    if !gone.is_empty() {
        patch.add_fence(&format!("rust {path} remove"), &(gone.join("\n") + "\n"));
    }
}

/// A unit that no fence shows a place for.
fn put_more(more: &mut RustFile, edited: &RustFile, unit: &Unit) {
    let piece = |key: &str| {
        edited.modules.iter().chain(&edited.items).find(|piece| piece.key == key).cloned()
    };
    let Some(block) = &unit.block else {
        more.items.extend(piece(&unit.key));
        return;
    };
    let Some(mut whole) = piece(block) else { return };
    let members = whole.members.take().unwrap_or_default();
    let member = members.into_iter().find(|member| member.key == unit.key);
    match more.items.iter_mut().find(|known| known.key == *block) {
        Some(known) => known.members.get_or_insert_default().extend(member),
        None => {
            whole.members = Some(member.into_iter().collect());
            more.items.push(whole);
        }
    }
}

fn pull_imports(
    patch: &mut Patch,
    fences: &[Shown],
    [made, edited, before]: [&RustFile; 3],
    more: &mut RustFile,
    gone: &mut Vec<String>,
) {
    let is_lost = |import: &Import| !edited.imports.contains(import);
    let new = edited.imports.iter().filter(|import| !made.imports.contains(import));
    let mut new: Vec<Import> = new.cloned().collect();
    for import in made.imports.iter().filter(|import| is_lost(import)) {
        let is_renewed = new.iter().any(|other| other.name() == import.name());
        if before.imports.contains(import) && !is_renewed {
            gone.push(format!("use {}", import.path()));
        }
    }
    let showing: Vec<&Shown> =
        fences.iter().filter(|fence| !fence.file.imports.is_empty()).collect();
    for (index, fence) in showing.iter().enumerate() {
        let mut imports = fence.file.imports.clone();
        imports.retain(|import| !is_lost(import) || !made.imports.contains(import));
        if index + 1 == showing.len() {
            imports.append(&mut new);
        }
        if imports != fence.file.imports {
            let lines = RustFile { imports, ..RustFile::default() };
            patch.replace_imports(fence.range.clone(), lines.render().trim_end());
        }
    }
    more.imports.append(&mut new);
}

/// Changes to a chapter's text, made at once in the end.
struct Patch<'a> {
    chapter: &'a Chapter,
    changes: Vec<(Range<usize>, String)>,
}

impl<'a> Patch<'a> {
    fn new(chapter: &'a Chapter) -> Self {
        Patch { chapter, changes: Vec::new() }
    }

    fn replace(&mut self, range: Range<usize>, text: &str) {
        self.changes.push((range, text.to_owned()));
    }

    /// Takes a text out with its indentation and the blank line below it.
    fn drop_lines(&mut self, range: Range<usize>) {
        let text = &self.chapter.text;
        let from = text[..range.start].trim_end_matches(' ').len();
        let rest = &text[range.end..];
        let empty = rest.len() - rest.trim_start_matches('\n').len();
        self.changes.push((from..range.end + empty.min(2), String::new()));
    }

    fn drop_fence(&mut self, fence: &Fence) {
        let text = &self.chapter.text;
        let from = text[..fence.range.start - 1].rfind('\n').map_or(0, |at| at + 1);
        let end =
            text[fence.range.end..].find('\n').map_or(text.len(), |at| fence.range.end + at + 1);
        self.changes.push((from..end, String::new()));
    }

    /// From the first `use` of the fence to the end of its last.
    fn replace_imports(&mut self, fence: Range<usize>, lines: &str) {
        let text = &self.chapter.text[fence.clone()];
        let is_use = |line: &str| line.starts_with("use ") || line.starts_with("pub use ");
        let (mut at, mut from, mut end, mut open) = (0, None, 0, false);
        for line in text.split_inclusive('\n') {
            open |= is_use(line);
            if open {
                from.get_or_insert(at);
                end = at + line.trim_end().len();
                open = !line.trim_end().ends_with(';');
            }
            at += line.len();
        }
        if let Some(from) = from {
            self.replace(fence.start + from..fence.start + end, lines);
        }
    }

    /// At the end of `## The code`.
    fn add_fence(&mut self, info: &str, content: &str) {
        let text = &self.chapter.text;
        let after = self.chapter.sections.iter().skip_while(|(_, name)| name != "The code").nth(1);
        let at = match after {
            Some((line, _)) => text.split_inclusive('\n').take(line - 1).map(str::len).sum(),
            None => text.len(),
        };
        self.replace(at..at, &format!("```{info}\n{content}```\n\n"));
    }

    fn done(mut self) -> String {
        let mut text = self.chapter.text.clone();
        // From the back, so that places before a change stay where they are.
        self.changes.reverse();
        self.changes.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
        for (range, new) in self.changes {
            text.replace_range(range, &new);
        }
        text
    }
}

#[cfg(test)]
#[path = "pull_tests.rs"]
mod tests;

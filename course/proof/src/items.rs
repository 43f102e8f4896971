//! A Rust file as a list of items, each with its text as it was written: comments, blank lines and
//! all. Only the places where items begin and end come from the parser; nothing is printed anew.
//!   head     `//!` lines and `#![…]`
//!   modules  `mod x;`
//!   imports  every name that a `use` brings in
//!   items    all the rest, in order; an `impl` with its members
//! What stands between two items belongs to the one below it.

use anyhow::{Context, Result, bail};
use std::ops::Range;
use syn::spanned::Spanned;

/// A file, or a fence of a chapter.
#[derive(Debug, Clone, Default)]
pub struct RustFile {
    pub head: String,
    pub modules: Vec<Piece>,
    pub imports: Vec<Import>,
    pub items: Vec<Piece>,
}

/// One item, or one member of an `impl`.
#[derive(Debug, Clone)]
pub struct Piece {
    /// `type Store`, `value handle`, `impl Store`, `mod tests`, `macro reply`.
    pub key: String,
    /// A blank line stood above it.
    pub gap: bool,
    /// From its comments to its end; for an `impl` up to the opening brace.
    pub text: String,
    /// Where `text` stood in the file it was read from.
    pub range: Range<usize>,
    pub members: Option<Vec<Piece>>,
}

/// One name that a `use` brings in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Attributes and visibility: `pub `.
    pub prefix: String,
    /// `std::collections`
    pub parent: String,
    /// `HashMap`, `self`, `*`, `Write as _`
    pub leaf: String,
}

impl Import {
    /// The name by which the file knows it.
    pub fn name(&self) -> String {
        if self.leaf == "*" || self.leaf.ends_with(" as _") {
            return format!("{}::{}", self.parent, self.leaf);
        }
        let renamed = self.leaf.split_once(" as ").map(|(_, name)| name);
        let own = if self.leaf == "self" {
            self.parent.rsplit("::").next().unwrap_or_default()
        } else {
            &self.leaf
        };
        renamed.unwrap_or(own).to_owned()
    }

    /// `std::collections::HashMap`
    pub fn path(&self) -> String {
        match (self.parent.as_str(), self.leaf.as_str()) {
            (parent, "self") => parent.to_owned(),
            ("", leaf) => leaf.to_owned(),
            (parent, leaf) => format!("{parent}::{leaf}"),
        }
    }
}

/// Splits the text of a file.
pub fn parse(source: &str) -> Result<RustFile> {
    let tree = syn::parse_file(source).map_err(|error| {
        let start = error.span().start();
        anyhow::anyhow!("line {}: {error}", start.line)
    })?;
    let mut file = RustFile::default();
    let body = tree.attrs.last().map_or(0, |attribute| attribute.span().byte_range().end);
    file.head = source[..body].trim().to_owned();
    let ranges: Vec<_> = tree.items.iter().map(|item| item.span().byte_range()).collect();
    for (item, (range, gap)) in tree.items.iter().zip(whole_ranges(source, body, &ranges)) {
        let text = source[range.clone()].trim_end().to_owned();
        let mut piece = Piece { key: String::new(), gap, text, range, members: None };
        match item {
            syn::Item::Use(import) => {
                file.imports.extend(imports(source, import, &piece.text)?);
                continue;
            }
            syn::Item::Impl(block) => open_impl(source, block, &mut piece)?,
            _ => piece.key = key_of(item).context("an item of a kind that is not known here")?,
        }
        let declares = matches!(item, syn::Item::Mod(module) if module.content.is_none());
        if declares {
            // Another may come above it, and they stand close together.
            piece.gap &= !file.modules.is_empty();
            file.modules.push(piece);
        } else {
            file.items.push(piece);
        }
    }
    Ok(file)
}

/// Extends items to the comments above them and to a comment behind them on their last line; says
/// of each whether a blank line stood before all that.
fn whole_ranges(source: &str, from: usize, items: &[Range<usize>]) -> Vec<(Range<usize>, bool)> {
    let mut whole = Vec::new();
    let mut end = from;
    for (index, item) in items.iter().enumerate() {
        let between = &source[end..item.start];
        let comment = between.len() - between.trim_start().len();
        let gap = between[..comment].matches('\n').count() > 1 || index == 0;
        let next = items.get(index + 1).map_or(source.len(), |next| next.start);
        let rest = source[item.end..next].split('\n').next().unwrap_or_default();
        let start = end + comment;
        end = item.end;
        // A brace may close the block on this line; only a comment belongs to the item.
        if rest.trim_start().starts_with("//") {
            end += rest.trim_end().len();
        }
        whole.push((start..end, gap));
    }
    if let Some((last, _)) = whole.last_mut() {
        let tail = source[last.end..].trim_end();
        if tail.trim_start().starts_with("//") {
            last.end += tail.len();
        }
    }
    whole
}

fn open_impl(source: &str, block: &syn::ItemImpl, piece: &mut Piece) -> Result<()> {
    let open = block.brace_token.span.open().byte_range();
    let close = block.brace_token.span.close().byte_range();
    let begin = block.impl_token.span.byte_range().start;
    let words: Vec<&str> = source[begin..open.start].split_whitespace().collect();
    piece.key = words.join(" ");
    piece.text = source[piece.range.start..open.end].to_owned();
    let inside = &source[..close.start];
    let ranges: Vec<_> = block.items.iter().map(|item| item.span().byte_range()).collect();
    let mut members = Vec::new();
    for (item, (range, gap)) in block.items.iter().zip(whole_ranges(inside, open.end, &ranges)) {
        let key = match item {
            syn::ImplItem::Fn(function) => format!("value {}", function.sig.ident),
            syn::ImplItem::Const(constant) => format!("value {}", constant.ident),
            syn::ImplItem::Type(name) => format!("type {}", name.ident),
            _ => bail!("{}: a member of a kind that is not known here", piece.key),
        };
        let text = source[range.clone()].trim_end().to_owned();
        members.push(Piece { key, gap, text, range, members: None });
    }
    piece.members = Some(members);
    Ok(())
}

/// What the item is found by.
fn key_of(item: &syn::Item) -> Option<String> {
    Some(match item {
        syn::Item::Fn(item) => format!("value {}", item.sig.ident),
        syn::Item::Const(item) => format!("value {}", item.ident),
        syn::Item::Static(item) => format!("value {}", item.ident),
        syn::Item::Struct(item) => format!("type {}", item.ident),
        syn::Item::Enum(item) => format!("type {}", item.ident),
        syn::Item::Union(item) => format!("type {}", item.ident),
        syn::Item::Trait(item) => format!("type {}", item.ident),
        syn::Item::Type(item) => format!("type {}", item.ident),
        syn::Item::Mod(item) => format!("mod {}", item.ident),
        syn::Item::Macro(item) => match &item.ident {
            Some(name) => format!("macro {name}"),
            None => format!("macro {}", item.mac.path.segments.last()?.ident),
        },
        _ => return None,
    })
}

fn imports(source: &str, import: &syn::ItemUse, text: &str) -> Result<Vec<Import>> {
    let range = import.span().byte_range();
    if !text.starts_with(&source[range.start..range.start + 1]) {
        bail!("a comment above a `use` would be lost: {}", text.lines().next().unwrap_or_default());
    }
    let prefix = source[range.start..import.use_token.span.byte_range().start].to_owned();
    let mut found = Vec::new();
    let mut parent: Vec<String> = Vec::new();
    if import.leading_colon.is_some() {
        parent.push(String::new());
    }
    leaves(&import.tree, &mut parent, &prefix, &mut found);
    Ok(found)
}

fn leaves(tree: &syn::UseTree, parent: &mut Vec<String>, prefix: &str, found: &mut Vec<Import>) {
    let leaf = match tree {
        syn::UseTree::Path(path) => {
            parent.push(path.ident.to_string());
            leaves(&path.tree, parent, prefix, found);
            parent.pop();
            return;
        }
        syn::UseTree::Group(group) => {
            group.items.iter().for_each(|tree| leaves(tree, parent, prefix, found));
            return;
        }
        syn::UseTree::Name(name) => name.ident.to_string(),
        syn::UseTree::Rename(rename) => format!("{} as {}", rename.ident, rename.rename),
        syn::UseTree::Glob(_) => "*".to_owned(),
    };
    found.push(Import { prefix: prefix.to_owned(), parent: parent.join("::"), leaf });
}

impl RustFile {
    /// The file's text, before rustfmt.
    pub fn render(&self) -> String {
        let mut blocks = vec![self.head.clone(), render_pieces(&self.modules)];
        blocks.push(self.render_imports());
        blocks.push(render_pieces(&self.items));
        blocks.retain(|block| !block.is_empty());
        blocks.join("\n\n") + "\n"
    }

    /// One `use` for each module that names are taken from.
    fn render_imports(&self) -> String {
        let mut groups: Vec<(&str, String, Vec<String>)> = Vec::new();
        for import in &self.imports {
            // `use std::io` beside `use std::io::Read` is `use std::io::{self, Read}`.
            let module = import.path();
            let is_module =
                |other: &Import| other.parent == module && other.prefix == import.prefix;
            let as_self = import.leaf != "*" && self.imports.iter().any(is_module);
            let (parent, leaf) = if as_self {
                (module, "self".to_owned())
            } else {
                (import.parent.clone(), import.leaf.clone())
            };
            match groups
                .iter_mut()
                .find(|(prefix, known, _)| *prefix == import.prefix && *known == parent)
            {
                Some((_, _, names)) => names.push(leaf),
                None => groups.push((&import.prefix, parent, vec![leaf])),
            }
        }
        for (_, _, names) in &mut groups {
            names.sort_by_key(|name| (name != "self", name.clone()));
        }
        let line = |(prefix, parent, names): &(&str, String, Vec<String>)| match (
            &names[..],
            parent.as_str(),
        ) {
            ([name], "") => format!("{prefix}use {name};"),
            ([only], parent) if only == "self" => format!("{prefix}use {parent};"),
            ([name], parent) => format!("{prefix}use {parent}::{name};"),
            (names, "") => format!("{prefix}use {{{}}};", names.join(", ")),
            (names, parent) => format!("{prefix}use {parent}::{{{}}};", names.join(", ")),
        };
        groups.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

fn render_pieces(pieces: &[Piece]) -> String {
    let mut text = String::new();
    for piece in pieces {
        if !text.is_empty() {
            text.push_str(if piece.gap { "\n\n" } else { "\n" });
        }
        text.push_str(&piece.text);
        if let Some(members) = &piece.members {
            let inside = render_pieces(members);
            if !inside.is_empty() {
                text.push_str(&format!("\n{inside}\n"));
            }
            text.push('}');
        }
    }
    text
}

/// Names of the pieces of `written` that stand otherwise in `formatted`.
pub fn differing(written: &RustFile, formatted: &RustFile) -> Vec<String> {
    let mut names = Vec::new();
    let known =
        |piece: &Piece| formatted.items.iter().find(|known| known.key == piece.key).cloned();
    for piece in &written.items {
        let Some(other) = known(piece) else { continue };
        match (&piece.members, &other.members) {
            (Some(members), Some(others)) => {
                for member in members {
                    let same = |other: &&Piece| other.key == member.key;
                    let other = others.iter().find(same);
                    if other.is_some_and(|other| other.text != member.text) {
                        names.push(format!("{}, {}", piece.key, member.key));
                    }
                }
            }
            _ if piece.text != other.text => names.push(piece.key.clone()),
            _ => {}
        }
    }
    names
}

#[cfg(test)]
#[path = "items_tests.rs"]
mod tests;

//! Puts the items of a fence into a file. An item replaces the one of its name; the members of an
//! `impl` are put in one by one; a new item comes after the one that stands before it in the
//! fence, else before the one that follows it there, else at the end.

use crate::items::{Import, Piece, RustFile};
use anyhow::{Result, bail};

impl RustFile {
    /// Puts all of `fence` in.
    pub fn put_in(&mut self, fence: RustFile) {
        if !fence.head.is_empty() {
            self.head = fence.head;
        }
        put_pieces(&mut self.modules, fence.modules);
        for import in fence.imports {
            self.put_import(import);
        }
        put_pieces(&mut self.items, fence.items);
    }

    fn put_import(&mut self, import: Import) {
        self.imports.retain(|known| known.name() != import.name());
        self.imports.push(import);
    }

    /// Takes out what one line of a `remove` fence names: `fn handle`, `use std::io::Read`,
    /// `Store::get`, `impl Drop for Store`.
    pub fn take_out(&mut self, line: &str) -> Result<()> {
        let (kind, name) = line.split_once(' ').unwrap_or(("", line));
        let found = match kind {
            "use" => {
                let before = self.imports.len();
                self.imports.retain(|import| import.path() != name);
                self.imports.len() < before
            }
            "mod" => take(&mut self.modules, line) | take(&mut self.items, line),
            "fn" | "const" | "static" => take(&mut self.items, &format!("value {name}")),
            "struct" | "enum" | "union" | "trait" | "type" => {
                take(&mut self.items, &format!("type {name}"))
            }
            "macro" => take(&mut self.items, line),
            _ if kind.starts_with("impl") => take(&mut self.items, line),
            "" => match name.rsplit_once("::") {
                Some((owner, member)) => self.take_member(owner, member),
                None => bail!("`{line}`: say what it is: `fn {line}`, `use …`, `Type::{line}`"),
            },
            _ => bail!("`{line}` is not understood: `fn name`, `use path`, `Type::member`"),
        };
        if found { Ok(()) } else { bail!("there is no `{line}` to remove") }
    }

    fn take_member(&mut self, owner: &str, member: &str) -> bool {
        let mut found = false;
        for item in &mut self.items {
            let of_owner = owner_of(&item.key) == owner;
            if let (true, Some(members)) = (of_owner, &mut item.members) {
                found |= take(members, &format!("value {member}"))
                    | take(members, &format!("type {member}"));
            }
        }
        self.items.retain(|item| {
            let is_empty = item.members.as_ref().is_some_and(Vec::is_empty);
            !(found && is_empty && owner_of(&item.key) == owner)
        });
        found
    }
}

/// The type that an `impl` is for, without its parameters.
fn owner_of(key: &str) -> &str {
    let name = match key.split_once(" for ") {
        Some((_, name)) => name,
        None => key.split_once(' ').map_or("", |(_, name)| name),
    };
    name.split('<').next().unwrap_or(name).trim()
}

fn take(pieces: &mut Vec<Piece>, key: &str) -> bool {
    let before = pieces.len();
    pieces.retain(|piece| piece.key != key);
    pieces.len() < before
}

fn put_pieces(pieces: &mut Vec<Piece>, fence: Vec<Piece>) {
    let keys: Vec<String> = fence.iter().map(|piece| piece.key.clone()).collect();
    for (index, mut piece) in fence.into_iter().enumerate() {
        if let Some(known) = place_of(pieces, &piece) {
            // Its distance to the item above is the file's, not the fence's.
            piece.gap = pieces[known].gap;
            match piece.members.take() {
                Some(members) => put_members(pieces, known, &piece, members),
                None => pieces[known] = piece,
            }
            continue;
        }
        let at = |key: &String| pieces.iter().position(|known| known.key == *key);
        let above = keys[..index].iter().rev().find_map(at);
        let below = keys[index + 1..].iter().find_map(at);
        let place = above.map(|above| above + 1).or(below).unwrap_or(pieces.len());
        if above.is_none() && below.is_some() {
            piece.gap = true;
        }
        pieces.insert(place, piece);
    }
}

/// Where the piece that it replaces stands; of several `impl` of one type the one that has its
/// members.
fn place_of(pieces: &[Piece], new: &Piece) -> Option<usize> {
    let has_member = |known: &Piece| {
        let (Some(known), Some(new)) = (&known.members, &new.members) else { return true };
        new.iter().any(|new| known.iter().any(|known| known.key == new.key))
    };
    let same = |known: &&Piece| known.key == new.key;
    let with_member = pieces.iter().position(|known| same(&known) && has_member(known));
    with_member.or_else(|| pieces.iter().position(|known| same(&known)))
}

fn put_members(pieces: &mut [Piece], at: usize, block: &Piece, members: Vec<Piece>) {
    let has_comment = !block.text.starts_with("impl") && !block.text.starts_with("unsafe");
    if has_comment {
        pieces[at].text.clone_from(&block.text);
    }
    let mut new = Vec::new();
    for member in members {
        // It may stand in another block of the same type.
        let other = pieces.iter_mut().enumerate().find_map(|(index, piece)| {
            let is_same = index != at && piece.key == block.key;
            let known = piece.members.as_mut().filter(|_| is_same)?;
            known.iter_mut().find(|known| known.key == member.key)
        });
        match other {
            Some(known) => *known = member,
            None => new.push(member),
        }
    }
    put_pieces(pieces[at].members.get_or_insert_default(), new);
}

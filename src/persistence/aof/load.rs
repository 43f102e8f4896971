//! Loading: the files of a log, in order, call by call.
//!
//! The last file may end in the middle of a call or of a transaction: the process or the machine
//! died while it was written. What is not whole is cut off, where `aof-load-truncated` allows it.
//! Everything else that is wrong ends the loading: nobody wants to lose the rest of a file to one
//! damaged byte unasked.
//!
//! A damaged length can look like a missing end, too. So the end is taken for missing only where no
//! whole call follows in what would be cut.

use super::folder::Folder;
use super::manifest::{Manifest, Part};
use super::read::{Item, ReadError, Reader};
use crate::config::Persistence;
use crate::persistence::rdb::kinds::{MAGIC, MAGIC_OF_VALKEY};
use crate::protocol::{OwnedWords, Words};
use anyhow::{Context, Result, bail};
use std::fs::OpenOptions;
use std::path::Path;
use std::time::Instant;

/// A whole call that follows damage is looked for in so many bytes.
const SEARCHED_BYTES: usize = 1024 * 1024;

/// Runs the calls of a log.
pub trait Replay {
    /// Runs a call.
    ///
    /// # Errors
    /// When it is no command.
    fn call(&mut self, words: Words<'_>) -> Result<()>;

    /// A file begins: calls are in database 0 again.
    fn begin_file(&mut self);

    /// Loads the snapshot that the file begins with; gives back how many bytes it has.
    ///
    /// # Errors
    /// When it is damaged.
    fn snapshot(&mut self, place: &Path) -> Result<u64>;
}

/// Loads all files of a log.
///
/// # Errors
/// A sentence that names the file, the place and what can be done.
pub fn load(
    folder: &Folder,
    manifest: &Manifest,
    options: &Persistence,
    replay: &mut dyn Replay,
) -> Result<()> {
    for part in manifest.parts() {
        let length = folder.length(part);
        let length =
            length.with_context(|| format!("The append log file {} cannot be read", part.name))?;
        // No snapshot is empty: one that is has lost its bytes.
        if length == 0 && part.name.ends_with(".base.rdb") {
            bail!("The append only file {} is no snapshot: it ends at offset 0", part.name);
        }
    }
    // An empty file behind it does not keep the last one from being cut: the log turned to the next
    // file when the server died.
    let is_filled = |part: &&Part| folder.length(part).is_ok_and(|length| length > 0);
    let last = manifest.parts().filter(is_filled).last();
    for part in manifest.parts() {
        let began = Instant::now();
        let place = folder.place(&part.name);
        let is_base = manifest.base.as_ref() == Some(part);
        let mut loading = Loading {
            part,
            place: &place,
            is_last: last == Some(part),
            options,
            replay,
            queue: None,
            words: OwnedWords::default(),
        };
        loading.run()?;
        let kind = if is_base { "base" } else { "incr" };
        let took = began.elapsed().as_secs_f64();
        tracing::info!("DB loaded from {kind} file {}: {took:.3} seconds", part.name);
    }
    Ok(())
}

/// A file being loaded.
struct Loading<'a> {
    part: &'a Part,
    place: &'a Path,
    is_last: bool,
    options: &'a Persistence,
    replay: &'a mut dyn Replay,
    /// The calls of a transaction under way, and where it began.
    queue: Option<(u64, Vec<OwnedWords>)>,
    words: OwnedWords,
}

impl Loading<'_> {
    fn run(&mut self) -> Result<()> {
        let name = &self.part.name;
        let told = || format!("Unrecoverable error reading the append only file {name}");
        let mut reader = Reader::open(self.place, 0).with_context(told)?;
        let magics: [&[u8]; 2] = [MAGIC, MAGIC_OF_VALKEY];
        self.replay.begin_file();
        for magic in magics {
            if reader.begins_with(magic).with_context(told)? {
                let end = self.replay.snapshot(self.place).with_context(told)?;
                reader = Reader::open(self.place, end).with_context(told)?;
                break;
            }
        }
        loop {
            let offset = reader.offset();
            match reader.next(&mut self.words) {
                Ok(Item::Call) => self.take(offset)?,
                Ok(Item::End) => {
                    let Some((began, _)) = self.queue.take() else { return Ok(()) };
                    tracing::warn!("Revert incomplete MULTI/EXEC transaction in AOF file {name}");
                    return self.cut(began, reader.length());
                }
                Err(ReadError::Io(error)) => return Err(error).with_context(told),
                Err(ReadError::Truncated) if self.is_followed(offset)? => {
                    return self.refuse(offset, reader.length(), "a length is damaged");
                }
                Err(ReadError::Truncated) => {
                    let began = self.queue.take().map_or(offset, |(began, _)| began);
                    return self.cut(began, reader.length());
                }
                Err(ReadError::Malformed(expected)) => {
                    let began = self.queue.take().map_or(offset, |(began, _)| began);
                    return self.refuse(began, reader.length(), expected);
                }
            }
        }
    }

    /// Runs the call that was read, or keeps it until its transaction is whole.
    fn take(&mut self, offset: u64) -> Result<()> {
        let words = self.words.view();
        let name = words.get(0);
        if name.eq_ignore_ascii_case(b"MULTI") {
            self.queue.get_or_insert_with(|| (offset, Vec::new()));
        } else if name.eq_ignore_ascii_case(b"EXEC") {
            let queued = self.queue.take().map(|(_, calls)| calls).unwrap_or_default();
            queued.iter().try_for_each(|call| self.call(call.view(), offset))?;
        } else if let Some((_, queue)) = &mut self.queue {
            queue.push(self.words.clone());
        } else {
            let words = std::mem::take(&mut self.words);
            self.call(words.view(), offset)?;
            self.words = words;
        }
        Ok(())
    }

    fn call(&mut self, words: Words<'_>, offset: u64) -> Result<()> {
        let name = &self.part.name;
        self.replay.call(words).with_context(|| {
            let command = String::from_utf8_lossy(words.get(0)).into_owned();
            format!(
                "Unknown command '{command}' reading the append only file {name} at offset {offset}"
            )
        })
    }

    /// The end of the file is missing from `offset` on: goes on without it, where that is allowed.
    fn cut(&self, offset: u64, length: u64) -> Result<()> {
        let name = &self.part.name;
        if !self.options.aof_load_truncated {
            bail!(
                "Unexpected end of file reading the append only file {name} at offset {offset}. \
                 You can: 1) Make a backup of your AOF file, then use redstart check-aof --fix \
                 <filename.manifest>. 2) Alternatively you can set the 'aof-load-truncated' \
                 configuration option to yes and restart the server."
            );
        }
        if !self.is_last {
            bail!(
                "the append only file {name} ends inside a call at offset {offset}. Fatal error: \
                 the truncated file is not the last file"
            );
        }
        tracing::warn!("!!! Warning: short read while loading the AOF file {name}!!!");
        self.truncate(offset, length)?;
        tracing::warn!("AOF {name} loaded anyway because aof-load-truncated is enabled");
        Ok(())
    }

    fn truncate(&self, offset: u64, length: u64) -> Result<()> {
        let name = &self.part.name;
        let lost = length - offset;
        tracing::warn!("!!! Truncating the AOF {name} at offset {offset} ({lost} bytes) !!!");
        let file = OpenOptions::new().write(true).open(self.place);
        let cut = file.and_then(|file| file.set_len(offset).and_then(|()| file.sync_all()));
        cut.with_context(|| format!("Error truncating the AOF file {name}"))
    }

    /// The file is damaged from `offset` on: ends the loading, unless so much damage at the end is
    /// tolerated.
    fn refuse(&self, offset: u64, length: u64, expected: &str) -> Result<()> {
        let name = &self.part.name;
        let most = self.options.aof_load_corrupt_tail_max_size;
        if self.is_last && length - offset <= most {
            tracing::warn!("!!! Warning: the end of the AOF file {name} is damaged: {expected}");
            return self.truncate(offset, length);
        }
        bail!(
            "Bad file format reading the append only file {name} at offset {offset} ({expected}): \
             make a backup of your AOF file, then use redstart check-aof --fix <filename.manifest>"
        )
    }

    /// Whether a whole call follows the one at `offset`, which seems to have no end.
    fn is_followed(&mut self, offset: u64) -> Result<bool> {
        let bytes = {
            use std::io::{Read, Seek, SeekFrom};
            let mut file = std::fs::File::open(self.place)?;
            file.seek(SeekFrom::Start(offset))?;
            let mut bytes = Vec::new();
            file.take(SEARCHED_BYTES as u64).read_to_end(&mut bytes)?;
            bytes
        };
        for at in memchr::memmem::find_iter(&bytes, b"\r\n*") {
            let mut reader = Reader::open(self.place, offset + at as u64 + 2)?;
            if matches!(reader.next(&mut self.words), Ok(Item::Call)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

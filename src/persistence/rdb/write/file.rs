//! A snapshot on its way into a file.
//!
//! ```text
//! step of the snapshot ─ small: copied, under its shard's lock ─┐
//!                      └ large: written at once, no lock held   ├─► encoder ─► buffer ─► file
//! flush: what was copied is encoded, now that nothing is locked ┘
//! ```
//! The head is written last: the version in it is that of the newest thing in the file. So there
//! are two checksums, of the head and of the rest, which make one in the end.

use super::encoder::{Encoder, Sink, Style};
use super::values::{Record, Usage};
use crate::persistence::rdb::crc::Checksum;
use crate::persistence::rdb::kinds::{FIRST_WITH_FUNCTIONS, MAGIC, opcode};
use crate::store::{DbSize, PackedKind, Saved, Value, Visitor, access};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;

/// The magic word and four digits.
const HEAD_BYTES: usize = 9;
/// So much is collected before it is written.
const BUFFER_BYTES: usize = 256 * 1024;
/// After so much a file that is synced bit by bit is synced.
const SYNC_BYTES: u64 = 32 * 1024 * 1024;

/// What is told of the keys' use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// Nothing.
    Nothing,
    /// For how long they were not used.
    Idleness,
    /// How often they were used.
    Frequency,
}

/// How a file is written.
#[derive(Debug, Clone)]
pub struct FileStyle {
    /// How values are.
    pub values: Style,
    /// Whether it ends with a checksum.
    pub has_checksum: bool,
    /// Whether it is synced bit by bit.
    pub syncs_meanwhile: bool,
    /// What is told of the keys' use.
    pub tells: Tells,
    /// The time, in milliseconds since 1970.
    pub now_ms: u64,
}

/// A file under way.
pub struct SnapshotFile {
    encoder: Encoder<FileSink>,
    style: FileStyle,
    sizes: Vec<DbSize>,
    /// The database of the record written last.
    db: Option<usize>,
    copies: Copies,
    /// Keys written or copied so far.
    keys: u64,
}

impl SnapshotFile {
    /// Begins a file with what it tells about itself.
    pub fn begin(file: File, style: FileStyle, about: &[(&str, String)]) -> Self {
        let sink = FileSink {
            file,
            // The place of the head.
            buffer: vec![0; HEAD_BYTES],
            checksum: None,
            unsynced: 0,
            syncs_meanwhile: style.syncs_meanwhile,
            failure: None,
        };
        let encoder = Encoder::new(sink, style.values);
        let (sizes, copies) = (Vec::new(), Copies::default());
        let mut this = SnapshotFile { encoder, style, sizes, db: None, copies, keys: 0 };
        for (name, text) in about {
            this.encoder.byte(opcode::AUX);
            this.encoder.string(name.as_bytes());
            this.encoder.string(text.as_bytes());
        }
        this
    }

    /// Writes a library of functions.
    pub fn function(&mut self, code: &[u8]) {
        self.encoder.version = self.encoder.version.max(FIRST_WITH_FUNCTIONS);
        self.encoder.byte(opcode::FUNCTION);
        self.encoder.string(code);
    }

    /// Notes how many keys there will be.
    pub fn expect(&mut self, sizes: &[DbSize]) {
        self.sizes = sizes.to_vec();
    }

    /// How many keys it has by now.
    pub fn keys(&self) -> u64 {
        self.keys
    }

    /// Writes out what has come. Not to be called while a shard is locked.
    ///
    /// # Errors
    /// What went wrong, now or before.
    pub fn flush(&mut self) -> io::Result<()> {
        let mut copies = std::mem::take(&mut self.copies);
        for copy in &copies.records {
            let bytes = &copies.bytes[copy.value.clone()];
            let value = match copy.kind {
                Copied::Int(number) => Value::Int(number),
                Copied::Bytes => Value::Bytes(bytes),
                Copied::Packed(kind) => Value::Packed(kind, bytes),
            };
            let key = &copies.bytes[copy.key.clone()];
            self.write(&Saved {
                db: copy.db,
                key,
                value,
                deadline: copy.deadline,
                access: copy.access,
            });
        }
        copies.clear();
        self.copies = copies;
        self.encoder.sink.rest();
        self.encoder.sink.failure.take().map_or(Ok(()), Err)
    }

    /// Ends the file and brings it to the disk; tells how many bytes it has.
    ///
    /// # Errors
    /// What went wrong, now or before.
    pub fn end(mut self) -> io::Result<u64> {
        self.flush()?;
        self.encoder.byte(opcode::EOF);
        let head = format!("{}{:04}", MAGIC.escape_ascii(), self.encoder.version());
        let sink = &mut self.encoder.sink;
        sink.write_out();
        let mut checksum = 0;
        if self.style.has_checksum {
            let mut sum = Checksum::default();
            sum.update(head.as_bytes());
            sum.append(&sink.checksum.take().unwrap_or_default());
            checksum = sum.value();
        }
        sink.failure.take().map_or(Ok(()), Err)?;
        let file = &mut sink.file;
        file.write_all(&checksum.to_le_bytes())?;
        let length = file.stream_position()?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(head.as_bytes())?;
        file.sync_all()?;
        Ok(length)
    }

    fn write(&mut self, saved: &Saved<'_>) {
        if self.db != Some(saved.db) {
            self.turn_to(saved.db);
        }
        let usage = match self.style.tells {
            Tells::Nothing => Usage::Untold,
            Tells::Idleness => Usage::Idle(access::idle_seconds(saved.access, self.style.now_ms)),
            Tells::Frequency => {
                Usage::Frequency(access::frequency(saved.access, self.style.now_ms) as u8)
            }
        };
        let (key, deadline_ms) = (saved.key, saved.deadline);
        self.encoder.record(&Record { key, value: &saved.value, deadline_ms, usage });
    }

    /// What follows is of another database; where it comes up first, its size is told.
    fn turn_to(&mut self, db: usize) {
        self.db = Some(db);
        self.encoder.byte(opcode::DATABASE);
        self.encoder.length(db as u64);
        if let Some(place) = self.sizes.iter().position(|size| size.db == db) {
            let size = self.sizes.swap_remove(place);
            self.encoder.byte(opcode::SIZES);
            self.encoder.length(size.keys as u64);
            self.encoder.length(size.volatile as u64);
        }
    }
}

impl Visitor for SnapshotFile {
    fn small(&mut self, record: Saved<'_>) {
        self.keys += 1;
        // Compressing under a lock would keep clients waiting: copied for now.
        if let Err(record) = self.copies.take(record) {
            self.write(&record);
        }
    }

    fn large(&mut self, record: Saved<'_>) {
        self.keys += 1;
        self.write(&record);
        self.encoder.sink.rest();
    }
}

/// Records copied under a lock, to be encoded later.
#[derive(Default)]
struct Copies {
    bytes: Vec<u8>,
    records: Vec<Copy>,
}

struct Copy {
    db: usize,
    key: Range<usize>,
    kind: Copied,
    value: Range<usize>,
    deadline: Option<u64>,
    access: u32,
}

enum Copied {
    Int(i64),
    Bytes,
    Packed(PackedKind),
}

impl Copies {
    /// Copies a record; gives it back where its value has an allocation of its own.
    fn take<'r>(&mut self, record: Saved<'r>) -> Result<(), Saved<'r>> {
        let (kind, bytes) = match record.value {
            Value::Int(number) => (Copied::Int(number), &b""[..]),
            Value::Bytes(bytes) => (Copied::Bytes, bytes),
            Value::Packed(kind, bytes) => (Copied::Packed(kind), bytes),
            Value::Shared(_) | Value::Object(_) => return Err(record),
        };
        let (start, middle) = (self.bytes.len(), self.bytes.len() + record.key.len());
        self.bytes.extend_from_slice(record.key);
        self.bytes.extend_from_slice(bytes);
        let (key, value) = (start..middle, middle..self.bytes.len());
        let Saved { db, deadline, access, .. } = record;
        self.records.push(Copy { db, key, kind, value, deadline, access });
        Ok(())
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.records.clear();
    }
}

/// A file with a buffer before it.
struct FileSink {
    file: File,
    buffer: Vec<u8>,
    /// Of everything behind the head that was written; none before that.
    checksum: Option<Checksum>,
    unsynced: u64,
    syncs_meanwhile: bool,
    failure: Option<io::Error>,
}

impl Sink for FileSink {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    #[inline]
    fn rest(&mut self) {
        if self.buffer.len() >= BUFFER_BYTES {
            self.write_out();
        }
    }
}

impl FileSink {
    fn write_out(&mut self) {
        if self.failure.is_none()
            && let Err(error) = self.try_to_write_out()
        {
            self.failure = Some(error);
        }
        self.buffer.clear();
    }

    fn try_to_write_out(&mut self) -> io::Result<()> {
        let behind_head = if self.checksum.is_some() { 0 } else { HEAD_BYTES };
        self.checksum.get_or_insert_default().update(&self.buffer[behind_head..]);
        self.file.write_all(&self.buffer)?;
        self.unsynced += self.buffer.len() as u64;
        // Otherwise the disk would have it all to do at the end, and others would wait for it.
        if self.syncs_meanwhile && self.unsynced >= SYNC_BYTES {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(())
    }
}

//! `redstart check-rdb FILE`: says what is in a snapshot, and where it breaks.
//!
//! The whole file is read as the server reads it, value by value, and nothing is kept of it but
//! counts. What modules wrote is passed over, and counted, too: no server without them loads it.

use super::kinds::type_of;
use super::read::{Contents, Flaw, Loaded, Rules, Sum, Whole, read_snapshot};
use crate::store::Limits;
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// What can be asked for on the command line.
pub const USAGE: &str = "Usage: redstart check-rdb <file.rdb>";

/// Looks through a snapshot and prints what is in it; true when all is well.
///
/// # Errors
/// When the file cannot be opened.
pub fn check(place: &Path) -> Result<bool> {
    let told = || format!("opening {}", place.display());
    let mut file = File::open(place).with_context(told)?;
    let length = file.metadata().with_context(told)?.len();
    let limits = Limits::default();
    let rules =
        Rules { limits: &limits, checks_sum: true, takes_any_version: false, skips_modules: true };
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut counts = Counts { now_ms: now_ms as u64, ..Counts::default() };
    let outcome = read_snapshot(&mut file, length, rules, &mut counts);
    println!("Checked RDB file {}: {length} bytes", place.display());
    counts.print();
    match outcome {
        Ok(whole) => {
            print_end(whole, length);
            Ok(true)
        }
        Err(error) => {
            println!("At offset {}: {}", error.offset, error.flaw);
            counts.print_last();
            println!("RDB is not valid");
            Ok(false)
        }
    }
}

fn print_end(whole: Whole, length: u64) {
    let sum = match whole.sum {
        Sum::Right => "the checksum is right",
        Sum::Absent | Sum::Unchecked => "no checksum",
    };
    println!("Version {}, {sum}", whole.version);
    if whole.bytes < length {
        println!("{} bytes follow that are no part of it", length - whole.bytes);
    }
    println!("RDB looks OK");
}

/// What is in one database.
#[derive(Default)]
struct Database {
    keys: u64,
    volatile: u64,
    dead: u64,
}

#[derive(Default)]
struct Counts {
    now_ms: u64,
    remarks: Vec<String>,
    databases: BTreeMap<u64, Database>,
    /// Keys by the name of their type.
    types: BTreeMap<&'static str, u64>,
    /// Values by the name of the module that wrote them.
    modules: BTreeMap<String, u64>,
    functions: u64,
    empty_keys: u64,
    last_key: Option<(u64, Vec<u8>)>,
}

impl Counts {
    fn print(&self) {
        self.remarks.iter().for_each(|remark| println!("  {remark}"));
        for (number, database) in &self.databases {
            let Database { keys, volatile, dead } = database;
            println!(
                "  database {number}: {keys} keys, {volatile} expires, {dead} already expired"
            );
        }
        for (name, count) in &self.types {
            println!("  {name}: {count}");
        }
        for (name, count) in &self.modules {
            println!(
                "  values of the module type {name}, which no server without it loads: {count}"
            );
        }
        if self.functions > 0 {
            println!("  libraries of functions: {}", self.functions);
        }
        if self.empty_keys > 0 {
            println!("  keys without elements, which are passed over: {}", self.empty_keys);
        }
    }

    fn print_last(&self) {
        if let Some((db, key)) = &self.last_key {
            let key = String::from_utf8_lossy(key);
            println!("The last key that could be read is '{key}' in database {db}");
        }
    }
}

impl Contents for Counts {
    fn key(&mut self, loaded: Loaded<'_>) -> Result<(), Flaw> {
        let database = self.databases.entry(loaded.db).or_default();
        database.keys += 1;
        database.volatile += u64::from(loaded.deadline.is_some());
        database.dead += u64::from(loaded.deadline.is_some_and(|ms| ms <= self.now_ms));
        *self.types.entry(type_of(loaded.kind)).or_default() += 1;
        let (last_db, last) = self.last_key.get_or_insert_default();
        *last_db = loaded.db;
        last.clear();
        last.extend_from_slice(loaded.key);
        Ok(())
    }

    fn empty_key(&mut self, _key: &[u8]) {
        self.empty_keys += 1;
    }

    fn aux(&mut self, name: &[u8], text: &[u8]) {
        let [name, text] = [name, text].map(String::from_utf8_lossy);
        self.remarks.push(format!("{name} = {text}"));
    }

    fn function(&mut self, _code: &[u8]) {
        self.functions += 1;
    }

    fn module(&mut self, name: &str, _key: Option<&[u8]>) {
        *self.modules.entry(name.to_string()).or_default() += 1;
    }
}

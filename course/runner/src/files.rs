//! Files of the server under test: given to it before it starts, looked at while it runs. Their
//! content is compared as a reply would be: as one text, or, for an append-only file, as the
//! commands in it.
//! Sources: https://rdb.fnordig.de/file_format.html and
//! https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/

use crate::wire::{self, Reply};
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Component, Path, PathBuf};

/// The bits of Redis's CRC-64 (its name is Jones), lowest first.
const POLYNOMIAL: u64 = 0x95ac_9329_ac4b_c9b5;
/// What an RDB file ends with: the opcode and the checksum.
const RDB_END: usize = 9;
/// `REDIS` and four digits, or `VALKEY` and three.
const RDB_BEGINNING: usize = 9;

/// The checksum of an RDB file. It begins with 0 and is not inverted.
pub fn checksum(bytes: &[u8]) -> u64 {
    const TABLE: [u64; 256] = table();
    bytes.iter().fold(0, |sum, byte| TABLE[((sum as u8) ^ byte) as usize] ^ (sum >> 8))
}

const fn table() -> [u64; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
}

/// Writes a file of the server's directory, and the directories above it.
pub fn write(folder: &Path, name: &[u8], bytes: &[u8]) -> io::Result<()> {
    let path = path_of(folder, name)?;
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    fs::write(path, bytes)
}

/// Takes the last `count` bytes off a file.
pub fn cut(folder: &Path, name: &[u8], count: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path_of(folder, name)?)?;
    let length = file.metadata()?.len();
    file.set_len(length.saturating_sub(count))
}

/// The bytes of a file; None if there is no such file.
pub fn read(folder: &Path, name: &[u8]) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path_of(folder, name)?) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A transcript names files of the server's directory only.
fn path_of(folder: &Path, name: &[u8]) -> io::Result<PathBuf> {
    let name = String::from_utf8_lossy(name).into_owned();
    let inside = Path::new(&name).components().all(|part| matches!(part, Component::Normal(_)));
    if name.is_empty() || !inside {
        return Err(io::Error::other(format!("{name:?} is no file of the server's directory")));
    }
    Ok(folder.join(name))
}

/// What keeps these bytes from being an RDB file, as far as its two ends tell.
pub fn rdb_fault(bytes: &[u8]) -> Option<String> {
    let head = &bytes[..bytes.len().min(RDB_BEGINNING)];
    // Valkey's name is longer, its version shorter.
    let version = head.strip_prefix(b"REDIS").or(head.strip_prefix(b"VALKEY")).unwrap_or_default();
    let whole = head.len() == RDB_BEGINNING && !version.is_empty();
    if !whole || !version.iter().all(u8::is_ascii_digit) {
        return Some(format!("it begins with {}, not with REDIS and 4 digits", wire::quoted(head)));
    }
    if bytes.len() < RDB_BEGINNING + RDB_END {
        return Some("it ends too early".into());
    }
    let (body, sum) = bytes.split_at(bytes.len() - 8);
    if body.last() != Some(&0xff) {
        return Some("the byte before the last eight is not \\xff, the end of the file".into());
    }
    let right = checksum(body).to_le_bytes();
    (right != sum).then(|| {
        let (wrong, right) = (wire::quoted(sum), wire::quoted(&right));
        format!("its last eight bytes are {wrong}, but the checksum of the others is {right}")
    })
}

/// The commands of an append-only file, as an array of arrays. Written in another way they may
/// still be the same: the name of a command is turned into capitals; a SELECT of the database that
/// is selected already is left out, as the file begins with database 0; so are annotations.
pub fn commands(bytes: &[u8]) -> Result<Reply, String> {
    let mut rest = bytes;
    let mut database = b"0".to_vec();
    let mut all = Vec::new();
    while !rest.is_empty() {
        if rest.starts_with(b"#") {
            let end = rest.iter().position(|&byte| byte == b'\n').map_or(rest.len(), |at| at + 1);
            rest = &rest[end..];
            continue;
        }
        let at = bytes.len() - rest.len();
        let words = match wire::read(rest) {
            Ok(Some((Reply::Array(words), length))) if !words.is_empty() => {
                rest = &rest[length..];
                words
            }
            Ok(None) => return Err(format!("at byte {at} begins a command that has no end")),
            _ => return Err(format!("at byte {at} no command begins")),
        };
        let mut texts = Vec::new();
        for word in words {
            match word {
                Reply::Bulk(text) => texts.push(text),
                _ => return Err(format!("at byte {at} is a command with a word of another type")),
            }
        }
        texts[0].make_ascii_uppercase();
        if texts[0] == b"SELECT" && texts.len() == 2 {
            if texts[1] == database {
                continue;
            }
            database.clone_from(&texts[1]);
        }
        all.push(Reply::Array(texts.into_iter().map(Reply::Bulk).collect()));
    }
    Ok(Reply::Array(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_redis() {
        assert_eq!(checksum(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
        assert_eq!(checksum(b""), 0);
    }

    #[test]
    fn an_rdb_file_is_known_by_its_ends() {
        let mut file = b"REDIS0011\xfe\x00\xff".to_vec();
        assert!(rdb_fault(&file).unwrap().contains("too early"));
        file.extend(checksum(&file).to_le_bytes());
        assert_eq!(rdb_fault(&file), None);
        let mut valkeys = b"VALKEY080\xff".to_vec();
        valkeys.extend(checksum(&valkeys).to_le_bytes());
        assert_eq!(rdb_fault(&valkeys), None);
        file[10] = 1;
        assert!(rdb_fault(&file).unwrap().contains("checksum"));
        let end = file.len() - 9;
        file[end] = 0;
        assert!(rdb_fault(&file).unwrap().contains("\\xff"));
        assert!(rdb_fault(b"{\"a\": 1}").unwrap().contains("begins with"));
    }

    #[test]
    fn an_append_only_file_is_read_as_its_commands() {
        let select = |number: &str| format!("*2\r\n$6\r\nSELECT\r\n$1\r\n{number}\r\n");
        let set = "*3\r\n$3\r\nset\r\n$1\r\nk\r\n$1\r\nv\r\n";
        let told = |text: &str| commands(text.as_bytes()).map(|commands| commands.notation());
        let plain = told(&format!("#TS:1\r\n{}{set}", select("0"))).unwrap();
        assert_eq!(plain, "[[\"SET\", \"k\", \"v\"]]");
        let other = told(&format!("{}{set}{}{set}", select("1"), select("1"))).unwrap();
        let set_twice = "[\"SET\", \"k\", \"v\"], [\"SET\", \"k\", \"v\"]";
        assert_eq!(other, format!("[[\"SELECT\", \"1\"], {set_twice}]"));
        assert_eq!(told("").unwrap(), "[]");
        assert!(told(&format!("{set}*3\r\n$3\r\nS")).unwrap_err().contains("byte 27"));
        assert!(told("SET k v\r\n").is_err());
        assert!(told("*1\r\n:1\r\n").unwrap_err().contains("another type"));
    }

    #[test]
    fn only_files_of_the_directory_are_touched() {
        let folder = std::env::temp_dir().join(format!("redstart-files-{}", std::process::id()));
        write(&folder, b"a/b.aof", b"12345").unwrap();
        cut(&folder, b"a/b.aof", 2).unwrap();
        assert_eq!(read(&folder, b"a/b.aof").unwrap().unwrap(), b"123");
        assert_eq!(read(&folder, b"c").unwrap(), None);
        for name in ["../x", "/tmp/x", ""] {
            assert!(write(&folder, name.as_bytes(), b"").is_err());
        }
        fs::remove_dir_all(folder).unwrap();
    }
}

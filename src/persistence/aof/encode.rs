//! Commands as they stand in the log: as clients send them, with a SELECT wherever the database
//! changes and MULTI … EXEC around what is one step.
//!
//! ```text
//! #TS:1700000000\r\n                               the time, where that is asked for
//! *2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n                then calls in that database
//! *3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n
//! ```

/// Appends a call.
#[inline]
pub fn call(out: &mut Vec<u8>, words: &[&[u8]]) {
    begin(out, words.len());
    words.iter().for_each(|each| word(out, each));
}

/// Begins a call of so many words.
#[inline]
pub fn begin(out: &mut Vec<u8>, words: usize) {
    header(out, b'*', words);
}

/// Appends a word of a call.
#[inline]
pub fn word(out: &mut Vec<u8>, word: &[u8]) {
    header(out, b'$', word.len());
    out.extend_from_slice(word);
    out.extend_from_slice(b"\r\n");
}

/// Appends a SELECT.
pub fn select(out: &mut Vec<u8>, db: usize) {
    let mut digits = itoa::Buffer::new();
    call(out, &[b"SELECT", digits.format(db).as_bytes()]);
}

/// Appends a note of the time, in seconds since 1970.
pub fn timestamp(out: &mut Vec<u8>, seconds: u64) {
    out.extend_from_slice(b"#TS:");
    out.extend_from_slice(itoa::Buffer::new().format(seconds).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Almost every number has one or two digits: then this is one store of a few bytes.
#[inline]
fn header(out: &mut Vec<u8>, mark: u8, number: usize) {
    let digit = |number: usize| b'0' + (number % 10) as u8;
    match number {
        0..=9 => out.extend_from_slice(&[mark, digit(number), b'\r', b'\n']),
        10..=99 => {
            let (tens, ones) = (digit(number / 10), digit(number));
            out.extend_from_slice(&[mark, tens, ones, b'\r', b'\n']);
        }
        _ => long_header(out, mark, number),
    }
}

fn long_header(out: &mut Vec<u8>, mark: u8, number: usize) {
    out.push(mark);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    out.extend_from_slice(b"\r\n");
}

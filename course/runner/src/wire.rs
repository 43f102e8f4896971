//! RESP as a client sees it: replies read from bytes, commands written as bytes, and both shown to
//! people. A reply keeps what stood on the wire (numbers as text), because tests are exact: `:07`
//! is not `:7`. Source: https://redis.io/docs/latest/develop/reference/protocol-spec/

/// Nested deeper than this, a reply is called malformed rather than followed.
const DEEPEST: usize = 64;

/// One reply of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// `+OK`
    Simple(Vec<u8>),
    /// `-ERR …`
    Error(Vec<u8>),
    /// `:1`, the digits
    Integer(Vec<u8>),
    /// `$3`
    Bulk(Vec<u8>),
    /// `$-1`
    Nil,
    /// `*-1`
    NilArray,
    /// `*2`
    Array(Vec<Reply>),
    /// `_`
    Null,
    /// `#t`
    Boolean(bool),
    /// `,1.5`, the digits
    Double(Vec<u8>),
    /// `(123`, the digits
    BigNumber(Vec<u8>),
    /// `=7`, format and text: `txt:abc`
    Verbatim(Vec<u8>),
    /// `!5`
    BulkError(Vec<u8>),
    /// `%1`, key and value after each other
    Map(Vec<Reply>),
    /// `~2`
    Set(Vec<Reply>),
    /// `>2`
    Push(Vec<Reply>),
}

/// Bytes that cannot begin or continue a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Offset of the first byte that is wrong.
    pub at: usize,
    /// What was wrong with it.
    pub what: String,
}

/// The first reply in `bytes` and its length; None if it is not complete.
pub fn read(bytes: &[u8]) -> Result<Option<(Reply, usize)>, Malformed> {
    let mut at = 0;
    Ok(reply(bytes, &mut at, 0)?.map(|reply| (reply, at)))
}

fn reply(bytes: &[u8], at: &mut usize, depth: usize) -> Result<Option<Reply>, Malformed> {
    let start = *at;
    let Some(&kind) = bytes.get(start) else {
        return Ok(None);
    };
    if !b"+-:$*_#,(!=%~>".contains(&kind) {
        return malformed(
            start,
            format!("a reply cannot begin with {}", shown(&bytes[start..start + 1])),
        );
    }
    if depth > DEEPEST {
        return malformed(start, "arrays within arrays within arrays, without end".into());
    }
    let Some(line) = line(bytes, at)? else {
        return Ok(None);
    };
    let text = || line.to_vec();
    Ok(Some(match kind {
        b'+' => Reply::Simple(text()),
        b'-' => Reply::Error(text()),
        b':' => {
            length(line, start)?;
            Reply::Integer(text())
        }
        b',' => Reply::Double(text()),
        b'(' => Reply::BigNumber(text()),
        b'_' if line.is_empty() => Reply::Null,
        b'#' if line == b"t" || line == b"f" => Reply::Boolean(line == b"t"),
        b'$' if line == b"-1" => Reply::Nil,
        b'*' if line == b"-1" => Reply::NilArray,
        b'_' | b'#' => return malformed(start + 1, "#t, #f or _ and nothing else".into()),
        b'$' | b'!' | b'=' => {
            let Some(content) = content(bytes, at, length(line, start)?)? else {
                return Ok(None);
            };
            match kind {
                b'$' => Reply::Bulk(content),
                b'!' => Reply::BulkError(content),
                _ => Reply::Verbatim(content),
            }
        }
        _ => {
            let pairs = if kind == b'%' { 2 } else { 1 };
            let Some(elements) = elements(bytes, at, length(line, start)? * pairs, depth)? else {
                return Ok(None);
            };
            match kind {
                b'*' => Reply::Array(elements),
                b'%' => Reply::Map(elements),
                b'~' => Reply::Set(elements),
                _ => Reply::Push(elements),
            }
        }
    }))
}

fn malformed<T>(at: usize, what: String) -> Result<T, Malformed> {
    Err(Malformed { at, what })
}

/// The rest of the line after the type byte; `at` moves behind its `\r\n`.
fn line<'a>(bytes: &'a [u8], at: &mut usize) -> Result<Option<&'a [u8]>, Malformed> {
    let start = *at + 1;
    let Some(length) = bytes[start..].iter().position(|&byte| byte == b'\r' || byte == b'\n')
    else {
        return Ok(None);
    };
    let end = start + length;
    if bytes[end] == b'\n' {
        return malformed(end, "the line ends in \\n alone; it must be \\r\\n".into());
    }
    match bytes.get(end + 1) {
        None => Ok(None),
        Some(b'\n') => {
            *at = end + 2;
            Ok(Some(&bytes[start..end]))
        }
        Some(_) => malformed(end + 1, "after \\r must come \\n".into()),
    }
}

fn length(line: &[u8], start: usize) -> Result<i64, Malformed> {
    let number = std::str::from_utf8(line).ok().and_then(|text| text.parse::<i64>().ok());
    match number {
        Some(number) => Ok(number),
        None => malformed(start + 1, format!("{} is not a number", shown(line))),
    }
}

fn content(bytes: &[u8], at: &mut usize, length: i64) -> Result<Option<Vec<u8>>, Malformed> {
    let Ok(length) = usize::try_from(length) else {
        return malformed(*at, "a negative length".into());
    };
    let end = at.saturating_add(length);
    if bytes.len() < end {
        return Ok(None);
    }
    for (offset, expected) in b"\r\n".iter().enumerate() {
        match bytes.get(end + offset) {
            None => return Ok(None),
            Some(byte) if byte == expected => {}
            Some(_) => {
                return malformed(
                    end + offset,
                    format!("\\r\\n must follow the {length} bytes of the text"),
                );
            }
        }
    }
    let content = bytes[*at..end].to_vec();
    *at = end + 2;
    Ok(Some(content))
}

fn elements(
    bytes: &[u8],
    at: &mut usize,
    count: i64,
    depth: usize,
) -> Result<Option<Vec<Reply>>, Malformed> {
    if count < 0 {
        return malformed(*at, "a negative number of elements".into());
    }
    let mut elements = Vec::new();
    for _ in 0..count {
        let Some(element) = reply(bytes, at, depth + 1)? else {
            return Ok(None);
        };
        elements.push(element);
    }
    Ok(Some(elements))
}

impl Reply {
    /// The text of a string or number; None for everything else.
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Reply::Simple(text)
            | Reply::Bulk(text)
            | Reply::Integer(text)
            | Reply::Double(text) => Some(text),
            Reply::BigNumber(text) => Some(text),
            Reply::Verbatim(text) => Some(text.get(4..).unwrap_or(text)),
            _ => None,
        }
    }

    /// As in transcripts.
    pub fn notation(&self) -> String {
        let list = |open: &str, elements: &[Reply]| {
            let inner: Vec<String> = elements.iter().map(Reply::notation).collect();
            format!("{open}{}]", inner.join(", "))
        };
        match self {
            Reply::Simple(text) => plain(text),
            Reply::Error(text) => format!("(error) {}", plain(text)),
            Reply::Integer(text) => format!("(integer) {}", plain(text)),
            Reply::Bulk(text) => quoted(text),
            Reply::Nil => "(nil)".into(),
            Reply::NilArray => "(nil array)".into(),
            Reply::Array(elements) => list("[", elements),
            Reply::Null => "(null)".into(),
            Reply::Boolean(yes) => format!("({yes})"),
            Reply::Double(text) => format!("(double) {}", plain(text)),
            Reply::BigNumber(text) => format!("(big number) {}", plain(text)),
            Reply::Verbatim(text) => format!("(verbatim) {}", quoted(text)),
            Reply::BulkError(text) => format!("(bulk error) {}", quoted(text)),
            Reply::Map(elements) => {
                let pair =
                    |pair: &[Reply]| format!("{}: {}", pair[0].notation(), pair[1].notation());
                let pairs: Vec<String> = elements.chunks(2).map(pair).collect();
                format!("{{{}}}", pairs.join(", "))
            }
            Reply::Set(elements) => list("~[", elements),
            Reply::Push(elements) => list(">[", elements),
        }
    }

    /// The bytes on the wire.
    pub fn wire(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        let (kind, text) = match self {
            Reply::Simple(text) => (b'+', text),
            Reply::Error(text) => (b'-', text),
            Reply::Integer(text) => (b':', text),
            Reply::Double(text) => (b',', text),
            Reply::BigNumber(text) => (b'(', text),
            Reply::Nil => return bytes.extend_from_slice(b"$-1\r\n"),
            Reply::NilArray => return bytes.extend_from_slice(b"*-1\r\n"),
            Reply::Null => return bytes.extend_from_slice(b"_\r\n"),
            Reply::Boolean(yes) => {
                return bytes.extend_from_slice(if *yes { b"#t\r\n" } else { b"#f\r\n" });
            }
            Reply::Bulk(text) => return write_content(b'$', text, bytes),
            Reply::Verbatim(text) => return write_content(b'=', text, bytes),
            Reply::BulkError(text) => return write_content(b'!', text, bytes),
            Reply::Array(elements) => return write_elements(b'*', elements, bytes),
            Reply::Map(elements) => return write_elements(b'%', elements, bytes),
            Reply::Set(elements) => return write_elements(b'~', elements, bytes),
            Reply::Push(elements) => return write_elements(b'>', elements, bytes),
        };
        bytes.push(kind);
        bytes.extend_from_slice(text);
        bytes.extend_from_slice(b"\r\n");
    }
}

fn write_content(kind: u8, text: &[u8], bytes: &mut Vec<u8>) {
    bytes.push(kind);
    bytes.extend_from_slice(format!("{}\r\n", text.len()).as_bytes());
    bytes.extend_from_slice(text);
    bytes.extend_from_slice(b"\r\n");
}

fn write_elements(kind: u8, elements: &[Reply], bytes: &mut Vec<u8>) {
    let count = if kind == b'%' { elements.len() / 2 } else { elements.len() };
    bytes.push(kind);
    bytes.extend_from_slice(format!("{count}\r\n").as_bytes());
    elements.iter().for_each(|element| element.write(bytes));
}

/// A command as clients send it: an array of bulk strings.
pub fn command(words: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    words.iter().for_each(|word| write_content(b'$', word, &mut bytes));
    bytes
}

/// Bytes on one line, as in the protocol's description: `$2\r\nhi\r\n`.
pub fn shown(bytes: &[u8]) -> String {
    escape(bytes, false)
}

/// A bulk string as redis-cli shows it.
pub fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", escape(bytes, true))
}

/// A simple string: quoted only if it could be taken for something else.
fn plain(bytes: &[u8]) -> String {
    escape(bytes, false)
}

fn escape(bytes: &[u8], quotes: bool) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\r' => text.push_str("\\r"),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            // Doubled, or `\r` could be two letters as well as one byte.
            b'\\' => text.push_str("\\\\"),
            b'"' if quotes => text.push_str("\\\""),
            b' '..=b'~' => text.push(byte as char),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bytes: &str) -> Reply {
        let (reply, length) = read(bytes.as_bytes()).unwrap().unwrap();
        assert_eq!(length, bytes.len());
        assert_eq!(shown(&reply.wire()), shown(bytes.as_bytes()));
        reply
    }

    #[test]
    fn every_type_is_read_and_shown() {
        let all = [
            ("+OK\r\n", "OK"),
            ("-ERR no\r\n", "(error) ERR no"),
            (":-7\r\n", "(integer) -7"),
            ("$4\r\na\r\nb\r\n", "\"a\\r\\nb\""),
            ("$-1\r\n", "(nil)"),
            ("*-1\r\n", "(nil array)"),
            ("*2\r\n:1\r\n*0\r\n", "[(integer) 1, []]"),
            ("_\r\n", "(null)"),
            ("#t\r\n", "(true)"),
            (",1.5\r\n", "(double) 1.5"),
            ("(123\r\n", "(big number) 123"),
            ("=5\r\ntxt:a\r\n", "(verbatim) \"txt:a\""),
            ("!3\r\nERR\r\n", "(bulk error) \"ERR\""),
            ("%1\r\n+a\r\n:1\r\n", "{a: (integer) 1}"),
            ("~1\r\n+a\r\n", "~[a]"),
            (">1\r\n+a\r\n", ">[a]"),
        ];
        for (bytes, notation) in all {
            assert_eq!(one(bytes).notation(), notation);
        }
    }

    #[test]
    fn half_a_reply_is_no_reply_yet() {
        let whole = b"*2\r\n$2\r\nhi\r\n:12\r\n";
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]), Ok(None), "{length} bytes");
        }
    }

    #[test]
    fn what_cannot_become_a_reply_is_told_where_it_goes_wrong() {
        for (bytes, at) in
            [("PONG\r\n", 0), ("+OK\n", 3), ("$2\r\nabc\r\n", 6), ("$x\r\n", 1), ("#x\r\n", 1)]
        {
            assert_eq!(read(bytes.as_bytes()).unwrap_err().at, at, "{bytes}");
        }
    }
}

//! What can be concluded from a wrong answer beyond doubt. Only structure counts here: bytes that
//! are missing, left over, of another type, cut short, turned into text. Where nothing is certain,
//! nothing is said: no guess is better than a wrong one.

use crate::client::Arrival;
use crate::player::cut;
use crate::wire::{Reply, shown};

/// Longer texts are described, not shown.
const SHOWN_BYTES: usize = 24;
/// The bytes of U+FFFD: what decoders put where they found no character.
const REPLACEMENT: &[u8] = &[0xef, 0xbf, 0xbd];

/// The cause of a reply that is not as expected; `expected` is there where only one reply is right.
pub fn of_reply(expected: Option<&Reply>, arrival: &Arrival) -> Option<String> {
    match arrival {
        Arrival::Closed(rest) if rest.is_empty() => {
            Some("Your server closed the connection.".into())
        }
        Arrival::Closed(_) => {
            Some("Your server closed the connection in the middle of a reply.".into())
        }
        Arrival::Silence(rest) if rest.is_empty() => None,
        Arrival::Silence(rest) => Some(of_half(rest)),
        Arrival::Malformed(bytes, malformed) => {
            Some(format!("Byte {} of these {}: {}.", malformed.at + 1, bytes.len(), malformed.what))
        }
        Arrival::Reply(received) => of_difference(expected?, received),
    }
}

/// Bytes that nobody asked for, behind the last reply of a client.
pub fn of_more(who: char, replies: &[Reply], rest: &[u8]) -> String {
    if replies.is_empty() && rest.iter().all(|byte| b"\r\n".contains(byte)) {
        return "A line end too many stands behind the last reply. The null ($-1\\r\\n) has no \
                text, so no second line follows it."
            .into();
    }
    if replies.is_empty() {
        return "These bytes behind the last reply are no reply.".into();
    }
    format!("{who} was sent more than one reply for each command.")
}

/// A reply that was begun.
fn of_half(bytes: &[u8]) -> String {
    if [&b"\\r"[..], b"\\n"].iter().any(|two| bytes.windows(2).any(|pair| pair == *two)) {
        return "A backslash and a letter were sent, not the bytes 13 and 10 that \\r\\n stands for."
            .into();
    }
    if !bytes.contains(&b'\n') {
        return "The reply has no end: a line ends in \\r\\n.".into();
    }
    let line = bytes[1..].split(|&byte| byte == b'\r').next().unwrap_or_default();
    let announced = shown(line);
    match bytes[0] {
        b'$' => {
            let came = bytes.len() - line.len() - 3;
            format!("The reply announces {announced} bytes (and \\r\\n after them); {came} came.")
        }
        b'*' | b'~' | b'>' => {
            format!("The reply announces {announced} elements, and not all of them came.")
        }
        _ => "The reply is not complete.".into(),
    }
}

fn of_difference(expected: &Reply, received: &Reply) -> Option<String> {
    if let Reply::Error(text) = received
        && !matches!(expected, Reply::Error(_))
    {
        return Some(format!("Your server answered with an error: {}", cut(&shown(text), 60)));
    }
    if std::mem::discriminant(expected) != std::mem::discriminant(received) {
        return of_types(expected, received);
    }
    match (expected, received) {
        (Reply::Bulk(expected), Reply::Bulk(received)) => of_texts(expected, received),
        (Reply::Array(expected), Reply::Array(received)) if expected.len() != received.len() => {
            Some(format!(
                "The array has {}, not {}.",
                elements(received.len()),
                elements(expected.len())
            ))
        }
        (Reply::Array(expected), Reply::Array(received)) => {
            let (at, (expected, received)) = expected
                .iter()
                .zip(received)
                .enumerate()
                .find(|(_, (expected, received))| expected != received)?;
            of_difference(expected, received).map(|fact| format!("Element {}: {fact}", at + 1))
        }
        _ => None,
    }
}

fn elements(count: usize) -> String {
    if count == 1 { "1 element".into() } else { format!("{count} elements") }
}

fn of_types(expected: &Reply, received: &Reply) -> Option<String> {
    let (right, wrong) = (type_of(expected), type_of(received));
    if expected.text().is_some() && expected.text() == received.text() {
        return Some(format!(
            "The text is right, the type is not: this is {wrong}, Redis sends {right}."
        ));
    }
    Some(format!("This is {wrong}, Redis sends {right}."))
}

fn type_of(reply: &Reply) -> &'static str {
    match reply {
        Reply::Simple(_) => "a simple string (+…)",
        Reply::Error(_) => "an error (-…)",
        Reply::Integer(_) => "an integer (:…)",
        Reply::Bulk(_) => "a bulk string ($length …)",
        Reply::Nil => "the null bulk string ($-1)",
        Reply::NilArray => "the null array (*-1)",
        Reply::Array(_) => "an array (*…)",
        Reply::Null => "RESP3's null (_)",
        Reply::Boolean(_) => "a boolean (#…)",
        Reply::Double(_) => "a double (,…)",
        Reply::BigNumber(_) => "a big number ((…)",
        Reply::Verbatim(_) => "a verbatim string (=…)",
        Reply::BulkError(_) => "a bulk error (!…)",
        Reply::Map(_) => "a map (%…)",
        Reply::Set(_) => "a set (~…)",
        Reply::Push(_) => "a push (>…)",
    }
}

fn of_texts(expected: &[u8], received: &[u8]) -> Option<String> {
    if received.windows(3).any(|bytes| bytes == REPLACEMENT)
        && !expected.windows(3).any(|bytes| bytes == REPLACEMENT)
    {
        let stands_for = "U+FFFD (\\xef\\xbf\\xbd) stands for what was lost.";
        return Some(format!("The bytes were decoded as text on their way: {stands_for}"));
    }
    if received.is_empty() {
        return Some("The text is empty.".into());
    }
    if expected.starts_with(received) {
        return Some(format!(
            "The text is cut after {} of {} bytes.",
            received.len(),
            expected.len()
        ));
    }
    if received.starts_with(expected) {
        let more = &received[expected.len()..];
        let what =
            if more.len() > SHOWN_BYTES { format!("{} bytes", more.len()) } else { shown(more) };
        return Some(format!("The text is right, but more follows it: {what}"));
    }
    if received == expected.trim_ascii() {
        return Some("Blanks at its ends are missing: they belong to the value.".into());
    }
    if received.eq_ignore_ascii_case(expected) {
        return Some("Upper and lower case were changed.".into());
    }
    None
}

/// What the last words of a program give away that was started for the first time.
pub fn of_first_output(lines: &[String]) -> Option<String> {
    if is_taken(lines) {
        return Some(
            "The port behind --port was free: the program tried another one, and that is taken \
             (by a Redis that runs here, perhaps)."
                .into(),
        );
    }
    of_output(lines)
}

fn is_taken(lines: &[String]) -> bool {
    ["address already in use", "eaddrinuse"]
        .iter()
        .any(|words| lines.iter().any(|line| line.to_lowercase().contains(words)))
}

/// What the last words of a program give away that was started again.
pub fn of_output(lines: &[String]) -> Option<String> {
    let says = |what: &str| lines.iter().find(|line| line.to_lowercase().contains(what));
    if is_taken(lines) {
        return Some(
            "The port is still taken. Set SO_REUSEADDR on the socket before it is bound.".into(),
        );
    }
    says("panicked at").map(|line| line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(expected: &str, bytes: &str) -> Option<String> {
        let expected = crate::wire::read(expected.as_bytes()).unwrap().unwrap().0;
        let arrival = match crate::wire::read(bytes.as_bytes()) {
            Ok(Some((reply, _))) => Arrival::Reply(reply),
            Ok(None) => Arrival::Silence(bytes.into()),
            Err(malformed) => Arrival::Malformed(bytes.into(), malformed),
        };
        of_reply(Some(&expected), &arrival)
    }

    #[test]
    fn a_stray_line_end_is_no_second_reply() {
        assert!(of_more('A', &[], b"\r\n").contains("A line end too many"));
        assert!(of_more('A', &[], b"xyz").contains("are no reply"));
        assert!(of_more('A', &[Reply::Nil], b"").contains("more than one reply"));
    }

    #[test]
    fn structure_is_told_and_nothing_is_guessed() {
        let cases = [
            ("+PONG\r\n", "+PONG", "no end"),
            ("+PONG\r\n", "+PONG\\r\\n", "A backslash and a letter"),
            ("+PONG\r\n", "+PONG\n", "\\r\\n"),
            ("+PONG\r\n", "$4\r\nPONG\r\n", "type"),
            ("$4\r\nabcd\r\n", "$4\r\nab", "announces 4 bytes"),
            ("$4\r\nabcd\r\n", "$2\r\nab\r\n", "cut after 2 of 4"),
            ("$1\r\na\r\n", "-ERR unknown\r\n", "an error"),
            ("*2\r\n:1\r\n$1\r\na\r\n", "*2\r\n:1\r\n+a\r\n", "Element 2"),
        ];
        for (expected, bytes, part) in cases {
            let fact = fact(expected, bytes).unwrap();
            assert!(fact.contains(part), "{bytes:?}: {fact}");
        }
        assert_eq!(fact("$3\r\nabc\r\n", "$3\r\nxyz\r\n"), None);
        assert_eq!(fact(":1\r\n", ":2\r\n"), None);
    }
}

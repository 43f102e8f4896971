//! Replies that cannot be known beforehand, counted: a reply ends where its last value ends.
//!
//! A value is a line, or a line and as many bytes as it names, or a line and as many values as it
//! names. So two numbers are all that has to be remembered between two reads: how many values are
//! missing for the reply under way, and how many bytes of a string are still to come.

/// How far the replies of one client have come.
#[derive(Debug, Default)]
pub struct Scan {
    /// Values still to come before the reply is complete; 0 between two replies.
    missing: u64,
    /// Bytes of a bulk string, and its CRLF, still to come.
    skip: usize,
    /// The line under way: its kind, and the number it has said so far.
    kind: u8,
    number: i64,
    negative: bool,
}

impl Scan {
    /// The replies that end within `bytes`. An error, a null or an array that has not `length`
    /// elements is wrong: the place where it was seen.
    pub fn count(&mut self, length: Option<usize>, bytes: &[u8]) -> Result<usize, usize> {
        let mut count = 0;
        let mut at = 0;
        while at < bytes.len() {
            if self.skip > 0 {
                let skipped = self.skip.min(bytes.len() - at);
                self.skip -= skipped;
                at += skipped;
                count += usize::from(self.skip == 0 && self.value_ends(0));
                continue;
            }
            let byte = bytes[at];
            match byte {
                b'\n' => count += usize::from(self.line_ends(length).ok_or(at)?),
                _ => self.letter(byte).ok_or(at)?,
            }
            at += 1;
        }
        Ok(count)
    }

    fn letter(&mut self, byte: u8) -> Option<()> {
        if self.kind == 0 {
            self.kind = byte;
            (self.number, self.negative) = (0, false);
            return b"+:$*".contains(&byte).then_some(());
        }
        match byte {
            b'-' => self.negative = true,
            b'0'..=b'9' => self.number = self.number.wrapping_mul(10) + i64::from(byte - b'0'),
            _ => {}
        }
        Some(())
    }

    /// What the line says; whether it was a reply's last. None if it is wrong.
    fn line_ends(&mut self, length: Option<usize>) -> Option<bool> {
        let kind = std::mem::take(&mut self.kind);
        let top = self.missing == 0;
        if kind != b'*' && kind != b'$' {
            return (length.is_none() || !top).then(|| self.value_ends(0));
        }
        if self.negative && top {
            return None;
        }
        let number = if self.negative { 0 } else { u64::try_from(self.number).ok()? };
        if kind == b'*' {
            let fits = length.is_none_or(|length| !top || number == length as u64);
            return fits.then(|| self.value_ends(number));
        }
        if self.negative {
            return Some(self.value_ends(0));
        }
        self.missing = self.missing.max(1);
        self.skip = usize::try_from(number).ok()? + 2;
        Some(false)
    }

    /// Counts a value that has `inner` values within it; whether the reply is complete.
    fn value_ends(&mut self, inner: u64) -> bool {
        self.missing = self.missing.max(1) - 1 + inner;
        self.missing == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLIES: &[u8] =
        b":12\r\n$3\r\na\r\n\r\n*2\r\n$1\r\nx\r\n*2\r\n:1\r\n$-1\r\n+OK\r\n*0\r\n$0\r\n\r\n";

    #[test]
    fn replies_cut_anywhere_are_counted_once() {
        for cut in 0..REPLIES.len() {
            let mut scan = Scan::default();
            let (left, right) = REPLIES.split_at(cut);
            let counts = [scan.count(None, left).unwrap(), scan.count(None, right).unwrap()];
            assert_eq!(counts.iter().sum::<usize>(), 6, "cut at {cut}");
        }
    }

    #[test]
    fn errors_nulls_and_short_arrays_are_wrong() {
        assert_eq!(Scan::default().count(None, b"+OK\r\n-ERR no\r\n"), Err(5));
        assert!(Scan::default().count(None, b"$-1\r\n").is_err());
        assert!(Scan::default().count(None, b"*-1\r\n").is_err());
        assert!(Scan::default().count(Some(2), b"*1\r\n:1\r\n").is_err());
        assert_eq!(Scan::default().count(Some(2), b"*2\r\n:1\r\n:2\r\n"), Ok(1));
    }
}

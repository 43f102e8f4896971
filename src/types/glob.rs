//! Glob patterns, as KEYS, SCAN, PSUBSCRIBE, CONFIG GET and ACL take them.
//!
//! `*` any bytes, `?` one byte, `[abc]` `[a-z]` `[^a]` one byte of a class, `\x` the byte x itself;
//! a class that does not close ends with the pattern. Every other element takes exactly one byte,
//! so when a match fails only the last `*` has to be tried longer: pattern × text steps at most,
//! whatever the pattern. Odd cases are as a real server answers them; so no pattern but the empty
//! one matches the empty text.
//! Source: https://redis.io/docs/latest/commands/keys/

/// Whether letters of either case are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `a` is not `A`.
    Sensitive,
    /// `a` is `A`: ASCII letters only.
    Insensitive,
}

/// True when the pattern matches the whole text.
pub fn glob_match(pattern: &[u8], text: &[u8], case: Case) -> bool {
    if text.is_empty() {
        return pattern.is_empty();
    }
    let (mut p, mut t) = (0, 0);
    // Where the pattern goes on behind the last star, and the byte that star does not cover yet.
    let mut retry = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            retry = Some((p, t));
            if p == pattern.len() {
                return true;
            }
            continue;
        }
        if let Some(next) = match_one(&pattern[p..], text[t], case) {
            p += next;
            t += 1;
            continue;
        }
        let Some((behind_star, covered)) = retry else {
            return false;
        };
        retry = Some((behind_star, covered + 1));
        (p, t) = (behind_star, covered + 1);
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// Matches one byte with the pattern's first element; the element's length when it fits.
#[inline]
fn match_one(pattern: &[u8], byte: u8, case: Case) -> Option<usize> {
    match *pattern {
        [] => None,
        [b'?', ..] => Some(1),
        [b'[', ..] => match_class(pattern, byte, case),
        [b'\\', escaped, ..] => same(escaped, byte, case).then_some(2),
        [literal, ..] => same(literal, byte, case).then_some(1),
    }
}

fn match_class(pattern: &[u8], byte: u8, case: Case) -> Option<usize> {
    let negated = pattern.get(1) == Some(&b'^');
    let mut p = if negated { 2 } else { 1 };
    let mut found = false;
    loop {
        match pattern[p..] {
            // An escaped byte keeps its case even where case is ignored.
            [b'\\', escaped, ..] => {
                found |= escaped == byte;
                p += 2;
            }
            [b']', ..] => {
                p += 1;
                break;
            }
            [] => break,
            [first, b'-', last, ..] => {
                found |= in_range(first, last, byte, case);
                p += 3;
            }
            [literal, ..] => {
                found |= same(literal, byte, case);
                p += 1;
            }
        }
    }
    (found != negated).then_some(p)
}

/// Bounds may come in either order. Bytes are compared as C's signed characters: 0x80 stands before
/// 0.
fn in_range(first: u8, last: u8, byte: u8, case: Case) -> bool {
    let signed = |byte: u8| byte.cast_signed();
    let (low, high) = (signed(first).min(signed(last)), signed(first).max(signed(last)));
    let fold = |byte: i8| match case {
        Case::Sensitive => byte,
        Case::Insensitive => byte.cast_unsigned().to_ascii_lowercase().cast_signed(),
    };
    (fold(low)..=fold(high)).contains(&fold(signed(byte)))
}

fn same(a: u8, b: u8, case: Case) -> bool {
    match case {
        Case::Sensitive => a == b,
        Case::Insensitive => a.eq_ignore_ascii_case(&b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        glob_match(pattern.as_bytes(), text.as_bytes(), Case::Sensitive)
    }

    fn matches_any_case(pattern: &str, text: &str) -> bool {
        glob_match(pattern.as_bytes(), text.as_bytes(), Case::Insensitive)
    }

    #[test]
    fn a_star_covers_any_bytes() {
        for text in ["ab", "aXb", "aXXb", "abb", "a\nb"] {
            assert!(matches("a*b", text), "{text}");
        }
        assert!(matches("*", "anything") && matches("a**", "a") && matches("*a*b*", "xaybz"));
        assert!(!matches("a*b", "abc") && !matches("*a*b", "ba"));
    }

    #[test]
    fn a_question_mark_is_one_byte() {
        assert!(matches("h?llo", "hello") && !matches("h?llo", "hllo") && !matches("?", ""));
    }

    #[test]
    fn a_class_is_one_byte_of_a_set() {
        assert!(matches("h[ae]llo", "hallo") && !matches("h[ae]llo", "hillo"));
        assert!(matches("[a-c]", "b") && matches("[c-a]", "b") && !matches("[a-c]", "d"));
        assert!(matches("[^a-c]", "d") && !matches("[^a-c]", "b"));
        assert!(matches(r"[\]]", "]") && matches(r"[\a-c]", "-"));
    }

    #[test]
    fn a_class_that_does_not_close_ends_with_the_pattern() {
        assert!(matches("[ab", "b") && matches("[a-", "-") && matches("[^", "x"));
        assert!(!matches("[", "[") && matches(r"[\", r"\"));
        // The bracket is the end of a range here.
        assert!(matches("[a-]", "^"));
    }

    #[test]
    fn a_backslash_takes_the_next_byte_as_it_is() {
        assert!(matches(r"a\*b", "a*b") && !matches(r"a\*b", "axb"));
        assert!(matches(r"a\", r"a\"));
    }

    #[test]
    fn case_can_be_ignored_except_for_what_is_escaped_in_a_class() {
        assert!(matches_any_case("HeLLo", "hEllO") && matches_any_case("[A-C]", "b"));
        assert!(!matches_any_case(r"[\A]", "a") && !matches("A", "a"));
    }

    #[test]
    fn only_the_empty_pattern_matches_nothing() {
        assert!(matches("", "") && !matches("*", "") && !matches("", "a"));
    }

    #[test]
    fn many_stars_take_no_longer_than_pattern_times_text() {
        let pattern = "a*".repeat(2_000) + "b";
        // 4,000 × 20,000 steps; a search that tries every star again would never end.
        assert!(!matches(&pattern, &"a".repeat(20_000)));
    }
}

//! The longest common subsequence of two strings, 64 columns at a time.
//!
//! The textbook table holds L[i][j], the length for the first i bytes of `a` and the first j bytes
//! of `b`. In a row it grows by 0 or 1 from column to column, so one bit a column is enough: `flat`
//! has a 1 where the row does not grow. A whole row follows from the one above it with an addition
//! whose carry runs along the row:
//! ```text
//! u     = flat & match(a[i])           match(x): the columns where b is x
//! flat' = (flat + u) | (flat - u)
//! ```
//! That is 1/32 of the memory of a table of 32-bit numbers, and 64 columns a step. The way back
//! from the lower right corner needs nothing else: equal bytes are a step up and left; of the other
//! two ways the one along the row is taken unless the row grows there, which is the choice that a
//! table with "up only if larger" makes.
//!
//! ```text
//! words: b.len() / 64, rounded up
//! rows: a.len() × words     masks: words for each byte that occurs in `a`
//! ```
//! Source: H. Hyyrö, "Bit-Parallel LCS-length Computation Revisited" (2004).

/// A run of equal bytes: `length` bytes at `a_start` in the one string and at `b_start` in the
/// other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Where it begins in the first string.
    pub a_start: usize,
    /// Where it begins in the second string.
    pub b_start: usize,
    /// How many bytes it has.
    pub length: usize,
}

/// How long the longest common subsequence is. Takes a row of memory.
pub fn length(a: &[u8], b: &[u8]) -> usize {
    let masks = Masks::new(a, b);
    let mut flat = vec![u64::MAX; words(b)];
    for byte in a {
        next_row(&mut flat, masks.of(*byte));
    }
    flat.iter().map(|word| word.count_zeros() as usize).sum()
}

/// The runs of equal bytes that make up the longest common subsequence, the last one first.
pub fn runs(a: &[u8], b: &[u8]) -> Vec<Run> {
    let rows = rows(a, b);
    let words = words(b);
    let mut runs: Vec<Run> = Vec::new();
    let (mut i, mut j) = (a.len(), b.len());
    let mut is_open = false;
    while i > 0 && j > 0 {
        if a[i - 1] == b[j - 1] {
            (i, j) = (i - 1, j - 1);
            match runs.last_mut().filter(|_| is_open) {
                Some(run) => *run = Run { a_start: i, b_start: j, length: run.length + 1 },
                None => runs.push(Run { a_start: i, b_start: j, length: 1 }),
            }
            is_open = true;
            continue;
        }
        is_open = false;
        let stays = rows[(i - 1) * words + (j - 1) / 64] >> ((j - 1) % 64) & 1 == 1;
        if stays { j -= 1 } else { i -= 1 }
    }
    runs
}

/// The longest common subsequence itself, from its runs.
pub fn text(a: &[u8], runs: &[Run]) -> Vec<u8> {
    runs.iter().rev().flat_map(|run| &a[run.a_start..run.a_start + run.length]).copied().collect()
}

fn words(b: &[u8]) -> usize {
    b.len().div_ceil(64)
}

/// Every row, one after the other: bits are 1 where the row does not grow.
fn rows(a: &[u8], b: &[u8]) -> Vec<u64> {
    let masks = Masks::new(a, b);
    let words = words(b);
    let mut rows = Vec::with_capacity(a.len() * words);
    let mut flat = vec![u64::MAX; words];
    for byte in a {
        next_row(&mut flat, masks.of(*byte));
        rows.extend_from_slice(&flat);
    }
    rows
}

fn next_row(flat: &mut [u64], matches: &[u64]) {
    let mut carry = false;
    for (word, matches) in flat.iter_mut().zip(matches) {
        let u = *word & matches;
        let (sum, first) = word.overflowing_add(u);
        let (sum, second) = sum.overflowing_add(carry.into());
        carry = first || second;
        *word = sum | (*word - u);
    }
}

/// For each byte that occurs in `a`: the columns at which `b` has it.
struct Masks {
    words: usize,
    /// Which of the masks belongs to a byte.
    index: [usize; 256],
    masks: Vec<u64>,
}

impl Masks {
    fn new(a: &[u8], b: &[u8]) -> Self {
        /// The mask of bytes that do not occur in `a`: nobody asks for it.
        const NONE: usize = usize::MAX;
        let words = words(b);
        let mut index = [NONE; 256];
        let mut count = 0;
        for byte in a {
            let slot = &mut index[usize::from(*byte)];
            if *slot == NONE {
                *slot = count;
                count += 1;
            }
        }
        let mut masks = vec![0u64; count * words];
        for (at, byte) in b.iter().enumerate() {
            let slot = index[usize::from(*byte)];
            if slot != NONE {
                masks[slot * words + at / 64] |= 1 << (at % 64);
            }
        }
        Masks { words, index, masks }
    }

    fn of(&self, byte: u8) -> &[u64] {
        let start = self.index[usize::from(byte)] * self.words;
        &self.masks[start..start + self.words]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The textbook table and the way back that prefers the row unless the column above is larger.
    fn by_table(a: &[u8], b: &[u8]) -> (usize, Vec<Run>) {
        let mut table = vec![vec![0usize; b.len() + 1]; a.len() + 1];
        for i in 1..=a.len() {
            for j in 1..=b.len() {
                table[i][j] = match a[i - 1] == b[j - 1] {
                    true => table[i - 1][j - 1] + 1,
                    false => table[i - 1][j].max(table[i][j - 1]),
                };
            }
        }
        let mut steps = Vec::new();
        let (mut i, mut j) = (a.len(), b.len());
        while i > 0 && j > 0 {
            if a[i - 1] == b[j - 1] {
                (i, j) = (i - 1, j - 1);
                steps.push((i, j));
            } else if table[i - 1][j] > table[i][j - 1] {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        let mut runs: Vec<Run> = Vec::new();
        for (i, j) in steps {
            match runs.last_mut() {
                Some(run) if run.a_start == i + 1 && run.b_start == j + 1 => {
                    *run = Run { a_start: i, b_start: j, length: run.length + 1 };
                }
                _ => runs.push(Run { a_start: i, b_start: j, length: 1 }),
            }
        }
        (table[a.len()][b.len()], runs)
    }

    #[test]
    fn the_example_of_the_manual() {
        let (a, b) = (b"ohmytext", b"mynewtext");
        let found = runs(a, b);
        assert_eq!(text(a, &found), b"mytext");
        let expected = [(4, 5, 4), (2, 0, 2)].map(|(a_start, b_start, length)| Run {
            a_start,
            b_start,
            length,
        });
        assert_eq!(found, expected);
        assert_eq!(length(a, b), 6);
    }

    #[test]
    fn an_empty_string_has_nothing_in_common() {
        assert_eq!((length(b"", b"abc"), length(b"abc", b"")), (0, 0));
        assert_eq!((runs(b"", b"abc"), runs(b"abc", b"")), (vec![], vec![]));
    }

    proptest! {
        #[test]
        fn agrees_with_the_table(
            a in proptest::collection::vec(0u8..4, 0..200),
            b in proptest::collection::vec(0u8..4, 0..200),
        ) {
            let (expected_length, expected_runs) = by_table(&a, &b);
            prop_assert_eq!(length(&a, &b), expected_length);
            prop_assert_eq!(runs(&a, &b), expected_runs);
        }
    }
}

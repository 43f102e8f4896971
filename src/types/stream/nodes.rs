//! How many nodes Redis's radix tree would have for the blocks of a stream: XINFO STREAM tells it.
//!
//! The tree's keys are the 16 bytes of the blocks' first ids. A byte that several keys differ in is
//! a branching node; a run of bytes without a branch is one node; every key ends in a leaf.

use super::id::Id;

const KEY_BYTES: usize = 16;

/// The nodes of the tree whose keys are `ids`, which are in order. Takes time in their number.
pub(super) fn radix_tree_nodes(ids: impl Iterator<Item = Id>) -> u64 {
    let mut nodes = 1;
    // How many bytes the last key shares with keys before it: the branches on its way, deepest
    // last.
    let mut branches: Vec<usize> = Vec::new();
    let mut before: Option<[u8; KEY_BYTES]> = None;
    for id in ids {
        let key = key_of(id);
        let Some(last) = before.replace(key) else {
            // The root is the run of all its bytes; then comes its leaf.
            nodes = 2;
            continue;
        };
        let shared = last.iter().zip(&key).take_while(|(a, b)| a == b).count();
        let mut run_end = KEY_BYTES;
        while let Some(deeper) = branches.pop_if(|branch| *branch > shared) {
            run_end = deeper;
        }
        if branches.last() != Some(&shared) {
            let run_start = branches.last().map_or(0, |branch| branch + 1);
            // The run is cut: what is left before the branch, the branch, what is left behind it.
            nodes += u64::from(run_start < shared) + u64::from(shared + 1 < run_end);
            branches.push(shared);
        }
        // The new key's leaf, and the run before it unless the branch is at the last byte.
        nodes += 1 + u64::from(shared + 1 < KEY_BYTES);
    }
    nodes
}

fn key_of(id: Id) -> [u8; KEY_BYTES] {
    (u128::from(id.ms) << 64 | u128::from(id.seq)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_those_redis_counts() {
        // As XINFO STREAM of Redis 7.0.15 tells it with stream-node-max-entries 1.
        let cases: &[(&[(u64, u64)], u64)] = CASES;
        for (ids, expected) in cases {
            let ids = ids.iter().map(|(ms, seq)| Id { ms: *ms, seq: *seq });
            assert_eq!(radix_tree_nodes(ids.clone()), *expected, "{:?}", ids.collect::<Vec<_>>());
        }
    }

    const CASES: &[(&[(u64, u64)], u64)] = &[
        (&[], 1),
        (&[(1, 1)], 2),
        (&[(1, 1), (1, 2)], 4),
        (&[(1, 1), (1, 2), (1, 300)], 7),
        (&[(1, 1), (256, 1)], 6),
        (&[(1, 1), (2, 1), (2, 2)], 8),
        (
            &[
                (1, 1),
                (1, 2),
                (1, 3),
                (70000, 0),
                (70000, 9),
                (1099511627776, 7),
                (1099511627776, 8589934592),
            ],
            19,
        ),
        (&[(5, 0), (5, 256), (5, 257), (5, 65536), (6, 0), (6, 1)], 16),
    ];
}

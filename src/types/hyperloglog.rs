//! HyperLogLog: about how many different elements were seen, in Redis's own string layout.
//!
//! An element's hash chooses one of 16384 registers by its lower 14 bits; the register keeps the
//! longest run of zeros that the other 50 began with, plus one. Many registers with long runs mean
//! many elements.
//!
//! ```text
//! header     "HYLL" | encoding: u8 (0 dense, 1 sparse) | 3 bytes unused
//!            | count: u64 little-endian, its highest bit set once it is out of date
//! dense      16384 registers of 6 bits, lower bits first: 12288 bytes
//! sparse     runs of equal registers, in order:
//!            00nnnnnn            n + 1 zeros                      ZERO
//!            01nnnnnn nnnnnnnn   n + 1 zeros                      XZERO
//!            1vvvvvnn            n + 1 registers that hold v + 1  VAL
//! ```
//! A sketch begins sparse. It becomes dense when a register exceeds 32, or its bytes a limit.
//! Sources: the comments of Redis's hyperloglog.c on the layout; O. Ertl, "New cardinality
//! estimation algorithms for HyperLogLog sketches", arXiv:1702.01284, for the count.

/// How many registers there are.
pub const REGISTERS: usize = 1 << INDEX_BITS;
const INDEX_BITS: u32 = 14;
/// How many bits of a hash the run of zeros is looked for in.
const RUN_BITS: u32 = 64 - INDEX_BITS;
const HEADER_BYTES: usize = 16;
const DENSE_BYTES: usize = HEADER_BYTES + REGISTERS * 6 / 8;
const DENSE: u8 = 0;
const SPARSE: u8 = 1;
/// The largest register a sparse sketch can hold.
const LARGEST_SPARSE: u8 = 32;
/// Byte of the header whose highest bit says that the count is out of date.
const STALE_AT: usize = 15;

/// The registers, one a byte.
pub type Registers = [u8; REGISTERS];

/// The runs of a sparse sketch do not make up 16384 registers.
#[derive(Debug, PartialEq, Eq)]
pub struct Corrupted;

/// An element as a sketch sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    index: usize,
    value: u8,
}

impl Trace {
    /// Hashes an element.
    pub fn of(element: &[u8]) -> Trace {
        let hash = murmur_hash_64a(element, 0xadc8_3b19);
        let run = hash >> INDEX_BITS | 1 << RUN_BITS;
        Trace { index: (hash % REGISTERS as u64) as usize, value: run.trailing_zeros() as u8 + 1 }
    }
}

/// MurmurHash64A: the 64-bit hash of MurmurHash2.
fn murmur_hash_64a(bytes: &[u8], seed: u64) -> u64 {
    const FACTOR: u64 = 0xc6a4_a793_5bd1_e995;
    const SHIFT: u32 = 47;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = seed ^ (bytes.len() as u64).wrapping_mul(FACTOR);
    for word in words {
        let mut word = u64::from_le_bytes(*word).wrapping_mul(FACTOR);
        word ^= word >> SHIFT;
        hash = (hash ^ word.wrapping_mul(FACTOR)).wrapping_mul(FACTOR);
    }
    if !rest.is_empty() {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(FACTOR);
    }
    hash = (hash ^ hash >> SHIFT).wrapping_mul(FACTOR);
    hash ^ hash >> SHIFT
}

/// Whether a string has the header of a sketch, and the length of a dense one if it is dense.
pub fn is_sketch(bytes: &[u8]) -> bool {
    let has_header = bytes.len() >= HEADER_BYTES && bytes.starts_with(b"HYLL");
    has_header
        && match bytes[4] {
            DENSE => bytes.len() == DENSE_BYTES,
            encoding => encoding == SPARSE,
        }
}

/// Whether a sketch is dense.
pub fn is_dense(sketch: &[u8]) -> bool {
    sketch[4] == DENSE
}

/// A sketch that has seen nothing.
pub fn empty() -> Vec<u8> {
    let mut sketch = vec![0; HEADER_BYTES];
    sketch[..4].copy_from_slice(b"HYLL");
    sketch[4] = SPARSE;
    push_zeros(&mut sketch, REGISTERS);
    sketch
}

/// Says that the count in the header is out of date.
pub fn mark_stale(sketch: &mut [u8]) {
    sketch[STALE_AT] |= 0x80;
}

/// The count in the header, unless it is out of date.
pub fn known_count(sketch: &[u8]) -> Option<i64> {
    let count = sketch[8..HEADER_BYTES].try_into().expect("a header has eight bytes of count");
    Some(i64::from_le_bytes(count)).filter(|count| *count >= 0)
}

/// Writes the count into the header.
pub fn keep_count(sketch: &mut [u8], count: i64) {
    sketch[8..HEADER_BYTES].copy_from_slice(&count.to_le_bytes());
}

/// Counts an element in a dense sketch; true when that changed a register.
pub fn add_dense(sketch: &mut [u8], trace: Trace) -> bool {
    let registers = &mut sketch[HEADER_BYTES..];
    let is_larger = dense_register(registers, trace.index) < trace.value;
    if is_larger {
        set_dense_register(registers, trace.index, trace.value);
    }
    is_larger
}

fn dense_register(registers: &[u8], index: usize) -> u8 {
    let (byte, shift) = (index * 6 / 8, index * 6 % 8);
    let next = registers.get(byte + 1).copied().unwrap_or(0);
    (u16::from_le_bytes([registers[byte], next]) >> shift & 63) as u8
}

fn set_dense_register(registers: &mut [u8], index: usize, value: u8) {
    let (byte, shift) = (index * 6 / 8, index * 6 % 8);
    let next = registers.get(byte + 1).copied().unwrap_or(0);
    let both = u16::from_le_bytes([registers[byte], next]);
    let [first, second] = (both & !(63 << shift) | u16::from(value) << shift).to_le_bytes();
    registers[byte] = first;
    // The last register ends with its byte.
    if let Some(next) = registers.get_mut(byte + 1) {
        *next = second;
    }
}

/// A run of equal registers in a sparse sketch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// What the registers hold.
    value: u8,
    /// How many they are.
    length: usize,
    /// How many bytes the run takes.
    bytes: usize,
}

const LONGEST_ZERO: usize = 64;
const LONGEST_VALUE: usize = 4;

impl Run {
    /// The run at the beginning of `bytes`, unless it is cut short.
    #[inline]
    fn first(bytes: &[u8]) -> Option<Run> {
        let byte = *bytes.first()?;
        let low = usize::from(byte & 0x3F);
        Some(match byte >> 6 {
            0 => Run { value: 0, length: low + 1, bytes: 1 },
            1 => Run { value: 0, length: (low << 8 | usize::from(*bytes.get(1)?)) + 1, bytes: 2 },
            _ => Run { value: (byte >> 2 & 31) + 1, length: usize::from(byte & 3) + 1, bytes: 1 },
        })
    }
}

fn push_zeros(sparse: &mut impl Extend<u8>, length: usize) {
    match length {
        0 => {}
        1..=LONGEST_ZERO => sparse.extend([length as u8 - 1]),
        _ => sparse.extend([0x40 | ((length - 1) >> 8) as u8, (length - 1) as u8]),
    }
}

fn value_run(value: u8, length: usize) -> u8 {
    0x80 | (value - 1) << 2 | (length as u8 - 1)
}

fn push_registers(sparse: &mut impl Extend<u8>, value: u8, length: usize) {
    match (value, length) {
        (_, 0) => {}
        (0, _) => push_zeros(sparse, length),
        _ => sparse.extend([value_run(value, length)]),
    }
}

/// Calls `visit` with each run of a sparse sketch and the register it begins at.
fn each_run(sketch: &[u8], mut visit: impl FnMut(usize, Run)) -> Result<(), Corrupted> {
    let (mut at, mut index) = (HEADER_BYTES, 0);
    while at < sketch.len() {
        let run = Run::first(&sketch[at..]).ok_or(Corrupted)?;
        if index + run.length > REGISTERS {
            return Err(Corrupted);
        }
        visit(index, run);
        at += run.bytes;
        index += run.length;
    }
    if index == REGISTERS { Ok(()) } else { Err(Corrupted) }
}

/// Makes a sparse sketch dense; the count in its header stays.
///
/// # Errors
/// When its runs are not those of a sketch.
pub fn make_dense(sketch: &mut Vec<u8>) -> Result<(), Corrupted> {
    if is_dense(sketch) {
        return Ok(());
    }
    let mut dense = vec![0; DENSE_BYTES];
    dense[..HEADER_BYTES].copy_from_slice(&sketch[..HEADER_BYTES]);
    dense[4] = DENSE;
    let registers = &mut dense[HEADER_BYTES..];
    each_run(sketch, |index, run| {
        if run.value > 0 {
            (index..index + run.length).for_each(|at| set_dense_register(registers, at, run.value));
        }
    })?;
    *sketch = dense;
    Ok(())
}

/// Counts an element in a sketch; true when that changed a register. A sparse sketch of more than
/// `longest_sparse` bytes becomes dense.
///
/// # Errors
/// When the runs up to the register, or all where it has to become dense, are not those of a
/// sketch.
pub fn add(sketch: &mut Vec<u8>, trace: Trace, longest_sparse: usize) -> Result<bool, Corrupted> {
    if is_dense(sketch) {
        return Ok(add_dense(sketch, trace));
    }
    if trace.value > LARGEST_SPARSE {
        make_dense(sketch)?;
        return Ok(add_dense(sketch, trace));
    }
    let place = Place::of(sketch, trace.index)?;
    if place.run.value >= trace.value {
        return Ok(false);
    }
    let split = place.split(trace);
    let longer = split.len().saturating_sub(place.run.bytes);
    if longer > 0 && sketch.len() + longer > longest_sparse {
        make_dense(sketch)?;
        return Ok(add_dense(sketch, trace));
    }
    sketch.splice(place.at..place.at + place.run.bytes, split);
    join_runs(sketch, place.before);
    mark_stale(sketch);
    Ok(true)
}

/// Whether an element would change a register.
///
/// # Errors
/// As `add`.
pub fn would_change(sketch: &[u8], trace: Trace) -> Result<bool, Corrupted> {
    if is_dense(sketch) {
        return Ok(dense_register(&sketch[HEADER_BYTES..], trace.index) < trace.value);
    }
    // What no sparse sketch can hold is larger than what this one holds.
    Ok(trace.value > LARGEST_SPARSE || Place::of(sketch, trace.index)?.run.value < trace.value)
}

/// Where a register lies in a sparse sketch.
struct Place {
    /// Where its run lies.
    at: usize,
    run: Run,
    /// The first register of the run.
    first: usize,
    /// Where the run before it lies, or itself if it is the first.
    before: usize,
}

impl Place {
    fn of(sketch: &[u8], index: usize) -> Result<Place, Corrupted> {
        let (mut at, mut before, mut first) = (HEADER_BYTES, HEADER_BYTES, 0);
        loop {
            let run = Run::first(&sketch[at..]).ok_or(Corrupted)?;
            if index < first + run.length {
                return Ok(Place { at, run, first, before });
            }
            before = at;
            at += run.bytes;
            first += run.length;
        }
    }

    /// What takes the place of the run: what it held before the register, the register, the rest.
    fn split(&self, trace: Trace) -> smallvec::SmallVec<[u8; 8]> {
        let mut runs = smallvec::SmallVec::new();
        let before = trace.index - self.first;
        push_registers(&mut runs, self.run.value, before);
        runs.push(value_run(trace.value, 1));
        push_registers(&mut runs, self.run.value, self.run.length - before - 1);
        runs
    }
}

/// How many runs `join_runs` looks at: the one before the change, the three a change can make,
/// and the one after it.
const RUNS_AROUND_A_CHANGE: usize = 5;

/// Joins neighbours that hold the same value, from the run at `at` on.
///
/// It looks at no more than five runs, a joined one counting again, as Redis does: the bytes are
/// to be the same.
fn join_runs(sketch: &mut Vec<u8>, mut at: usize) {
    for _ in 0..RUNS_AROUND_A_CHANGE {
        let Some(run) = sketch.get(at..).and_then(Run::first) else { return };
        let next = sketch.get(at + run.bytes..).and_then(Run::first);
        let joined = next
            .filter(|next| run.value > 0 && next.value == run.value)
            .map(|next| run.length + next.length)
            .filter(|length| *length <= LONGEST_VALUE);
        match joined {
            Some(length) => {
                sketch.remove(at);
                sketch[at] = value_run(run.value, length);
            }
            None => at += run.bytes,
        }
    }
}

/// Raises `registers` to those of a sketch where they are larger.
///
/// # Errors
/// When its runs are not those of a sketch.
pub fn merge_into(registers: &mut Registers, sketch: &[u8]) -> Result<(), Corrupted> {
    if !is_dense(sketch) {
        return each_run(sketch, |index, run| {
            let span = &mut registers[index..index + run.length];
            span.iter_mut().for_each(|register| *register = (*register).max(run.value));
        });
    }
    let quads = sketch[HEADER_BYTES..].as_chunks::<3>().0;
    for (registers, packed) in registers.as_chunks_mut::<4>().0.iter_mut().zip(quads) {
        for (register, value) in registers.iter_mut().zip(unpack(*packed)) {
            *register = (*register).max(value);
        }
    }
    Ok(())
}

/// The four registers in three bytes of a dense sketch.
fn unpack([first, second, third]: [u8; 3]) -> [u8; 4] {
    let packed = u32::from_le_bytes([first, second, third, 0]);
    [0, 6, 12, 18].map(|shift| (packed >> shift & 63) as u8)
}

/// Raises the registers of a sketch to `registers` where those are larger, and says that its count
/// is out of date.
///
/// # Errors
/// As `add`.
pub fn raise(
    sketch: &mut Vec<u8>,
    registers: &Registers,
    longest_sparse: usize,
) -> Result<(), Corrupted> {
    for (index, value) in registers.iter().enumerate().filter(|(_, value)| **value > 0) {
        add(sketch, Trace { index, value: *value }, longest_sparse)?;
    }
    mark_stale(sketch);
    Ok(())
}

/// About how many different elements a sketch has seen.
///
/// # Errors
/// When its runs are not those of a sketch.
pub fn count(sketch: &[u8]) -> Result<i64, Corrupted> {
    let mut registers = [0; REGISTERS];
    merge_into(&mut registers, sketch)?;
    Ok(count_registers(&registers))
}

/// About how many different elements led to these registers.
pub fn count_registers(registers: &Registers) -> i64 {
    let mut counts = [0u32; 64];
    registers.iter().for_each(|register| counts[usize::from(register & 63)] += 1);
    const LARGEST: usize = RUN_BITS as usize + 1;
    /// 1 / (2 ln 2)
    const ALPHA: f64 = 0.721_347_520_444_481_7;
    let all = REGISTERS as f64;
    let mut sum = all * tau((all - f64::from(counts[LARGEST])) / all);
    for count in counts[1..LARGEST].iter().rev() {
        sum = (sum + f64::from(*count)) * 0.5;
    }
    sum += all * sigma(f64::from(counts[0]) / all);
    let estimate = (ALPHA * all * all / sum).round();
    // Registers that no elements lead to; C's conversion gives the same.
    if estimate < 9.2e18 { estimate as i64 } else { i64::MIN }
}

/// Ertl's sigma: what registers that are still zero add.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut factor, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * factor;
        factor += factor;
        if sum == before {
            return sum;
        }
    }
}

/// Ertl's tau: what registers at their largest value add.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut factor, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        factor *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * factor;
        if sum == before {
            return sum / 3.0;
        }
    }
}

/// The runs of a sparse sketch as PFDEBUG DECODE shows them: `Z:1000 v:2,1 z:19`.
pub fn describe_runs(sketch: &[u8]) -> String {
    // A last run that is cut short is shown as if a zero followed.
    let padded = [sketch, &[0]].concat();
    let mut shown = Vec::new();
    let mut at = HEADER_BYTES;
    while let Some(run) = Run::first(&padded[at..]).filter(|_| at < sketch.len()) {
        shown.push(match (run.value, run.bytes) {
            (0, 1) => format!("z:{}", run.length),
            (0, _) => format!("Z:{}", run.length),
            (value, _) => format!("v:{value},{}", run.length),
        });
        at += run.bytes;
    }
    shown.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filled(elements: std::ops::Range<u32>, longest_sparse: usize) -> Vec<u8> {
        let mut sketch = empty();
        for element in elements {
            add(&mut sketch, Trace::of(&element.to_le_bytes()), longest_sparse).expect("sound");
        }
        sketch
    }

    fn registers_of(sketch: &[u8]) -> Registers {
        let mut registers = [0; REGISTERS];
        merge_into(&mut registers, sketch).expect("sound");
        registers
    }

    #[test]
    fn the_hash_is_murmur_hash_64a() {
        // From the reference program of MurmurHash2, 64 bit, for these seeds.
        assert_eq!(murmur_hash_64a(b"", 0), 0);
        assert_eq!(murmur_hash_64a(b"hello", 0), 0x1e68_d17c_457b_f117);
    }

    #[test]
    fn sparse_and_dense_hold_the_same_registers() {
        for count in [0, 1, 2, 100, 1000, 5000] {
            let (sparse, dense) = (filled(0..count, 20_000), filled(0..count, 0));
            assert!(!is_dense(&sparse));
            assert_eq!(is_dense(&dense), count > 0);
            assert_eq!(registers_of(&sparse), registers_of(&dense), "{count}");
        }
    }

    #[test]
    fn counts_are_near() {
        for count in [0u32, 1, 10, 100, 1000, 10_000, 100_000] {
            let estimate = super::count(&filled(0..count, 3000)).expect("sound") as f64;
            let far = (estimate - f64::from(count)).abs() / f64::from(count.max(1));
            assert!(far < 0.03, "{estimate} for {count}");
        }
    }

    #[test]
    fn a_sketch_becomes_dense_at_the_limit_or_with_a_large_register() {
        let mut sketch = empty();
        assert_eq!(add(&mut sketch, Trace { index: 7, value: 32 }, 3000), Ok(true));
        assert!(!is_dense(&sketch));
        assert_eq!(add(&mut sketch, Trace { index: 8, value: 33 }, 3000), Ok(true));
        assert!(is_dense(&sketch));
        assert_eq!(registers_of(&sketch)[6..10], [0, 32, 33, 0]);
        let sketch = filled(0..20, 40);
        assert!(is_dense(&sketch));
        assert!(filled(0..5000, 3000).len() == DENSE_BYTES);
    }

    #[test]
    fn what_is_no_sketch_is_told_so() {
        assert!(is_sketch(&empty()));
        assert!(!is_sketch(b""));
        assert!(!is_sketch(b"HYLL\x00\0\0\0\0\0\0\0\0\0\0\0"));
        assert!(!is_sketch(b"HYLL\x02\0\0\0\0\0\0\0\0\0\0\0"));
        assert!(!is_sketch(b"HYLl\x01\0\0\0\0\0\0\0\0\0\0\0"));
        let runs = |runs: &[u8]| [b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0", runs].concat();
        for runs in [runs(b""), runs(b"\x7f"), runs(b"\x7f\xff\x80"), runs(b"\x7f\xfe")] {
            assert_eq!(super::count(&runs), Err(Corrupted), "{runs:?}");
            assert_eq!(make_dense(&mut runs.clone()), Err(Corrupted), "{runs:?}");
        }
        let last = Trace { index: REGISTERS - 1, value: 1 };
        assert_eq!(add(&mut runs(b"\x7f\xfe"), last, 3000), Err(Corrupted));
        assert_eq!(count_registers(&[63; REGISTERS]), i64::MIN);
    }

    #[test]
    fn the_count_in_the_header_is_known_until_a_change() {
        let mut sketch = empty();
        assert_eq!(known_count(&sketch), Some(0));
        add(&mut sketch, Trace::of(b"x"), 3000).expect("sound");
        assert_eq!(known_count(&sketch), None);
        keep_count(&mut sketch, 1);
        assert_eq!(known_count(&sketch), Some(1));
    }

    proptest! {
        #[test]
        fn registers_hold_the_largest_of_what_came(
            changes in prop::collection::vec((0..200usize, 1..40u8), 0..400),
            longest_sparse in 0..400usize,
        ) {
            let (mut sketch, mut model) = (empty(), [0u8; REGISTERS]);
            for (index, value) in changes {
                // Neighbours at both ends of the registers.
                let index = if index < 100 { index } else { REGISTERS - 200 + index };
                let is_larger = model[index] < value;
                model[index] = model[index].max(value);
                let trace = Trace { index, value };
                let foretold = is_dense(&sketch) || value <= LARGEST_SPARSE;
                if foretold {
                    prop_assert_eq!(would_change(&sketch, trace), Ok(is_larger));
                }
                prop_assert_eq!(add(&mut sketch, trace, longest_sparse), Ok(is_larger));
            }
            prop_assert_eq!(registers_of(&sketch), model);
            let mut raised = empty();
            raise(&mut raised, &model, longest_sparse).expect("sound");
            prop_assert_eq!(registers_of(&raised), model);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(
            runs in prop::collection::vec(any::<u8>(), 0..300), index in 0..REGISTERS,
        ) {
            let mut sketch = [b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\0", runs.as_slice()].concat();
            let _ = super::count(&sketch);
            describe_runs(&sketch);
            let _ = add(&mut sketch, Trace { index, value: 40 }, 3000);
            let _ = add(&mut sketch, Trace { index, value: 9 }, 3000);
            let _ = make_dense(&mut sketch);
        }
    }
}

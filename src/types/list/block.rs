//! A block: a run of elements in one of three forms, counted and weighed as Redis would its node.
//!
//! The form does not show: edits of a sealed block rewrite it and leave it sealed, only pushes and
//! `open` unseal it. A large element is alone in its block.

use super::limits::{EMPTY_NODE_BYTES, Fill, node_bytes};
use super::open::Open;
use super::sealed::Sealed;
use bytes::Bytes;
use std::ops::{ControlFlow, Range};

/// An element to be read, or to be stored.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Its own allocation, if it has one: taking that copies nothing.
    pub shared: Option<&'a Bytes>,
}

impl<'a> From<&'a [u8]> for Element<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Element { bytes, shared: None }
    }
}

impl<'a> From<&'a Bytes> for Element<'a> {
    fn from(bytes: &'a Bytes) -> Self {
        Element { bytes, shared: Some(bytes) }
    }
}

impl Element<'_> {
    /// The element in an allocation of its own.
    pub fn to_shared(self) -> Bytes {
        self.shared.cloned().unwrap_or_else(|| Bytes::copy_from_slice(self.bytes))
    }
}

/// What a walk does after an element.
pub type Step = ControlFlow<()>;

/// A run of elements.
#[derive(Clone, Debug)]
pub struct Block {
    form: Form,
    count: u32,
    /// How many bytes Redis's node would have, head included.
    node_bytes: u32,
}

#[derive(Clone, Debug)]
enum Form {
    Open(Open),
    Sealed(Sealed),
    Large(Box<Bytes>),
}

impl Block {
    /// No elements, with room for so many bytes of them.
    pub fn with_capacity(bytes: usize) -> Self {
        let form = Form::Open(Open::with_capacity(bytes));
        Block { form, count: 0, node_bytes: EMPTY_NODE_BYTES as u32 }
    }

    /// One element, in the form that its length asks for.
    pub fn of(element: Element<'_>, fill: Fill) -> Self {
        let length = element.bytes.len();
        if fill.is_large(length) {
            let form = Form::Large(Box::new(element.to_shared()));
            return Block { form, count: 1, node_bytes: u32::try_from(length).unwrap_or(u32::MAX) };
        }
        let mut block = Block::with_capacity(Open::stored_bytes(length));
        block.push_back(element.bytes);
        block
    }

    /// How many elements it has.
    #[inline]
    pub fn count(&self) -> usize {
        self.count as usize
    }

    /// How many bytes Redis's node would have.
    pub fn node_bytes(&self) -> usize {
        self.node_bytes as usize
    }

    /// Whether it is one large element.
    #[inline]
    pub fn is_large(&self) -> bool {
        matches!(self.form, Form::Large(_))
    }

    /// Whether its ends can be changed at once.
    pub fn is_open(&self) -> bool {
        matches!(self.form, Form::Open(_))
    }

    /// Whether Redis would add another element of this length to the node.
    #[inline]
    pub fn has_room(&self, fill: Fill, length: usize) -> bool {
        !self.is_large()
            && !fill.is_large(length)
            && fill.has_room(self.node_bytes(), self.count(), length)
    }

    /// The bytes it owns outside itself.
    #[inline]
    pub fn capacity(&self) -> usize {
        match &self.form {
            Form::Open(open) => open.capacity(),
            Form::Sealed(sealed) => sealed.capacity(),
            Form::Large(bytes) => bytes.len() + size_of::<Bytes>(),
        }
    }

    /// Gives up its room, and with it quick changes at its ends.
    pub fn seal(&mut self) {
        if let Form::Open(open) = &self.form {
            self.form = Form::Sealed(Sealed::new(open.iter()));
        }
    }

    /// Its elements in open form, unsealing it.
    ///
    /// # Panics
    /// When it is a large element.
    #[inline]
    fn open(&mut self) -> &mut Open {
        if let Form::Sealed(sealed) = &self.form {
            // Texts take as much here as in Redis; integers more, so that room is added for them.
            self.form = Form::Open(sealed.open(self.node_bytes as usize));
        }
        match &mut self.form {
            Form::Open(open) => open,
            _ => unreachable!("nothing is added to a large element"),
        }
    }

    /// Adds an element behind the others.
    #[inline]
    pub fn push_back(&mut self, element: &[u8]) {
        self.count += 1;
        self.node_bytes += node_bytes(element) as u32;
        self.open().push_back(element);
    }

    /// Adds an element before the others.
    #[inline]
    pub fn push_front(&mut self, element: &[u8]) {
        self.count += 1;
        self.node_bytes += node_bytes(element) as u32;
        self.open().push_front(element);
    }

    /// Removes so many elements from the front, unsealing it. Not all of them.
    pub fn drop_front(&mut self, count: usize) {
        self.forget(0..count);
        self.open().drop_front(count);
    }

    /// Removes so many elements from the back, unsealing it. Not all of them.
    pub fn drop_back(&mut self, count: usize) {
        self.forget(self.count() - count..self.count());
        self.open().drop_back(count);
    }

    /// Takes elements that are about to go out of the account.
    fn forget(&mut self, range: Range<usize>) {
        let (mut bytes, count) = (0, range.len());
        // Whichever end is nearer is walked from.
        let mut weigh = |element: Element<'_>| {
            bytes += node_bytes(element.bytes);
            Step::Continue(())
        };
        let _: Step = match range.start {
            0 => self.walk(range, &mut weigh),
            _ => self.walk_back(range, &mut weigh),
        };
        self.node_bytes -= bytes as u32;
        self.count -= count as u32;
    }

    /// Visits the elements in `range`, until `visit` breaks.
    #[inline]
    pub fn walk(&self, range: Range<usize>, visit: &mut impl FnMut(Element<'_>) -> Step) -> Step {
        match &self.form {
            Form::Open(open) => open
                .iter()
                .skip(range.start)
                .take(range.len())
                .try_for_each(|bytes| visit(bytes.into())),
            Form::Sealed(sealed) => {
                let mut reader = sealed.reader();
                reader.skip(range.start);
                range.into_iter().try_for_each(|_| {
                    reader.advance();
                    visit(reader.element().into())
                })
            }
            Form::Large(bytes) => match range.is_empty() {
                true => Step::Continue(()),
                false => visit((&**bytes).into()),
            },
        }
    }

    /// As `walk`, from the last element of the range to its first.
    pub fn walk_back(
        &self,
        range: Range<usize>,
        visit: &mut impl FnMut(Element<'_>) -> Step,
    ) -> Step {
        let behind = self.count() - range.end;
        let mut visit_open = |open: &Open| {
            let elements = open.iter().rev().skip(behind).take(range.len());
            elements.map(Element::from).try_for_each(&mut *visit)
        };
        match &self.form {
            Form::Open(open) => visit_open(open),
            Form::Sealed(sealed) => visit_open(&sealed.open(self.node_bytes())),
            Form::Large(_) => self.walk(range, visit),
        }
    }

    /// Puts `with` in the place of the elements in `range`, in the form it has. None of them is
    /// large.
    pub fn splice(&mut self, range: Range<usize>, with: &[&[u8]]) {
        self.forget(range.clone());
        self.count += with.len() as u32;
        self.node_bytes += with.iter().map(|element| node_bytes(element)).sum::<usize>() as u32;
        match &mut self.form {
            Form::Open(open) => open.splice(range, with.iter().copied()),
            Form::Sealed(sealed) => sealed.splice(range, with.iter().copied()),
            Form::Large(_) => unreachable!("a large element is replaced as a block"),
        }
    }

    /// Cuts off the elements from `at` on.
    pub fn split_off(&mut self, at: usize) -> Block {
        let mut behind = self.clone();
        behind.splice(0..at, &[]);
        self.splice(at..self.count(), &[]);
        behind
    }

    /// Takes in the elements of the block behind it. Neither is large.
    pub fn append(&mut self, behind: &Block) {
        let was_sealed = !self.is_open();
        let _: Step = behind.walk(0..behind.count(), &mut |element| {
            self.push_back(element.bytes);
            Step::Continue(())
        });
        if was_sealed {
            self.seal();
        }
    }

    /// Leaves out the elements at `places`, which ascend.
    pub fn remove_all(&mut self, places: &[u32]) {
        let mut left = Block::with_capacity(self.capacity());
        let (mut places, mut at) = (places.iter().peekable(), 0);
        let _: Step = self.walk(0..self.count(), &mut |element| {
            if places.next_if_eq(&&at).is_none() {
                left.push_back(element.bytes);
            }
            at += 1;
            Step::Continue(())
        });
        if !self.is_open() {
            left.seal();
        }
        *self = left;
    }
}

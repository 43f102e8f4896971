//! What can be wrong with a request. A client that sends one of these is answered and then
//! disconnected, since nobody knows where its next request begins. The texts are protocol: they are
//! Redis's, byte for byte.
//! Source: https://redis.io/docs/latest/develop/reference/protocol-spec/ and the answers of a real
//! server.

use std::borrow::Cow;

/// Why a request cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// `*n` where n is no integer or above the limit.
    InvalidMultibulkLength,
    /// `$n` where n is no integer, negative, or above `proto-max-bulk-len`.
    InvalidBulkLength,
    /// An argument that begins with this byte in place of `$`.
    ExpectedDollar(u8),
    /// A `*` line that does not end.
    TooBigMultibulkCount,
    /// A `$` line that does not end.
    TooBigBulkCount,
    /// An inline request that does not end.
    TooBigInline,
    /// An inline request that ends inside a quoted word, or goes on right behind one.
    UnbalancedQuotes,
    /// More words than a client may send before it has logged in.
    UnauthenticatedMultibulkLength,
    /// A longer word than a client may send before it has logged in.
    UnauthenticatedBulkLength,
    /// One request of 4 GB in small words; Redstart's own limit.
    TooBigRequest,
}

impl ProtocolError {
    /// The error as it is answered: code and text, without the leading `-` and the line's end.
    pub fn text(self) -> Cow<'static, [u8]> {
        let text = match self {
            Self::InvalidMultibulkLength => "invalid multibulk length",
            Self::InvalidBulkLength => "invalid bulk length",
            Self::ExpectedDollar(byte) => return Cow::Owned(expected_dollar(byte)),
            Self::TooBigMultibulkCount => "too big mbulk count string",
            Self::TooBigBulkCount => "too big bulk count string",
            Self::TooBigInline => "too big inline request",
            Self::UnbalancedQuotes => "unbalanced quotes in request",
            Self::UnauthenticatedMultibulkLength => "unauthenticated multibulk length",
            Self::UnauthenticatedBulkLength => "unauthenticated bulk length",
            Self::TooBigRequest => "too big request",
        };
        Cow::Owned([PREFIX, text.as_bytes()].concat())
    }
}

const PREFIX: &[u8] = b"ERR Protocol error: ";

fn expected_dollar(byte: u8) -> Vec<u8> {
    [PREFIX, b"expected '$', got '", &[byte, b'\'']].concat()
}

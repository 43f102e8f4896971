//! DEBUG PROTOCOL: a reply of every type, for clients that test how they read them.

use crate::command::{Args, Error, Outcome};
use crate::protocol::{Protocol, Reply};
use crate::server::Context;

/// DEBUG PROTOCOL type.
pub fn protocol(_: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let name = args.get(2).to_ascii_lowercase();
    match &*name {
        b"string" => reply.bulk(b"Hello World"),
        b"integer" => reply.integer(12345),
        #[expect(clippy::approx_constant, reason = "the value that Redis's clients expect")]
        b"double" => reply.double(3.141),
        b"bignum" => reply.big_number(b"1234567999999999999999999999999999999"),
        b"null" => reply.null(),
        b"array" => {
            reply.array(3);
            (0..3).for_each(|number| reply.integer(number));
        }
        b"set" => {
            reply.set(3);
            (0..3).for_each(|number| reply.integer(number));
        }
        b"map" => {
            reply.map(3);
            for number in 0..3 {
                reply.integer(number);
                reply.boolean(number == 1);
            }
        }
        b"attrib" => attribute(reply),
        b"push" => push(reply)?,
        b"verbatim" => reply.verbatim("txt", b"This is a verbatim\nstring"),
        b"true" => reply.boolean(true),
        b"false" => reply.boolean(false),
        _ => return Err(Error::wrong_protocol_sample()),
    }
    Ok(())
}

/// An attribute, which only RESP3 has, and the reply that it belongs to.
fn attribute(reply: &mut Reply) {
    if reply.protocol() == Protocol::Resp3 {
        reply.attribute(1);
        reply.bulk(b"key-popularity");
        reply.array(2);
        reply.bulk(b"key:123");
        reply.integer(90);
    }
    reply.bulk(b"Some real reply following the attribute");
}

fn push(reply: &mut Reply) -> Outcome {
    if reply.protocol() == Protocol::Resp2 {
        return Err(Error::push_needs_resp3());
    }
    reply.push(2);
    reply.bulk(b"server-cpu-usage");
    reply.integer(42);
    // A push answers nothing: the client that waits for a reply gets one, too.
    reply.bulk(b"Some real reply following the push reply");
    Ok(())
}

//! AUTH and HELLO: what a password opens, and which protocol is spoken.
//!
//! There is one user, `default`, whose password is the option `requirepass`; while that is empty
//! any password will do, as for a Redis user marked `nopass`.

use super::ALWAYS;
use crate::command::{Args, Command, Error, Outcome, error};
use crate::protocol::{Protocol, Reply};
use crate::server::{Context, REDIS_VERSION};
use crate::types::number::parse_integer;
use std::sync::atomic::Ordering;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[AUTH, HELLO];

/// The only user.
const DEFAULT_USER: &[u8] = b"default";

const AUTH: Command = Command::server("AUTH [username] password", auth)
    .flags(ALWAYS)
    .fast()
    .costs("O(N) with N the number of passwords the user has")
    .about("Logs the connection in.");

fn auth(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let (user, password) = match args.len() {
        2 if context.server.config.load().security.requirepass.is_empty() => {
            return Err(error::AUTH_WITHOUT_PASSWORD);
        }
        2 => (DEFAULT_USER, args.get(1)),
        3 => (args.get(1), args.get(2)),
        _ => return Err(error::SYNTAX),
    };
    log_in(context, user, password)?;
    reply.ok();
    Ok(())
}

fn log_in(context: &mut Context, user: &[u8], password: &[u8]) -> Outcome {
    let config = context.server.config.load();
    let wanted = config.security.requirepass.as_bytes();
    let is_right = wanted.is_empty() || same(wanted, password);
    if user != DEFAULT_USER || !is_right {
        return Err(error::WRONG_PASS);
    }
    context.session.is_authenticated = true;
    Ok(())
}

/// Compares in a time that does not tell how much of the password was right.
fn same(wanted: &[u8], given: &[u8]) -> bool {
    let mut differs = u8::from(wanted.len() != given.len());
    for (at, byte) in given.iter().enumerate() {
        differs |= byte ^ wanted[at % wanted.len()];
    }
    std::hint::black_box(differs) == 0
}

const HELLO: Command =
    Command::server("HELLO [protover [AUTH username password] [SETNAME clientname]]", hello)
        .since("6.0.0")
        .flags(ALWAYS)
        .fast()
        .about("Says what the server is, and chooses the protocol: 2 or 3.");

/// What a call of HELLO asks for.
#[derive(Default)]
struct Greeting<'a> {
    protocol: Option<Protocol>,
    login: Option<(&'a [u8], &'a [u8])>,
    name: Option<&'a [u8]>,
}

fn hello(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let greeting = greeting(args)?;
    if let Some((user, password)) = greeting.login {
        log_in(context, user, password)?;
    }
    if !context.session.is_authenticated {
        return Err(error::HELLO_WITHOUT_AUTH);
    }
    if let Some(name) = greeting.name {
        context.session.client.named.lock().name = name.to_vec();
    }
    if let Some(protocol) = greeting.protocol {
        reply.set_protocol(protocol);
    }
    introduce(context, reply);
    Ok(())
}

fn greeting<'a>(args: &Args<'a>) -> Result<Greeting<'a>, Error> {
    let mut greeting = Greeting::default();
    if args.len() > 1 {
        let version = parse_integer(args.get(1)).ok_or(error::PROTOCOL_NOT_A_NUMBER)?;
        greeting.protocol = Some(match version {
            2 => Protocol::Resp2,
            3 => Protocol::Resp3,
            _ => return Err(error::NO_PROTOCOL),
        });
    }
    let mut at = 2;
    while at < args.len() {
        let more = args.len() - 1 - at;
        if args.is(at, "AUTH") && more >= 2 {
            greeting.login = Some((args.get(at + 1), args.get(at + 2)));
            at += 3;
        } else if args.is(at, "SETNAME") && more >= 1 {
            greeting.name = Some(super::client::checked_name(args.get(at + 1))?);
            at += 2;
        } else {
            return Err(Error::hello_option(args.get(at)));
        }
    }
    Ok(greeting)
}

/// The map that HELLO answers with.
fn introduce(context: &Context, reply: &mut Reply) {
    let version = match reply.protocol() {
        Protocol::Resp2 => 2,
        Protocol::Resp3 => 3,
    };
    let client = &context.session.client;
    client.figures.protocol.store(version, Ordering::Relaxed);
    reply.map(7);
    reply.bulk(b"server");
    reply.bulk(b"redis");
    reply.bulk(b"version");
    reply.bulk(REDIS_VERSION.as_bytes());
    reply.bulk(b"proto");
    reply.integer(i64::from(version));
    reply.bulk(b"id");
    reply.integer(client.id as i64);
    reply.bulk(b"mode");
    reply.bulk(b"standalone");
    reply.bulk(b"role");
    reply.bulk(b"master");
    reply.bulk(b"modules");
    reply.array(0);
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn only_the_same_password_is_the_same() {
        assert!(same(b"secret", b"secret"));
        for wrong in [&b""[..], b"s", b"secrets", b"secretsecret", b"Secret", b"secreT"] {
            assert!(!same(b"secret", wrong), "{wrong:?}");
        }
    }
}

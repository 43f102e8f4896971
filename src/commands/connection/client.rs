//! CLIENT: what a connection says of itself (name, library, abilities) and asks of itself.

use super::ANYTIME;
use crate::command::{Args, Command, Error, Outcome, error, flag};
use crate::protocol::Reply;
use crate::server::Context;
use std::sync::atomic::Ordering;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    CLIENT,
    CLIENT_CAPA,
    CLIENT_GETNAME,
    CLIENT_GETREDIR,
    CLIENT_HELP,
    CLIENT_ID,
    CLIENT_IMPORT_SOURCE,
    CLIENT_SETINFO,
    CLIENT_SETNAME,
    CLIENT_TRACKINGINFO,
];

const CLIENT: Command = Command::container("CLIENT")
    .since("2.4.0")
    .costs("Depends on subcommand.")
    .about("Commands on connections.");

const CLIENT_CAPA: Command =
    Command::server("CLIENT|CAPA capability [capability ...]", client_capa)
        .since("8.0.0")
        .flags(ANYTIME | flag::ALLOW_BUSY)
        .about(
            "Says what this client can deal with: `redirect`. Others are taken note of silently.",
        );

fn client_capa(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let figures = &context.session.client.figures;
    if (2..args.len()).any(|at| args.is(at, "REDIRECT")) {
        figures.redirects.store(true, Ordering::Relaxed);
    }
    reply.ok();
    Ok(())
}

const CLIENT_GETNAME: Command = Command::server("CLIENT|GETNAME", client_getname)
    .since("2.6.9")
    .flags(ANYTIME)
    .about("The connection's name, or null when it has none.");

fn client_getname(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    match &*context.session.client.named.lock().name {
        [] => reply.null(),
        name => reply.bulk(name),
    }
    Ok(())
}

const CLIENT_GETREDIR: Command = Command::server("CLIENT|GETREDIR", client_getredir)
    .since("6.0.0")
    .flags(ANYTIME)
    .about("The client that gets this one's invalidations; -1 while it tracks no keys.");

fn client_getredir(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    reply.integer(-1);
    Ok(())
}

const CLIENT_HELP: Command = Command::server("CLIENT|HELP", client_help)
    .since("5.0.0")
    .flags(flag::LOADING | flag::STALE)
    .about("This list.");

fn client_help(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    crate::commands::help::write("client", reply)
}

const CLIENT_ID: Command = Command::server("CLIENT|ID", client_id)
    .since("5.0.0")
    .flags(ANYTIME)
    .about("The connection's number. No two connections of a server ever share one.");

fn client_id(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    reply.integer(context.session.client.id as i64);
    Ok(())
}

const CLIENT_IMPORT_SOURCE: Command =
    Command::server("CLIENT|IMPORT-SOURCE <ON | OFF>", client_import_source)
        .since("8.1.0")
        .flags(ANYTIME)
        .about("Marks the connection as one that brings data in. Needs import mode, which is off.");

fn client_import_source(_: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    if !args.is(2, "OFF") {
        return Err(error::NOT_IMPORTING);
    }
    reply.ok();
    Ok(())
}

const CLIENT_SETINFO: Command =
    Command::server("CLIENT|SETINFO <LIB-NAME libname | LIB-VER libver>", client_setinfo)
        .since("7.2.0")
        .flags(ANYTIME)
        .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
        .about("Says which library the client uses, and its version.");

fn client_setinfo(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let mut named = context.session.client.named.lock();
    let field = match () {
        () if args.is(2, "LIB-NAME") => &mut named.library,
        () if args.is(2, "LIB-VER") => &mut named.library_version,
        () => return Err(Error::unrecognized_option(args.get(2))),
    };
    if !is_plain(args.get(3)) {
        return Err(Error::not_plain(args.get(2)));
    }
    *field = args.get(3).to_vec();
    reply.ok();
    Ok(())
}

const CLIENT_SETNAME: Command = Command::server("CLIENT|SETNAME connection-name", client_setname)
    .since("2.6.9")
    .flags(ANYTIME)
    .tips(&["request_policy:all_nodes", "response_policy:all_succeeded"])
    .about("Names the connection; an empty name takes the name away.");

fn client_setname(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let name = checked_name(args.get(2))?;
    context.session.client.named.lock().name = name.to_vec();
    reply.ok();
    Ok(())
}

/// `name`, if CLIENT LIST can show it: no blanks, no control characters, ASCII.
pub fn checked_name(name: &[u8]) -> Result<&[u8], Error> {
    if is_plain(name) { Ok(name) } else { Err(error::CLIENT_NAME) }
}

fn is_plain(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_graphic)
}

const CLIENT_TRACKINGINFO: Command = Command::server("CLIENT|TRACKINGINFO", client_trackinginfo)
    .since("6.2.0")
    .flags(ANYTIME)
    .about("How the connection tracks keys: not at all.");

fn client_trackinginfo(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    reply.map(3);
    reply.bulk(b"flags");
    reply.set(1);
    reply.bulk(b"off");
    reply.bulk(b"redirect");
    reply.integer(-1);
    reply.bulk(b"prefixes");
    reply.array(0);
    Ok(())
}

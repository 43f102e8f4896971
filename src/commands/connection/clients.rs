//! CLIENT LIST, INFO and KILL: everyone connected.
//!
//! A line holds what Redis 8 and Valkey 9 show, in Redis's order. What a client has not (no
//! transaction, no subscription) reads as it would for a plain client there.

use super::ANYTIME;
use super::filter::{Filter, Limits};
use crate::command::{Args, Command, Outcome, error, flag};
use crate::protocol::Reply;
use crate::server::{Client, Context};
use std::fmt::Write;
use std::sync::atomic::Ordering::Relaxed;

/// The commands of this file.
pub const COMMANDS: &[Command] = &[CLIENT_INFO, CLIENT_KILL, CLIENT_LIST];

const CLIENT_INFO: Command = Command::server("CLIENT|INFO", client_info)
    .since("6.2.0")
    .flags(ANYTIME)
    .tips(&["nondeterministic_output"])
    .about("What CLIENT LIST says of this connection.");

fn client_info(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let mut text = Vec::new();
    describe(&context.session.client, context.now_ms, &mut text);
    reply.verbatim("txt", &text);
    Ok(())
}

const CLIENT_LIST: Command = Command::server(
    "CLIENT|LIST [TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]] \
        [USER username] [ADDR ip:port] [LADDR ip:port] [SKIPME <YES | NO>] [MAXAGE maxage]",
    client_list,
)
.since("2.4.0")
.flags(ANYTIME | flag::ADMIN)
.costs("O(N) with N the number of clients")
.tips(&["nondeterministic_output", "request_policy:all_nodes"])
.about("A line on each connection, or on those that pass the filters.");

fn client_list(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    if args.len() == 3 {
        return Err(error::SYNTAX);
    }
    let databases = context.server.keyspace.databases();
    let limits = Limits { databases, bad_id: error::INVALID_CLIENT_ID };
    let filter = Filter::parse(args, 2, &limits)?;
    let me = filter.skips_me.unwrap_or(false).then_some(context.session.client.id);
    let mut text = Vec::new();
    for client in context.server.clients.all() {
        if Some(client.id) != me && filter.passes(&client, context.now_ms) {
            describe(&client, context.now_ms, &mut text);
        }
    }
    reply.verbatim("txt", &text);
    Ok(())
}

const CLIENT_KILL: Command = Command::server(
    "CLIENT|KILL <ip:port | <ID client-id | TYPE <NORMAL | MASTER | REPLICA | PUBSUB> | \
        USER username | ADDR ip:port | LADDR ip:port | SKIPME <YES | NO> | MAXAGE maxage> ...>",
    client_kill,
)
.since("2.4.0")
.flags(ANYTIME | flag::ADMIN)
.costs("O(N) with N the number of clients")
.about("Closes the connections that pass the filters, this one left out unless SKIPME NO.");

fn client_kill(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let databases = context.server.keyspace.databases();
    let limits = Limits { databases, bad_id: error::CLIENT_ID_TOO_SMALL };
    let is_old_form = args.len() == 3;
    let filter = match is_old_form {
        true => Filter::address(args.get(2)),
        false => Filter::parse(args, 2, &limits)?,
    };
    let killed = kill(context, &filter);
    match is_old_form {
        true if killed == 0 => return Err(error::NO_SUCH_CLIENT),
        true => reply.ok(),
        false => reply.integer(killed),
    }
    Ok(())
}

/// Ends the clients that pass; says how many. This one is closed after its reply.
fn kill(context: &mut Context, filter: &Filter) -> i64 {
    let skips_me = filter.skips_me.unwrap_or(true);
    let mut killed = 0;
    for client in context.server.clients.all() {
        let is_me = client.id == context.session.client.id;
        if is_me && skips_me || !filter.passes(&client, context.now_ms) {
            continue;
        }
        match is_me {
            true => context.session.is_closing = true,
            false => client.hang_up(),
        }
        killed += 1;
    }
    killed
}

/// The letters that stand for what a client is and has chosen; `N` when there are none.
pub fn flags(client: &Client) -> String {
    let figures = &client.figures;
    let letters = [
        ('b', figures.waits.load(Relaxed)),
        ('U', client.is_unix),
        ('e', figures.no_evict.load(Relaxed)),
        ('T', figures.no_touch.load(Relaxed)),
    ];
    let letters: String = letters.iter().filter(|(_, is)| *is).map(|(letter, _)| letter).collect();
    if letters.is_empty() { "N".to_string() } else { letters }
}

/// Writes a client's line. Names may be any graphic bytes, so the line is bytes too.
fn describe(client: &Client, now_ms: u64, line: &mut Vec<u8>) {
    let named = client.named.lock().clone();
    let figures = &client.figures;
    let (query, owed) = (figures.query_bytes.load(Relaxed), figures.output_bytes.load(Relaxed));
    let mut text = String::new();
    let mut add = |field: std::fmt::Arguments| {
        text.write_fmt(field).expect("a String takes whatever is written to it");
    };
    add(format_args!("id={} addr={} laddr={}", client.id, client.address, client.local_address));
    add(format_args!(" fd={} name={}", client.descriptor, String::from_utf8_lossy(&named.name)));
    let age = now_ms.saturating_sub(client.created_ms) / 1000;
    add(format_args!(" age={age} idle={} flags={}", client.idle_seconds(now_ms), flags(client)));
    add(format_args!(" db={} sub=0 psub=0 ssub=0 multi=-1 watch=0", figures.db.load(Relaxed)));
    add(format_args!(" qbuf={query} qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0"));
    let memory = size_of::<Client>() + query + owed + named.name.len() + named.library.len();
    add(format_args!(" oll={} omem={owed} tot-mem={memory}", usize::from(owed > 0)));
    let events = if owed > 0 { "rw" } else { "r" };
    add(format_args!(" events={events} cmd={} user=default redir=-1", last_command(client)));
    add(format_args!(" resp={}", figures.protocol.load(Relaxed)));
    add(format_args!(" lib-name={}", String::from_utf8_lossy(&named.library)));
    add(format_args!(" lib-ver={}", String::from_utf8_lossy(&named.library_version)));
    let capabilities = if figures.redirects.load(Relaxed) { "r" } else { "" };
    add(format_args!(" capa={capabilities} tot-net-in={}", figures.net_in.load(Relaxed)));
    add(format_args!(" tot-net-out={}", figures.net_out.load(Relaxed)));
    add(format_args!(" tot-cmds={}\n", figures.commands.load(Relaxed)));
    line.extend_from_slice(text.as_bytes());
}

/// The name of the client's last command; `NULL` before the first, as in Redis.
fn last_command(client: &Client) -> &'static str {
    let number = client.figures.command.load(Relaxed) as usize;
    match number.checked_sub(1).and_then(|id| crate::commands::table().entries().get(id)) {
        Some(entry) => &entry.name,
        None => "NULL",
    }
}

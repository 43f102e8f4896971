//! LATENCY: what the latency monitor saw, as figures, as a picture, in words.

use crate::command::{Args, Command, Entry, Error, Outcome, flag};
use crate::protocol::Reply;
use crate::server::Context;
use crate::server::latency::{History, Spike};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[
    LATENCY,
    LATENCY_DOCTOR,
    LATENCY_GRAPH,
    LATENCY_HELP,
    LATENCY_HISTOGRAM,
    LATENCY_HISTORY,
    LATENCY_LATEST,
    LATENCY_RESET,
];

const MARKS: u32 = flag::ADMIN | flag::NOSCRIPT | flag::LOADING | flag::STALE;
/// The tips of every subcommand that tells of this one server.
const TIPS: &[&str] =
    &["nondeterministic_output", "request_policy:all_nodes", "response_policy:special"];

const LATENCY: Command = Command::container("LATENCY")
    .since("2.8.13")
    .costs("Depends on subcommand.")
    .about("Commands on the latency monitor.");

const LATENCY_DOCTOR: Command = Command::server("LATENCY|DOCTOR", latency_doctor)
    .since("2.8.13")
    .flags(MARKS)
    .tips(TIPS)
    .about("What the latency monitor saw, in words.");

fn latency_doctor(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let latency = &context.server.latency;
    let events = latency.all();
    let text = if !latency.is_on() && events.is_empty() {
        "The latency monitor is off. CONFIG SET latency-monitor-threshold <milliseconds> switches \
         it on.\n"
            .to_string()
    } else if events.is_empty() {
        "Nothing has taken longer than latency-monitor-threshold.\n".to_string()
    } else {
        events.iter().map(|(event, history)| diagnosis(event, history)).collect()
    };
    reply.verbatim("txt", text.as_bytes());
    Ok(())
}

fn diagnosis(event: &str, history: &History) -> String {
    let count = history.spikes.len();
    let sum: u64 = history.spikes.iter().map(|spike| spike.took_ms).sum();
    let advice = match event {
        "command" => "SLOWLOG GET shows which calls they were.",
        _ => "Quick commands waited: for the processor, or for a shard that a long one held.",
    };
    format!(
        "{event}: {count} seconds with spikes of {} ms on average, {} ms at worst. {advice}\n",
        sum / count.max(1) as u64,
        history.longest_ms
    )
}

const LATENCY_GRAPH: Command = Command::server("LATENCY|GRAPH event", latency_graph)
    .since("2.8.13")
    .flags(MARKS)
    .tips(TIPS)
    .about("The history of an event as a picture.");

fn latency_graph(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let event = args.get(2);
    let history = context.server.latency.history(event).ok_or_else(|| Error::no_samples(event))?;
    let text = draw(&args.text(2), &history, context.now_ms / 1000);
    reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// A line of extremes, then a column for each spike: its height against the highest, its age.
fn draw(event: &str, history: &History, now_seconds: u64) -> String {
    /// Rows of the picture, and columns: the latest spikes.
    const ROWS: u64 = 4;
    const COLUMNS: usize = 80;
    let skipped = history.spikes.len().saturating_sub(COLUMNS);
    let spikes: Vec<Spike> = history.spikes.iter().skip(skipped).copied().collect();
    let high = spikes.iter().map(|spike| spike.took_ms).max().unwrap_or(0);
    let low = spikes.iter().map(|spike| spike.took_ms).min().unwrap_or(0);
    let mut text = format!(
        "{event} - high {high} ms, low {low} ms (all time high {} ms)\n{}\n",
        history.longest_ms,
        "-".repeat(COLUMNS)
    );
    for row in (1..=ROWS).rev() {
        let filled = |spike: &Spike| spike.took_ms * ROWS >= row * high.max(1);
        let line: String =
            spikes.iter().map(|spike| if filled(spike) { '#' } else { ' ' }).collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push_str(&"_".repeat(spikes.len()));
    let oldest = spikes.first().map_or(0, |spike| now_seconds.saturating_sub(spike.unix_seconds));
    text.push_str(&format!("\nfrom {oldest} seconds ago to the latest spike\n"));
    text
}

const LATENCY_HELP: Command = Command::server("LATENCY|HELP", latency_help)
    .since("2.8.13")
    .flags(flag::LOADING | flag::STALE)
    .about("This list.");

fn latency_help(_: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    crate::commands::help::write("latency", reply)
}

const LATENCY_HISTOGRAM: Command =
    Command::server("LATENCY|HISTOGRAM [command ...]", latency_histogram)
        .since("7.0.0")
        .flags(MARKS)
        .costs("O(N) with N the number of commands asked for")
        .tips(TIPS)
        .about("How many calls of each command took up to 1, 2, 4 … microseconds.");

fn latency_histogram(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let table = crate::commands::table();
    let asked: Vec<&Entry> = match args.len() {
        2 => table.entries().iter().collect(),
        _ => args.iter(2).filter_map(|name| table.find_full(name)).flat_map(family).collect(),
    };
    let open = reply.open_array();
    let mut shown = 0;
    for entry in asked {
        let latency = context.server.stats.latency(entry.id);
        if latency.calls() == 0 {
            continue;
        }
        shown += 1;
        reply.bulk(entry.name.as_bytes());
        reply.map(2);
        reply.bulk(b"calls");
        reply.integer(latency.calls() as i64);
        reply.bulk(b"histogram_usec");
        let steps = latency.doublings();
        reply.map(steps.len());
        for (microseconds, calls) in steps {
            reply.integer(microseconds as i64);
            reply.integer(calls as i64);
        }
    }
    reply.close_map(open, shown);
    Ok(())
}

/// A command and its subcommands.
fn family(entry: &'static Entry) -> impl Iterator<Item = &'static Entry> {
    let entries = crate::commands::table().entries();
    std::iter::once(entry).chain(entry.subcommands.iter().map(|(_, id)| &entries[*id]))
}

const LATENCY_HISTORY: Command = Command::server("LATENCY|HISTORY event", latency_history)
    .since("2.8.13")
    .flags(MARKS)
    .tips(TIPS)
    .about("The spikes of an event: the second of each, and its milliseconds.");

fn latency_history(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let history = context.server.latency.history(args.get(2)).unwrap_or_default();
    reply.array(history.spikes.len());
    for spike in history.spikes {
        reply.array(2);
        reply.integer(spike.unix_seconds as i64);
        reply.integer(spike.took_ms as i64);
    }
    Ok(())
}

const LATENCY_LATEST: Command = Command::server("LATENCY|LATEST", latency_latest)
    .since("2.8.13")
    .flags(MARKS)
    .tips(TIPS)
    .about("The latest spike of every event, and its longest.");

fn latency_latest(context: &mut Context, _: &Args, reply: &mut Reply) -> Outcome {
    let events = context.server.latency.all();
    reply.array(events.len());
    for (event, history) in events {
        let latest = history.spikes.back().expect("an event is kept with its first spike");
        reply.array(4);
        reply.bulk(event.as_bytes());
        reply.integer(latest.unix_seconds as i64);
        reply.integer(latest.took_ms as i64);
        reply.integer(history.longest_ms as i64);
    }
    Ok(())
}

const LATENCY_RESET: Command = Command::server("LATENCY|RESET [event ...]", latency_reset)
    .since("2.8.13")
    .flags(MARKS)
    .tips(&["request_policy:all_nodes", "response_policy:agg_sum"])
    .about("Forgets these events, or all; says how many there were.");

fn latency_reset(context: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    let latency = &context.server.latency;
    let forgotten = match args.len() {
        2 => latency.forget_all(),
        _ => args.iter(2).filter(|event| latency.forget(event)).count(),
    };
    reply.integer(forgotten as i64);
    Ok(())
}

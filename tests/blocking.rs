//! Clients that wait, in numbers: what is taken for one of them is neither lost nor given twice.

mod support;

use std::collections::HashSet;
use std::time::Duration;
use support::{Connection, Server};

const QUEUES: [&str; 3] = ["jobs:1", "jobs:2", "jobs:3"];
const PRODUCERS: usize = 4;
const CONSUMERS: usize = 12;
const JOBS_EACH: usize = 500;

/// Takes jobs until told to stop; gives back what it got.
fn consume(mut connection: Connection, number: usize) -> Vec<String> {
    let mut jobs = Vec::new();
    loop {
        // Half of them give up again and again: a time-out and a push may meet.
        let timeout = if number.is_multiple_of(2) { "0" } else { "0.003" };
        let end = if number.is_multiple_of(3) { "BRPOP" } else { "BLPOP" };
        let line = format!("{end} {} stop {timeout}", QUEUES.join(" "));
        let reply = connection.ask(&line);
        let taken = reply.trim_matches(['[', ']']).split_once(", ");
        match taken {
            Some(("stop", _)) => return jobs,
            Some((_, job)) => jobs.push(job.to_string()),
            None => assert_eq!(reply, "nil", "neither a job nor a time-out"),
        }
    }
}

/// Pushes its jobs by every way that fills a list.
fn produce(mut connection: Connection, number: usize) {
    for job in 0..JOBS_EACH {
        let queue = QUEUES[job % QUEUES.len()];
        let job = format!("{number}:{job}");
        match number {
            0 => drop(connection.ask(&format!("LPUSH {queue} {job}"))),
            1 => drop(connection.ask(&format!("RPUSH {queue} {job}"))),
            2 => {
                connection.ask("MULTI");
                connection.ask(&format!("RPUSH {queue} {job}"));
                let reply = connection.ask("EXEC");
                assert!(reply.starts_with("[:"), "{reply}");
            }
            _ => {
                connection.ask(&format!("RPUSH mine:{number} {job}"));
                let reply = connection.ask(&format!("LMOVE mine:{number} {queue} LEFT LEFT"));
                assert_eq!(reply, job);
            }
        }
    }
}

#[test]
fn every_job_is_done_once() {
    let server = Server::start(&["--threads", "4"]);
    let results: Vec<Vec<String>> = std::thread::scope(|scope| {
        let consumers: Vec<_> = (0..CONSUMERS)
            .map(|number| (server.connect(), number))
            .map(|(connection, number)| scope.spawn(move || consume(connection, number)))
            .collect();
        let producers: Vec<_> = (0..PRODUCERS)
            .map(|number| (server.connect(), number))
            .map(|(connection, number)| scope.spawn(move || produce(connection, number)))
            .collect();
        producers.into_iter().for_each(|thread| thread.join().expect("a producer ends"));
        let mut last = server.connect();
        for _ in 0..CONSUMERS {
            last.ask("RPUSH stop now");
        }
        consumers.into_iter().map(|thread| thread.join().expect("a consumer ends")).collect()
    });
    let jobs: Vec<&String> = results.iter().flatten().collect();
    let different: HashSet<&&String> = jobs.iter().collect();
    assert_eq!(jobs.len(), PRODUCERS * JOBS_EACH, "jobs done");
    assert_eq!(different.len(), jobs.len(), "jobs done twice");
    let mut last = server.connect();
    assert_eq!(last.ask("DBSIZE"), ":0");
    assert!(last.ask("INFO clients").contains("blocked_clients:0"));
    assert!(last.ask("INFO clients").contains("total_blocking_keys:0"));
}

#[test]
fn a_client_that_left_takes_nothing_with_it() {
    let server = Server::start(&[]);
    let mut other = server.connect();
    for round in 0..20 {
        let mut waiting = server.connect();
        waiting.command(&[b"BLPOP", b"queue", b"0"]);
        // Bytes that nobody reads yet must not hide that it left.
        waiting.command(&[b"PING"]);
        await_info(&mut other, "blocked_clients:1");
        drop(waiting);
        await_info(&mut other, "blocked_clients:0");
        assert_eq!(other.ask(&format!("RPUSH queue {round}")), ":1");
        assert_eq!(other.ask("LPOP queue"), round.to_string());
    }
}

/// Waits until INFO has this line.
fn await_info(connection: &mut Connection, line: &str) {
    for _ in 0..400 {
        if connection.ask("INFO clients").contains(line) {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("INFO never said {line}");
}

#[test]
fn many_waiters_of_one_key_are_served_in_turn() {
    let server = Server::start(&[]);
    let mut other = server.connect();
    let mut waiting: Vec<Connection> = Vec::new();
    for number in 1..=200 {
        let mut connection = server.connect();
        connection.command(&[b"BLPOP", b"queue", b"0"]);
        await_info(&mut other, &format!("blocked_clients:{number}\r"));
        waiting.push(connection);
    }
    let jobs: Vec<String> = (0..200).map(|job| job.to_string()).collect();
    // All at once: the list is gone before anybody else can look.
    other.ask("MULTI");
    other.ask(&format!("RPUSH queue {}", jobs.join(" ")));
    other.ask("LLEN queue");
    let reply = other.ask("EXEC");
    assert_eq!(reply, "[:200, :200]");
    assert_eq!(other.ask("EXISTS queue"), ":0");
    for (connection, job) in waiting.iter_mut().zip(jobs) {
        assert_eq!(connection.reply(), format!("[queue, {job}]"));
    }
}

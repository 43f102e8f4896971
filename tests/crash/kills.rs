//! Kills at random moments, under load: what was promised is there.

use crate::bench::Bench;
use crate::history::{Client, Wire, find_all};
use crate::support::Server;
use crate::{ALWAYS, EVERYSEC};
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const CLIENTS: usize = 6;
/// What `everysec` may lose, beside what comes while the disk is busy with a sync.
const MOST_LOST: Duration = Duration::from_secs(2);

/// How a server ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Kill,
    PowerCut,
}

/// Rounds of load and crash.
struct Rounds {
    count: u64,
    flags: &'static [&'static str],
    /// Milliseconds of load.
    load_ms: Range<u64>,
    end: End,
    /// How old what is lost may be; none: nothing may be.
    most_lost: Option<Duration>,
}

/// What rounds have come to.
#[derive(Debug, Default)]
struct Sum {
    acknowledged: usize,
    /// Acknowledged and not found.
    lost: usize,
    /// Found, though the reply was never read.
    unanswered: usize,
}

/// How many random kills there are to be under `always`.
fn crashes() -> u64 {
    let asked = std::env::var("REDSTART_CRASHES");
    asked.map_or(10, |number| number.parse().expect("REDSTART_CRASHES is a number"))
}

impl Rounds {
    fn run(&self) {
        let flags = [self.flags, &["--threads", "2"]].concat();
        let mut bench = Bench::start(&flags);
        let mut sum = Sum::default();
        for round in 0..self.count {
            // What was found once need not be loaded again and again.
            assert_eq!(bench.server.connect().ask("FLUSHALL"), "+OK");
            let mut clients: Vec<Client> =
                (0..CLIENTS).map(|number| Client::new(round, number)).collect();
            let load = Duration::from_millis(fastrand::u64(self.load_ms.clone()));
            let (ended, seen, slowest) = self.crash(&mut bench, &mut clients, load);
            bench.start_again(&flags);
            // A sync that is under way, and the one before, take as long as the disk does.
            let most_lost = self.most_lost.map(|most| most + 2 * slowest);
            check(&bench.server, &clients, (ended, most_lost), &mut sum);
            let counter = bench.server.connect().ask(&format!("GET {}", clients[0].counter()));
            let counter = counter.replace("nil", "0").parse::<u64>().expect("a number");
            assert!(self.most_lost.is_some() || counter >= seen, "{seen} seen, now {counter}");
        }
        assert!(sum.acknowledged > 0);
        println!("{} × {:?} under {}: {sum:?}", self.count, self.end, self.flags.join(" "));
    }

    /// Lets clients write for so long, then ends the server. Tells when, the highest number that a
    /// reader has seen of the first client's counter, and how long the disk took for a sync.
    fn crash(
        &self,
        bench: &mut Bench,
        clients: &mut [Client],
        load: Duration,
    ) -> (Instant, u64, Duration) {
        let counter = clients[0].counter();
        let server = &bench.server;
        let is_over = AtomicBool::new(false);
        let outcome = std::thread::scope(|scope| {
            for client in clients {
                scope.spawn(move || client.write(server));
            }
            let reader = scope.spawn(|| watch(server, &counter));
            scope.spawn(|| disturb(server));
            let disk = scope.spawn(|| slowest_sync(server, &is_over));
            std::thread::sleep(load);
            let ended = Instant::now();
            server.signal("KILL");
            is_over.store(true, Ordering::Relaxed);
            let slowest = disk.join().expect("it syncs");
            (ended, reader.join().expect("it reads"), slowest)
        });
        if self.end == End::PowerCut {
            bench.cut_the_power();
        }
        outcome
    }
}

/// Looks for all that was promised when the server ended, and what may be lost of the time before.
fn check(
    server: &Server,
    clients: &[Client],
    (ended, most_lost): (Instant, Option<Duration>),
    sum: &mut Sum,
) {
    for (client, found) in clients.iter().zip(find_all(server, clients)) {
        let found = found.last;
        let promised = match most_lost {
            None => client.all(),
            Some(most) => ended.checked_sub(most).map_or(0, |at| client.acknowledged(at)),
        };
        let all = client.all();
        assert!(
            found >= promised,
            "{found} of {promised} are there, of {all} acknowledged:\n{}",
            server.log()
        );
        sum.acknowledged += all;
        sum.lost += all.saturating_sub(found);
        sum.unanswered += found.saturating_sub(all);
    }
}

/// How long the disk takes for a sync, at worst.
fn slowest_sync(server: &Server, is_over: &AtomicBool) -> Duration {
    let mut file = File::create(server.dir.path().join("probe")).expect("a file");
    let mut slowest = Duration::ZERO;
    while !is_over.load(Ordering::Relaxed) {
        let began = Instant::now();
        file.write_all(b"probe").and_then(|()| file.sync_data()).expect("it is written");
        slowest = slowest.max(began.elapsed());
        std::thread::sleep(Duration::from_millis(50));
    }
    slowest
}

/// Reads a counter until the server is gone; the highest number it had.
fn watch(server: &Server, counter: &str) -> u64 {
    let mut seen = 0;
    let Ok(mut wire) = Wire::open(server.port) else { return seen };
    while let Ok(reply) = wire.ask(&[vec!["GET".into(), counter.into()]]) {
        seen = seen.max(reply.replace("nil", "0").parse().expect("a number"));
    }
    seen
}

/// Has the files rewritten, now and then, until the server is gone.
fn disturb(server: &Server) {
    let Ok(mut wire) = Wire::open(server.port) else { return };
    let mut is_up = true;
    while is_up {
        std::thread::sleep(Duration::from_millis(fastrand::u64(1..100)));
        let task = ["BGREWRITEAOF", "BGSAVE"][fastrand::usize(..2)];
        // Refused while another is under way.
        is_up = wire.ask(&[vec![task.into()]]).is_ok();
    }
}

#[test]
fn under_always_what_was_acknowledged_or_read_survives_kill_9() {
    Rounds { count: crashes(), flags: ALWAYS, load_ms: 20..250, end: End::Kill, most_lost: None }
        .run();
}

#[test]
fn under_always_what_was_acknowledged_or_read_survives_a_power_cut() {
    Rounds {
        count: crashes(),
        flags: ALWAYS,
        load_ms: 20..250,
        end: End::PowerCut,
        most_lost: None,
    }
    .run();
}

#[test]
fn under_everysec_all_but_a_second_survives_kill_9() {
    Rounds {
        count: crashes().div_ceil(4),
        flags: EVERYSEC,
        load_ms: 20..400,
        end: End::Kill,
        // The kernel has all but what the writer had not passed on yet.
        most_lost: Some(Duration::from_secs(1)),
    }
    .run();
}

#[test]
fn under_everysec_all_but_two_seconds_survives_a_power_cut() {
    Rounds {
        count: crashes().div_ceil(4),
        flags: EVERYSEC,
        load_ms: 2300..3500,
        end: End::PowerCut,
        most_lost: Some(MOST_LOST),
    }
    .run();
}

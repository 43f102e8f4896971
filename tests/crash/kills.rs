//! Kills at random moments, under load: what was promised is there.

use crate::bench::Bench;
use crate::history::{Client, Wire};
use crate::support::Server;
use crate::{ALWAYS, EVERYSEC};
use std::ops::Range;
use std::time::{Duration, Instant};

const CLIENTS: usize = 6;
/// What `everysec` may lose.
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
            let mut clients: Vec<Client> =
                (0..CLIENTS).map(|number| Client::new(round, number)).collect();
            let load = Duration::from_millis(fastrand::u64(self.load_ms.clone()));
            let (ended, seen) = self.crash(&mut bench, &mut clients, load);
            bench.start_again(&flags);
            self.check(&bench.server, &clients, ended, &mut sum);
            let counter = bench.server.connect().ask(&format!("GET {}", clients[0].counter()));
            let counter = counter.replace("nil", "0").parse::<u64>().expect("a number");
            assert!(self.most_lost.is_some() || counter >= seen, "{seen} seen, now {counter}");
        }
        assert!(sum.acknowledged > 0);
        println!("{} × {:?} under {}: {sum:?}", self.count, self.end, self.flags.join(" "));
    }

    /// Lets clients write for so long, then ends the server. Tells when, and the highest number
    /// that a reader has seen of the first client's counter.
    fn crash(&self, bench: &mut Bench, clients: &mut [Client], load: Duration) -> (Instant, u64) {
        let counter = clients[0].counter();
        let server = &bench.server;
        let (ended, seen) = std::thread::scope(|scope| {
            for client in clients {
                scope.spawn(move || client.write(server));
            }
            let reader = scope.spawn(|| watch(server, &counter));
            std::thread::sleep(load);
            let ended = Instant::now();
            server.signal("KILL");
            (ended, reader.join().expect("it reads"))
        });
        if self.end == End::PowerCut {
            bench.cut_the_power();
        }
        (ended, seen)
    }

    fn check(&self, server: &Server, clients: &[Client], ended: Instant, sum: &mut Sum) {
        let mut connection = server.connect();
        for client in clients {
            let promised = match self.most_lost {
                None => client.all(),
                Some(most) => ended.checked_sub(most).map_or(0, |at| client.acknowledged(at)),
            };
            let all = client.all();
            let found = client.find(&mut connection).unwrap_or_else(|why| panic!("{why}"));
            assert!(found >= promised, "{found} of {promised} are there, of {all} acknowledged");
            sum.acknowledged += all;
            sum.lost += all.saturating_sub(found);
            sum.unanswered += found.saturating_sub(all);
        }
    }
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
fn under_everysec_all_but_two_seconds_survives_kill_9() {
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

//! Kills at random moments, under load: what was promised is there.

use crate::bench::Bench;
use crate::history::{Client, Wire, find_all};
use crate::support::Server;
use crate::{ALWAYS, EVERYSEC};
use std::ops::Range;
use std::time::Duration;

const CLIENTS: usize = 6;
/// What `everysec` may lose by kill -9: what the writer has not passed to the kernel yet.
const MOST_LOST_BY_KILL: Duration = Duration::from_secs(1);
/// By a power cut: what was acknowledged in the last two seconds in which anything was.
const MOST_LOST_BY_POWER_CUT: Duration = Duration::from_secs(2);
/// A reply may be read so much later than it was sent.
const LATE_READING: Duration = Duration::from_millis(300);

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
    /// How young what is lost may be; none if nothing may be.
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
            let seen = self.crash(&mut bench, &mut clients, load);
            bench.start_again(&flags);
            check(&bench.server, &clients, self.most_lost, &mut sum);
            let counter = bench.server.connect().ask(&format!("GET {}", clients[0].counter()));
            let counter = counter.replace("nil", "0").parse::<u64>().expect("a number");
            assert!(self.most_lost.is_some() || counter >= seen, "{seen} seen, now {counter}");
        }
        assert!(sum.acknowledged > 0);
        println!("{} × {:?} under {}: {sum:?}", self.count, self.end, self.flags.join(" "));
    }

    /// Lets clients write for so long, then ends the server. Tells the highest number that a reader
    /// has seen of the first client's counter.
    fn crash(&self, bench: &mut Bench, clients: &mut [Client], load: Duration) -> u64 {
        let counter = clients[0].counter();
        let server = &bench.server;
        let seen = std::thread::scope(|scope| {
            for client in clients {
                scope.spawn(move || client.write(server));
            }
            let reader = scope.spawn(|| watch(server, &counter));
            scope.spawn(|| disturb(server));
            std::thread::sleep(load);
            server.signal("KILL");
            reader.join().expect("it reads")
        });
        if self.end == End::PowerCut {
            bench.cut_the_power();
        }
        seen
    }
}

/// Looks for all that was promised when the server ended.
fn check(server: &Server, clients: &[Client], most_lost: Option<Duration>, sum: &mut Sum) {
    let last = clients.iter().filter_map(Client::last_acknowledged).max();
    for (client, found) in clients.iter().zip(find_all(server, clients)) {
        let found = found.last;
        let promised = match (most_lost, last) {
            (None, _) => client.all(),
            (Some(young), Some(last)) => {
                let safe_until = last.checked_sub(young + LATE_READING);
                safe_until.map_or(0, |at| client.acknowledged(at))
            }
            (Some(_), None) => 0,
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
        load_ms: 1400..2400,
        end: End::Kill,
        most_lost: Some(MOST_LOST_BY_KILL),
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
        most_lost: Some(MOST_LOST_BY_POWER_CUT),
    }
    .run();
}

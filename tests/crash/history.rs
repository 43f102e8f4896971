//! Clients that write what they know, and what of it is there after a crash.
//!
//! Each client has keys of its own, sends one change after another and keeps what was acknowledged.
//! Change number n leaves n somewhere, so that a state stands for a place in the history. All of
//! them append to one shared list, too, inside of transactions. What is found must be the state
//! after some number of changes: at least all that was promised, at most all that was sent.

use crate::support::{Connection, Server, encode};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

/// Deadlines of keys lie behind this, in milliseconds since 1970.
const FAR_MS: u64 = 4_000_000_000_000;
/// Fields, and members with scores, of each client.
const FIELDS: u64 = 8;

/// What a client has at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
struct State {
    list: Vec<u64>,
    string: Option<u64>,
    counter: u64,
    fields: BTreeMap<u64, u64>,
    set: BTreeSet<u64>,
    scores: BTreeMap<u64, u64>,
    /// Changed in one transaction, always.
    together: u64,
    shared: Vec<u64>,
}

/// One change.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    Push,
    Forget,
    Set,
    Count,
    Field,
    Add,
    /// SPOP: which member goes, the reply tells.
    Pop,
    Score,
    /// A counter and the shared list in one transaction.
    Together,
}

/// What comes how often.
const CHANGES: [Change; 12] = [
    Change::Push,
    Change::Push,
    Change::Push,
    Change::Forget,
    Change::Set,
    Change::Count,
    Change::Field,
    Change::Add,
    Change::Add,
    Change::Pop,
    Change::Score,
    Change::Together,
];

/// A change that was acknowledged.
#[derive(Debug)]
struct Done {
    change: Change,
    number: u64,
    reply: String,
    sent: Instant,
    at: Instant,
}

/// A client and its history.
pub struct Client {
    name: String,
    shared: String,
    db: usize,
    done: Vec<Done>,
    /// Sent, and neither acknowledged nor refused.
    pending: Option<(Change, u64, Instant)>,
}

/// The places in a history whose state was found: more than one where changes change nothing.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// At least so many changes are there.
    pub first: usize,
    /// At most so many changes are there.
    pub last: usize,
}

impl Client {
    /// The client of this number in this round.
    pub fn new(round: u64, number: usize) -> Self {
        Client {
            name: format!("{round}:{number}"),
            shared: format!("{round}:shared"),
            db: number % 2,
            done: Vec::new(),
            pending: None,
        }
    }

    /// Writes until the server is gone.
    pub fn write(&mut self, server: &Server) {
        let Ok(mut wire) = Wire::open(server.port) else { return };
        if wire.ask(&[vec!["SELECT".into(), self.db.to_string()]]).is_err() {
            return;
        }
        for number in 1.. {
            // Not before there is something to forget.
            let picked = CHANGES[fastrand::usize(..CHANGES.len())];
            let change = if number < 3 { Change::Push } else { picked };
            let sent = Instant::now();
            self.pending = Some((change, number, sent));
            let Ok(reply) = wire.ask(&self.calls(change, number)) else { return };
            assert!(!reply.contains('-'), "{change:?} {number}: {reply}");
            self.done.push(Done { change, number, reply, sent, at: Instant::now() });
            self.pending = None;
        }
    }

    fn calls(&self, change: Change, number: u64) -> Vec<Vec<String>> {
        let of = number % FIELDS;
        let lines = match change {
            Change::Push => format!("RPUSH {}:list {number}", self.name),
            Change::Forget => format!("DEL {}:list", self.name),
            Change::Set => {
                let at = FAR_MS + number;
                format!("SET {}:string {} PXAT {at}", self.name, text(number))
            }
            Change::Count => format!("INCR {}:counter", self.name),
            Change::Field => format!("HSET {}:hash {of} {number}", self.name),
            Change::Add => format!("SADD {}:set {number}", self.name),
            Change::Pop => format!("SPOP {}:set", self.name),
            Change::Score => format!("ZADD {}:scores {number} {of}", self.name),
            Change::Together => {
                let (name, shared) = (&self.name, &self.shared);
                format!("MULTI|INCR {name}:together|RPUSH {shared} {name}:{number}|EXEC")
            }
        };
        let words = |line: &str| line.split(' ').map(str::to_string).collect();
        lines.split('|').map(words).collect()
    }

    /// How many changes were acknowledged.
    pub fn all(&self) -> usize {
        self.done.len()
    }

    /// How many changes were acknowledged before this moment.
    pub fn acknowledged(&self, before: Instant) -> usize {
        self.done.partition_point(|done| done.at < before)
    }

    /// When the last change was acknowledged.
    pub fn last_acknowledged(&self) -> Option<Instant> {
        self.done.last().map(|done| done.at)
    }

    /// How many changes were sent before this moment.
    pub fn sent_before(&self, moment: Instant) -> usize {
        let pending = self.pending.iter().map(|(_, _, sent)| *sent);
        let sent = self.done.iter().map(|done| done.sent).chain(pending);
        sent.take_while(|sent| *sent < moment).count()
    }

    /// The key that counts one kind of change; clients with even numbers have it in database 0.
    pub fn counter(&self) -> String {
        format!("{}:counter", self.name)
    }

    /// When the last of so many changes was sent.
    fn sent(&self, count: usize) -> Option<Instant> {
        let pending = self.pending.iter().map(|(_, _, sent)| *sent);
        self.done.iter().map(|done| done.sent).chain(pending).take(count).last()
    }

    /// How many changes are in what the server has.
    ///
    /// # Errors
    /// What it has, where that can't be.
    fn find(&self, connection: &mut Connection) -> Result<Found, String> {
        let found = self.look(connection);
        let mut state = State::default();
        let mut places: Vec<usize> = (state == found).then_some(0).into_iter().collect();
        for (before, done) in self.done.iter().enumerate() {
            state.apply(done.change, done.number, &done.reply);
            if state == found {
                places.push(before + 1);
            }
        }
        if self.pending.is_some_and(|pending| state.may_become(&found, pending)) {
            places.push(self.done.len() + 1);
        }
        match (places.first(), places.last()) {
            (Some(first), Some(last)) => Ok(Found { first: *first, last: *last }),
            _ => Err(format!("{}\nfound {found:?}\nafter all {state:?}", self.name)),
        }
    }

    fn look(&self, connection: &mut Connection) -> State {
        let name = &self.name;
        connection.ask(&format!("SELECT {}", self.db));
        let mut ask = |line: String| connection.ask(&line);
        let string = ask(format!("GET {name}:string"));
        let string = (string != "nil").then(|| {
            let number = number(string.split(':').next().expect("a number"));
            assert_eq!(string, text(number));
            let deadline = ask(format!("PEXPIRETIME {name}:string"));
            assert_eq!(deadline, format!(":{}", FAR_MS + number));
            number
        });
        let own = format!("{name}:");
        let shared = words(&ask(format!("LRANGE {} 0 -1", self.shared)));
        let shared = shared.iter().filter_map(|word| word.strip_prefix(&own)).map(number);
        State {
            list: numbers(&ask(format!("LRANGE {name}:list 0 -1"))).collect(),
            string,
            counter: number(&ask(format!("GET {name}:counter")).replace("nil", "0")),
            fields: pairs(&ask(format!("HGETALL {name}:hash"))),
            set: numbers(&ask(format!("SMEMBERS {name}:set"))).collect(),
            scores: pairs(&ask(format!("ZRANGE {name}:scores 0 -1 WITHSCORES"))),
            together: number(&ask(format!("GET {name}:together")).replace("nil", "0")),
            shared: shared.collect(),
        }
    }
}

impl State {
    fn apply(&mut self, change: Change, number: u64, reply: &str) {
        match change {
            Change::Push => self.list.push(number),
            Change::Forget => self.list.clear(),
            Change::Set => self.string = Some(number),
            Change::Count => self.counter += 1,
            Change::Field => drop(self.fields.insert(number % FIELDS, number)),
            Change::Add => drop(self.set.insert(number)),
            Change::Pop if reply == "nil" => {}
            Change::Pop => assert!(self.set.remove(&self::number(reply)), "{reply} was there"),
            Change::Score => drop(self.scores.insert(number % FIELDS, number)),
            Change::Together => {
                self.together += 1;
                self.shared.push(number);
            }
        }
    }

    /// Whether a change of which nobody knows the reply leads to what was found.
    fn may_become(&self, found: &State, (change, number, _): (Change, u64, Instant)) -> bool {
        let mut next = self.clone();
        if change == Change::Pop {
            let popped: Vec<u64> = self.set.difference(&found.set).copied().collect();
            next.set.retain(|member| !popped.contains(member));
            return popped.len() == 1 && next == *found;
        }
        next.apply(change, number, "");
        next == *found
    }
}

/// What the server has of these clients' changes: of each client the first ones, without a gap, and
/// all of one moment. What had been acknowledged when another change was sent is not missing where
/// that one is there.
pub fn find_all(server: &Server, clients: &[Client]) -> Vec<Found> {
    let mut connection = server.connect();
    let find = |client: &Client| {
        client.find(&mut connection).unwrap_or_else(|why| panic!("{why}\n{}", server.log()))
    };
    let found: Vec<Found> = clients.iter().map(find).collect();
    let sent = clients.iter().zip(&found).filter_map(|(client, found)| client.sent(found.first));
    if let Some(latest) = sent.max() {
        for (client, found) in clients.iter().zip(&found) {
            let before = client.acknowledged(latest);
            let last = found.last;
            assert!(last >= before, "{}: {last} of {before} are there", client.name);
        }
    }
    found
}

/// Clients of a round that write at the same time, until the server is gone; `meanwhile` runs
/// beside them.
pub fn write_all(server: &Server, clients: &mut [Client], meanwhile: impl FnOnce()) {
    std::thread::scope(|scope| {
        for client in clients {
            scope.spawn(move || client.write(server));
        }
        meanwhile();
    });
}

/// The value of the string after this change: some are long.
fn text(number: u64) -> String {
    let padding = if number.is_multiple_of(5) { 20_000 } else { 3 };
    format!("{number}:{}", "x".repeat(padding))
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

/// The elements of a reply.
fn words(reply: &str) -> Vec<String> {
    let inside = reply.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let inside = inside.unwrap_or_else(|| panic!("{reply} is no array"));
    inside.split(", ").filter(|word| !word.is_empty()).map(str::to_string).collect()
}

fn numbers(reply: &str) -> impl Iterator<Item = u64> {
    words(reply).into_iter().map(|word| number(&word))
}

fn pairs(reply: &str) -> BTreeMap<u64, u64> {
    let all: Vec<u64> = numbers(reply).collect();
    all.chunks(2).map(|pair| (pair[0], pair[1])).collect()
}

/// A connection that may break at any time.
pub struct Wire(BufReader<TcpStream>);

impl Wire {
    /// Connects.
    pub fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        Ok(Wire(BufReader::new(stream)))
    }

    /// Sends calls in one go; the reply to the last.
    pub fn ask(&mut self, calls: &[Vec<String>]) -> io::Result<String> {
        let call = |words: &Vec<String>| {
            let words: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
            encode(&words)
        };
        let bytes: Vec<u8> = calls.iter().flat_map(call).collect();
        self.0.get_mut().write_all(&bytes)?;
        let mut last = String::new();
        for _ in calls {
            last = self.reply()?;
        }
        Ok(last)
    }

    fn reply(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        if !line.ends_with('\n') {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        match line.as_bytes()[0] {
            b'$' if line == "$-1" => Ok("nil".into()),
            b'$' => {
                let mut bytes = vec![0; number(&line[1..]) as usize + 2];
                self.0.read_exact(&mut bytes)?;
                Ok(String::from_utf8_lossy(&bytes[..bytes.len() - 2]).into_owned())
            }
            b'*' => {
                let replies: io::Result<Vec<String>> =
                    (0..number(&line[1..])).map(|_| self.reply()).collect();
                Ok(replies?.join(", "))
            }
            _ => Ok(line.to_string()),
        }
    }
}

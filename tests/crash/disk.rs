//! A disk that refuses: writes are refused meanwhile, nothing acknowledged is lost, and the service
//! goes on when the cause is gone.

use crate::bench::{Bench, files_of_log};
use crate::{ALWAYS, EVERYSEC};
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const MISCONF: &str = "-MISCONF Errors writing to the AOF file: a test asks for this error";

#[test]
fn writes_are_refused_while_the_log_cannot_be_written_or_synced() {
    for (flags, step) in [
        (ALWAYS, "log-sync"),
        (EVERYSEC, "log-sync"),
        (ALWAYS, "log-write"),
        (EVERYSEC, "log-write"),
    ] {
        let mut bench = Bench::start(flags);
        let (mut writer, mut other) = (bench.server.connect(), bench.server.connect());
        assert_eq!(writer.ask("SET before 1"), "+OK");
        assert_eq!(writer.ask("WAITAOF 1 0 5000"), "[:1, :0]");
        bench.ask_for(&format!("{step} error"));
        let patience = Duration::from_millis(300);
        let reply = writer.try_ask_within("INCR counter", patience);
        if flags == ALWAYS {
            assert_eq!(reply, None, "{step}: it is answered when it is safe");
        } else {
            assert_eq!(reply.as_deref(), Some(":1"), "{step}");
        }
        other.wait_for("SET other 1", MISCONF);
        assert_eq!(other.ask("SET refused 1"), MISCONF);
        assert_eq!(other.ask("GET before"), "1");
        assert!(other.ask("INFO persistence").contains("aof_last_write_status:err"));
        bench.ask_for("");
        if flags == ALWAYS {
            assert_eq!(writer.reply(), ":1");
        }
        other.wait_for("SET after 1", "+OK");
        assert_eq!(other.ask("WAITAOF 1 0 5000"), "[:1, :0]");
        bench.cut_the_power();
        bench.start_again(flags);
        let found = bench.server.connect().ask("MGET before counter refused after");
        assert_eq!(found, "[1, 1, nil, 1]", "{step}");
    }
}

#[test]
fn under_everysec_nothing_is_acknowledged_while_a_sync_is_two_seconds_late() {
    let mut bench = Bench::start(EVERYSEC);
    bench.ask_for("log-sync wait");
    let acknowledged = AtomicU64::new(0);
    let is_over = AtomicBool::new(false);
    let (mut writer, mut other) = (bench.server.connect(), bench.server.connect());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let number = acknowledged.load(Ordering::Relaxed) + 1;
                assert_eq!(writer.ask(&format!("SET number {number}")), "+OK");
                acknowledged.store(number, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        std::thread::sleep(Duration::from_millis(2600));
        let last = acknowledged.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(200));
        assert!(last > 0 && acknowledged.load(Ordering::Relaxed) == last, "{last}");
        // What is read was promised to nobody; and it is in the file, though not on the disk.
        assert_eq!(other.ask("GET number"), format!("{}", last + 1));
        let file = files_of_log(bench.server.dir.path()).pop().expect("a file");
        let log = fs::read(file).expect("it can be read");
        let text = format!("\r\n{}\r\n", last + 1);
        assert!(log.windows(text.len()).any(|part| part == text.as_bytes()));
        assert!(other.ask("INFO persistence").contains("aof_pending_bio_fsync:1"));
        is_over.store(true, Ordering::Relaxed);
        bench.ask_for("");
    });
    assert!(other.ask("INFO persistence").contains("aof_delayed_fsync:1"));
    assert_eq!(other.ask("WAITAOF 1 0 5000"), "[:1, :0]");
    let last = acknowledged.load(Ordering::Relaxed);
    bench.cut_the_power();
    bench.start_again(EVERYSEC);
    assert_eq!(bench.server.connect().ask("GET number"), format!("{last}"));
}

#[test]
fn death_while_the_disk_refuses_loses_nothing_that_was_acknowledged() {
    for step in ["log-sync", "log-write"] {
        let mut bench = Bench::start(ALWAYS);
        let mut writer = bench.server.connect();
        for number in 1..=20 {
            assert_eq!(writer.ask("INCR counter"), format!(":{number}"));
        }
        bench.ask_for(&format!("{step} error"));
        assert_eq!(writer.try_ask_within("INCR counter", Duration::from_millis(200)), None);
        bench.cut_the_power();
        bench.start_again(ALWAYS);
        assert_eq!(bench.server.connect().ask("GET counter"), "20", "{step}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_ends_the_start() {
    let mut bench = Bench::start(&["--save", ""]);
    let dir = bench.server.dir.path().to_path_buf();
    // Something in its place stands for missing permissions: those would not keep root out.
    fs::write(dir.join("appendonlydir"), "a file").expect("a file");
    assert_eq!(bench.server.fail_to_start(ALWAYS), Some(1));
    assert!(bench.server.log().contains("appendonlydir"), "{}", bench.server.log());
    fs::remove_file(dir.join("appendonlydir")).expect("it is gone");
    fs::create_dir_all(dir.join("appendonlydir/temp-appendonly.aof.manifest")).expect("a folder");
    assert_eq!(bench.server.fail_to_start(ALWAYS), Some(1));
    assert!(bench.server.log().contains("Can't write the AOF manifest"), "{}", bench.server.log());
    fs::remove_dir(dir.join("appendonlydir/temp-appendonly.aof.manifest")).expect("it is gone");
    bench.start_again(ALWAYS);
    assert_eq!(bench.server.connect().ask("SET a 1"), "+OK");
}

#[test]
fn a_log_whose_disk_refuses_can_be_turned_off_and_on_again() {
    for step in ["log-sync", "log-write"] {
        let mut bench = Bench::start(ALWAYS);
        let (mut writer, mut other) = (bench.server.connect(), bench.server.connect());
        bench.ask_for(&format!("{step} error"));
        assert_eq!(writer.try_ask_within("INCR counter", Duration::from_millis(200)), None);
        other.wait_for("SET other 1", MISCONF);
        assert_eq!(other.ask("CONFIG SET appendonly no"), "+OK");
        assert_eq!(writer.reply(), ":1", "nothing is promised any longer");
        other.wait_for("SET other 2", "+OK");
        bench.ask_for("");
        assert_eq!(other.ask("CONFIG SET appendonly yes"), "+OK");
        let mut info = String::new();
        while !info.contains("aof_rewrite_in_progress:0") || info.contains("aof_pending_rewrite:1")
        {
            info = other.ask("INFO persistence");
        }
        assert_eq!(other.ask("INCR counter"), ":2");
        bench.cut_the_power();
        bench.start_again(ALWAYS);
        assert_eq!(bench.server.connect().ask("MGET counter other"), "[2, 2]", "{step}");
    }
}

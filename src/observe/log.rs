//! The log, through `tracing`, in Redis's line format:
//!
//! ```text
//! 4711:M 21 Nov 2026 13:00:00.123 * Ready to accept connections tcp
//! └ process            └ local time  └ level: . debug   - verbose   * notice   # warning
//! ```
//! `loglevel` picks what is written and may change at run time; `logfile` picks where to: a file
//! that is appended to, or standard output.

use anyhow::{Context, Result};
use std::fmt;
use std::fs::OpenOptions;
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{ChronoLocal, FormatTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();

/// Starts the log. `path` empty means standard output.
///
/// # Errors
/// When the file cannot be opened for appending.
pub fn start(level: &str, path: &Path) -> Result<()> {
    let (filter, handle) = reload::Layer::new(filter(level));
    let format = RedisFormat { clock: ChronoLocal::new("%d %b %Y %H:%M:%S%.3f".into()) };
    let layer = tracing_subscriber::fmt::layer().event_format(format).with_ansi(false);
    let registry = tracing_subscriber::registry().with(filter);
    if path.as_os_str().is_empty() {
        registry.with(layer).init();
    } else {
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.with_context(|| format!("Can't open the log file: {}", path.display()))?;
        registry.with(layer.with_writer(Mutex::new(file))).init();
    }
    // A second start in one process keeps the first handle; only tests could try.
    let _ = LEVEL.set(handle);
    Ok(())
}

/// Changes what is written: CONFIG SET loglevel.
pub fn set_level(level: &str) {
    if let Some(handle) = LEVEL.get()
        && let Err(error) = handle.reload(filter(level))
    {
        tracing::warn!("the log level stays as it was: {error}");
    }
}

fn filter(level: &str) -> LevelFilter {
    match level {
        "debug" => LevelFilter::TRACE,
        "verbose" => LevelFilter::DEBUG,
        "warning" => LevelFilter::WARN,
        "nothing" => LevelFilter::OFF,
        _ => LevelFilter::INFO,
    }
}

struct RedisFormat {
    clock: ChronoLocal,
}

impl<S, N> FormatEvent<S, N> for RedisFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "{}:M ", std::process::id())?;
        self.clock.format_time(&mut writer)?;
        let sign = match *event.metadata().level() {
            Level::TRACE => '.',
            Level::DEBUG => '-',
            Level::INFO => '*',
            Level::WARN | Level::ERROR => '#',
        };
        write!(writer, " {sign} ")?;
        context.field_format().format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}

//! The map as HTML: a section for each track, a stop for each stage. The book uses the fragment; a
//! learner gets it as one page, `me/map.html`, that needs no other file.

use super::{Line, Place, State, duration, summary};
use std::fmt::Write as _;
use std::path::Path;

/// The style sheet that the fragment needs.
pub const STYLE: &str = include_str!("map.css");

const PAGE_STYLE: &str = "\
body {
	margin: 0 auto; padding: 1.2rem; max-width: 62rem;
	background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
}
h1 { font-size: 1.5rem; margin: 0; }
a { color: var(--link); }
.sum { color: var(--soft); margin: .2rem 0 1.2rem; }
";

/// The tracks and their stages, those without a chapter last. `link` gives the address of a stage's
/// page, if it has one.
pub fn fragment(lines: &[Line], link: &dyn Fn(&Place) -> Option<String>) -> String {
    let (open, closed): (Vec<&Line>, Vec<&Line>) =
        lines.iter().partition(|line| line.has_chapters());
    let sections =
        |some: &[&Line]| -> String { some.iter().map(|line| section(line, lines, link)).collect() };
    let mut html = sections(&open);
    if !open.is_empty() && !closed.is_empty() {
        html.push_str("<p class=\"rest\">These have tests, and no chapters yet:</p>\n");
    }
    html.push_str(&sections(&closed));
    html
}

fn section(line: &Line, all: &[Line], link: &dyn Fn(&Place) -> Option<String>) -> String {
    let track = &line.track;
    let after: Vec<String> = track.after.iter().map(|name| track_link(all, name)).collect();
    let after = match after.as_slice() {
        [] => String::new(),
        names => format!("<span class=\"after\">after {}</span>", names.join(", ")),
    };
    let count = match line.done() {
        0 => format!("{}, {}", stages(line.places.len()), duration(line.minutes())),
        done => format!("{done} of {} done", line.places.len()),
    };
    let stops: String = line.places.iter().map(|place| stop(place, link(place))).collect();
    format!(
        "<section class=\"track\" id=\"track-{}\">\n<header><h2>{}</h2>{after}\
         <span class=\"count\">{count}</span></header>\n<p class=\"goal\">{}</p>\n\
         <ol class=\"line\">\n{stops}</ol>\n</section>\n",
        escaped(&track.id),
        escaped(&track.title),
        escaped(&track.goal),
    )
}

fn stages(count: usize) -> String {
    if count == 1 { "1 stage".into() } else { format!("{count} stages") }
}

fn track_link(lines: &[Line], id: &str) -> String {
    let title = lines.iter().find(|line| line.track.id == id).map(|line| &line.track.title);
    let title = escaped(title.map_or(id, String::as_str));
    format!("<a href=\"#track-{}\">{title}</a>", escaped(id))
}

fn stop(place: &Place, link: Option<String>) -> String {
    let (number, name) = place.stage.number_and_name();
    let (class, time) = match place.state {
        State::Done(Some(minutes)) => ("done", format!("in {minutes} min")),
        State::Done(None) => ("done", "done".into()),
        State::Current => ("current", "you are here".into()),
        State::Ahead if place.has_chapter => ("", format!("{} min", place.stage.minutes)),
        // Tests, but no chapter yet.
        State::Ahead => ("closed", format!("{} min", place.stage.minutes)),
    };
    let mut html = format!("<li class=\"stop {class}\" title=\"{}\">", escaped(&place.title));
    let inner = format!(
        "<span class=\"dot\">{number}</span><span class=\"name\">{}</span>\
         <span class=\"time\">{time}</span>",
        escaped(name)
    );
    // Writing to a String cannot fail.
    let _ = match link {
        Some(link) => writeln!(html, "<a href=\"{}\">{inner}</a></li>", escaped(&link)),
        None => writeln!(html, "<span class=\"no-link\">{inner}</span></li>"),
    };
    html
}

/// The map as one page.
pub fn page(lines: &[Line], link: &dyn Fn(&Place) -> Option<String>) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Redstart: your map</title>\n<link rel=\"icon\" href=\"data:,\">\n\
         <style>\n{STYLE}{PAGE_STYLE}</style>\n</head>\n<body>\n<h1>Your map</h1>\n\
         <p class=\"sum\">{}</p>\n{}</body>\n</html>\n",
        escaped(&summary(lines)),
        fragment(lines, link)
    )
}

/// Writes the page into the learner's folder. Stages lead to the book's pages, where those exist.
pub fn write(root: &Path, me: &Path, lines: &[Line]) -> Result<(), String> {
    let book = root.join("target/course/book");
    let link = |place: &Place| {
        let page = book.join(format!("{}.html", place.stage.id));
        page.is_file().then(|| address_of(&page))
    };
    let (path, part) = (me.join("map.html"), me.join(".map.html.part"));
    // A browser that reloads just then sees the old page or the new one, never half of one.
    std::fs::write(&part, page(lines, &link))
        .and_then(|()| std::fs::rename(&part, &path))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// A file's address for a browser.
pub fn address_of(path: &Path) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let mut address = String::from("file://");
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                address.push(byte as char);
            }
            byte => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address
}

/// Text within HTML, also within quotes.
pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            letter => html.push(letter),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::super::tests::lines;
    use super::*;

    #[test]
    fn every_stage_is_a_stop_in_its_state() {
        let html = page(&lines(), &|place| Some(format!("{}.html", place.stage.id)));
        assert_eq!(html.matches("<li class=\"stop ").count(), 4);
        assert_eq!(html.matches("stop done").count(), 2);
        assert_eq!(html.matches("you are here").count(), 1);
        assert!(html.contains("<a href=\"base-01-bind.html\">"));
        assert!(html.contains("after <a href=\"#track-base\">BASE</a>"));
        assert!(html.contains("The &lt;title&gt; of") && !html.contains("<title> of"));
        assert!(!html.contains("no chapters yet"));
        assert!(!html.contains("http:") && !html.contains("https:"), "nothing is loaded");
    }

    #[test]
    fn tracks_without_chapters_come_last() {
        let mut lines = lines();
        lines[0].places.iter_mut().for_each(|place| place.has_chapter = false);
        let html = fragment(&lines, &|_| None);
        let at = |text: &str| html.find(text).unwrap();
        assert!(at("id=\"track-lists\"") < at("no chapters yet"));
        assert!(at("no chapters yet") < at("id=\"track-base\""));
    }

    #[test]
    fn a_page_is_written_whole_and_links_only_what_exists() {
        let root = std::env::temp_dir().join(format!("redstart map {}", std::process::id()));
        let book = root.join("target/course/book");
        std::fs::create_dir_all(&book).unwrap();
        std::fs::write(book.join("base-02-ping.html"), "").unwrap();
        write(&root, &root, &lines()).unwrap();
        let html = std::fs::read_to_string(root.join("map.html")).unwrap();
        assert_eq!(html.matches("href=\"file:///").count(), 1, "{html}");
        assert!(html.contains("/redstart%20map%20") && html.ends_with("</html>\n"));
        assert!(!root.join(".map.html.part").exists());
        std::fs::remove_dir_all(&root).unwrap();
    }
}

//! The plot: bars of CPU per command and of bytes per key, as SVG made by hand.
//!
//! A group of bars stands for one load, a bar for one server. Each group has its own scale, since
//! an unpipelined command costs ten times a pipelined one: lengths are compared within a group, and
//! the figure stands at the bar's end.

use std::fmt::Write;

use super::tables::{case_name, is_own, servers};
use crate::load::Operation;
use crate::results::{Results, SpeedCase, Spread};

const WIDTH: usize = 860;
const LEFT: usize = 200;
const LONGEST: f64 = 520.0;
const BAR: usize = 15;
const GAP: usize = 16;
const HEADING: usize = 34;
/// Redstart's colour comes first; the others follow in their order.
const OWN_COLOUR: &str = "#c8321f";
const COLOURS: [&str; 5] = ["#5b7fa6", "#8aa9c4", "#4f9a8b", "#9c86b5", "#b0a070"];
const NULL_COLOUR: &str = "#c4c4c4";

/// One group of bars.
struct Group {
    name: String,
    bars: Vec<(String, f64)>,
}

/// The whole picture.
pub fn draw(results: &Results) -> String {
    let names = servers(&results.speed);
    let mut body = String::new();
    let mut y = HEADING;
    let sections = [
        ("Server CPU per command, µs (less is better)", speed_groups(results), 2),
        ("Resident bytes per key (less is better)", memory_groups(results), 1),
    ];
    for (title, groups, digits) in sections.iter().filter(|(_, groups, _)| !groups.is_empty()) {
        text(&mut body, (16, y), ("heading", title));
        y += GAP;
        for group in groups {
            y = draw_group(&mut body, group, (y, *digits), &names);
        }
        y += HEADING;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" width=\"{WIDTH}\" \
         height=\"{y}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <style>text{{fill:#222}}.heading{{font-size:15px;font-weight:bold}}\
         .own{{font-weight:bold}}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n"
    )
}

fn draw_group(
    body: &mut String,
    group: &Group,
    (top, digits): (usize, usize),
    names: &[String],
) -> usize {
    let most = group.bars.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    let mut y = top + GAP;
    text(body, (16, y), ("own", &group.name));
    y += 6;
    for (server, value) in &group.bars {
        let length = value / most * LONGEST;
        let middle = y + BAR - 4;
        let class = if is_own(server) { "own" } else { "other" };
        text(body, (32, middle), (class, server));
        // A String takes every write.
        let _ = writeln!(
            body,
            "<rect x=\"{LEFT}\" y=\"{}\" width=\"{length:.1}\" height=\"{}\" fill=\"{}\"/>",
            y + 2,
            BAR - 3,
            colour(server, names)
        );
        let end = LEFT + length as usize + 6;
        text(body, (end, middle), (class, &format!("{value:.digits$}")));
        y += BAR;
    }
    y
}

fn text(body: &mut String, (x, y): (usize, usize), (class, text): (&str, &str)) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    // A String takes every write.
    let _ = writeln!(body, "<text x=\"{x}\" y=\"{y}\" class=\"{class}\">{text}</text>");
}

fn colour(server: &str, names: &[String]) -> &'static str {
    if is_own(server) {
        return OWN_COLOUR;
    }
    if server.contains("nothing") {
        return NULL_COLOUR;
    }
    let others = names.iter().filter(|name| !is_own(name));
    let place = others.into_iter().position(|name| name == server).unwrap_or(0);
    COLOURS[place % COLOURS.len()]
}

/// GET and SET at one number of keys and one length: the plot shows the depth of the pipeline, the
/// tables the rest.
fn speed_groups(results: &Results) -> Vec<Group> {
    let plotted = |case: &&SpeedCase| {
        matches!(case.operation, Operation::Get | Operation::Set)
            && results.speed.first().is_some_and(|first| {
                (first.keys, first.value_bytes) == (case.keys, case.value_bytes)
            })
    };
    let mut cases: Vec<&SpeedCase> = results.speed.iter().filter(plotted).collect();
    cases.sort_by_key(|case| (case.operation.name(), case.pipeline));
    let group = |case: &SpeedCase| {
        let bar = |measured: &crate::results::Measured| {
            let cost = Spread::of(measured.samples.iter().map(|sample| sample.cpu_us))?;
            Some((measured.server.clone(), cost.median))
        };
        Group { name: case_name(case), bars: case.servers.iter().filter_map(bar).collect() }
    };
    cases.into_iter().map(group).collect()
}

fn memory_groups(results: &Results) -> Vec<Group> {
    let Some(first) = results.memory.first() else {
        return Vec::new();
    };
    let same = results.memory.iter().filter(|case| case.keys == first.keys);
    same.map(|case| {
        let deadline = if case.volatile { " and a deadline" } else { "" };
        let name = format!("16-byte keys, {}-byte values{deadline}", case.value_bytes);
        Group { name, bars: case.servers.clone() }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_run_draws_an_empty_picture() {
        let picture = draw(&Results::default());
        assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
    }

    #[test]
    fn names_are_escaped() {
        let mut body = String::new();
        text(&mut body, (0, 0), ("own", "a<b & c"));
        assert!(body.contains("a&lt;b &amp; c"));
    }
}

//! A page of the course as it is read in a terminal, or in a file: the signs of Markdown are for
//! the book. Code stands under the name of its file, four columns in.

use crate::report::Style;

/// How far code is moved in.
const MARGIN: &str = "    ";
const BOLD: &str = "1";
const DIM: &str = "2";

/// The page of this Markdown.
pub fn page(text: &str, style: Style) -> String {
    let paint = |code: &str, line: &str| match style {
        Style::Colour if !line.is_empty() => format!("\x1b[{code}m{line}\x1b[0m"),
        _ => line.to_owned(),
    };
    let mut lines = Vec::new();
    let mut in_fence = false;
    for line in text.lines() {
        if let Some(info) = line.strip_prefix("```") {
            in_fence = !in_fence;
            if let Some(head) = head_of(info).filter(|_| in_fence) {
                lines.push(paint(BOLD, &format!("--- {head}")));
            }
            continue;
        }
        if in_fence {
            lines.push(if line.is_empty() {
                String::new()
            } else {
                paint(DIM, &format!("{MARGIN}{line}"))
            });
            continue;
        }
        let tag = line.trim().replace("<details>", "").replace("</details>", "");
        if let Some(summary) = tag.strip_prefix("<summary>") {
            lines.push(paint(BOLD, summary.trim_end_matches("</summary>")));
            lines.push(String::new());
        } else if line.starts_with('#') {
            let title = line.trim_start_matches('#').trim();
            lines.push(paint(BOLD, title));
            let under = if line.starts_with("# ") { "=" } else { "-" };
            lines.push(paint(DIM, &under.repeat(title.chars().count())));
        } else if !tag.is_empty() || line.is_empty() {
            lines.push(strong(line, style));
        }
    }
    // What was left out may leave two empty lines behind.
    lines.dedup_by(|next, line| next.is_empty() && line.is_empty());
    lines.join("\n").trim().to_owned() + "\n"
}

/// What stands above a block of code; nothing where there is no more to say than that it is code.
fn head_of(info: &str) -> Option<String> {
    let words: Vec<&str> = info.split_whitespace().collect();
    match words[..] {
        ["redis"] => Some("a session: > is sent, < is the reply".into()),
        [_, "from", path] => Some(format!("{path}, in Redstart")),
        ["rust", path] => Some(path.to_owned()),
        [_, path] => Some(format!("{path} (whole)")),
        [_, path, what] => Some(format!("{path} ({what})")),
        _ => None,
    }
}

/// `**words**` are bold, or just words.
fn strong(line: &str, style: Style) -> String {
    let parts: Vec<&str> = line.split("**").collect();
    // Without a partner the signs are meant: `2 ** 3`.
    if parts.len().is_multiple_of(2) {
        return line.to_owned();
    }
    let inner = parts.iter().enumerate().map(|(at, part)| match (at % 2, style) {
        (1, Style::Colour) => format!("\x1b[{BOLD}m{part}\x1b[0m"),
        _ => (*part).to_owned(),
    });
    inner.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# A title\n\nAn **address** is 2 ** 3.\nA **port**.\n\n\
                        ```rust src/main.rs\nfn a() {}\n```\n\n```text src/a.rs remove\nfn b\n\
                        ```\n\n<details>\n<summary>Answers</summary>\n\nOne.\n\n</details>\n\n\
                        ## More\n";

    #[test]
    fn no_sign_of_markdown_is_left() {
        assert_eq!(
            page(TEXT, Style::Plain),
            "A title\n=======\n\nAn **address** is 2 ** 3.\nA port.\n\n--- src/main.rs\n    fn a() \
             {}\n\n--- src/a.rs (remove)\n    fn b\n\nAnswers\n\nOne.\n\nMore\n----\n"
        );
        assert!(page(TEXT, Style::Colour).contains("A \x1b[1mport\x1b[0m."));
    }
}

//! A chapter's Markdown as HTML. Fences get a head with the file they name, headings an anchor,
//! links into the repository lead to pages of this book, wide tables scroll by themselves.

use crate::highlight;
use crate::source::Sources;
use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html};
use redstart_course::map::escaped;
use std::path::{Component, Path, PathBuf};

/// A part of a page that the search can lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The anchor; empty for what stands above the first heading.
    pub id: String,
    pub heading: String,
    pub text: String,
}

/// A page's content.
#[derive(Debug)]
pub struct Rendered {
    /// The first heading, without the marks of Markdown.
    pub title: String,
    pub html: String,
    pub sections: Vec<Section>,
}

/// Renders `text`, which stands in the repository's folder `folder`.
pub fn render(text: &str, folder: &Path, sources: &mut Sources) -> Rendered {
    let mut work = Work {
        folder,
        sources,
        title: String::new(),
        sections: vec![Section { id: String::new(), heading: String::new(), text: String::new() }],
        out: Vec::new(),
    };
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_FOOTNOTES;
    let mut events = Parser::new_ext(text, options);
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => work.heading(level as usize, &mut events),
            Event::Start(Tag::CodeBlock(kind)) => work.code_block(&kind, &mut events),
            event => work.event(event),
        }
    }
    let mut html = String::new();
    html::push_html(&mut html, work.out.into_iter());
    work.sections.retain(|section| !section.heading.is_empty() || !section.text.trim().is_empty());
    Rendered { title: work.title, html, sections: work.sections }
}

struct Work<'a> {
    folder: &'a Path,
    sources: &'a mut Sources,
    title: String,
    sections: Vec<Section>,
    out: Vec<Event<'a>>,
}

impl<'a> Work<'a> {
    fn event(&mut self, event: Event<'a>) {
        let event = match event {
            Event::Text(text) => {
                self.say(&text);
                Event::Text(text)
            }
            Event::Code(code) => {
                self.say(&code);
                match self.sources.address_of_code(&code) {
                    Some(address) => Event::InlineHtml(CowStr::from(format!(
                        "<a href=\"{}\"><code>{}</code></a>",
                        escaped(&address),
                        escaped(&code)
                    ))),
                    None => Event::Code(code),
                }
            }
            Event::SoftBreak | Event::HardBreak => {
                self.say(" ");
                event
            }
            Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell) => {
                self.say(" ");
                event
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let dest_url = self.address(&dest_url).map_or(dest_url, CowStr::from);
                Event::Start(Tag::Link { link_type, dest_url, title, id })
            }
            Event::Start(Tag::Table(_)) => {
                self.out.push(Event::Html("<div class=\"table\">".into()));
                event
            }
            Event::End(TagEnd::Table) => {
                self.out.push(event);
                Event::Html("</div>\n".into())
            }
            other => other,
        };
        self.out.push(event);
    }

    /// For the search.
    fn say(&mut self, text: &str) {
        if let Some(section) = self.sections.last_mut() {
            section.text.push_str(text);
        }
    }

    fn heading(&mut self, level: usize, events: &mut Parser<'a>) {
        let mut text = String::new();
        let mut inner = Vec::new();
        for event in
            events.by_ref().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))))
        {
            match &event {
                Event::Text(piece) | Event::Code(piece) => text.push_str(piece),
                _ => {}
            }
            inner.push(event);
        }
        let mut html = String::new();
        html::push_html(&mut html, inner.into_iter());
        if level == 1 && self.title.is_empty() {
            self.out.push(Event::Html(format!("<h1>{html}</h1>\n").into()));
            self.title = text;
            return;
        }
        let id = self.free_id(&text);
        let link = format!(
            "<h{level} id=\"{id}\">{html} <a class=\"anchor\" href=\"#{id}\" aria-label=\"Link to \
             this part\">#</a></h{level}>\n"
        );
        self.out.push(Event::Html(link.into()));
        self.sections.push(Section { id, heading: text, text: String::new() });
    }

    fn free_id(&self, text: &str) -> String {
        let mut id = String::new();
        for letter in text.chars().flat_map(char::to_lowercase) {
            if letter.is_alphanumeric() {
                id.push(letter);
            } else if !id.ends_with('-') && !id.is_empty() {
                id.push('-');
            }
        }
        let id = id.trim_end_matches('-').to_owned();
        let is_free = |id: &str| self.sections.iter().all(|section| section.id != id);
        let numbered = (2..).map(|number| format!("{id}-{number}"));
        std::iter::once(id.clone()).chain(numbered).find(|id| is_free(id)).unwrap_or(id)
    }

    fn code_block(&mut self, kind: &CodeBlockKind<'a>, events: &mut Parser<'a>) {
        let mut code = String::new();
        for event in events.by_ref() {
            match event {
                Event::Text(text) => code.push_str(&text),
                Event::End(TagEnd::CodeBlock) => break,
                _ => {}
            }
        }
        let info = match kind {
            CodeBlockKind::Fenced(info) => info.to_string(),
            CodeBlockKind::Indented => String::new(),
        };
        self.say(&code);
        let html = self.fence(&info, &code);
        self.out.push(Event::Html(html.into()));
    }

    fn fence(&mut self, info: &str, code: &str) -> String {
        let words: Vec<&str> = info.split_whitespace().collect();
        let (head, class) = match words.as_slice() {
            [_, "from", path] => {
                let address = self.sources.address(path, None).unwrap_or_default();
                let link = format!("<a href=\"{}\">{}</a>", escaped(&address), escaped(path));
                (format!("{link} <span>in the real server</span>"), "from")
            }
            [_, path, "remove"] => (format!("{} <span>these go</span>", escaped(path)), "remove"),
            [_, path, "whole"] => {
                (format!("{} <span>the whole file</span>", escaped(path)), "file")
            }
            [_, path] => (escaped(path), "file"),
            ["redis"] => ("a session".into(), "session"),
            _ => (String::new(), "read"),
        };
        let lines = highlight::lines(code, words.first().copied().unwrap_or("")).join("\n");
        let head = match head.as_str() {
            "" => String::new(),
            head => format!(
                "<figcaption><span>{head}</span><button type=\"button\" class=\"copy\">copy\
                 </button></figcaption>"
            ),
        };
        format!("<figure class=\"code {class}\">{head}<pre><code>{lines}\n</code></pre></figure>\n")
    }

    /// Where a link of the repository leads in the book; None for one that stays as it is.
    fn address(&mut self, link: &str) -> Option<String> {
        if link.contains("://") || link.starts_with('#') || link.starts_with("mailto:") {
            return None;
        }
        let (path, item) =
            link.split_once('#').map_or((link, None), |(path, item)| (path, Some(item)));
        let path = normal(&self.folder.join(path));
        let name = path.to_string_lossy();
        let anchor = item.map(|item| format!("#{item}")).unwrap_or_default();
        let stage =
            name.strip_prefix("course/stages/").and_then(|rest| rest.strip_suffix("/chapter.md"));
        match (stage, &*name) {
            (Some(stage), _) => Some(format!("{stage}.html{anchor}")),
            (_, "course/LANGUAGE.md") => Some(format!("language.html{anchor}")),
            (_, "course/README.md") => Some(format!("about.html{anchor}")),
            _ => self.sources.address(&name, item),
        }
    }
}

/// The path without `..` and `.`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> Rendered {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        render(text, Path::new("course/stages/base-01-bind"), &mut Sources::new(&root))
    }

    #[test]
    fn headings_have_anchors_that_differ_and_become_sections() {
        let page =
            rendered("# 1. A `door`\n\nfirst\n\n## On the wire\n\ntext `code`\n\n## On the wire\n");
        assert_eq!(page.title, "1. A door");
        assert!(page.html.contains("<h1>1. A <code>door</code></h1>"), "{}", page.html);
        let ids: Vec<&str> = page.sections.iter().map(|section| section.id.as_str()).collect();
        assert_eq!(ids, ["", "on-the-wire", "on-the-wire-2"]);
        assert_eq!(page.sections[1].text.trim(), "text code");
    }

    #[test]
    fn fences_say_which_file_they_belong_to() {
        let html = rendered(
            "```rust src/a.rs\nfn a() {}\n```\n```redis\nA> PING\n```\n```text\nx<y\n```\n",
        )
        .html;
        assert!(html.contains("<figcaption><span>src/a.rs</span>"), "{html}");
        assert!(html.contains("class=\"code session\"") && html.contains("a session"));
        assert!(html.contains("class=\"code read\"><pre><code>x&lt;y\n"), "{html}");
    }

    #[test]
    fn links_into_the_repository_lead_to_pages_of_the_book() {
        let html = rendered(
            "[next](../base-02-ping/chapter.md#the-idea) [language](../../LANGUAGE.md) \
             [out](https://redis.io) `src/main.rs#main` `src/main.rs` [file](../../../Cargo.toml)",
        )
        .html;
        for piece in [
            "href=\"base-02-ping.html#the-idea\"",
            "href=\"language.html\"",
            "href=\"https://redis.io\"",
            "<a href=\"file-src-main-rs.html#L",
            "<code>src/main.rs</code>",
            "href=\"file-Cargo-toml.html\"",
        ] {
            assert!(html.contains(piece), "{piece} in {html}");
        }
        assert_eq!(
            html.matches("file-src-main-rs").count(),
            1,
            "the learner's own file is no link"
        );
    }
}

//! The whole site: the map, a page for each chapter, pages about the course, the files of the
//! server that chapters lead to, and the search's index.

use crate::changes;
use crate::page::{self, Page};
use crate::render;
use crate::search::Index;
use crate::source::Sources;
use anyhow::{Context, Result, anyhow, bail};
use redstart_course::map::{self, Line, Place, State, escaped};
use redstart_proof::chapter::Chapter;
use redstart_proof::checkpoint::{Files, Tree};
use redstart_proof::course::{Choice, Course};
use redstart_proof::mutants;
use std::fs;
use std::path::{Path, PathBuf};

/// Files that every page uses.
const ASSETS: &[(&str, &str)] = &[
    ("book.js", include_str!("../assets/book.js")),
    ("theme.js", include_str!("../assets/theme.js")),
];

/// A folder with these files is a book, which may be made anew.
const MARKS: [&str; 2] = ["book.css", "index.js"];

/// What was made.
#[derive(Debug, Default)]
pub struct Made {
    pub chapters: usize,
    /// What is wrong with the course, so that something is missing in the book.
    pub faults: Vec<String>,
}

/// The book on its way.
struct Site {
    course: Course,
    lines: Vec<Line>,
    folder: PathBuf,
    sources: Sources,
    index: Index,
    made: Made,
}

/// Makes the book of the repository at `root` in `folder`.
pub fn make(root: &Path, folder: &Path) -> Result<Made> {
    let mut site = Site {
        course: Course::open(root, &Choice::default())?,
        lines: map::read(root, |_| State::Ahead).map_err(|error| anyhow!(error))?,
        folder: folder.to_owned(),
        sources: Sources::new(root),
        index: Index::default(),
        made: Made::default(),
    };
    clear(folder)?;
    site.chapters()?;
    site.front()?;
    site.about("about.html", "course/README.md")?;
    site.about("language.html", "course/LANGUAGE.md")?;
    let lines = &site.lines;
    site.sources
        .write(folder, |title, body| page::html(&Page { title, stage: None, body }, lines))?;
    site.write("index.js", &site.index.script())?;
    for (name, text) in ASSETS {
        site.write(name, text)?;
    }
    let style = format!("{}\n{}", map::STYLE, include_str!("../assets/book.css"));
    site.write("book.css", &style)?;
    Ok(site.made)
}

/// An empty folder to write into. Pages of an older book must not stay; a folder that holds
/// anything else is left alone.
fn clear(folder: &Path) -> Result<()> {
    let is_empty = fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    let is_book = MARKS.iter().all(|name| folder.join(name).is_file());
    if !is_empty && !is_book {
        bail!(
            "{} is not empty, and holds no book. Nothing was written; choose another OUT.",
            folder.display()
        );
    }
    if folder.is_dir() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))
}

impl Site {
    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    }

    fn page(&self, name: &str, page: &Page) -> Result<()> {
        self.write(name, &page::html(page, &self.lines))
    }

    fn chapters(&mut self) -> Result<()> {
        let mut program = Program::begin(&self.course, &mut self.made);
        for place in 0..self.course.stages.len() {
            let chapter = Chapter::read(&self.course.chapter(self.course.id(place)))?;
            let changes = program.add(&self.course, &chapter, &mut self.made);
            self.chapter(place, &chapter, changes)?;
            self.made.chapters += 1;
        }
        Ok(())
    }

    fn chapter(&mut self, place: usize, chapter: &Chapter, changes: Option<String>) -> Result<()> {
        let id = self.course.id(place).to_owned();
        let folder = Path::new("course/stages").join(&id);
        let rendered = render::render(&chapter.text, &folder, &mut self.sources);
        let address = format!("{id}.html");
        let track = self.lines.iter().find(|line| line.track.id == self.course.stages[place].track);
        let track = track.map_or("", |line| line.track.title.as_str());
        self.index.add(&address, &format!("{track} {}", rendered.title), &rendered.sections);
        let mut body = format!("<article>\n{}{}", self.facts(&id), rendered.html);
        if let Some(changes) = changes.filter(|changes| !changes.is_empty()) {
            let stage = &self.course.stages[place];
            let name = format!("{}/{}", stage.track, stage.number_and_name().0);
            body.push_str(&format!(
                "<h2 id=\"changes\">What this stage changes</h2>\n\
                 <p>The program after this chapter, beside the program before it. \
                 <code>make checkpoint N={name}</code> makes it whole.</p>\n{changes}"
            ));
        }
        body.push_str(&self.hints(&id));
        body.push_str(&self.mistakes(&id));
        body.push_str(&self.test(&id));
        body.push_str("</article>\n");
        body.push_str(&self.ways(place));
        self.page(&address, &Page { title: &rendered.title, stage: Some(&id), body: &body })
    }

    /// The line above a chapter: track, number, time, the tests of others that it covers.
    fn facts(&self, id: &str) -> String {
        let found = self.lines.iter().find_map(|line| {
            let place = line.places.iter().find(|place| place.stage.id == id)?;
            Some((line, place))
        });
        let Some((line, place)) = found else { return String::new() };
        let (number, _) = place.stage.number_and_name();
        let mut facts = vec![
            format!(
                "<a href=\"index.html#track-{}\">{}</a>",
                line.track.id,
                escaped(&line.track.title)
            ),
            format!("stage {number} of {}", line.places.len()),
            format!("about {}", map::duration(u64::from(place.stage.minutes))),
        ];
        if !place.stage.codecrafters.is_empty() {
            facts.push(format!("CodeCrafters {}", escaped(&place.stage.codecrafters.join(" "))));
        }
        format!("<p class=\"facts\">{}</p>\n", facts.join(" · "))
    }

    /// The two hints in words; the third is the chapter.
    fn hints(&mut self, id: &str) -> String {
        let path = self.course.folder(id).join("hints.md");
        let Ok(text) = fs::read_to_string(path) else { return String::new() };
        let folder = Path::new("course/stages").join(id);
        let names = ["A hint: a question", "A hint: the shape of an answer"];
        let hints = text.split("## ").skip(1).zip(names).map(|(hint, name)| {
            let (_, hint) = hint.split_once('\n').unwrap_or_default();
            let html = render::render(hint, &folder, &mut self.sources).html;
            format!("<details class=\"hint\"><summary>{name}</summary>\n{html}</details>\n")
        });
        hints.collect()
    }

    /// What the servers that are wrong on purpose do wrong.
    fn mistakes(&self, id: &str) -> String {
        // What is wrong with the file itself, `make prove` tells its author.
        let (mutants, _) = mutants::read(&self.course.folder(id));
        if mutants.is_empty() {
            return String::new();
        }
        let causes: String = mutants
            .iter()
            .map(|mutant| format!("<li>{} (case {})</li>\n", escaped(&mutant.cause), mutant.case))
            .collect();
        format!(
            "<details class=\"mistakes\"><summary>What goes wrong here, and is found by the test\
             </summary>\n<ul>\n{causes}</ul></details>\n"
        )
    }

    /// The transcript of the stage.
    fn test(&self, id: &str) -> String {
        let Ok(text) = fs::read_to_string(self.course.transcript(id)) else {
            return String::new();
        };
        let lines = crate::highlight::lines(&text, "redis").join("\n");
        format!(
            "<details class=\"test\"><summary>The test of this stage: \
             <code>tests/stages/{id}.redis</code></summary>\n\
             <figure class=\"code session\"><pre><code>{lines}\n</code></pre></figure>\n\
             <p>How to read it: <a href=\"language.html\">the test language</a>.</p></details>\n"
        )
    }

    /// To the chapter before, and to the one after.
    fn ways(&self, place: usize) -> String {
        let link = |place: Option<usize>, class: &str, sign: &str| {
            let stage = place.and_then(|place| self.course.stages.get(place));
            stage.map_or_else(String::new, |stage| {
                let title = self.place(&stage.id).map_or(stage.id.as_str(), |place| &place.title);
                format!(
                    "<a class=\"{class}\" href=\"{}.html\"><small>{sign}</small>{}</a>",
                    stage.id,
                    escaped(title)
                )
            })
        };
        let before = link(place.checked_sub(1), "before", "← before");
        let after = link(Some(place + 1), "after", "next →");
        format!("<nav class=\"ways\" aria-label=\"Chapters\">{before}{after}</nav>")
    }

    fn place(&self, id: &str) -> Option<&Place> {
        self.lines.iter().flat_map(|line| &line.places).find(|place| place.stage.id == id)
    }

    fn front(&self) -> Result<()> {
        let link = |place: &Place| place.has_chapter.then(|| format!("{}.html", place.stage.id));
        let minutes: u64 = self.course.stages.iter().map(|stage| u64::from(stage.minutes)).sum();
        let body = include_str!("../assets/front.html")
            .replace("{stages}", &self.course.stages.len().to_string())
            .replace("{time}", &map::duration(minutes))
            .replace("{map}", &map::fragment(&self.lines, &link));
        self.page("index.html", &Page { title: "Build a Redis", stage: None, body: &body })
    }

    /// A page of the course that is no chapter.
    fn about(&mut self, address: &str, path: &str) -> Result<()> {
        let file = self.course.root.join(path);
        let text =
            fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        let rendered = render::render(&text, Path::new("course"), &mut self.sources);
        self.index.add(address, &rendered.title, &rendered.sections);
        let body = format!("<article>\n{}</article>", rendered.html);
        self.page(address, &Page { title: &rendered.title, stage: None, body: &body })
    }
}

/// The growing program; None once a chapter could not be put in.
struct Program {
    now: Option<(Tree, Files)>,
}

impl Program {
    fn begin(course: &Course, made: &mut Made) -> Self {
        let begun = Tree::begin(course).and_then(|tree| {
            let files = tree.files(course)?;
            Ok((tree, files))
        });
        let now = begun.map_err(|error| made.faults.push(format!("{error:#}"))).ok();
        Program { now }
    }

    /// What the chapter changes, as HTML.
    fn add(&mut self, course: &Course, chapter: &Chapter, made: &mut Made) -> Option<String> {
        let (mut tree, before) = self.now.take()?;
        let added = tree.add(chapter).and_then(|()| tree.files(course));
        let after = added.map_err(|error| {
            made.faults.push(format!("{error:#}; from here on no changes are shown"));
        });
        let after = after.ok()?;
        let html = changes::html(&before, &after);
        self.now = Some((tree, after));
        Some(html)
    }
}

//! The frame of every page: head, bar with search and theme, stages at the side, footer. Addresses
//! are relative, so that the book works from the file system and from any server.

use redstart_course::map::{Line, Place, escaped};

const FRAME: &str = include_str!("../assets/page.html");

/// What goes into the frame.
pub struct Page<'a> {
    /// For the browser's tab.
    pub title: &'a str,
    /// The stage it is about, for the list at the side.
    pub stage: Option<&'a str>,
    pub body: &'a str,
}

/// The whole page as HTML.
pub fn html(page: &Page, lines: &[Line]) -> String {
    let title = escaped(page.title);
    let side = side(lines, page.stage);
    // The body comes last: a chapter may well write one of these names.
    FRAME.replace("{title}", &title).replace("{side}", &side).replacen("{body}", page.body, 1)
}

fn side(lines: &[Line], current: Option<&str>) -> String {
    let mut html = String::from("<a href=\"index.html\">Map</a>\n");
    for line in lines {
        let places: Vec<&Place> = line.places.iter().filter(|place| place.has_chapter).collect();
        if places.is_empty() {
            continue;
        }
        html.push_str(&format!("<h2>{}</h2>\n<ol>\n", escaped(&line.track.title)));
        for place in places {
            let (number, name) = place.stage.number_and_name();
            let id = place.stage.id.as_str();
            let mark = if current == Some(id) { " aria-current=\"page\"" } else { "" };
            html.push_str(&format!(
                "<li value=\"{number}\"><a href=\"{id}.html\"{mark}>{}</a></li>\n",
                escaped(name)
            ));
        }
        html.push_str("</ol>\n");
    }
    html.push_str(
        "<h2>About</h2>\n<a href=\"about.html\">How the course works</a>\n\
         <a href=\"language.html\">The test language</a>\n",
    );
    html
}

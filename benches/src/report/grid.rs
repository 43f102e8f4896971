//! A table that can be printed as aligned text and as Markdown.

/// Title, a line on what the figures are, and the cells.
#[derive(Debug, Default)]
pub struct Grid {
    /// What it shows.
    pub title: String,
    /// Unit and reading.
    pub note: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// The cells. The first column is text, the others are figures.
    pub rows: Vec<Vec<String>>,
}

impl Grid {
    /// A table without rows.
    pub fn new(title: &str, note: &str, header: &[&str]) -> Grid {
        let header = header.iter().map(|&name| name.to_owned()).collect();
        Grid { title: title.into(), note: note.into(), header, rows: Vec::new() }
    }

    /// Columns padded to their widest cell.
    pub fn to_text(&self) -> String {
        let widths: Vec<usize> = (0..self.header.len()).map(|column| self.width(column)).collect();
        let mut text = format!("{}\n{}\n", self.title, self.note);
        for row in std::iter::once(&self.header).chain(&self.rows) {
            let mut line = String::new();
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                match column {
                    0 => line += &format!("  {cell:<width$}"),
                    _ => line += &format!("  {cell:>width$}"),
                }
            }
            text += line.trim_end();
            text += "\n";
        }
        text
    }

    /// A Markdown table under a heading of the third level.
    pub fn to_markdown(&self) -> String {
        let mut text = format!("### {}\n\n{}\n\n", self.title, self.note);
        text += &format!("| {} |\n", self.header.join(" | "));
        text += "|---|";
        text += &"--:|".repeat(self.header.len().saturating_sub(1));
        text += "\n";
        for row in &self.rows {
            text += &format!("| {} |\n", row.join(" | "));
        }
        text
    }

    fn width(&self, column: usize) -> usize {
        let rows = std::iter::once(&self.header).chain(&self.rows);
        rows.filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut grid = Grid::new("T", "n", &["a", "µs"]);
        grid.rows.push(vec!["long".into(), "1".into()]);
        assert_eq!(grid.to_text(), "T\nn\n  a     µs\n  long   1\n");
    }
}

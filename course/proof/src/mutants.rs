//! `mutants.toml`: programs that are wrong in one way each. A mutant is the chapter's program with
//! one text replaced; what it breaks is what learners break.

use crate::checkpoint::Files;
use anyhow::{Context, Result, bail};
use std::path::Path;
use toml::{Table, Value};

/// The longest cause: two lines of a message.
const CAUSE: usize = 160;
/// So few would not be worth their name.
pub const FEWEST: usize = 3;

/// One wrong program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    pub name: String,
    /// Said to the learner whose server answers as this one does.
    pub cause: String,
    /// The first case that is red.
    pub case: usize,
    /// Cases in which its answer depends on how fast the machine is just then.
    pub chance: Vec<usize>,
    pub edits: Vec<Edit>,
}

/// One text replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub file: String,
    pub find: String,
    pub replace: String,
}

/// The mutants of a stage, and all that is wrong with the file.
pub fn read(folder: &Path) -> (Vec<Mutant>, Vec<String>) {
    let Ok(text) = std::fs::read_to_string(folder.join("mutants.toml")) else {
        return (Vec::new(), vec!["mutants.toml is missing".into()]);
    };
    parse(&text)
}

/// Understands the text of the file.
pub fn parse(text: &str) -> (Vec<Mutant>, Vec<String>) {
    let (mut mutants, mut faults) = (Vec::<Mutant>::new(), Vec::new());
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return (mutants, vec![format!("mutants.toml: {error}")]),
    };
    if let Some(key) = table.keys().find(|key| *key != "mutant") {
        faults.push(format!("mutants.toml: `{key}` is not understood; only [[mutant]] is"));
    }
    let listed = table.get("mutant").and_then(Value::as_array).cloned().unwrap_or_default();
    for (index, entry) in listed.iter().enumerate() {
        match mutant(entry) {
            Ok(mutant) if mutants.iter().any(|known| known.name == mutant.name) => {
                faults.push(format!("two mutants are called {}", mutant.name));
            }
            Ok(mutant) => mutants.push(mutant),
            Err(error) => faults.push(format!("mutant {}: {error:#}", index + 1)),
        }
    }
    if listed.len() < FEWEST {
        faults.push(format!("there are {} mutants; at least {FEWEST} are needed", listed.len()));
    }
    (mutants, faults)
}

fn mutant(entry: &Value) -> Result<Mutant> {
    let table = entry.as_table().context("`[[mutant]]` is a table")?;
    let known = ["name", "cause", "case", "chance", "file", "find", "replace", "also"];
    if let Some(key) = table.keys().find(|key| !known.contains(&key.as_str())) {
        bail!("`{key}` is not understood");
    }
    let name = text(table, "name")?;
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    if !name.chars().all(is_plain) || name == redstart_course::likely::BEFORE || name.is_empty() {
        bail!("{name:?} is no name for a mutant: use letters, digits and hyphens");
    }
    let cause = text(table, "cause")?;
    if cause.chars().count() > CAUSE || cause.contains('\n') || cause.is_empty() {
        bail!("{name}: the cause is one line of at most {CAUSE} characters");
    }
    let case = table.get("case").and_then(Value::as_integer).context("`case` is a number")?;
    let case = usize::try_from(case)?;
    let no_cases = Value::Array(Vec::new());
    let chance = table.get("chance").unwrap_or(&no_cases);
    let chance: Vec<usize> = chance.clone().try_into().context("`chance` is a list of cases")?;
    if chance.iter().any(|other| *other < case) {
        bail!("{name}: cases before {case} are green, and `chance` names one");
    }
    let mut edits = vec![edit(table)?];
    for also in table.get("also").and_then(Value::as_array).unwrap_or(&Vec::new()) {
        edits.push(edit(also.as_table().context("`also` is a list of tables")?)?);
    }
    Ok(Mutant { name, cause, case, chance, edits })
}

fn edit(table: &Table) -> Result<Edit> {
    let edit = Edit {
        file: text(table, "file")?,
        find: text(table, "find")?,
        replace: text(table, "replace")?,
    };
    if edit.find == edit.replace || edit.find.is_empty() {
        bail!("an edit that changes nothing");
    }
    Ok(edit)
}

fn text(table: &Table, key: &str) -> Result<String> {
    let value = table.get(key).and_then(Value::as_str);
    Ok(value.with_context(|| format!("`{key}` is missing, or no text"))?.to_owned())
}

impl Mutant {
    /// The wrong program.
    pub fn apply(&self, right: &Files) -> Result<Files> {
        let mut files = right.clone();
        for edit in &self.edits {
            let bytes = files.get_mut(&edit.file);
            let bytes = bytes.with_context(|| format!("there is no {}", edit.file))?;
            let text = String::from_utf8_lossy(bytes).into_owned();
            match text.matches(&edit.find).count() {
                1 => *bytes = text.replace(&edit.find, &edit.replace).into_bytes(),
                count => {
                    bail!("its `find` is {count} times in {}, and has to be there once", edit.file)
                }
            }
        }
        Ok(files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"
[[mutant]]
name = "newest-first"
cause = "You wake the client that came last."
file = "src/lists.rs"
find = "pop_front()"
replace = "pop_back()"
case = 3

[[mutant]]
name = "twice"
cause = "Twice."
file = "src/lists.rs"
find = "a"
replace = "b"
also = [{ file = "src/lists.rs", find = "()", replace = "(1)" }]
case = 1
"#;

    #[test]
    fn mutants_are_read_and_applied() {
        let (mutants, faults) = parse(TWO);
        assert_eq!(faults, ["there are 2 mutants; at least 3 are needed"]);
        let files = Files::from([("src/lists.rs".to_owned(), b"x.pop_front()".to_vec())]);
        assert_eq!(mutants[0].apply(&files).unwrap()["src/lists.rs"], b"x.pop_back()");
        let error = mutants[1].apply(&files).unwrap_err().to_string();
        assert!(error.contains("0 times"), "{error}");
    }

    #[test]
    fn what_is_wrong_with_the_file_is_told() {
        for (from, to, part) in [
            ("newest-first", "twice", "two mutants are called twice"),
            ("case = 3", "case = \"3\"", "`case` is a number"),
            ("case = 3", "cases = 3", "`cases` is not understood"),
            ("case = 3", "case = 3\nchance = 4", "`chance` is a list"),
            ("case = 3", "case = 3\nchance = [2]", "cases before 3 are green"),
            ("pop_back", "pop_front", "changes nothing"),
            ("newest-first", "before", "no name"),
            ("[[mutant]]", "[[mutant]", "mutants.toml:"),
        ] {
            let (_, faults) = parse(&TWO.replacen(from, to, 1));
            assert!(faults.iter().any(|fault| fault.contains(part)), "{part}: {faults:?}");
        }
    }
}

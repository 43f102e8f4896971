//! LOLWUT: a picture, and the version. Each call grows another redstart's tree.
//!
//! A branch goes up row by row, leaning a little to either side, and forks; buds sit at the ends.
//! The bird sits on top.

use crate::command::{Args, Command, Outcome, flag};
use crate::protocol::Reply;
use crate::server::{Context, REDIS_VERSION, VERSION};

/// The commands of this file.
pub const COMMANDS: &[Command] = &[LOLWUT];

const LOLWUT: Command = Command::server("LOLWUT [VERSION version]", lolwut)
    .since("5.0.0")
    .flags(flag::READONLY)
    .fast()
    .about("A picture, and the version.");

/// Rows and columns of the tree.
const ROWS: usize = 9;
const COLUMNS: usize = 39;

fn lolwut(_: &mut Context, args: &Args, reply: &mut Reply) -> Outcome {
    if args.len() >= 3 && args.is(1, "VERSION") {
        // There is one picture; a version that is no number is refused all the same.
        args.integer(2)?;
    }
    let mut text = draw(&mut fastrand::Rng::new());
    text.push_str(&format!("\nRedstart {VERSION}, every command starts red. "));
    text.push_str(&format!("Redis ver. {REDIS_VERSION}\n"));
    reply.verbatim("txt", text.as_bytes());
    Ok(())
}

fn draw(random: &mut fastrand::Rng) -> String {
    let mut rows = vec![vec![' '; COLUMNS]; ROWS];
    let mut branches = vec![COLUMNS / 2];
    for row in (0..ROWS).rev() {
        let mut above = Vec::new();
        for at in branches {
            let lean = random.usize(..3);
            rows[row][at] = ['\\', '|', '/'][lean];
            let next = (at + lean).saturating_sub(1).clamp(1, COLUMNS - 2);
            above.push(next);
            let forks = random.bool();
            if forks && lean != 1 {
                above.push((at + 2 - lean).saturating_sub(1).clamp(1, COLUMNS - 2));
            }
        }
        above.sort_unstable();
        above.dedup();
        branches = above;
    }
    let mut buds = vec![' '; COLUMNS];
    branches.iter().for_each(|at| buds[*at] = 'o');
    let perch = branches[random.usize(..branches.len())];
    let bird = [">", "(", "')"].concat();
    let mut text = format!("{}{bird}\n", " ".repeat(perch.saturating_sub(1)));
    for row in std::iter::once(buds).chain(rows) {
        let row: String = row.into_iter().collect();
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_keeps_inside_its_frame() {
        for seed in 0..200 {
            let text = draw(&mut fastrand::Rng::with_seed(seed));
            assert_eq!(text.lines().count(), ROWS + 2);
            assert!(text.lines().all(|line| line.chars().count() <= COLUMNS + 3), "{text}");
        }
    }
}

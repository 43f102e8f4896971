//! `make prove`: all stages that were asked for, one job a core. Jobs build one program each, and
//! play while others build.

use crate::cache::Cache;
use crate::checkpoint::Tree;
use crate::course::Course;
use crate::messages;
use crate::play::Manner;
use crate::prove::Stage;
use crate::suspect::{Finding, Tools};
use crate::workshop::Workshops;
use anyhow::{Context, Result};
use redstart_course::likely::{ANY, Answers, BEFORE};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    pub manner: Manner,
    /// Record answers.
    pub bless: bool,
    /// Programs built at the same time.
    pub jobs: usize,
}

/// Proves the stages at these places, and prints what it finds; every fault.
pub fn prove(course: &Course, places: &[usize], wish: Wish) -> Result<Vec<String>> {
    let begun = Instant::now();
    let cache = Cache::open(course)?;
    let shops = Workshops::open(course, wish.jobs)?;
    let tools = Tools { cache: &cache, shops: &shops, manner: wish.manner, bless: wish.bless };
    let (stages, broken) = read(course, places)?;
    let run = Run {
        course,
        workers: wish.jobs * 2,
        tools,
        next: AtomicUsize::new(0),
        known: Mutex::default(),
        faults: Mutex::default(),
    };
    let tasks: Vec<Task> = stages.iter().flat_map(tasks_of).collect();
    let failed = std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..run.workers).map(|_| scope.spawn(|| run.work(&stages, &tasks))).collect();
        let ended =
            workers.into_iter().map(|worker| worker.join().expect("a worker does not panic"));
        ended.collect::<Result<Vec<()>>>()
    });
    failed?;
    let told = tell_messages(course, &run.tools, run.workers, &stages)?;
    let mut faults = run.faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    faults.extend(told);
    if let Some((id, error)) = broken {
        println!("✗ {id}\n    {error:#}\n    the stages after it cannot be made");
        faults.push(format!("{error:#}"));
    }
    let mutants: usize = stages.iter().map(|stage| stage.mutants.len()).sum();
    println!(
        "{} stages, {} mutants, {} faults in {:.0} s, seed {}",
        stages.len(),
        mutants,
        faults.len(),
        begun.elapsed().as_secs_f64(),
        wish.manner.seed
    );
    Ok(faults)
}

/// Checks the messages of the mutants on the list; those that are not as recorded.
fn tell_messages(
    course: &Course,
    tools: &Tools,
    workers: usize,
    stages: &[Stage],
) -> Result<Vec<String>> {
    let entries = messages::list(course)?;
    let next = AtomicUsize::new(0);
    let faults = Mutex::new(Vec::new());
    let work = || -> Result<()> {
        while let Some(entry) = entries.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Some(stage) = stages.iter().find(|stage| stage.id == entry.stage) else { continue };
            let fault = messages::check(course, entry, stage, tools)?;
            faults.lock().unwrap_or_else(PoisonError::into_inner).extend(fault);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|it| it.join().expect("a worker does not panic"));
        ended.collect::<Result<Vec<()>>>()
    })?;
    let faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    faults.iter().for_each(|fault| println!("✗ {fault}"));
    Ok(faults)
}

/// Checks the messages alone, or records them.
pub fn prove_messages(course: &Course, places: &[usize], wish: Wish) -> Result<Vec<String>> {
    let (stages, broken) = read(course, places)?;
    if let Some((id, error)) = broken {
        return Err(error.context(id));
    }
    let cache = Cache::open(course)?;
    let shops = Workshops::open(course, wish.jobs)?;
    let tools = Tools { cache: &cache, shops: &shops, manner: wish.manner, bless: wish.bless };
    let faults = tell_messages(course, &tools, wish.jobs * 2, &stages)?;
    println!("{} messages are not as they should be", faults.len());
    Ok(faults)
}

/// Reads the stages up to the first one whose chapter makes no program.
fn read(course: &Course, places: &[usize]) -> Result<(Vec<Stage>, Option<Broken>)> {
    let mut tree = Tree::begin(course)?;
    let mut stages = Vec::new();
    for place in 0..=places.last().copied().unwrap_or(0) {
        let result = if places.contains(&place) {
            Stage::read(course, place, &mut tree).map(|stage| stages.push(stage))
        } else {
            tree.add_stage(course, place)
        };
        if let Err(error) = result {
            return Ok((stages, Some((course.id(place).to_owned(), error))));
        }
    }
    Ok((stages, None))
}

/// The first stage whose chapter makes no program, and why.
type Broken = (String, anyhow::Error);

/// A stage by its name, and which of its programs.
struct Task {
    stage: String,
    /// None for the chapter's own.
    suspect: Option<usize>,
}

fn tasks_of(stage: &Stage) -> Vec<Task> {
    let task = |suspect| Task { stage: stage.id.clone(), suspect };
    let suspects = (0..stage.suspects()).map(|number| task(Some(number)));
    std::iter::once(task(None)).chain(suspects).collect()
}

/// What is known of one stage so far.
#[derive(Default)]
struct Known {
    /// Of the chapter and its program; None as long as that is not played.
    program: Option<Vec<String>>,
    findings: BTreeMap<usize, Finding>,
}

struct Run<'a> {
    course: &'a Course,
    /// Those who build, and as many who play meanwhile.
    workers: usize,
    tools: Tools<'a>,
    next: AtomicUsize,
    known: Mutex<BTreeMap<String, Known>>,
    faults: Mutex<Vec<String>>,
}

impl Run<'_> {
    /// Takes one task after the other until there are no more.
    fn work(&self, stages: &[Stage], tasks: &[Task]) -> Result<()> {
        while let Some(task) = tasks.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let stage = stages.iter().find(|stage| stage.id == task.stage);
            let stage = stage.expect("tasks are made of stages");
            match task.suspect {
                None => {
                    let faults = stage.prove_program(&self.tools)?;
                    self.known().entry(stage.id.clone()).or_default().program = Some(faults);
                }
                Some(number) => {
                    let finding = stage.examine(number, &self.tools)?;
                    let mut known = self.known();
                    known.entry(stage.id.clone()).or_default().findings.insert(number, finding);
                }
            }
            let mut known = self.known();
            let is_whole = known.get(&stage.id).is_some_and(|known| {
                known.program.is_some() && known.findings.len() == stage.suspects()
            });
            let whole = if is_whole { known.remove(&stage.id) } else { None };
            if let Some(known) = whole {
                self.tell(stage, known)?;
            }
        }
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints a stage whose every program was played; records its answers if that was asked for.
    fn tell(&self, stage: &Stage, known: Known) -> Result<()> {
        let findings: Vec<Finding> = known.findings.into_values().collect();
        let mut faults = stage.faults.clone();
        faults.extend(known.program.into_iter().flatten());
        if stage.is_broken.load(Ordering::Relaxed) {
            self.print(stage, &Answers::default(), faults);
            return Ok(());
        }
        faults.extend(findings.iter().flat_map(|finding| finding.faults.clone()));
        faults.extend(stage.uncovered(&findings));
        let answers = Answers { servers: findings.iter().map(|it| it.answers.clone()).collect() };
        let is_sound = findings.iter().all(|finding| finding.faults.is_empty());
        if self.tools.bless && is_sound {
            let file = self.course.folder(&stage.id).join("answers.txt");
            std::fs::write(&file, answers.render())
                .with_context(|| format!("writing {}", file.display()))?;
        } else {
            faults.extend(strangers(stage));
            faults.extend(unrecorded(stage));
        }
        self.print(stage, &answers, faults);
        Ok(())
    }

    fn print(&self, stage: &Stage, answers: &Answers, faults: Vec<String>) {
        print!("{}", page(stage, answers, &faults));
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).extend(faults);
    }
}

/// Programs whose answers nobody has looked at yet.
fn unrecorded(stage: &Stage) -> Option<String> {
    let recorded = stage.answers.iter().flat_map(|answers| &answers.servers);
    let recorded: Vec<&str> = recorded.map(|server| server.name.as_str()).collect();
    let names = stage.mutants.iter().map(|mutant| mutant.name.as_str()).chain([BEFORE]);
    let missing: Vec<&str> = names.filter(|name| !recorded.contains(name)).collect();
    (!missing.is_empty())
        .then(|| format!("not recorded yet (BLESS=1 records): {}", missing.join(", ")))
}

/// Recorded servers that are no mutants any more.
fn strangers(stage: &Stage) -> Vec<String> {
    let is_known =
        |name: &str| name == BEFORE || stage.mutants.iter().any(|mutant| mutant.name == name);
    let recorded = stage.answers.iter().flat_map(|answers| &answers.servers);
    let strangers = recorded.filter(|server| !is_known(&server.name));
    strangers
        .map(|it| format!("answers.txt has {}, which is no mutant: BLESS=1", it.name))
        .collect()
}

/// What is said of one stage: its matrix, then its faults.
fn page(stage: &Stage, answers: &Answers, faults: &[String]) -> String {
    let sign = if faults.is_empty() { "✓" } else { "✗" };
    let cases = stage.script().cases.len();
    let mut page = format!(
        "{sign} {:<30}green with {} before it · {cases} cases · {} mutants\n",
        stage.id,
        stage.scripts.len() - 1,
        stage.mutants.len()
    );
    for server in &answers.servers {
        let first = server.cases.keys().next();
        let mark = |case: usize| match server.cases.get(&case) {
            Some(_) if Some(&case) == first => '✗',
            Some(form) if form == ANY => '?',
            Some(_) => 'x',
            None => '·',
        };
        let row: String = (1..=cases).map(mark).collect();
        page.push_str(&format!("      {row}  {}\n", server.name));
    }
    for fault in faults {
        page.push_str(&format!("    {fault}\n"));
    }
    page
}

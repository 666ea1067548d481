//! The house kept tidy: rules that no compiler holds.
//!
//! 1. An import may only point down the layers of [`LAYERS`].
//! 2. `plan`, `trace` and `judge` use neither `nix` nor `libc`: what they say must not depend on the machine.
//! 3. Every file of a slice's folder is in its slice, and what the slice names exists.
//! 4. Every scenario names a row of the catalogue.
//! 5. No source file is so long that nobody reads it to the end.
//! 6. Every `unsafe` block says why it is sound.
//! 7. Nothing names a home directory.
//! 8. Fixtures are where their tests look for them.

use childproof::judge::PROPERTIES;
use childproof::plan::library;
use childproof::plan::step::KINDS;
use childproof::report::FORMS;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each layer with those below it that it may use. Names (of signals and errors) are free for all.
const LAYERS: &[(&str, &[&str])] = &[
    ("main", &["cli"]),
    ("testing", &["cli", "report", "judge", "run", "generate", "wire", "reference", "plan"]),
    ("cli", &["bench", "report", "judge", "trace", "run", "generate", "wire", "sys", "reference", "plan"]),
    ("agent", &["bench", "run", "generate", "trace", "wire", "sys", "plan"]),
    ("bench", &["judge", "trace", "run", "generate", "plan"]),
    ("report", &["judge", "trace", "plan"]),
    ("judge", &["trace", "plan"]),
    ("run", &["trace", "generate", "wire", "sys", "reference", "plan"]),
    ("reference", &["wire", "sys", "plan"]),
    ("generate", &["wire", "plan"]),
    ("wire", &["plan"]),
    ("sys", &["trace", "plan"]),
    ("trace", &["plan"]),
    ("plan", &[]),
    ("names", &[]),
];

/// Layers that know nothing of the operating system.
const PURE: [&str; 4] = ["plan", "trace", "judge", "report"];

/// A file longer than this is two.
const LONGEST: usize = 600;

/// Rows of the catalogue that scenarios may name; a row that is missing here is a misspelt one, or wants adding.
const CATALOGUE: &str = "
    fork.returns-twice fork.both-go-on fork.failure fork.copy-on-write fork.big-parent fork.buffered-output fork.threads
    fork.shared-offset fork.inherits vfork.semantics exec.replaces exec.failure exec.argv-env exec.path-search exec.interpreter
    spawn.nested spawn.file-actions spawn.identity start.failure-reported start.failure-clean start.one-process
    start.child-fds-exact start.stdio-permutations start.pass-fds start.signal-state start.exhaustion start.concurrent
    start.write-then-exec start.from-thread wait.status wait.forms wait.idempotent wait.no-zombies wait.drop
    wait.ignored-sigchld wait.stolen wait.orphans wait.grandchild-holds-pipe wait.closes-stdin kill.after-exit kill.pid-reuse
    kill.prompt kill.group wait.timeout pipe.eof pipe.atomic pipe.capacity pipe.sigpipe pipe.epipe-reported pipe.dup2 fifo.open
    pipeline communicate.big communicate.early-close communicate.timeout output.after-exit output.interleaving
    output.shared-state signal.eintr signal.eintr-library signal.mask-pending signal.actions signal.sigchld-loop
    signal.forwarding signal.terminate signal.timers signal.job-control socket.shared-connection socket.torn-frames
    socket.reconnect socket.fork-per-connection socket.prefork socket.reuseport socket.addr-in-use socket.pair-and-dgram
    socket.fd-passing socket.sendfile shm.counter shm.counter-unlocked shm.atomics shm.lifetime sem.post-wait lock.flock
    lock.fcntl queue.posix-sysv poll.ready pool.map pool.handoff pool.worker-killed fan-out-in supervisor.respawn start-methods
    worker.target worker.daemon worker.identity worker.exit isolation.crash isolation.memory switches limits privileges deadline
    no-busy-loop unavailable";

/// A source file with its path under the repository.
struct File {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Paths below a folder of the repository, sorted; nothing where there is no such folder.
fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}

fn files(folders: &[&str], ending: &str) -> Vec<File> {
    let paths = folders.iter().flat_map(|folder| walk(&root().join(folder)));
    let wanted = paths.filter(|path| path.extension().is_some_and(|found| found == ending) || ending.is_empty());
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).ok()?;
        Some(File { path: path.strip_prefix(root()).ok()?.display().to_string(), text })
    };
    wanted.filter_map(read).collect()
}

/// The layer that a file of `harness/` belongs to.
fn layer(path: &str) -> &str {
    let first = path.trim_start_matches("harness/").split('/').next().unwrap_or_default().trim_end_matches(".rs");
    if first == "gen" { "generate" } else { first }
}

fn lines(file: &File) -> impl Iterator<Item = (usize, &str)> {
    file.text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()))
}

fn is_comment(line: &str) -> bool {
    line.starts_with("//")
}

/// The layers that a line names: `crate::plan::...`, `childproof::run::...`.
fn named(line: &str) -> impl Iterator<Item = &str> {
    ["crate::", "childproof::"]
        .into_iter()
        .flat_map(move |prefix| line.split(prefix).skip(1))
        .map(|rest| rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().unwrap_or_default())
}

/// How many folders a `super::` path may climb before it leaves its layer: the file's depth below `harness/`, inner modules not counted.
fn depth(path: &str) -> usize {
    let below = path.trim_start_matches("harness/");
    below.matches('/').count() + usize::from(!below.ends_with("/mod.rs"))
}

#[track_caller]
fn none(problems: Vec<String>) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn imports_point_down_the_layers() {
    let mut problems = Vec::new();
    // Tests in a file of their own may look at their layer from above.
    let exempt = |path: &str| path == "harness/lib.rs" || path.ends_with("/tests.rs");
    for file in files(&["harness"], "rs").iter().filter(|file| !exempt(&file.path)) {
        let own = layer(&file.path);
        let Some((_, below)) = LAYERS.iter().find(|(name, _)| *name == own) else {
            problems.push(format!("{}: `{own}` is no layer of the table", file.path));
            continue;
        };
        for (number, line) in lines(file).filter(|(_, line)| !is_comment(line)) {
            let known = named(line).filter(|name| LAYERS.iter().any(|(layer, _)| layer == name));
            let upward = known.filter(|name| *name != own && *name != "names" && !below.contains(name));
            problems.extend(upward.map(|name| format!("{}:{number}: `{own}` may not use `{name}`", file.path)));
        }
    }
    none(problems);
}

#[test]
fn super_stays_within_its_layer() {
    let mut problems = Vec::new();
    for file in &files(&["harness"], "rs") {
        // One level more for the module of tests at the foot of a file.
        let climbs = |line: &str| line.split_whitespace().map(|word| word.matches("super::").count()).max().unwrap_or(0);
        let outside = lines(file).filter(|(_, line)| line.starts_with("use super::") && climbs(line) > depth(&file.path));
        problems.extend(outside.map(|(number, line)| format!("{}:{number}: {line}", file.path)));
    }
    none(problems);
}

#[test]
fn the_table_of_layers_has_no_cycle() {
    for (at, (name, below)) in LAYERS.iter().enumerate() {
        for other in *below {
            let place = LAYERS.iter().position(|(layer, _)| layer == other);
            assert!(place.is_some_and(|place| place > at), "`{name}` uses `{other}`, which does not stand below it");
        }
    }
}

#[test]
fn pure_layers_do_not_touch_the_operating_system() {
    let reaches = |line: &str| {
        ["nix::", "libc::", "crate::sys", "std::process::Command", "std::net::", "std::os::"].iter().any(|name| line.contains(name))
    };
    let pure = files(&["harness"], "rs").into_iter().filter(|file| PURE.contains(&layer(&file.path)));
    let found = pure.flat_map(|file| {
        lines(&file)
            .filter(|(_, line)| !is_comment(line) && reaches(line))
            .map(|(number, line)| format!("{}:{number}: {line}", file.path))
            .collect::<Vec<_>>()
    });
    none(found.collect());
}

#[test]
fn every_property_is_a_file_and_every_file_a_property() {
    let slice: BTreeSet<String> = PROPERTIES.iter().map(|property| property.name().replace('-', "_")).collect();
    let stem = |path: PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let on_disk: BTreeSet<String> =
        walk(&root().join("harness/judge/property")).into_iter().filter_map(stem).filter(|name| name != "mod").collect();
    assert_eq!(slice, on_disk);
    assert_eq!(slice.len(), PROPERTIES.len(), "two properties have one name");
}

/// Stems of the Rust files of a folder, without `mod`.
fn stems(folder: &str) -> BTreeSet<String> {
    let stem = |file: File| Path::new(&file.path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    files(&[folder], "rs").into_iter().filter_map(stem).filter(|name| name != "mod").collect()
}

#[test]
fn every_form_of_report_is_a_file_and_every_file_with_a_reporter_a_form() {
    let slice: BTreeSet<String> = FORMS.iter().map(|form| form.name.to_owned()).collect();
    let reporters = files(&["harness/report"], "rs").into_iter().filter(|file| file.text.contains("impl Reporter for "));
    let on_disk: BTreeSet<String> =
        reporters.filter_map(|file| Path::new(&file.path).file_stem().map(|stem| stem.to_string_lossy().into_owned())).collect();
    assert_eq!(slice, on_disk);
    assert_eq!(slice.len(), FORMS.len(), "two forms have one name");
}

#[test]
fn every_family_of_steps_is_a_file_and_every_struct_in_it_a_step() {
    let families: BTreeSet<String> = KINDS.iter().map(|kind| kind.family.to_owned()).collect();
    assert_eq!(families, stems("harness/plan/step"));
    let keywords: BTreeSet<&str> = KINDS.iter().map(|kind| kind.keyword).collect();
    assert_eq!(keywords.len(), KINDS.len(), "two steps have one keyword");
    // A step is documented by its use: "/// `keyword: ...". Its table row must name the family whose file that is in.
    let mut problems = Vec::new();
    for family in &families {
        let path = format!("harness/plan/step/{family}.rs");
        let text = std::fs::read_to_string(root().join(&path)).unwrap_or_default();
        let documented: BTreeSet<&str> =
            text.lines().filter_map(|line| line.strip_prefix("/// `")).filter_map(|line| line.split([':', '`']).next()).collect();
        let listed: BTreeSet<&str> = KINDS.iter().filter(|kind| kind.family == family).map(|kind| kind.keyword).collect();
        problems.extend(listed.difference(&documented).map(|keyword| format!("{path}: `{keyword}` is in KINDS and not documented here")));
        let strays = keywords.intersection(&documented).filter(|keyword| !listed.contains(*keyword));
        problems.extend(strays.map(|keyword| format!("{path}: `{keyword}` is here, and in KINDS in another family")));
    }
    none(problems);
}

#[test]
fn every_module_file_is_declared() {
    // A file without its `mod` line compiles to nothing and is forgotten.
    let mut problems = Vec::new();
    let all: String = files(&["harness"], "rs").iter().map(|file| file.text.clone()).collect();
    for file in files(&["harness"], "rs") {
        let path = Path::new(&file.path);
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let name =
            if stem == "mod" { path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned() } else { stem };
        let declared =
            all.contains(&format!("mod {name};")) || all.contains(&format!("\"{name}.rs\"")) || all.contains(&format!("\"{name}/mod.rs\""));
        if !declared && !["lib", "main"].contains(&name.as_str()) {
            problems.push(format!("{}: no `mod {name};`", file.path));
        }
    }
    none(problems);
}

#[test]
fn every_scenario_names_a_row_of_the_catalogue() {
    let rows: BTreeSet<&str> = CATALOGUE.split_whitespace().collect();
    let mut problems = Vec::new();
    for source in library::embedded() {
        let row = source.text.lines().find_map(|line| line.strip_prefix("catalogue:")).map(str::trim);
        match row {
            None => problems.push(format!("{}: no `catalogue:`", source.id)),
            Some(row) if !rows.contains(row) => problems.push(format!("{}: `{row}` is no row of the catalogue", source.id)),
            Some(_) => {}
        }
    }
    none(problems);
}

#[test]
fn no_file_is_too_long() {
    let long = files(&["harness", "tests"], "rs").into_iter().filter(|file| file.text.lines().count() >= LONGEST);
    none(long.map(|file| format!("{}: {} lines", file.path, file.text.lines().count())).collect());
}

#[test]
fn every_unsafe_block_says_why_it_is_sound() {
    let mut problems = Vec::new();
    for file in files(&["harness", "tests"], "rs").iter().filter(|file| file.path != "tests/tidy.rs") {
        let all: Vec<&str> = file.text.lines().map(str::trim).collect();
        for (at, line) in all.iter().enumerate().filter(|(_, line)| !is_comment(line) && line.contains("unsafe {")) {
            // The reason stands above the statement, which rustfmt may have broken over a few lines.
            let above = &all[at.saturating_sub(8)..at];
            if !line.contains("SAFETY:") && !above.iter().any(|line| line.contains("SAFETY:")) {
                problems.push(format!("{}:{}: {line}", file.path, at + 1));
            }
        }
    }
    none(problems);
}

#[test]
fn nothing_names_a_home_directory() {
    let homes = ["/home/", "/Users/", concat!("/ro", "ot/")];
    let own = ["tests/tidy.rs"];
    let mut problems = Vec::new();
    for file in
        files(&["harness", "tests", "scenarios", "fixtures", ".github", ".ci"], "").iter().filter(|file| !own.contains(&file.path.as_str()))
    {
        let found = lines(file).filter(|(_, line)| homes.iter().any(|home| line.contains(home)));
        problems.extend(found.map(|(number, line)| format!("{}:{number}: {line}", file.path)));
    }
    none(problems);
}

#[test]
fn fixtures_are_where_their_tests_look() {
    let known: BTreeSet<&str> = PROPERTIES.iter().map(|property| property.name()).collect();
    let mut problems = Vec::new();
    for (folder, endings) in [("fixtures/faulty", &["yaml"][..]), ("fixtures/histories", &["jsonl"][..])] {
        for path in walk(&root().join(folder)) {
            let (property, ending) = (path.parent().and_then(Path::file_name).unwrap_or_default(), path.extension().unwrap_or_default());
            let property = property.to_string_lossy();
            let named = known.contains(&*property) && endings.iter().any(|wanted| ending == *wanted);
            if !named && path.file_name().is_some_and(|name| name != "README.md") {
                problems.push(format!("{}: not PROPERTY/NAME.{}", path.display(), endings[0]));
            }
        }
    }
    for property in &known {
        let missing = ["holds.jsonl", "breaks.jsonl"]
            .into_iter()
            .filter(|name| !root().join("fixtures/histories").join(property).join(name).is_file());
        problems.extend(missing.map(|name| format!("fixtures/histories/{property}/{name} is missing")));
    }
    none(problems);
}

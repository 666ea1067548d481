//! The language as a whole: files in, plans or diagnostics out.

use childproof::judge;
use childproof::plan::ast::{CheckArg, Clause, Domain, Expect, ExpectWord, IntDomain, Range, Requested, Scenario};
use childproof::plan::case::{Plan, Source};
use childproof::plan::check::{ArgDecl, ArgKind, PropertyDecl, check};
use childproof::plan::diagnostic::{Look, Problems};
use childproof::plan::expr::{Arg, Expr};
use childproof::plan::parse::parse;
use childproof::plan::print::print;
use childproof::plan::script::Plane;
use childproof::plan::step::library::Spawn;
use childproof::plan::step::{Step, control, fd, memory, signal};
use childproof::plan::value::Value as ChildValue;
use childproof::plan::{catalogue, library};
use proptest::prelude::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::{Path, PathBuf};

/// Counts what each thread holds, so that a test can say what reading a file costs while others run beside it.
struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(change: isize) {
    // Threads that are ending have no thread-locals any more; what they free then is of no interest.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + change);
        let _ = MOST.try_with(|most| most.set(most.get().max(held.get())));
    });
}

// SAFETY: every call is handed on to the system's allocator unchanged; counting touches only constant-initialised
// thread-locals, which allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise about `layout` is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: `place` came from `System.alloc` with this layout.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most that `work` holds at a time, in bytes.
fn most_held(work: impl FnOnce()) -> usize {
    let before = HELD.get();
    MOST.set(before);
    work();
    usize::try_from(MOST.get() - before).unwrap_or(0)
}

const fn arg(name: &'static str, kind: ArgKind) -> ArgDecl {
    ArgDecl { name, kind, required: true, help: "see the property" }
}

/// Stand-ins, so that this test of the language does not change with the properties there are.
const PROPERTIES: &[PropertyDecl] = &[
    PropertyDecl { name: "counter-total", universal: false, args: &[arg("of", ArgKind::Object), arg("is", ArgKind::Expr)] },
    PropertyDecl { name: "no-zombie", universal: true, args: &[] },
    PropertyDecl { name: "failure-told", universal: false, args: &[arg("of", ArgKind::Actor), arg("failed", ArgKind::Expr)] },
    PropertyDecl { name: "stage-status", universal: false, args: &[arg("of", ArgKind::Actor), arg("exited", ArgKind::Expr)] },
];

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn source(path: &Path) -> Source {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    Source { path: format!("{name}.yaml"), id: name, text: std::fs::read_to_string(path).unwrap() }
}

fn text(text: &str) -> Source {
    Source { id: "text".into(), path: "text.yaml".into(), text: text.into() }
}

fn accepted(source: &Source) -> Plan {
    check(source, PROPERTIES).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn what_is_printed_reads_back_as_the_same() {
    for path in files("fixtures/accepted") {
        let parsed = accepted(&source(&path));
        let printed = print(&parsed.scenario);
        let again = parse(&text(&printed)).unwrap_or_else(|problems| panic!("{printed}\n{problems}"));
        assert_eq!(again.scenario, parsed.scenario, "{printed}");
    }
}

#[test]
fn every_scenario_that_ships_is_accepted_and_prints_back() {
    let wrong: Vec<String> = library::embedded()
        .iter()
        .filter_map(|source| match check(source, &judge::declarations()) {
            Err(problems) => Some(problems.to_string()),
            Ok(plan) => {
                let again = parse(&text(&print(&plan.scenario))).map(|again| again.scenario);
                (again.as_ref() != Ok(&plan.scenario)).then(|| format!("{} does not print back", source.path))
            }
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_step_keeps_its_line() {
    let plan = accepted(&text(include_str!("../fixtures/accepted/sigpipe.yaml")));
    assert_eq!(plan.step_lines, [7, 8, 11, 12, 13, 14, 15, 16, 17]);
}

#[test]
fn a_library_scenario_names_the_capabilities_that_it_needs() {
    let plan = accepted(&text(include_str!("../fixtures/accepted/library.yaml")));
    assert_eq!(plan.needs, ["spawn", "env", "env-replace", "stdio-pipe", "stdio-merge", "communicate", "communicate-timeout"]);
}

#[test]
fn every_bad_file_is_refused_with_its_diagnostic() {
    let bad = files("fixtures/rejected");
    assert!(bad.len() >= 25);
    for path in bad {
        let source = source(&path);
        match check(&source, PROPERTIES) {
            Ok(_) => panic!("{} is accepted", path.display()),
            Err(problems) => insta::assert_snapshot!(source.id.as_str(), problems.to_string()),
        }
    }
}

#[test]
fn the_picture_for_a_terminal_names_file_line_and_advice() {
    let problems = refused(include_str!("../fixtures/rejected/endpoint.yaml"));
    for unicode in [true, false] {
        let picture = problems.render(Look { colour: false, unicode, width: 100 });
        assert!(picture.contains("text.yaml:5:12") && picture.contains("did you mean `p.read`?"), "{picture}");
    }
}

fn refused(yaml: &str) -> Problems {
    check(&text(yaml), PROPERTIES).expect_err("it is refused")
}

#[test]
fn a_file_that_is_too_large_or_too_deep_is_refused() {
    assert!(refused(&"#".repeat(300_000)).to_string().contains("more than 262144"));
    for open in ["[", "{a: ", "- ", "? "] {
        let deep = open.repeat(5_000);
        assert!(parse(&text(&deep)).is_err());
    }
}

/// Shapes that cost naive readers quadratic time or much memory.
#[test]
fn hostile_text_ends_soon_and_takes_little_memory() {
    let started = std::time::Instant::now();
    for hostile in [
        "[[],".repeat(60_000),
        "[],".repeat(80_000),
        format!("[{}]", "a,".repeat(120_000)),
        format!("{{{}}}", "a,".repeat(120_000)),
        (0..30_000).map(|i| format!("{i}:\n")).collect(),
        (0..30_000).map(|i| format!("- {i}\n")).collect(),
        format!("title: {}", "a ".repeat(120_000)),
        format!("title: \"{}", "\\".repeat(200_000)),
        format!("title: T\nspec: [s]\nsteps: [{}]", "{pip: p},".repeat(20_000)),
        format!("title: T\nspec: [s]\nsteps:\n  - exit: {}1", "(".repeat(200_000)),
        format!("title: T\nspec: [s]\nsteps:\n{}", "  - exit: 0\n".repeat(20_000)),
        format!("title: T\nspec: [s]\nsteps:\n{}", "  - exit: $a\n".repeat(18_000)),
        format!("title: T\nspec: [s]\nsteps:\n{}", "  - gate: a\n".repeat(20_000)),
    ] {
        assert!(hostile.len() <= 256 * 1024, "{}", &hostile[..20]);
        let most = most_held(|| {
            let _ = check(&text(&hostile), PROPERTIES).map_err(|problems| problems.to_string());
        });
        assert!(most < 64 << 20, "{most} bytes for {:?}, {:?}", &hostile[..40], started.elapsed());
    }
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
}

fn whole_scenarios(markdown: &str) -> Vec<String> {
    let blocks = markdown.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.starts_with("title:")).map(str::to_owned).collect()
}

#[test]
fn the_scenarios_of_the_readme_are_accepted() {
    let scenarios = whole_scenarios(include_str!("../scenarios/README.md"));
    assert!(scenarios.len() >= 3);
    for scenario in scenarios {
        accepted(&text(&scenario));
    }
}

#[test]
fn the_readme_names_every_step() {
    let readme = include_str!("../scenarios/README.md");
    for kind in childproof::plan::step::KINDS {
        assert!(readme.contains(&format!("| `{}` |", kind.keyword)), "{} is missing from scenarios/README.md", kind.keyword);
    }
}

/// Any text, with what YAML reads as something else among it.
fn any_text() -> impl Strategy<Value = String> {
    let odd = [
        "null", "~", "true", "no", "007", "1.0", "-", "- a", "a: b", "#", " a", "a ", "\u{feff}", "\r\n", "\u{85}", "...", "<<", "*a",
        "&a", "'", "\"", "5", "-5",
    ];
    prop_oneof![any::<String>(), prop::sample::select(odd.to_vec()).prop_map(str::to_owned), "[a-z $*+-]{0,12}"]
}

fn any_expr() -> impl Strategy<Value = Expr> {
    prop_oneof![any::<i64>().prop_map(Expr::Int), any::<bool>().prop_map(Expr::Bool), any_text().prop_map(Expr::Text)]
}

fn any_value() -> impl Strategy<Value = ChildValue> {
    let leaf = prop_oneof![
        any::<i64>().prop_map(ChildValue::Int),
        any::<bool>().prop_map(ChildValue::Bool),
        any_text().prop_map(ChildValue::Text),
        proptest::collection::vec(any::<u8>(), 0..6).prop_map(|bytes| ChildValue::Hex { hex: childproof::plan::value::hex(&bytes) }),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| proptest::collection::vec(inner, 0..3).prop_map(ChildValue::List))
}

fn any_expect() -> impl Strategy<Value = Expect> {
    let clause = (proptest::option::of(any_expr()), proptest::collection::vec(any_text(), 0..3), any::<bool>())
        .prop_map(|(when, error, eof)| Clause { when, error, eof, ..Clause::default() })
        .boxed();
    prop_oneof![
        Just(Expect::Success),
        Just(Expect::Word(ExpectWord::Any)),
        clause.clone().prop_map(Expect::One),
        proptest::collection::vec(clause, 0..3).prop_map(Expect::First),
    ]
}

/// Literal texts that begin with a dollar sign have no spelling: they are parameters.
fn any_arg() -> impl Strategy<Value = Arg<String>> {
    any_text().prop_map(|text| if text.starts_with('$') { Arg::Param(text) } else { Arg::Lit(text) })
}

fn any_step() -> impl Strategy<Value = Step> {
    let leaf = prop_oneof![
        any_text().prop_map(|name| Step::Pipe(fd::Pipe::Name(name))),
        any_text().prop_map(|name| Step::Gate(control::Gate(name))),
        (any_text(), any_expr()).prop_map(|(name, by)| Step::Add(memory::Add(name, by))),
        (any_text(), any_expect()).prop_map(|(of, expect)| Step::Close(fd::Close::With(fd::CloseWith { of, expect }))),
        (any_arg(), any_arg(), proptest::option::of(any_expr())).prop_map(|(set, to, restart)| Step::Signal(signal::Signal {
            set,
            to,
            restart,
            reset: None,
            no_defer: None,
            no_child_stop: None,
        })),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let steps = proptest::collection::vec(inner, 0..3).boxed();
        let env = proptest::option::of(proptest::collection::btree_map(any_text(), any_expr(), 0..3));
        let spawn = (any_text(), proptest::collection::vec(any_expr(), 0..3), env, steps.clone(), any_expect())
            .prop_map(|(name, args, env, steps, expect)| Step::Spawn(Spawn { name, args, env, steps, expect, ..Spawn::default() }));
        let when = (any_expr(), steps.clone(), steps.clone())
            .prop_map(|(holds, steps, otherwise)| Step::When(control::When { holds, steps, otherwise }));
        let repeat = (any_expr(), proptest::option::of(any_text()), steps)
            .prop_map(|(times, index, steps)| Step::Repeat(control::Repeat { times, index, steps }));
        prop_oneof![spawn, when, repeat]
    })
}

fn any_scenario() -> impl Strategy<Value = Scenario> {
    let domain = prop_oneof![
        proptest::collection::vec(any_value(), 0..4).prop_map(Domain::OneOf),
        (any::<i32>(), 0..1000i64)
            .prop_map(|(low, more)| Domain::Int(IntDomain::Range(Range { low: low.into(), high: i64::from(low) + more }))),
        proptest::collection::vec(any_value(), 0..4).prop_map(Domain::SubsetOf),
    ];
    let texts = proptest::collection::btree_map(any_text(), any_text(), 0..3);
    let given = proptest::collection::btree_map(any_text(), domain, 0..4);
    let steps = proptest::collection::vec(any_step(), 0..4);
    let check = (any_text(), any_text(), any_expr(), any::<bool>()).prop_map(|(name, arg, expr, many)| {
        let arg = (arg, if many { CheckArg::Many(vec![expr]) } else { CheckArg::One(expr) });
        Requested([(name, [arg].into())].into())
    });
    (any_text(), proptest::option::of(any_text()), given, steps, proptest::collection::vec(check, 0..3), texts).prop_map(
        |(title, about, given, steps, check, permits)| Scenario {
            spec: vec![title.clone()],
            title,
            about,
            given,
            steps,
            check,
            permits,
            ..Scenario::default()
        },
    )
}

proptest! {
    #[test]
    fn any_scenario_prints_and_reads_back_as_the_same(scenario in any_scenario()) {
        let printed = print(&scenario);
        match parse(&text(&printed)) {
            Ok(again) => prop_assert_eq!(again.scenario, scenario, "{}", printed),
            Err(problems) => prop_assert!(false, "{}\n{}", printed, problems),
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = check(&text(&String::from_utf8_lossy(&bytes)), PROPERTIES).map_err(|problems| problems.to_string());
    }

    #[test]
    fn arbitrary_yaml_signs_never_panic(yaml in "[-:{}\\[\\],&*!|>'\"%@`#?~ \n\tab$0-9]{0,200}") {
        let _ = check(&text(&yaml), PROPERTIES).map_err(|problems| problems.to_string());
    }

    #[test]
    fn mutated_scenarios_never_panic(which in 0usize..3, at in any::<prop::sample::Index>(), length in 0usize..20, put in "[-:{}\\[\\]$a-z0-9 \n\"]{0,8}") {
        let original = std::fs::read_to_string(&files("fixtures/accepted")[which]).unwrap();
        let start = at.index(original.len());
        let end = (start + length).min(original.len());
        prop_assume!(original.is_char_boundary(start) && original.is_char_boundary(end));
        let mutated = format!("{}{put}{}", &original[..start], &original[end..]);
        match check(&text(&mutated), PROPERTIES) {
            Err(problems) => {
                let _ = problems.to_string();
                let _ = problems.render(Look { colour: true, unicode: true, width: 80 });
            }
            Ok(plan) => prop_assert_eq!(parse(&text(&print(&plan.scenario))).unwrap().scenario, plan.scenario),
        }
    }
}

#[test]
fn every_row_of_the_catalogue_has_a_scenario_on_each_plane_that_it_names() {
    let plans: Vec<_> = library::embedded().iter().map(|source| check(source, &judge::declarations()).expect("it is right")).collect();
    let covered = |row: &str, plane| plans.iter().any(|plan| plan.plane == plane && plan.scenario.catalogue.as_deref() == Some(row));
    let meant = catalogue::ROWS
        .iter()
        .flat_map(|row| [(row.platform, Plane::Platform), (row.library, Plane::Library)].map(|(means, plane)| (means, row.id, plane)));
    let missing: Vec<(&str, Plane)> =
        meant.filter(|(means, row, plane)| *means && !covered(row, *plane)).map(|(_, row, plane)| (row, plane)).collect();
    assert!(missing.is_empty(), "rows without a scenario: {missing:?}");
    let strange: Vec<_> = plans
        .iter()
        .filter_map(|plan| plan.scenario.catalogue.clone())
        .filter(|row| catalogue::ROWS.iter().all(|known| known.id != row))
        .collect();
    assert!(strange.is_empty(), "rows that the catalogue does not have: {strange:?}");
}

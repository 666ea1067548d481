//! The language as a whole: files in, plans or diagnostics out.

use childproof::plan::case::Source;
use childproof::plan::parse::parse;
use childproof::plan::print::print;
use std::path::{Path, PathBuf};

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

#[test]
fn what_is_printed_reads_back_as_the_same() {
    for path in files("fixtures/accepted") {
        let parsed = parse(&source(&path)).unwrap_or_else(|problems| panic!("{problems}"));
        let printed = print(&parsed.scenario);
        let again = parse(&text(&printed)).unwrap_or_else(|problems| panic!("{printed}\n{problems}"));
        assert_eq!(again.scenario, parsed.scenario, "{printed}");
    }
}

#[test]
fn every_step_keeps_its_line() {
    let parsed = parse(&source(&files("fixtures/accepted")[2])).unwrap();
    assert_eq!(parsed.step_lines, [7, 8, 11, 12, 13, 14, 15, 16, 17]);
}

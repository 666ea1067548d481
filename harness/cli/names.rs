//! Names on the command line: globs over them, and "did you mean" for those that do not exist.

/// Whether `name` matches `glob`: `*` is any run of characters, `?` any one. A glob without either also matches as a prefix of
/// whole parts, so `pipe` means `pipe/*`; dots may stand for slashes, as the catalogue writes them.
pub fn matches(glob: &str, name: &str) -> bool {
    let glob = if name.contains('/') && !glob.contains('/') { glob.replacen('.', "/", 1) } else { glob.to_owned() };
    if !glob.contains(['*', '?']) {
        return name == glob || name.strip_prefix(&glob).is_some_and(|rest| rest.starts_with('/'));
    }
    let (glob, name): (Vec<char>, Vec<char>) = (glob.chars().collect(), name.chars().collect());
    wild(&glob, &name)
}

/// Two-pointer matching with one point of return: linear in practice, never exponential.
fn wild(glob: &[char], name: &[char]) -> bool {
    let (mut at, mut of, mut back) = (0, 0, None);
    while of < name.len() {
        match glob.get(at) {
            Some('*') => {
                back = Some((at, of));
                at += 1;
            }
            Some(c) if *c == '?' || *c == name[of] => {
                at += 1;
                of += 1;
            }
            _ => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    at = star + 1;
                    of = from + 1;
                }
                None => return false,
            },
        }
    }
    glob[at..].iter().all(|c| *c == '*')
}

/// The name most like `wrong`, where one is like it at all.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = names.into_iter().map(|name| (likeness(wrong, name), name));
    scored.filter(|(score, _)| *score > 0.75).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

/// The whole name or its last part, whichever is more alike: `sigpip` means `pipe/sigpipe`.
fn likeness(wrong: &str, name: &str) -> f64 {
    let last = name.rsplit('/').next().unwrap_or(name);
    strsim::jaro_winkler(wrong, name).max(strsim::jaro_winkler(wrong, last))
}

/// `there is no subject `raww`; did you mean `raw`?` or, with nothing alike, where to look.
pub fn unknown<'a>(what: &str, wrong: &str, names: impl IntoIterator<Item = &'a str>, list: &str) -> String {
    match nearest(wrong, names) {
        Some(name) => format!("there is no {what} `{wrong}`; did you mean `{name}`?"),
        None => format!("there is no {what} `{wrong}`; `childproof list {list}` shows them"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (glob, name) in [
            ("pipe/*", "pipe/eof"),
            ("pipe", "pipe/eof"),
            ("*eof", "pipe/eof"),
            ("pipe/e?f", "pipe/eof"),
            ("pipe.eof", "pipe/eof"),
            ("*", "a/b"),
        ] {
            assert!(matches(glob, name), "{glob} {name}");
        }
        for (glob, name) in [("pip", "pipe/eof"), ("pipe/e", "pipe/eof"), ("*x", "pipe/eof"), ("?", "")] {
            assert!(!matches(glob, name), "{glob} {name}");
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        assert_eq!(nearest("sigpip", ["pipe/sigpipe", "pipe/eof"]), Some("pipe/sigpipe"));
        assert_eq!(nearest("zzz", ["pipe/sigpipe"]), None);
    }
}

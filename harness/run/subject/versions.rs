//! Versions and ranges of them, as far as libraries of many languages have them in common: numbers with dots between.

use std::cmp::Ordering;

/// The numbers of a version; what follows the first character that is neither digit nor dot is left out (`3.14.0rc1`).
fn numbers(version: &str) -> Vec<u64> {
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    version[..end].split('.').filter_map(|part| part.parse().ok()).collect()
}

/// The order of two versions.
pub fn compare(a: &str, b: &str) -> Ordering {
    numbers(a).cmp(&numbers(b))
}

/// Whether `version` is `wanted` or a further division of it: 3.6.15 is a 3.6, 3.13 is no 3.1.
pub fn is_a(version: &str, wanted: &str) -> bool {
    numbers(version).starts_with(&numbers(wanted))
}

/// Whether `version` satisfies every one of the comma-separated comparisons: `>=3.7, <3.13`, `=3.6`.
///
/// # Errors
/// What is no comparison.
pub fn satisfies(version: &str, wanted: &str) -> Result<bool, String> {
    wanted.split(',').map(|one| holds(version, one.trim())).try_fold(true, |all, one| Ok(all & one?))
}

fn holds(version: &str, comparison: &str) -> Result<bool, String> {
    let at = comparison.find(|c: char| c.is_ascii_digit()).unwrap_or(comparison.len());
    let (operator, other) = (comparison[..at].trim(), &comparison[at..]);
    if other.is_empty() {
        return Err(format!("`{comparison}` is no comparison with a version: write <3.0, >=3.7 or =3.6"));
    }
    let order = compare(version, other);
    match operator {
        "<" => Ok(order.is_lt()),
        "<=" => Ok(order.is_le() || is_a(version, other)),
        ">" => Ok(order.is_gt() && !is_a(version, other)),
        ">=" => Ok(order.is_ge()),
        "=" | "" => Ok(is_a(version, other)),
        _ => Err(format!("`{operator}` compares no versions: <, <=, >, >= or =")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_where_they_should() {
        for (version, wanted, right) in [
            ("2.7.18", "<3.0", true),
            ("3.6.15", "<3.0", false),
            ("3.10.1", ">=3.7, <3.13", true),
            ("3.13.0", ">=3.7, <3.13", false),
            ("3.6.15", "=3.6", true),
            ("3.13.0", "3.1", false),
            ("3.6.15", "<=3.6", true),
            ("3.14.0rc1", ">=3.14", true),
        ] {
            assert_eq!(satisfies(version, wanted), Ok(right), "{version} {wanted}");
        }
        assert!(satisfies("1", "~3").is_err());
        assert!(satisfies("1", "<").is_err());
    }
}

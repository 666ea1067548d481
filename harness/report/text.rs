//! Small pieces of text that several forms share: plurals, cutting to a width, colours.

use anstyle::{AnsiColor, Style};

/// `1 case`, `2 cases`.
pub fn plural(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Number of columns a text takes at a terminal; wide characters do not occur in our own texts, and in others' are cut late.
pub(super) fn width(text: &str) -> usize {
    text.chars().count()
}

/// At most `columns` characters, the last of them `…` when something was cut; line breaks and controls shown as `␤` and `·`.
pub(super) fn fit(text: &str, columns: usize) -> String {
    let clean = text.chars().map(|c| {
        if c == '\n' {
            '␤'
        } else if c.is_control() {
            '·'
        } else {
            c
        }
    });
    if width(text) <= columns {
        return clean.collect();
    }
    clean.take(columns.saturating_sub(1)).chain(['…']).collect()
}

/// `text` padded with blanks on the right to `columns`.
pub(super) fn pad(text: &str, columns: usize) -> String {
    let blanks = columns.saturating_sub(width(text));
    format!("{text}{}", " ".repeat(blanks))
}

/// Columns of the terminal, or 100 where there is none.
pub(super) fn columns() -> usize {
    match std::env::var("COLUMNS").ok().and_then(|text| text.parse::<usize>().ok()) {
        Some(given) => given.clamp(60, 160),
        None => 100,
    }
}

/// What is wrong.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What is right.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// What deserves a look.
pub(super) const ODD: Style = AnsiColor::Yellow.on_default();
/// What one looks up only when needed.
pub(super) const FAINT: Style = Style::new().dimmed();
/// Headings.
pub(super) const STRONG: Style = Style::new().bold();

/// `text` in a style.
pub(super) fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_texts_say_so() {
        assert_eq!(fit("abcdef", 6), "abcdef");
        assert_eq!(fit("abcdefg", 6), "abcde…");
        assert_eq!(fit("a\nb", 9), "a␤b");
    }
}

//! Diagnostics the way a compiler prints them: the line of the document, the place underlined, the remedy below.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use imagewire_spec::load::{Diagnostic, Source};

/// All diagnostics as text, with a last line that counts them.
#[must_use]
pub fn render(diagnostics: &[Diagnostic], sources: &[Source], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut text = String::new();
    for diagnostic in diagnostics {
        let source = sources.iter().find(|source| source.path == diagnostic.path);
        let span = underlined(diagnostic, source.map_or("", |source| &source.text));
        let pointer = if diagnostic.pointer.is_empty() { "the document" } else { &diagnostic.pointer };
        let path = format!("schemas/{}", diagnostic.path);
        let snippet = Snippet::source(source.map_or("", |source| source.text.as_str()))
            .path(path)
            .annotation(AnnotationKind::Primary.span(span).label(format!("at {pointer}")));
        let report: &[Group<'_>] = &[Level::ERROR
            .primary_title(diagnostic.message.as_str())
            .element(snippet)
            .element(Level::HELP.message(diagnostic.help.as_str()))];
        text.push_str(&renderer.render(report));
        text.push_str("\n\n");
    }
    let count = diagnostics.len();
    let _ = writeln!(text, "{count} {} in the schemas", if count == 1 { "error" } else { "errors" });
    text
}

/// The place, shortened to its first line: a whole object underlined hides more than it shows.
fn underlined(diagnostic: &Diagnostic, text: &str) -> std::ops::Range<usize> {
    let start = diagnostic.span.start.min(text.len());
    let end = diagnostic.span.end.min(text.len());
    let first_line = text.get(start..end).and_then(|part| part.find('\n')).map_or(end, |at| start + at);
    start..first_line.max(start)
}

/// As many lines of one file's diff as are worth reading in a terminal.
const LINES: usize = 120;

/// A unified diff for a terminal: removed lines red, added ones green, cut when it gets long.
#[must_use]
pub fn diff(text: &str) -> String {
    let mut shown = String::new();
    for line in text.lines().take(LINES) {
        let colour = match line.as_bytes() {
            [b'-', ..] => "\u{1b}[31m",
            [b'+', ..] => "\u{1b}[32m",
            [b'@', ..] => "\u{1b}[36m",
            _ => "",
        };
        let reset = if colour.is_empty() { "" } else { "\u{1b}[0m" };
        let _ = writeln!(shown, "{colour}{line}{reset}");
    }
    let rest = text.lines().count().saturating_sub(LINES);
    if rest > 0 {
        let _ = writeln!(shown, "… and {rest} more lines");
    }
    shown
}

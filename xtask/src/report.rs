//! Diagnostics the way a compiler prints them: the line of the document, the place underlined, the remedy below.

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
    text.push_str(&format!("{count} {} in the schemas\n", if count == 1 { "error" } else { "errors" }));
    text
}

/// The place, shortened to its first line: a whole object underlined hides more than it shows.
fn underlined(diagnostic: &Diagnostic, text: &str) -> std::ops::Range<usize> {
    let start = diagnostic.span.start.min(text.len());
    let end = diagnostic.span.end.min(text.len());
    let first_line = text.get(start..end).and_then(|part| part.find('\n')).map_or(end, |at| start + at);
    start..first_line.max(start)
}

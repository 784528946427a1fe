//! Findings with their source line, as rustc prints them.

use std::ops::Range;

use annotate_snippets::renderer::DEFAULT_LINE_NUM_STYLE;
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use anstyle::Style;

use crate::finding::Severity;
use crate::finding::print::escape::{escape_text, push_escaped};
use crate::finding::print::location::LocatedFinding;
use crate::span::{Position, Span};

/// Maximum width of a source line, in columns.
const MAX_WIDTH: usize = 100;

/// Maximum number of marked bytes, which is at least the number of columns.
///
/// The renderer only trims a line if the marked part fits.
const MAX_MARKED: usize = 80;

#[derive(Debug)]
pub(crate) struct HumanRenderer {
    renderer: Renderer,
    arrow: Style,
}

impl HumanRenderer {
    #[must_use]
    pub(crate) fn new(colour: bool) -> Self {
        let (renderer, arrow) =
            if colour { (Renderer::styled(), DEFAULT_LINE_NUM_STYLE) } else { (Renderer::plain(), Style::new()) };
        Self { renderer: renderer.term_width(MAX_WIDTH), arrow }
    }

    /// The finding with its location, source line and help, without a line end.
    #[must_use]
    pub(crate) fn render(&self, path: &str, text: Option<&str>, located: &LocatedFinding<'_>) -> String {
        let finding = located.finding;
        let level = match finding.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let path = escape_text(path);
        let title = level.primary_title(escape_text(&finding.message)).id(finding.kind.name());
        let help = finding.help.as_deref().map(|help| Level::HELP.message(escape_text(help)));
        let Some((text, location)) = text.zip(located.location) else {
            return self.renderer.render(&[title.element(Origin::path(&*path)).elements(help)]);
        };
        let Excerpt { line, marked } = Excerpt::of(text, location.span);
        let snippet = Snippet::source(line).line_start(location.start.line);
        let snippet = snippet.annotation(AnnotationKind::Primary.span(marked));
        let rendered = self.renderer.render(&[title.element(snippet).elements(help)]);
        let (heading, rest) = rendered.split_once('\n').unwrap_or((&rendered, ""));
        format!("{heading}\n{}\n{rest}", self.origin(&path, location.start))
    }

    /// The line with the location, in the style of the renderer.
    ///
    /// The renderer would count the columns of the excerpt, which may lack the start of the line and has
    /// escaped characters.
    fn origin(&self, path: &str, start: Position) -> String {
        let arrow = self.arrow;
        let indent = " ".repeat(start.line.to_string().len());
        format!("{indent}{arrow}-->{arrow:#} {path}:{}:{}", start.line, start.column)
    }
}

/// The part of a line around the start of a span.
struct Excerpt {
    line: String,
    marked: Range<usize>,
}

impl Excerpt {
    /// The excerpt of a long line is longer than the maximum width, so that the renderer marks it as trimmed.
    fn of(text: &str, span: Span) -> Self {
        let before = text[..span.start].char_indices().rev().take(2 * MAX_WIDTH);
        let from = before.take_while(|it| it.1 != '\n').last().map_or(span.start, |it| it.0);
        let mut excerpt = Self { line: String::new(), marked: 0..0 };
        excerpt.push(&text[from..span.start]);
        excerpt.marked = excerpt.line.len()..excerpt.line.len();
        let after = text[span.start..].char_indices().take(2 * MAX_WIDTH).take_while(|it| it.1 != '\n');
        let until = after.last().map_or(span.start, |(at, letter)| span.start + at + letter.len_utf8());
        let until = span.start + text[span.start..until].trim_end_matches('\r').len();
        let middle = span.end.min(until);
        excerpt.push(&text[span.start..middle]);
        excerpt.marked.end = excerpt.line.floor_char_boundary(excerpt.marked.start + MAX_MARKED);
        excerpt.push(&text[middle..until]);
        excerpt
    }

    /// Appends `part`, escaped except for tabs, whose width the renderer handles.
    fn push(&mut self, part: &str) {
        for letter in part.chars() {
            if letter == '\t' {
                self.line.push('\t');
            } else {
                push_escaped(&mut self.line, letter);
            }
        }
    }
}

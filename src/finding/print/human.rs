//! A finding as people read it: drawn under its line, as rustc does.

use std::ops::Range;

use annotate_snippets::renderer::{DEFAULT_LINE_NUM_STYLE, Style};
use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use crate::finding::Severity;
use crate::finding::print::escape::{push_visible, visible};
use crate::finding::print::location::LocatedFinding;
use crate::span::{Position, Span};

/// Columns of a source line that are shown at most.
const WIDTH: usize = 100;

/// Bytes that carets stand under at most, which is no fewer than as many columns.
///
/// The renderer trims a line only where what it points at fits in.
const MARKED: usize = 80;

/// Draws findings.
#[derive(Debug)]
pub struct HumanRenderer {
    renderer: Renderer,
    arrow: Style,
}

impl HumanRenderer {
    /// Draws in colour only when asked.
    #[must_use]
    pub fn new(colour: bool) -> Self {
        let (renderer, arrow) =
            if colour { (Renderer::styled(), DEFAULT_LINE_NUM_STYLE) } else { (Renderer::plain(), Style::new()) };
        Self { renderer: renderer.term_width(WIDTH), arrow }
    }

    /// The finding with its heading, location, source line and help, without a line end.
    #[must_use]
    pub fn draw(&self, path: &str, text: Option<&str>, located: &LocatedFinding<'_>) -> String {
        let finding = located.finding;
        let level = match finding.severity() {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let path = visible(path);
        let title = level.primary_title(visible(&finding.message)).id(finding.kind.name());
        let help = finding.help.as_deref().map(|help| Level::HELP.message(visible(help)));
        let Some((text, location)) = text.zip(located.location) else {
            return self.renderer.render(&[title.element(Origin::path(&*path)).elements(help)]);
        };
        let Excerpt { line, marked } = Excerpt::of(text, location.span);
        let snippet = Snippet::source(line).line_start(location.start.line);
        let snippet = snippet.annotation(AnnotationKind::Primary.span(marked));
        let drawn = self.renderer.render(&[title.element(snippet).elements(help)]);
        let (heading, rest) = drawn.split_once('\n').unwrap_or((&drawn, ""));
        format!("{heading}\n{}\n{rest}", self.origin(&path, location.start))
    }

    /// The line that names the location, as the renderer would draw it.
    ///
    /// The renderer would count columns in the excerpt, where the beginning of the line may be missing
    /// and characters are escaped.
    fn origin(&self, path: &str, start: Position) -> String {
        let arrow = self.arrow;
        let indent = " ".repeat(start.line.to_string().len());
        format!("{indent}{arrow}-->{arrow:#} {path}:{}:{}", start.line, start.column)
    }
}

/// The line on which a span begins, as far as it can be of interest.
struct Excerpt {
    line: String,
    marked: Range<usize>,
}

impl Excerpt {
    /// Of a long line, more is taken than is shown, so that the renderer trims it and says so.
    fn of(text: &str, span: Span) -> Self {
        let before = text[..span.start].char_indices().rev().take(2 * WIDTH);
        let from = before.take_while(|it| it.1 != '\n').last().map_or(span.start, |it| it.0);
        let mut excerpt = Self { line: String::new(), marked: 0..0 };
        excerpt.push(&text[from..span.start]);
        excerpt.marked = excerpt.line.len()..excerpt.line.len();
        let after = text[span.start..].char_indices().take(2 * WIDTH).take_while(|it| it.1 != '\n');
        let until = after.last().map_or(span.start, |(at, letter)| span.start + at + letter.len_utf8());
        let until = span.start + text[span.start..until].trim_end_matches('\r').len();
        let middle = span.end.min(until);
        excerpt.push(&text[span.start..middle]);
        excerpt.marked.end = excerpt.line.floor_char_boundary(excerpt.marked.start + MARKED);
        excerpt.push(&text[middle..until]);
        excerpt
    }

    /// Appends `part`, visible; tabs stay, since the renderer draws them as wide as its carets count them.
    fn push(&mut self, part: &str) {
        for letter in part.chars() {
            if letter == '\t' {
                self.line.push('\t');
            } else {
                push_visible(&mut self.line, letter);
            }
        }
    }
}

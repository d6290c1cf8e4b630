//! The text that is still to be read, and what was found wrong on the way.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::str::{CharIndices, Chars};

use nom::error::{ErrorKind, ParseError};
use nom::{IResult, Needed};

use super::faults::{glued_comment, is_misleading, misleading};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// What a parser yields, and what is left.
pub(super) type Parsed<'a, T> = IResult<Input<'a>, T, Fault>;

/// What is known of one file while it is parsed.
pub(super) struct Context<'a> {
    file: FileId,
    text: &'a str,
    diagnostics: RefCell<Vec<Diagnostic>>,
    /// Where characters stand that show a reader another text.
    misleading: Vec<usize>,
    /// How deep the parser stands in parentheses, blocks and `not`.
    depth: Cell<u32>,
}

impl<'a> Context<'a> {
    pub(super) fn new(file: FileId, text: &'a str) -> Self {
        let ends_line = |at: usize| text.get(at..).is_some_and(|rest| rest.starts_with("\r\n"));
        let found = text.char_indices().filter(|(at, c)| is_misleading(*c) && !ends_line(*at));
        let misleading = found.map(|(at, _)| at).collect();
        Self { file, text, diagnostics: RefCell::default(), misleading, depth: Cell::new(0) }
    }

    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        // White space may be skipped twice where a reading was tried in vain.
        let mut known = BTreeSet::new();
        let mut diagnostics = self.diagnostics.into_inner();
        diagnostics.retain(|d| known.insert((d.span, d.code, d.message.clone())));
        diagnostics
    }
}

/// The text from one place to the end of its file.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) rest: &'a str,
    context: &'a Context<'a>,
}

/// What is wrong: nothing that commits, or a diagnostic.
#[derive(Debug)]
pub(super) struct Fault(pub(super) Option<Box<Diagnostic>>);

impl<'a> Input<'a> {
    pub(super) fn new(context: &'a Context<'a>) -> Self {
        Self { rest: context.text, context }
    }

    /// Returns the offset of the next byte.
    pub(super) fn offset(self) -> u32 {
        u32::try_from(self.context.text.len() - self.rest.len()).unwrap_or(u32::MAX)
    }

    /// Marks the text from here to another place.
    pub(super) fn span_to(self, end: Self) -> Span {
        Span { file: self.context.file, start: self.offset(), end: end.offset() }
    }

    /// Marks the next so many bytes.
    pub(super) fn span(self, bytes: usize) -> Span {
        let start = self.offset();
        Span { file: self.context.file, start, end: start.saturating_add(u32::try_from(bytes).unwrap_or(0)) }
    }

    /// Reads the text of a place of this file.
    pub(super) fn text_at(self, span: Span) -> &'a str {
        let range = usize::try_from(span.start).unwrap_or(0)..usize::try_from(span.end).unwrap_or(0);
        self.context.text.get(range).unwrap_or("")
    }

    /// Skips bytes; at most up to the end.
    pub(super) fn skip(self, bytes: usize) -> Self {
        Self { rest: self.rest.get(bytes..).unwrap_or(""), ..self }
    }

    pub(super) fn first(self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Reports a diagnostic and goes on.
    pub(super) fn report(self, diagnostic: Diagnostic) {
        self.context.diagnostics.borrow_mut().push(diagnostic);
    }

    /// Goes one level deeper; `false` where that is too deep.
    pub(super) fn enter(self) -> bool {
        self.context.depth.set(self.context.depth.get() + 1);
        self.context.depth.get() <= crate::limits::NESTING_MAX
    }

    pub(super) fn leave(self, levels: u32) {
        self.context.depth.set(self.context.depth.get().saturating_sub(levels));
    }

    /// Returns to the level of a block, wherever an error left it.
    pub(super) fn set_depth(self, depth: u32) {
        self.context.depth.set(depth);
    }

    pub(super) fn depth(self) -> u32 {
        self.context.depth.get()
    }

    /// Skips white space and comments.
    pub(super) fn space(self) -> Self {
        let mut at = self;
        loop {
            let is_white = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
            let white = at.rest.bytes().take_while(is_white).count();
            if white > 0 {
                at = at.plain(white);
            }
            if !at.rest.starts_with('#') {
                return at;
            }
            if at.is_glued() {
                at.report(glued_comment(at));
            }
            at = at.plain(at.rest.find('\n').unwrap_or(at.rest.len()));
        }
    }

    /// Skips white space or a comment, and reports what misleads its readers.
    fn plain(self, bytes: usize) -> Self {
        let (text, places) = (self.context.text, &self.context.misleading);
        let start = text.len() - self.rest.len();
        let first = places.partition_point(|place| *place < start);
        for place in places.iter().skip(first).take_while(|place| **place < start + bytes) {
            let here = self.skip(place - start);
            here.report(misleading(here));
        }
        self.skip(bytes)
    }

    fn before(self) -> &'a str {
        self.context.text.get(..self.context.text.len() - self.rest.len()).unwrap_or("")
    }

    /// Says whether only white space stands before on this line.
    pub(super) fn is_line_start(self) -> bool {
        self.before().rsplit('\n').next().is_none_or(|line| line.trim().is_empty())
    }

    /// Says whether a word could begin here.
    pub(super) fn is_word_start(self) -> bool {
        self.before().chars().next_back().is_none_or(|c| c.is_whitespace() || "{}".contains(c))
    }

    /// Says whether the token before goes right up to here.
    fn is_glued(self) -> bool {
        self.before().chars().next_back().is_some_and(|c| !c.is_whitespace() && !"{}[](),".contains(c))
    }
}

impl<'a> ParseError<Input<'a>> for Fault {
    fn from_error_kind(_: Input<'a>, _: ErrorKind) -> Self {
        Self(None)
    }

    fn append(_: Input<'a>, _: ErrorKind, other: Self) -> Self {
        other
    }
}

impl<'a> nom::Input for Input<'a> {
    type Item = char;
    type Iter = Chars<'a>;
    type IterIndices = CharIndices<'a>;

    fn input_len(&self) -> usize {
        self.rest.len()
    }

    fn take(&self, index: usize) -> Self {
        Self { rest: self.rest.get(..index).unwrap_or(self.rest), ..*self }
    }

    fn take_from(&self, index: usize) -> Self {
        self.skip(index)
    }

    fn take_split(&self, index: usize) -> (Self, Self) {
        (self.skip(index), self.take(index))
    }

    fn position<P: Fn(char) -> bool>(&self, predicate: P) -> Option<usize> {
        self.rest.find(predicate)
    }

    fn iter_elements(&self) -> Chars<'a> {
        self.rest.chars()
    }

    fn iter_indices(&self) -> CharIndices<'a> {
        self.rest.char_indices()
    }

    fn slice_index(&self, count: usize) -> Result<usize, Needed> {
        let mut indices = self.rest.char_indices().map(|(at, _)| at).chain([self.rest.len()]);
        indices.nth(count).ok_or(Needed::Unknown)
    }
}

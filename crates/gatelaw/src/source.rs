//! The texts of a policy, and places in them.

use std::collections::BTreeMap;
use std::fmt;

/// Numbers one file of a policy, in the order it was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// Marks the bytes `start..end` of one file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl Span {
    /// Joins two places of one file into the place from the start of `self` to the end of `other`.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { end: other.end, ..self }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.file.0, self.start, self.end)
    }
}

/// Holds a value and the place where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub node: T,
    /// Where it stands.
    pub span: Span,
}

/// One named text.
#[derive(Debug, Clone)]
pub struct Source {
    /// Path relative to the policy's root, with `/` on every system.
    pub name: String,
    /// The text, UTF-8.
    pub text: String,
}

/// Holds every text of a policy: `.gate` files, and the files that lists are read from.
///
/// The core does no I/O: whoever reads files adds them here.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The `.gate` files, by [`FileId`].
    pub files: Vec<Source>,
    /// Files that `list … from` names, by path relative to the policy's root.
    pub lists: BTreeMap<String, ListText>,
}

/// The outcome of reading a list file: its bytes, or why it could not be read.
pub type ListText = Result<Vec<u8>, String>;

impl Sources {
    /// Makes the sources of a policy that is one text.
    #[must_use]
    pub fn from_text(name: &str, text: &str) -> Self {
        Self { files: vec![Source { name: name.into(), text: text.into() }], lists: BTreeMap::new() }
    }

    /// Finds a file.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&Source> {
        self.files.get(usize::try_from(id.0).ok()?)
    }

    /// Reads the text at a place; empty if there is none.
    #[must_use]
    pub fn text_at(&self, span: Span) -> &str {
        let range = usize::try_from(span.start).unwrap_or(0)..usize::try_from(span.end).unwrap_or(0);
        self.file(span.file).and_then(|f| f.text.get(range)).unwrap_or("")
    }

    /// Finds line and column of a byte, both from 1; the column counts characters.
    #[must_use]
    pub fn line_column(&self, file: FileId, offset: u32) -> (u32, u32) {
        let text = self.file(file).map_or("", |f| f.text.as_str());
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
        let before = text.get(..offset).unwrap_or(text);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }
}

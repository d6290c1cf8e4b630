//! The lines of a file of requests, one at a time, none longer than it may be.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::output::is_stdio;

/// Reads lines, and keeps the bytes of one.
pub(crate) struct Lines {
    input: BufReader<Box<dyn Read>>,
    line: Vec<u8>,
    bytes_max: usize,
}

/// One line of the input.
pub(crate) enum Line<'a> {
    /// Its bytes, without the line feed.
    Whole(&'a [u8]),
    /// It is longer than it may be, and was skipped.
    TooLong,
}

impl Lines {
    /// Opens a file, or stdin for `-`. Lines longer than `bytes_max` are skipped.
    pub(crate) fn open(path: &Path, bytes_max: usize) -> io::Result<Self> {
        let input: Box<dyn Read> =
            if is_stdio(path) { Box::new(io::stdin()) } else { Box::new(File::open(path)?) };
        Ok(Self::new(input, bytes_max))
    }

    fn new(input: Box<dyn Read>, bytes_max: usize) -> Self {
        Self { input: BufReader::new(input), line: Vec::new(), bytes_max }
    }

    /// Whether the next line has to be waited for, so that what was answered so far should be seen.
    pub(crate) fn must_wait(&self) -> bool {
        self.input.buffer().is_empty()
    }

    /// Reads the next line; `None` at the end. A last line without line feed is a line; nothing behind the last is none.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let with_feed = u64::try_from(self.bytes_max).unwrap_or(u64::MAX).saturating_add(1);
        if self.input.by_ref().take(with_feed).read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if self.line.len() > self.bytes_max {
            self.skip_line()?;
            return Ok(Some(Line::TooLong));
        }
        Ok(Some(Line::Whole(&self.line)))
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let found = self.input.fill_buf()?;
            let feed = found.iter().position(|byte| *byte == b'\n');
            let used = feed.map_or(found.len(), |at| at + 1);
            let done = feed.is_some() || used == 0;
            self.input.consume(used);
            if done {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &'static str, expected: &[Option<&str>]) {
        let mut lines = Lines::new(Box::new(input.as_bytes()), 4);
        let mut read = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            read.push(match line {
                Line::Whole(bytes) => Some(String::from_utf8(bytes.to_vec()).unwrap()),
                Line::TooLong => None,
            });
        }
        assert_eq!(read.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn lines_end_at_line_feeds_and_at_the_end() {
        check("", &[]);
        check("a", &[Some("a")]);
        check("a\n", &[Some("a")]);
        check("a\n\nb", &[Some("a"), Some(""), Some("b")]);
        check("\n", &[Some("")]);
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
        check("1234\n12345\n12\n", &[Some("1234"), None, Some("12")]);
        check("1234", &[Some("1234")]);
        check("12345", &[None]);
        check("1234567890\n1234567890", &[None, None]);
    }
}

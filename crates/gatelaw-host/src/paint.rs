//! Words in colour, for terminals.

/// Paints words, where they are to be coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Paint {
    is_on: bool,
}

impl Paint {
    /// Paints with the colours of a terminal (ECMA-48), or leaves every word as it is.
    #[must_use]
    pub fn new(is_on: bool) -> Self {
        Self { is_on }
    }

    /// Paints what went well.
    #[must_use]
    pub fn green(self, text: &str) -> String {
        self.paint("1;32", text)
    }

    /// Paints what did not.
    #[must_use]
    pub fn red(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    /// Paints names to find at a glance.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn paint(self, color: &str, text: &str) -> String {
        if self.is_on { format!("\x1b[{color}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_stand_where_they_are_wished_for() {
        assert_eq!(Paint::new(true).red("no"), "\x1b[1;31mno\x1b[0m");
        assert_eq!(Paint::new(false).red("no"), "no");
        assert_eq!(Paint::default().bold("name"), "name");
    }
}

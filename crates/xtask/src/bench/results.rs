//! What `cargo xtask bench peers` found, as it is kept in the repository: comments, the names of the columns, a line a figure.

use crate::project::Result;

/// Where the figures stand.
pub(crate) const FILE: &str = "benches/peers.tsv";

/// All figures of one run.
#[derive(Debug)]
pub(crate) struct Results {
    /// The machine, the compiler, the versions.
    pub(crate) notes: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// One figure: an engine, used in one way, with a number of rules.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) engine: String,
    pub(crate) way: String,
    pub(crate) rules: u64,
    /// Nanoseconds of a decision; `None` where not every decision was the expected one.
    pub(crate) ns: Option<u64>,
}

impl Results {
    /// Reads the file.
    ///
    /// # Errors
    /// A line that isn't one; the text names it.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let notes = text.lines().filter_map(|line| line.strip_prefix("# ")).map(str::to_owned).collect();
        let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
        let row = |line: &str| row(line).ok_or_else(|| format!("`{line}` is no figure"));
        Ok(Self { notes, rows: lines.map(row).collect::<Result<_>>()? })
    }

    /// Lists the numbers of rules, each once, in their order.
    pub(crate) fn sizes(&self) -> Vec<u64> {
        let mut sizes: Vec<u64> = self.rows.iter().map(|row| row.rules).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// Finds the nanoseconds of an engine with a number of rules: those of its fastest way.
    pub(crate) fn best_ns(&self, engine: &str, rules: u64) -> Option<u64> {
        let of = self.rows.iter().filter(|row| row.engine == engine && row.rules == rules);
        of.filter_map(|row| row.ns).min()
    }
}

fn row(line: &str) -> Option<Row> {
    let mut columns = line.split('\t');
    let mut column = || columns.next();
    let (engine, way) = (column()?.to_owned(), column()?.to_owned());
    let rules = column()?.parse().ok()?;
    let ns = match column()? {
        "" => None,
        ns => Some(ns.parse().ok()?),
    };
    Some(Row { engine, way, rules, ns })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# a machine\nengine\tway\trules\tns\tas expected\tasked\n\
        a\tx\t10\t100\t5\t5\na\ty\t10\t90\t5\t5\na\tx\t2\t\t4\t5\n";

    #[test]
    fn comments_and_figures_are_read() {
        let results = Results::parse(TEXT).unwrap();
        assert_eq!(results.notes, ["a machine"]);
        assert_eq!(results.sizes(), [2, 10]);
        assert_eq!(results.best_ns("a", 10), Some(90));
        assert_eq!(results.best_ns("a", 2), None);
    }

    #[test]
    fn a_line_that_is_no_figure_is_named() {
        assert_eq!(Results::parse(&format!("{TEXT}b\tx\tmany\n")).unwrap_err(), "`b\tx\tmany` is no figure");
    }
}

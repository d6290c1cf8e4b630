//! Named values of one kind: the query's, or the cookies'.

use super::Part;
use crate::sort::sort;

/// Holds the values that were read, by slot, in the order they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Pairs {
    text: String,
    // INVARIANT: sorted once [`Pairs::close`] was called. Values of one slot lie in the text as they came.
    values: Vec<(u32, Part)>,
}

impl Pairs {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.values.clear();
    }

    pub(super) fn push(&mut self, slot: u32, value: &str) {
        self.values.push((slot, Part::push(&mut self.text, value)));
    }

    pub(super) fn close(&mut self) {
        sort(&mut self.values);
    }

    pub(super) fn values(&self, slot: u32) -> impl Iterator<Item = &str> + Clone {
        let start = self.values.partition_point(|(s, _)| *s < slot);
        let of_slot = self.values.iter().skip(start).take_while(move |(s, _)| *s == slot);
        of_slot.map(|(_, part)| part.of(&self.text))
    }

    /// Returns the value of a slot if it occurs exactly once.
    pub(super) fn only(&self, slot: u32) -> Option<&str> {
        let mut values = self.values(slot);
        values.next().filter(|_| values.next().is_none())
    }
}

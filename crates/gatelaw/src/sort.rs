//! Sorts what a decision has to sort: lists of a few members, rarely of many.
//!
//! Each type that the standard library's sorts are asked for brings some KiB of code, which were a sixth of the evaluator for WebAssembly; a heap
//! takes a twentieth of that, and as few steps at worst. Lists of a whole policy are sorted by the standard library: the compiler's size counts less.

/// Sorts members in place.
pub fn sort<T: Ord>(members: &mut [T]) {
    sort_by(members, |a, b| a < b);
}

/// Makes a set of a list: its members sorted, each once.
pub fn sort_each_once<T: Ord>(members: &mut Vec<T>) {
    sort(members);
    members.dedup();
}

/// So many members are put in their places one by one sooner than they are made a heap.
const FEW: usize = 16;

/// Sorts members in place, by what is less. Equal ones have no order of their own.
pub fn sort_by<T>(members: &mut [T], is_less: impl Fn(&T, &T) -> bool) {
    if members.len() <= FEW { insert_each(members, is_less) } else { sort_as_heap(members, is_less) }
}

/// Moves each member before all greater ones of those before it.
fn insert_each<T>(members: &mut [T], is_less: impl Fn(&T, &T) -> bool) {
    for count in 2..=members.len() {
        let mut rest = members.get_mut(..count).unwrap_or_default();
        while let Some((member, before)) = rest.split_last_mut()
            && let Some(last) = before.last_mut()
            && is_less(member, last)
        {
            std::mem::swap(member, last);
            rest = before;
        }
    }
}

fn sort_as_heap<T>(members: &mut [T], is_less: impl Fn(&T, &T) -> bool) {
    for parent in (0..members.len() / 2).rev() {
        sink(members, parent, &is_less);
    }
    let mut heap = members;
    while let Some(last) = heap.len().checked_sub(1) {
        // The greatest stands first, and its place is the last.
        heap.swap(0, last);
        heap = heap.get_mut(..last).unwrap_or_default();
        sink(heap, 0, &is_less);
    }
}

/// Moves a member down until none below it in the heap is greater.
fn sink<T>(heap: &mut [T], mut parent: usize, is_less: impl Fn(&T, &T) -> bool) {
    let less =
        |heap: &[T], a: usize, b: usize| heap.get(a).zip(heap.get(b)).is_some_and(|(a, b)| is_less(a, b));
    loop {
        let left = parent.saturating_mul(2).saturating_add(1);
        let right = left.saturating_add(1);
        let child = if less(heap, left, right) { right } else { left };
        if !less(heap, parent, child) {
            return;
        }
        heap.swap(parent, child);
        parent = child;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mut members: Vec<u32>) {
        let mut expected = members.clone();
        expected.sort_unstable();
        let mut descending = members.clone();
        sort_by(&mut descending, |a, b| a > b);
        sort(&mut members);
        assert_eq!(members, expected);
        assert!(descending.iter().eq(expected.iter().rev()), "{descending:?}");
        sort_as_heap(&mut descending, |a, b| a < b);
        assert_eq!(descending, expected);
        expected.dedup();
        sort_each_once(&mut members);
        assert_eq!(members, expected);
    }

    #[test]
    fn lists_of_every_length_and_order_are_sorted_as_the_standard_library_sorts_them() {
        for length in 0..200 {
            check((0..length).collect());
            check((0..length).rev().collect());
            check(vec![7; length as usize]);
            // Mixed, with some that stand twice.
            check((0..length).map(|n| n.wrapping_mul(2_654_435_761) % (length / 2 + 1)).collect());
        }
    }

    /// All orders of few members: none is special.
    #[test]
    fn every_order_of_six_members_is_sorted() {
        for order in 0..6_u32.pow(6) {
            check((0..6).map(|place| order / 6_u32.pow(place) % 6).collect());
        }
    }
}

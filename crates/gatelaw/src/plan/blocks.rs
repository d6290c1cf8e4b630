//! Blocks: many literals of one scan, of which mostly none occurs, asked for at once.

use super::scans::Literal;
use crate::limits::{BLOCK_LITERALS_MAX, BLOCK_LITERALS_MIN};
use crate::lower::VariableId;

/// Literals of a scan that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Block {
    pub(crate) scan: VariableId,
    pub(crate) first: u32,
    pub(crate) count: u32,
}

/// Puts what depends on literals that stand near each other into blocks, in the order of these; all else stays as it is, in its order.
pub(super) fn blocks<T>(
    items: impl Iterator<Item = T>,
    literal: impl Fn(&T) -> Option<Literal>,
) -> (Vec<T>, Vec<(Block, Vec<T>)>) {
    let (mut alone, mut guarded) = (Vec::new(), Vec::new());
    for item in items {
        match literal(&item) {
            Some(literal) => guarded.push((literal, item)),
            None => alone.push(item),
        }
    }
    guarded.sort_by_key(|(literal, _)| *literal);
    let mut blocks: Vec<(Block, Vec<T>)> = Vec::new();
    for ((scan, number), item) in guarded {
        match blocks.last_mut() {
            Some((block, members)) if block.scan == scan && members.len() < BLOCK_LITERALS_MAX => {
                block.count = number.saturating_sub(block.first).saturating_add(1);
                members.push(item);
            }
            _ => blocks.push((Block { scan, first: number, count: 1 }, vec![item])),
        }
    }
    let (blocks, few): (Vec<_>, Vec<_>) =
        blocks.into_iter().partition(|(_, members)| members.len() >= BLOCK_LITERALS_MIN);
    alone.extend(few.into_iter().flat_map(|(_, members)| members));
    (alone, blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_depends_on_near_literals_of_one_scan_is_a_block() {
        let literal = |number: &u32| (*number != 5).then_some((u32::from(*number >= 100), *number * 2));
        let (alone, blocks) = blocks((0..40).rev().chain(100..103), literal);
        assert_eq!(alone, [5, 100, 101, 102], "too few of one scan");
        let ends: Vec<(Block, u32, u32)> =
            blocks.iter().map(|(block, of)| (*block, of[0], of[of.len() - 1])).collect();
        let first = Block { scan: 0, first: 0, count: 65 };
        assert_eq!(ends, [(first, 0, 32), (Block { first: 66, count: 13, ..first }, 33, 39)]);
    }
}

//! The plan: what runs. Flat words, forward-only, made once and checked once.
//!
//! A decision goes: host table → route automaton → class → diagram. No part scans all rules. Every table stands in one of a few
//! vectors of `u32`, and is named by the offset of its first word; offset 0 is "none".
//!
//! | table | words |
//! |---|---|
//! | strings | `n`, then `n` × (string, value), sorted by the bytes of the strings |
//! | numbers | `n`, then `n` × (start low, start high, class) |
//! | networks | `n`, then `n` × (IPv4 start, class); `n`, then `n` × (IPv6 start in four words, highest first; class) |
//! | patterns | `width`, `states`, 64 words of byte columns, `states` × `width` next states, `states` classes |
//! | node | variable, default child, `n`, then `n` × (class, child); a child with bit 31 set is a terminal |
//! | bits | `rows`, `n`, then `n` × (variable, entry) |
//! | entry | `n`, then `n` × (word, mask of rows that accept every class not named); `n`, then `n` × (class, changes) |
//! | changes | `n`, then `n` × (word, rows that accept the class too, rows that don't) |
//! | verdict | 1, root node, `n`, `n` ranks; or 2, bits, `n`, a rank for each row |
//! | matching | bits, `n`, an instance for each row |
//! | class | verdict, matching |
//! | accept | `n`, then `n` × (method, class); class of other methods; tokens; metadata |
//! | state | `n`, then `n` × (string, state), sorted by bytes; `a`, then `a` × (string before, string behind), 2^`a` × state; accept without a slash; accept with one |
//! | host | relaxations, `n`, `n` × start state, `n`, `n` × class |

#[cfg(any())]
mod compile;
mod hosts;

pub(crate) use hosts::is_address;

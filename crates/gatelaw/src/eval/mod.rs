//! Evaluates plans.

pub(crate) mod texts;

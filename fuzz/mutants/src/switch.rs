//! A file with all its mutants in it, each behind a switch.
//!
//! `a < b` becomes `(if on(1) { a <= b } else { a < b })`, a body `{ b }` becomes `{ if on(2) { return 0; } b }`. The mutants of nested
//! expressions stand in the last branch only: one mutant is on at a time. What is put in is put between the bytes of the file, which
//! stays as it is but for `const` before a function whose body has a switch.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Arm, BinOp, Block, Expr, ExprBinary, ExprMatch, ExprStruct, ExprUnary, ReturnType, Signature};

use crate::list::{Genre, Mutant};

/// The module that is put into each crate that has mutants.
pub(crate) const MODULE: &str = "mutation_switch";

/// A file with switches.
#[derive(Debug, Default)]
pub(crate) struct Switched {
    pub(crate) text: String,
    /// Which bytes of the text are there for which mutant.
    pieces: Vec<(Range<usize>, u32)>,
    /// Where what a `match` looks at begins, and the mutants that take one of its arms away.
    matches: Vec<(usize, Vec<u32>)>,
    /// The mutants of the file that have no switch, and why.
    pub(crate) without: Vec<(u32, &'static str)>,
}

impl Switched {
    /// The mutant that bytes of the text are there for.
    pub(crate) fn mutant_at(&self, bytes: &Range<usize>) -> Option<u32> {
        let mut holding =
            self.pieces.iter().filter(|(piece, _)| piece.start <= bytes.start && bytes.end <= piece.end);
        holding.next().map(|(_, number)| *number)
    }

    /// The mutants that take an arm away from the `match` whose operand begins at this byte of the text, in the arms' order.
    pub(crate) fn arms_at(&self, start: usize) -> &[u32] {
        self.matches.iter().find(|(at, arms)| *at == start && !arms.is_empty()).map_or(&[], |(_, arms)| arms)
    }
}

/// Puts the mutants into the text of their file; `kept_const` names the functions that must stay `const`.
pub(crate) fn switch(
    text: &str,
    mutants: &[&Mutant],
    kept_const: &BTreeSet<String>,
) -> Result<Switched, String> {
    let file = syn::parse_file(text).map_err(|error| error.to_string())?;
    let mut places: BTreeMap<(Genre, usize), Vec<&Mutant>> = BTreeMap::new();
    for mutant in mutants {
        let range = mutant.range(text).ok_or("a mutant beyond the file")?;
        places.entry((mutant.genre, range.start)).or_default().push(mutant);
    }
    let mut finder = Finder { text, kept_const, places, edits: Vec::new(), without: Vec::new() };
    finder.visit_file(&file);
    let unfound = finder
        .places
        .into_values()
        .flatten()
        .map(|mutant| (mutant.number, "its place is in no expression that has a switch"));
    finder.without.extend(unfound);
    Ok(applied(text, finder.edits, finder.without))
}

/// Text that is put in, or bytes that are blanked.
#[derive(Debug)]
struct Edit {
    at: usize,
    /// How many bytes of the file it takes away.
    instead_of: usize,
    /// Whether it ends what another edit begins.
    ends: bool,
    pieces: Vec<(String, Option<u32>)>,
    /// Where it is the beginning of what a `match` looks at: the mutants that take its arms away.
    arms: Vec<u32>,
}

/// Edits come as they are found, the outer before the inner. At one place ends come before beginnings, and of the ends the inner first.
fn applied(text: &str, edits: Vec<Edit>, without: Vec<(u32, &'static str)>) -> Switched {
    let mut edits: Vec<(isize, Edit)> = (0..).zip(edits).collect();
    edits.sort_by_key(|(found, edit)| (edit.at, !edit.ends, if edit.ends { -found } else { *found }));
    let mut switched = Switched { without, ..Switched::default() };
    let mut done = 0;
    for (_, edit) in edits {
        switched.text.push_str(text.get(done..edit.at).unwrap_or(""));
        done = edit.at + edit.instead_of;
        switched.matches.push((switched.text.len(), edit.arms));
        for (piece, number) in edit.pieces {
            let start = switched.text.len();
            switched.text.push_str(&piece);
            switched.pieces.extend(number.map(|number| (start..switched.text.len(), number)));
        }
    }
    switched.text.push_str(text.get(done..).unwrap_or(""));
    switched
}

struct Finder<'t> {
    text: &'t str,
    kept_const: &'t BTreeSet<String>,
    /// Mutants whose place isn't found yet.
    places: BTreeMap<(Genre, usize), Vec<&'t Mutant>>,
    edits: Vec<Edit>,
    without: Vec<(u32, &'static str)>,
}

impl<'t> Finder<'t> {
    fn take(&mut self, genre: Genre, start: usize) -> Vec<&'t Mutant> {
        self.places.remove(&(genre, start)).unwrap_or_default()
    }

    fn leave(&mut self, mutants: &[&Mutant], why: &'static str) {
        self.without.extend(mutants.iter().map(|mutant| (mutant.number, why)));
    }

    fn bytes(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or("")
    }

    fn insert(&mut self, at: usize, ends: bool, pieces: Vec<(String, Option<u32>)>) {
        self.edits.push(Edit { at, instead_of: 0, ends, pieces, arms: Vec::new() });
    }

    /// Puts alternatives before the expression in `range`, each taken where its mutant is on.
    fn choose(&mut self, range: Range<usize>, alternatives: Vec<(u32, String)>) {
        if alternatives.is_empty() {
            return;
        }
        let mut pieces = vec![("(".to_owned(), None)];
        for (number, text) in alternatives {
            pieces.push((format!("if {} {{ {text} }} else ", on(number)), Some(number)));
        }
        pieces.push(("{ ".to_owned(), None));
        self.insert(range.start, false, pieces);
        self.insert(range.end, true, vec![(" })".to_owned(), None)]);
    }

    /// The text of `range` with `replacement` in the place of `part`.
    fn with(&self, range: &Range<usize>, part: &Range<usize>, replacement: &str) -> String {
        format!("{}{replacement}{}", self.bytes(range.start..part.start), self.bytes(part.end..range.end))
    }

    /// Puts the mutants that begin at `starts`, and replace a part of the expression in `range`, before it.
    fn replace(&mut self, range: Range<usize>, genre: Genre, starts: impl IntoIterator<Item = usize>) {
        let mutants: Vec<_> = starts.into_iter().flat_map(|start| self.take(genre, start)).collect();
        let replaced = |mutant: &&Mutant| {
            let part = mutant.range(self.text)?;
            Some((mutant.number, self.with(&range, &part, &mutant.replacement)))
        };
        let alternatives = mutants.iter().filter_map(replaced).collect();
        self.choose(range, alternatives);
    }

    fn function(&mut self, signature: &Signature, block: &Block) {
        let body = block.span().byte_range();
        let inside = |finder: &Self| finder.places.keys().any(|(_, start)| body.contains(start));
        let may_change = !self.kept_const.contains(&signature.ident.to_string());
        if let Some(word) = signature.constness.as_ref().filter(|_| may_change && inside(self)) {
            let word = word.span().byte_range();
            let edit = Edit {
                at: word.start,
                instead_of: word.len(),
                ends: false,
                pieces: Vec::new(),
                arms: Vec::new(),
            };
            self.edits.push(edit);
        }
        let Some(first) = block.stmts.first().map(|stmt| stmt.span().byte_range().start) else { return };
        let mutants = self.take(Genre::FnValue, first);
        if opaque(&signature.output) {
            return self.leave(&mutants, "its function returns a type without a name");
        }
        let early = |mutant: &&Mutant| {
            let text = format!(" if {} {{ return {}; }}", on(mutant.number), mutant.replacement);
            (text, Some(mutant.number))
        };
        let pieces = mutants.iter().map(early).collect();
        self.insert(body.start + 1, false, pieces);
    }

    /// Operators without parentheses between them, as `a == b && c`: an operator is replaced as a word is, and what belongs together
    /// may be another part then.
    fn chain(&mut self, chain: &'t ExprBinary) {
        if matches!(chain.op, BinOp::And(_)) && binds(chain) {
            let mutants = self.take(Genre::BinaryOperator, chain.op.span().byte_range().start);
            self.leave(&mutants, BESIDE_LET);
            self.visit_expr(&chain.left);
            return self.visit_expr(&chain.right);
        }
        let (mut operators, mut leaves) = (Vec::new(), Vec::new());
        links(chain, &mut operators, &mut leaves);
        let starts = operators.iter().map(|op| op.span().byte_range().start);
        self.replace(chain.span().byte_range(), Genre::BinaryOperator, starts);
        for leaf in leaves {
            self.visit_expr(leaf);
        }
    }

    fn unary(&mut self, unary: &'t ExprUnary) {
        let range = unary.span().byte_range();
        self.replace(range.clone(), Genre::UnaryOperator, [range.start]);
        self.visit_expr(&unary.expr);
    }

    fn structure(&mut self, structure: &'t ExprStruct) {
        let starts = structure.fields.iter().map(|field| field.span().byte_range().start);
        self.replace(structure.span().byte_range(), Genre::StructField, starts);
        visit::visit_expr_struct(self, structure);
    }
}

/// Such a mutant can't compile: `||` doesn't go with `let`.
pub(crate) const BESIDE_LET: &str = "`||` beside `let` is no Rust";

fn on(number: u32) -> String {
    format!("crate::{MODULE}::on({number})")
}

fn opaque(output: &ReturnType) -> bool {
    struct Seen(bool);
    impl Visit<'_> for Seen {
        fn visit_type_impl_trait(&mut self, _: &syn::TypeImplTrait) {
            self.0 = true;
        }
    }
    let mut seen = Seen(false);
    seen.visit_return_type(output);
    seen.0
}

/// Whether a `let` stands among the operands.
fn binds(chain: &ExprBinary) -> bool {
    [&chain.left, &chain.right].into_iter().any(|operand| match operand.as_ref() {
        Expr::Let(_) => true,
        Expr::Binary(inner) => binds(inner),
        _ => false,
    })
}

fn links<'t>(chain: &'t ExprBinary, operators: &mut Vec<&'t BinOp>, leaves: &mut Vec<&'t Expr>) {
    operators.push(&chain.op);
    for operand in [&chain.left, &chain.right] {
        match operand.as_ref() {
            Expr::Binary(inner) => links(inner, operators, leaves),
            leaf => leaves.push(leaf),
        }
    }
}

impl<'t> Visit<'t> for Finder<'t> {
    fn visit_item_fn(&mut self, item: &'t syn::ItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'t syn::ImplItemFn) {
        self.function(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'t syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_expr_match(&mut self, whole: &'t ExprMatch) {
        let at = whole.expr.span().byte_range().start;
        let deleting = |arm: &Arm| self.places.get(&(Genre::MatchArm, arm.span().byte_range().start));
        let arms: Vec<u32> =
            whole.arms.iter().filter_map(deleting).flatten().map(|mutant| mutant.number).collect();
        if !arms.is_empty() {
            self.edits.push(Edit { at, instead_of: 0, ends: false, pieces: Vec::new(), arms });
        }
        visit::visit_expr_match(self, whole);
    }

    fn visit_arm(&mut self, arm: &'t Arm) {
        let deleting = self.take(Genre::MatchArm, arm.span().byte_range().start);
        let Some((_, guard)) = &arm.guard else {
            let never = |mutant: &&Mutant| (format!(" if !{} ", on(mutant.number)), Some(mutant.number));
            let pieces = deleting.iter().map(never).collect();
            self.insert(arm.fat_arrow_token.span().byte_range().start, false, pieces);
            return visit::visit_arm(self, arm);
        };
        let range = guard.span().byte_range();
        for mutant in deleting {
            let text = format!("!{} && (", on(mutant.number));
            self.insert(range.start, false, vec![(text, Some(mutant.number))]);
            self.insert(range.end, true, vec![(")".to_owned(), None)]);
        }
        self.replace(range.clone(), Genre::MatchArmGuard, [range.start]);
        visit::visit_arm(self, arm);
    }

    fn visit_expr(&mut self, expr: &'t Expr) {
        match expr {
            Expr::Binary(chain) => self.chain(chain),
            Expr::Unary(unary) => self.unary(unary),
            Expr::Struct(structure) if structure.rest.is_some() => self.structure(structure),
            _ => visit::visit_expr(self, expr),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Switches one mutant on in a text: what stands at `part` is replaced.
    fn switched(text: &str, genre: &str, part: &str, replacement: &str) -> Switched {
        let start = text.find(part).unwrap_or_default();
        let position = |at: usize| serde_json::json!({ "line": 1, "column": at + 1 });
        let span = serde_json::json!({ "start": position(start), "end": position(start + part.len()) });
        let mutant = serde_json::json!({
            "file": "src/lib.rs", "name": "", "genre": genre, "replacement": replacement, "span": span,
        });
        let mut mutant: Mutant = serde_json::from_value(mutant).expect("a mutant");
        mutant.number = 1;
        switch(text, &[&mutant], &BTreeSet::new()).expect("a file of Rust")
    }

    #[track_caller]
    fn check(text: &str, (genre, part, replacement): (&str, &str, &str), expected: &str) {
        let switched = switched(text, genre, part, replacement);
        assert_eq!(switched.text.replace("crate::mutation_switch::", ""), expected);
        assert_eq!(switched.without, []);
    }

    #[test]
    fn an_operator_is_replaced_as_a_word_in_all_that_it_may_bind() {
        let text = "fn f() { a < b && !c || d }";
        check(
            text,
            ("BinaryOperator", "<", "<="),
            "fn f() { (if on(1) { a <= b && !c || d } else { a < b && !c || d }) }",
        );
        check(
            text,
            ("BinaryOperator", "&&", "||"),
            "fn f() { (if on(1) { a < b || !c || d } else { a < b && !c || d }) }",
        );
        check(text, ("UnaryOperator", "!", ""), "fn f() { a < b && (if on(1) { c } else { !c }) || d }");
        check(
            "fn f() { a += b * c; }",
            ("BinaryOperator", "+=", "-="),
            "fn f() { (if on(1) { a -= b * c } else { a += b * c }); }",
        );
    }

    #[test]
    fn what_binds_names_stays_where_it_is() {
        let text = "fn f() { if let Some(a) = b && a == c {} }";
        check(
            text,
            ("BinaryOperator", "==", "!="),
            "fn f() { if let Some(a) = b && (if on(1) { a != c } else { a == c }) {} }",
        );
        assert_eq!(switched(text, "BinaryOperator", "&&", "||").without, [(1, BESIDE_LET)]);
    }

    #[test]
    fn an_arm_is_passed_over_by_its_guard() {
        let text = "fn f() { match a { 1 if b == c => d, _ => e } }";
        check(
            text,
            ("MatchArm", "1 if b == c => d,", ""),
            "fn f() { match a { 1 if !on(1) && (b == c) => d, _ => e } }",
        );
        check(
            text,
            ("MatchArmGuard", "b == c", "true"),
            "fn f() { match a { 1 if (if on(1) { true } else { b == c }) => d, _ => e } }",
        );
        check(
            "fn f() { match a { 1 => d, _ => e } }",
            ("MatchArm", "1 => d,", ""),
            "fn f() { match a { 1  if !on(1) => d, _ => e } }",
        );
    }

    #[test]
    fn a_field_comes_from_the_rest_of_its_structure() {
        check(
            "fn f() { A { b: 1, ..c } }",
            ("StructField", "b: 1,", ""),
            "fn f() { (if on(1) { A {  ..c } } else { A { b: 1, ..c } }) }",
        );
    }

    #[test]
    fn a_function_returns_early_and_is_no_constant() {
        check(
            "const fn f() -> bool { a }",
            ("FnValue", "a }", "true"),
            " fn f() -> bool { if on(1) { return true; } a }",
        );
        let opaque =
            switched("fn f() -> impl Iterator<Item = u8> { a }", "FnValue", "a }", "::std::iter::empty()");
        assert_eq!(opaque.without, [(1, "its function returns a type without a name")]);
    }

    #[test]
    fn an_error_is_of_the_mutant_whose_text_it_is_in() {
        let switched = switched("fn f() { a < b }", "BinaryOperator", "<", "==");
        let at = switched.text.find("==").unwrap_or_default();
        assert_eq!(switched.mutant_at(&(at..at + 2)), Some(1));
        let at = switched.text.rfind('<').unwrap_or_default();
        assert_eq!(switched.mutant_at(&(at..at + 1)), None);
    }
}

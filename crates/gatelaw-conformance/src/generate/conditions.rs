//! Conditions that check: types fit, and what may be absent is asked, guarded or known.

use std::collections::BTreeSet;

use gatelaw::ast::{CompareOp, Expr, LiteralKind, Operand, Set, TestKind, Type};

use super::build::{NOWHERE, at, attr, grouped, literal, name, test, text};
use super::readable::Readable;
use super::rng::Rng;
use super::scene::Scene;

/// Keys of the attributes that are known to be there.
pub(super) type Known = BTreeSet<String>;

/// An expression, and what is there if it is true or false.
pub(super) struct Made {
    pub(super) expr: Expr,
    pub(super) if_true: Known,
    pub(super) if_false: Known,
}

/// A define that conditions may name.
#[derive(Debug, Clone)]
pub(super) struct DefinePlan {
    pub(super) name: String,
    pub(super) body: Expr,
}

/// Writes conditions for one rule or define.
pub(super) struct Conditions<'s> {
    pub(super) scene: &'s Scene,
    pub(super) readable: Vec<Readable>,
    pub(super) defines: &'s [DefinePlan],
    /// Whether a `?` may stand only under an even number of `not`.
    pub(super) absence_never_grants: bool,
    /// Whether a `?` may stand at all: not in defines, which don't know where they are used.
    pub(super) may_ask: bool,
}

const REGEXES: &[&str] = &[
    "[a-z0-9]+",
    "(?i)ACME",
    "(?i)t1|Acme",
    "t[12]|acme",
    ".*",
    r"\d{1,3}",
    "[^a]*",
    "(a|b)+x?",
    r"\w+-\d",
    r"[^\s]+",
    "",
    "(?:t|u)1",
    r"a\*b|é",
];

impl Conditions<'_> {
    /// Writes an expression at most `depth` deep where some attributes are known to be there; `even` says whether it stands
    /// under an even number of `not`.
    pub(super) fn expr(&self, depth: usize, known: &Known, even: bool, rng: &mut Rng) -> Made {
        match rng.below(100) {
            roll if depth == 0 || roll < 50 => self.test(known, even, rng),
            roll if roll < 66 => self.all(depth, known, even, rng),
            roll if roll < 82 => self.any(depth, known, even, rng),
            roll if roll < 90 => {
                let inner = self.expr(depth - 1, known, !even, rng);
                let expr = Expr::Not(NOWHERE, Box::new(grouped(inner.expr)));
                Made { expr, if_true: inner.if_false, if_false: inner.if_true }
            }
            roll if roll < 93 => {
                let inner = self.expr(depth - 1, known, even, rng);
                Made { expr: Expr::Group(NOWHERE, Box::new(inner.expr)), ..inner }
            }
            roll if roll < 95 => self.nothing_known(Expr::Constant(at(rng.chance(70)))),
            _ if self.defines.is_empty() => self.test(known, even, rng),
            _ => self.nothing_known(Expr::Define(name(&rng.pick(self.defines).name))),
        }
    }

    fn nothing_known(&self, expr: Expr) -> Made {
        Made { expr, if_true: Known::new(), if_false: Known::new() }
    }

    fn all(&self, depth: usize, known: &Known, even: bool, rng: &mut Rng) -> Made {
        let (mut here, mut if_true, mut parts) = (known.clone(), Known::new(), Vec::new());
        for _ in 0..rng.between(2, 3) {
            let part = self.expr(depth - 1, &here, even, rng);
            here.extend(part.if_true.clone());
            if_true.extend(part.if_true);
            parts.push(grouped(part.expr));
        }
        Made { expr: Expr::And(parts), if_true, if_false: Known::new() }
    }

    fn any(&self, depth: usize, known: &Known, even: bool, rng: &mut Rng) -> Made {
        let (mut here, mut if_false, mut parts) = (known.clone(), Known::new(), Vec::new());
        for _ in 0..rng.between(2, 3) {
            let part = self.expr(depth - 1, &here, even, rng);
            here.extend(part.if_false.clone());
            if_false.extend(part.if_false);
            parts.push(grouped(part.expr));
        }
        Made { expr: Expr::Or(parts), if_true: Known::new(), if_false }
    }

    fn test(&self, known: &Known, even: bool, rng: &mut Rng) -> Made {
        let read = rng.pick(&self.readable);
        let is = |key: &str| Known::from([key.to_owned()]);
        if read.askable && rng.chance(12) {
            let expr = test(TestKind::Has(attr(read.node.clone(), false)));
            return Made { expr, if_true: is(&read.key()), if_false: Known::new() };
        }
        let may_ask = self.may_ask && read.ty != Type::Strings && (even || !self.absence_never_grants);
        let certain = !read.optional || known.contains(&read.key());
        if certain && (!may_ask || rng.chance(95)) {
            return self.nothing_known(test(self.kind(read, false, known, rng)));
        }
        if may_ask && (certain || rng.chance(60)) {
            let expr = test(self.kind(read, true, known, rng));
            return Made { expr, if_true: is(&read.key()), if_false: Known::new() };
        }
        self.guarded(read, known, rng)
    }

    /// Writes `has a and …` or `not has a or …`.
    fn guarded(&self, read: &Readable, known: &Known, rng: &mut Rng) -> Made {
        let mut here = known.clone();
        here.insert(read.key());
        let has = test(TestKind::Has(attr(read.node.clone(), false)));
        let then = test(self.kind(read, false, &here, rng));
        let key = Known::from([read.key()]);
        if rng.chance(70) {
            let expr = Expr::And(vec![has, then]);
            return Made { expr, if_true: key, if_false: Known::new() };
        }
        let expr = Expr::Or(vec![Expr::Not(NOWHERE, Box::new(has)), then]);
        Made { expr, if_true: Known::new(), if_false: key }
    }

    fn kind(&self, read: &Readable, asked: bool, known: &Known, rng: &mut Rng) -> TestKind {
        let a = attr(read.node.clone(), asked);
        match read.ty {
            Type::Bool if !asked && rng.chance(60) => TestKind::Bare(a),
            Type::Weekday => TestKind::In(a, self.literals(read, rng)),
            Type::Strings => self.set_test(read, known, rng),
            Type::String if rng.chance(18) => TestKind::Like(a, text(&self.glob(read, rng))),
            Type::String if rng.chance(18) => TestKind::Matches(a, text(rng.word(REGEXES))),
            Type::String if rng.chance(15) => match self.other_string(read, known, rng) {
                Some(other) => TestKind::Compare(Operand::Attr(a), at(equality(rng)), Operand::Attr(other)),
                None => self.comparison(read, asked, rng),
            },
            Type::Ip if rng.chance(30) => {
                let net = LiteralKind::Ip(*rng.pick(&self.scene.words.nets));
                TestKind::In(a, Set::Single(literal(net)))
            }
            ty if rng.chance(35) => {
                let set = self.list(read, ty, rng).unwrap_or_else(|| self.literals(read, rng));
                TestKind::In(a, set)
            }
            Type::Int | Type::Instant | Type::Clock if rng.chance(30) => match self.interval(read, rng) {
                Some(interval) => TestKind::In(a, interval),
                None => self.comparison(read, asked, rng),
            },
            _ => self.comparison(read, asked, rng),
        }
    }

    fn comparison(&self, read: &Readable, asked: bool, rng: &mut Rng) -> TestKind {
        let ordered = matches!(read.ty, Type::Int | Type::Duration | Type::Instant | Type::Clock);
        let orders = [CompareOp::Less, CompareOp::LessOrEqual, CompareOp::Greater, CompareOp::GreaterOrEqual];
        let op = if ordered && rng.chance(75) { *rng.pick(&orders) } else { equality(rng) };
        let a = Operand::Attr(attr(read.node.clone(), asked));
        let value = Operand::Literal(literal(read.literal(self.scene, rng)));
        if rng.chance(85) { TestKind::Compare(a, at(op), value) } else { TestKind::Compare(value, at(op), a) }
    }

    fn set_test(&self, read: &Readable, known: &Known, rng: &mut Rng) -> TestKind {
        let a = attr(read.node.clone(), false);
        match rng.below(10) {
            0..4 => TestKind::Contains(a, Operand::Literal(literal(read.literal(self.scene, rng)))),
            4..6 if read.takes_lists() => match self.other_string(read, known, rng) {
                Some(other) => TestKind::Contains(a, Operand::Attr(other)),
                None => TestKind::Has(a),
            },
            6..8 => {
                let set = self.list(read, Type::String, rng).unwrap_or_else(|| self.literals(read, rng));
                TestKind::ContainsAny(a, set)
            }
            8 => match self.list(read, Type::String, rng) {
                Some(Set::List(list)) if !self.may_be_empty(&list.node) => {
                    TestKind::ContainsAll(a, Set::List(list))
                }
                _ => TestKind::ContainsAll(a, self.literals(read, rng)),
            },
            _ => TestKind::ContainsAll(a, self.literals(read, rng)),
        }
    }

    /// Finds another string that is there.
    fn other_string(&self, read: &Readable, known: &Known, rng: &mut Rng) -> Option<gatelaw::ast::Attr> {
        let fits = |r: &&Readable| {
            r.ty == Type::String
                && r.takes_lists()
                && r.node != read.node
                && (!r.optional || known.contains(&r.key()))
        };
        let others: Vec<&Readable> = self.readable.iter().filter(fits).collect();
        if others.is_empty() || !read.takes_lists() {
            None
        } else {
            Some(attr(rng.pick(&others).node.clone(), false))
        }
    }

    fn list(&self, read: &Readable, ty: Type, rng: &mut Rng) -> Option<Set> {
        let lists: Vec<_> = self.scene.lists.iter().filter(|l| l.ty == ty && read.takes_lists()).collect();
        (!lists.is_empty() && rng.chance(60)).then(|| Set::List(name(&rng.pick(&lists).name)))
    }

    fn may_be_empty(&self, list: &str) -> bool {
        self.scene.lists.iter().any(|l| l.name == list && l.may_be_empty)
    }

    fn literals(&self, read: &Readable, rng: &mut Rng) -> Set {
        let one = |rng: &mut Rng| match read.ty {
            Type::Ip => LiteralKind::Ip(*rng.pick(&self.scene.words.nets)),
            _ => read.literal(self.scene, rng),
        };
        Set::Literals(NOWHERE, (0..rng.between(1, 3)).map(|_| literal(one(rng))).collect())
    }

    fn interval(&self, read: &Readable, rng: &mut Rng) -> Option<Set> {
        let (low, high) = (read.literal(self.scene, rng), read.literal(self.scene, rng));
        let wraps = read.ty == Type::Clock;
        match low.cmp(&high) {
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater if !wraps => Some(Set::Interval(literal(high), literal(low))),
            _ => Some(Set::Interval(literal(low), literal(high))),
        }
    }

    fn glob(&self, read: &Readable, rng: &mut Rng) -> String {
        let LiteralKind::String(word) = read.literal(self.scene, rng) else { return "*".into() };
        let chars: Vec<char> = word.chars().collect();
        let (start, end) = (rng.below(chars.len() + 1), rng.below(chars.len() + 1));
        let mut pattern: String = chars.iter().take(start).map(|c| escaped(*c)).collect();
        pattern.push_str(rng.word(&["*", "?", "", "**"]));
        pattern.extend(chars.iter().skip(end).map(|c| escaped(*c)));
        pattern
    }
}

fn escaped(c: char) -> String {
    if matches!(c, '*' | '?' | '\\') { format!("\\{c}") } else { c.to_string() }
}

fn equality(rng: &mut Rng) -> CompareOp {
    if rng.chance(70) { CompareOp::Equal } else { CompareOp::NotEqual }
}

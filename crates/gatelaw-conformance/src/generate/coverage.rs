//! Which forms of the language a policy uses: one for each variant of the tree.

use std::collections::BTreeSet;

use gatelaw::ast::{
    Ast, Attr, AttrKind, Attribute, AuditLevel, ChallengePart, Clause, ClauseKind, CompareOp, Effect, Expr,
    Grants, Issuer, IssuerLineKind, Item, List, ListEntries, Literal, LiteralKind, Operand, Principal,
    Privacy, RateUnit, Rule, RuleKind, ServiceLine, Set, SetShape, Test, TestKind, TestLineKind, Type,
    Weekday, Who,
};

/// A type of the tree whose variants have names.
trait Form {
    fn form(&self) -> &'static str;
}

/// Names the variants of each type. The matches list every variant, so that a new one doesn't compile until it stands here.
macro_rules! forms {
    ($($ty:ident { $($variant:ident)* $(; never $($never:ident)*)? })*) => {
        $(impl Form for $ty {
            fn form(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => concat!(stringify!($ty), "::", stringify!($variant)),)*
                    $($(Self::$never { .. } => concat!(stringify!($ty), "::", stringify!($never), ", which no policy has"),)*)?
                }
            }
        })*

        /// Names every form that a policy without errors can have.
        pub const ALL: &[&str] = &[$($(concat!(stringify!($ty), "::", stringify!($variant)),)*)*];
    };
}

forms! {
    Item { Issuer Role List Define Service Rule Test }
    IssuerLineKind {
        Url Keys Audience Algorithms Type Require Refuse Leeway MaxAge Subject Client Scopes Roles Attribute
        TokenCookie TokenHeader BoundMtls
    }
    SetShape { List Words One }
    Grants { Mapped Named }
    Privacy { Open Personal Secret }
    Type { Bool Int String Strings Ip Duration Instant; never Clock Weekday }
    ListEntries { Written File }
    ServiceLine {
        Host Base TrailingSlashExact EncodedSlashKeep EncodedDelimsKeep PathParamsStrip PathParamsKeep
        EmptySegmentsMerge CaseFold TokensIgnore ResourceMetadata Rule
    }
    RuleKind { Allow Deny Limit Forward Audit }
    ClauseKind { On For When Unless Respond Challenge Rate Burst By Set Remove Level Keep Redact }
    ChallengePart { MaxAge Acr Scope }
    RateUnit { Second Minute Hour Day }
    AuditLevel { None Brief Full }
    Principal { Anyone Anonymous AnonymousOr Who }
    Who { Role Scope Issuer Subject Authenticated Not And Or Group }
    Expr { And Or Not Group Constant Define Test }
    TestKind { Has Bare Compare In Like Matches Contains ContainsAny ContainsAll }
    CompareOp { Equal NotEqual Less LessOrEqual Greater GreaterOrEqual }
    Operand { Attr Literal }
    Set { Literals List Single Interval }
    AttrKind { Path Of Time Weekday }
    LiteralKind { Bool Int String Ip Duration Instant Clock Weekday }
    Weekday { Mon Tue Wed Thu Fri Sat Sun }
    TestLineKind {
        Request Header From At Facts As AsAnonymous AsInvalid ExpectEffect ExpectRefused ExpectHeader ExpectLimit
        ExpectObserved
    }
    Effect { Allow Deny }
}

/// Collects the names of the forms that a policy uses.
#[must_use]
pub fn forms(ast: &Ast) -> BTreeSet<&'static str> {
    let mut seen = Seen::default();
    for item in &ast.items {
        seen.item(item);
    }
    seen.0
}

#[derive(Default)]
struct Seen(BTreeSet<&'static str>);

impl Seen {
    fn add(&mut self, form: &impl Form) {
        self.0.insert(form.form());
    }

    fn item(&mut self, item: &Item) {
        self.add(item);
        match item {
            Item::Issuer(issuer) => self.issuer(issuer),
            Item::List(list) => self.list(list),
            Item::Define(define) => self.expr(&define.body),
            Item::Service(service) => {
                for line in &service.lines {
                    self.add(line);
                    if let ServiceLine::Rule(rule) = line {
                        self.rule(rule);
                    }
                }
            }
            Item::Rule(rule) => self.rule(rule),
            Item::Test(test) => self.test(test),
            Item::Role(_) => {}
        }
    }

    fn issuer(&mut self, issuer: &Issuer) {
        for line in &issuer.lines {
            self.add(&line.node);
            match &line.node {
                IssuerLineKind::Require(_, value) => self.literal(value),
                IssuerLineKind::Scopes(claim) => self.shape(claim.shape.as_ref().map(|s| s.node)),
                IssuerLineKind::Roles(claim) => {
                    self.add(&claim.grants);
                    self.shape(claim.shape.as_ref().map(|s| s.node));
                }
                IssuerLineKind::Attribute(attribute) => self.attribute(attribute),
                _ => {}
            }
        }
    }

    fn shape(&mut self, shape: Option<SetShape>) {
        if let Some(shape) = shape {
            self.add(&shape);
        }
    }

    fn attribute(&mut self, attribute: &Attribute) {
        self.add(&attribute.privacy);
        self.add(&attribute.ty.base);
        self.shape(attribute.shape.as_ref().map(|s| s.node));
        if let Some(default) = &attribute.default {
            self.literal(default);
        }
    }

    fn list(&mut self, list: &List) {
        self.add(&list.ty.node);
        self.add(&list.entries);
        if let ListEntries::Written(entries) = &list.entries {
            self.literals(entries);
        }
    }

    fn rule(&mut self, rule: &Rule) {
        self.add(&rule.kind.node);
        for clause in &rule.clauses {
            self.clause(clause);
        }
    }

    fn clause(&mut self, clause: &Clause) {
        self.add(&clause.node);
        match &clause.node {
            ClauseKind::For(principal) => self.principal(principal),
            ClauseKind::When(expr) | ClauseKind::Unless(expr) => self.expr(expr),
            ClauseKind::Challenge(parts) => parts.iter().for_each(|part| self.add(part)),
            ClauseKind::Rate(_, unit) => self.add(&unit.node),
            ClauseKind::By(attrs) | ClauseKind::Keep(attrs) | ClauseKind::Redact(attrs) => {
                attrs.iter().for_each(|attr| self.attr(attr));
            }
            ClauseKind::Set(_, value) => self.operand(value),
            ClauseKind::Level(level) => self.add(&level.node),
            ClauseKind::On(_) | ClauseKind::Respond(..) | ClauseKind::Burst(_) | ClauseKind::Remove(_) => {}
        }
    }

    fn principal(&mut self, principal: &Principal) {
        self.add(principal);
        match principal {
            Principal::AnonymousOr(_, who) | Principal::Who(who) => self.who(who),
            Principal::Anyone(_) | Principal::Anonymous(_) => {}
        }
    }

    fn who(&mut self, who: &Who) {
        self.add(who);
        match who {
            Who::Not(_, inner) | Who::Group(_, inner) => self.who(inner),
            Who::And(parts) | Who::Or(parts) => parts.iter().for_each(|part| self.who(part)),
            Who::Role(_) | Who::Scope(..) | Who::Issuer(..) | Who::Subject(..) | Who::Authenticated(_) => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        self.add(expr);
        match expr {
            Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| self.expr(part)),
            Expr::Not(_, inner) | Expr::Group(_, inner) => self.expr(inner),
            Expr::Test(test) => self.test_kind(&test.node),
            Expr::Constant(_) | Expr::Define(_) => {}
        }
    }

    fn test_kind(&mut self, test: &TestKind) {
        self.add(test);
        match test {
            TestKind::Has(attr)
            | TestKind::Bare(attr)
            | TestKind::Like(attr, _)
            | TestKind::Matches(attr, _) => {
                self.attr(attr);
            }
            TestKind::Compare(left, op, right) => {
                self.operand(left);
                self.add(&op.node);
                self.operand(right);
            }
            TestKind::In(attr, set) | TestKind::ContainsAny(attr, set) | TestKind::ContainsAll(attr, set) => {
                self.attr(attr);
                self.set(set);
            }
            TestKind::Contains(attr, value) => {
                self.attr(attr);
                self.operand(value);
            }
        }
    }

    fn set(&mut self, set: &Set) {
        self.add(set);
        match set {
            Set::Literals(_, literals) => self.literals(literals),
            Set::Single(literal) => self.literal(literal),
            Set::Interval(low, high) => {
                self.literal(low);
                self.literal(high);
            }
            Set::List(_) => {}
        }
    }

    fn operand(&mut self, operand: &Operand) {
        self.add(operand);
        match operand {
            Operand::Attr(attr) => self.attr(attr),
            Operand::Literal(literal) => self.literal(literal),
        }
    }

    fn attr(&mut self, attr: &Attr) {
        self.add(&attr.node);
    }

    fn literals(&mut self, literals: &[Literal]) {
        literals.iter().for_each(|literal| self.literal(literal));
    }

    fn literal(&mut self, literal: &Literal) {
        self.add(&literal.node);
        if let LiteralKind::Weekday(day) = &literal.node {
            self.add(day);
        }
    }

    fn test(&mut self, test: &Test) {
        for line in &test.lines {
            self.add(&line.node);
            if let TestLineKind::ExpectEffect(effect, ..) = &line.node {
                self.add(effect);
            }
        }
    }
}

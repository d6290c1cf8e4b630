//! What the rules of one generated policy can name: issuers, roles, lists, defines.

use std::collections::BTreeSet;

use gatelaw::ast::{
    Attribute, ClaimPath, Grants, Issuer, IssuerLine, IssuerLineKind, Item, List, ListEntries, LiteralKind,
    Name, Privacy, Role, RolesClaim, SetClaim, SetShape, Type, TypeName,
};
use gatelaw::source::Spanned;

use super::build::{NOWHERE, at, literal, name, text};
use super::rng::Rng;
use super::words::Words;

/// The surroundings of a policy's rules.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) words: Words,
    pub(super) roles: Vec<RolePlan>,
    pub(super) issuers: Vec<IssuerPlan>,
    pub(super) lists: Vec<ListPlan>,
    /// How many headers beside the usual ones conditions may read.
    pub(super) more_headers: usize,
    attributes: Vec<AttributePlan>,
}

#[derive(Debug, Clone)]
pub(super) struct RolePlan {
    pub(super) name: String,
    /// Roles of smaller index.
    includes: Vec<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct IssuerPlan {
    pub(super) name: String,
    profile: Option<&'static str>,
    /// Index of the attribute, and whether it may be absent.
    gives: Vec<(usize, bool)>,
    pub(super) scopes: bool,
    grants: Vec<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct AttributePlan {
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) secret: bool,
    privacy: Privacy,
}

#[derive(Debug, Clone)]
pub(super) struct ListPlan {
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) may_be_empty: bool,
}

const ATTRIBUTES: &[(&str, Type)] = &[
    ("tenant", Type::String),
    ("mfa", Type::Bool),
    ("level", Type::Int),
    ("teams", Type::Strings),
    ("net", Type::Ip),
    ("grace", Type::Duration),
    ("since", Type::Instant),
    ("email", Type::String),
];
const SHAPES: &[SetShape] = &[SetShape::List, SetShape::Words, SetShape::One];

impl Scene {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let words = Words::new(rng);
        let roles: Vec<RolePlan> = (0..rng.between(0, 5))
            .map(|i| RolePlan {
                name: format!("{}{i}", rng.word(&["role-", "staff", "z_"])),
                includes: (0..i).filter(|_| rng.chance(30)).collect(),
            })
            .collect();
        let attributes: Vec<AttributePlan> = rng
            .some(ATTRIBUTES, 45)
            .into_iter()
            .map(|(name, ty)| {
                let privacy = *rng.pick(&[Privacy::Open, Privacy::Open, Privacy::Personal, Privacy::Secret]);
                AttributePlan { name: (*name).into(), ty: *ty, secret: privacy == Privacy::Secret, privacy }
            })
            .collect();
        let issuers = (0..*rng.pick(&[0, 1, 1, 1, 2, 2, 3]))
            .map(|i| issuer_plan(i, &attributes, roles.len(), rng))
            .collect();
        let lists = (0..rng.between(0, 3))
            .map(|i| ListPlan {
                name: format!("list-{i}"),
                ty: *rng.pick(&[Type::String, Type::String, Type::Int, Type::Ip]),
                may_be_empty: rng.chance(25),
            })
            .collect();
        Self { words, roles, issuers, lists, more_headers: 0, attributes }
    }

    /// Lists the attributes that some issuer declares.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &AttributePlan> {
        let declared = |i: usize| self.issuers.iter().any(|issuer| issuer.gives.iter().any(|(a, _)| *a == i));
        self.attributes.iter().enumerate().filter(move |(i, _)| declared(*i)).map(|(_, a)| a)
    }

    /// Says whether every token of an issuer has an attribute.
    pub(super) fn gives(&self, issuer: usize, attribute: &str) -> bool {
        let index = self.attributes.iter().position(|a| a.name == attribute);
        let gives = self.issuers.get(issuer).map_or(&[][..], |i| &i.gives);
        gives.iter().any(|(a, optional)| Some(*a) == index && !optional)
    }

    /// Says whether an issuer can grant a role, also through `includes`.
    pub(super) fn can_grant(&self, issuer: usize, role: usize) -> bool {
        let grants = self.issuers.get(issuer).map_or(&[][..], |i| &i.grants);
        grants.iter().any(|granted| self.closure(*granted).contains(&role))
    }

    /// Roles include only earlier ones, so walking down from a role finds all that it grants.
    fn closure(&self, role: usize) -> BTreeSet<usize> {
        let mut all = BTreeSet::from([role]);
        for index in (0..=role).rev() {
            if all.contains(&index) {
                all.extend(self.roles.get(index).map_or(&[][..], |r| &r.includes));
            }
        }
        all
    }

    /// Makes the items, and the texts of list files.
    pub(super) fn items(&self, rng: &mut Rng) -> (Vec<Item>, Vec<(String, String)>) {
        let mut items: Vec<Item> = self.roles.iter().map(|role| Item::Role(self.role(role))).collect();
        items
            .extend(self.issuers.iter().enumerate().map(|(i, plan)| Item::Issuer(self.issuer(i, plan, rng))));
        let mut files = Vec::new();
        for list in &self.lists {
            items.push(Item::List(self.list(list, &mut files, rng)));
        }
        (items, files)
    }

    fn role(&self, role: &RolePlan) -> Role {
        let included = role.includes.iter().filter_map(|i| self.roles.get(*i));
        Role { span: NOWHERE, name: name(&role.name), includes: included.map(|r| name(&r.name)).collect() }
    }

    fn list(&self, list: &ListPlan, files: &mut Vec<(String, String)>, rng: &mut Rng) -> List {
        let count = if list.may_be_empty && rng.chance(40) { 0 } else { rng.between(1, 5) };
        let entry = |rng: &mut Rng| match list.ty {
            Type::Ip => LiteralKind::Ip(*rng.pick(&self.words.nets)),
            ty => self.words.literal(ty, rng),
        };
        let mut written: Vec<LiteralKind> = (0..count).map(|_| entry(rng)).collect();
        let entries = if rng.chance(30) {
            written.retain(|entry| line_of(entry).is_some());
            if written.is_empty() && !list.may_be_empty {
                written.push(if list.ty == Type::String {
                    LiteralKind::String("x".into())
                } else {
                    entry(rng)
                });
            }
            let path = format!("lists/{}.txt", list.name);
            let lines: Vec<String> = written.iter().filter_map(line_of).collect();
            files.push((path.clone(), format!("# generated\n{}\n", lines.join("\n"))));
            ListEntries::File(text(&path))
        } else {
            ListEntries::Written(written.into_iter().map(literal).collect())
        };
        List {
            span: NOWHERE,
            name: name(&list.name),
            ty: at(list.ty),
            entries,
            may_be_empty: list.may_be_empty,
        }
    }

    fn issuer(&self, index: usize, plan: &IssuerPlan, rng: &mut Rng) -> Issuer {
        let mut lines = vec![
            IssuerLineKind::Url(text(&format!("https://{}.example/{index}", plan.name))),
            IssuerLineKind::Audience(if rng.chance(10) {
                Vec::new()
            } else {
                vec![text("api"), text("admin")]
            }),
        ];
        if plan.profile.is_none() {
            lines.push(IssuerLineKind::Algorithms(vec![name("RS256"), name("HS256")]));
        }
        lines.extend(self.optional_lines(index, rng));
        if plan.scopes {
            lines.push(IssuerLineKind::Scopes(SetClaim { path: claim(&["scp"]), shape: shape(rng) }));
        }
        if !plan.grants.is_empty() {
            lines.extend(self.roles_lines(plan, rng));
        }
        lines.extend(plan.gives.iter().filter_map(|(a, optional)| self.attribute(*a, *optional, rng)));
        rng.shuffle(&mut lines);
        Issuer {
            span: NOWHERE,
            name: name(&plan.name),
            profile: plan.profile.map(name),
            lines: lines.into_iter().map(|node| IssuerLine { span: NOWHERE, node }).collect(),
        }
    }

    fn optional_lines(&self, index: usize, rng: &mut Rng) -> Vec<IssuerLineKind> {
        let all = vec![
            IssuerLineKind::Keys(text("https://keys.example/jwks?v=1")),
            IssuerLineKind::Type(vec![at(Some("JWT".into())), at(None)]),
            IssuerLineKind::Require(claim(&["use"]), literal(LiteralKind::String("access".into()))),
            IssuerLineKind::Refuse(claim(&["unfinished"])),
            IssuerLineKind::Leeway(at(10)),
            IssuerLineKind::MaxAge(at(3600)),
            IssuerLineKind::Subject(subject(rng)),
            IssuerLineKind::Client(claim(&["app", "id"])),
            IssuerLineKind::TokenCookie(text(&format!("token-{index}"))),
            IssuerLineKind::TokenHeader(text(&format!("X-Token-{index}"))),
            IssuerLineKind::BoundMtls,
        ];
        rng.some(&all, 12).into_iter().cloned().collect()
    }

    fn roles_lines(&self, plan: &IssuerPlan, rng: &mut Rng) -> Vec<IssuerLineKind> {
        let granted = || plan.grants.iter().filter_map(|r| self.roles.get(*r));
        let mut lines = Vec::new();
        if rng.chance(70) {
            let grants = granted().map(|r| (text(&format!("G-{}", r.name)), name(&r.name))).collect();
            lines.push(RolesClaim {
                path: claim(&["groups"]),
                shape: shape(rng),
                grants: Grants::Mapped(grants),
            });
        }
        if lines.is_empty() || rng.chance(30) {
            let names: Vec<Name> = granted().map(|r| name(&r.name)).collect();
            lines.push(RolesClaim {
                path: claim(&["https://x.example/", "roles"]),
                shape: shape(rng),
                grants: Grants::Named(names),
            });
        }
        lines.into_iter().map(IssuerLineKind::Roles).collect()
    }

    fn attribute(&self, index: usize, optional: bool, rng: &mut Rng) -> Option<IssuerLineKind> {
        let plan = self.attributes.get(index)?;
        let is_set = plan.ty == Type::Strings;
        let default =
            (!optional && !is_set && rng.chance(40)).then(|| literal(self.words.literal(plan.ty, rng)));
        Some(IssuerLineKind::Attribute(Attribute {
            privacy: plan.privacy,
            name: name(&plan.name),
            ty: TypeName { span: NOWHERE, base: plan.ty, optional: optional && !is_set },
            path: if rng.chance(50) { claim(&[&plan.name]) } else { claim(&["ext", &plan.name]) },
            shape: if is_set { shape(rng) } else { None },
            default,
        }))
    }
}

fn issuer_plan(index: usize, attributes: &[AttributePlan], roles: usize, rng: &mut Rng) -> IssuerPlan {
    let mut gives = Vec::new();
    for (attribute, _) in attributes.iter().enumerate() {
        if rng.chance(75) {
            gives.push((attribute, rng.chance(40)));
        }
    }
    let profile = rng.chance(15).then(|| rng.word(&["rfc9068", "aws_sts"]));
    let names = *rng.pick(&[["okta", "aws", "keycloak"], ["a", "b", "c"]]);
    IssuerPlan {
        name: names.get(index).map_or("more", |n| n).to_owned(),
        profile,
        gives,
        // The profile maps them, too.
        scopes: rng.chance(70) || profile == Some("rfc9068"),
        grants: (0..roles).filter(|_| rng.chance(60)).collect(),
    }
}

/// Writes an entry as a line of a list file; strings that a line can't carry have none.
fn line_of(entry: &LiteralKind) -> Option<String> {
    match entry {
        LiteralKind::String(s) => {
            let plain = !s.is_empty() && s.trim() == s && !s.contains(['\n', '#', '"', '\\']);
            plain.then(|| s.clone())
        }
        LiteralKind::Int(v) => Some(v.to_string()),
        LiteralKind::Ip(v) => Some(v.to_string()),
        _ => None,
    }
}

pub(super) fn claim(segments: &[&str]) -> ClaimPath {
    ClaimPath { span: NOWHERE, segments: segments.iter().map(|s| text(s)).collect() }
}

fn subject(rng: &mut Rng) -> Vec<ClaimPath> {
    if rng.chance(50) { vec![claim(&["oid"])] } else { vec![claim(&["oid"]), claim(&["app", "name"])] }
}

fn shape(rng: &mut Rng) -> Option<Spanned<SetShape>> {
    rng.chance(50).then(|| at(*rng.pick(SHAPES)))
}

//! The index that a careful user puts in front of an engine which asks its rules one after the other: by method and place, the
//! few rules that can matter there. Gatelaw makes such an index itself; for the others a program has to keep it.

use std::collections::HashMap;

use gatelaw_benches::Workload;

use crate::asked::{Asked, methods, place};

pub(crate) struct Slices {
    routes: HashMap<String, usize>,
    /// The rules of each slice; the first is for routes without any.
    pub(crate) rules: Vec<Vec<usize>>,
}

impl Slices {
    pub(crate) fn new(workload: &Workload) -> Self {
        let mut slices = Self { routes: HashMap::new(), rules: vec![Vec::new()] };
        for (number, rule) in workload.rules.iter().enumerate() {
            let routes: Vec<String> =
                methods(rule).iter().map(|method| format!("{method} {}", place(rule))).collect();
            // Methods that stand in the same rules share a slice.
            let known = routes.first().and_then(|route| slices.routes.get(route)).copied();
            match known.and_then(|slice| slices.rules.get_mut(slice)) {
                Some(rules) => rules.push(number),
                None => {
                    let fresh = slices.rules.len();
                    slices.routes.extend(routes.into_iter().map(|route| (route, fresh)));
                    slices.rules.push(vec![number]);
                }
            }
        }
        slices
    }

    /// Finds the slice of a request.
    pub(crate) fn of(&self, asked: &Asked<'_>) -> usize {
        self.routes.get(&asked.route).copied().unwrap_or(0)
    }

    /// Lists the routes, each with its slice.
    pub(crate) fn routes(&self) -> impl Iterator<Item = (&str, usize)> {
        self.routes.iter().map(|(route, slice)| (route.as_str(), *slice))
    }
}

//! Lowering as a whole.

use super::{lower, validate::validate};
use crate::plan::ast::{Domain, IntDomain, Scenario};
use crate::plan::case::{Case, Plan};
use crate::plan::script::Plane;
use crate::plan::value::Value;

fn sample(domain: &Domain, salt: u64) -> Value {
    let pick = |n: usize| (salt.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) as usize % n.max(1);
    let range = |low: i64, high: i64| Value::Int(low + pick((high - low + 1) as usize) as i64);
    match domain {
        Domain::Int(IntDomain::Range(r) | IntDomain::Edges { range: r, .. }) => match salt % 3 {
            0 => Value::Int(r.low),
            1 => Value::Int(r.high),
            _ => range(r.low, r.high),
        },
        Domain::OneOf(values) => values[pick(values.len())].clone(),
        Domain::Bool(_) => Value::Bool(pick(2) == 1),
        Domain::SubsetOf(values) | Domain::PermutationOf(values) => Value::List(values[..pick(values.len() + 1)].to_vec()),
        Domain::List { of, .. } => Value::List(vec![sample(of, salt + 1), sample(of, salt + 2)]),
        Domain::Bytes { len, .. } | Domain::NastyText { len } => Value::Text("x y".repeat(len.low.max(1) as usize)),
    }
}

#[test]
fn temporary() {
    for entry in glob("scenarios") {
        let text = std::fs::read_to_string(&entry).expect("readable");
        let scenario: Scenario = match serde_saphyr::from_str(&text) {
            Ok(scenario) => scenario,
            Err(error) => panic!("{entry}: {error}"),
        };
        let library = text.contains("spawn:");
        let plane = if library { Plane::Library } else { Plane::Platform };
        let plan = Plan { id: entry.clone(), path: entry.clone(), scenario, plane, needs: vec![] };
        let mut largest = 0;
        for salt in 0..60u64 {
            let mut n = salt * 7;
            let bindings = plan.scenario.given.iter().map(|(name, domain)| {
                n += 1;
                (name.clone(), sample(domain, n))
            }).collect();
            let case = Case { scenario: plan.id.clone(), bindings, seed: 0, number: 0 };
            match lower(&plan, &case) {
                Ok((script, program)) => {
                    largest = largest.max(script.steps.len());
                    let faults = validate(&script, &program);
                    assert!(faults.is_empty(), "{entry}: {faults:#?}");
                    if salt == 7 && std::env::var("SHOW").is_ok_and(|show| entry.contains(&show)) {
                        println!("{}", serde_json::to_string_pretty(&script).unwrap());
                        println!("{program:#?}");
                    }
                }
                Err(error) => panic!("{error} {:?}", case.bindings),
            }
        }
        println!("{entry} {largest}");
    }
}

fn glob(root: &str) -> Vec<String> {
    let mut found = Vec::new();
    for family in std::fs::read_dir(root).expect("scenarios").flatten() {
        if family.path().is_dir() {
            found.extend(std::fs::read_dir(family.path()).expect("family").flatten().map(|f| f.path().display().to_string()));
        }
    }
    found.sort();
    found
}

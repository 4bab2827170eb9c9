//! A table is written once.

use std::collections::HashMap;

use crate::sources::{none, rust};

/// Fewer numbers than this are no table.
const LEAST_NUMBERS: usize = 16;

#[test]
fn no_table_is_written_twice() {
    let mut seen: HashMap<Vec<i64>, String> = HashMap::new();
    let mut faults = Vec::new();
    // Tests and fuzz targets have oracles with tables of their own, on purpose.
    for source in rust().into_iter().filter(|source| !source.is_test() && source.name() != "reference.rs") {
        for (line, table) in tables(&source.code()) {
            let here = format!("{}:{line}", source.path);
            // All the same number is no table either.
            if table.windows(2).all(|pair| pair[0] == pair[1]) {
                continue;
            }
            if let Some(there) = seen.insert(table, here.clone()) {
                faults.push(format!("{here} repeats {there}"));
            }
        }
    }
    none("a table stands once", &faults);
}

/// Flat array literals of numbers, each with its line.
fn tables(code: &str) -> Vec<(usize, Vec<i64>)> {
    let starts = code.match_indices('[');
    let table = |(at, _): (usize, &str)| {
        let inside = code[at + 1..].split(']').next()?;
        let numbers: Option<Vec<i64>> =
            inside.split(',').map(str::trim).filter(|word| !word.is_empty()).map(number).collect();
        let line = code[..at].matches('\n').count() + 1;
        numbers.filter(|numbers| numbers.len() >= LEAST_NUMBERS).map(|numbers| (line, numbers))
    };
    starts.filter_map(table).collect()
}

fn number(word: &str) -> Option<i64> {
    let plain = word.replace('_', "");
    match plain.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok(),
        None => plain.parse().ok(),
    }
}

#[test]
fn tables_are_found() {
    let code = "a[0]; [1, -2,\n 0x10, 4_0, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,]; [1, 2]; [x; 20]";
    let found = tables(code);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1[..4], [1, -2, 16, 40]);
}

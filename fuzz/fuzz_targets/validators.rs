//! Every validator on arbitrary bytes.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use seaworthy::{
    engines::secret::{scanner::Scanner, validators},
    rule::RuleSet,
};
use seaworthy_fuzz::{Stock, examples};

/// The credentials of all rules' examples.
static STOCK: LazyLock<Stock> = LazyLock::new(|| {
    let rules = RuleSet::baked();
    let scanner = Scanner::new(&rules);
    let values = |(path, text): (String, String)| {
        let found = scanner.find(&path, text.as_bytes());
        found.into_iter().map(move |one| text.as_bytes()[one.at].to_vec()).collect::<Vec<_>>()
    };
    Stock::new(examples(&rules).into_iter().flat_map(values))
});

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    STOCK.mutate(data, size, most, seed)
});

fuzz_target!(|bytes: &[u8]| {
    let today = "2026-07-01".parse().expect("it is a date");
    for name in validators::names() {
        assert_eq!(
            validators::run(name, bytes, Some(today)),
            validators::run(name, bytes, Some(today))
        );
    }
});

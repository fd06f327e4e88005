//! The secret scanner and the masker on arbitrary bytes.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use seaworthy::{
    engines::secret::{masker::Masker, scanner::Scanner},
    rule::RuleSet,
};
use seaworthy_fuzz::{Stock, examples};

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(&RuleSet::baked()));
static STOCK: LazyLock<Stock> = LazyLock::new(|| {
    let files = examples(&RuleSet::baked());
    Stock::new(files.into_iter().map(|(_, text)| text.into_bytes()))
});

/// A value shows itself by more than these bytes.
const HEAD: usize = 12;

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    STOCK.mutate(data, size, most, seed)
});

fuzz_target!(|bytes: &[u8]| {
    let found: Vec<_> = SCANNER.find("app.env", bytes).into_iter().map(|one| one.at).collect();
    assert!(found.iter().all(|at| !at.is_empty() && at.end <= bytes.len()));
    assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start));
    // What is no text is never quoted.
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let masker = Masker::new(&SCANNER, bytes, &found);
    for line in text.lines() {
        let quoted = masker.quote(line);
        assert_eq!(quoted.as_str().encode_utf16().count(), line.encode_utf16().count());
        for value in found.iter().filter_map(|at| text.get(at.clone())) {
            let is_one_line = value.len() >= HEAD && !value.contains(['\n', '\r']);
            let is_shown =
                is_one_line && !value.contains("-----") && quoted.as_str().contains(value);
            assert!(!is_shown, "{value:?} in {quoted}");
        }
    }
});

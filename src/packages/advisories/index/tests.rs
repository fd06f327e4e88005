//! What is written is read, and what is damaged is refused.

use std::fs;

use proptest::prelude::*;

use super::{
    super::{
        block::tests::full,
        write::{self, Replacement, WriteError},
    },
    *,
};

/// An index of so many packages of `PyPI`, `p0`, `p1` and so on.
fn index(count: usize) -> Vec<u8> {
    let packages = (0..count).map(|number| {
        let id = format!("A-{number}");
        let versions = ["1.0".to_owned(), format!("1.{number}")];
        (key(Ecosystem::PyPi, None, &format!("p{number}")), vec![full(&id, &versions)])
    });
    let built = Timestamp::from_second(1_700_000_000).expect("in range");
    write::index(&packages.collect::<Vec<_>>(), &[], Some(built)).expect("an index")
}

fn open(bytes: Vec<u8>) -> Result<Index, IndexError> {
    Index::of_bytes(bytes, Path::new("memory"))
}

fn of(index: &Index, number: usize) -> Result<Vec<Advisory>, IndexError> {
    index.of(Ecosystem::PyPi, None, &format!("P{number}"))
}

#[test]
fn a_package_is_found_and_others_are_not() {
    let index = open(index(3_000)).unwrap();
    for number in 0..3_000 {
        let known = of(&index, number).unwrap();
        assert_eq!(known.len(), 1);
        assert_eq!(known[0].id, format!("A-{number}"));
        assert_eq!(of(&index, number + 3_000).unwrap(), []);
    }
    assert_eq!(index.of(Ecosystem::Npm, None, "p1").unwrap(), []);
    assert_eq!(index.built(), Timestamp::from_second(1_700_000_000).ok());
    assert_eq!(index.verify().unwrap(), 3_000);
}

#[test]
fn an_index_file_answers_as_the_one_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/advisories.idx");
    let bytes = index(50);
    Replacement::begin(&path).unwrap().finish(&bytes).unwrap();
    let (file, memory) = (Index::open(&path).unwrap(), open(bytes).unwrap());
    for number in 0..60 {
        assert_eq!(of(&file, number).unwrap(), of(&memory, number).unwrap());
    }
    assert_eq!(file.verify().unwrap(), 50);
}

#[test]
fn what_is_open_goes_on_answering_when_it_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("advisories.idx");
    Replacement::begin(&path).unwrap().finish(&index(50)).unwrap();
    let before = Index::open(&path).unwrap();
    Replacement::begin(&path).unwrap().finish(&index(5)).unwrap();
    assert_eq!(of(&before, 40).unwrap().len(), 1);
    assert_eq!(of(&Index::open(&path).unwrap(), 40).unwrap().len(), 0);
    let mut left: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["advisories.idx", "advisories.idx.lock"]);
}

#[test]
fn only_one_writes_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("advisories.idx");
    let first = Replacement::begin(&path).unwrap();
    assert!(matches!(Replacement::begin(&path), Err(WriteError::Busy(_))));
    first.finish(&index(5)).unwrap();
    Replacement::begin(&path).unwrap();
}

#[test]
fn what_can_not_be_written_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("advisories.idx");
    fs::create_dir(&path).unwrap();
    let error = Replacement::begin(&path).unwrap().finish(&index(5)).unwrap_err();
    assert!(matches!(error, WriteError::Write { .. }), "{error}");
    assert!(!folder.path().join("advisories.idx.new").exists());
}

#[test]
fn other_files_and_other_formats_are_told() {
    let told = |bytes: &[u8]| open(bytes.to_vec()).unwrap_err().to_string();
    assert_eq!(told(b""), "`memory` is no advisory index");
    assert_eq!(told(&[b'{'; 500]), "`memory` is no advisory index");
    let mut bytes = index(5);
    assert_eq!(told(&bytes[..20]), "advisory index `memory` is damaged (header): build it again");
    assert_eq!(
        told(&bytes[..bytes.len() - 1]),
        "advisory index `memory` is damaged (it was cut off): build it again"
    );
    bytes[8] = 9;
    assert_eq!(told(&bytes), "advisory index `memory` has format 9, not 1: build it again");
    let missing = Index::open(Path::new("/nowhere/advisories.idx")).unwrap_err().to_string();
    assert!(missing.starts_with("read advisory index `/nowhere/advisories.idx`: "), "{missing}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_damaged_index_is_refused_and_never_answers_otherwise(at: prop::sample::Index, by in 1_u8..) {
        let whole = index(20);
        let mut bytes = whole.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        let whole = open(whole).unwrap();
        if let Ok(damaged) = open(bytes) {
            for number in 0..25 {
                if let Ok(known) = of(&damaged, number) {
                    prop_assert_eq!(known, of(&whole, number).unwrap(), "byte {}", at);
                }
            }
            prop_assert!(damaged.verify().is_err(), "byte {}", at);
        }
    }

    #[test]
    fn a_cut_or_lengthened_index_is_refused(end: prop::sample::Index, more in 1_usize..500) {
        let whole = index(20);
        prop_assert!(open(whole[..end.index(whole.len())].to_vec()).is_err());
        prop_assert!(open([whole, vec![0; more]].concat()).is_err());
    }

    #[test]
    fn bytes_whose_checksums_are_right_are_read_or_refused(
        at: prop::sample::Index,
        bytes in prop::collection::vec(any::<u8>(), 1..12),
    ) {
        // Somebody who writes an index by hand can write checksums, too.
        let mut whole = index(1);
        let at = at.index(whole.len() - bytes.len());
        whole[at..at + bytes.len()].copy_from_slice(&bytes);
        let (table, end) = (HEADER + PAGE, whole.len() - TRAILER);
        // No sources are one byte, and a checksum.
        let sources = end - 1 - CHECKSUM;
        for (start, end) in [(0, HEADER), (HEADER, table), (table, sources), (sources, end)] {
            let checksum = crc32fast::hash(&whole[start..end - CHECKSUM]);
            whole[end - CHECKSUM..end].copy_from_slice(&checksum.to_le_bytes());
        }
        if let Ok(opened) = open(whole) {
            let _ = (of(&opened, 0), opened.verify());
        }
    }
}

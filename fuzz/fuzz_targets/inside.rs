//! What stands inside of files: the first byte chooses archive, base64, percent-encoding, notebook, UTF-16 or
//! a delta of git; the rest is the file, or the text that is brought into that form.
#![no_main]

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use seaworthy::{
    engines::secret::{masker::Masker, scanner::Scanner},
    finding::RepoPath,
    rule::RuleSet,
    sources::{
        SourceFile,
        archive::{self, Limits, Visitor},
        history::delta::{apply, sizes},
    },
};
use seaworthy_fuzz::{Stock, examples};

const READERS: &[fn(&[u8])] = &[zip, tar, packed, encoded, notebook, utf16, delta];
/// Most bytes that an archive unpacks to here.
const MOST: u64 = 1 << 20;

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new(&RuleSet::baked()));
static STOCK: LazyLock<Stock> = LazyLock::new(|| {
    let files = examples(&RuleSet::baked());
    let chosen = |(choice, (_, text)): (usize, &(String, String))| {
        Stock::chosen(choice % READERS.len(), text)
    };
    let archives = [
        &include_bytes!("../../fixtures/archives/nested.zip")[..],
        include_bytes!("../../fixtures/archives/links.tar"),
        include_bytes!("../../fixtures/archives/text.env.gz"),
        include_bytes!("../../fixtures/archives/text.env.xz"),
        include_bytes!("../../fixtures/archives/text.env.zst"),
    ];
    let archives = archives.iter().zip([0_u8, 1, 2, 2, 2]);
    let archives = archives.map(|(bytes, choice)| [&[choice], *bytes].concat());
    // A base of six bytes, and what copies of them and adds new ones.
    let delta = [&[6, 6], &b"abcdef"[..], &[6, 7, 0x91, 2, 3, 2, b'x', b'y', 0x90, 2]].concat();
    Stock::new(files.iter().enumerate().map(chosen).chain(archives).chain([delta]))
});

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| {
    STOCK.mutate(data, size, most, seed)
});

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, rest)) = bytes.split_first() else { return };
    READERS[usize::from(*choice) % READERS.len()](rest);
});

fn zip(bytes: &[u8]) {
    open("a.zip", bytes);
}

fn tar(bytes: &[u8]) {
    open("a.tar", bytes);
}

fn packed(bytes: &[u8]) {
    open("a.env.gz", bytes);
}

/// No archive unpacks to more than it may.
fn open(name: &str, bytes: &[u8]) {
    let limits = Limits { unpacked: MOST, ratio: 200, members: 1_000, member: MOST / 4 };
    let (began, mut taken) = (Instant::now(), 0);
    let missed = archive::read(
        &RepoPath::new(name),
        bytes,
        &limits,
        &mut Visitor {
            wants: &|_| true,
            is_over: &|| began.elapsed() > Duration::from_secs(5),
            take: &mut |_, bytes| taken += bytes.len() as u64,
        },
    );
    assert!(taken <= MOST);
    assert!(missed.words().is_none_or(|words| !words.chars().any(char::is_control)));
}

/// Base64, percent-encoding and escaped JSON are all looked for in one text.
fn encoded(bytes: &[u8]) {
    for path in ["a.txt", "a.yaml", "a.json"] {
        find(path, bytes);
    }
}

fn notebook(bytes: &[u8]) {
    find("a.ipynb", bytes);
}

fn utf16(bytes: &[u8]) {
    let file = SourceFile::new(RepoPath::new("a.txt"), bytes.to_vec());
    find("a.txt", file.bytes());
    let span = file.span(&(0..file.bytes().len()));
    assert!(span.end_line as usize <= file.line_count());
}

/// The first byte says how long the base is that follows; the rest is the delta.
fn delta(bytes: &[u8]) {
    let Some((length, rest)) = bytes.split_first() else { return };
    let Some((base, delta)) = rest.split_at_checked(usize::from(*length)) else { return };
    let Some((sizes, instructions)) = sizes(delta) else { return };
    // The reader of packs has refused what is larger than a file may be.
    let Some(result) = usize::try_from(sizes.result).ok().filter(|size| *size as u64 <= MOST)
    else {
        return;
    };
    let mut made = Vec::new();
    let mut copies = Vec::new();
    if apply(base, instructions, result, &mut made, &mut copies).is_some() {
        assert_eq!(made.len(), result);
    }
}

/// Places lie in the file, apart and in order, and what is decoded is not shown.
fn find(path: &str, bytes: &[u8]) {
    let found = SCANNER.find(path, bytes);
    let places: Vec<_> = found.iter().map(|one| one.at.clone()).collect();
    assert!(places.iter().all(|at| !at.is_empty() && at.end <= bytes.len()));
    assert!(places.windows(2).all(|pair| pair[0].end <= pair[1].start));
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let masker = Masker::new(&SCANNER, bytes, &places);
    for line in text.lines() {
        let quoted = masker.quote(line);
        assert_eq!(quoted.as_str().encode_utf16().count(), line.encode_utf16().count());
    }
}

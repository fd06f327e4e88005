//! Archives: the members of a file that packs others, unpacked in memory one by one and within limits.
//!
//! Zip files (`jar`, `war`, `whl` and others are such), tar files, and what is packed with gzip, xz or
//! Zstandard. Nothing is written to disk, and no name of a member is taken for a path: it is only shown. An
//! archive is hostile: the bytes that it unpacks to, its members, its depth and the time are limited, and
//! what was not looked at is told in one sentence.

mod packed;
mod tar;
mod zip;

use std::{
    cell::Cell,
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, Read},
};

use super::file::printable;
use crate::finding::RepoPath;
use packed::Codec;

/// Archives within each other that are opened: `jar` in `war`. Packing a tar file is no level of its own.
const DEPTH: usize = 2;
/// Longest name of a member that is told whole; of a longer one the end is.
const LONGEST_NAME: usize = 500;
/// What stands between an archive's name and that of its member.
const WITHIN: &str = "!/";

/// Extensions of archives that are opened.
const EXTENSIONS: &[&str] = &[
    "aar", "apk", "crate", "ear", "egg", "gem", "gz", "ipa", "jar", "nupkg", "tar", "tgz", "txz",
    "tzst", "vsix", "war", "whl", "xpi", "xz", "zip", "zst",
];

/// Whether a path is that of an archive that can be opened. The content has the last word.
pub fn is_one(path: &RepoPath) -> bool {
    EXTENSIONS.binary_search(&path.extension().to_ascii_lowercase().as_str()).is_ok()
}

/// Whether what is called an archive may be one: a text is none, such as a pointer to where it is kept.
pub fn may_be_one(bytes: &[u8]) -> bool {
    bytes.contains(&0) || Codec::of(bytes).is_some()
}

/// How much of one archive is unpacked, with all that lies within it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes of all members together.
    pub unpacked: u64,
    /// Most bytes that each byte of the archive may become, over all of it.
    pub ratio: u64,
    /// Most members, looked at or not.
    pub members: usize,
    /// Most bytes of a member that is no archive.
    pub member: u64,
}

/// The reader of an archive's members.
pub struct Visitor<'a> {
    /// Which members are wanted, by path: others are not unpacked.
    pub wants: &'a dyn Fn(&RepoPath) -> bool,
    /// Whether time is up.
    pub is_over: &'a dyn Fn() -> bool,
    /// Takes a member: its path within the archive, with `!/` behind each archive, and its bytes.
    pub take: &'a mut dyn FnMut(&str, Vec<u8>),
}

/// Why a member, or the rest of an archive, was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    Damaged,
    Encrypted,
    Method,
    TooLarge,
    TooDeep,
    Bomb,
    TooMany,
    Late,
    Link,
}

impl Reason {
    const fn words(self) -> &'static str {
        match self {
            Self::Damaged => "damaged or not what its name says",
            Self::Encrypted => "encrypted",
            Self::Method => "packed in a way that is not read",
            Self::TooLarge => "over the size limit",
            Self::TooDeep => "archives too deep within others",
            Self::Bomb => "what unpacks to more than the limit",
            Self::TooMany => "more members than the limit",
            Self::Late => "the rest when time was up",
            Self::Link => "links, devices or sparse files, which are not followed",
        }
    }

    /// Whether nothing that comes after it in the archive is looked at, either.
    const fn ends_all(self) -> bool {
        matches!(self, Self::Bomb | Self::TooMany | Self::Late)
    }
}

/// What was not looked at: for each reason how often, and the first member.
#[derive(Debug, Default)]
pub struct Missed(BTreeMap<Reason, (usize, String)>);

impl Missed {
    fn note(&mut self, reason: Reason, name: &str) {
        self.0.entry(reason).or_insert_with(|| (0, name.to_owned())).0 += 1;
    }

    /// Whether anything was missed that is more than a link.
    pub fn is_incomplete(&self) -> bool {
        self.0.keys().any(|reason| *reason != Reason::Link)
    }

    /// One sentence, or nothing if all was looked at. Names in it are raw text, on one line.
    pub fn words(&self) -> Option<String> {
        let mut words = String::new();
        for (reason, (count, first)) in &self.0 {
            let _ = write!(words, "{}{}", if words.is_empty() { "" } else { "; " }, reason.words());
            let first = printable(first);
            let _ = match (*count, first.is_empty()) {
                (_, true) => Ok(()),
                (1, false) => write!(words, " (`{first}`)"),
                (count, false) => write!(words, " ({count}, the first is `{first}`)"),
            };
        }
        (!words.is_empty()).then(|| format!("not looked at within it: {words}"))
    }
}

/// Reads the members of an archive, and says what was not looked at.
pub fn read(path: &RepoPath, bytes: &[u8], limits: &Limits, visitor: &mut Visitor<'_>) -> Missed {
    let most = limits.unpacked.min((bytes.len() as u64).saturating_mul(limits.ratio));
    let left = Cell::new(most.max(limits.member));
    let budget = Budget { left: &left, is_over: visitor.is_over };
    let mut opened =
        Opened { limits, budget, visitor, members: limits.members, missed: Missed::default() };
    let found = opened.open(&Name::outer(path.file_name()), bytes, 1);
    if let Err(reason) = found {
        opened.missed.note(reason, "");
    }
    opened.missed
}

/// The name of an archive or member, and what it is told as.
struct Name {
    /// Empty for the archive itself.
    told: String,
    file: String,
}

impl Name {
    fn outer(file: &str) -> Self {
        Self { told: String::new(), file: file.to_owned() }
    }

    /// A member of this archive.
    fn member(&self, name: &[u8]) -> Self {
        let name = String::from_utf8_lossy(name);
        let first = name.ceil_char_boundary(name.len().saturating_sub(LONGEST_NAME));
        let name = &name[first..];
        let told = if self.told.is_empty() {
            name.to_owned()
        } else {
            format!("{}{WITHIN}{name}", self.told)
        };
        let file = name.rsplit('/').next().unwrap_or_default().to_owned();
        Self { told, file }
    }

    /// What is packed under this name: `a.log` for `a.log.gz`.
    fn unpacked(&self) -> Self {
        let inner = match self.file.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => match extension {
                "tgz" | "txz" | "tzst" | "crate" => format!("{stem}.tar"),
                _ => stem.to_owned(),
            },
            _ => self.file.clone(),
        };
        self.member(inner.as_bytes())
    }

    fn path(&self) -> RepoPath {
        RepoPath::new(&self.file)
    }
}

/// How many bytes may still be unpacked, and until when.
#[derive(Clone, Copy)]
struct Budget<'a> {
    left: &'a Cell<u64>,
    is_over: &'a dyn Fn() -> bool,
}

impl Budget<'_> {
    /// Why reading failed: because of a limit, or because of the archive.
    fn reason(self) -> Reason {
        if (self.is_over)() {
            Reason::Late
        } else if self.left.get() == 0 {
            Reason::Bomb
        } else {
            Reason::Damaged
        }
    }
}

/// A reader that ends with an error when the budget is used up.
struct Bounded<'a, R> {
    inner: R,
    budget: Budget<'a>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.budget.is_over)() {
            return Err(io::Error::other("time is up"));
        }
        let count = self.inner.read(buffer)?;
        let left = self.budget.left.get();
        self.budget.left.set(left.saturating_sub(count as u64));
        if count as u64 > left { Err(io::Error::other("too much")) } else { Ok(count) }
    }
}

/// An archive that is being read, with those within it.
struct Opened<'a, 'v> {
    limits: &'a Limits,
    budget: Budget<'a>,
    visitor: &'a mut Visitor<'v>,
    /// How many members may still come.
    members: usize,
    missed: Missed,
}

impl<'a> Opened<'a, '_> {
    /// Reads an archive by what it begins with, and else by its name.
    fn open(&mut self, name: &Name, bytes: &[u8], depth: usize) -> Result<(), Reason> {
        if let Some(codec) = Codec::of(bytes) {
            return self.unpack(codec, name, bytes, depth);
        }
        let is_tar = name.path().extension().eq_ignore_ascii_case("tar") || tar::is_one(bytes);
        if is_tar {
            self.tar(name, &mut self.bounded(bytes), depth)
        } else {
            self.zip(name, bytes, depth)
        }
    }

    fn bounded<R>(&self, inner: R) -> Bounded<'a, R> {
        Bounded { inner, budget: self.budget }
    }

    /// Counts a member, whatever it is.
    fn count(&mut self) -> Result<(), Reason> {
        self.members = self.members.checked_sub(1).ok_or(Reason::TooMany)?;
        if (self.budget.is_over)() { Err(Reason::Late) } else { Ok(()) }
    }

    /// Notes a member that is not looked at, unless it ends all.
    fn leave(&mut self, reason: Reason, name: &Name) -> Result<(), Reason> {
        if reason.ends_all() {
            return Err(reason);
        }
        self.missed.note(reason, &name.told);
        Ok(())
    }

    /// Counts a member and says whether it is to be unpacked.
    fn wants(&mut self, name: &Name, depth: usize) -> Result<bool, Reason> {
        self.count()?;
        let path = name.path();
        if is_one(&path) && depth >= DEPTH {
            self.missed.note(Reason::TooDeep, &name.told);
            return Ok(false);
        }
        Ok(is_one(&path) || (self.visitor.wants)(&path))
    }

    /// Takes a wanted member: looks into an archive, hands out everything else. What is wrong with one member
    /// does not end the others, unless it is a limit of the whole.
    fn take(
        &mut self,
        name: &Name,
        size: u64,
        reader: impl Read,
        depth: usize,
    ) -> Result<(), Reason> {
        let is_archive = is_one(&name.path());
        let most = if is_archive { self.limits.unpacked } else { self.limits.member };
        let found = if size > most {
            Err(Reason::TooLarge)
        } else {
            self.bytes(reader, most).and_then(|bytes| {
                if is_archive && may_be_one(&bytes) {
                    return self.open(name, &bytes, depth + 1);
                }
                (self.visitor.take)(&name.told, bytes);
                Ok(())
            })
        };
        found.or_else(|reason| self.leave(reason, name))
    }

    fn bytes(&self, reader: impl Read, most: u64) -> Result<Vec<u8>, Reason> {
        let mut bytes = Vec::new();
        let mut reader = reader.take(most + 1);
        reader.read_to_end(&mut bytes).map_err(|_| self.budget.reason())?;
        if bytes.len() as u64 > most { Err(Reason::TooLarge) } else { Ok(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The members of a file, and what was missed.
    fn members(path: &str, bytes: &[u8], limits: &Limits) -> (Vec<String>, String) {
        let mut members = Vec::new();
        let mut visitor = Visitor {
            wants: &|path| path.extension() != "png",
            is_over: &|| false,
            take: &mut |name, bytes| members.push(format!("{name} {}", bytes.len())),
        };
        let missed = read(&RepoPath::new(path), bytes, limits, &mut visitor);
        (members, missed.words().unwrap_or_default())
    }

    const LIMITS: Limits = Limits { unpacked: 1 << 20, ratio: 200, members: 100, member: 1 << 16 };

    #[test]
    fn extensions_are_in_order() {
        assert!(EXTENSIONS.is_sorted());
    }

    #[test]
    fn the_members_of_each_kind_are_handed_out() {
        let fixture = |name: &str| {
            std::fs::read(format!("{}/fixtures/archives/{name}", env!("CARGO_MANIFEST_DIR")))
                .unwrap()
        };
        for (name, expected) in [
            ("nested.zip", &["a.env 33", "lib/b.jar!/c.properties 33"][..]),
            ("text.env.gz", &["text.env 33"]),
            ("text.env.xz", &["text.env 33"]),
            ("text.env.zst", &["text.env 33"]),
        ] {
            let bytes = fixture(name);
            assert!(may_be_one(&bytes), "{name}");
            assert_eq!(members(name, &bytes, &LIMITS), (owned(expected), String::new()), "{name}");
        }
        let (found, missed) = members("links.tar", &fixture("links.tar"), &LIMITS);
        assert_eq!(found, [String::from("a.env 33"), format!("{}.env 3", "x".repeat(150))]);
        assert!(missed.ends_with("are not followed (2, the first is `l`)"), "{missed}");
    }

    #[test]
    fn each_limit_ends_the_reading_and_is_told() {
        let bytes =
            std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/archives/links.tar"));
        let bytes = bytes.unwrap();
        for (limits, words) in [
            (Limits { members: 2, ..LIMITS }, "more members than the limit"),
            (Limits { member: 2, ..LIMITS }, "over the size limit (2, the first is `a.env`)"),
            (Limits { unpacked: 1_024, member: 64, ..LIMITS }, "unpacks to more than the limit"),
        ] {
            let (_, missed) = members("links.tar", &bytes, &limits);
            assert!(missed.contains(words), "{missed}");
        }
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }
}

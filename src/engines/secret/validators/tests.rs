//! All validators: published examples, and texts of every kind.

use proptest::prelude::*;

use super::*;

/// Published examples of forms whose checksum is of 16 bits or more and covers all of them, in pieces so
/// that no scanner trips over this file. The tests beside each validator name their sources.
const CHECKED: &[(&str, &str)] = &[
    (
        "azure-checksum",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaJQQJ99<!>ALN5Z0000LZENeS003NUGT3OrW",
    ),
    ("base58check", "5HueCGU8rMjxEXxiPuD5<!>BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"),
    ("bech32", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"),
    ("nkey", "SUAMLK2ZNL35WSMW37E7UD4VZ7<!>ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU"),
    ("nostr-nsec", "nsec1vl029mgpspedva04g90vltkh6fvh<!>240zqtv9k0t9af8935ke9laqsnlfe5"),
    ("stellar-seed", "SBK2VIYYSVG76E7VC3QHYARNFLY2<!>EAQXDHRC7BMXBBGIFG74ARPRMNQM"),
];

/// Whatever else has a form: something to break.
const FORMED: &[&str] = &[
    "MDAyMWxvY2F0aW9uIGh0dHA6Ly9leGFtcGxlLm9yZy8KMDAxNWlkZW50aWZpZXIga2V5aWQKMDAyZnNpZ25hdHVyZSA",
    "fm2_lJPEEC/Apz4NsovS0QyO2mwOwP7EEEIZXyhbehSiciQY9xb7LoLC2SA0ZjlkMTYw",
    "pypi-AgEIcHlwaS5vcmcCJDZmMmExYzA0AAIPWzEsWyJzaG9wIl1dAAAGIA",
    "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nPublic-Lines: 1\nAAAAB3NzaC1yc2EA\nPrivate-Lines: 1\nAAAA\n",
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK\n-----END PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz\n-----END",
    "MIIBAgIBAzCB/AYJKoZIhvcNAQcBoIHu",
    "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjk5OTk5OTk5OTk5OTk5OTl9.x",
    "sntrys_eyJpYXQiOjE2ODQxNTQ2MjYsIm9yZyI6InNob3AifQ_WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo",
    "glpat-bzoxCnU6MjJuWlpaWlpaWlpaWlpaWlpaWlpaWhA.01.0z0000000",
    "xoxb-<!>263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1",
    "legal winner thank year wave sausage worth useful legal winner thank yellow",
    "ghp_zQWBuTSOoRi4A9sp<!>HcVY5ncnsDkxkJ0mLq17",
    "AKIAQNZG<!>KIQY56JQ7WML",
    "000000000000000000000000000000000000000000000000000000000000000000000000000000+ASt000000==",
];

fn run_all(value: &[u8]) {
    for name in names() {
        let verdict = run(name, value, Some(jiff::civil::date(2026, 7, 1)));
        assert!(!matches!(verdict, Verdict::Until(..)), "{name}");
    }
}

fn vectors() -> impl Strategy<Value = String> {
    let all = CHECKED.iter().map(|(_, text)| *text).chain(FORMED.iter().copied());
    prop::sample::select(all.map(|text| text.replace("<!>", "")).collect::<Vec<_>>())
}

#[test]
fn every_published_example_is_confirmed() {
    for (name, text) in CHECKED {
        let verdict = run(name, text.replace("<!>", "").as_bytes(), None);
        assert!(matches!(verdict, Verdict::Confirmed(_)), "{name}: {verdict:?}");
    }
}

#[test]
fn names_are_in_order() {
    assert!(names().is_sorted());
}

proptest! {
    #[test]
    fn no_bytes_break_a_validator(value in prop::collection::vec(any::<u8>(), 0..300)) {
        run_all(&value);
    }

    #[test]
    fn no_change_of_an_example_breaks_a_validator(
        text in vectors(),
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 0..4),
        range in (any::<usize>(), any::<usize>()),
    ) {
        let mut bytes = text.into_bytes();
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        let (from, to) = (range.0 % bytes.len(), range.1 % bytes.len());
        run_all(&bytes);
        run_all(&bytes[from.min(to)..]);
        run_all(&bytes[..from.max(to)]);
    }

    #[test]
    fn a_wrong_character_is_found_by_a_checksum(
        which in 0..CHECKED.len(),
        at in any::<usize>(),
        with in any::<usize>(),
    ) {
        let (name, text) = CHECKED[which];
        let mut bytes = text.replace("<!>", "").into_bytes();
        let (at, with) = (at % bytes.len(), bytes[with % bytes.len()]);
        prop_assume!(!bytes[at].eq_ignore_ascii_case(&with));
        bytes[at] = with;
        let verdict = run(name, &bytes, None);
        prop_assert!(!matches!(verdict, Verdict::Confirmed(_)), "{}: {:?}", name, verdict);
    }
}

//! Cargo's sparse index, one JSON object on each line: <https://doc.rust-lang.org/cargo/reference/registry-index.html>.

use super::{Listing, Release, day};
use crate::packages::lockfile::{
    Fault,
    json::{Dialect, Reader},
};

/// The longest name that the registry takes.
const LONGEST_NAME: usize = 64;

/// Where a crate stands in an index: `se/rd/serde`. None for what is no name of a crate, so that nothing of a
/// lockfile walks out of a folder or into another part of an address.
pub fn path(name: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_plain) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    Some(match name.len() {
        1 | 2 => format!("{}/{name}", name.len()),
        3 => format!("3/{}/{name}", &name[..1]),
        _ => format!("{}/{}/{name}", &name[..2], &name[2..4]),
    })
}

/// Reads what the index says of a crate.
pub fn read(text: &str) -> Result<Listing, Fault> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let releases = lines.map(release).collect::<Result<_, _>>()?;
    Ok(Listing { releases, latest: None })
}

/// Reads one line.
pub fn release(line: &str) -> Result<Release, Fault> {
    let mut release = Release::default();
    Reader::read(line, Dialect::Plain, |reader, key| {
        match &*key.text {
            "vers" => release.version = reader.text()?.text.into_owned(),
            "yanked" => release.yanked = reader.is_true()?.then(String::new),
            "pubtime" => {
                let time = reader.text_or_pass()?;
                release.published = time.and_then(|time| day(&time.text));
            }
            _ => {}
        }
        Ok(())
    })?;
    if release.version.is_empty() {
        return Err(Fault::new(0, "a line without a version"));
    }
    Ok(release)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = concat!(
        r#"{"name":"foo","vers":"0.1.0","deps":[{"name":"yanked","req":"^0.6","features":["i128_support"],"optional":false,"default_features":true,"target":null,"kind":"normal","registry":null,"package":"rand"}],"cksum":"d867001db0e2b6e0496f9fac96930e2d42233ecd3ca0413e0753d4c7695d289c","features":{"extras":["rand/simd_support"]},"yanked":true,"links":null,"v":2,"pubtime":"2019-10-05T19:52:26Z"}"#,
        "\n",
        r#"{"name":"foo","vers":"0.1.1","deps":[],"cksum":"00","features":{"yanked":["true"]},"yanked":false}"#,
        "\n",
    );

    #[test]
    fn each_line_is_a_version() {
        let read = read(TEXT).unwrap().releases;
        assert_eq!(read[0].yanked.as_deref(), Some(""));
        assert_eq!(read[0].published.unwrap().to_string(), "2019-10-05");
        assert_eq!((read[1].version.as_str(), &read[1].yanked), ("0.1.1", &None));
    }

    #[test]
    fn a_line_that_is_cut_off_is_a_fault() {
        assert!(read(&TEXT[..TEXT.len() - 3]).is_err());
        assert!(read("<html>\n").is_err());
        assert!(read("{}\n").is_err());
    }

    #[test]
    fn a_name_has_its_place_and_what_is_no_name_has_none() {
        for (name, expected) in
            [("a", "1/a"), ("ab", "2/ab"), ("abc", "3/a/abc"), ("Cargo", "ca/rg/cargo")]
        {
            assert_eq!(path(name).as_deref(), Some(expected));
        }
        for name in ["", "..", "../../x", "a/b", "a\\b", "é", "a b", &"a".repeat(65)] {
            assert_eq!(path(name), None, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(\\{\"vers\":\"1\",?)?[\\[\\]{}\",:a0-1 \n\\\\é]{0,60}") {
            let _ = read(&text);
        }
    }
}

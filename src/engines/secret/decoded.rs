//! Text that stands in a file in another form: escaped, percent-encoded, base64; one level deep.
//!
//! Each form is a module that gives [`View`]s: the decoded text, which part of the file each part of it
//! comes from, and as what it is to be judged. A view says nothing of its own: what is found in it is
//! found by the same rules as elsewhere.

mod base64;
mod json;
mod kubernetes;
mod notebook;
mod percent;

use std::{ops::Range, path::Path};

use super::generic::FileNature;

/// Extensions of certificates, which are base64 and no secret.
const CERTIFICATES: &[&str] = &["crt", "cer", "csr", "crl", "p7b"];

/// How a text is written that does not stand in the file as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// With the escapes of a JSON string.
    Escaped,
    /// With `%XX`.
    Percent,
    /// As base64, standard or for URLs.
    Base64,
}

impl Form {
    /// What a message says of it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Escaped => "escaped",
            Self::Percent => "percent-encoded",
            Self::Base64 => "base64-encoded",
        }
    }
}

/// A decoded text, and as what it is judged.
pub(super) struct View {
    /// The text.
    pub(super) text: Decoded,
    /// How values are written in it.
    pub(super) nature: FileNature,
    /// Whether names and values in general are looked at, beside what vendors mark.
    pub(super) with_names: bool,
}

impl View {
    /// The bytes of the file that names and values in general are looked for in here, and not there.
    pub(super) fn replaces(&self) -> Option<Range<usize>> {
        let is_one = self.with_names && self.text.form == Form::Base64;
        is_one.then(|| self.text.source(&(0..self.text.bytes.len())))
    }
}

/// A decoded text that knows where it comes from.
#[derive(Debug)]
pub(super) struct Decoded {
    /// How it is written.
    pub(super) form: Form,
    /// The text.
    pub(super) bytes: Vec<u8>,
    pieces: Vec<Piece>,
}

/// A stretch of decoded text, to the beginning of the next one.
#[derive(Debug)]
struct Piece {
    /// Where it begins in the decoded text.
    at: usize,
    /// What it comes from.
    source: Range<usize>,
    /// Whether it stands there as it is.
    is_same: bool,
}

impl Decoded {
    /// A text that begins empty.
    const fn new(form: Form) -> Self {
        Self { form, bytes: Vec::new(), pieces: Vec::new() }
    }

    /// Adds what stands in the file as it is.
    fn copy(&mut self, file: &[u8], source: Range<usize>) {
        if !source.is_empty() {
            let at = self.bytes.len();
            self.bytes.extend_from_slice(&file[source.clone()]);
            self.pieces.push(Piece { at, source, is_same: true });
        }
    }

    /// Adds what stands in the file in another form.
    fn put(&mut self, decoded: &[u8], source: Range<usize>) {
        if !decoded.is_empty() {
            let at = self.bytes.len();
            self.bytes.extend_from_slice(decoded);
            self.pieces.push(Piece { at, source, is_same: false });
        }
    }

    /// The bytes of the file that this part of the text comes from: at least them.
    pub(super) fn source(&self, at: &Range<usize>) -> Range<usize> {
        let piece = |byte: usize| {
            let after = self.pieces.partition_point(|piece| piece.at <= byte);
            &self.pieces[after.saturating_sub(1)]
        };
        if self.pieces.is_empty() {
            return 0..0;
        }
        let (first, last) = (piece(at.start), piece(at.end.max(at.start + 1) - 1));
        let within = |piece: &Piece, byte: usize| piece.source.start + (byte - piece.at);
        let start = if first.is_same { within(first, at.start) } else { first.source.start };
        let end = if last.is_same { within(last, at.end) } else { last.source.end };
        start..end.max(start)
    }
}

/// Gives `each` every decoded text of a file. `is_claimed` tells the places that a vendor's rule knows.
pub(super) fn views(
    path: &str,
    bytes: &[u8],
    nature: FileNature,
    is_claimed: &dyn Fn(&Range<usize>) -> bool,
    each: &mut dyn FnMut(View),
) {
    let extension = Path::new(path).extension().and_then(|it| it.to_str()).unwrap_or_default();
    let is_one = |wanted: &&str| extension.eq_ignore_ascii_case(wanted);
    if is_one(&"ipynb") {
        notebook::views(bytes, nature, each);
    } else if nature.is_generated() || CERTIFICATES.iter().any(&is_one) {
        return;
    } else {
        json::views(bytes, nature, each);
    }
    if ["yaml", "yml", "json"].iter().any(is_one) {
        kubernetes::views(bytes, nature, each);
    }
    percent::views(bytes, nature, each);
    base64::views(bytes, nature, is_claimed, each);
}

/// Gives `each` every decoded text that [`views`] gives of these bytes under any path.
pub(super) fn views_under_any_path(
    bytes: &[u8],
    nature: FileNature,
    is_claimed: &dyn Fn(&Range<usize>) -> bool,
    each: &mut dyn FnMut(View),
) {
    notebook::views(bytes, nature, each);
    json::views(bytes, nature, each);
    kubernetes::views(bytes, nature, each);
    percent::views(bytes, nature, each);
    base64::views(bytes, nature, is_claimed, each);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All views of a file.
    pub(super) fn all(path: &str, bytes: &[u8]) -> Vec<View> {
        let mut all = Vec::new();
        views(path, bytes, FileNature::of(path), &|_| false, &mut |view| all.push(view));
        all
    }

    #[test]
    fn a_part_comes_from_at_least_what_it_is_made_of() {
        let file = b"ab\\n\\u00e9cd";
        let mut text = Decoded::new(Form::Escaped);
        text.copy(file, 0..2);
        text.put(b"\n", 2..4);
        text.put("\u{e9}".as_bytes(), 4..10);
        text.copy(file, 10..12);
        assert_eq!(text.source(&(1..2)), 1..2);
        assert_eq!(text.source(&(1..3)), 1..4);
        assert_eq!(text.source(&(3..4)), 4..10);
        assert_eq!(text.source(&(4..7)), 4..12);
    }

    proptest! {
        #[test]
        fn no_bytes_panic_and_all_places_lie_in_the_file(
            which in 0..4_usize,
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                prop::collection::vec(prop::sample::select(&b"{}[]\":,\\nu00e9%41+/=-_ \nAQIDdata"[..]), 0..400),
            ],
        ) {
            let path = ["a.ipynb", "a.yaml", "a.json", "a.txt"][which];
            for view in all(path, &bytes) {
                for end in 0..=view.text.bytes.len() {
                    let at = view.text.source(&(end / 2..end));
                    prop_assert!(at.start <= at.end && at.end <= bytes.len());
                }
            }
        }
    }
}

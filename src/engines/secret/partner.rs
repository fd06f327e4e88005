//! The other half of a pair: looked for in the lines around a credential once that is found.

use std::ops::Range;

use regex_automata::{Input, PatternID, meta::Regex};

use super::{expression::compile, placeholder};
use crate::rule::Partner;

/// Bytes before and after a credential that are looked at, however long the lines are.
const SEEN: usize = 4_096;

/// The compiled parts of a rule's `partner`.
pub(super) struct PartnerPattern {
    regex: Regex,
    group: usize,
    within: usize,
    required: bool,
}

impl PartnerPattern {
    /// Compiles it; `None` if that can not be done.
    pub(super) fn new(partner: &Partner) -> Option<Self> {
        let regex = compile(&partner.regex)?;
        let group = regex.group_info().to_index(PatternID::ZERO, "partner")?;
        Some(Self { regex, group, within: partner.within, required: partner.required })
    }

    /// Whether there is no finding without it.
    pub(super) const fn is_required(&self) -> bool {
        self.required
    }

    /// The partner of the credential at `at`: the fewest lines away, and rather before than after, as
    /// names stand before what they name.
    pub(super) fn find(&self, bytes: &[u8], at: &Range<usize>) -> Option<Range<usize>> {
        let before = self.matches(bytes, first_byte(bytes, at.start, self.within)..at.start).last();
        let after = self.matches(bytes, at.end..last_byte(bytes, at.end, self.within)).next();
        let (Some(before), Some(after)) = (before.clone(), after.clone()) else {
            return before.or(after);
        };
        let lines = |span: Range<usize>| memchr::memchr_iter(b'\n', &bytes[span]).count();
        let is_before = lines(before.end..at.start) <= lines(at.end..after.start);
        Some(if is_before { before } else { after })
    }

    /// What may be a partner in `span`, in order. It sees nothing of the credential, so it is never that.
    fn matches(&self, bytes: &[u8], span: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let found = self.regex.captures_iter(Input::new(bytes).span(span));
        let partners = found.filter_map(|groups| Some(groups.get_group(self.group)?.range()));
        partners.filter(|at| !at.is_empty() && !placeholder::is_placeholder(&bytes[at.clone()]))
    }
}

/// Where the line begins that is `lines` lines above the one that `at` is in.
fn first_byte(bytes: &[u8], at: usize, lines: usize) -> usize {
    let first = at.saturating_sub(SEEN);
    let mut ends = memchr::memrchr_iter(b'\n', &bytes[first..at]);
    ends.nth(lines).map_or(first, |end| first + end + 1)
}

/// Where the line ends that is `lines` lines below the one that `at` is in.
fn last_byte(bytes: &[u8], at: usize, lines: usize) -> usize {
    let last = bytes.len().min(at + SEEN);
    memchr::memchr_iter(b'\n', &bytes[at..last]).nth(lines).map_or(last, |end| at + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The partner `id-…` of the one `SECRET` in `text`.
    fn partner(text: &str, within: usize) -> Option<&str> {
        let regex = r"\b(?P<partner>id-[a-z0-9]+)".to_owned();
        let partner = Partner { name: "id".to_owned(), regex, within, required: false };
        let start = text.find("SECRET").unwrap();
        let pattern = PartnerPattern::new(&partner).unwrap();
        pattern.find(text.as_bytes(), &(start..start + 6)).map(|at| &text[at])
    }

    #[test]
    fn the_nearest_one_is_the_partner() {
        assert_eq!(partner("id-q3x8vz\nid-k7w2hs\nSECRET\n\n\nid-m9t4dn", 10), Some("id-k7w2hs"));
        assert_eq!(partner("id-q3x8vz\n\n\nSECRET\nid-k7w2hs\nid-m9t4dn", 10), Some("id-k7w2hs"));
        assert_eq!(partner("id-q3x8vz\nSECRET, id-k7w2hs", 10), Some("id-k7w2hs"));
    }

    #[test]
    fn of_two_as_near_the_one_before_is_the_partner() {
        assert_eq!(partner("id: id-q3x8vz\nkey: SECRET\nid: id-k7w2hs\n", 10), Some("id-q3x8vz"));
    }

    #[test]
    fn a_partner_lies_within_so_many_lines() {
        assert_eq!(partner("id-q3x8vz\n\nSECRET\n\nid-k7w2hs", 1), None);
        assert_eq!(partner("id-q3x8vz\nSECRET", 1), Some("id-q3x8vz"));
        assert_eq!(partner("SECRET\nid-k7w2hs", 0), None);
        assert_eq!(partner("SECRET id-k7w2hs", 0), Some("id-k7w2hs"));
    }

    #[test]
    fn a_placeholder_is_nobodys_partner() {
        assert_eq!(partner("id-example\nSECRET\n\nid-k7w2hs", 10), Some("id-k7w2hs"));
    }

    #[test]
    fn the_secret_is_not_its_own_partner() {
        let regex = "(?P<partner>[A-Z]+)".to_owned();
        let partner = Partner { name: "id".to_owned(), regex, within: 10, required: true };
        let pattern = PartnerPattern::new(&partner).unwrap();
        assert_eq!(pattern.find(b"id = SECRET", &(5..11)), None);
    }

    #[test]
    fn a_long_line_is_looked_at_only_near_the_secret() {
        let far = format!("id-q3x8vz{}SECRET", " ".repeat(SEEN));
        assert_eq!(partner(&far, 10), None);
    }
}

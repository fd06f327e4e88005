//! Licence texts: the standard ones, told by all of their words in their order.
//!
//! A text with other words is another licence (`MIT` with "for good, not evil"), or several in one file: it is
//! left unknown. Of the two long ones, the first and last words and the length are looked at.

/// Words of a gap in a text: the names of who has the copyright.
const MOST_IN_GAP: usize = 24;
/// A file of more bytes is none of these.
const LARGEST: usize = 32 << 10;
/// Before a text may stand titles and lines about copyright, which begin so or with a year.
const HEADINGS: &[&str] = &["copyright", "(c)", "©", "all rights reserved", "portions copyright"];
/// A title is no longer than this many bytes.
const LONGEST_TITLE: usize = 60;

/// Identifier, and the parts of the text, between which names stand.
const SHORT: &[(&str, &[&str])] = &[
    ("MIT", &[MIT, MIT_END]),
    ("ISC", &[ISC, ISC_WARRANTY, ISC_END]),
    ("BSD-3-Clause", &[BSD, BSD_NAMES, BSD_ENDORSEMENT, BSD_WARRANTY, BSD_END]),
    ("BSD-2-Clause", &[BSD_TWO, BSD_WARRANTY, BSD_END]),
];

const MIT: &str = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and \
    associated documentation files (the Software), to deal in the Software without restriction, including without \
    limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the \
    Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions: \
    The above copyright notice and this permission notice shall be included in all copies or substantial portions of \
    the Software. THE SOFTWARE IS PROVIDED AS IS, WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT \
    NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO \
    EVENT SHALL";
const MIT_END: &str = "BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR \
    OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.";
const ISC: &str = "Permission to use, copy, modify, and/or distribute this software for any purpose with or without \
    fee is hereby granted, provided that the above copyright notice and this permission notice appear in all copies. \
    THE SOFTWARE IS PROVIDED AS IS AND";
const ISC_WARRANTY: &str = "ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF \
    MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL";
const ISC_END: &str = "BE LIABLE FOR ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER \
    RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS \
    ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.";
const BSD: &str = "Redistribution and use in source and binary forms, with or without modification, are permitted \
    provided that the following conditions are met: Redistributions of source code must retain the above copyright \
    notice, this list of conditions and the following disclaimer. Redistributions in binary form must reproduce the \
    above copyright notice, this list of conditions and the following disclaimer in the documentation and/or other \
    materials provided with the distribution. Neither the name";
/// The same without the beginning of the third clause.
const BSD_TWO: &str = BSD.split_at(BSD.len() - " Neither the name".len()).0;
const BSD_NAMES: &str = "nor the names of";
const BSD_ENDORSEMENT: &str = "may be used to endorse or promote products derived from this software without specific \
    prior written permission.";
const BSD_WARRANTY: &str = "AS IS AND ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED \
    WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL";
const BSD_END: &str = "BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES \
    (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR \
    BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR \
    TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF \
    THE POSSIBILITY OF SUCH DAMAGE.";

/// A long licence.
struct Long {
    id: &'static str,
    first: &'static str,
    last: &'static str,
    /// The least and the most words, with the appendix and without.
    words: (usize, usize),
}

const LONG: &[Long] = &[
    Long {
        id: "Apache-2.0",
        first: "Apache License Version 2.0, January 2004",
        last: "additional liability. END OF TERMS AND CONDITIONS",
        words: (1_300, 1_650),
    },
    Long {
        id: "MPL-2.0",
        first: "Mozilla Public License Version 2.0 1. Definitions",
        last: "Exhibit B - \"Incompatible With Secondary Licenses\" Notice",
        words: (2_000, 2_500),
    },
];

/// The identifier of the licence that a text is.
pub(super) fn recognise(text: &str) -> Option<&'static str> {
    if text.len() > LARGEST {
        return None;
    }
    let all = words(text);
    let long = LONG.iter().find(|long| {
        (long.words.0..=long.words.1).contains(&all.len())
            && all.starts_with(&words(long.first))
            && find(&all, &words(long.last), all.len()).is_some()
    });
    let short = || {
        let body = words(without_headings(text));
        SHORT.iter().find(|(_, parts)| is_made_of(&body, parts)).map(|(id, _)| *id)
    };
    long.map(|long| long.id).or_else(short)
}

/// The words of a text in lower case; without numbers and marks of lists.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 1);
    let is_mark = |word: &&str| matches!(*word, "ii" | "iii");
    words.filter(|word| !is_mark(word)).map(str::to_lowercase).collect()
}

/// The text without titles and lines about copyright at its beginning.
fn without_headings(text: &str) -> &str {
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some((line, after)) = rest.split_once('\n') {
        let marks = |c: char| c.is_whitespace() || matches!(c, '#' | '*' | '/' | '=' | '-' | '_');
        let line = line.trim_matches(marks).to_lowercase();
        let is_title = line.len() <= LONGEST_TITLE && line.contains("licen");
        let is_year = line.starts_with(|first: char| first.is_ascii_digit());
        let is_heading = is_year || HEADINGS.iter().any(|heading| line.starts_with(heading));
        if !(line.is_empty() || is_heading || is_title) {
            break;
        }
        rest = after;
    }
    rest
}

/// Whether a text is made of these parts, with names between them and nothing before and after.
fn is_made_of(text: &[String], parts: &[&str]) -> bool {
    let mut rest = text;
    for (index, part) in parts.iter().enumerate() {
        let part = words(part);
        let Some(at) = find(rest, &part, if index == 0 { 0 } else { MOST_IN_GAP }) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty()
}

/// Where a part begins, after so many words at most.
fn find(text: &[String], part: &[String], most_before: usize) -> Option<usize> {
    let mut places = text.windows(part.len()).take(most_before.saturating_add(1));
    places.position(|there| there == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mit(more: &str) -> String {
        format!(
            "The MIT License (MIT)\n\nCopyright (c) 2020 A. Person\n\n{MIT} THE AUTHORS OR COPYRIGHT HOLDERS \
             {MIT_END}\n{more}"
        )
    }

    #[test]
    fn a_standard_text_is_told_by_all_of_its_words() {
        assert_eq!(recognise(&mit("")), Some("MIT"));
        let bsd = |names: &str| {
            format!(
                "Copyright 2009 The Authors. All rights reserved.\n\n{BSD_TWO}\n{names}\nTHIS SOFTWARE IS PROVIDED \
                 BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS {BSD_WARRANTY} THE COPYRIGHT OWNER OR CONTRIBUTORS {BSD_END}"
            )
        };
        assert_eq!(recognise(&bsd("")), Some("BSD-2-Clause"));
        let names = format!(
            "* Neither the name of One Inc. {BSD_NAMES} its contributors {BSD_ENDORSEMENT}"
        );
        assert_eq!(recognise(&bsd(&names)), Some("BSD-3-Clause"));
        assert_eq!(
            recognise(&format!("{ISC} THE AUTHOR DISCLAIMS {ISC_WARRANTY} THE AUTHOR {ISC_END}")),
            Some("ISC")
        );
    }

    #[test]
    fn a_text_with_other_words_is_no_standard_text() {
        assert_eq!(recognise(&mit("The Software shall be used for Good, not Evil.")), None);
        assert_eq!(recognise(&mit(&mit(""))), None);
        assert_eq!(recognise(&format!("Commons Clause Condition\nmore\n{}", mit(""))), None);
        assert_eq!(recognise("Apache License"), None);
        assert_eq!(recognise(&"word ".repeat(100_000)), None);
    }
}

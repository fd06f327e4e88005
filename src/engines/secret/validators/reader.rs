//! Reads what keys are written in: DER elements, and the length-prefixed texts of SSH.

/// The tag of an integer.
pub(super) const INTEGER: u8 = 0x02;
/// The tag of a string of bytes.
pub(super) const OCTETS: u8 = 0x04;
/// The tag of an object identifier.
pub(super) const OBJECT_ID: u8 = 0x06;
/// The tag of a sequence.
pub(super) const SEQUENCE: u8 = 0x30;
/// The tag of what a definition numbers 0.
pub(super) const FIRST: u8 = 0xa0;

/// Bytes that are read from the front. `None` is told where they do not hold what is asked for.
#[derive(Clone)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// So many bytes.
    pub(super) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    /// A number of so many bytes (eight at most), the highest first.
    pub(super) fn number(&mut self, bytes: usize) -> Option<usize> {
        let digits = self.take(bytes)?;
        Some(digits.iter().fold(0, |number, digit| number << 8 | usize::from(*digit)))
    }

    /// Four bytes of length, and as many bytes.
    pub(super) fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number(4)?;
        self.take(length)
    }

    /// The content of a DER element of this tag. What is something else stays where it is.
    pub(super) fn element(&mut self, tag: u8) -> Option<&'a [u8]> {
        let mut ahead = self.clone();
        if ahead.byte()? != tag {
            return None;
        }
        let length = match ahead.byte()? {
            short @ 0..=0x7f => usize::from(short),
            long @ 0x81..=0x84 => ahead.number(usize::from(long & 0x7f))?,
            _ => return None,
        };
        let content = ahead.take(length)?;
        *self = ahead;
        Some(content)
    }
}

/// Bits of an unsigned number, the highest byte first.
pub(super) fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let leading = number.get(zeros).map_or(0, |byte| byte.leading_zeros() as usize);
    (number.len() - zeros) * 8 - leading
}

//! Numbers, texts and days as bytes: what the parts of an index are made of.
//!
//! Numbers are little-endian base 128 (LEB128); a text is its length and its bytes; lists begin with their
//! length. Reading believes nothing: whatever the bytes, it ends with a value or with [`Corrupt`], and it
//! allocates no more than a constant times the bytes that are there.

use jiff::civil::Date;

/// Bytes that are no encoded value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Corrupt;

/// Appends values.
#[derive(Default)]
pub(super) struct Encoder(pub(super) Vec<u8>);

impl Encoder {
    /// Seven bits to a byte, the lowest first.
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.0.push(number.to_le_bytes()[0]);
    }

    /// A length, and the text.
    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A text that may be missing; an empty one counts as missing.
    pub(super) fn optional_text(&mut self, text: Option<&str>) {
        self.text(text.unwrap_or_default());
    }

    /// A day, or 0 for none.
    pub(super) fn date(&mut self, date: Option<Date>) {
        self.number(date.map_or(0, |date| {
            let [year, month, day] = [date.year(), date.month().into(), date.day().into()]
                .map(|part: i16| u64::from(part.unsigned_abs()));
            (year << 9) | (month << 5) | day
        }));
    }

    /// Four bytes.
    pub(super) fn float(&mut self, number: f32) {
        self.0.extend_from_slice(&number.to_bits().to_le_bytes());
    }

    /// A length, and the elements.
    pub(super) fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.number(items.len() as u64);
        for item in items {
            each(self, item);
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, texts: &[String]) {
        self.list(texts, |to, text| to.text(text));
    }
}

/// Takes values off the front.
pub(super) struct Decoder<'a>(pub(super) &'a [u8]);

impl<'a> Decoder<'a> {
    /// A number of seven bits to a byte.
    pub(super) fn number(&mut self) -> Result<u64, Corrupt> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.bytes(1)?[0];
            let bits = u64::from(byte & 0x7f);
            let shifted = bits << shift;
            if shifted >> shift != bits {
                return Err(Corrupt);
            }
            number |= shifted;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Corrupt)
    }

    /// A number that is a length or an index.
    pub(super) fn size(&mut self) -> Result<usize, Corrupt> {
        usize::try_from(self.number()?).map_err(|_| Corrupt)
    }

    /// So many bytes.
    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Corrupt> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Corrupt)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A text, borrowed.
    pub(super) fn str(&mut self) -> Result<&'a str, Corrupt> {
        let length = self.size()?;
        std::str::from_utf8(self.bytes(length)?).map_err(|_| Corrupt)
    }

    /// A text.
    pub(super) fn text(&mut self) -> Result<String, Corrupt> {
        self.str().map(str::to_owned)
    }

    /// A text that may be missing.
    pub(super) fn optional_text(&mut self) -> Result<Option<String>, Corrupt> {
        self.str().map(|text| (!text.is_empty()).then(|| text.to_owned()))
    }

    /// A day that may be missing.
    pub(super) fn date(&mut self) -> Result<Option<Date>, Corrupt> {
        let number = self.number()?;
        if number == 0 {
            return Ok(None);
        }
        let year = i16::try_from(number >> 9).map_err(|_| Corrupt)?;
        let month = i8::try_from((number >> 5) & 0xf).map_err(|_| Corrupt)?;
        let day = i8::try_from(number & 0x1f).map_err(|_| Corrupt)?;
        Date::new(year, month, day).map(Some).map_err(|_| Corrupt)
    }

    /// A number of four bytes.
    pub(super) fn float(&mut self) -> Result<f32, Corrupt> {
        let bytes = self.bytes(4)?.try_into().map_err(|_| Corrupt)?;
        Ok(f32::from_bits(u32::from_le_bytes(bytes)))
    }

    /// A list. Each of its elements takes a byte at least, so that its length is no reason to allocate.
    pub(super) fn list<T>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<T, Corrupt>,
    ) -> Result<Vec<T>, Corrupt> {
        let length = self.size()?;
        if length > self.0.len() {
            return Err(Corrupt);
        }
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(each(self)?);
        }
        Ok(items)
    }

    /// A list of texts.
    pub(super) fn texts(&mut self) -> Result<Vec<String>, Corrupt> {
        self.list(Self::text)
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), Corrupt> {
        if self.0.is_empty() { Ok(()) } else { Err(Corrupt) }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_come_back() {
        let mut to = Encoder::default();
        let days = [None, Some(date(2024, 2, 29)), Some(date(1, 1, 1)), Some(date(9999, 12, 31))];
        for day in days {
            to.date(day);
        }
        let mut from = Decoder(&to.0);
        assert_eq!(days.map(|_| from.date()), days.map(Ok));
        assert_eq!(from.end(), Ok(()));
    }

    #[test]
    fn a_length_beyond_the_bytes_is_corrupt() {
        let mut to = Encoder::default();
        to.number(u64::MAX);
        to.number(7);
        assert_eq!(Decoder(&to.0).texts(), Err(Corrupt));
        assert_eq!(Decoder(&to.0).text(), Err(Corrupt));
        assert_eq!(Decoder(&[0xff; 10]).number(), Err(Corrupt));
    }

    proptest! {
        #[test]
        fn numbers_and_texts_come_back(number: u64, text: String, texts: Vec<String>) {
            let mut to = Encoder::default();
            to.number(number);
            to.text(&text);
            to.texts(&texts);
            let mut from = Decoder(&to.0);
            prop_assert_eq!(from.number(), Ok(number));
            prop_assert_eq!(from.text(), Ok(text));
            prop_assert_eq!(from.texts(), Ok(texts));
            prop_assert_eq!(from.end(), Ok(()));
        }
    }
}

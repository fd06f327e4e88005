//! Sizes as people write them: `512 KiB`, `10 MiB`, `1000000`.

use serde::{Deserialize, Deserializer};

/// A number of bytes. The default is that of `max-file-size`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(u64);

impl Default for Size {
    fn default() -> Self {
        Self(10 << 20)
    }
}

impl Size {
    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let factor: u64 = match unit.trim() {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(factor).map(Self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{text}` is not a size such as `512 KiB` or `10 MiB`"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Size;

    #[test]
    fn units_are_binary_and_a_bare_number_is_bytes() {
        assert_eq!(Size::parse("512 KiB").map(Size::bytes), Some(512 << 10));
        assert_eq!(Size::parse("1000000").map(Size::bytes), Some(1_000_000));
        assert_eq!(Size::parse("10 MB"), None);
    }
}

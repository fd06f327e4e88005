//! How far a version is from another, and whether the ecosystem promises that it fits.

use super::{
    Ecosystem, Version,
    parts::{Digits, leading_digits},
};

/// The place of the first number that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Distance {
    /// The third number or what follows it.
    Patch,
    /// The second number.
    Minor,
    /// The first number, or the epoch before it.
    Major,
    /// One of them is no version there.
    Unknown,
}

/// How far it is from one version to another, in either direction. Only the numbers are looked at: whether a
/// minor step may break something is asked of [`is_compatible`].
pub fn distance(ecosystem: Ecosystem, from: &str, to: &str) -> Distance {
    let (Some(from), Some(to)) = (Version::parse(ecosystem, from), Version::parse(ecosystem, to))
    else {
        return Distance::Unknown;
    };
    let (from, to) = (numbers(&from), numbers(&to));
    match from.iter().zip(&to).position(|(from, to)| from != to) {
        Some(0 | 1) => Distance::Major,
        Some(2) => Distance::Minor,
        _ => Distance::Patch,
    }
}

/// Whether who uses one version may take the other, by what the ecosystem itself promises. None where it
/// promises nothing, or where one of them is no version there.
///
/// Cargo, npm and Composer promise what a caret allows: all up to the first number that is not 0. Pub's caret
/// differs at 0.0: all of `0.0.x` fits. Go ("semantic import versioning") and Hex promise the same first
/// number, and nothing for 0. An older version never fits, nor does a pre-release of other numbers.
pub fn is_compatible(ecosystem: Ecosystem, from: &str, to: &str) -> Option<bool> {
    let (old, new) = (Version::parse(ecosystem, from)?, Version::parse(ecosystem, to)?);
    let ([_, from @ ..], [_, to @ ..]) = (numbers(&old), numbers(&new));
    let leading_zeros = from.iter().take_while(|number| number.is_zero()).count();
    let significant = match ecosystem {
        Ecosystem::CratesIo | Ecosystem::Npm | Ecosystem::Packagist => (leading_zeros + 1).min(3),
        Ecosystem::Pub => (leading_zeros + 1).min(2),
        Ecosystem::Go | Ecosystem::Hex if leading_zeros == 0 => 1,
        _ => return None,
    };
    let is_stable = !new.is_prerelease() || from == to;
    Some(old <= new && is_stable && from[..significant] == to[..significant])
}

/// The epoch and the first three numbers; what is missing is 0.
fn numbers<'a>(version: &Version<'a>) -> [Digits<'a>; 4] {
    let text = version.text.trim();
    let is_prefix = |next: char| !next.is_ascii_digit();
    let mut rest = text.trim_start_matches(is_prefix);
    let mut numbers = [Digits::default(); 4];
    if let Some((epoch, after)) = rest.split_once(['!', ':'])
        && matches!(version.ecosystem, Ecosystem::PyPi | Ecosystem::Debian)
    {
        numbers[0] = Digits::new(epoch);
        rest = after;
    }
    let separators: &[char] =
        if version.ecosystem == Ecosystem::Cran { &['.', '-'] } else { &['.'] };
    for slot in &mut numbers[1..] {
        let (digits, after) = leading_digits(rest);
        *slot = Digits::new(digits);
        match after.strip_prefix(separators) {
            Some(after) => rest = after,
            None => break,
        }
    }
    numbers
}

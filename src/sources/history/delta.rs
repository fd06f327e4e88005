//! Applies git's deltas: copies of the base and new bytes, one after the other.
//!
//! The format is that of git's `pack-format` documentation. A delta comes from a pack that anyone may have
//! written, so that every size in it is checked before it is used. Public for the fuzz targets only.

/// The sizes that a delta begins with: those of its base and of its result, in bytes.
pub struct Sizes {
    /// Bytes of the base.
    pub base: u64,
    /// Bytes of the result.
    pub result: u64,
}

/// A stretch of the result that stands in the base, too.
pub struct Copied {
    /// Where it begins in the base.
    pub from: usize,
    /// Where it begins in the result.
    pub at: usize,
    /// How many bytes it has.
    pub length: usize,
}

/// Reads the sizes; the rest are the instructions.
pub fn sizes(delta: &[u8]) -> Option<(Sizes, &[u8])> {
    let (base, rest) = size(delta)?;
    let (result, instructions) = size(rest)?;
    Some((Sizes { base, result }, instructions))
}

/// Seven bits for each byte, the lowest first; the highest bit says that more follow.
fn size(mut bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (mut size, mut shift) = (0_u64, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        if shift > 56 {
            return None;
        }
        size |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        bytes = rest;
        if byte & 0x80 == 0 {
            return Some((size, bytes));
        }
    }
}

/// Writes to `to` what the instructions make of `base`; `None` if that has another size than `result`, or
/// if they ask for bytes that are not there. What is copied stands in `copies`, in the order of the result.
pub fn apply(
    base: &[u8],
    mut instructions: &[u8],
    result: usize,
    to: &mut Vec<u8>,
    copies: &mut Vec<Copied>,
) -> Option<()> {
    to.clear();
    copies.clear();
    to.reserve(result);
    while let Some((command, rest)) = instructions.split_first() {
        let bytes;
        if command & 0x80 != 0 {
            let (start, length, rest) = copied(*command, rest)?;
            bytes = base.get(start..start.checked_add(length)?)?;
            copies.push(Copied { from: start, at: to.len(), length });
            instructions = rest;
        } else {
            // Zero is reserved: nothing may follow from it.
            let length = Some(usize::from(*command)).filter(|length| *length > 0)?;
            (bytes, instructions) = rest.split_at_checked(length)?;
        }
        if to.len() + bytes.len() > result {
            return None;
        }
        to.extend_from_slice(bytes);
    }
    (to.len() == result).then_some(())
}

/// Offset and length of a copy. Bits of the command tell which of their seven bytes are written out.
fn copied(command: u8, mut rest: &[u8]) -> Option<(usize, usize, &[u8])> {
    let mut fields = [0_u8; 7];
    for (bit, field) in fields.iter_mut().enumerate() {
        if command & (1 << bit) != 0 {
            let (byte, after) = rest.split_first()?;
            (*field, rest) = (*byte, after);
        }
    }
    let start = u32::from_le_bytes([fields[0], fields[1], fields[2], fields[3]]);
    let length = match u32::from_le_bytes([fields[4], fields[5], fields[6], 0]) {
        0 => 0x1_0000,
        length => length,
    };
    Some((usize::try_from(start).ok()?, usize::try_from(length).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn applied(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
        let (sizes, instructions) = sizes(delta)?;
        let mut to = Vec::new();
        let result = usize::try_from(sizes.result).ok()?;
        (sizes.base == base.len() as u64 && result < 1 << 20).then_some(())?;
        let mut copies = Vec::new();
        apply(base, instructions, result, &mut to, &mut copies)?;
        let is_same =
            |it: &Copied| to[it.at..it.at + it.length] == base[it.from..it.from + it.length];
        assert!(copies.iter().all(is_same), "what is copied stands in both");
        Some(to)
    }

    #[test]
    fn copies_and_new_bytes_follow_each_other() {
        let delta = [6, 7, 0x91, 2, 3, 2, b'x', b'y', 0x90, 2];
        assert_eq!(applied(b"abcdef", &delta).as_deref(), Some(&b"cdexyab"[..]));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for delta in [
            &[6, 3, 0x91, 5, 3][..], // copies from behind the end
            &[6, 9, 0x90, 3],        // makes less than it says
            &[6, 2, 0x90, 3],        // makes more than it says
            &[6, 3, 5, b'a'],        // new bytes are missing
            &[6, 3, 0],              // the reserved command
            &[5, 3, 0x90, 3],        // another base
            &[0x80; 12],             // a size without end
        ] {
            assert_eq!(applied(b"abcdef", delta), None, "{delta:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(base in prop::collection::vec(any::<u8>(), 0..300), delta in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Some(made) = applied(&base, &delta) {
                prop_assert!(made.len() < 1 << 20);
            }
        }
    }
}

//! Takes entries out of YAML maps and elements out of lists, together with their lines.

use std::ops::Range;

use super::{Document, Way, pieces};
use crate::{
    engines::document::node::{Node, Value},
    finding::DraftEdit,
};

/// The edit that takes out the entry or element at the end of a way. Where nothing would be left of its map or list,
/// that goes as well.
pub(super) fn edit(document: &Document<'_>, mut way: Way<'_>) -> Option<DraftEdit> {
    while let Some((_, whole)) = way.pop() {
        let (parent, _) = way.last()?;
        let mut pieces: Vec<_> = pieces(parent).into_iter().map(|(_, whole)| whole).collect();
        pieces.retain(|piece| parent.at.start <= piece.start && piece.end <= parent.at.end);
        let index = pieces.iter().position(|piece| *piece == whole)?;
        if pieces.len() > 1 {
            let at = cut(document, parent, &pieces, index)?;
            return Some(DraftEdit { at, text: String::new() });
        }
    }
    None
}

fn cut(
    document: &Document<'_>,
    parent: &Node,
    pieces: &[Range<usize>],
    index: usize,
) -> Option<Range<usize>> {
    let piece = &pieces[index];
    if document.is_flow(parent) {
        // Up to the next piece, or from the end of the one before, so that one comma goes with it.
        return Some(match pieces.get(index + 1) {
            Some(next) => piece.start..next.start,
            None => pieces[index.checked_sub(1)?].end..piece.end,
        });
    }
    let is_list = matches!(parent.value, Value::List(_));
    let line = document.line_start(piece.start);
    let before = &document.text[line..piece.start];
    let is_alone = if is_list {
        before.trim_start().strip_prefix('-').is_some_and(|rest| rest.trim().is_empty())
    } else {
        before.trim().is_empty()
    };
    if is_alone {
        let end = document.line_end(piece.end);
        let rest = &document.text[end..];
        let newline = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
        return Some(line..end + newline);
    }
    // The first key behind the mark of a list element: the next one takes its place.
    let next = pieces.get(index + 1).filter(|_| !is_list && index == 0)?;
    Some(piece.start..next.start)
}

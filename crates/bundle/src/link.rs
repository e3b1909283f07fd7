//! Links of an answer: each becomes a placeholder, and a placeholder becomes a link of whoever serves the bundle.

use bytes::Bytes;

/// How a placeholder begins; its number follows.
const PLACEHOLDER: &str = "imagewire-bundle:link:";

/// What stands for a link in a body.
pub(crate) fn placeholder(number: usize) -> String {
    format!("{PLACEHOLDER}{number}")
}

/// A piece of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes that are served as they are.
    Bytes(Bytes),
    /// The place of a link; its number is the `index` of [`Link`](crate::Link).
    Link(usize),
}

/// A body cut at its placeholders.
pub(crate) fn pieces(mut body: Bytes) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut from = 0;
    while let Some(start) = find(&body, from) {
        let after = start + PLACEHOLDER.len();
        let digits = body[after..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number =
            std::str::from_utf8(&body[after..after + digits]).ok().and_then(|text| text.parse().ok());
        match number {
            Some(number) => {
                pieces.push(Piece::Bytes(body.slice(..start)));
                pieces.push(Piece::Link(number));
                (body, from) = (body.slice(after + digits..), 0);
            }
            None => from = after,
        }
    }
    pieces.push(Piece::Bytes(body));
    pieces.retain(|piece| *piece != Piece::Bytes(Bytes::new()));
    pieces
}

fn find(body: &[u8], from: usize) -> Option<usize> {
    let first = PLACEHOLDER.as_bytes().first()?;
    let mut at = from;
    while let Some(next) = body.get(at..)?.iter().position(|byte| byte == first) {
        at += next;
        if body[at..].starts_with(PLACEHOLDER.as_bytes()) {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_cut_at_their_links() {
        let bytes = |text: &'static str| Piece::Bytes(Bytes::from(text));
        let body = "iima imagewire-bundle:link:0\" imagewire-bundle:link:x imagewire-bundle:link:17";
        assert_eq!(
            pieces(Bytes::from(body)),
            [bytes("iima "), Piece::Link(0), bytes("\" imagewire-bundle:link:x "), Piece::Link(17)]
        );
        assert_eq!(pieces(Bytes::new()), []);
    }
}

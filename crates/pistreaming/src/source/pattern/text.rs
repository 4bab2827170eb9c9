//! Letters on a picture, from a small font of the pattern's own.
//!
//! Here belongs: the font and drawing a line with it. Not here: what is written.

use super::canvas::Plane;

/// Width of a letter and the gap behind it, in dots.
pub(super) const ADVANCE: usize = 6;
/// Height of a letter in dots.
pub(super) const HEIGHT: usize = 7;

/// Width of `text` in dots, without the gap behind the last letter.
pub(super) fn width(text: &[u8]) -> usize {
    (text.len() * ADVANCE).saturating_sub(1)
}

/// Writes `text` with its upper left corner at `x`, `y`, each dot `scale` pixels wide and high.
pub(super) fn draw(plane: &mut Plane<'_>, x: usize, y: usize, scale: usize, text: &[u8], value: u8) {
    for (index, character) in text.iter().enumerate() {
        let left = x + index * ADVANCE * scale;
        for (line, &dots) in glyph(*character).iter().enumerate() {
            for dot in (0..5).filter(|dot| dots >> (4 - dot) & 1 == 1) {
                plane.fill(left + dot * scale, y + line * scale, scale, scale, value);
            }
        }
    }
}

/// The dots of a letter: seven lines from the top, five bits each, the leftmost the most significant.
/// Letters that the pattern does not write are blank.
const fn glyph(character: u8) -> [u8; HEIGHT] {
    match character {
        b'0' => [0b01110, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110],
        b'1' => [0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110],
        b'2' => [0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111],
        b'3' => [0b01110, 0b10001, 0b00001, 0b00110, 0b00001, 0b10001, 0b01110],
        b'4' => [0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010],
        b'5' => [0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110],
        b'6' => [0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110],
        b'7' => [0b11111, 0b00001, 0b00010, 0b00100, 0b00100, 0b01000, 0b01000],
        b'8' => [0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110],
        b'9' => [0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100],
        b':' => [0b00000, 0b00100, 0b00100, 0b00000, 0b00100, 0b00100, 0b00000],
        b'.' => [0b00000, 0b00000, 0b00000, 0b00000, 0b00000, 0b00100, 0b00100],
        b'/' => [0b00001, 0b00001, 0b00010, 0b00100, 0b01000, 0b10000, 0b10000],
        b'x' => [0b00000, 0b00000, 0b10001, 0b01010, 0b00100, 0b01010, 0b10001],
        b'f' => [0b00110, 0b01000, 0b11110, 0b01000, 0b01000, 0b01000, 0b01000],
        b's' => [0b00000, 0b00000, 0b01111, 0b10000, 0b01110, 0b00001, 0b11110],
        b'C' => [0b01110, 0b10001, 0b10000, 0b10000, 0b10000, 0b10001, 0b01110],
        b'T' => [0b11111, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100, 0b00100],
        b'U' => [0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b10001, 0b01110],
        _ => [0; HEIGHT],
    }
}

#[cfg(test)]
mod tests {
    use super::super::canvas::Canvas;
    use super::*;
    use crate::frame::FrameSize;

    #[test]
    fn a_line_of_text_stands_where_it_should() {
        let size = FrameSize::new(32, 16).unwrap();
        let mut samples = vec![0; size.i420_len()];
        draw(&mut Canvas::new(&mut samples, size).y, 1, 1, 2, b"1x", 9);
        let picture: Vec<String> = samples[..32 * 16]
            .chunks(32)
            .map(|row| row.iter().map(|&sample| if sample == 9 { '#' } else { '.' }).collect())
            .collect();
        assert_eq!(picture[0], ".".repeat(32));
        assert_eq!(picture[1], ".....##.........................");
        assert_eq!(picture[2], picture[1]);
        assert_eq!(picture[5], ".....##......##......##.........");
        assert_eq!(picture[13], "...######....##......##.........");
        assert_eq!(width(b"1x"), 11);
    }

    #[test]
    fn no_two_letters_look_alike() {
        let letters = b"0123456789:./xfsCTU ";
        for (index, &one) in letters.iter().enumerate() {
            assert!(letters[..index].iter().all(|&other| glyph(one) != glyph(other)), "{}", one as char);
        }
    }

    #[test]
    fn what_does_not_fit_is_cut_off() {
        let size = FrameSize::new(16, 16).unwrap();
        let mut samples = vec![0; size.i420_len()];
        draw(&mut Canvas::new(&mut samples, size).y, 13, 13, 3, b"88", 9);
        assert_eq!(
            samples.iter().filter(|&&sample| sample == 9).count(),
            0,
            "the corner dot of an 8 is blank"
        );
        draw(&mut Canvas::new(&mut samples, size).y, 10, 10, 3, b"88", 9);
        assert_eq!(samples.iter().filter(|&&sample| sample == 9).count(), 3 * 3 * 2);
    }
}

//! The clock strip that the test pattern paints, found and read on a screen.
//!
//! Here belongs: the strip's layout, its place on the screen. Not here: how the screen's pixels are got at.
//!
//! 40 cells in one row along the picture's bottom edge, the bottom 16 lines, from the left: 32 bits of Unix time in
//! units of 100 µs (modulo 2³², most significant first, white is 1), then 8 bits: the XOR of those four bytes and 0xA5.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const CELLS: u32 = 40;
/// The strip's height in the picture's own lines.
const LINES: f64 = 16.0;
/// Older times are noise that happens to have the right check bits.
const OLDEST: Duration = Duration::from_secs(60);

/// When a frame was stamped, in units of 100 µs modulo 2³².
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u32);

impl Stamp {
    /// The stamp of this moment.
    pub(crate) fn now() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self((unix.as_micros() / 100) as u32)
    }

    /// The time from `earlier` to this. Past half of the range `earlier` is the later one: then zero.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        let units = self.0.wrapping_sub(earlier.0);
        Duration::from_micros(if units > u32::MAX / 2 { 0 } else { u64::from(units) * 100 })
    }

    /// Whether this is later than `other`.
    pub(crate) const fn is_behind(self, other: Self) -> bool {
        let units = self.0.wrapping_sub(other.0);
        units > 0 && units <= u32::MAX / 2
    }
}

/// Where on the screen the strip is: one row through its middle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    /// Pixels from the left edge to the first cell.
    pub(crate) left: u32,
    /// The row that is read.
    pub(crate) row: u32,
    /// A cell's width in pixels of the screen.
    pub(crate) cell: f64,
}

impl Place {
    /// Pixels of the row up to the strip's end.
    pub(crate) fn end(self) -> u32 {
        self.left + (f64::from(CELLS) * self.cell).ceil() as u32
    }

    /// Reads the strip from the brightness of a row's pixels. Nothing if there is none, or a torn one: the check bits
    /// differ, or the time is not one of the last [`OLDEST`] before `now`.
    ///
    /// The last check bit is not looked at. It lies in the picture's last macroblock, which JSMpeg at times leaves as it
    /// was; the picture is shown nonetheless and has to count.
    pub(crate) fn read(self, row: &[u8], now: Stamp) -> Option<Stamp> {
        let mut bits = 0_u64;
        for cell in 0..CELLS {
            let middle = f64::from(self.left) + (f64::from(cell) + 0.5) * self.cell;
            bits = bits << 1 | u64::from(*row.get(middle as usize)? >= 128);
        }
        let (time, check) = ((bits >> 8) as u32, bits as u8);
        let expected = time.to_be_bytes().iter().fold(0xa5, |sum, byte| sum ^ byte);
        let recent = now.0.wrapping_sub(time) < OLDEST.as_micros() as u32 / 100;
        (check | 1 == expected | 1 && recent).then_some(Stamp(time))
    }
}

/// A cell's width in a picture of this width.
pub(crate) const fn natural_cell(picture_width: u32) -> u32 {
    let even = picture_width / CELLS / 2 * 2;
    if even < 4 { 4 } else { even }
}

/// Looks for the strip of a picture of `picture` size anywhere on the screen, as large as it is or scaled to fit.
/// `row(y)` gives the brightness of a row's pixels.
pub(crate) fn find(
    screen: (u32, u32),
    picture: (u32, u32),
    mut row: impl FnMut(u32) -> Option<Vec<u8>>,
) -> Option<Place> {
    let fit = (f64::from(screen.0) / f64::from(picture.0)).min(f64::from(screen.1) / f64::from(picture.1));
    let mut scales = vec![1.0, fit];
    scales.dedup();
    for y in 0..screen.1 {
        let pixels = row(y)?;
        for scale in &scales {
            let cell = f64::from(natural_cell(picture.0)) * scale;
            let at = |left| Place { left, row: y + (LINES * scale / 2.0) as u32, cell };
            let fits =
                |left: &u32| at(*left).end() <= screen.0 && at(*left).read(&pixels, Stamp::now()).is_some();
            // It reads from up to half a cell beside the truth: take the middle of where it does.
            let mut lefts = (0..screen.0).filter(fits);
            if let Some(first) = lefts.next() {
                let last = lefts.next_back().unwrap_or(first);
                let place = at(u32::midpoint(first, last));
                // A page that paints while its rows are read may have shown the strip from its middle down only.
                let is_whole =
                    row(place.row).is_some_and(|pixels| place.read(&pixels, Stamp::now()).is_some());
                return is_whole.then_some(place);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of a grey screen with the strip of `stamp` at `left`.
    fn row(stamp: u32, left: usize, cell: usize, width: usize) -> Vec<u8> {
        let check = stamp.to_be_bytes().iter().fold(0xa5, |sum, byte| sum ^ byte);
        let bits = u64::from(stamp) << 8 | u64::from(check);
        let mut pixels = vec![51; width];
        for bit in 0..40 {
            let value = if bits >> (39 - bit) & 1 == 1 { 235 } else { 16 };
            pixels[left + bit * cell..][..cell].fill(value);
        }
        pixels
    }

    #[test]
    fn is_found_and_read_where_it_is() {
        let now = Stamp::now();
        for (left, scale) in [(0, 1), (37, 1), (0, 2), (101, 2)] {
            let (stamp, cell) = (now.0, 8 * scale);
            let screen = (101 + 320 * 2, 480);
            let pixels = row(stamp, left, cell, screen.0 as usize);
            let blank = vec![51; screen.0 as usize];
            let picture = (320, if scale == 2 { 240 } else { 480 });
            // Scaled to fit, the width has to give the factor.
            let screen = if scale == 2 { (640 + 101, 480) } else { screen };
            let find_row = |y| {
                Some(if (400..400 + 16 * scale as u32).contains(&y) { pixels.clone() } else { blank.clone() })
            };
            let place = find(screen, picture, find_row).expect("found");
            assert!((408..=416).contains(&place.row), "{place:?}");
            assert!(place.left.abs_diff(left as u32) <= cell as u32 / 2, "{place:?}");
            assert_eq!(place.read(&pixels, now), Some(now));
        }
    }

    /// The upper half of the strip was painted only after its rows had been read: what would be taken for its middle is below it.
    #[test]
    fn a_strip_that_is_being_painted_is_not_there_yet() {
        let (blank, pixels) = (vec![51; 320], row(Stamp::now().0, 0, 8, 320));
        let painted_from = |first: u32| {
            let row = |y| (y < 240).then(|| if y >= first { pixels.clone() } else { blank.clone() });
            find((320, 240), (320, 240), row)
        };
        assert_eq!(painted_from(224).map(|place| place.row), Some(232));
        assert_eq!((painted_from(232), painted_from(238)), (None, None));
    }

    #[test]
    fn a_torn_strip_is_none() {
        let (old, new) = (row(0x0f0f_0000, 0, 8, 320), row(0x0f0e_ffff, 0, 8, 320));
        let place = Place { left: 0, row: 0, cell: 8.0 };
        let torn = [&new[..160], &old[160..]].concat();
        assert_eq!(place.read(&torn, Stamp(0x0f0f_0001)), None);
        assert_eq!(place.read(&old, Stamp(0x0f0f_0001)), Some(Stamp(0x0f0f_0000)));
        assert_eq!(place.read(&old, Stamp(0x0f0e_ffff)), None, "from the future");
    }

    #[test]
    fn times_wrap() {
        assert_eq!(Stamp(5).since(Stamp(u32::MAX - 4)), Duration::from_millis(1));
        assert_eq!(Stamp(5).since(Stamp(6)), Duration::ZERO);
        assert!(Stamp(5).is_behind(Stamp(u32::MAX - 4)) && !Stamp(5).is_behind(Stamp(5)));
        assert!(!Stamp(u32::MAX - 4).is_behind(Stamp(5)));
    }
}

//! Where there are more bits than what is new takes: they go into what stays, first of all into what is coarsest.
//!
//! All that stays takes more with the next finer scale than a picture has, or less than it has; so a part of it is made
//! finer by more than a step, and the rest stays as it is until the next picture.
//!
//! Here belongs: which macroblocks get finer. Not here: how many bits there are (`rate`), what is known to stay (`remains`).

use super::cost::Costs;
use super::mode::Mode;

/// Of what is wanted so much is near enough; where it is less, a scale finer by this factor is tried for a part.
const FILLED: f32 = 0.5;
const FINER: f32 = 0.7;

/// Where much of the `wanted` bits is left with `scale`, since the next finer one takes too much: a finer one, `least` at the
/// finest, and what stays is made to rest as far as there are not bits for it.
///
/// `bits`: what all take with `scale`.
pub(super) fn refine(
    costs: Costs,
    (least, scale): (u8, u8),
    (wanted, bits): (f32, f32),
    modes: &mut [Mode],
) -> u8 {
    if scale <= least || bits > wanted * FILLED {
        return scale;
    }
    let at_rest = |scale| {
        let moving = modes.iter().filter(|mode| mode.settled_scale == 0);
        moving.map(|mode| costs.bits(mode, scale)).sum::<f32>()
    };
    let finer = ((f32::from(scale) * FINER) as u8).max(least);
    let scale = (finer..scale).find(|&finer| at_rest(finer) <= wanted).unwrap_or(scale);
    make_rest(costs, scale, wanted, modes);
    scale
}

/// The scale that what there is has been coded with so far, on average: `before`, that of the picture before, where
/// something is new.
pub(super) fn reached(modes: &[Mode], before: u8) -> f32 {
    let (mut scales, mut weights) = (0.0, 0.0);
    for mode in modes.iter().filter(|mode| !mode.due) {
        let scale = mode.settled_in().unwrap_or(before);
        scales += f32::from(scale) * mode.activity as f32;
        weights += mode.activity as f32;
    }
    if weights > 0.0 { scales / weights } else { before.into() }
}

/// Makes macroblocks of which nothing is new rest, so that the others fit into `wanted` bits with `scale`: those that are
/// finest already.
fn make_rest(costs: Costs, scale: u8, wanted: f32, modes: &mut [Mode]) {
    let (mut left, mut sums) = (wanted, [0.0; 32]);
    for mode in &*modes {
        match (mode.settled_in(), costs.bits(mode, scale)) {
            (None, bits) => left -= bits,
            (Some(settled), bits) => sums[usize::from(settled % 32)] += bits,
        }
    }
    let mut finest = sums.len();
    while finest > 0 && left >= 0.0 {
        finest -= 1;
        left -= sums[finest];
    }
    // Of those that fit in part, the first ones.
    left += sums[finest % 32];
    for mode in modes {
        let Some(settled) = mode.settled_in().map(usize::from) else { continue };
        left -= if settled == finest { costs.bits(mode, scale) } else { 0.0 };
        mode.rests = settled < finest || settled == finest && left < 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarsest_gets_finer_first_and_no_more_than_there_are_bits_for() {
        let settled = |settled_scale| Mode { activity: 6000, settled_scale, ..Mode::default() };
        let costs = Costs::TYPICAL;
        let mut modes = [16, 30, 16, 30, 8].map(settled);
        let one = costs.bits(&settled(30), 8);
        assert!(one > 0.0 && costs.bits(&settled(8), 8) == 0.0);
        make_rest(costs, 8, one * 2.5, &mut modes);
        assert_eq!(modes.map(|mode| mode.rests), [true, false, true, false, true]);
        assert!(modes.iter().filter(|mode| mode.rests).all(|mode| costs.bits(mode, 8) == 0.0));
        let mut modes = [16, 30, 30, 30, 8].map(settled);
        make_rest(costs, 8, one * 2.5, &mut modes);
        assert_eq!(modes.map(|mode| mode.rests), [true, false, false, true, true]);
    }

    #[test]
    fn what_is_new_goes_before_what_stays() {
        let new = Mode { activity: 6000, ..Mode::default() };
        let stays = Mode { settled_scale: 20, ..new };
        let costs = Costs::TYPICAL;
        let takes = |scale| costs.bits(&new, scale);
        let mut modes = [new, stays];
        let mut refine = |least, wanted| {
            let bits = costs.sum(&modes, 20);
            refine(costs, (least, 20), (wanted, bits), &mut modes)
        };
        assert_eq!(refine(2, takes(20) * 1.9), 20, "more than half of it is used");
        assert_eq!(refine(2, takes(14) + 1.0 + takes(20)), 14);
        assert_eq!(refine(20, f32::MAX), 20, "no finer than it may be");
        assert!(!modes[0].rests);
    }
}

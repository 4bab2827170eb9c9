//! Motion: how a block is predicted from another place of the reference picture, and how an encoder finds that place.
//! Not here: how vectors are coded (`syntax/macroblock.rs`).

pub mod compensate;
#[cfg(feature = "encode")]
pub mod sad;
#[cfg(feature = "encode")]
pub mod search;

use crate::picture::Picture;
use crate::syntax::macroblock::MotionVector;
use crate::syntax::picture::MotionScale;
pub use compensate::{HalfPel, predict};

/// The vector in half pels, whatever the picture's vectors count.
#[inline]
#[must_use]
pub const fn in_half_pels(vector: MotionVector, scale: MotionScale) -> MotionVector {
    if scale.full_pel { MotionVector { x: vector.x * 2, y: vector.y * 2 } } else { vector }
}

/// The vector of both chroma blocks, in half samples of theirs, from the luma's in half pels: half of it, cut towards
/// zero (2.4.4.2).
#[inline]
#[must_use]
pub const fn chroma_vector(luma: MotionVector) -> MotionVector {
    MotionVector { x: luma.x / 2, y: luma.y / 2 }
}

/// Predicts the macroblock at column `mb_x` and row `mb_y` of `to` from `reference`, which has the same size, by a
/// vector in half pels. A vector that leads out of the picture is forbidden (2.4.4.2): the prediction is then taken from
/// as far as the picture goes, and the result is false.
#[inline]
pub fn predict_macroblock(
    reference: &Picture,
    to: &mut Picture,
    (mb_x, mb_y): (usize, usize),
    vector: MotionVector,
) -> bool {
    let chroma = chroma_vector(vector);
    let [y, cb, cr] = &mut to.planes;
    let [from_y, from_cb, from_cr] = &reference.planes;
    let (columns, rows) = (reference.mb_width, reference.mb_height);
    let (at, inside) = HalfPel::clamped::<16>((mb_x, mb_y), (columns, rows), vector);
    let stride = y.stride;
    predict::<16>(from_y.view(), at, &mut y.samples[(mb_y * stride + mb_x) * 16..], stride);
    let (at, _) = HalfPel::clamped::<8>((mb_x, mb_y), (columns, rows), chroma);
    for (to, from) in [(cb, from_cb), (cr, from_cr)] {
        let stride = to.stride;
        predict::<8>(from.view(), at, &mut to.samples[(mb_y * stride + mb_x) * 8..], stride);
    }
    inside
}

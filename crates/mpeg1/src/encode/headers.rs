//! What stands before a picture's slices.
//!
//! Here belongs: headers of sequence, group and picture. Not here: how they are written (`syntax`).

use alloc::vec::Vec;

use super::Encoder;
use super::mode::Mode;
use crate::bits::BitWriter;
use crate::syntax::group::GroupHeader;
use crate::syntax::picture::{CodingType, MotionScale, PictureHeader, PictureKind};

impl Encoder {
    /// `join`: what comes after it was not made for it.
    pub(super) fn write_headers(
        &self,
        kind: PictureKind,
        motion: MotionScale,
        join: bool,
        out: &mut Vec<u8>,
    ) {
        let mut bits = BitWriter::new(out);
        if kind == PictureKind::Intra {
            self.sequence.write(&mut bits);
            let time_code =
                GroupHeader::time_code(self.pictures.saturating_sub(1), self.settings.frames_per_second);
            GroupHeader { time_code, closed: true, broken_link: join }.write(&mut bits);
        }
        let header = PictureHeader {
            temporal_reference: (self.since_intra.unwrap_or(0) % 1024) as u16,
            coding_type: CodingType::Reference(kind),
            vbv_delay: PictureHeader::NO_VBV_DELAY,
            forward: motion,
        };
        header.write(&mut bits);
    }
}

/// The smallest f_code in whose range all vectors are.
pub(super) fn motion_scale(modes: &[Mode]) -> MotionScale {
    let reach = |component: i16| if component < 0 { -1 - component } else { component };
    let farthest = modes.iter().map(|mode| reach(mode.vector.x).max(reach(mode.vector.y))).max().unwrap_or(0);
    let f_code = (1..7).find(|f_code| farthest < 16 << (f_code - 1)).unwrap_or(7);
    MotionScale { full_pel: false, f_code }
}

//! The headers of sequences, groups and pictures: legal, and as this encoder writes them.

use super::Reader;
use super::bits::Outcome;

/// What a sequence header says, as far as others depend on it. A later one must say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    aspect: u32,
    rate: u32,
    bit_rate: u32,
    buffer: u32,
}

/// bit_rate of a stream whose rate varies (2.4.3.2), and vbv_delay then (2.4.3.4).
const VARIABLE_RATE: u32 = 0x3_ffff;
const VARIABLE_DELAY: u32 = 0xffff;

/// What a picture header says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Picture {
    pub(super) intra: bool,
    pub(super) full_pel: bool,
    /// Of vectors; 0 in an I picture.
    pub(super) f_code: u32,
    temporal_reference: u32,
}

impl Reader<'_> {
    /// 2.4.2.3, 2.4.3.2
    pub(super) fn sequence_header(&mut self) -> Outcome {
        let bits = &mut self.bits;
        bits.expect(self.rules.size.0 as u32, 12, "horizontal_size")?;
        bits.expect(self.rules.size.1 as u32, 12, "vertical_size")?;
        let (aspect, rate, bit_rate) = (bits.take(4)?, bits.take(4)?, bits.take(18)?);
        bits.expect(1, 1, "a marker_bit")?;
        let buffer = bits.take(10)?;
        bits.expect(0, 1, "constrained_parameters_flag")?;
        bits.expect(0, 1, "load_intra_quantizer_matrix, unknown to old clients,")?;
        bits.expect(0, 1, "load_non_intra_quantizer_matrix, unknown to old clients,")?;
        bits.next_start_code()?;
        if !(1..=14).contains(&aspect) || !(1..=8).contains(&rate) || bit_rate == 0 || buffer == 0 {
            return Err(format!(
                "pel_aspect_ratio {aspect}, picture_rate {rate}, bit_rate {bit_rate}, vbv_buffer_size {buffer}"
            ));
        }
        let sequence = Sequence { aspect, rate, bit_rate, buffer };
        if self.sequence.replace(sequence).is_some_and(|before| before != sequence) {
            return Err("a repeated sequence header says something else".into());
        }
        Ok(())
    }

    /// 2.4.2.4, 2.4.3.3
    pub(super) fn group_header(&mut self) -> Outcome {
        let bits = &mut self.bits;
        bits.expect(0, 1, "drop_frame_flag")?;
        let (hours, minutes) = (bits.take(5)?, bits.take(6)?);
        bits.expect(1, 1, "a marker_bit")?;
        let (seconds, pictures) = (bits.take(6)?, bits.take(6)?);
        bits.expect(1, 1, "closed_gop")?;
        bits.expect(self.rules.joined.into(), 1, "broken_link")?;
        bits.next_start_code()?;
        if hours > 23 || minutes > 59 || seconds > 59 || pictures > 59 {
            return Err(format!("time_code {hours}:{minutes}:{seconds}:{pictures}"));
        }
        let time_code = ((hours * 60 + minutes) * 60 + seconds) * 60 + pictures;
        let before = self.time_code.replace(time_code);
        // After a day it begins anew.
        if before.is_some_and(|before| before > time_code && before < 23 * 60 * 60 * 60) {
            return Err("time_code goes back".into());
        }
        self.picture = None;
        Ok(())
    }

    /// 2.4.2.5, 2.4.3.4
    pub(super) fn picture_header(&mut self) -> Outcome {
        let bits = &mut self.bits;
        let temporal_reference = bits.take(10)?;
        let kind = bits.take(3)?;
        if kind != 1 && kind != 2 {
            return Err(format!("picture_coding_type {kind}: neither I nor P"));
        }
        let delay = bits.take(16)?;
        let (full_pel, f_code) = if kind == 2 { (bits.flag()?, bits.take(3)?) } else { (false, 0) };
        bits.expect(0, 1, "extra_bit_picture")?;
        bits.next_start_code()?;
        if kind == 2 && f_code == 0 {
            return Err("forward_f_code 0 is forbidden".into());
        }
        let varies = self.sequence.is_some_and(|sequence| sequence.bit_rate == VARIABLE_RATE);
        if varies != (delay == VARIABLE_DELAY) {
            return Err(format!("vbv_delay {delay:#x} does not go with the bit_rate"));
        }
        let picture = Picture { intra: kind == 1, full_pel, f_code, temporal_reference };
        self.census.i_pictures += usize::from(picture.intra);
        let before = self.picture.replace(picture);
        self.order(picture, before)
    }

    /// A group begins with an I picture; pictures come in the order in which they are shown.
    fn order(&self, picture: Picture, before: Option<Picture>) -> Outcome {
        if before.is_none() && !picture.intra {
            return Err("a group begins with a P picture".into());
        }
        let after = |before: Picture| (before.temporal_reference + 1) % 1024;
        let found = picture.temporal_reference;
        // A picture for one viewer alone shows what the one before it shows.
        let repeats = self.rules.joined && before.is_none_or(|before| before.temporal_reference == found);
        let wanted = before.map_or(0, after);
        if found == wanted || repeats {
            return Ok(());
        }
        Err(format!("temporal_reference {found}, not {wanted}"))
    }
}

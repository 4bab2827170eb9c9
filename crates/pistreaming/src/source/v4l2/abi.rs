//! The kernel's structures of Video4Linux, version 2, as `linux/videodev2.h` lays them out.
//!
//! Here belongs: layouts and numbers. Not here: calls (`kernel`), what the numbers mean for us (`device`, `format`).
//!
//! Unions are arrays of words of the largest variant, with accessors for the variant that is used. All are plain
//! numbers, for which any bits are a value.

use std::ffi::c_long;

/// `V4L2_BUF_TYPE_VIDEO_CAPTURE`, and the same with several planes of memory (`_MPLANE`).
pub(super) const CAPTURE: u32 = 1;
pub(super) const CAPTURE_MPLANE: u32 = 9;
/// `V4L2_MEMORY_MMAP`: buffers are the driver's, mapped by us.
pub(super) const MEMORY_MMAP: u32 = 1;
/// `VIDEO_MAX_PLANES`.
pub(super) const MAX_PLANES: usize = 8;

/// Capabilities (`V4L2_CAP_…`).
pub(super) const CAP_CAPTURE: u32 = 1;
pub(super) const CAP_CAPTURE_MPLANE: u32 = 0x1000;
/// Memory to memory: a codec, not a camera.
pub(super) const CAP_M2M: u32 = 0x4000 | 0x8000;
pub(super) const CAP_STREAMING: u32 = 0x0400_0000;
/// Part of a pipeline that a program must put together first, as a Pi camera's.
pub(super) const CAP_IO_MC: u32 = 0x2000_0000;
/// `device_caps` is filled in.
pub(super) const CAP_DEVICE_CAPS: u32 = 0x8000_0000;

/// Buffer flags (`V4L2_BUF_FLAG_…`).
pub(super) const FLAG_ERROR: u32 = 0x40;
pub(super) const FLAG_TIMESTAMP_MASK: u32 = 0xe000;
pub(super) const FLAG_TIMESTAMP_MONOTONIC: u32 = 0x2000;
pub(super) const FLAG_SOURCE_MASK: u32 = 0x7_0000;
/// The time is that of the exposure's start, not of the last byte.
pub(super) const FLAG_SOURCE_SOE: u32 = 0x1_0000;

/// `v4l2_capability`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Capability {
    pub(super) driver: [u8; 16],
    pub(super) card: [u8; 32],
    pub(super) bus_info: [u8; 32],
    pub(super) version: u32,
    pub(super) capabilities: u32,
    pub(super) device_caps: u32,
    pub(super) reserved: [u32; 3],
}

/// `v4l2_fmtdesc`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct FormatDescription {
    pub(super) index: u32,
    pub(super) kind: u32,
    pub(super) flags: u32,
    pub(super) description: [u8; 32],
    pub(super) pixelformat: u32,
    pub(super) mbus_code: u32,
    pub(super) reserved: [u32; 3],
}

/// `v4l2_frmsizeenum`: discrete (1): width, height; else min, max, step of each.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct FrameSizes {
    pub(super) index: u32,
    pub(super) pixelformat: u32,
    pub(super) kind: u32,
    pub(super) words: [u32; 6],
    pub(super) reserved: [u32; 2],
}

/// `v4l2_frmivalenum`: discrete (1): a fraction of a second; else min, max, step of such.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct FrameIntervals {
    pub(super) index: u32,
    pub(super) pixelformat: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) kind: u32,
    pub(super) words: [u32; 6],
    pub(super) reserved: [u32; 2],
}

/// The union in `v4l2_format`, which holds pointers in variants that are not used here: hence its alignment.
#[cfg_attr(target_pointer_width = "64", repr(C, align(8)))]
#[cfg_attr(not(target_pointer_width = "64"), repr(C))]
#[derive(Clone, Copy)]
pub(super) struct FormatWords(pub(super) [u32; 50]);

/// `v4l2_format`
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Format {
    pub(super) kind: u32,
    pub(super) words: FormatWords,
}

impl Format {
    pub(super) const fn new(kind: u32) -> Self {
        Self { kind, words: FormatWords([0; 50]) }
    }
}

/// `v4l2_streamparm` of a capture: capability, capturemode, then the time of a frame as a fraction of a second.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct StreamParameters {
    pub(super) kind: u32,
    pub(super) capability: u32,
    pub(super) mode: u32,
    pub(super) numerator: u32,
    pub(super) denominator: u32,
    pub(super) rest: [u32; 46],
}

/// `v4l2_requestbuffers`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct RequestBuffers {
    pub(super) count: u32,
    pub(super) kind: u32,
    pub(super) memory: u32,
    pub(super) capabilities: u32,
    pub(super) reserved: u32,
}

/// `v4l2_dv_timings`, which is packed: of HDMI and the like.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct DvTimings(pub(super) [u32; 33]);

/// `V4L2_EVENT_SOURCE_CHANGE`: what comes in has another size or rate, or does not come any more.
pub(super) const EVENT_SOURCE_CHANGE: u32 = 5;

/// `v4l2_event_subscription`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct EventSubscription {
    pub(super) kind: u32,
    pub(super) id: u32,
    pub(super) flags: u32,
    pub(super) reserved: [u32; 5],
}

/// `v4l2_queryctrl`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct QueryControl {
    pub(super) id: u32,
    pub(super) kind: u32,
    pub(super) name: [u8; 32],
    pub(super) minimum: i32,
    pub(super) maximum: i32,
    pub(super) step: i32,
    pub(super) default: i32,
    pub(super) flags: u32,
    pub(super) reserved: [u32; 2],
}

/// `v4l2_control`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Control {
    pub(super) id: u32,
    pub(super) value: i32,
}

/// `v4l2_querymenu`: the name is a number, of 64 bits, in menus of numbers.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct MenuItem {
    pub(super) id: u32,
    pub(super) index: u32,
    pub(super) name: [u8; 32],
    pub(super) reserved: u32,
}

impl MenuItem {
    pub(super) fn number(&self) -> i64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.name[..8]);
        i64::from_ne_bytes(first)
    }
}

/// `v4l2_input`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Input {
    pub(super) index: u32,
    pub(super) name: [u8; 32],
    pub(super) kind: u32,
    pub(super) audio_set: u32,
    pub(super) tuner: u32,
    pub(super) standards: u64,
    pub(super) status: u32,
    pub(super) capabilities: u32,
    pub(super) reserved: [u32; 3],
}

/// `v4l2_selection` with its `v4l2_rect`: always of the kind [`CAPTURE`], whatever the device's is.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) kind: u32,
    pub(super) target: u32,
    pub(super) flags: u32,
    pub(super) left: i32,
    pub(super) top: i32,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) reserved: [u32; 9],
}

/// `timeval`. Where C's `long` has 32 bits this is the old layout, which every kernel understands, a 64-bit one too; it
/// lasts until 2038 of the monotonic clock, which begins at 0.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct TimeValue {
    pub(super) seconds: c_long,
    pub(super) microseconds: c_long,
}

/// `v4l2_buffer`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Buffer {
    pub(super) index: u32,
    pub(super) kind: u32,
    pub(super) bytes_used: u32,
    pub(super) flags: u32,
    pub(super) field: u32,
    pub(super) timestamp: TimeValue,
    /// `v4l2_timecode`
    pub(super) timecode: [u32; 4],
    pub(super) sequence: u32,
    pub(super) memory: u32,
    /// An offset (32 bits), or the address of an array of [`Plane`]s.
    pub(super) place: usize,
    pub(super) length: u32,
    pub(super) reserved: [u32; 2],
}

/// `v4l2_plane`
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(super) struct Plane {
    pub(super) bytes_used: u32,
    pub(super) length: u32,
    /// An offset (32 bits).
    pub(super) place: usize,
    pub(super) data_offset: u32,
    pub(super) reserved: [u32; 11],
}

/// The 32-bit variant of the union that [`Buffer::place`] and [`Plane::place`] are.
pub(super) fn offset(place: usize) -> u32 {
    let mut first = [0; 4];
    first.copy_from_slice(&place.to_ne_bytes()[..4]);
    u32::from_ne_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sizes that `sizeof` gives in C, with pointers of 64 bits.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn structures_are_as_large_as_the_kernels() {
        assert_eq!((size_of::<Capability>(), size_of::<FormatDescription>()), (104, 64));
        assert_eq!((size_of::<FrameSizes>(), size_of::<FrameIntervals>()), (44, 52));
        assert_eq!((size_of::<Format>(), size_of::<StreamParameters>()), (208, 204));
        assert_eq!((size_of::<RequestBuffers>(), size_of::<DvTimings>()), (20, 132));
        assert_eq!((size_of::<QueryControl>(), size_of::<Control>()), (68, 8));
        assert_eq!((size_of::<MenuItem>(), size_of::<Input>(), size_of::<Selection>()), (44, 80, 64));
        assert_eq!((size_of::<Buffer>(), size_of::<Plane>()), (88, 64));
    }

    #[test]
    fn an_offset_is_the_first_word_of_the_union() {
        let mut place = [0xaa; size_of::<usize>()];
        place[..4].copy_from_slice(&0x1234_5678_u32.to_ne_bytes());
        assert_eq!(offset(usize::from_ne_bytes(place)), 0x1234_5678);
    }
}

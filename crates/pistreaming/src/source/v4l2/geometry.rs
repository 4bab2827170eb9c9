//! What a camera does itself to its pictures' shape: flips, half a turn, cutting a part out.
//!
//! Here belongs: which control does what, and which part of the sensor is meant. Not here: setting controls (`controls`),
//! doing the rest (`Feed`).

use super::abi::{CAPTURE, Input, Selection};
use super::controls::{Changes, Control, Kind};
use super::device::Device;
use super::format::Answer;
use super::kernel::{self, call};
use super::modes::Mode;
use crate::frame::FrameSize;
use crate::source::Window;
use crate::source::flip::Flip;

/// `V4L2_CID_HFLIP`, `V4L2_CID_VFLIP`, `V4L2_CID_ROTATE`
const HFLIP: u32 = 0x0098_0914;
const VFLIP: u32 = 0x0098_0915;
const ROTATE: u32 = 0x0098_0922;
/// `V4L2_SEL_TGT_CROP`: the part of the sensor; `V4L2_SEL_TGT_COMPOSE`: where in the picture it is put.
const CROP: u32 = 0;
const COMPOSE: u32 = 0x100;

impl Device {
    /// How its pictures are flipped because of how the sensor is built in, which is for us to mend
    /// (`V4L2_IN_ST_HFLIP`, `V4L2_IN_ST_VFLIP`).
    pub(super) fn built_in_flip(&self) -> Flip {
        let (mut number, mut input) = (0_i32, Input::default());
        let asked = call::<{ kernel::G_INPUT }, _>(&self.file, &mut number).and_then(|()| {
            input.index = number.unsigned_abs();
            call::<{ kernel::ENUMINPUT }, _>(&self.file, &mut input)
        });
        // Some drivers know no inputs.
        let status = if asked.is_ok() { input.status } else { 0 };
        Flip { horizontal: status & 0x10 != 0, vertical: status & 0x20 != 0 }
    }
}

/// Lets the camera flip its pictures, as far as it can; returns what it then does.
///
/// It is the driver's default that is turned round, not what there is now: a program that was killed leaves a flip
/// behind, and the next one would take it back. By the half turn only where there are no flips. Quarter turns are ours:
/// drivers do not agree on whose width is whose then.
pub(super) fn flip(device: &Device, changes: &mut Changes<'_>, wanted: Flip) -> Flip {
    let mut set = |id, value: &dyn Fn(&Control) -> Option<i32>| {
        // What the user has set himself stays.
        let control = device.control_of(id).filter(|_| !changes.include(id));
        let control = control.filter(|control| control.hindrance().is_none());
        control.is_some_and(|control| {
            value(&control).is_some_and(|value| {
                control.value == Some(value)
                    || changes.set(&control, value).is_ok() && is_now(device, id, value)
            })
        })
    };
    let other = |control: &Control| (control.kind == Kind::Switch).then_some(i32::from(control.default == 0));
    let mut done = Flip {
        horizontal: wanted.horizontal && set(HFLIP, &other),
        vertical: wanted.vertical && set(VFLIP, &other),
    };
    let both = Flip { horizontal: true, vertical: true };
    if wanted == both && done.is_none() && set(ROTATE, &half_turn) {
        done = both;
    }
    done
}

/// Half a turn from where it usually is.
fn half_turn(control: &Control) -> Option<i32> {
    // A driver may claim any numbers.
    let value = (i64::from(control.default) + 180) % 360;
    match control.kind {
        Kind::Number { least, most, step } => {
            let (least, most, step) = (i64::from(least), i64::from(most), i64::from(step));
            let reached = (least..=most).contains(&value) && (step <= 1 || (value - least) % step == 0);
            reached.then(|| i32::try_from(value).ok()).flatten()
        }
        _ => None,
    }
}

fn is_now(device: &Device, id: u32, value: i32) -> bool {
    device.control_of(id).is_some_and(|control| control.value == Some(value))
}

/// A camera that cuts a part out of its pictures itself. Dropped, it shows what it did before.
pub(super) struct Cut<'a> {
    device: &'a Device,
    mode: Mode,
    before: Selection,
    composed: Option<Selection>,
}

/// Lets the camera, set to `mode`, give `window` of its pictures alone: fewer bytes to carry and to look at. Nothing where
/// it cannot do it to the pixel.
pub(super) fn cut<'a>(device: &'a Device, mode: &Mode, window: Window) -> Option<(Cut<'a>, Answer)> {
    let before = selection(device, CROP).filter(|_| window != Window::whole(mode.size))?;
    let wanted = part(before, mode.size, window)?;
    let cut = Cut { device, mode: *mode, before, composed: selection(device, COMPOSE) };
    call::<{ kernel::S_SELECTION }, _>(&device.file, &mut wanted.clone()).ok()?;
    let (answer, _) = device.set(&Mode { size: window.size(), ..*mode }).ok()?;
    let exact = answer.layout.size == window.size() && answer.fourcc == mode.fourcc;
    let is_there = selection(device, CROP).is_some_and(|now| place(&now) == place(&wanted));
    (exact && is_there).then_some((cut, answer))
}

impl Drop for Cut<'_> {
    fn drop(&mut self) {
        // Of a camera that was unplugged it fails, and is of no use.
        let _ = call::<{ kernel::S_SELECTION }, _>(&self.device.file, &mut self.before);
        let _ = self.device.set(&self.mode);
        if let Some(composed) = &mut self.composed {
            let _ = call::<{ kernel::S_SELECTION }, _>(&self.device.file, composed);
        }
    }
}

fn selection(device: &Device, target: u32) -> Option<Selection> {
    let mut selection = Selection { kind: CAPTURE, target, ..Selection::default() };
    call::<{ kernel::G_SELECTION }, _>(&device.file, &mut selection).ok()?;
    Some(Selection { flags: 0, ..selection })
}

/// The part of what is `shown` that makes up `window` of pictures of `size`; nothing if it is not whole pixels.
fn part(shown: Selection, size: FrameSize, window: Window) -> Option<Selection> {
    let (left, top) = window.corner();
    let length = |of: usize, shown: u32, size: usize| {
        let product = of as u64 * u64::from(shown);
        let exact = product.is_multiple_of(size as u64);
        exact.then(|| u32::try_from(product / size as u64).ok()).flatten()
    };
    let across = |of| length(of, shown.width, size.width());
    let down = |of| length(of, shown.height, size.height());
    Some(Selection {
        left: shown.left.checked_add_unsigned(across(left)?)?,
        top: shown.top.checked_add_unsigned(down(top)?)?,
        width: across(window.size().width())?,
        height: down(window.size().height())?,
        ..shown
    })
}

const fn place(selection: &Selection) -> (i32, i32, u32, u32) {
    (selection.left, selection.top, selection.width, selection.height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_one_of_whole_pixels_or_none() {
        let shown = Selection { left: 8, top: -4, width: 1280, height: 960, ..Selection::default() };
        let part = |size: &str, corner, of: &str| {
            let (size, of) = (size.parse().unwrap(), of.parse().unwrap());
            part(shown, of, Window::new(corner, size, of).unwrap()).map(|part| place(&part))
        };
        assert_eq!(part("320x240", (160, 120), "640x480"), Some((328, 236, 640, 480)));
        assert_eq!(part("640x480", (0, 0), "640x480"), Some((8, -4, 1280, 960)));
        assert_eq!(part("320x240", (2, 0), "1000x960"), None);
        let huge = Selection { left: i32::MAX, width: u32::MAX, height: u32::MAX, ..shown };
        let of = "64x64".parse().unwrap();
        assert_eq!(super::part(huge, of, Window::new((32, 0), "32x32".parse().unwrap(), of).unwrap()), None);
    }

    #[test]
    fn half_a_turn_is_from_where_it_usually_is() {
        let control = |default, kind| Control::of_kind(kind, default);
        let degrees = |step| Kind::Number { least: 0, most: 270, step };
        assert_eq!(half_turn(&control(0, degrees(90))), Some(180));
        assert_eq!(half_turn(&control(180, degrees(90))), Some(0));
        assert_eq!(half_turn(&control(0, degrees(270))), None);
        assert_eq!(half_turn(&control(270, degrees(90))), Some(90));
        assert_eq!(half_turn(&control(0, Kind::Number { least: 0, most: 90, step: 90 })), None);
        assert_eq!(half_turn(&control(0, Kind::Switch)), None);
        let any = Kind::Number { least: i32::MIN, most: i32::MAX, step: i32::MAX };
        assert_eq!(half_turn(&control(i32::MAX, any)), None);
    }
}

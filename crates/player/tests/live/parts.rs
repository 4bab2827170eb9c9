//! Pictures that come in parts of whole slices: decoded as they come, shown when they are whole.

use mpeg1::bits::start_code::{self, SLICE_FIRST, SLICE_LAST};

use super::*;

/// The unit in parts of so many slices, the headers with the first.
fn parts(unit: &[u8], slices: usize) -> Vec<&[u8]> {
    let mut cuts = vec![0];
    let mut at = 0;
    while let Some(found) = start_code::find(unit, at) {
        if (SLICE_FIRST..=SLICE_LAST).contains(&found.code) {
            cuts.push(found.at);
        }
        at = found.at + 4;
    }
    cuts.remove(1); // the first slice goes with the headers
    let mut cuts: Vec<usize> = cuts.into_iter().step_by(slices).collect();
    cuts.push(unit.len());
    cuts.windows(2).map(|ends| &unit[ends[0]..ends[1]]).collect()
}

/// The messages in which a picture comes in parts.
pub(crate) fn in_parts(header: UnitHeader, unit: &[u8], slices: usize) -> Vec<FromServer<'_>> {
    let parts = parts(unit, slices);
    let last = parts.len() - 1;
    let place = |n| match n {
        0 if last == 0 => WHOLE,
        0 => UnitFlags::FIRST,
        n if n == last => UnitFlags::LAST,
        _ => UnitFlags::default(),
    };
    let message =
        |(n, part)| FromServer::Unit(UnitHeader { flags: header.flags.with(place(n)), ..header }, part);
    parts.into_iter().enumerate().map(message).collect()
}

#[test]
fn parts_make_the_same_picture_as_the_whole() {
    let (mut viewer, mut camera) = (Viewer::new(), Camera::new(64, 64));
    let _ = viewer.take(stream(1, &camera));
    let mut split = 0;
    for sequence in 0..8 {
        let unit = camera.unit(Intra::Auto);
        let start = if sequence == 0 { UnitFlags::START } else { UnitFlags::default() };
        let messages = in_parts(header(1, sequence, start), &unit, 1);
        split += usize::from(messages.len() > 1);
        let last = messages.len() - 1;
        for (n, message) in messages.into_iter().enumerate() {
            let (events, ack) = viewer.take_and_paint(message);
            assert_eq!((events.has(Events::PAINT), ack.is_some()), (n == last, n == last));
        }
        assert_same(viewer.pixels(), &camera.shown());
    }
    assert!(split > 2, "{split} pictures had several slices");
    assert_eq!(viewer.live.statistics().missed, 0);
}

#[test]
fn a_picture_without_its_end_or_its_beginning_is_counted_and_not_shown() {
    let (mut viewer, mut camera) = (Viewer::new(), Camera::new(64, 64));
    let _ = viewer.take(stream(1, &camera));
    let first = camera.unit(Intra::Auto);
    let _ = viewer.take_and_paint(FromServer::Unit(header(1, 0, WHOLE.with(UnitFlags::START)), &first));
    let before = viewer.pixels().to_vec();
    let (unended, unbegun) = (camera.unit(Intra::Auto), camera.unit(Intra::Auto));
    let mut messages = in_parts(header(1, 1, UnitFlags::default()), &unended, 1);
    messages.pop();
    messages.extend(in_parts(header(1, 2, UnitFlags::default()), &unbegun, 1).into_iter().skip(1));
    for message in messages {
        assert_eq!(viewer.take_and_paint(message), (Events::NONE, None));
        assert_same(viewer.pixels(), &before);
    }
    let start = camera.unit(Intra::Force);
    for flags in [UnitFlags::default(), UnitFlags::START] {
        // Begun twice: the second time counts.
        let mut messages = in_parts(header(1, 3, flags), &start, 2);
        if flags == UnitFlags::default() {
            messages.truncate(1);
        }
        for message in messages {
            let _ = viewer.take_and_paint(message);
        }
    }
    assert_same(viewer.pixels(), &camera.shown());
    assert_eq!(viewer.live.statistics().missed, 2);
    assert_eq!(viewer.live.statistics().concealed, 0);
}

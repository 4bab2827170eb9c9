//! What one look at a link is good for.

use super::*;
use crate::frame::FrameSize;
use crate::hub::Hub;
use crate::mailbox::Mailbox;
use crate::server::tap::tests::connected;

#[tokio::test]
async fn the_next_picture_that_is_acknowledged_is_sure_until_a_new_look_is_due() {
    let (tap, _other) = connected().await;
    let mut meter = Meter::new(tap, true);
    let hub = Hub::new(true, Arc::new(Mailbox::new()));
    let stream = hub.begin_stream(FrameSize::new(64, 48).unwrap(), (24, 1), 800_000);
    let is_sure = |meter: &Meter| meter.sure(&stream)?.told?.behind;
    meter.at += SURE_FOR;
    assert!(is_sure(&meter).is_none() && !meter.is_to_be_looked_at(), "he tells of each picture");
    meter.acknowledged(0);
    meter.set_pace(Pace { every: 8, from: 3 }, &stream);
    assert!(is_sure(&meter).is_none() && meter.is_to_be_looked_at());
    let _ = meter.look();
    assert!(is_sure(&meter) > Some(0) && !meter.is_to_be_looked_at());
    meter.at += SURE_FOR - Duration::from_millis(1);
    assert!(is_sure(&meter) > Some(0) && !meter.is_to_be_looked_at());
    meter.at += Duration::from_millis(1);
    assert!(is_sure(&meter).is_none() && meter.is_to_be_looked_at());
}

//! What is told of the hub in words, one case each.

use super::*;

/// Steps until there is nothing; the sequence numbers given, and the gaps.
fn drain(viewer: &mut Viewer) -> (VecDeque<u32>, u32) {
    let (mut given, mut missed) = (VecDeque::new(), 0);
    while let Some(next) = viewer.step(Link::default()) {
        given.push_back(next.item.unit.sequence);
        missed += next.missed;
    }
    (given, missed)
}

#[test]
fn a_joiner_asks_once_and_others_share_his_start() {
    let mut source = Source::new(true);
    let (mut one, mut two) = (source.hub.join(), source.hub.join());
    assert_eq!(source.orders(), Orders::default());
    assert_eq!(drain(&mut one), ([].into(), 0));
    assert_eq!(drain(&mut two), ([].into(), 0));
    assert_eq!(source.orders(), Orders { watched: true, start: true, ..Orders::default() });
    source.obey(false, 10, 40);
    assert_eq!(drain(&mut one), ([0].into(), 0));
    assert_eq!(drain(&mut two), ([0].into(), 0));
    source.obey(false, 10, 40);
    let mut three = source.hub.join();
    assert_eq!(drain(&mut three), ([0, 1].into(), 0), "a start that near is shared");
    assert!(!source.orders().start);
}

#[test]
fn at_few_pictures_a_second_a_start_before_the_last_one_is_too_old() {
    let mut source = Source::new(true);
    let mut one = source.hub.join();
    let _ = drain(&mut one);
    for sequence in 0..2 {
        source.obey(false, 10, 1000);
        assert_eq!(drain(&mut one), ([sequence].into(), 0));
    }
    let mut two = source.hub.join();
    assert_eq!(drain(&mut two), ([].into(), 0));
    assert!(source.orders().joins[Fit::Tight]);
    source.serve();
    assert_eq!(drain(&mut two), ([1].into(), 0));
}

#[test]
fn who_joins_later_gets_one_of_his_own_and_bands_that_sharpen_it() {
    let idle = Link { rate: Some(2e6), idle: true, ..Link::default() };
    let mut source = Source::new(true);
    let mut one = source.hub.join();
    let _ = one.step(idle);
    for _ in 0..9 {
        source.obey(false, 10, 40);
        assert_eq!(drain(&mut one).0.len(), 1);
    }
    let mut two = source.hub.join();
    assert_eq!(drain(&mut two), ([].into(), 0));
    assert!(source.orders().joins[Fit::Tight] && !source.orders().start, "nobody else gets a start for it");
    source.serve();
    let next = two.step(idle).expect("the newest picture, at once");
    assert_eq!((&next.item.role, next.item.unit.sequence, next.missed), (&Role::Join, 8, 0));
    assert!(two.wants_more());
    assert!(two.waits_for_idle(Link::default()) && !two.waits_for_idle(idle));
    assert!(two.step(Link { idle: false, ..idle }).is_none(), "not while the link is busy");
    assert!(two.step(idle).is_none());
    assert!(source.orders().bands[Fit::Ample]);
    source.serve();
    let band = two.step(idle).expect("a band");
    assert_eq!((&band.item.role, band.item.unit.sequence), (&Role::Band(0..2), 8));
    assert!(two.step(idle).is_none(), "one behind each picture");
    source.obey(false, 10, 40);
    assert_eq!(drain(&mut two), ([9].into(), 0), "he goes on with the common pictures");
    assert_eq!(drain(&mut one), ([9].into(), 0), "who has got nothing else meanwhile");
    one.want_start();
    let busy = |rate| Link { rate: Some(rate), ..Link::default() };
    assert!(one.waits_for_idle(busy(400e3)));
    assert!(!one.waits_for_idle(busy(150e3)), "it may never be idle");
}

#[test]
fn who_has_all_and_is_looked_at_has_it_still_and_follows() {
    let mut source = Source::new(true);
    let mut viewer = source.hub.join_as(Audience::Old);
    let _ = drain(&mut viewer);
    source.obey(false, 10, 40);
    assert!(viewer.step(Link::default()).is_some());
    let follows = viewer.follows();
    assert!(viewer.has_all() && follows.is_some());
    assert!(viewer.step(Link::default()).is_none());
    assert!(viewer.has_all() && viewer.follows() == follows);
    source.obey(false, 10, 40);
    assert!(!viewer.has_all());
    assert_eq!(drain(&mut viewer), ([1].into(), 0));
}

#[test]
fn who_has_all_gets_the_next_picture_in_parts_and_others_whole() {
    let mut source = Source::new(true);
    let (mut quick, mut old) = (source.hub.join(), source.hub.join_as(Audience::Old));
    let (mut one, mut other) = (Checker::default(), Checker::default());
    let _ = (quick.step(Link::default()), old.step(Link::default()));
    source.obey(false, 10, 40);
    assert!(one.check(quick.step(Link::default())) && other.check(old.step(Link::default())));
    assert!(source.hub.wants_parts(Rendition::FULL));
    source.begin(100, &[30, 20], 40);
    assert!(one.check(quick.step(Link::default())) && one.check(quick.step(Link::default())));
    assert!(!one.check(quick.step(Link::default())), "the rest is not there yet");
    assert!(!other.check(old.step(Link::default())), "nothing for him yet");
    // He joins in the middle of it: another start has to be made for him when it is whole.
    let mut late = source.hub.join();
    assert!(late.step(Link::default()).is_some_and(|next| next.item.unit.sequence == 0));
    source.finish();
    assert!(quick.step(Link { room: 0, ..Link::default() }).is_some(), "there was room for all of it");
    quick.give_back();
    assert!(one.check(quick.step(Link::default())) && !one.check(quick.step(Link::default())));
    assert!(other.check(old.step(Link::default())) && !other.check(old.step(Link::default())));
    assert_eq!((one.last, one.in_parts), (other.last, 1));
    assert!(late.step(Link::default()).is_some_and(|next| next.item.part == Part::WHOLE));
}

#[test]
fn more_parts_than_there_may_be_come_with_the_last_one() {
    let mut source = Source::new(true);
    let (mut viewer, mut checker) = (source.hub.join(), Checker::default());
    let _ = viewer.step(Link::default());
    source.obey(false, 10, 40);
    assert!(checker.check(viewer.step(Link::default())));
    source.begin(100, &[10; 9], 40);
    assert!(checker.check(viewer.step(Link::default())));
    source.finish();
    let more = std::iter::from_fn(|| checker.check(viewer.step(Link::default())).then_some(())).count();
    assert_eq!((more + 1, checker.in_parts), (MOST_PARTS, 1));
}

#[test]
fn a_picture_that_is_never_finished_keeps_nobody_waiting() {
    for other_stream in [false, true] {
        let mut source = Source::new(true);
        let (mut viewer, mut checker) = (source.hub.join(), Checker::default());
        let _ = viewer.step(Link::default());
        source.obey(false, 10, 40);
        assert!(checker.check(viewer.step(Link::default())));
        source.begin(100, &[30], 40);
        assert!(checker.check(viewer.step(Link::default())) && checker.begun.is_some());
        if other_stream {
            source.change_stream();
        }
        // Of the same number, and begun in parts: it is another one all the same.
        source.obey(false, 80, 40);
        assert!(checker.check(viewer.step(Link::default())));
        assert_eq!(checker.last, Some((source.stream.id, source.sequence - 1)));
        source.begin(70, &[30], 40);
        assert!(checker.check(viewer.step(Link::default())));
        source.begin(60, &[20], 40);
        source.finish();
        while checker.check(viewer.step(Link::default())) {}
        assert_eq!(checker.last, Some((source.stream.id, source.sequence - 1)));
    }
}

#[test]
fn by_a_link_without_room_for_all_of_it_a_picture_comes_whole() {
    let mut source = Source::new(true);
    let (mut viewer, mut checker) = (source.hub.join(), Checker::default());
    let _ = viewer.step(Link::default());
    source.obey(false, 10, 40);
    assert!(checker.check(viewer.step(Link::default())));
    // Of 800 kbit/s at 24/s a picture may take three times 4167 bytes.
    let narrow = Link { room: 12_000, ..Link::default() };
    source.begin(100, &[30], 40);
    assert!(!checker.check(viewer.step(narrow)));
    source.finish();
    assert!(checker.check(viewer.step(narrow)));
    assert_eq!(checker.in_parts, 0);
}

#[test]
fn the_mailbox_is_nudged_by_who_joins() {
    let source = Source::new(true);
    let mut viewer = source.hub.join();
    let soon = Some(std::time::Instant::now());
    assert_eq!(source.hub.frames.wait(soon).kind(), "timed out");
    let _ = viewer.step(Link::default());
    assert_eq!(source.hub.frames.wait(soon).kind(), "nudged");
    let _ = viewer.step(Link::default());
    assert_eq!(source.hub.frames.wait(soon).kind(), "timed out", "he asked already");
}

impl crate::mailbox::Wake<Frame> {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Item(_) => "item",
            Self::Nudged => "nudged",
            Self::TimedOut => "timed out",
            Self::Closed => "closed",
            Self::Cleared => "cleared",
        }
    }
}

#[test]
fn who_falls_behind_skips_and_the_others_do_not_notice() {
    let mut source = Source::new(true);
    let (mut quick, mut slow) = (source.hub.join(), source.hub.join());
    let _ = (quick.step(Link::default()), slow.step(Link::default()));
    source.obey(false, 10, 40);
    assert_eq!((drain(&mut quick).0, drain(&mut slow).0), ([0].into(), [0].into()));
    for n in 1..10 {
        source.obey(false, 10, 40);
        assert_eq!(drain(&mut quick), ([n].into(), 0));
    }
    // 360 ms behind, and no start that is newer than what he has: he asks for one of his own.
    assert_eq!(drain(&mut slow), ([].into(), 0));
    source.serve();
    assert_eq!(drain(&mut slow), ([9].into(), 8));
    assert_eq!(drain(&mut quick), ([].into(), 0));
}

#[test]
fn an_encoder_that_cannot_be_asked_gives_its_newest_start_and_all_since() {
    let mut source = Source::new(false);
    for n in 0..10 {
        source.publish(n == 0, 10, 40);
    }
    let mut viewer = source.hub.join();
    assert_eq!(drain(&mut viewer), ((0..10).collect(), 0), "360 ms old, and needed");
    source.publish(true, 10, 40);
    assert_eq!(source.hub.lock().forks[0].ring.end(), 11);
    assert_eq!(drain(&mut source.hub.join()), ([10].into(), 0));
}

#[test]
fn an_old_stream_s_units_are_not_published() {
    let mut source = Source::new(false);
    source.publish(true, 10, 40);
    let new = source.hub.begin_stream(FrameSize::new(64, 48).unwrap(), (24, 1), 800_000);
    source.publish(true, 10, 40);
    assert_eq!(source.hub.counts().published, 1);
    assert_eq!(source.hub.stream(), Some(new));
}

#[test]
fn notices_hold_until_withdrawn() {
    let source = Source::new(true);
    source.hub.tell(NoticeCode::CameraTrouble, "gone");
    let mut viewer = source.hub.join();
    assert_eq!(viewer.notice(), Some(Notice { code: NoticeCode::CameraTrouble, text: "gone".into() }));
    assert_eq!(viewer.notice(), None);
    source.hub.withdraw(NoticeCode::EncoderTrouble);
    assert_eq!(viewer.notice(), None);
    source.hub.withdraw(NoticeCode::CameraTrouble);
    assert_eq!(viewer.notice(), Some(Notice { code: NoticeCode::Fine, text: String::new() }));
    assert_eq!(source.hub.join().notice(), None);
}

#[test]
fn only_what_somebody_may_need_is_kept() {
    let mut source = Source::new(true);
    let mut viewer = source.hub.join();
    let _ = viewer.step(Link::default());
    for _ in 0..100 {
        source.obey(false, 10, 100);
    }
    assert_eq!(source.hub.counts().held_bytes, 120, "twelve: its limit");
    for _ in 0..10 {
        source.obey(false, 10, 300);
    }
    assert_eq!(source.hub.counts().held_bytes, 60, "1.5 s, and the newest");
    for _ in 0..10 {
        source.obey(false, 10, 10_000);
    }
    assert_eq!(source.hub.counts().held_bytes, 40, "a slow camera");
    let mut source = Source::new(false);
    source.publish(true, 10, 100);
    for _ in 0..9 {
        source.publish(false, 10, 1000);
    }
    assert_eq!(source.hub.counts().held_bytes, 100, "all since the only start");
    source.publish(true, 10, 1000);
    assert_eq!(source.hub.counts().held_bytes, 40);
}

#[test]
fn with_nobody_watching_nothing_is_kept() {
    let mut source = Source::new(true);
    let mut viewer = source.hub.join();
    let _ = viewer.step(Link::default());
    source.obey(true, 10, 40);
    assert_eq!(source.hub.counts().held_bytes, 10);
    drop(viewer);
    assert_eq!(source.hub.counts().held_bytes, 0);
    source.publish(true, 10, 40);
    assert_eq!(source.hub.counts().held_bytes, 0);
}

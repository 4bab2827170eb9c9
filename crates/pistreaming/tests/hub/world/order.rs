//! What one viewer was given: nothing but what he can decode, in order.
//!
//! Here belongs: **what is checked at every picture: it can be decoded, it is in order, a hole is told.** Not here: how old it
//! is (`screen`).

use pistreaming::hub::{Item, Next, Part, Role};
use pistreaming::time::Timestamp;

/// What he was given so far.
#[derive(Debug, Default)]
pub struct Order {
    /// Stream and number of the newest whole picture.
    given: Option<(u32, u32)>,
    /// The picture of which he was given parts.
    begun: Option<(u32, u32)>,
    /// Capture of the newest picture that he was given.
    newest: Timestamp,
}

impl Order {
    /// Nothing but what follows on what he has, or what decoding can begin with. Whether it is a new picture, or the first part
    /// of one. `whole_only`: he cannot be given parts.
    pub fn check(&mut self, next: &Next, whole_only: bool) -> bool {
        let (unit, role) = (&next.item.unit, &next.item.role);
        let this = (unit.stream, unit.sequence);
        assert_eq!(unit.stream, next.item.stream.id);
        if next.item.part != Part::WHOLE {
            assert!(!whole_only && *role == Role::Common && !unit.start && next.missed == 0);
            self.check_part(&next.item);
            if !next.item.part.first {
                return false;
            }
        }
        if *role != Role::Common && self.given == Some(this) {
            assert_eq!(next.missed, 0, "what goes with the picture that he has");
            return false;
        }
        assert!(!matches!(role, Role::Band(_)), "a band goes with the picture that he has");
        match self.given {
            Some((stream, sequence)) if stream == unit.stream => {
                assert!(unit.sequence > sequence, "order");
                let follows = unit.sequence == sequence + 1;
                assert!((next.missed > 0) != follows, "a hole is told, and nothing else");
                assert!(unit.start || follows);
            }
            _ => assert!(unit.start, "a stream begins with a start"),
        }
        assert!(unit.captured >= self.newest, "time never runs back");
        self.newest = unit.captured;
        if next.item.part.last {
            (self.given, self.begun) = (Some(this), None);
        }
        true
    }

    /// A picture in parts: one behind the other, from the first to the last.
    fn check_part(&mut self, item: &Item) {
        let this = (item.unit.stream, item.unit.sequence);
        if item.part.first {
            self.begun = Some(this);
        }
        assert_eq!(self.begun, Some(this), "parts begin with the first");
        if item.part.last && !item.part.first {
            (self.given, self.begun) = (Some(this), None);
        }
    }
}

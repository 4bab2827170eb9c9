//! A camera's controls: which there are, what each takes, setting them for as long as the camera is ours.
//!
//! Here belongs: numbers and choices, and putting back what was changed. Not here: what the user may write
//! (`source/control`), which control flips the picture (`geometry`).

use std::fmt;

use rustix::io::Errno;

use super::abi::{Control as Setting, MenuItem, QueryControl};
use super::device::{Device, MOST, text};
use super::kernel::{self, call};
use crate::source::control::{ControlWish, short_name};
use crate::source::error::{BadControl, Trouble};

/// `V4L2_CTRL_FLAG_…`
const NEXT: u32 = 0x8000_0000;
const DISABLED: u32 = 0x1;
const GRABBED: u32 = 0x2;
const READ_ONLY: u32 = 0x4;
const INACTIVE: u32 = 0x10;
/// No menu is longer than this.
const LONGEST_MENU: i32 = 64;

/// A control that has a number for its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Control {
    pub(super) id: u32,
    /// As `v4l2-ctl` writes it.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) default: i32,
    /// None if it cannot be read.
    pub(super) value: Option<i32>,
    flags: u32,
}

/// What it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number {
        least: i32,
        most: i32,
        step: i32,
    },
    Switch,
    /// Numbers, each with its name.
    Choice(Vec<(i32, String)>),
}

impl Kind {
    /// The number that `text` stands for, if it takes that.
    fn number(&self, text: &str) -> Option<i32> {
        let number = text.parse::<i32>().ok();
        match self {
            // Between its steps a driver takes the nearest.
            Self::Number { least, most, .. } => number.filter(|number| (least..=most).contains(&number)),
            Self::Switch => match text.to_ascii_lowercase().as_str() {
                "1" | "on" | "true" | "yes" => Some(1),
                "0" | "off" | "false" | "no" => Some(0),
                _ => None,
            },
            Self::Choice(items) => {
                let wanted = short_name(text);
                let named = || items.iter().find(|(_, name)| short_name(name) == wanted);
                let item = items.iter().find(|(item, _)| Some(*item) == number).or_else(named);
                item.map(|(number, _)| *number)
            }
        }
    }

    /// A value for people.
    pub(super) fn value(&self, value: i32) -> String {
        match self {
            Self::Number { .. } => value.to_string(),
            Self::Switch => if value == 0 { "off" } else { "on" }.into(),
            Self::Choice(items) => {
                let item = items.iter().find(|(item, _)| *item == value);
                item.map_or_else(|| value.to_string(), |(number, name)| format!("{number} ({name})"))
            }
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { least, most, step } if *step > 1 => write!(f, "{least} to {most} by {step}"),
            Self::Number { least, most, .. } => write!(f, "{least} to {most}"),
            Self::Switch => f.write_str("on or off"),
            Self::Choice(items) => {
                let items: Vec<String> =
                    items.iter().map(|(number, name)| format!("{number} ({name})")).collect();
                f.write_str(&items.join(", "))
            }
        }
    }
}

impl Control {
    /// Why it cannot be set now, if so.
    pub(super) const fn hindrance(&self) -> Option<&'static str> {
        if self.flags & READ_ONLY != 0 {
            Some("cannot be set")
        } else if self.flags & (INACTIVE | GRABBED) != 0 {
            Some("another control decides now")
        } else {
            None
        }
    }
}

#[cfg(test)]
impl Control {
    pub(super) fn of_kind(kind: Kind, default: i32) -> Self {
        Self { id: 1, name: "test".into(), kind, default, value: Some(default), flags: 0 }
    }
}

impl Device {
    /// Its controls with their values.
    pub(super) fn controls(&self) -> Vec<Control> {
        let mut controls = Vec::new();
        let mut query = QueryControl { id: NEXT, ..QueryControl::default() };
        for _ in 0..MOST {
            if call::<{ kernel::QUERYCTRL }, _>(&self.file, &mut query).is_err() {
                break;
            }
            controls.extend(self.control(&query));
            query = QueryControl { id: query.id | NEXT, ..QueryControl::default() };
        }
        controls
    }

    /// One of them, by its number.
    pub(super) fn control_of(&self, id: u32) -> Option<Control> {
        let mut query = QueryControl { id, ..QueryControl::default() };
        call::<{ kernel::QUERYCTRL }, _>(&self.file, &mut query).ok()?;
        self.control(&query)
    }

    /// What a driver says of a control; nothing if it is disabled, or its value is no number.
    fn control(&self, query: &QueryControl) -> Option<Control> {
        let kind = match query.kind {
            _ if query.flags & DISABLED != 0 => return None,
            1 => Kind::Number { least: query.minimum, most: query.maximum, step: query.step },
            2 => Kind::Switch,
            3 | 9 => Kind::Choice(self.choices(query)),
            _ => return None,
        };
        let (id, default, flags) = (query.id, query.default, query.flags);
        let value = self.value(id).ok();
        Some(Control { id, name: short_name(&text(&query.name)), kind, default, value, flags })
    }

    /// A menu's items: names, or numbers (`V4L2_CTRL_TYPE_INTEGER_MENU`, 9).
    fn choices(&self, query: &QueryControl) -> Vec<(i32, String)> {
        let numbers = query.minimum..=query.maximum.min(query.minimum.saturating_add(LONGEST_MENU));
        // A menu may have gaps.
        let item = |number: i32| {
            let index = u32::try_from(number).ok()?;
            let mut item = MenuItem { id: query.id, index, ..MenuItem::default() };
            call::<{ kernel::QUERYMENU }, _>(&self.file, &mut item).ok()?;
            Some((number, if query.kind == 9 { item.number().to_string() } else { text(&item.name) }))
        };
        numbers.filter_map(item).collect()
    }

    fn value(&self, id: u32) -> Result<i32, Errno> {
        let mut setting = Setting { id, value: 0 };
        call::<{ kernel::G_CTRL }, _>(&self.file, &mut setting)?;
        Ok(setting.value)
    }

    fn set_value(&self, id: u32, value: i32) -> Result<(), Errno> {
        call::<{ kernel::S_CTRL }, _>(&self.file, &mut Setting { id, value })
    }
}

/// What was changed of a camera's controls. Dropped, they are as they were, the last first: one may hang on another.
pub(super) struct Changes<'a> {
    device: &'a Device,
    /// Each control's number and its value before.
    before: Vec<(u32, i32)>,
}

impl<'a> Changes<'a> {
    pub(super) const fn none(device: &'a Device) -> Self {
        Self { device, before: Vec::new() }
    }

    /// Whether this control was changed.
    pub(super) fn include(&self, id: u32) -> bool {
        self.before.iter().any(|(changed, _)| *changed == id)
    }

    /// Sets a control to what the user wants.
    pub(super) fn grant(&mut self, wish: &ControlWish) -> Result<(), Trouble> {
        // Asked for anew at each: one may bring others into play.
        let (control, value) = find(&self.device.controls(), wish)?;
        self.set(&control, value).map_err(|error| {
            let why = BadControl::Refused { hindrance: control.hindrance(), error: error.into() };
            Trouble::Control { name: control.name.clone(), why }
        })
    }

    /// Sets a control.
    pub(super) fn set(&mut self, control: &Control, value: i32) -> Result<(), Errno> {
        self.device.set_value(control.id, value)?;
        if let Some(before) = control.value {
            self.before.push((control.id, before));
        }
        Ok(())
    }
}

impl Drop for Changes<'_> {
    fn drop(&mut self) {
        for &(id, before) in self.before.iter().rev() {
            // Of a camera that was unplugged it fails, and is of no use.
            let _ = self.device.set_value(id, before);
        }
    }
}

/// Whether these wishes can be granted.
pub(super) fn check(device: &Device, wishes: &[ControlWish]) -> Result<(), Trouble> {
    if wishes.is_empty() {
        return Ok(());
    }
    let controls = device.controls();
    wishes.iter().try_for_each(|wish| find(&controls, wish).map(drop))
}

/// The control that is meant, and the value.
fn find(controls: &[Control], wish: &ControlWish) -> Result<(Control, i32), Trouble> {
    let bad = |why| Trouble::Control { name: wish.name().into(), why };
    let Some(control) = controls.iter().find(|control| control.name == wish.name()) else {
        let names: Vec<&str> = controls.iter().map(|control| control.name.as_str()).collect();
        return Err(bad(BadControl::Unknown { there: names.join(", ") }));
    };
    let value = control.kind.number(wish.value()).ok_or_else(|| {
        bad(BadControl::Value { value: wish.value().into(), takes: control.kind.to_string() })
    })?;
    Ok((control.clone(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(name: &str, kind: Kind) -> Control {
        Control { name: name.into(), ..Control::of_kind(kind, 0) }
    }

    fn controls() -> Vec<Control> {
        let menu = [(1, "Manual Mode"), (3, "Aperture Priority Mode")];
        let menu = menu.map(|(number, name)| (number, name.to_owned())).to_vec();
        vec![
            control("brightness", Kind::Number { least: -64, most: 64, step: 1 }),
            control("white_balance_automatic", Kind::Switch),
            control("auto_exposure", Kind::Choice(menu)),
        ]
    }

    #[test]
    fn values_are_read_as_each_control_takes_them() {
        let value = |text: &str| find(&controls(), &text.parse().unwrap()).map(|(_, value)| value).ok();
        for (text, number) in [
            ("brightness=-64", Some(-64)),
            ("brightness=65", None),
            ("brightness=on", None),
            ("white_balance_automatic=Off", Some(0)),
            ("white_balance_automatic=1", Some(1)),
            ("white_balance_automatic=2", None),
            ("auto_exposure=3", Some(3)),
            ("auto_exposure=manual mode", Some(1)),
            ("auto_exposure=2", None),
        ] {
            assert_eq!(value(text), number, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_is_said_with_what_can() {
        let words = |text: &str| find(&controls(), &text.parse().unwrap()).unwrap_err().to_string();
        let said = words("focus=3");
        assert!(said.contains("no control focus; it has brightness, white_balance_automatic"), "{said}");
        let said = words("auto_exposure=2");
        assert!(said.contains("auto_exposure takes 1 (Manual Mode), 3 (Aperture"), "{said}");
        assert!(words("brightness=x").contains("takes -64 to 64, not \"x\""));
    }
}

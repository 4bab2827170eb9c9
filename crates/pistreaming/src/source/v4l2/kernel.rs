//! Calls into a camera's driver, and the memory that it shares with us.
//!
//! Here belongs: everything that needs `unsafe`, behind a safe face. Not here: which calls are made, and why.
//!
//! The kernel copies as many bytes as a request's number says, to and from the structure that is handed over
//! (`video_usercopy`), and follows the one pointer in a [`Buffer`], which is set here alone.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::ptr::{self, NonNull};

use rustix::io::Errno;
use rustix::ioctl::{Opcode, Setter, Updater, ioctl, opcode};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::abi::{
    Buffer, CAPTURE_MPLANE, Capability, Control, DvTimings, EVENT_SOURCE_CHANGE, EventSubscription, Format,
    FormatDescription, FrameIntervals, FrameSizes, Input, MAX_PLANES, MEMORY_MMAP, MenuItem, Plane,
    QueryControl, RequestBuffers, Selection, StreamParameters, offset,
};

const GROUP: u8 = b'V';

/// A structure that a request is about.
///
/// # Safety
/// `READ_WRITE` numbers must be requests whose structure is `Self`, without pointers that the kernel follows; any bits
/// must be a value of `Self`.
pub(super) unsafe trait Argument {}

macro_rules! arguments {
    ($($name:ident)*) => {
        $(
            // SAFETY: numbers without pointers, laid out as the kernel's header says; of a format only those variants
            // are used that have no pointers (see `abi`).
            unsafe impl Argument for $name {}
        )*
    };
}

arguments! {
    i32 Capability Control DvTimings Format FormatDescription FrameIntervals FrameSizes Input MenuItem QueryControl
    RequestBuffers Selection StreamParameters
}

/// Requests whose structure is read and written, or only written, by the kernel (`VIDIOC_…`).
pub(super) const QUERYCAP: Opcode = opcode::read::<Capability>(GROUP, 0);
pub(super) const ENUM_FMT: Opcode = opcode::read_write::<FormatDescription>(GROUP, 2);
pub(super) const S_FMT: Opcode = opcode::read_write::<Format>(GROUP, 5);
pub(super) const TRY_FMT: Opcode = opcode::read_write::<Format>(GROUP, 64);
pub(super) const REQBUFS: Opcode = opcode::read_write::<RequestBuffers>(GROUP, 8);
pub(super) const S_PARM: Opcode = opcode::read_write::<StreamParameters>(GROUP, 22);
pub(super) const ENUMINPUT: Opcode = opcode::read_write::<Input>(GROUP, 26);
pub(super) const G_CTRL: Opcode = opcode::read_write::<Control>(GROUP, 27);
pub(super) const S_CTRL: Opcode = opcode::read_write::<Control>(GROUP, 28);
pub(super) const QUERYCTRL: Opcode = opcode::read_write::<QueryControl>(GROUP, 36);
pub(super) const QUERYMENU: Opcode = opcode::read_write::<MenuItem>(GROUP, 37);
pub(super) const G_INPUT: Opcode = opcode::read::<i32>(GROUP, 38);
pub(super) const ENUM_FRAMESIZES: Opcode = opcode::read_write::<FrameSizes>(GROUP, 74);
pub(super) const ENUM_FRAMEINTERVALS: Opcode = opcode::read_write::<FrameIntervals>(GROUP, 75);
pub(super) const G_SELECTION: Opcode = opcode::read_write::<Selection>(GROUP, 94);
pub(super) const S_SELECTION: Opcode = opcode::read_write::<Selection>(GROUP, 95);
pub(super) const S_DV_TIMINGS: Opcode = opcode::read_write::<DvTimings>(GROUP, 87);
pub(super) const QUERY_DV_TIMINGS: Opcode = opcode::read::<DvTimings>(GROUP, 99);

const QUERYBUF: Opcode = opcode::read_write::<Buffer>(GROUP, 9);
const QBUF: Opcode = opcode::read_write::<Buffer>(GROUP, 15);
const DQBUF: Opcode = opcode::read_write::<Buffer>(GROUP, 17);
const STREAMON: Opcode = opcode::write::<i32>(GROUP, 18);
const STREAMOFF: Opcode = opcode::write::<i32>(GROUP, 19);
const SUBSCRIBE_EVENT: Opcode = opcode::write::<EventSubscription>(GROUP, 90);

/// Makes the request `OPCODE`, which must be about a `T`: its number says how large the structure is, and is refused at
/// compile time if that is another size.
pub(super) fn call<const OPCODE: Opcode, T: Argument>(file: &File, argument: &mut T) -> Result<(), Errno> {
    const { assert!(OPCODE >> 16 & 0x1fff == size_of::<T>() as Opcode) }
    // SAFETY: the number's size is that of `T`, as was just checked, and `T` holds no pointers.
    let request = unsafe { Updater::<OPCODE, T>::new(argument) };
    repeat(file, request)
}

fn repeat<const OPCODE: Opcode, T>(file: &File, request: Updater<'_, OPCODE, T>) -> Result<(), Errno> {
    // SAFETY: as at the request's making, by `call` or `call_buffer`. All files of this module are video devices, or
    // answer ENOTTY.
    unsafe { ioctl(file.as_fd(), request) }
}

/// Starts or stops the flow of frames.
pub(super) fn stream(file: &File, kind: u32, on: bool) -> Result<(), Errno> {
    let kind = kind as i32;
    if on {
        // SAFETY: VIDIOC_STREAMON reads one int.
        let request = unsafe { Setter::<STREAMON, i32>::new(kind) };
        // SAFETY: the same.
        unsafe { ioctl(file.as_fd(), request) }
    } else {
        // SAFETY: VIDIOC_STREAMOFF reads one int.
        let request = unsafe { Setter::<STREAMOFF, i32>::new(kind) };
        // SAFETY: the same.
        unsafe { ioctl(file.as_fd(), request) }
    }
}

/// Asks to be told when what comes in changes: then the file has something urgent to read. Not every driver can tell.
pub(super) fn tell_of_changes(file: &File) -> Result<(), Errno> {
    let wanted = EventSubscription { kind: EVENT_SOURCE_CHANGE, ..EventSubscription::default() };
    // SAFETY: VIDIOC_SUBSCRIBE_EVENT reads this structure.
    let request = unsafe { Setter::<SUBSCRIBE_EVENT, EventSubscription>::new(wanted) };
    // SAFETY: the same.
    unsafe { ioctl(file.as_fd(), request) }
}

/// A request about a buffer, and about its planes if it has several.
fn call_buffer<const OPCODE: Opcode>(
    file: &File,
    buffer: &mut Buffer,
    planes: &mut [Plane; MAX_PLANES],
) -> Result<(), Errno> {
    buffer.memory = MEMORY_MMAP;
    if buffer.kind == CAPTURE_MPLANE {
        buffer.place = planes.as_mut_ptr().expose_provenance();
        buffer.length = MAX_PLANES as u32;
    }
    // SAFETY: the opcodes of buffers are about this structure. Its one pointer points to as many planes as `length` says,
    // which outlive the call.
    let request = unsafe { Updater::<OPCODE, Buffer>::new(buffer) };
    repeat(file, request)
}

/// The buffers that a driver fills: mapped, and given to it in turn.
pub(super) struct Buffers {
    kind: u32,
    maps: Vec<Vec<Map>>,
}

/// A filled buffer, until it is given back by [`Buffers::give_back`].
#[derive(Clone, Copy)]
pub(super) struct Filled {
    pub(super) buffer: Buffer,
    planes: [Plane; MAX_PLANES],
}

impl Buffers {
    /// Asks the driver for `count` buffers, maps them and hands them to it.
    pub(super) fn allocate(file: &File, kind: u32, count: u32) -> io::Result<Self> {
        let mut request = RequestBuffers { count, kind, memory: MEMORY_MMAP, ..RequestBuffers::default() };
        call::<REQBUFS, _>(file, &mut request)?;
        let mut buffers = Self { kind, maps: Vec::new() };
        // A driver may give more or fewer.
        for index in 0..request.count.min(32) {
            let (mut buffer, mut planes) =
                (Buffer { index, kind, ..Buffer::default() }, [Plane::default(); _]);
            call_buffer::<QUERYBUF>(file, &mut buffer, &mut planes)?;
            let places = places(&buffer, &planes).into_iter();
            buffers.maps.push(
                places.map(|(length, offset)| Map::new(file, length, offset)).collect::<Result<_, _>>()?,
            );
            buffers.queue(file, index)?;
        }
        if buffers.maps.is_empty() { Err(io::ErrorKind::OutOfMemory.into()) } else { Ok(buffers) }
    }

    /// Takes the oldest filled buffer; none if none is filled.
    pub(super) fn take(&self, file: &File) -> io::Result<Option<Filled>> {
        let mut filled =
            Filled { buffer: Buffer { kind: self.kind, ..Buffer::default() }, planes: [Plane::default(); _] };
        match call_buffer::<DQBUF>(file, &mut filled.buffer, &mut filled.planes) {
            Ok(()) if (filled.buffer.index as usize) < self.maps.len() => Ok(Some(filled)),
            Ok(()) => Err(io::ErrorKind::InvalidData.into()),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What a filled buffer holds, plane by plane: as much as the driver says, and never more than there is.
    ///
    /// The driver does not write to a buffer that is ours; `filled` is not ours any longer once it was given back, which
    /// takes `self` mutably.
    pub(super) fn planes<'a>(&'a self, filled: &Filled) -> Vec4<&'a [u8]> {
        let mut found = Vec4::default();
        let maps = self.maps.get(filled.buffer.index as usize).map_or(&[][..], Vec::as_slice);
        for (map, plane) in maps.iter().zip(&filled.planes) {
            let (from, to) = if self.kind == CAPTURE_MPLANE {
                (plane.data_offset, plane.bytes_used)
            } else {
                (0, filled.buffer.bytes_used)
            };
            let bytes = map.bytes();
            let to = bytes.len().min(to as usize);
            found.push(bytes.get(from as usize..to).unwrap_or_default());
        }
        found
    }

    /// Gives a buffer back to be filled again.
    pub(super) fn give_back(&mut self, file: &File, filled: Filled) -> io::Result<()> {
        self.queue(file, filled.buffer.index)
    }

    /// Gives the memory back: as long as there are buffers a driver refuses another size.
    pub(super) fn free(&mut self, file: &File) -> Result<(), Errno> {
        self.maps.clear();
        let mut none = RequestBuffers { kind: self.kind, memory: MEMORY_MMAP, ..RequestBuffers::default() };
        call::<REQBUFS, _>(file, &mut none)
    }

    fn queue(&self, file: &File, index: u32) -> io::Result<()> {
        let (mut buffer, mut planes) =
            (Buffer { index, kind: self.kind, ..Buffer::default() }, [Plane::default(); _]);
        Ok(call_buffer::<QBUF>(file, &mut buffer, &mut planes)?)
    }
}

/// At most four of something, without allocation: no format has more planes.
#[derive(Clone, Copy, Default)]
pub(super) struct Vec4<T> {
    items: [T; 4],
    count: usize,
}

impl<T> Vec4<T> {
    fn push(&mut self, item: T) {
        if let Some(place) = self.items.get_mut(self.count) {
            *place = item;
            self.count += 1;
        }
    }

    pub(super) fn as_slice(&self) -> &[T] {
        &self.items[..self.count]
    }
}

/// Length and offset of each of a buffer's planes, for mapping.
fn places(buffer: &Buffer, planes: &[Plane; MAX_PLANES]) -> Vec<(usize, u32)> {
    if buffer.kind != CAPTURE_MPLANE {
        return vec![(buffer.length as usize, offset(buffer.place))];
    }
    let used = planes.iter().take((buffer.length as usize).min(4));
    used.map(|plane| (plane.length as usize, offset(plane.place))).collect()
}

/// A driver's memory that is mapped here, for reading.
struct Map {
    start: NonNull<c_void>,
    length: usize,
}

// SAFETY: the memory belongs to no thread; it is only read.
unsafe impl Send for Map {}

impl Map {
    fn new(file: &File, length: usize, offset: u32) -> io::Result<Self> {
        if length == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let (access, shared) = (ProtFlags::READ, MapFlags::SHARED);
        // SAFETY: a new mapping at an address that the kernel chooses touches no memory of Rust's.
        let start = unsafe { mmap(ptr::null_mut(), length, access, shared, file.as_fd(), offset.into()) }?;
        let start = NonNull::new(start).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, length })
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: `length` bytes from `start` are mapped for reading while `self` is there. That they do not change is
        // the drivers' contract for a buffer that was taken and not given back (see `Buffers::planes`).
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), self.length) }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` with this length, and borrowed by nobody any more.
        // It cannot fail for a mapping that there is.
        let _ = unsafe { munmap(self.start.as_ptr(), self.length) };
    }
}

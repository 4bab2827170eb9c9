//! ISO/IEC 11172-2 (MPEG-1) video.
#![no_std]

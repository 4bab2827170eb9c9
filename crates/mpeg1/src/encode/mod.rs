//! The encoder: pictures in, access units out.

//! The decoder: bytes in, pictures out.

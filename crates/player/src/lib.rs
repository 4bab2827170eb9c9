//! The decoder in the page.

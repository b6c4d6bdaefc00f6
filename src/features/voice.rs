//! Voice: agents call each other, conferences and who is in them, calls, telephone numbers.

pub mod calls;
pub mod conference;
pub mod internal_call;
pub mod phone_numbers;

//! Conversations are parked and come back.

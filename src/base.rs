//! What everything stands on: it knows nothing of Twilio's products, Flex or Cloudflare.

pub mod answer;
pub mod attributes;
pub mod config;
pub mod context;
pub mod date;
pub mod error;
pub mod http;
pub mod json;
pub mod jwt;
pub mod members;
pub mod memory;
pub mod params;
pub mod phone;
pub mod runtime;
pub mod sid;
pub mod text;
pub mod twiml;

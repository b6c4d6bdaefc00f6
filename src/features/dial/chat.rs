//! What a chat's task says about its customer.

use serde::Deserialize;

use crate::base::members::nested;
use crate::flex::attributes::text;

/// Attributes of a chat's task, as the channels and the plugins write them.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Chat {
    #[serde(rename = "customerAddress", deserialize_with = "text")]
    pub customer_address: Option<String>,
    #[serde(deserialize_with = "text")]
    pub from: Option<String>,
    #[serde(rename = "customerName", deserialize_with = "text")]
    pub customer_name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub name: Option<String>,
    #[serde(deserialize_with = "nested")]
    pub customers: Customers,
    #[serde(deserialize_with = "nested")]
    pub conversations: Linked,
}

/// What is known about the customer.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Customers {
    #[serde(deserialize_with = "text")]
    pub phone: Option<String>,
    #[serde(deserialize_with = "text")]
    pub name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Linked {
    #[serde(deserialize_with = "text")]
    pub conversation_id: Option<String>,
}

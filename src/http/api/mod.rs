//! temp
use serde::Serialize; use utoipa::ToSchema;
/// x
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Accepted { /// index
 pub index: Option<usize> }

//! Short links: where one may lead, and whether it was a person who followed it.
//!
//! - [`Target`]: an address on the net or a page of the gateway's own, checked when the link is made
//! - [`Visitor`]: a person, a preview, a robot; by the table in `robots.toml`
//! - [`same_visit`]: which requests are one and the same look

mod target;
mod visitor;

pub use target::{PAGE, TARGET_MAX, Target, check_name};
pub use visitor::{Signs, Visitor, same_visit};

/// The length of a code. Codes are made of the digits and the small letters without i, l, o and u.
const CODE_LENGTH: usize = 8;

/// A code as it is looked up, from what a person may have typed. `None` if it cannot be one.
pub fn read_code(text: &str) -> Option<String> {
    let code: String = text.chars().map(|letter| letter.to_ascii_lowercase()).collect();
    let known = |letter: u8| letter.is_ascii_digit() || (letter.is_ascii_lowercase() && !b"ilou".contains(&letter));
    (code.len() == CODE_LENGTH && code.bytes().all(known)).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_a_code_is_looked_up() {
        assert_eq!(read_code("0A1b2C3d").as_deref(), Some("0a1b2c3d"));
        for wrong in ["", "0a1b2c3", "0a1b2c3d4", "0a1b2c3o", "../../et", "0a1b2c3é", "%2e%2e%2"] {
            assert_eq!(read_code(wrong), None, "{wrong}");
        }
    }
}

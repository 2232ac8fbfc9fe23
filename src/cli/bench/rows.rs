//! The rows that the benches print.

use std::io;

use crate::cli::out::line;

/// The head of the table.
pub fn head() -> io::Result<()> {
    line("| figure | measured | command |")?;
    line("|---|---|---|")
}

/// One figure, with the command that gives it again.
pub fn row(figure: &str, measured: &str, command: &str) -> io::Result<()> {
    line(format_args!("| {figure} | {measured} | `postrider bench {command}` |"))
}

/// A number with its thousands parted by commas.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn thousands_are_parted() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}

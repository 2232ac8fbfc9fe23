//! How the simulated carrier writes its message ids, in answers and in receipts.

/// One way to write an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdForm {
    /// Decimal, padded with zeros to this many digits (0: not padded).
    Decimal(usize),
    /// Hexadecimal in lower case, padded with zeros to this many digits.
    Hex(usize),
    /// Hexadecimal in upper case, padded with zeros to this many digits.
    UpperHex(usize),
    /// A text that is no number: `sim-1a2b-north`.
    Text,
}

impl IdForm {
    /// The id number `number` in this form.
    pub fn write(self, number: u64) -> String {
        match self {
            Self::Decimal(width) => format!("{number:0width$}"),
            Self::Hex(width) => format!("{number:0width$x}"),
            Self::UpperHex(width) => format!("{number:0width$X}"),
            Self::Text => format!("sim-{number:x}-north"),
        }
    }
}

/// The forms in the answer to a submission and in its receipt, which many carriers do not keep alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdForms {
    /// In `submit_sm_resp`.
    pub answer: IdForm,
    /// In the receipt.
    pub receipt: IdForm,
}

impl Default for IdForms {
    fn default() -> Self {
        Self { answer: IdForm::Text, receipt: IdForm::Text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_in_every_form() {
        let written: Vec<_> =
            [IdForm::Decimal(10), IdForm::Decimal(0), IdForm::Hex(8), IdForm::UpperHex(0), IdForm::Text]
                .into_iter()
                .map(|form| form.write(972_660_181))
                .collect();
        assert_eq!(written, ["0972660181", "972660181", "39f99dd5", "39F99DD5", "sim-39f99dd5-north"]);
    }
}

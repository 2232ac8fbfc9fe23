//! Numbers our requests from 1 to 0x7fffffff and round again (SMPP 3.4, 5.1.4).

/// The largest sequence number of a request.
pub const SEQUENCE_MAX: u32 = 0x7fff_ffff;

/// The next number, and which were given out.
#[derive(Debug)]
pub struct Sequence {
    next: u32,
    wrapped: bool,
}

impl Sequence {
    /// Begins at `first`.
    pub fn starting_at(first: u32) -> Self {
        Self { next: first.clamp(1, SEQUENCE_MAX), wrapped: false }
    }

    /// The number that the next request will have, if it is made.
    pub fn peek(&self) -> u32 {
        self.next
    }

    /// Gives out that number.
    pub fn advance(&mut self) {
        if self.next == SEQUENCE_MAX {
            self.next = 1;
            self.wrapped = true;
        } else {
            self.next += 1;
        }
    }

    /// Whether the number was given out in this session.
    pub fn was_given(&self, number: u32) -> bool {
        (1..=SEQUENCE_MAX).contains(&number) && (self.wrapped || number < self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_the_largest_comes_one() {
        let mut sequence = Sequence::starting_at(SEQUENCE_MAX);
        assert_eq!(sequence.peek(), 0x7fff_ffff);
        sequence.advance();
        assert_eq!(sequence.peek(), 1);
        assert!(sequence.was_given(SEQUENCE_MAX));
        assert!(!sequence.was_given(0) && !sequence.was_given(0x8000_0000));
    }

    #[test]
    fn a_number_that_was_not_given_out_is_known_as_such() {
        let mut sequence = Sequence::starting_at(1);
        sequence.advance();
        assert!(sequence.was_given(1));
        assert!(!sequence.was_given(2));
    }
}

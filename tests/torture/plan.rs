//! What the tool posts and what people write: each a pure function of the seed and a number, so that a run can be told again.

use std::fmt::Write;

use postrider::model::Random;
use postrider::sim::Inbound;

/// The short code that people write to, and the sender of every text.
pub const SHORT_CODE: &str = "15771234";
/// Handsets that get several texts at once, for each carrier, until others take their place.
const SHARED_HANDSETS: u64 = 17;
/// After so many posts, other handsets are shared: what stayed in doubt does not excuse everything that comes later.
const POSTS_PER_SHARED: u32 = 2_000;
/// After so many posts, the next handset opts out.
const POSTS_PER_STOP: u32 = 60;

/// One message of the tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Its number, which stands in its text and in its `reference`.
    pub number: u32,
    /// The carrier whose handset it is for.
    pub carrier: usize,
    /// The recipient.
    pub to: String,
    /// `otp`, `transactional` or `marketing`.
    pub class: &'static str,
    /// `hold`, `resend`, or as the class has it.
    pub on_doubt: Option<&'static str>,
    /// The text: its number again and again, so that every part tells whose it is.
    pub text: String,
}

impl Post {
    /// The message with this number.
    pub fn of(seed: u64, number: u32) -> Self {
        let mut random = Random::new(seed ^ u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let carrier = [0, 0, 0, 1, 1, 2][usize::try_from(random.below(6)).unwrap_or(0)];
        let (kind, handset) = match random.below(100) {
            0..30 => (1, u64::from(number / POSTS_PER_SHARED) * SHARED_HANDSETS + random.below(SHARED_HANDSETS)),
            // Half of them to a handset that has opted out already.
            30..42 => (2, u64::from(number / POSTS_PER_STOP).saturating_sub(random.below(2))),
            _ => (0, u64::from(number)),
        };
        // Opting out is by handset, so that one belongs to the same carrier always.
        let carrier = if kind == 2 { usize::try_from(handset % 3).unwrap_or(0) } else { carrier };
        let class = if kind == 2 { "marketing" } else { pick(&mut random, &["otp", "transactional", "marketing"]) };
        let on_doubt = pick(&mut random, &[None, Some("hold"), Some("resend")]);
        let length = match random.below(10) {
            0..6 => 5 + random.below(140),
            6..8 => 170 + random.below(130),
            _ => 320 + random.below(130),
        };
        let mut text = String::new();
        while text.len() < usize::try_from(length).unwrap_or(0) {
            let _ = write!(text, "m{number} ");
        }
        let to = number_of(carrier, kind, handset);
        Self { number, carrier, to: format!("+{to}"), class, on_doubt, text }
    }

    /// As it is posted.
    pub fn json(&self) -> String {
        let Self { number, to, class, text, .. } = self;
        let on_doubt = self.on_doubt.map(|word| format!(r#","on_doubt":"{word}""#)).unwrap_or_default();
        format!(r#"{{"to":"{to}","class":"{class}","text":"{text}","reference":"{number}"{on_doubt}}}"#)
    }
}

/// What a person writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Writing {
    /// The carrier of the handset.
    pub carrier: usize,
    /// The handset.
    pub from: String,
    /// What it is: `text`, `stop`, or `fragment`, of which a part never comes.
    pub kind: &'static str,
    /// The whole text.
    pub text: String,
    /// The parts that come, in their order.
    pub parts: Vec<Inbound>,
}

/// What people write when the message with this number was accepted; mostly nothing.
pub fn writings(seed: u64, number: u32) -> Vec<Writing> {
    let mut random = Random::new(!seed ^ u64::from(number).wrapping_mul(0xd134_2543_de82_ef95));
    let mut all = Vec::new();
    if number % POSTS_PER_STOP == POSTS_PER_STOP - 1 {
        let handset = u64::from(number / POSTS_PER_STOP);
        let carrier = usize::try_from(handset % 3).unwrap_or(0);
        all.push(whole(carrier, number_of(carrier, 2, handset), "stop", "STOP", 0));
    }
    if !random.chance(200) {
        return all;
    }
    let carrier = [0, 0, 1, 2][usize::try_from(random.below(4)).unwrap_or(0)];
    let own = number_of(carrier, 4, u64::from(number));
    match random.below(10) {
        // The same word by the same person, which is an answer each time.
        0..4 => {
            let person = number_of(carrier, 3, random.below(8));
            let word = pick(&mut random, &["5", "1", "ok then"]);
            for _ in 0..1 + random.below(2) {
                all.push(whole(carrier, person.clone(), "text", word, 0));
            }
        }
        4..6 => all.push(whole(carrier, own, "text", &format!("w{number} 안녕하세요"), 0)),
        6..9 => {
            let text = format!("w{number} ") + &"가나다라".repeat(usize::try_from(20 + random.below(25)).unwrap_or(20));
            let mut writing = whole(carrier, own, "text", &text, number);
            if random.chance(400) {
                writing.parts.reverse();
            }
            all.push(writing);
        }
        // A text of which the second part never comes, and then another one with the same reference. Over a carrier with
        // one bind, where order tells them apart.
        _ => {
            let carrier = 1 + carrier % 2;
            let own = number_of(carrier, 4, u64::from(number));
            let long = |word: &str| format!("w{number} {word} ") + &"마바사아".repeat(20);
            let mut fragment = whole(carrier, own.clone(), "fragment", &long("first"), number);
            fragment.parts.truncate(1);
            all.push(fragment);
            all.push(whole(carrier, own, "text", &long("second"), number));
        }
    }
    all
}

fn whole(carrier: usize, from: String, kind: &'static str, text: &str, number: u32) -> Writing {
    let parts = Inbound::text(&from, SHORT_CODE, number.to_le_bytes()[0], text);
    Writing { carrier, from, kind, text: text.to_owned(), parts }
}

/// A number without plus: the fourth digit of the prefix names the carrier, which the routes know.
fn number_of(carrier: usize, kind: u8, index: u64) -> String {
    format!("8210{}{kind}{index:06}", carrier + 1)
}

fn pick<T: Copy>(random: &mut Random, from: &[T]) -> T {
    from[usize::try_from(random.below(from.len() as u64)).unwrap_or(0)]
}

/// The message's number in the user data of one of its parts.
pub fn number_in(user_data: &[u8]) -> Option<u32> {
    let text = String::from_utf8_lossy(user_data);
    let mut words = text.split_inclusive(' ');
    words.find_map(|word| word.strip_suffix(' ')?.rsplit_once('m')?.1.parse().ok())
}

#[test]
fn every_part_of_a_text_tells_its_number() {
    for number in [0, 7, 59, 4711, 199_999] {
        let text = Post::of(7, number).text;
        let chunks: Vec<&[u8]> = text.as_bytes().chunks(153).filter(|chunk| chunk.len() > 8).collect();
        for chunk in chunks {
            assert_eq!(number_in(&[&[5, 0, 3, 109, 3, 1], chunk].concat()), Some(number), "{text}");
        }
    }
}

//! The messages of the demo: one for each thing that is worth seeing.

use std::time::Duration;

/// One message.
#[derive(Debug)]
pub struct Sample {
    /// What it shows.
    pub name: &'static str,
    /// The recipient. None of these numbers is called: the carriers are simulated.
    pub to: &'static str,
    /// The sender, where it is not the carrier's.
    pub from: Option<&'static str>,
    /// The text.
    pub text: &'static str,
    /// How often the text is repeated.
    pub times: usize,
    /// How long it waits before it is due.
    pub after: Duration,
    /// The state that it ends in.
    pub ends: &'static str,
}

const PLAIN: Sample = Sample {
    name: "GSM 7-bit",
    to: "+12025550101",
    from: Some("Bookshop"),
    text: "Your order 4711 is ready. We are open until 20:00 {today}.",
    times: 1,
    after: Duration::ZERO,
    ends: "delivered",
};

/// All of them, in the order in which they are posted.
pub const SAMPLES: [Sample; 10] = [
    PLAIN,
    Sample {
        name: "Korean", to: "+821055501202", text: "안녕하세요 고객님, 주문하신 상품이 준비되었습니다.", ..PLAIN
    },
    Sample {
        name: "Thai", to: "+66812345603", text: "สวัสดีค่ะ คำสั่งซื้อของคุณพร้อมรับแล้วที่ร้าน", ..PLAIN
    },
    Sample { name: "emoji", to: "+12025550104", text: "Thank you 🎉 See you soon 👋🏽", ..PLAIN },
    Sample {
        name: "Turkish", to: "+905321234505", text: "Siparişiniz hazır. Teşekkürler, görüşmek üzere!", ..PLAIN
    },
    Sample {
        name: "300 characters",
        to: "+821055501206",
        // Sixty characters.
        text: "봄맞이 할인 행사 안내입니다. 이번 주말까지 모든 책을 이십 퍼센트 할인하며 매장에서 쿠폰을 보여 주세요. ",
        times: 5,
        ..PLAIN
    },
    Sample {
        name: "scheduled",
        to: "+12025550107",
        text: "Reminder: your appointment is at 15:00.",
        after: Duration::from_secs(4),
        ..PLAIN
    },
    Sample {
        name: "modem, GSM",
        to: "+821077700109",
        from: None,
        // Ninety characters.
        text: "Your parcel [No. 4711] waits at the counter until Saturday, 20:00. Bring this message. 5 % ",
        times: 2,
        ..PLAIN
    },
    Sample {
        name: "modem, Korean",
        to: "+821077700110",
        from: None,
        text: "고객님의 소중한 상품이 매장에 도착했습니다. 이번 주 토요일 저녁 여덟 시까지 찾아가 주시기 바랍니다. 감사합니다! ",
        times: 2,
        ..PLAIN
    },
    Sample { name: "refused", to: "+88351000108", text: "No handset has this number.", ends: "failed", ..PLAIN },
];

/// The place of the message that its recipient answers.
pub const ANSWERED: usize = 1;
/// What the recipient answers.
pub const ANSWER: &str = "네, 오늘 저녁에 찾으러 갈게요 🙂";
/// The message that is posted while one of two modems is pulled out.
pub const UNPLUGGED: Sample =
    Sample {
        name: "unplugged", to: "+821077700111", from: None, text: "문의하신 상품이 입고되었습니다.", ..PLAIN
    };
/// Numbers that start so are written to over modems.
pub const MODEM_PREFIX: &str = "+8210777";
/// Numbers that start so belong to the carrier that refuses everything.
pub const REFUSED_PREFIX: &str = "+8835";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_one_has_three_hundred_characters() {
        let long = SAMPLES.iter().find(|sample| sample.name == "300 characters").unwrap();
        assert_eq!(long.text.repeat(long.times).chars().count(), 300);
    }

    #[test]
    fn one_number_is_the_refusing_carriers() {
        let refused: Vec<&Sample> = SAMPLES.iter().filter(|sample| sample.to.starts_with(REFUSED_PREFIX)).collect();
        assert_eq!(refused.iter().map(|sample| sample.ends).collect::<Vec<_>>(), ["failed"]);
    }
}

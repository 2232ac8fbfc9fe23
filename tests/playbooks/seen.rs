//! What is seen of a house from outside: the texts on the handsets, what the gateway knows, what tools and reports say.

use postrider::store::campaign::contact::{self, Stored};
use postrider::store::campaign::point;

use super::house::House;

impl House {
    /// The one text that came since the last look.
    #[track_caller]
    pub fn text(&mut self) -> String {
        let number = self.tongue.number;
        let mut texts = self.texts_to(number);
        assert_eq!(texts.len(), 1, "{} at {}: {texts:#?}", self.tongue.code, self.wall());
        texts.pop().unwrap()
    }

    /// The one text that came, which has these words in this house's language.
    #[track_caller]
    pub fn reads(&mut self, en: &str, ko: &str, th: &str) -> String {
        let text = self.text();
        let words = self.say(en, ko, th);
        assert!(text.contains(words), "\"{words}\" is not in: {text}");
        assert!(!text.contains("{{") && !text.contains("${") && !text.contains("  "), "{text}");
        text
    }

    /// The same of an offer: it has what the law asks for.
    #[track_caller]
    pub fn reads_offer(&mut self, en: &str, ko: &str, th: &str) -> String {
        let text = self.reads(en, ko, th);
        match self.tongue.code {
            "ko" => assert!(
                text.starts_with("(광고)[찻집 봄]") && text.ends_with("무료수신거부 080-123-4567"),
                "no label on: {text}"
            ),
            "th" => assert!(text.ends_with("ตอบ ยกเลิก เพื่อหยุดรับ"), "no way out of: {text}"),
            _ => assert!(text.starts_with("Kim's Tea: ") && text.ends_with("Reply STOP to opt out"), "{text}"),
        }
        text
    }

    /// Nothing came since the last look.
    #[track_caller]
    pub fn nothing(&mut self) {
        let number = self.tongue.number;
        let texts = self.texts_to(number);
        assert!(texts.is_empty(), "{} at {}: {texts:#?}", self.tongue.code, self.wall());
    }

    /// What came on a handset since the last look.
    pub fn texts_to(&mut self, number: &str) -> Vec<String> {
        self.handsets.remove(number).unwrap_or_default()
    }

    /// The words of this house's language.
    pub fn say<'a>(&self, en: &'a str, ko: &'a str, th: &'a str) -> &'a str {
        match self.tongue.code {
            "ko" => ko,
            "th" => th,
            _ => en,
        }
    }

    /// The customer as the gateway knows him.
    pub fn known(&self) -> Stored {
        let number = self.tongue.number.parse().unwrap();
        self.database.read(|c| contact::find(c, &number)).unwrap().unwrap()
    }

    pub fn has_tag(&self, tag: &str) -> bool {
        self.known().contact.tags.contains(tag)
    }

    /// A data point of somebody.
    pub fn point(&self, number: &str, name: &str) -> Option<f64> {
        let number = number.parse().unwrap();
        let id = self.database.read(|c| contact::id_of(c, &number)).unwrap()?;
        let points = self.database.read(|c| point::of(c, id)).unwrap();
        points.number(postrider::campaign::point::Point::named(name).unwrap())
    }

    /// How the customer's enrolments in a workflow ended, oldest first; `-` for one that runs.
    pub fn outcomes(&self, workflow: &str) -> Vec<String> {
        let sql = "SELECT coalesce(outcome, '-') FROM enrolment WHERE workflow = ?1 ORDER BY id";
        self.database
            .read(|c| {
                let mut statement = c.prepare(sql)?;
                let rows = statement.query_map([workflow], |row| row.get(0))?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .unwrap()
    }

    /// The report of a step: texts that were sent, that arrived, and people who followed their links.
    pub fn report(&self, workflow: &str, step: &str) -> (i64, i64, i64) {
        let count = |sql: &str| -> i64 {
            self.database.read(|c| Ok(c.query_row(sql, [workflow, step], |row| row.get(0))?)).unwrap()
        };
        let of = "FROM origin o JOIN message m ON m.id = o.message WHERE o.kind = 'workflow' AND o.source = ?1 AND o.part = ?2";
        (
            count(&format!("SELECT count(*) {of}")),
            count(&format!("SELECT count(*) {of} AND m.state = 'delivered'")),
            count(
                "SELECT count(*) FROM short_link WHERE kind = 'workflow' AND source = ?1 AND part = ?2 AND clicks > 0",
            ),
        )
    }

    /// Whether the tools were told this kind of thing with this word in it.
    pub fn was_told(&self, kind: &str, word: &str) -> bool {
        self.told.iter().any(|told| told["type"] == kind && told.to_string().contains(word))
    }

    /// A note for the staff, by callback or in a conversation.
    pub fn staff_knows(&self, word: &str) -> bool {
        self.told.iter().any(|told| {
            let kind = told["type"].as_str().unwrap_or_default();
            ["notice", "conversation.note"].contains(&kind)
                && told["data"]["text"].as_str().is_some_and(|text| text.contains(word))
        })
    }

    /// Whether offers may be sent to the customer.
    pub fn has_left(&self) -> bool {
        let sql = "SELECT count(*) FROM consent WHERE word = 'withdrawn'";
        self.database.read(|c| Ok(c.query_row(sql, [], |row| row.get::<_, i64>(0))?)).unwrap() > 0
    }
}

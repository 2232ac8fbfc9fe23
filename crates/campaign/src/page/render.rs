//! Writes a page as HTML: one card, no scripts, nothing from elsewhere.

use super::barcode::bars;
use super::html::Html;
use super::notice::document;
use super::view::{Answer, Choice, Coupon, Form, Part, Question, Send, View};
use super::{Words, form};

/// The page as HTML.
pub fn render(view: &View) -> String {
    let Some(words) = Words::of(view.locale.language()) else { return String::new() };
    let mut card = Html::new().text_element("h1", &[], &view.title);
    for part in &view.parts {
        card = card.and(write_part(part, words));
    }
    document(view.locale.as_str(), &view.title, view.shop.as_deref(), card)
}

fn write_part(part: &Part, words: &Words) -> Html {
    let html = Html::new();
    match part {
        Part::Paragraph(text) => html.element("p", &[], lines(text)),
        Part::Hint(text) => html.element("p", &[("class", "soft")], lines(text)),
        Part::Good(text) => html.element("p", &[("class", "good"), ("role", "status")], lines(text)),
        Part::Bad(text) => html.element("p", &[("class", "bad"), ("role", "alert")], lines(text)),
        Part::When(text) => html.text_element("p", &[("class", "when")], text),
        Part::Coupon(coupon) => write_coupon(coupon),
        Part::Button { text, link } => {
            html.text_element("a", &[("class", "button"), ("href", link), ("rel", "noreferrer")], text)
        }
        Part::Form(form) => write_form(form, words),
    }
}

/// A text whose line ends are kept.
fn lines(text: &str) -> Html {
    let mut html = Html::new();
    for (place, line) in text.lines().enumerate() {
        if place > 0 {
            html = html.open("br", &[]);
        }
        html = html.text(line);
    }
    html
}

fn write_coupon(coupon: &Coupon) -> Html {
    let mut inside = Html::new().text_element("p", &[("class", "soft")], &coupon.label).text_element(
        "p",
        &[("class", "code"), ("lang", "en"), ("translate", "no")],
        &coupon.code,
    );
    if let Some(bars) = bars(&coupon.code) {
        inside = inside.element("div", &[("class", "bars")], bars);
    }
    for note in &coupon.notes {
        inside = inside.element("p", &[("class", "soft")], lines(note));
    }
    Html::new().element("div", &[("class", "coupon")], inside)
}

fn write_form(form: &Form, words: &Words) -> Html {
    let mut inside = Html::new();
    for question in &form.questions {
        inside = inside.and(write_question(question, words));
    }
    for (place, button) in form.buttons.iter().enumerate() {
        let kind = if place == 0 { "first" } else { "second" };
        let attributes = [("class", kind), ("name", Send::NAME), ("value", &*button.value)];
        inside = inside.text_element("button", &attributes, &button.text);
    }
    // Without an action the form comes back to where it is, whatever path a proxy has put before it.
    Html::new().element("form", &[("method", "post"), ("accept-charset", "utf-8")], inside)
}

fn write_question(question: &Question, words: &Words) -> Html {
    let mut ask = Html::new().text(&question.ask);
    if question.is_optional && !matches!(question.answer, Answer::Any(_) | Answer::Listed(_)) {
        ask = ask.text(" ").text_element("small", &[("class", "soft")], &format!("({})", words.optional));
    }
    let name = format!("q-{}", question.id);
    let mistake = question.mistake.as_ref().map(|mistake| {
        let id = format!("{name}-bad");
        Html::new().text_element("p", &[("class", "bad"), ("id", &id), ("role", "alert")], mistake)
    });
    let mistake = mistake.unwrap_or_default();
    let group = |inside: Html| {
        let inside = Html::new().element("legend", &[], ask.clone()).and(mistake.clone()).and(inside);
        Html::new().element("fieldset", &[], inside)
    };
    let field = |inside: Html| {
        let label = Html::new().element("label", &[("for", &name)], ask.clone());
        Html::new().element("div", &[("class", "field")], label.and(mistake.clone()).and(inside))
    };
    match &question.answer {
        Answer::One(choices) => group(picks(question, choices, "radio")),
        Answer::Any(choices) => group(picks(question, choices, "checkbox")),
        Answer::Scale(choices) => {
            group(Html::new().element("div", &[("class", "scale")], picks(question, choices, "radio")))
        }
        Answer::Listed(choices) => field(list(question, choices, &name)),
        Answer::Number => {
            field(input(question, &name, &[("type", "text"), ("inputmode", "decimal"), ("autocomplete", "off")]))
        }
        Answer::Day => field(input(question, &name, &[("type", "date")])),
        Answer::Words => {
            let given = question.given.first().map_or("", String::as_str);
            let most = form::WORDS_MAX.to_string();
            let attributes = with_name(question, &name, &[("rows", "3"), ("maxlength", &most)]);
            field(Html::new().text_element("textarea", &attributes, given))
        }
    }
}

/// The attributes that every field has, and `own` ones.
fn with_name<'a>(question: &'a Question, id: &'a str, own: &[(&'static str, &'a str)]) -> Vec<(&'static str, &'a str)> {
    let mut attributes = own.to_vec();
    attributes.extend([("id", id), ("name", question.id.as_str())]);
    if question.mistake.is_some() {
        attributes.push(("aria-invalid", "true"));
    }
    attributes
}

fn input(question: &Question, id: &str, own: &[(&'static str, &str)]) -> Html {
    let mut attributes = with_name(question, id, own);
    if let Some(given) = question.given.first() {
        attributes.push(("value", given));
    }
    Html::new().open("input", &attributes)
}

fn list(question: &Question, choices: &[Choice], id: &str) -> Html {
    let mut options = Html::new();
    for choice in choices {
        let mut attributes = vec![("value", choice.value.as_str())];
        if question.given.contains(&choice.value) {
            attributes.push(("selected", ""));
        }
        options = options.text_element("option", &attributes, &choice.label);
    }
    Html::new().element("select", &with_name(question, id, &[]), options)
}

fn picks(question: &Question, choices: &[Choice], kind: &str) -> Html {
    let mut html = Html::new();
    for choice in choices {
        let mut attributes = vec![("type", kind), ("name", question.id.as_str()), ("value", choice.value.as_str())];
        if question.given.contains(&choice.value) {
            attributes.push(("checked", ""));
        }
        let inside = Html::new().open("input", &attributes).text_element("span", &[], &choice.label);
        html = html.element("label", &[("class", "pick")], inside);
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(parts: Vec<Part>) -> View {
        View { locale: "ko".parse().unwrap(), shop: Some("<Tea>".to_owned()), title: "a & b".to_owned(), parts }
    }

    fn question(answer: Answer) -> Question {
        let ask = "How?".to_owned();
        Question { id: "q".to_owned(), ask, answer, is_optional: true, given: vec!["2".to_owned()], mistake: None }
    }

    #[test]
    fn all_parts_are_written_and_escaped() {
        let choices = || vec![Choice::new("1", "one"), Choice::new("2", "<two>")];
        let answers = [
            Answer::One(choices()),
            Answer::Scale(choices()),
            Answer::Listed(choices()),
            Answer::Any(choices()),
            Answer::Number,
            Answer::Words,
            Answer::Day,
        ];
        let mut questions: Vec<_> = answers.into_iter().map(question).collect();
        questions[4].mistake = Some("<no>".to_owned());
        let buttons = vec![
            Send { value: "yes".to_owned(), text: "Yes".to_owned() },
            Send { value: "no".to_owned(), text: "No".to_owned() },
        ];
        let coupon =
            Coupon { label: "Code".to_owned(), code: "SPR-42".to_owned(), notes: vec!["until <then>".to_owned()] };
        let html = render(&view(vec![
            Part::Paragraph("a\n<script>".to_owned()),
            Part::Coupon(coupon),
            Part::When("14:30".to_owned()),
            Part::Button { text: "Go".to_owned(), link: "https://shop.example/?a=1&b=\"".to_owned() },
            Part::Form(Form { questions, buttons }),
        ]));
        assert!(html.starts_with("<!doctype html><html lang=\"ko\"><head><meta charset=\"utf-8\">"), "{html}");
        for wanted in [
            "<title>a &amp; b</title>",
            "<p>a<br>&lt;script&gt;</p>",
            "<svg",
            "href=\"https://shop.example/?a=1&amp;b=&quot;\"",
            "<input type=\"radio\" name=\"q\" value=\"2\" checked><span>&lt;two&gt;</span>",
            "<option value=\"2\" selected>",
            "aria-invalid=\"true\" value=\"2\"",
            "<textarea rows=\"3\" maxlength=\"500\" id=\"q-q\" name=\"q\">2</textarea>",
            "<button class=\"second\" name=\"send\" value=\"no\">No</button>",
        ] {
            assert!(html.contains(wanted), "{wanted}\n{html}");
        }
        assert!(!html.contains("<script") && !html.contains(" style=") && !html.contains(" on"), "{html}");
        assert!(html.len() < 20 << 10, "{}", html.len());
    }
}

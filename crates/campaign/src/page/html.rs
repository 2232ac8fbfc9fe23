//! Writes HTML of which every text is escaped: there is no way to put a text in as it is.

/// A piece of HTML.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Html(String);

impl Html {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// An element with attributes and what `inside` puts into it.
    #[must_use]
    pub fn element(self, tag: &'static str, attributes: &[(&'static str, &str)], inside: Self) -> Self {
        let mut html = self.open(tag, attributes);
        html.0.push_str(&inside.0);
        html.0.push_str("</");
        html.0.push_str(tag);
        html.0.push('>');
        html
    }

    /// An element with a text in it.
    #[must_use]
    pub fn text_element(self, tag: &'static str, attributes: &[(&'static str, &str)], text: &str) -> Self {
        self.element(tag, attributes, Self::new().text(text))
    }

    /// An element that has no end, like `input`. An attribute without a value is written as a bare word.
    #[must_use]
    pub fn open(mut self, tag: &'static str, attributes: &[(&'static str, &str)]) -> Self {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            if !value.is_empty() {
                self.0.push_str("=\"");
                escape(&mut self.0, value);
                self.0.push('"');
            }
        }
        self.0.push('>');
        self
    }

    /// A text.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        escape(&mut self.0, text);
        self
    }

    /// A style sheet or the head of the document: what this program brings itself.
    #[must_use]
    pub fn fixed(mut self, html: &'static str) -> Self {
        self.0.push_str(html);
        self
    }

    /// Another piece after this one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.push_str(&other.0);
        self
    }

    /// The text of it.
    pub fn into_string(self) -> String {
        self.0
    }
}

fn escape(to: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            '\'' => to.push_str("&#39;"),
            // Control characters are no HTML.
            '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\x7f' => {}
            other => to.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_put_in_becomes_markup() {
        let html = Html::new().text_element("p", &[("title", "\"><script>"), ("hidden", "")], "<b>'a' & b\u{0}</b>");
        let expected = "<p title=\"&quot;&gt;&lt;script&gt;\" hidden>&lt;b&gt;&#39;a&#39; &amp; b&lt;/b&gt;</p>";
        assert_eq!(html.into_string(), expected);
    }
}

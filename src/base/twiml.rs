//! TwiML as an escaped tree: <https://www.twilio.com/docs/voice/twiml>.

/// One element.
pub struct Element {
    open: String,
    inner: String,
    name: &'static str,
}

/// An element with this name.
#[must_use]
pub fn el(name: &'static str) -> Element {
    Element { open: ["<", name].concat(), inner: String::new(), name }
}

impl Element {
    /// Adds an attribute.
    #[must_use]
    pub fn attr(mut self, name: &str, value: &str) -> Self {
        self.open.push(' ');
        self.open.push_str(name);
        self.open.push_str("=\"");
        escape(&mut self.open, value, true);
        self.open.push('"');
        self
    }

    /// Adds text.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        escape(&mut self.inner, text, false);
        self
    }

    /// Adds a child element.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        child.write(&mut self.inner);
        self
    }

    fn write(&self, into: &mut String) {
        into.push_str(&self.open);
        if self.inner.is_empty() {
            into.push_str("/>");
        } else {
            into.push('>');
            into.push_str(&self.inner);
            into.push_str("</");
            into.push_str(self.name);
            into.push('>');
        }
    }
}

/// The whole document: `<Response>` around `verb`.
#[must_use]
pub fn response(verb: Element) -> String {
    responses([verb])
}

/// The whole document: `<Response>` around these verbs.
#[must_use]
pub fn responses(verbs: impl IntoIterator<Item = Element>) -> String {
    let mut xml = String::with_capacity(512);
    xml.push_str(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
    verbs.into_iter().fold(el("Response"), Element::child).write(&mut xml);
    xml
}

/// Escapes as twilio-node does. Characters that XML 1.0 has no place for are dropped: no
/// escape could carry them.
fn escape(into: &mut String, text: &str, attribute: bool) {
    let mut rest = text;
    // What stays goes with what comes behind it.
    let mut from = 0;
    // 0xef begins, among others, U+FFFE and U+FFFF.
    let is_special = |byte: u8| byte < b' ' || matches!(byte, b'&' | b'<' | b'>' | b'"' | 0xef);
    while let Some(at) = rest.bytes().skip(from).position(is_special) {
        let (plain, special) = rest.split_at_checked(from + at).unwrap_or_default();
        let Some(c) = special.chars().next() else { break };
        let escaped = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' if !attribute => "&gt;",
            '"' if attribute => "&quot;",
            '\t' if attribute => "&#x9;",
            '\n' if attribute => "&#xA;",
            '\r' => "&#xD;",
            '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'.. => {
                from += at + c.len_utf8();
                continue;
            }
            _ => "",
        };
        into.push_str(plain);
        into.push_str(escaped);
        (rest, from) = (special.get(c.len_utf8()..).unwrap_or_default(), 0);
    }
    into.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_could_break_out_is_escaped() {
        let xml =
            response(el("Dial").attr("callerId", "\"><&'\n").child(el("Sip").text("a&b<c>\"'")));
        assert_eq!(
            xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>\
             <Dial callerId=\"&quot;>&lt;&amp;'&#xA;\"><Sip>a&amp;b&lt;c&gt;\"'</Sip></Dial></Response>"
        );
    }

    #[test]
    fn an_empty_element_closes_itself() {
        assert!(response(el("Hangup")).ends_with("<Response><Hangup/></Response>"));
    }

    #[test]
    fn characters_that_xml_cannot_carry_are_dropped() {
        let text = "a\u{0}\u{b}b\u{ffff}\u{ff21}\u{fffe}👋";
        assert!(response(el("Say").text(text)).contains("<Say>ab\u{ff21}👋</Say>"));
    }
}

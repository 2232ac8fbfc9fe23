//! Says in lines for people what the API says in JSON.

use serde_json::Value;

use crate::cli::out;

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or(0)
}

/// `12`, `0.5`, and nothing where there is nothing.
fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// `delivered 12, failed 3`, the most frequent first.
fn counts(value: Option<&Value>) -> String {
    let fields = value.and_then(Value::as_object).into_iter().flatten();
    let mut pairs: Vec<(u64, &str)> =
        fields.filter_map(|(name, count)| Some((count.as_u64().filter(|count| *count > 0)?, name.as_str()))).collect();
    pairs.sort_unstable_by(|one, two| two.0.cmp(&one.0).then(one.1.cmp(two.1)));
    let words: Vec<String> = pairs.into_iter().map(|(count, name)| format!("{name} {count}")).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

pub fn list(said: &Value) -> Vec<String> {
    let mut rows = vec![["name", "state", "recipients", "started", "title"].map(str::to_owned)];
    for one in said.get("campaigns").and_then(Value::as_array).into_iter().flatten() {
        let started = word(one, "started_at").chars().take(16).collect();
        let recipients = number(one, "recipients").to_string();
        rows.push([
            word(one, "name").to_owned(),
            word(one, "state").to_owned(),
            recipients,
            started,
            word(one, "title").to_owned(),
        ]);
    }
    out::columns(&rows)
}

pub fn campaign(said: &Value) -> Vec<String> {
    let mut lines = vec![format!("{} is {} ({})", word(said, "name"), word(said, "state"), word(said, "title"))];
    for (label, name) in
        [("started", "started_at"), ("begins", "begins_at"), ("next turn", "next_at"), ("ended", "ended_at")]
    {
        if !word(said, name).is_empty() {
            lines.push(format!("{label:11}{}", word(said, name)));
        }
    }
    if number(said, "recipients") > 0 {
        lines.push(format!("recipients {}: {}", number(said, "recipients"), counts(said.get("states"))));
    }
    lines
}

pub fn stopped(said: &Value) -> Vec<String> {
    let mut lines = campaign(said);
    lines.push(format!(
        "{} left, {} on their way, {} got none; {} taken back just now",
        number(said, "sent"),
        number(said, "on_their_way"),
        number(said, "not_sent"),
        number(said, "taken_back")
    ));
    if said.get("more").and_then(Value::as_bool) == Some(true) {
        lines.push("more is being taken back; postrider campaign show tells the end".to_owned());
    }
    lines
}

pub fn forecast(said: &Value) -> Vec<String> {
    let exact = said.get("exact").and_then(Value::as_bool) == Some(true);
    let how = if exact {
        "each was looked at".to_owned()
    } else {
        format!("scaled from a random sample of {}", number(said, "looked_at"))
    };
    let mut lines = vec![
        format!("recipients {} ({how})", number(said, "recipients")),
        format!("variants   {}", counts(said.get("variants"))),
        format!("texts      {} of {} segments", number(said, "texts"), number(said, "segments")),
    ];
    let cost = shown(said.get("cost"));
    if cost.is_empty() {
        lines.push("cost       not known: there is no [prices] in the configuration".to_owned());
    } else {
        let without = number(said, "segments_without_price");
        let note = if without > 0 { format!(", and {without} segments without a price") } else { String::new() };
        lines.push(format!("cost       {cost} {}{note}", word(said, "currency")));
    }
    for (label, name) in [("blocked", "blocked"), ("later", "waiting"), ("skipped", "skipped")] {
        lines.push(format!("{label:11}{}", counts(said.get(name))));
    }
    if number(said, "late") > 0 {
        lines.push(format!("late       {} are past the local time and get it at once", number(said, "late")));
    }
    lines.push(format!("begins     {}", word(said, "begins_at")));
    let known = said.get("speed_known").and_then(Value::as_bool) == Some(true);
    let note = if known { "" } else { " at the earliest: a link has no rate in the configuration" };
    lines.push(format!("ends       {}{note}", word(said, "ends_at")));
    lines
}

pub fn texts(said: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for one in said.get("texts").and_then(Value::as_array).into_iter().flatten() {
        let head =
            [word(one, "to"), word(one, "variant"), word(one, "state"), word(one, "message"), word(one, "reason")];
        lines.push(head.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  "));
        if !word(one, "text").is_empty() {
            lines.push(format!("  {}", word(one, "text")));
        }
    }
    lines
}

pub fn report(said: &Value) -> Vec<String> {
    let mut lines = vec![format!("{} is {} ({})", word(said, "name"), word(said, "state"), word(said, "title"))];
    let currency = word(said, "currency");
    if let Some(total) = said.get("total") {
        lines.push(format!("recipients {}: {}", number(total, "recipients"), counts(total.get("states"))));
        let segments = number(total, "segments");
        lines.push(format!(
            "left       {} texts, {segments} segments, {} {currency}",
            number(total, "left"),
            shown(total.get("cost"))
        ));
        lines.push(format!(
            "answers    {} clicked ({} clicks, {} by machines), {} replied, {} opted out",
            number(total, "clicked"),
            number(total, "clicks"),
            number(total, "machine_clicks"),
            number(total, "replied"),
            number(total, "opted_out")
        ));
        lines.push(format!("coupons    {} given, {} redeemed", number(total, "coupons"), number(total, "redeemed")));
    }
    let mut rows =
        vec![["variant", "recipients", "left", "clicked", "replied", "buyers", "revenue"].map(str::to_owned)];
    for one in said.get("variants").and_then(Value::as_array).into_iter().flatten() {
        let revenue = one.get("revenue").and_then(Value::as_object).into_iter().flatten();
        let revenue: Vec<String> = revenue.map(|(currency, sum)| format!("{sum} {currency}")).collect();
        let count = |name: &str| number(one, name).to_string();
        rows.push([
            word(one, "variant").to_owned(),
            count("recipients"),
            count("left"),
            count("clicked"),
            count("replied"),
            count("buyers"),
            revenue.join(", "),
        ]);
    }
    lines.extend(out::columns(&rows));
    if let Some(lift) = said.get("lift").filter(|lift| !lift.is_null()) {
        let between = |name: &str| -> String {
            let pair = lift.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            pair.iter().map(ToString::to_string).collect::<Vec<_>>().join(" to ")
        };
        lines.push(format!(
            "effect     {} % more buyers (between {}), revenue {} {} (between {})",
            shown(lift.get("difference_percent")),
            between("difference_between"),
            shown(lift.get("revenue")),
            word(said, "lift_currency"),
            between("revenue_between")
        ));
        lines.push(format!("           {}", word(lift, "verdict")));
    }
    if let Some(back) = said.get("return").filter(|back| !back.is_null()) {
        lines.push(format!("return     {back} for each {currency} paid"));
    }
    for (state, reasons) in said.get("reasons").and_then(Value::as_object).into_iter().flatten() {
        lines.push(format!("{state:11}{}", counts(Some(reasons))));
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_most_frequent_comes_first() {
        assert_eq!(counts(Some(&json!({"a": 1, "b": 5, "c": 0}))), "b 5, a 1");
        assert_eq!(counts(None), "none");
    }

    #[test]
    fn a_forecast_says_how_it_was_found() {
        let said = json!({"recipients": 5000, "looked_at": 2000, "exact": false, "texts": 4000, "segments": 8000,
            "blocked": {"opted_out": 7}, "begins_at": "B", "ends_at": "E", "speed_known": false});
        let text = forecast(&said).join("\n");
        for told in ["random sample of 2000", "no [prices]", "opted_out 7", "at the earliest"] {
            assert!(text.contains(told), "{text}");
        }
    }
}

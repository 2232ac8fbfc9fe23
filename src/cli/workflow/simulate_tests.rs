//! Claims about `postrider workflow simulate`, with the example of the documentation.

use clap::Parser;

use super::super::play::Line;
use super::*;

#[derive(Parser)]
struct Words {
    #[command(flatten)]
    args: Args,
}

/// What `postrider workflow simulate` does with the documentation's example and these words.
fn simulated(words: &[&str]) -> Play {
    let folder = tempfile::tempdir().unwrap();
    let page = include_str!("../../../docs/WORKFLOWS.md");
    let mut blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let file = folder.path().join("cart-left.toml");
    std::fs::write(&file, blocks.next().unwrap()).unwrap();
    std::fs::write(folder.path().join("templates.toml"), blocks.next().unwrap()).unwrap();
    let file = file.to_str().unwrap();
    let usual = ["simulate", file, "--contact", "+821012345678", "--at", "2026-11-22T10:00:00+09:00"];
    let words = Words::try_parse_from(usual.iter().chain(words)).unwrap_or_else(|error| panic!("{error}"));
    play(&words.args).unwrap()
}

fn texts(play: &Play) -> Vec<(u64, &str)> {
    let begun = play.lines[0].at;
    let hours = |line: &Line| line.at.since(begun).as_secs() / 3_600;
    play.lines.iter().filter_map(|line| Some((hours(line), line.text.as_deref()?))).collect()
}

const EVENT: &str = r#"{"type": "cart_updated", "products": [{"name": "Tea"}]}"#;

#[test]
fn the_example_is_played_to_its_end() {
    let play = simulated(&["--event", EVENT]);
    let texts = texts(&play);
    assert_eq!((texts.len(), texts[0].0, texts[1].0), (2, 24, 96), "{:?}", play.lines);
    assert!(texts[0].1.contains("Tea waits for you: https://s.example/"), "{texts:?}");
    assert_eq!(play.last().unwrap().unwrap().outcome.as_deref(), Some("over"));
    assert!(play.lines.iter().any(|line| line.what == "the text is delivered"), "{:?}", play.lines);
    play.print(false).unwrap();
    play.print(true).unwrap();
}

#[test]
fn without_an_event_its_trigger_brings_one_with_a_product() {
    let play = simulated(&[]);
    assert!(texts(&play)[0].1.contains("a product waits for you"), "{:?}", play.lines);
}

#[test]
fn an_answer_a_click_and_a_purchase_lead_elsewhere() {
    let went = |words: &[&str]| {
        let play = simulated(&[&["--event", EVENT], words].concat());
        let steps: Vec<String> = play.lines.iter().map(|line| line.step.clone()).collect();
        (steps, play.last().unwrap().unwrap().outcome.unwrap())
    };
    assert!(went(&["--answer", "2d:Yes!"]).0.contains(&"cart-left/order".to_owned()));
    assert!(went(&["--click", "remind@30h"]).0.contains(&"cart-left/won".to_owned()));
    assert_eq!(went(&["--later", "1h:{\"type\": \"purchase\"}"]).1, "goal");
}

#[test]
fn why_it_does_not_begin_and_what_is_missing_are_told() {
    let stranger = simulated(&["--event", r#"{"type": "visit"}"#, "--until", "1d"]);
    assert!(stranger.last().unwrap().is_none());
    assert!(stranger.lines.iter().any(|line| line.what.starts_with("not begun: no trigger")), "{:?}", stranger.lines);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bare.toml");
    std::fs::write(&file, "name = \"bare\"\n[[trigger]]\napi = true\n[[step]]\nsend = \"gone\"\n").unwrap();
    let words = ["simulate", file.to_str().unwrap(), "--contact", "+821012345678"];
    let play = play(&Words::try_parse_from(words).unwrap_or_else(|error| panic!("{error}")).args).unwrap();
    assert_eq!(play.gaps, ["template \"gone\" (bare/step/0/send)"]);
    let skipped = "skipped: there is no template \"gone\"";
    assert!(play.lines.iter().any(|line| line.what == skipped), "{:?}", play.lines);
}

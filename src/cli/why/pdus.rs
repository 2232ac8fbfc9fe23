//! The PDUs of a message, made again from its rows as the link made them, and decoded field by field.

use std::sync::Arc;

use super::story::Story;
use crate::config::Settings;
use crate::model::{Encoded, PhoneNumber, SegmentTurn, Sender, Submission as Turned, Timestamp, mask};
use crate::smpp::pdu::{SubmitSmResp, describe};
use crate::smpp::profile::CarrierProfile;
use crate::smpp::{Body, CommandStatus, Pdu, submit};
use crate::store::message::View;
use crate::store::submission::Submission;
use crate::tpdu::{Address, Outgoing, Submit, Validity};

/// Tells the request of every segment, and the answer where there was one.
pub fn tell(story: &mut Story, view: &View, submissions: &[Submission], settings: Option<&Settings>) {
    let Some(encoded) = view.encoded.as_ref() else { return };
    if is_over_a_modem(view, submissions, settings) {
        return tell_tpdus(story, view, encoded, submissions, settings);
    }
    let (profile, of) = profile(view, submissions, settings);
    story.heading(&format!("PDUs, made again from the rows for {of}"));
    let turned = turned(view, encoded);
    for (index, number) in (0..=u8::MAX).zip(1..=encoded.segments.len()) {
        let tries: Vec<&Submission> = submissions.iter().filter(|one| one.segment == index).collect();
        let at = tries.last().map_or(view.head.id.given_at(), |last| last.at);
        story.push(format!("  segment {number} of {}, request", encoded.segments.len()));
        match submit::request(&profile, &turned, index, at) {
            Ok(body) => fields(story, view, &Pdu::request(0, body)),
            Err(error) => story.push(format!("    cannot be made: {error}")),
        }
        for one in tries {
            if let Some(answer) = answer(one) {
                story.push(format!("  segment {number}, answer to lease {}", one.attempt));
                fields(story, view, &answer);
            }
        }
    }
}

/// Whether a modem had the message, or would get it first.
fn is_over_a_modem(view: &View, submissions: &[Submission], settings: Option<&Settings>) -> bool {
    if view.head.sim.is_some() {
        return true;
    }
    let Some(settings) = settings else { return false };
    let link = submissions.last().map(|one| one.link.as_str()).or(view.head.link.as_deref());
    let route = settings.routes.iter().find(|route| *route.name == *view.route);
    let group = link.map(crate::pipeline::Settings::group_of);
    let group = group.or_else(|| route.and_then(|route| route.groups.first()).map(|group| &**group));
    group.is_some_and(|group| settings.carrier(group).is_none() && group == settings.modems.group)
}

/// Tells the SMS-SUBMIT of every segment as the modem got it, and what it answered.
fn tell_tpdus(
    story: &mut Story,
    view: &View,
    encoded: &Encoded,
    submissions: &[Submission],
    settings: Option<&Settings>,
) {
    story.heading("TPDUs, made again from the rows for a modem");
    for (index, number) in (0..=u8::MAX).zip(1..=encoded.segments.len()) {
        let tries: Vec<&Submission> = submissions.iter().filter(|one| one.segment == index).collect();
        let at = tries.last().map_or(view.head.id.given_at(), |last| last.at);
        story.push(format!("  segment {number} of {}, SMS-SUBMIT", encoded.segments.len()));
        let made =
            Submit::of_segment(encoded, index.into(), Address::number(&view.head.recipient)).map(|submit| Submit {
                report_request: settings.is_none_or(|settings| settings.modems.reports),
                validity: Some(Validity::relative_at_least(view.head.valid_until.since(at))),
                ..submit
            });
        let octets =
            made.as_ref().map_err(ToString::to_string).and_then(|submit| submit.encode().map_err(|e| e.to_string()));
        match (made, octets) {
            (Ok(submit), Ok(octets)) => {
                story.push(format!("    AT+CMGS={}", octets.len()));
                for (name, value) in Outgoing::Submit(submit).describe() {
                    let hidden = match name {
                        "TP-UD" | "text" if !story.is_full() => "not shown".to_owned(),
                        _ if story.is_full() => value,
                        _ => value.replace(view.head.recipient.digits(), &mask(view.head.recipient.digits())),
                    };
                    story.push(format!("    {name:<24}{hidden}"));
                }
            }
            (_, Err(why)) => story.push(format!("    cannot be made: {why}")),
            (Err(why), _) => story.push(format!("    cannot be made: {why}")),
        }
        for one in tries {
            let answer = match (&one.carrier_id, &one.note) {
                (Some(id), _) => format!("+CMGS: {}", id.rsplit(':').next().unwrap_or(id)),
                (None, Some(note)) => note.clone(),
                (None, None) => continue,
            };
            story.push(format!("  segment {number}, answer to lease {} over {}: {answer}", one.attempt, one.link));
        }
    }
}

/// The profile of the carrier that had the message last, or else the first that its route would give it to.
fn profile(view: &View, submissions: &[Submission], settings: Option<&Settings>) -> (CarrierProfile, String) {
    let Some(settings) = settings else {
        return (CarrierProfile::default(), "a usual carrier (--config tells the real one)".to_owned());
    };
    let link = submissions.last().map(|one| one.link.as_str()).or(view.head.link.as_deref());
    let route = settings.routes.iter().find(|route| *route.name == *view.route);
    let group = link.map(crate::pipeline::Settings::group_of);
    let group = group.or_else(|| route.and_then(|route| route.groups.first()).map(|group| &**group));
    match group.and_then(|group| settings.carrier(group)) {
        Some(carrier) => (carrier.profile.clone(), format!("carrier \"{}\"", carrier.name)),
        None => (CarrierProfile::default(), "a usual carrier (its own is no longer configured)".to_owned()),
    }
}

/// The message as a link gets it, with all segments.
fn turned(view: &View, encoded: &Encoded) -> Turned {
    let turns = (0..=u8::MAX).take(encoded.segments.len());
    Turned {
        message: view.head.id,
        attempt: view.head.attempt.max(1),
        from: view.sender.as_deref().map(Sender::from_network),
        to: view.head.recipient.clone(),
        class: view.head.class,
        encoded: Arc::new(encoded.clone()),
        turns: turns.map(|index| SegmentTurn { index, not_before: Timestamp::default() }).collect(),
        gap: std::time::Duration::ZERO,
        allowance: None,
        valid_until: view.head.valid_until,
        parameters: view.parameters.clone(),
    }
}

/// The carrier's answer, if it gave one.
fn answer(submission: &Submission) -> Option<Pdu> {
    let status = CommandStatus(submission.code.unwrap_or(0));
    if submission.code.is_none() && submission.carrier_id.is_none() {
        return None;
    }
    let message_id = submission.carrier_id.as_deref().unwrap_or_default().into();
    Some(Pdu::answer(status, 0, Body::SubmitSmResp(SubmitSmResp { message_id, ..SubmitSmResp::default() })))
}

fn fields(story: &mut Story, view: &View, pdu: &Pdu) {
    for (name, value) in describe(pdu) {
        // The session gave it; rows do not keep it.
        if name == "sequence_number" {
            continue;
        }
        let value =
            if story.is_full() { value } else { discreet(&name, value, &view.head.recipient, view.sender.as_deref()) };
        story.push(format!("    {name:<24}{value}"));
    }
}

/// A field's value without whole numbers and texts.
fn discreet(name: &str, value: String, to: &PhoneNumber, from: Option<&str>) -> String {
    if name == "short_message" || name.contains("message_payload") {
        let octets = value.split_inclusive(' ').take(2).collect::<String>();
        return format!("{}, not shown", octets.trim_end().trim_end_matches([',', ':']));
    }
    let hidden = value.replace(to.digits(), &mask(to.digits()));
    match from.map(|from| from.trim_start_matches('+')) {
        Some(from) if !from.is_empty() && name == "source_addr" => hidden.replace(from, &mask(from)),
        _ => hidden,
    }
}

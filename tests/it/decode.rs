//! Bad input, kind by kind: each is refused or ignored with its reason, and the next event is read all the same.

use goalkeeper::domain::engine::{Engine, Input, Outcome, Refusal};
use goalkeeper::domain::event::Event;
use goalkeeper::domain::roster::{Roster, RosterData, Unit};
use goalkeeper::domain::settings::Settings;
use goalkeeper::domain::time::{Instant, Span};
use goalkeeper::ingest::decode::{Decoded, Decoder, MAX_PAYLOAD, Message};
use goalkeeper::ingest::refusal::Reason;
use goalkeeper::ingest::schema::TYPES;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

const KEY: [u8; 16] = [7; 16];
/// The envelope of an answered contact, without `data`.
const HEAD: &str =
    r#""specversion":"1.0","id":"e1","source":"/pbx","type":"contact.answered","time":"2026-01-05T09:00:00Z""#;

type Headers<'a> = &'a [(&'a str, &'a [u8])];

fn decode(decoder: &mut Decoder, payload: &[u8], headers: Headers<'_>) -> Result<Decoded, Reason> {
    decoder.decode(Message { payload: Some(payload), headers }).map_err(|refused| refused.reason)
}

fn good(decoder: &mut Decoder) -> Event {
    let text = format!("{{{HEAD},\"data\":{{\"contact\":\"c1\",\"queue\":\"support\",\"rep\":\"ines\"}}}}");
    match decode(decoder, text.as_bytes(), &[]) {
        Ok(Decoded::Event(event)) => event,
        other => panic!("a good event is not read: {other:?}"),
    }
}

/// A structured event with this `data`.
fn with_data(data: &str) -> String {
    format!("{{{HEAD},\"data\":{data}}}")
}

/// A structured event in which one attribute of the envelope is written otherwise; `None` leaves it out.
fn with_attribute(name: &str, value: Option<Value>) -> String {
    let mut event: Value = serde_json::from_str(&with_data(r#"{"contact":"c1"}"#)).expect("is JSON");
    let attributes = event.as_object_mut().expect("is an object");
    match value {
        Some(value) => drop(attributes.insert(name.to_owned(), value)),
        None => drop(attributes.remove(name)),
    }
    event.to_string()
}

#[test]
fn each_kind_of_bad_input_is_refused_with_its_reason_and_the_next_event_is_read() {
    let long = "x".repeat(257);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let rows: Vec<(&str, Vec<u8>, Reason)> = vec![
        ("empty", vec![], Reason::NotJson),
        ("blanks", b"   ".to_vec(), Reason::NotJson),
        ("text", b"hello".to_vec(), Reason::NotJson),
        ("cut short", with_data("{\"contact\":\"c1\"").into_bytes(), Reason::NotJson),
        ("something behind it", (with_data("{\"contact\":\"c1\"}") + "x").into_bytes(), Reason::NotJson),
        ("byte order mark", format!("\u{feff}{}", with_data("{\"contact\":\"c1\"}")).into_bytes(), Reason::NotJson),
        ("no UTF-8", vec![b'{', b'"', 0xff, b'"', b'}'], Reason::NotUtf8),
        ("a number", b"7".to_vec(), Reason::NotCloudEvent),
        ("null", b"null".to_vec(), Reason::NotCloudEvent),
        ("an array", format!("[{}]", with_data("{}")).into_bytes(), Reason::Batch),
        ("an object of something else", b"{\"hello\":1}".to_vec(), Reason::NotCloudEvent),
        ("another version", with_attribute("specversion", Some(json!("0.3"))).into_bytes(), Reason::NotCloudEvent),
        ("huge", vec![b' '; MAX_PAYLOAD + 1], Reason::TooLarge),
        ("no id", with_attribute("id", None).into_bytes(), Reason::MissingAttribute),
        ("no source", with_attribute("source", None).into_bytes(), Reason::MissingAttribute),
        ("no type", with_attribute("type", None).into_bytes(), Reason::MissingAttribute),
        ("no time", with_attribute("time", None).into_bytes(), Reason::MissingAttribute),
        ("no data", with_attribute("data", None).into_bytes(), Reason::MissingAttribute),
        ("blank id", with_attribute("id", Some(json!("  "))).into_bytes(), Reason::BadAttribute),
        ("long id", with_attribute("id", Some(json!(long))).into_bytes(), Reason::BadAttribute),
        ("control character", with_attribute("id", Some(json!("a\u{7}b"))).into_bytes(), Reason::BadAttribute),
        ("id is a list", with_attribute("id", Some(json!([]))).into_bytes(), Reason::BadAttribute),
        ("time is no time", with_attribute("time", Some(json!("noon"))).into_bytes(), Reason::BadAttribute),
        ("30 February", with_attribute("time", Some(json!("2026-02-30T09:00:00Z"))).into_bytes(), Reason::BadAttribute),
        (
            "time without zone",
            with_attribute("time", Some(json!("2026-01-05T09:00:00"))).into_bytes(),
            Reason::BadAttribute,
        ),
        ("seq is a text", with_attribute("seq", Some(json!("one"))).into_bytes(), Reason::BadAttribute),
        ("seq is a fraction", with_attribute("seq", Some(json!(1.5))).into_bytes(), Reason::BadAttribute),
        ("retracted is a number", with_attribute("retracted", Some(json!(1))).into_bytes(), Reason::BadAttribute),
        ("data is a text", with_data("\"c1\"").into_bytes(), Reason::BadField),
        ("data is a list", with_data("[]").into_bytes(), Reason::BadField),
        ("beyond every number", with_data("{\"contact\":\"c\",\"wait\":1e999}").into_bytes(), Reason::BadField),
        ("a field twice", with_data("{\"contact\":\"c\",\"contact\":\"d\"}").into_bytes(), Reason::BadField),
        (
            "null and then a value",
            with_data("{\"contact\":\"c\",\"rep\":null,\"rep\":\"r\"}").into_bytes(),
            Reason::BadField,
        ),
        (
            "a field twice, once with an escape",
            with_data("{\"contact\":\"c\",\"con\\u0074act\":\"c\"}").into_bytes(),
            Reason::BadField,
        ),
        (
            "data twice",
            format!("{{{HEAD},\"data\":{{\"contact\":\"c\"}},\"data\":{{}}}}").into_bytes(),
            Reason::BadAttribute,
        ),
        ("an attribute twice", format!("{{{HEAD},{HEAD},\"data\":{{}}}}").into_bytes(), Reason::BadAttribute),
        ("data is a list of values", with_data("[\"c1\"]").into_bytes(), Reason::BadField),
        ("no contact", with_data("{}").into_bytes(), Reason::MissingField),
        ("contact is null", with_data("{\"contact\":null}").into_bytes(), Reason::MissingField),
        ("contact is an object", with_data("{\"contact\":{}}").into_bytes(), Reason::BadField),
        ("contact is blank", with_data("{\"contact\":\" \"}").into_bytes(), Reason::BadField),
        ("contact is long", with_data(&json!({"contact": long}).to_string()).into_bytes(), Reason::BadField),
        ("queue is a flag", with_data("{\"contact\":\"c\",\"queue\":true}").into_bytes(), Reason::BadField),
        ("negative wait", with_data("{\"contact\":\"c\",\"wait\":-1}").into_bytes(), Reason::BadField),
        ("wait is a text", with_data("{\"contact\":\"c\",\"wait\":\"12\"}").into_bytes(), Reason::BadField),
        ("closed word", with_data("{\"contact\":\"c\",\"direction\":\"sideways\"}").into_bytes(), Reason::BadField),
        ("half a surrogate", with_data("{\"contact\":\"\\ud800\"}").into_bytes(), Reason::BadField),
        ("deep nesting of a known field", with_data(&format!("{{\"contact\":{deep}}}")).into_bytes(), Reason::BadField),
        ("attributes are a list", with_data("{\"contact\":\"c\",\"attributes\":[]}").into_bytes(), Reason::BadField),
        (
            "retraction of nothing",
            format!("{{{HEAD},\"retracted\":true,\"data\":{{}}}}").into_bytes(),
            Reason::Unaddressed,
        ),
    ];
    let mut decoder = Decoder::new(KEY);
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for (name, payload, reason) in rows {
        match decode(&mut decoder, &payload, &[]) {
            Err(found) if found == reason => drop(seen.insert(found)),
            other => wrong.push(format!("{name}: {other:?}, not {reason:?}")),
        }
        good(&mut decoder);
    }
    let tombstone = decoder.decode(Message::default()).map_err(|refused| refused.reason);
    assert_eq!(tombstone, Err(Reason::NullPayload));
    seen.insert(Reason::NullPayload);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let missing: Vec<_> = Reason::ALL.into_iter().filter(|reason| !seen.contains(reason)).collect();
    assert!(missing.is_empty(), "no row is refused as {missing:?}");
}

/// Details are logged, and values may be personal.
#[test]
fn no_detail_of_a_refusal_quotes_a_value() {
    let mut decoder = Decoder::new(KEY);
    for value in [
        json!("secret"),
        json!("say \"secret\" aloud"),
        json!("secret, expected secret"),
        json!("`secret`"),
        json!(4_711_471_147_u64),
        json!(-4711.5),
        json!([4711, "secret"]),
        json!({"secret": "secret"}),
        json!(true),
    ] {
        let fields =
            ["contact", "queue", "wait", "direction", "attributes", "provisional", "priority", "customer_zone"];
        let mut texts: Vec<String> = Vec::new();
        for field in fields {
            texts.push(with_data(&json!({"contact": "c1", field: value}).to_string()));
            texts.push(with_data(&json!({"contact": "c1", "attributes": {"name": value}}).to_string()));
        }
        for attribute in ["id", "source", "type", "time", "seq", "revision", "retracted", "data"] {
            texts.push(with_attribute(attribute, Some(value.clone())));
        }
        for text in texts {
            let message = Message { payload: Some(text.as_bytes()), headers: &[] };
            let Err(refused) = decoder.decode(message) else { continue };
            let quotes = ["secret", "4711", "aloud"].iter().any(|part| refused.detail.contains(part));
            assert!(!quotes, "{} of {text}", refused.detail);
            assert!(refused.detail.contains(' '), "says nothing: {}", refused.detail);
        }
    }
    let wait = with_data("{\"contact\":\"c1\",\"wait\":\"12\"}");
    let refused = decoder.decode(Message { payload: Some(wait.as_bytes()), headers: &[] }).expect_err("is no number");
    assert!(refused.detail.starts_with("data.wait: invalid type: string, expected "), "{}", refused.detail);
}

#[test]
fn what_looks_odd_and_is_allowed_is_read() {
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    let mut decoder = Decoder::new(KEY);
    for (name, data) in [
        ("unknown fields", r#"{"contact":"c1","colour":"red","nested":{"a":[1,2,{"b":null}]}}"#),
        ("an integer as id", r#"{"contact":4711}"#),
        ("escapes", r#"{"contact":"a\u0041\"\\"}"#),
        ("an escape in a name", r#"{"con\u0074act":"c1"}"#),
        ("a name that is no text", r#"{"contact":"c1","\ud800":1}"#),
        ("blanks", " {\n\t\"contact\" : \"c1\" ,\r\n \"wait\" : 12 } "),
        ("a large integer as id", r#"{"contact":18446744073709551615}"#),
        ("a negative integer as id", r#"{"contact":-1}"#),
        ("an unknown field that is deep", &format!(r#"{{"contact":"c1","deep":{deep}}}"#)),
        ("a pair of surrogates", r#"{"contact":"\ud83d\ude00"}"#),
        ("a fraction", r#"{"contact":"c1","wait":12.3456}"#),
        ("an unknown duration", r#"{"contact":"c1","wait":null}"#),
        ("nobody", r#"{"contact":"c1","rep":null}"#),
        ("an open word", r#"{"contact":"c1","channel":"pigeon"}"#),
    ] {
        let read = decode(&mut decoder, with_data(data).as_bytes(), &[]);
        assert!(matches!(read, Ok(Decoded::Event(_))), "{name}: {read:?}");
    }
    for time in ["1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-05T09:00:00.123456789+05:45"] {
        let read = decode(&mut decoder, with_attribute("time", Some(json!(time))).as_bytes(), &[]);
        assert!(matches!(read, Ok(Decoded::Event(_))), "{time}: {read:?}");
    }
}

#[test]
fn names_come_in_any_order_and_the_event_is_the_same() {
    let mut decoder = Decoder::new(KEY);
    let text = format!(r#"{{"data":{{"rep":"ines","queue":"support","contact":"c1"}},{HEAD}}}"#);
    match decode(&mut decoder, text.as_bytes(), &[]) {
        Ok(Decoded::Event(event)) => assert_eq!(event, good(&mut decoder)),
        other => panic!("data before type: {other:?}"),
    }
}

#[test]
fn objects_in_data_are_held_to_their_form_and_the_refusal_says_where() {
    let mut decoder = Decoder::new(KEY);
    let mut refusal = |kind: &str, data: Value| {
        let event = json!({"specversion": "1.0", "id": "1", "source": "/x", "type": kind, "time": "2026-01-05T09:00:00Z",
            "data": data});
        let text = event.to_string();
        let refused = decoder.decode(Message { payload: Some(text.as_bytes()), headers: &[] }).expect_err("is refused");
        (refused.reason, refused.detail.split(": ").next().unwrap_or_default().to_owned())
    };
    let reported = |scope: Value| json!({"measure": "sales", "scope": scope, "from": "2026-01-05T09:00:00Z", "to": "2026-01-05T10:00:00Z", "value": 1});
    let scored =
        |item: Value| json!({"review": "1", "rep": "ines", "items": [{"criterion": "a", "score": 1, "max": 2}, item]});
    let bad = |path: &str| (Reason::BadField, path.to_owned());
    assert_eq!(refusal("measure.reported", reported(json!(["acme"]))), bad("data.scope"));
    assert_eq!(refusal("measure.reported", reported(json!({"team": " "}))), bad("data.scope.team"));
    assert_eq!(refusal("measure.reported", reported(json!({"team": "a", "rep": "b"}))), bad("data.scope"));
    let mut sold = reported(json!({"team": "a"}));
    (sold["value"], sold["sample"]) = (json!(450_000_000_000_i64), json!(30_000));
    assert_eq!(refusal("measure.reported", sold), bad("data.value"));
    assert_eq!(
        refusal("review.scored", scored(json!({"criterion": "b", "score": -1, "max": 2}))),
        bad("data.items[1].score")
    );
    assert_eq!(refusal("review.scored", scored(json!(["b", 1, 2]))), bad("data.items[1]"));
    let missing = (Reason::MissingField, "data.items[1].max".to_owned());
    assert_eq!(refusal("review.scored", scored(json!({"criterion": "b", "score": 1}))), missing);
    assert_eq!(refusal("contact.started", json!({"contact": "1", "attributes": {"a": 1}})), bad("data.attributes.a"));
}

#[test]
fn what_the_vocabulary_does_not_know_is_ignored_by_name() {
    let text = r#"{"specversion":"1.0","id":"1","source":"/x","type":"coffee.brewed","time":"2026-01-05T09:00:00Z","data":{}}"#;
    let read = decode(&mut Decoder::new(KEY), text.as_bytes(), &[]);
    assert_eq!(read, Ok(Decoded::Ignored("coffee.brewed".into())));
}

#[test]
fn a_retraction_names_all_that_tells_its_record_apart() {
    let mut decoder = Decoder::new(KEY);
    let mut read = |kind: &str, data: &Value, retracted: bool| {
        let event = json!({"specversion": "1.0", "id": "1", "source": "/x", "type": kind, "time": "2026-01-05T09:00:00Z",
            "retracted": retracted, "data": data});
        match decode(&mut decoder, event.to_string().as_bytes(), &[])? {
            Decoded::Event(event) => Ok(event.subject),
            Decoded::Ignored(kind) => panic!("{kind} is ignored"),
        }
    };
    let period = json!({"from": "2026-01-05T00:00:00Z", "to": "2026-01-06T00:00:00Z"});
    let mut reported = json!({"measure": "sales", "scope": {"team": "care"}, "value": 1.5});
    reported.as_object_mut().expect("is an object").extend(period.as_object().expect("is one").clone());
    for (kind, data, names) in [
        ("review.scored", json!({"review": "r1", "rep": "ines", "items": []}), &["review"][..]),
        ("complaint.logged", json!({"complaint": "b1", "category": "invoice"}), &["complaint"]),
        ("rep.state", json!({"rep": "ines", "facet": "presence", "state": "offline"}), &["rep", "facet"]),
        ("certification.earned", json!({"rep": "ines", "certification": "ccna"}), &["rep", "certification"]),
        ("coaching.session", json!({"rep": "ines", "plan": "p"}), &["rep"]),
        ("measure.reported", reported, &["measure", "scope", "from", "to"]),
    ] {
        let told = read(kind, &data, false).expect("is read");
        let address: serde_json::Map<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), data[*name].clone())).collect();
        assert_eq!(read(kind, &address.clone().into(), true), Ok(told), "{kind}");
        // The facet has a default, so a retraction without one names another record.
        for name in names.iter().filter(|name| **name != "facet") {
            let mut less = address.clone();
            less.remove(*name);
            assert_eq!(read(kind, &less.into(), true), Err(Reason::Unaddressed), "{kind} without {name}");
        }
    }
}

#[test]
fn binary_mode_is_read_and_refused_alike() {
    let headers = |name: &'static str, value: &'static [u8]| -> Vec<(&'static str, &'static [u8])> {
        let mut headers: Vec<(&str, &[u8])> = vec![
            ("ce_specversion", b"1.0"),
            ("ce_id", b"e1"),
            ("ce_source", b"/pbx"),
            ("ce_type", b"contact.answered"),
            ("ce_time", b"2026-01-05T09:00:00Z"),
            ("content-type", b"application/json"),
        ];
        headers.retain(|(other, _)| *other != name);
        if !value.is_empty() {
            headers.push((name, value));
        }
        headers
    };
    let mut decoder = Decoder::new(KEY);
    let mut read = |name, value, data: &str| decode(&mut decoder, data.as_bytes(), &headers(name, value));
    let data = r#"{"contact":"c1","queue":"support","rep":"ines"}"#;
    let Ok(Decoded::Event(event)) = read("", b"", data) else { panic!("a good event is not read") };
    for (name, value, data, reason) in [
        ("ce_id", &b""[..], data, Reason::MissingAttribute),
        ("ce_time", b"", data, Reason::MissingAttribute),
        ("ce_type", b"", data, Reason::MissingAttribute),
        ("ce_source", b"", data, Reason::MissingAttribute),
        ("ce_time", b"noon", data, Reason::BadAttribute),
        ("ce_seq", b"x", data, Reason::BadAttribute),
        ("ce_retracted", b"perhaps", data, Reason::BadAttribute),
        ("ce_source", b"\xff", data, Reason::BadAttribute),
        ("ce_specversion", b"2.0", data, Reason::NotCloudEvent),
        ("", b"", "{\"contact\":", Reason::NotJson),
        ("", b"", "{}", Reason::MissingField),
        ("content-type", b"application/cloudevents-batch+json", data, Reason::Batch),
    ] {
        assert_eq!(read(name, value, data), Err(reason), "{name} {data}");
    }
    assert_eq!(event, good(&mut decoder), "structured and binary say the same");
}

/// A `data` with every field that the type cannot do without.
fn least(required: &[&str]) -> Value {
    let value = |field: &&str| {
        let value = match *field {
            "reason" | "result" | "activity" | "category" | "state" => json!("other"),
            "kind" => json!("blind"),
            "author" => json!("rep"),
            "status" => json!("open"),
            "scale" => json!("nps"),
            "score" => json!(9),
            "items" => json!([{"criterion": "concern", "score": 3, "max": 5}]),
            "from" | "to" => json!("2026-01-05T09:00:00Z"),
            "scope" => json!({"company": "acme"}),
            _ => json!("x"),
        };
        ((*field).to_owned(), value)
    };
    required.iter().map(value).collect::<serde_json::Map<_, _>>().into()
}

#[test]
fn every_type_is_read_with_what_it_needs_and_refused_without() {
    let mut decoder = Decoder::new(KEY);
    for kind in TYPES {
        let mut data = least(kind.required);
        if kind.name == "measure.reported" {
            data["value"] = json!(1);
        }
        let mut read = |data: &Value| {
            let event = json!({"specversion": "1.0", "id": "1", "source": "/x", "type": kind.name,
                "time": "2026-01-05T09:00:00Z", "data": data});
            decode(&mut decoder, event.to_string().as_bytes(), &[])
        };
        assert!(matches!(read(&data), Ok(Decoded::Event(_))), "{}: {:?}", kind.name, read(&data));
        for field in kind.required {
            let mut less = data.clone();
            less.as_object_mut().expect("is an object").remove(*field);
            assert_eq!(read(&less), Err(Reason::MissingField), "{} without {field}", kind.name);
        }
    }
}

/// What may stand beside what a type needs, by family.
fn more(kind: &str) -> Value {
    match kind.split('.').next() {
        Some("contact") => {
            json!({"queue": "support", "leg": 2, "customer": "c-1", "wait": 1.5, "talk": null, "rep": "ines",
            "channel": "chat", "attributes": {"language": "de"}, "provisional": true, "resolved": false})
        }
        Some("ticket") => json!({"queue": "support", "rep": null, "by": "jo", "priority": "high", "public": false,
            "customer_zone": "Europe/Oslo"}),
        Some("survey") => json!({"contact": "c1", "contact_source": "/pbx", "question": "q", "weight": 0.5}),
        Some("measure") => json!({"value": 12.5, "sample": 3}),
        _ => json!({"contact": "c1", "reason": "lunch", "plan": "p"}),
    }
}

#[test]
fn every_type_is_the_same_in_both_modes() {
    let mut decoder = Decoder::new(KEY);
    for kind in TYPES {
        let mut full = least(kind.required);
        let fields = full.as_object_mut().expect("is an object");
        fields.extend(more(kind.name).as_object().expect("is an object").clone());
        let mut rows = vec![(full.clone(), false), (full.clone(), true), (json!({}), true), (json!([]), false)];
        for field in kind.required {
            let mut less = full.clone();
            less.as_object_mut().expect("is an object").remove(*field);
            rows.push((less.clone(), false));
            less[*field] = json!({});
            rows.push((less, false));
        }
        for (n, (data, retracted)) in rows.into_iter().enumerate() {
            let mut event = json!({"specversion": "1.0", "id": "e-ø", "source": "/pbx", "type": kind.name, "seq": 7,
                "revision": -3, "time": "2026-01-05T09:00:00.25+01:00", "retracted": retracted});
            let texts: Vec<(String, String)> = event
                .as_object()
                .expect("is an object")
                .iter()
                .map(|(name, value)| (format!("ce_{name}"), value.as_str().map_or(value.to_string(), str::to_owned)))
                .collect();
            let mut headers: Vec<(&str, &[u8])> =
                texts.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
            headers.push(("content-type", b"application/json"));
            let value = data.to_string();
            let binary = decoder.decode(Message { payload: Some(value.as_bytes()), headers: &headers });
            event["data"] = data;
            let text = event.to_string();
            let structured = decoder.decode(Message { payload: Some(text.as_bytes()), headers: &[] });
            assert!(n > 1 || structured.is_ok(), "{text}: {structured:?}");
            assert_eq!(binary, structured, "{text}");
        }
    }
}

/// By section 3 of the Kafka binding of CloudEvents 1.0.
#[test]
fn the_mode_and_the_attributes_are_found_as_the_binding_has_them() {
    let whole = with_data(r#"{"contact":"c1","queue":"support","rep":"ines"}"#);
    let data = r#"{"contact":"c1","queue":"support","rep":"ines"}"#;
    let attributes: [(&str, &[u8]); 5] = [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"e1"),
        ("ce_source", b"/pbx"),
        ("ce_type", b"contact.answered"),
        ("ce_time", b"2026-01-05T09:00:00Z"),
    ];
    let plus = |more: &[(&'static str, &'static [u8])]| [&attributes[..], more].concat();
    let without = |name: &str, more: &[(&'static str, &'static [u8])]| {
        let mut headers = plus(more);
        let place = headers.iter().position(|(other, _)| *other == name).expect("is there");
        headers.remove(place);
        headers
    };
    let mut decoder = Decoder::new(KEY);
    let event = good(&mut decoder);
    let structured: &[(&str, &[u8])] = &[("content-type", b"application/cloudevents+json; charset=UTF-8")];
    for (headers, payload) in [
        (structured.to_vec(), &whole),
        (vec![("content-type", &b"Application/CloudEvents+JSON"[..])], &whole),
        (vec![("Content-Type", &b"application/cloudevents"[..])], &whole),
        (vec![("content-type", &b"application/json"[..])], &whole),
        (plus(&[("content-type", b"application/cloudevents+json")]), &whole),
        (plus(&[]), &data.to_owned()),
        (plus(&[("content-type", b"application/json; charset=utf-8")]), &data.to_owned()),
        (plus(&[("ce_other", b"\xff"), ("ce_other", b"x"), ("traceparent", b"00")]), &data.to_owned()),
        (plus(&[("ce_seq", b""), ("ce_retracted", b"")]), &data.to_owned()),
    ] {
        let read = decode(&mut decoder, payload.as_bytes(), &headers);
        assert_eq!(read, Ok(Decoded::Event(event.clone())), "{headers:?}");
    }
    for (headers, payload, reason) in [
        (vec![("content-type", &b"application/cloudevents+avro"[..])], &b"\x02\xff"[..], Reason::NotCloudEvent),
        (vec![("content-type", b"application/cloudevents-batch+json")], b"[]", Reason::Batch),
        (plus(&[("ce_id", b"e1")]), data.as_bytes(), Reason::BadAttribute),
        (without("ce_id", &[("ce_id", b"")]), data.as_bytes(), Reason::MissingAttribute),
        (without("ce_id", &[("CE_ID", b"e1")]), data.as_bytes(), Reason::MissingAttribute),
        (without("ce_specversion", &[]), data.as_bytes(), Reason::NotCloudEvent),
        (plus(&[]), b"\x02\xff", Reason::NotUtf8),
        (plus(&[]), b"", Reason::NotJson),
        (plus(&[]), b"null", Reason::MissingAttribute),
    ] {
        assert_eq!(decode(&mut decoder, payload, &headers), Err(reason), "{headers:?}");
    }
    let tombstone = decoder.decode(Message { payload: None, headers: &plus(&[]) }).map_err(|refused| refused.reason);
    assert_eq!(tombstone, Err(Reason::NullPayload));
    // What others send on the same topic is theirs: any value, or none.
    let headers = without("ce_type", &[("ce_type", b"coffee.brewed"), ("content-type", b"application/avro")]);
    for payload in [Some(&b"\x02\xff"[..]), None] {
        let read = decoder.decode(Message { payload, headers: &headers });
        assert_eq!(read, Ok(Decoded::Ignored("coffee.brewed".into())));
    }
}

#[test]
fn bytes_that_were_damaged_never_panic_and_are_refused_or_read() {
    const SEED: u64 = 31;
    println!("seed {SEED}");
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(SEED);
    let mut decoder = Decoder::new(KEY);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..5_000 {
        let mut bytes = with_data(r#"{"contact":"c1","queue":"support","rep":"ines","wait":12.5}"#).into_bytes();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..bytes.len());
            match random.random_range(0..3) {
                0 => bytes[at] = random.random(),
                1 => drop(bytes.remove(at)),
                _ => bytes.truncate(at.max(1)),
            }
        }
        match decode(&mut decoder, &bytes, &[]) {
            Ok(_) => read += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(read > 100 && refused > 1_000, "{read} read, {refused} refused: the damage proves nothing");
    good(&mut decoder);
}

#[test]
fn the_engine_refuses_by_name_and_goes_on() {
    let company = Unit { id: "acme".into(), zone: None, hours: None };
    let (departments, teams, queues, reps) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let roster = Roster::new(RosterData { company, departments, teams, queues, reps, issues: vec![] });
    // Support and ines, and contacts a and c with no customer.
    let settings = Settings { saturation_ids: 2, unlisted_scopes: 2, live_records: 2, ..Settings::default() };
    let mut engine = Engine::new(Arc::new(roster), Arc::new(settings));
    let partition = engine.partition("0");
    let other = engine.partition("1");
    let base = good(&mut Decoder::new(KEY));
    let event = |contact: &str, id: usize, time: Instant| {
        let mut event = base.clone();
        event.subject.id = contact.into();
        event.id = id.to_string().into();
        event.time = time;
        event
    };
    let stranger = {
        let text = with_data(r#"{"contact":"c","queue":"support","rep":"jon"}"#);
        match decode(&mut Decoder::new(KEY), text.as_bytes(), &[]) {
            Ok(Decoded::Event(event)) => event,
            other => panic!("a good event is not read: {other:?}"),
        }
    };
    let (now, received) = (base.time, Some(base.time));
    let mut apply = |partition, event: Event| engine.apply(Input::Event { partition, received, event });
    let late = now.minus(Span::days(7)).minus(Span(1));
    let mut outcomes = vec![
        (apply(partition, event("a", 1, now)), Outcome::Applied),
        (apply(partition, event("a", 1, now)), Outcome::Unchanged),
        (apply(partition, event("b", 2, now.plus(Span::minutes(5)).plus(Span(1)))), Outcome::Refused(Refusal::Future)),
        (apply(partition, event("b", 3, late)), Outcome::Refused(Refusal::Late)),
        (apply(partition, event("a", 4, now)), Outcome::Applied),
        (apply(partition, event("a", 5, now)), Outcome::Refused(Refusal::Saturated)),
        (apply(partition, event("c", 6, now)), Outcome::Applied),
        (apply(partition, event("d", 8, now)), Outcome::Refused(Refusal::Full)),
        (apply(partition, stranger), Outcome::Refused(Refusal::Crowded)),
    ];
    engine.apply(Input::Tick(now.plus(Span::days(1))));
    let old = Input::Event { partition: other, received, event: event("d", 7, now.minus(Span::days(30))) };
    outcomes.push((engine.apply(old), Outcome::Refused(Refusal::Expired)));
    for (n, (found, wanted)) in outcomes.iter().enumerate() {
        assert_eq!(found, wanted, "event {n}");
    }
    let is_seen = |refusal: &Refusal| outcomes.iter().any(|(found, _)| *found == Outcome::Refused(*refusal));
    assert!(Refusal::ALL.iter().all(is_seen), "no event is refused for one of the reasons");
}

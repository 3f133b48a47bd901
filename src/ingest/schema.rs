//! The vocabulary as a table, and the JSON Schemas made from it and from the types that decode.

use super::wire::{
    CertificationData, CoachingData, ComplaintData, ContactData, Envelope, ReportedData, ReviewData, ShiftData,
    StateData, SurveyData, TicketData,
};
use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde_json::{Value, json};

/// One type of the vocabulary.
#[derive(Clone, Copy, Debug)]
pub struct EventType {
    /// Its name, as `type` has it.
    pub name: &'static str,
    /// The fields of `data` that it cannot do without.
    pub required: &'static [&'static str],
    /// What it means.
    pub meaning: &'static str,
}

const fn of(name: &'static str, required: &'static [&'static str], meaning: &'static str) -> EventType {
    EventType { name, required, meaning }
}

/// All types, in type rank.
pub const TYPES: [EventType; 31] = [
    of("contact.started", &["contact"], "Came in, before any queue."),
    of("contact.queued", &["contact"], "Entered a queue; the wait begins."),
    of("contact.offered", &["contact", "rep"], "Rings at a rep."),
    of("contact.missed", &["contact", "rep", "reason"], "The ring ended without an answer; implies the ring."),
    of("contact.answered", &["contact"], "Connected; the wait ends. Without rep it is credited to nobody."),
    of("contact.held", &["contact", "rep"], "Hold begins."),
    of("contact.retrieved", &["contact", "rep"], "Hold ends."),
    of("contact.abandoned", &["contact"], "The customer gave up in the queue."),
    of("contact.left", &["contact", "reason"], "Left the queue another way, or was turned away from it."),
    of("contact.transferred", &["contact", "rep", "kind", "result"], "The rep passed it on; does not end talk."),
    of("contact.message", &["contact", "message", "author"], "A chat message."),
    of("contact.updated", &["contact"], "Something of it changed."),
    of("contact.ended", &["contact"], "Talk ends: of the rep if named, else of the whole contact."),
    of("contact.wrapped", &["contact", "rep"], "After-contact work ends."),
    of("ticket.created", &["ticket"], "It came into being."),
    of("ticket.message", &["ticket", "message", "author"], "A message; the same again replaces it."),
    of("ticket.updated", &["ticket"], "Something of it changed, its queue included."),
    of("ticket.assigned", &["ticket"], "It was given to a rep (null: nobody; absent: somebody unknown)."),
    of("ticket.status", &["ticket", "status"], "Its status changed."),
    of("ticket.merged", &["ticket", "into"], "It leaves every denominator."),
    of("ticket.deleted", &["ticket", "reason"], "It leaves every figure."),
    of("ticket.restored", &["ticket"], "Undoes merged or deleted."),
    of("survey.offered", &["survey"], "The customer was asked: the denominator of the response rate."),
    of("survey.answered", &["survey", "scale", "score"], "An answer; the same survey and question again replaces it."),
    of("review.scored", &["review", "rep", "items"], "A quality review; again replaces it."),
    of("complaint.logged", &["complaint", "category"], "A complaint."),
    of("rep.state", &["rep", "state"], "Holds until the rep's next state of the facet."),
    of("shift.planned", &["shift", "rep", "from", "to", "activity"], "Scheduled hours."),
    of("certification.earned", &["rep", "certification"], "A certification earned."),
    of("coaching.session", &["rep"], "A coaching session."),
    of(
        "measure.reported",
        &["measure", "scope", "from", "to"],
        "A figure from elsewhere; needs `value`, or `numerator` and `denominator`.",
    ),
];

/// The JSON Schema of each type: its file name and its text.
pub fn schemas() -> Vec<(String, String)> {
    let schema = |kind: &EventType| {
        let text = serde_json::to_string_pretty(&schema_of(kind)).unwrap_or_default();
        (format!("{}.json", kind.name), text + "\n")
    };
    TYPES.iter().map(schema).collect()
}

fn schema_of(kind: &EventType) -> Value {
    let mut envelope = plain::<Envelope<'_>>();
    let mut data = data_of(kind.name);
    let properties = &mut envelope["properties"];
    properties["specversion"] = json!({"const": "1.0"});
    properties["type"] = json!({"const": kind.name});
    for required in ["id", "source", "time"] {
        let description = properties[required]["description"].clone();
        properties[required] = not_null(&properties[required]);
        properties[required]["description"] = description;
    }
    for required in kind.required {
        let description = data["properties"][required]["description"].clone();
        data["properties"][required] = not_null(&data["properties"][required]);
        data["properties"][required]["description"] = description;
    }
    data["type"] = json!("object");
    properties["data"] = data;
    let requires = |fields: &[&str]| json!({"properties": {"data": {"required": fields}}});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.name,
        "description": kind.meaning,
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time", "data"],
        "properties": properties,
        "if": {"required": ["retracted"], "properties": {"retracted": {"const": true}}},
        "then": requires(&kind.required[..1]),
        "else": requires(kind.required),
    })
}

fn data_of(name: &str) -> Value {
    match name.split('.').next().unwrap_or(name) {
        "contact" => plain::<ContactData<'_>>(),
        "ticket" => plain::<TicketData<'_>>(),
        "survey" => plain::<SurveyData<'_>>(),
        "review" => plain::<ReviewData<'_>>(),
        "complaint" => plain::<ComplaintData<'_>>(),
        "rep" => plain::<StateData<'_>>(),
        "shift" => plain::<ShiftData<'_>>(),
        "certification" => plain::<CertificationData<'_>>(),
        "coaching" => plain::<CoachingData<'_>>(),
        _ => plain::<ReportedData<'_>>(),
    }
}

/// The schema of a type with everything in place, and nothing but its fields.
fn plain<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema: Schema = settings.into_generator().into_root_schema_for::<T>();
    json!({"properties": schema.as_value()["properties"]})
}

/// What a required field may be: anything but `null`.
fn not_null(property: &Value) -> Value {
    let mut property = property.clone();
    if let Some(choices) = property["anyOf"].as_array_mut() {
        choices.retain(|choice| choice["type"] != "null");
    }
    if let Some(types) = property["type"].as_array_mut() {
        types.retain(|one| one != "null");
    }
    property
}

//! A survey: offered, answered, and for whom it counts.

use super::version::{Key, key};
use super::{Credit, Ledger, World};
use goalkeeper::domain::event::{About, Content, Event, Name, Scale, SurveyEvent, SurveyWhat};
use std::collections::BTreeMap;

/// Who handled the contact or ticket that a judgement names: none if it names none, or if nothing is known of it.
pub fn handling(
    about: Option<(&Name, &About)>,
    credits: &BTreeMap<Key, Credit>,
    world: World,
) -> Option<Option<Credit>> {
    about.map(|(source, about)| {
        let named = key(about.kind, about.source.as_ref().unwrap_or(source), &about.id, world.settings);
        credits.get(&named).cloned()
    })
}

/// Folds one survey and notes what it counts for.
pub fn fold(entries: &[&Event], credits: &BTreeMap<Key, Credit>, world: World, ledger: &mut Ledger) {
    let first = entries.iter().map(|e| e.time.0).min().expect("a survey has events");
    let mut own = Credit::default();
    let mut about: Option<(&Name, &About)> = None;
    let mut offered: Option<i64> = None;
    let mut answers: BTreeMap<Option<&Name>, (i64, Scale, i64, i64)> = BTreeMap::new();
    for event in entries {
        let survey = told(event);
        if let Some(rep) = &survey.rep {
            own.rep = Some(world.rep(&event.source, rep));
        }
        if let Some(queue) = &survey.queue {
            own.queue = Some(world.queue(&event.source, queue));
        }
        if let Some(named) = &survey.about {
            about = Some((&event.source, named));
        }
        match &survey.what {
            SurveyWhat::Offered => offered = offered.or(Some(event.time.0)),
            SurveyWhat::Answered { question, scale, score, weight } => {
                answers.insert(question.as_ref(), (event.time.0, *scale, *score, *weight));
            }
        }
    }
    let handling = handling(about, credits, world);
    if handling == Some(None) {
        ledger.add(&world.company(), "judgements_unattributed", first, 1);
    }
    let handling = handling.flatten().unwrap_or_default();
    let credit = Credit {
        team: handling.team.filter(|_| own.rep.is_none()),
        rep: own.rep.or(handling.rep),
        queue: own.queue.or(handling.queue),
    };
    if let Some(at) = offered {
        let scopes = world.rep_side(&credit, at);
        ledger.add(&scopes, "surveys_offered", at, 1);
        if !answers.is_empty() {
            ledger.add(&scopes, "surveys_answered", at, 1);
        }
    }
    for (question, (at, scale, score, weight)) in answers {
        let scopes = world.rep_side(&credit, at);
        ledger.say("criterion", question.map_or("none", |question| question));
        ledger.add(&scopes, "survey_answers", at, 1);
        match scale {
            Scale::Nps => {
                let promotes = i64::from(score >= 9000) - i64::from(score <= 6000);
                ledger.add(&scopes, "nps", at, promotes);
            }
            Scale::Csat { max } => {
                ledger.add(&scopes, "csat_satisfied", at, i64::from(score * 10 >= max * 8));
                ledger.add(&scopes, "csat_score", at, (2000 * score + max) / (2 * max));
            }
            Scale::Ces => ledger.add(&scopes, "ces", at, score),
            Scale::Csi => {
                ledger.add(&scopes, "csi_weight", at, weight);
                ledger.add(&scopes, "csi", at, weight * score / 1000);
            }
        }
    }
}

fn told(event: &Event) -> &SurveyEvent {
    match &event.content {
        Content::Survey(survey) => survey,
        _ => panic!("an event of a survey tells of a survey"),
    }
}

//! A survey: offered, answered, and for whom it counts.

use super::version::{Key, key};
use super::{Credit, Ledger, World};
use goalkeeper::domain::event::{About, Content, Event, Name, Scale, SurveyEvent, SurveyWhat};
use std::collections::BTreeMap;

/// Folds one survey and notes what it counts for.
pub fn fold(entries: &[&Event], credits: &BTreeMap<Key, Credit>, world: World, ledger: &mut Ledger) {
    let first = entries.iter().map(|e| e.time.0).min().expect("a survey has events");
    let mut own = Credit::default();
    let mut about: Option<(&Name, &About)> = None;
    let mut offered: Option<i64> = None;
    let mut answers: BTreeMap<Option<&Name>, (i64, Scale, i64)> = BTreeMap::new();
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
            SurveyWhat::Answered { question, scale, score, .. } => {
                answers.insert(question.as_ref(), (event.time.0, *scale, *score));
            }
        }
    }
    let handling = about.map(|(source, about)| {
        credits.get(&key(about.kind, about.source.as_ref().unwrap_or(source), &about.id, world.settings))
    });
    if handling == Some(None) {
        ledger.add(&world.company(), "surveys_unattributed", first, 1);
    }
    let handling = handling.flatten().cloned().unwrap_or_default();
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
    for (at, scale, score) in answers.into_values() {
        let scopes = world.rep_side(&credit, at);
        match scale {
            Scale::Nps => {
                let promotes = i64::from(score >= 9000) - i64::from(score <= 6000);
                ledger.add(&scopes, "nps", at, promotes);
            }
            Scale::Csat { max } => {
                ledger.add(&scopes, "csat_satisfied", at, i64::from(score * 10 >= max * 8));
                ledger.add(&scopes, "csat_score", at, score * 1000 / max);
            }
            Scale::Ces | Scale::Csi => {}
        }
    }
}

fn told(event: &Event) -> &SurveyEvent {
    match &event.content {
        Content::Survey(survey) => survey,
        _ => panic!("an event of a survey tells of a survey"),
    }
}

//! The figures that are published, computed once and then only read.
//!
//! ```text
//! engine -> flows   -> counters, histograms
//!        -> panes   -> window gauges with their components, stocks as they stand now
//! ```

mod flows;
mod windows;

use super::board::Board;
use super::family::{Family, FamilyKind, Tail, written};
use super::targets::TargetSeries;
use super::tiles::{Choices, Tiles};
use crate::domain::engine::Engine;
use crate::domain::scope::{Scope, ScopeKind};
use crate::domain::settings::Settings;
use crate::domain::slice::{Dimension, label};
use crate::domain::time::Zone;
use crate::domain::window::Window;
use flows::Flows;
pub(super) use flows::{buckets, series};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use windows::Windows;

/// All figures of one moment.
#[derive(Debug, Default)]
pub struct View {
    /// Families of the main page.
    pub families: Vec<Family>,
    /// Families of single reps, where they have a page of their own.
    pub reps: Vec<Family>,
    /// Series of scopes by kind.
    pub series: BTreeMap<ScopeKind, usize>,
    /// Series that scopes could have which did not fit, by kind.
    pub dropped: BTreeMap<ScopeKind, usize>,
    /// What is said of targets; none before the first look.
    pub board: Option<Board>,
    /// What the wallboard shows of teams and queues.
    pub tiles: Tiles,
    /// What can be asked for.
    pub choices: Choices,
}

/// Where series of single reps are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reps {
    /// Nowhere.
    Hidden,
    /// With all others.
    Shown,
    /// On a page of their own.
    Apart,
}

/// Makes views. It keeps the texts of labels from one view to the next.
#[derive(Debug)]
pub struct Viewer {
    windows: Vec<Window>,
    reps: Reps,
    /// The most series of scopes in all.
    limit: usize,
    /// The most series of each kind of scope.
    limit_of_kind: usize,
    heads: HashMap<Scope, Arc<str>>,
    targets: TargetSeries,
}

/// Labels kept from view to view; more than a page can hold is only kept when scopes come and go.
const LABELS_KEPT: usize = 1 << 18;

impl Viewer {
    /// A viewer of these windows, and at most `limit` series of scopes, `limit_of_kind` of each kind.
    pub fn new(windows: Vec<Window>, reps: Reps, limit: usize, limit_of_kind: usize) -> Viewer {
        Viewer { windows, reps, limit, limit_of_kind, heads: HashMap::new(), targets: TargetSeries::default() }
    }

    /// What is to be seen now. Until `ready`, window figures are held back: they would be of half a history.
    pub fn view(&mut self, engine: &Engine, ready: bool) -> View {
        if self.heads.len() > LABELS_KEPT {
            self.heads.clear();
        }
        let mut view = View::default();
        let mut stretches = BTreeSet::new();
        let mut used = 0;
        let all = engine.scopes();
        for kind in ScopeKind::ALL {
            if kind == ScopeKind::Rep && self.reps == Reps::Hidden {
                continue;
            }
            let scopes: Vec<Scope> = all.iter().filter(|scope| scope.kind == kind).cloned().collect();
            stretches.extend(scopes.iter().map(|scope| (kind, engine.roster().zone(scope).name())));
            let mut used_of_kind = 0;
            let whole = Sheet::new(kind, engine.settings(), &self.windows);
            let mut sheets = vec![(whole, scopes)];
            for breakdown in engine.settings().breakdowns.iter().filter(|breakdown| breakdown.kinds.has(kind)) {
                let sheet = Sheet::of_slices(kind, &breakdown.dimension, engine.settings(), &self.windows);
                sheets.push((sheet, engine.roster().slices(kind, breakdown)));
            }
            for (sheet, mut scopes) in sheets {
                // A scope fits with all that it may ever have, or not at all: no histogram is cut, and nothing flickers.
                let each = sheet.most_series();
                let room = self.limit.saturating_sub(used).min(self.limit_of_kind - used_of_kind) / each;
                let left_out = scopes.len().saturating_sub(room);
                scopes.truncate(room);
                used += scopes.len() * each;
                used_of_kind += scopes.len() * each;
                let heads: Arc<[Arc<str>]> = scopes.iter().map(|scope| self.head(scope)).collect();
                let families = sheet.fill(engine, &scopes, &heads, ready);
                *view.series.entry(kind).or_default() +=
                    families.iter().map(|family| family.samples.len()).sum::<usize>();
                *view.dropped.entry(kind).or_default() += left_out * each;
                match (kind, self.reps) {
                    (ScopeKind::Rep, Reps::Apart) => view.reps.extend(families),
                    _ => view.families.extend(families),
                }
            }
        }
        if ready {
            view.families.extend(windows::bounds(engine, &self.windows, &stretches));
        }
        self.board(engine, ready, &mut view);
        view.tiles = Tiles::of(engine, self.windows.first(), &all, ready);
        view.choices = Choices { scopes: all, windows: self.windows.clone(), settings: engine.settings().clone() };
        view
    }

    /// What is said of targets. No limit cuts it: how many there are is the owner's choice.
    fn board(&mut self, engine: &Engine, ready: bool, view: &mut View) {
        let judge = engine.judge();
        let judged = if ready { judge.judged().clone() } else { Arc::default() };
        let (targets, roster) = (judge.targets().clone(), engine.roster().clone());
        let board = Board { time: engine.now(), targets, judged, roster };
        view.families.extend(TargetSeries::of_targets(&board));
        let reps = self.reps;
        let of_main = |kind| kind != ScopeKind::Rep || reps == Reps::Shown;
        view.families.extend(self.targets.of_scopes(&board, of_main));
        if reps == Reps::Apart {
            view.reps.extend(self.targets.of_scopes(&board, |kind| kind == ScopeKind::Rep));
        }
        view.board = Some(board);
    }

    fn head(&mut self, scope: &Scope) -> Arc<str> {
        if let Some(text) = self.heads.get(scope) {
            return text.clone();
        }
        let slice = scope.slice.as_ref().map(|slice| (label(&slice.dimension), &slice.value));
        let mut labels = vec![(scope.kind.name(), &*scope.id)];
        labels.extend(slice.as_ref().map(|(dimension, value)| (dimension.as_str(), &***value)));
        let text: Arc<str> = written(&labels).into();
        self.heads.insert(scope.clone(), text.clone());
        text
    }
}

/// Every family that exists under these settings, without samples: what documentation is made of.
pub fn families(settings: &Settings, of: &[Window]) -> Vec<(ScopeKind, Vec<Family>)> {
    let sheet = |kind| (kind, Sheet::new(kind, settings, of).families().cloned().collect());
    ScopeKind::ALL.into_iter().map(sheet).collect()
}

/// The families that tell where windows begin and end, without samples.
pub fn families_of_windows() -> Vec<Family> {
    windows::bounds_families(Vec::new(), Vec::new())
}

/// All families of one kind of scope, or of its slices by one dimension.
struct Sheet {
    info: Option<Family>,
    now: Windows,
    flows: Option<Flows>,
    windows: Windows,
}

impl Sheet {
    fn new(kind: ScopeKind, settings: &Settings, of: &[Window]) -> Sheet {
        let help = "What there is, and in which zone its days and calendar windows are; always 1.";
        let name = format!("goalkeeper_{}_info", kind.name());
        let info = Family::new(name, help, FamilyKind::Gauge, &[].into(), &[Tail::with("", "zone", "")].into());
        let flows = Some(Flows::new(kind, settings));
        Sheet { info: Some(info), flows, ..Sheet::of(kind, kind.name(), settings, of) }
    }

    /// Families of their own, so that a sum over those of scopes counts nothing twice. Windows and stocks, no counters.
    fn of_slices(kind: ScopeKind, by: &Dimension, settings: &Settings, of: &[Window]) -> Sheet {
        Sheet::of(kind, &format!("{}_by_{}", kind.name(), label(by)), settings, of)
    }

    fn of(kind: ScopeKind, prefix: &str, settings: &Settings, of: &[Window]) -> Sheet {
        Sheet {
            info: None,
            now: Windows::of_now(kind, prefix, settings),
            flows: None,
            windows: Windows::new(kind, prefix, settings, of),
        }
    }

    fn families(&self) -> impl Iterator<Item = &Family> {
        let flows = self.flows.iter().flat_map(Flows::families);
        self.info.iter().chain(self.now.families()).chain(flows).chain(self.windows.families())
    }

    /// How many series a scope has at most.
    fn most_series(&self) -> usize {
        self.families().map(|family| family.tails.len()).sum()
    }

    fn fill(mut self, engine: &Engine, scopes: &[Scope], heads: &Arc<[Arc<str>]>, ready: bool) -> Vec<Family> {
        self.describe(engine, scopes);
        for (head, scope) in scopes.iter().enumerate() {
            if let Some(flows) = &mut self.flows {
                flows.fill(head, engine.panes().flow(scope));
            }
            if ready {
                self.windows.fill(head, scope, engine);
                self.now.fill(head, scope, engine);
            }
        }
        let mut families: Vec<Family> = self.info.into_iter().chain(self.now.into_families()).collect();
        families.extend(self.flows.into_iter().flat_map(Flows::into_families));
        families.extend(self.windows.into_families());
        families.retain(|family| !family.samples.is_empty());
        for family in &mut families {
            family.heads = heads.clone();
        }
        families
    }

    fn describe(&mut self, engine: &Engine, scopes: &[Scope]) {
        let Some(info) = &mut self.info else { return };
        let zones: Vec<Zone> = scopes.iter().map(|scope| engine.roster().zone(scope)).collect();
        let names: BTreeSet<&str> = zones.iter().map(|zone| zone.name()).collect();
        info.tails = names.iter().map(|name| Tail::with("", "zone", name)).collect();
        let places: BTreeMap<&str, usize> = names.into_iter().zip(0..).collect();
        for (head, zone) in zones.iter().enumerate() {
            info.push(head, places[zone.name()], 1.0);
        }
    }
}

#[cfg(test)]
mod tests;

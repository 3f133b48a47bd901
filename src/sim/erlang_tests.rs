//! The queueing of the model against the textbook: the same figures from the birth-death equations and by simulation.

use super::*;

const SEED: u64 = 1917;
const BATCHES: usize = 20;
/// Student's t with 19 degrees of freedom, two-sided, one in a thousand.
const LIMIT: f64 = 3.883;
/// The centre starts empty; what queues in the first hours is left out.
const WARM_UP: i64 = 6 * 3_600_000;

/// What the textbook says, or a batch shows.
#[derive(Clone, Copy, Debug)]
struct Figures {
    waits: f64,
    abandons: f64,
    mean_wait: f64,
}

/// Stationary M/M/n+M (`patience` in seconds) or M/M/n: a birth-death chain whose death rate in state k is
/// min(k, n) mu + max(k - n, 0) theta. Mean wait by Little's law.
fn textbook(calls_per_hour: f64, aht: f64, agents: u32, patience: Option<f64>) -> Figures {
    let arrival = calls_per_hour / 3600.0;
    let impatience = patience.map_or(0.0, |mean| 1.0 / mean);
    let mut weight = 1.0;
    let (mut total, mut all_busy, mut queue) = (0.0, 0.0, 0.0);
    for state in 0..20_000_u32 {
        let queued = f64::from(state.saturating_sub(agents));
        total += weight;
        all_busy += if state >= agents { weight } else { 0.0 };
        queue += queued * weight;
        let next = state + 1;
        let death = f64::from(next.min(agents)) / aht + f64::from(next.saturating_sub(agents)) * impatience;
        weight *= arrival / death;
    }
    let queue = queue / total;
    Figures { waits: all_busy / total, abandons: impatience * queue / arrival, mean_wait: queue / arrival }
}

fn simulated(profile: Profile, seed: u64) -> Figures {
    let simulation = Simulation::new(profile, seed);
    let from = simulation.start() + WARM_UP;
    let (mut outcomes, mut waited, mut abandoned, mut wait_sum) = (0_u32, 0_u32, 0_u32, 0.0);
    for emitted in simulation.filter(|emitted| emitted.time >= from) {
        let gave_up = emitted.json.contains("\"contact.abandoned\"");
        if gave_up || emitted.json.contains("\"contact.answered\"") {
            let (_, wait) = emitted.json.split_once("\"wait\":").unwrap();
            let wait: f64 = wait.split([',', '}']).next().unwrap().parse().unwrap();
            outcomes += 1;
            wait_sum += wait;
            waited += u32::from(wait > 0.0);
            abandoned += u32::from(gave_up);
        }
    }
    let share = |count: u32| f64::from(count) / f64::from(outcomes);
    Figures { waits: share(waited), abandons: share(abandoned), mean_wait: wait_sum / f64::from(outcomes) }
}

/// Twenty batches of independent days: the textbook's figure must lie in their confidence interval, and the interval
/// must be narrow enough to mean something.
fn agrees(calls_per_hour: f64, aht: f64, agents: u32, patience: Option<f64>, days: u32) {
    let profile = Profile { days: Some(days), ..erlang_profile(calls_per_hour, aht, agents, patience) };
    let batches: Vec<Figures> = (0..BATCHES).map(|batch| simulated(profile.clone(), SEED + batch as u64)).collect();
    let expected = textbook(calls_per_hour, aht, agents, patience);
    type Figure = fn(&Figures) -> f64;
    let figures: [(&str, Figure, f64); 3] = [
        ("share that waits", |figures| figures.waits, 0.05),
        ("share that gives up", |figures| figures.abandons, 0.1),
        ("mean wait", |figures| figures.mean_wait, 0.2),
    ];
    for (what, of, width) in figures {
        let count = BATCHES as f64;
        let mean = batches.iter().map(of).sum::<f64>() / count;
        let variance = batches.iter().map(|batch| (of(batch) - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let half = LIMIT * (variance / count).sqrt();
        let truth = of(&expected);
        let case = format!("seed {SEED}: {calls_per_hour}/h, {aht} s, {agents} agents, patience {patience:?}: {what}");
        println!("{case} {mean:.5} +- {half:.5}, textbook {truth:.5}");
        assert!((mean - truth).abs() <= half, "seed {SEED}: {what}: simulated {mean} +- {half}, textbook {truth}");
        assert!(half <= width * truth.max(1e-9) || truth == 0.0, "seed {SEED}: {what}: interval too wide: {half}");
    }
}

#[test]
fn the_textbook_equations_give_the_values_everybody_quotes() {
    let close = |found: f64, known: f64| assert!((found - known).abs() < 1e-6 * known, "{found} {known}");
    let worked_example = textbook(720.0, 240.0, 55, None);
    close(worked_example.waits, 0.238_700_94);
    close(worked_example.mean_wait, 8.184_032);
    let garnett = textbook(2880.0, 60.0, 50, Some(120.0));
    close(garnett.abandons, 0.030_912_25);
    close(garnett.mean_wait, 3.709_47);
    // Another road to the same figure.
    close(textbook(200.0, 240.0, 15, None).waits, erlang_c(200.0 * 240.0 / 3600.0, 15));
}

/// Erlang C by the recursion of Erlang B.
fn erlang_c(load: f64, agents: u32) -> f64 {
    let blocked = (1..=agents).fold(1.0, |blocked, n| load * blocked / (f64::from(n) + load * blocked));
    let agents = f64::from(agents);
    agents * blocked / (agents - load * (1.0 - blocked))
}

#[test]
fn patient_callers_wait_as_erlang_c_says() {
    agrees(100.0, 180.0, 7, None, 20);
}

#[test]
fn impatient_callers_wait_and_give_up_as_erlang_a_says() {
    agrees(300.0, 300.0, 20, Some(300.0), 8);
}

#[test]
fn a_large_group_waits_and_gives_up_as_erlang_a_says() {
    agrees(720.0, 240.0, 50, Some(120.0), 6);
}

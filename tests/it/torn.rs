//! State that is not what was written: the real binary on a real file. Whatever was done to the file, the end is a clear
//! message and either the state as it was or a refusal that says what to do; never a figure that is wrong.

use crate::support::calls::{STREAM, call, topic};
use crate::support::daemon::{Daemon, ROSTER, Setup, binary, write_config};
use crate::support::kafka::shared;
use crate::support::{mount, wait_for};
use goalkeeper::config;
use goalkeeper::domain::engine::{Engine, Input, Room};
use goalkeeper::domain::roster::Roster;
use goalkeeper::domain::time::Instant;
use goalkeeper::ingest::decode::{Decoded, Decoder, Message};
use goalkeeper::store::writer::{Writer, Written};
use goalkeeper::store::{Checkpoint, InForce, Logs, Store};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use redb::ReadableTable;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use tempfile::TempDir;

const MOVE_AWAY: &str = "move the state directory away";
/// Nobody listens there.
const NO_BROKER: &str = "127.0.0.1:1";

/// A configuration with a state of some thousand events, made by several checkpoints, so that the file has pages that
/// hold what was there before.
struct Made {
    folder: TempDir,
    port: u16,
    /// What the engine knew when the last checkpoint was cut.
    export: String,
}

impl Made {
    fn new() -> Made {
        let made = Made::empty();
        let mut engine = made.engine();
        let store = Store::open(&made.state()).expect("it can be made");
        store.lend_to(&mut engine);
        for lines in day(5).chunks(400) {
            feed(&mut engine, lines);
            store.write(&made.checkpoint(&mut engine)).expect("the disk takes it");
            engine.written();
        }
        Made { export: engine.export(), ..made }
    }

    /// The same without a state.
    fn empty() -> Made {
        let folder = tempfile::tempdir().expect("a folder");
        let port = write_config(folder.path(), NO_BROKER, "calls", ROSTER, "");
        Made { folder, port, export: String::new() }
    }

    fn engine(&self) -> Engine {
        let loaded = config::load(self.folder.path()).expect("is good");
        Engine::new(Arc::new(Roster::new(loaded.roster)), Arc::new(loaded.config.settings))
    }

    fn checkpoint(&self, engine: &mut Engine) -> Checkpoint {
        let loaded = config::load(self.folder.path()).expect("is good");
        let offsets = BTreeMap::from([("calls/0".to_owned(), 7)]);
        let logs = Logs { topics: BTreeMap::from([("calls".to_owned(), "topic abc".to_owned())]), ..Logs::default() };
        Checkpoint::cut(engine, offsets, logs, InForce::of(&loaded.roster, &loaded.config))
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn file(&self) -> PathBuf {
        self.state().join("state.redb")
    }

    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.file()).expect("is there")
    }

    fn replace(&self, bytes: &[u8]) {
        std::fs::write(self.file(), bytes).expect("can be written");
    }

    fn goalkeeper(&self, arguments: &[&str]) -> Output {
        let config = self.folder.path().to_str().expect("is text");
        let mut command = binary();
        command.args(arguments).args(["--config", config]).stdin(Stdio::null());
        command.output().expect("the binary runs")
    }

    /// Runs a command that must succeed, and gives what it printed.
    fn printed(&self, arguments: &[&str]) -> String {
        let output = self.goalkeeper(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", said(&output));
        String::from_utf8(output.stdout).expect("is text")
    }

    /// Runs a command that must refuse, and gives what it said.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.goalkeeper(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", said(&output));
        said(&output)
    }

    fn change_roster(&self) {
        let roster = ROSTER.replace("{id: omar, team: care}", "{id: omar, team: care}, {id: nils, team: care}");
        std::fs::write(self.folder.path().join("roster.yaml"), roster).expect("can be written");
    }

    /// Starts the daemon, which must end by itself with a refusal, and gives what it said.
    fn daemon_refuses(&self) -> String {
        let mut daemon = Daemon::start(self.folder.path(), self.port);
        let status = daemon.wait_end();
        assert_eq!(status.code(), Some(1), "{}", daemon.said());
        daemon.said()
    }

    /// True if the state is as it was made; false if it is refused with a word on what to do. Nothing else may be.
    fn is_whole_or_refused(&self, case: &str) -> bool {
        self.is_or_refused(&self.export, case)
    }

    fn is_or_refused(&self, want: &str, case: &str) -> bool {
        let output = self.goalkeeper(&["state", "export", "--canonical"]);
        match output.status.code() {
            Some(0) => {
                assert!(String::from_utf8_lossy(&output.stdout) == want, "{case}: another state, unnoticed");
                true
            }
            Some(1) => {
                assert!(said(&output).contains(MOVE_AWAY), "{case}: {}", said(&output));
                assert!(output.stdout.is_empty(), "{case}");
                false
            }
            _ => panic!("{case}: {}, {}", output.status, said(&output)),
        }
    }
}

type Table<'t> = redb::Table<'t, &'static [u8], &'static [u8]>;

impl Made {
    /// Changes rows as no goalkeeper would.
    fn rewrite(&self, change: impl FnOnce(&redb::WriteTransaction, &mut Vec<u8>)) {
        let database = redb::Database::open(self.file()).expect("can be opened");
        let transaction = database.begin_write().expect("can begin");
        {
            let mut table = transaction.open_table(table("position")).expect("is there");
            let row = |table: &Table<'_>| Some(table.get(&b"position"[..]).expect("is there")?.value().to_vec());
            let mut position = row(&table).expect("is there");
            change(&transaction, &mut position);
            table.insert(&b"position"[..], &position[..]).expect("can be written");
        }
        transaction.commit().expect("can be written");
    }

    /// Changes the first value of a table, and the sums with it, as an error in goalkeeper might: what was written is
    /// what is read, but it is not right.
    fn falsify(&self, name: &str, sum: usize, change: impl FnOnce(&mut Vec<u8>)) {
        self.rewrite(|transaction, position| {
            let mut table = transaction.open_table(table(name)).expect("is there");
            let first = |(key, value): (redb::AccessGuard<'_, _>, redb::AccessGuard<'_, _>)| {
                let (key, value): (&[u8], &[u8]) = (key.value(), value.value());
                (key.to_vec(), value.to_vec())
            };
            let (key, before) = first(table.first().expect("can be read").expect("has a row"));
            let mut after = before.clone();
            change(&mut after);
            assert_ne!(before, after);
            table.insert(&key[..], &after[..]).expect("can be written");
            let check = |value: &[u8]| {
                let row = [&(key.len() as u64).to_be_bytes(), &key[..], value].concat();
                u64::from(crc32fast::hash(&row))
            };
            // Version, check, and of each table rows and checks.
            let at = 8 + sum * 16 + 8;
            let checks = u64::from_be_bytes(position[at..at + 8].try_into().expect("are eight bytes"));
            let checks = checks.wrapping_sub(check(&before)).wrapping_add(check(&after));
            position[at..at + 8].copy_from_slice(&checks.to_be_bytes());
            let check = crc32fast::hash(&position[8..]);
            position[4..8].copy_from_slice(&check.to_be_bytes());
        });
    }
}

fn table(name: &str) -> redb::TableDefinition<'_, &'static [u8], &'static [u8]> {
    redb::TableDefinition::new(name)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The events of a small day.
fn day(seed: u32) -> Vec<String> {
    let seed = seed.to_string();
    let arguments = ["simulate", "--seed", &seed, "--reps", "8", "--contacts", "300"];
    let output = binary().args(arguments).output().expect("the binary runs");
    String::from_utf8(output.stdout).expect("is text").lines().map(str::to_owned).collect()
}

fn feed(engine: &mut Engine, lines: &[String]) {
    let mut decoder = Decoder::new([0; 16]);
    let partition = engine.partition("calls/0");
    let mut last = Instant::MIN;
    for line in lines {
        if let Ok(Decoded::Event(event)) = decoder.decode(Message { payload: Some(line.as_bytes()), headers: &[] }) {
            last = last.max(event.time);
            engine.gather(Input::Event { partition, received: None, event });
        }
    }
    engine.apply(Input::Tick(last));
}

#[test]
fn a_file_cut_short_is_refused() {
    let made = Made::new();
    let whole = made.bytes();
    assert!(made.is_whole_or_refused("whole"));
    let length = whole.len();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut lengths = vec![0, 1, 63, 64, 320, 4095, 4096, 4097, length / 2, length - 4096, length - 1];
    lengths.extend((0..20).map(|_| random.random_range(0..length)));
    for length in lengths {
        made.replace(&whole[..length]);
        assert!(!made.is_whole_or_refused(&format!("{length} bytes")));
    }
    for length in [0, 100, length / 2] {
        made.replace(&whole[..length]);
        let said = made.daemon_refuses();
        assert!(said.contains("is damaged") && said.contains(MOVE_AWAY), "{said}");
        assert!(made.refused(&["state", "verify"]).contains("is damaged"));
    }
}

#[test]
fn no_flipped_bit_goes_unnoticed_into_a_figure() {
    let made = Made::new();
    let whole = made.bytes();
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let (mut refused, cases) = (0, 300);
    for case in 0..cases {
        let mut bytes = whole.clone();
        // The head of the file is small and says where everything is: it is hit as often as one case in ten.
        let at = if case % 10 == 0 { random.random_range(0..320) } else { random.random_range(0..bytes.len()) };
        let bit = random.random_range(0..8);
        bytes[at] ^= 1 << bit;
        made.replace(&bytes);
        refused += u32::from(!made.is_whole_or_refused(&format!("bit {bit} of byte {at}")));
    }
    println!("{refused} of {cases} refused, the others hit what is not used");
    assert!(refused > cases / 10, "{refused}");
    made.replace(&whole);
    assert!(made.is_whole_or_refused("whole again"));
}

/// What was damaged where nothing is read at the start may be written over, or written from; then either nothing came of
/// it, or the next start sees it.
#[test]
fn damage_under_a_running_engine_never_becomes_another_state() {
    let made = Made::new();
    let whole = made.bytes();
    let more = day(6);
    let go_on = || {
        let store = Store::open_existing(&made.state())?;
        let saved = store.saved()?.expect("a checkpoint was written");
        let mut engine = made.engine();
        store.restore(&mut engine, saved.position)?;
        for lines in more.chunks(more.len() / 4) {
            feed(&mut engine, lines);
            store.write(&made.checkpoint(&mut engine))?;
            engine.written();
        }
        Ok::<String, goalkeeper::store::StateError>(engine.export())
    };
    let want = go_on().expect("the whole file can be gone on from");
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut went_on = 0;
    for _ in 0..60 {
        let mut bytes = whole.clone();
        let (at, bit) = (random.random_range(0..bytes.len()), random.random_range(0..8));
        bytes[at] ^= 1 << bit;
        made.replace(&bytes);
        // A record that cannot be read ends the engine's thread.
        let ended = std::thread::scope(|scope| scope.spawn(go_on).join());
        let Ok(Ok(export)) = ended else { continue };
        assert!(export == want, "bit {bit} of byte {at}: another state, unnoticed");
        went_on += 1;
        made.is_or_refused(&want, &format!("bit {bit} of byte {at}, at the next start"));
    }
    assert!(went_on > 0);
}

#[test]
fn a_record_that_cannot_be_read_ends_the_daemon_and_says_what_to_do() {
    let made = Made::new();
    let mut bytes = made.bytes();
    // Records are read when they are needed: here, because another roster is in force.
    let id = made.export.lines().find_map(|line| line.strip_prefix("record contact ")).expect("has contacts");
    let id = id.split('"').nth(3).expect("has an id").as_bytes();
    let places: Vec<usize> = (0..bytes.len() - id.len()).filter(|at| bytes[*at..].starts_with(id)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at] ^= 1;
    }
    made.replace(&bytes);
    made.change_roster();
    let said = made.daemon_refuses();
    assert!(said.contains("the roster has changed"), "{said}");
    assert!(said.contains("in the state file is not what was written") && said.contains(MOVE_AWAY), "{said}");
    let said = made.refused(&["state", "verify"]);
    assert!(said.contains(" of hour ") && said.contains("is not what was written"), "{said}");
}

#[test]
fn a_state_of_another_version_is_refused() {
    let made = Made::new();
    made.rewrite(|_, position| position[..4].copy_from_slice(&2u32.to_be_bytes()));
    for said in [made.daemon_refuses(), made.refused(&["state", "verify"]), made.refused(&["state", "show"])] {
        assert!(said.contains("was written in version 2") && said.contains(MOVE_AWAY), "{said}");
    }
}

#[test]
fn two_processes_never_have_one_state() {
    let made = Made::new();
    let _held = Store::open(&made.state()).expect("can be opened");
    for said in [made.daemon_refuses(), made.refused(&["state", "verify"])] {
        assert!(said.contains("in use by another goalkeeper"), "{said}");
        assert!(said.contains("state.directory"), "{said}");
    }
}

#[test]
fn a_crash_while_the_state_is_begun_leaves_nothing_in_the_way() {
    let made = Made::empty();
    std::fs::create_dir(made.state()).expect("can be made");
    std::fs::write(made.state().join("state.redb.new"), "redb half").expect("can be written");
    drop(Store::open(&made.state()).expect("can be begun"));
    assert!(made.printed(&["state", "verify"]).contains("0 records"));
    assert!(made.printed(&["state", "show"]).contains("no checkpoint yet"));
}

#[test]
fn a_directory_that_cannot_be_written_is_told() {
    let made = Made::empty();
    let Some(_mount) = mount(&made.state(), "size=1m,ro") else { return };
    let said = made.daemon_refuses();
    assert!(said.contains("Read-only file system") && said.contains("let goalkeeper write there"), "{said}");
}

#[test]
fn a_state_that_is_not_there_is_told_and_not_begun() {
    let made = Made::empty();
    for command in [["state", "verify"], ["state", "show"], ["state", "export"]] {
        assert!(made.refused(&command).contains("there is no such state"));
    }
    assert!(!made.file().exists());
}

#[test]
fn a_full_disk_loses_nothing_and_is_written_to_again_once_there_is_room() {
    let made = Made::empty();
    let Some(_mount) = mount(&made.state(), "size=6m") else { return };
    // No room in memory: records are fetched from the full disk too.
    let mut engine = made.engine().with_room(Room { bytes: 0, open: 0, ..Room::default() });
    let store = Store::open(&made.state()).expect("can be made");
    store.lend_to(&mut engine);
    let lines = day(5);
    let (before, after) = lines.split_at(lines.len() / 2);
    feed(&mut engine, before);
    store.write(&made.checkpoint(&mut engine)).expect("there is room");
    engine.written();
    let good = engine.export();

    let filler = made.state().join("filler");
    fill(&filler);
    feed(&mut engine, after);
    let checkpoint = made.checkpoint(&mut engine);
    for _ in 0..3 {
        let said = store.write(&checkpoint).expect_err("the disk is full").to_string();
        assert!(said.contains("No space left") && said.contains("make room"), "{said}");
    }
    let whole_export = engine.export();
    assert!(engine.records().use_of_memory().1 > 0, "records were fetched from disk");
    // What is on disk is the last checkpoint, also for a process that begins now.
    let whole = std::fs::read(made.file()).expect("can be read");
    let copy = Made::empty();
    std::fs::create_dir(copy.state()).expect("can be made");
    copy.replace(&whole);
    assert!(copy.is_or_refused(&good, "as the full disk has it"));

    std::fs::remove_file(filler).expect("is there");
    store.write(&checkpoint).expect("there is room again");
    engine.written();
    assert!(engine.export() == whole_export);
    drop((engine, store));
    assert!(made.is_or_refused(&whole_export, "after there was room again"));
    assert!(made.printed(&["state", "verify"]).contains("all is as it should be"));
}

#[test]
#[ignore = "needs a real Kafka: make test"]
fn a_daemon_goes_on_with_a_full_disk_and_catches_up_with_it() {
    let kafka = shared();
    let topic = topic("full", 1);
    let setup = Setup::new(&kafka.brokers(), &topic, ROSTER, STREAM);
    let state = setup.path().join("state");
    let Some(_mount) = mount(&state, "size=6m") else { return };
    kafka.produce(&topic, 0, call(1, 1));
    let daemon = setup.start();
    let answered = "goalkeeper_queue_window_answered{queue=\"support\",window=\"day\"}";
    let wait_more = |daemon: &Daemon, name: &str, than: f64| {
        wait_for(&format!("{name} beyond {than}"), Duration::from_secs(60), || match daemon.metrics().get(name) {
            Some(n) if *n > than => Ok(*n),
            seen => Err(format!("{seen:?}; {}", daemon.said())),
        })
    };
    wait_more(&daemon, "goalkeeper_checkpoints_total", 0.0);
    fill(&state.join("filler"));
    // The file has some room within itself: more than it has room for.
    kafka.produce(&topic, 0, (2..1500).flat_map(|n| call(n, n % 600)));
    wait_more(&daemon, "goalkeeper_checkpoint_failures_total", 2.0);
    assert!(daemon.said().contains("No space left"), "{}", daemon.said());
    daemon.wait_metric(answered, 1499.0);
    // Killed with the disk full, it goes on from the last checkpoint.
    daemon.kill();
    let daemon = setup.start();
    daemon.wait_metric(answered, 1499.0);
    wait_more(&daemon, "goalkeeper_checkpoint_failures_total", 0.0);
    let before = daemon.metrics()["goalkeeper_checkpoints_total"];
    std::fs::remove_file(state.join("filler")).expect("is there");
    wait_more(&daemon, "goalkeeper_checkpoints_total", before);
    daemon.kill();
    let daemon = setup.start();
    daemon.wait_metric(answered, 1499.0);
    assert!(daemon.stop().success());
}

/// Takes all the room that a disk has left.
fn fill(path: &Path) {
    use std::io::Write;
    let mut file = std::fs::File::create(path).expect("can be made");
    for size in [65536, 4096, 1] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
}

#[test]
fn a_checkpoint_that_meets_damage_is_told_as_damage_and_not_tried_again() {
    let made = Made::new();
    let store = Store::open(&made.state()).expect("can be opened");
    let mut bytes = made.bytes();
    let topic = b"topic abc";
    for at in 0..bytes.len() - topic.len() {
        if bytes[at..].starts_with(topic) {
            bytes[at] ^= 1;
        }
    }
    made.replace(&bytes);
    let (tell, told) = channel();
    let writer = Writer::start(store, move |written| tell.send(written).expect("is heard")).expect("a thread");
    let mut engine = made.engine();
    feed(&mut engine, &day(5)[..100]);
    writer.write(made.checkpoint(&mut engine));
    let written = told.recv_timeout(Duration::from_secs(20)).expect("it is told");
    let Written::Damaged(problem) = written else { panic!("{written:?}") };
    assert!(problem.contains("the position is not what was written") && problem.contains(MOVE_AWAY), "{problem}");
    writer.finish();
}

#[test]
fn verify_and_show_tell_what_is_there() {
    let made = Made::new();
    let shown = made.printed(&["state", "show"]);
    let version = format!("version   {}", goalkeeper::store::VERSION);
    for words in [&version, "calls/0 goes on from 7", "calls is topic abc", "contact 3", "roster    as configured"] {
        assert!(shown.contains(words), "no `{words}` in {shown}");
    }
    assert!(made.printed(&["state", "verify"]).contains("all is as it should be"));
    made.change_roster();
    assert!(made.printed(&["state", "show"]).contains("roster    other than configured"));
    assert!(made.printed(&["state", "verify"]).contains("bookings were not derived afresh"));
}

#[test]
fn a_copy_brings_the_same_state_back_and_only_into_an_empty_directory() {
    let made = Made::new();
    let copy = made.folder.path().join("copy");
    let copy = copy.to_str().expect("is text");
    assert_eq!(made.printed(&["state", "export", "--output", copy]), "");
    let said = made.refused(&["state", "import", copy]);
    assert!(said.contains("is not empty: it has state.redb"), "{said}");

    let other = Made { export: made.export.clone(), ..Made::empty() };
    assert!(other.printed(&["state", "import", copy]).contains("rows are in"));
    assert!(other.is_whole_or_refused("imported"));
    assert!(other.printed(&["state", "verify"]).contains("all is as it should be"));
    // What is shown is the same but for the file.
    let facts = |made: &Made| {
        let shown = made.printed(&["state", "show"]);
        shown.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(facts(&other), facts(&made));
}

#[test]
fn a_copy_that_is_not_whole_is_refused_and_leaves_nothing() {
    let made = Made::new();
    let copy = made.folder.path().join("copy");
    let path = copy.to_str().expect("is text");
    made.printed(&["state", "export", "--output", path]);
    let whole = std::fs::read(&copy).expect("is there");
    let other = Made::empty();
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let mut cases = vec![Vec::new(), b"a letter".to_vec(), [&whole[..], b"x"].concat()];
    cases.extend((0..10).map(|_| whole[..random.random_range(0..whole.len())].to_vec()));
    cases.extend((0..20).map(|_| {
        let mut bytes = whole.clone();
        let at = random.random_range(0..bytes.len());
        bytes[at] ^= 1 << random.random_range(0..8);
        bytes
    }));
    for (case, bytes) in cases.iter().enumerate() {
        std::fs::write(&copy, bytes).expect("can be written");
        let said = other.refused(&["state", "import", path]);
        assert!(said.contains("copy") || said.contains("frame") || said.contains("Unknown"), "case {case}: {said}");
        assert!(!other.file().exists(), "case {case}");
    }
    std::fs::write(&copy, &whole).expect("can be written");
    other.printed(&["state", "import", path]);
}

#[test]
fn other_settings_book_a_restored_state_anew() {
    let made = Made::new();
    made.change_roster();
    let daemon = Daemon::start(made.folder.path(), made.port);
    wait_for("books are made anew", Duration::from_secs(30), || {
        let said = daemon.said();
        let begun = said.contains("the roster has changed: live records are booked anew");
        if begun && daemon.get("/metrics").1.contains("goalkeeper_rebook_pending_records 0") {
            Ok(())
        } else {
            Err(said)
        }
    });
    assert!(daemon.stop().success());
}

#[test]
fn a_state_is_refused_where_ids_have_another_meaning_than_in_it() {
    let made = Made::new();
    let path = made.folder.path().join("goalkeeper.yaml");
    let plain = std::fs::read_to_string(&path).expect("is there");
    let write = |more: &str| std::fs::write(&path, format!("{plain}{more}\n")).expect("can be written");
    std::fs::write(made.folder.path().join("key"), "00112233445566778899aabbccddeeff").expect("can be written");
    for (option, more) in [
        ("sources./pbx.contacts", "sources: {/pbx: {contacts: shared}}"),
        ("sources./pbx.tickets", "sources: {/pbx: {tickets: shared}}"),
        ("sources./pbx.customers", "sources: {/pbx: {customers: shop}}"),
        ("customers.key_file", "customers: {key_file: key}"),
    ] {
        write(more);
        let said = made.daemon_refuses();
        assert!(said.contains(&format!("{option} is not what it was when the state was made")), "{said}");
        assert!(said.contains("empty state directory"), "{said}");
    }
    // What is said now is what was so without; and scopes may have other names.
    write("sources: {/pbx: {contacts: /pbx, queues: oslo}}");
    let daemon = Daemon::start(made.folder.path(), made.port);
    wait_for("books are made anew", Duration::from_secs(30), || {
        let said = daemon.said();
        if said.contains("settings have changed: live records are booked anew") { Ok(()) } else { Err(said) }
    });
    assert!(daemon.stop().success());
}

#[test]
fn verify_finds_what_was_written_as_it_should_not_have_been() {
    let whole = Made::new();
    let bytes = whole.bytes();
    let found = |sum: (&str, usize), change: &dyn Fn(&mut Vec<u8>)| {
        whole.replace(&bytes);
        whole.falsify(sum.0, sum.1, change);
        whole.refused(&["state", "verify"])
    };
    // A note: kind, generation, due instant, hash of the key, check of the record.
    let notes = ("notes", 0);
    let said = found(notes, &|note| note[0] ^= 1);
    assert!(said.contains("it is noted as another kind of record"), "{said}");
    let said = found(notes, &|note| note[2] ^= 1);
    assert!(said.contains("it is due at another time than is noted"), "{said}");
    let said = found(notes, &|note| {
        let hash = note.len() - 12;
        note[hash] ^= 1;
    });
    assert!(said.contains("it is not found by its key"), "{said}");
    let said = found(notes, &|note| *note.last_mut().expect("is long") ^= 1);
    assert!(said.contains("is not what was written"), "{said}");
    let said = found(("panes", 2), &|row| *row.last_mut().expect("is long") ^= 1);
    assert!(said.contains("a pane cannot be read"), "{said}");
    assert!(said.contains("1 differences") && said.contains(MOVE_AWAY), "{said}");
}

#[test]
fn what_a_record_has_booked_is_derived_afresh() {
    let made = Made::new();
    // As if the books had been made under another roster than the position says.
    let roster = ROSTER.replace("{id: support, team: care}", "{id: support, team: care}, {id: billing, team: care}");
    std::fs::write(made.folder.path().join("roster.yaml"), roster).expect("can be written");
    let store = Store::open(&made.state()).expect("can be opened");
    let saved = store.saved().expect("can be read").expect("was written");
    let mut engine = made.engine();
    store.restore(&mut engine, saved.position).expect("can be read");
    let mut told = Vec::new();
    engine.audit(true, |problem| told.push(problem));
    assert!(told.iter().any(|problem| problem.contains("it has booked something other")), "{told:?}");
}

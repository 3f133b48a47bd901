//! A real Apache Kafka: one broker from the jars of Maven Central, KRaft mode, loopback only.

use super::process::Process;
use super::proxy::Proxy;
use super::{free_port, wait_for};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, Headers, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;

/// How long a broker may take to answer.
const ANSWER: Duration = Duration::from_secs(20);

/// One broker.
pub struct Kafka {
    port: u16,
    process: Process,
    directory: TempDir,
}

/// A message to produce.
#[derive(Clone, Debug, Default)]
pub struct Message {
    pub key: Option<String>,
    pub payload: Option<Vec<u8>>,
    pub headers: Vec<(String, Vec<u8>)>,
    /// What the producer says of its time, in milliseconds since 1970; the present if it says nothing.
    pub timestamp: Option<i64>,
}

impl Message {
    /// A message with a value and nothing else.
    pub fn of(payload: impl Into<Vec<u8>>) -> Message {
        Message { payload: Some(payload.into()), ..Message::default() }
    }
}

impl Message {
    fn from_kafka(message: &impl rdkafka::Message) -> Message {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let pair = |header: Header<'_, &[u8]>| (header.key.to_owned(), header.value.unwrap_or_default().to_vec());
        let headers = message.headers().map(|headers| headers.iter().map(pair).collect()).unwrap_or_default();
        Message {
            key: message.key().map(text),
            payload: message.payload().map(<[u8]>::to_vec),
            headers,
            timestamp: None,
        }
    }
}

/// The broker that all tests share; it dies with the test process.
pub fn shared() -> &'static Kafka {
    static KAFKA: OnceLock<Kafka> = OnceLock::new();
    KAFKA.get_or_init(Kafka::start)
}

fn jars() -> PathBuf {
    let jars = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/kafka/lib");
    assert!(jars.is_dir(), "{} is not there: run `make kafka-jars`", jars.display());
    jars
}

fn java(main: &str) -> Command {
    let mut command = Command::new("java");
    command
        .args(["-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
        .arg("-cp")
        .arg(jars().join("*"))
        .arg(main);
    command
}

/// A further listener of a broker.
pub struct Listener {
    pub name: &'static str,
    pub protocol: &'static str,
    /// Where it listens.
    pub port: u16,
    /// Where it says it listens.
    pub advertised: u16,
}

impl Kafka {
    /// Formats and starts a broker and waits until it answers.
    pub fn start() -> Kafka {
        Kafka::start_with(&[], "", &[])
    }

    /// Likewise, with a network to it that can fail: clients that begin at the proxy stay behind it.
    pub fn start_behind_proxy() -> (Kafka, Proxy) {
        let port = free_port();
        let proxy = Proxy::start(port);
        let listener = Listener { name: "PROXIED", protocol: "PLAINTEXT", port, advertised: proxy.port() };
        (Kafka::start_with(&[listener], "", &[]), proxy)
    }

    /// A broker with further listeners. `more` is appended to its properties, and `users` are known to SCRAM, as its
    /// formatting writes them.
    pub fn start_with(listeners: &[Listener], more: &str, users: &[&str]) -> Kafka {
        let directory = tempfile::tempdir().expect("a directory");
        let (port, controller) = (free_port(), free_port());
        let each = |show: fn(&Listener) -> String| listeners.iter().map(show).collect::<String>();
        let doors = each(|listener| format!(",{}://127.0.0.1:{}", listener.name, listener.port));
        let advertised = each(|listener| format!(",{}://127.0.0.1:{}", listener.name, listener.advertised));
        let protocols = each(|listener| format!(",{}:{}", listener.name, listener.protocol));
        let data = directory.path().join("data");
        let properties = directory.path().join("server.properties");
        let text = format!(
            "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@127.0.0.1:{controller}\n\
             listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{doors}\n\
             advertised.listeners=PLAINTEXT://127.0.0.1:{port}{advertised}\ncontroller.listener.names=CONTROLLER\n\
             listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{protocols}\nlog.dirs={}\n\
             offsets.topic.replication.factor=1\noffsets.topic.num.partitions=4\n\
             transaction.state.log.replication.factor=1\ntransaction.state.log.min.isr=1\n\
             transaction.state.log.num.partitions=4\nshare.coordinator.state.topic.replication.factor=1\n\
             share.coordinator.state.topic.min.isr=1\ngroup.initial.rebalance.delay.ms=0\n\
             auto.create.topics.enable=false\n{more}",
            data.display()
        );
        std::fs::write(&properties, text).expect("can be written");
        let format = java("kafka.tools.StorageTool")
            .args(["format", "-t", "q1Sh-9_ISia_zwGINzRvyQ", "-c"])
            .arg(&properties)
            .args(users.iter().flat_map(|user| ["--add-scram", user]))
            .output()
            .expect("java runs");
        assert!(format.status.success(), "formatting: {}", String::from_utf8_lossy(&format.stderr));
        let mut kafka = Kafka { port, process: Kafka::process(directory.path()), directory };
        kafka.wait_answer();
        kafka
    }

    fn process(directory: &Path) -> Process {
        let mut command = java("kafka.Kafka");
        command.arg(directory.join("server.properties"));
        Process::start(command, &directory.join("log"))
    }

    fn wait_answer(&mut self) {
        let consumer = client(self.port);
        let process = &mut self.process;
        wait_for("Kafka answers", Duration::from_secs(60), || {
            if let Some(status) = process.ended() {
                panic!("Kafka ended with {status}: {}", process.said());
            }
            let answer = consumer.fetch_metadata(None, Duration::from_secs(2));
            answer.map(drop).map_err(|error| format!("{error}; it says: {}", process.said()))
        });
    }

    /// Kills the broker on the spot.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again and waits until it answers.
    pub fn revive(&mut self) {
        self.process = Kafka::process(self.directory.path());
        self.wait_answer();
    }

    /// Kills the broker, lets it forget all records of a partition as a crashed disk might, and starts it again.
    pub fn lose_log(&mut self, topic: &str, partition: i32) {
        self.kill();
        let log = self.directory.path().join(format!("data/{topic}-{partition}/00000000000000000000.log"));
        let file = std::fs::File::options().write(true).open(&log).expect("the log is there");
        assert!(file.metadata().expect("is there").len() > 0, "{} is empty", log.display());
        file.set_len(0).expect("can be cut");
        self.revive();
        self.wait_leader(topic, partition);
    }

    fn wait_leader(&self, topic: &str, partition: i32) {
        wait_for("the partition has a leader", Duration::from_secs(60), || {
            let end = client(self.port).fetch_watermarks(topic, partition, Duration::from_secs(2));
            end.map(drop).map_err(|error| format!("{error}; it says: {}", self.process.said()))
        });
    }

    /// What `kafka-consumer-groups --describe` says of a group.
    pub fn describe_group(&self, group: &str) -> String {
        let output = java("org.apache.kafka.tools.consumer.group.ConsumerGroupCommand")
            .args(["--bootstrap-server", &self.brokers(), "--describe", "--group", group])
            .output()
            .expect("java runs");
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    /// The address of the broker.
    pub fn brokers(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Makes a topic.
    pub fn create_topic(&self, name: &str, partitions: i32, settings: &[(&str, &str)]) {
        let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        for (key, value) in settings {
            topic = topic.set(key, value);
        }
        let made = block_on(self.admin().create_topics(&[topic], &AdminOptions::new())).expect("Kafka answers");
        assert!(made.iter().all(Result::is_ok), "{made:?}");
        self.wait_partitions(name, partitions as usize);
    }

    fn wait_partitions(&self, topic: &str, partitions: usize) {
        wait_for("the topic is known", ANSWER, || {
            let metadata = client(self.port).fetch_metadata(Some(topic), ANSWER).map_err(|error| error.to_string())?;
            let known = metadata.topics()[0].partitions().iter().filter(|partition| partition.leader() >= 0).count();
            if known == partitions { Ok(()) } else { Err(format!("{known} partitions")) }
        });
    }

    /// Gives a topic more partitions.
    pub fn grow_topic(&self, name: &str, partitions: usize) {
        let grown = NewPartitions::new(name, partitions);
        let made = block_on(self.admin().create_partitions(&[grown], &AdminOptions::new())).expect("Kafka answers");
        assert!(made.iter().all(Result::is_ok), "{made:?}");
        self.wait_partitions(name, partitions);
    }

    /// Deletes a topic and waits until it is gone.
    pub fn delete_topic(&self, name: &str) {
        let gone = block_on(self.admin().delete_topics(&[name], &AdminOptions::new())).expect("Kafka answers");
        assert!(gone.iter().all(Result::is_ok), "{gone:?}");
        wait_for("the topic is gone", ANSWER, || {
            let metadata = client(self.port).fetch_metadata(None, ANSWER).map_err(|error| error.to_string())?;
            if metadata.topics().iter().all(|topic| topic.name() != name) { Ok(()) } else { Err("is there".to_owned()) }
        });
    }

    /// Deletes the messages of a partition before an offset, as retention does.
    pub fn delete_before(&self, topic: &str, partition: i32, offset: i64) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Offset(offset)).expect("an offset");
        block_on(self.admin().delete_records(&list, &AdminOptions::new())).expect("Kafka answers");
    }

    /// The first messages of a partition, once so many are there.
    pub fn read(&self, topic: &str, partition: i32, count: usize) -> Vec<Message> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.brokers())
            .set("group.id", "reads-once")
            .set("enable.auto.commit", "false")
            .create()
            .expect("a client");
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Beginning).expect("an offset");
        consumer.assign(&list).expect("can be assigned");
        let mut messages = Vec::new();
        wait_for("the messages are there", Duration::from_secs(60), || {
            while let Some(polled) = consumer.poll(Duration::from_millis(100)) {
                messages.push(Message::from_kafka(&polled.map_err(|error| error.to_string())?));
            }
            if messages.len() >= count { Ok(()) } else { Err(format!("{messages:?}")) }
        });
        messages
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        ClientConfig::new().set("bootstrap.servers", self.brokers()).create().expect("a client")
    }

    /// Sends messages to a partition and waits until all were taken.
    pub fn produce(&self, topic: &str, partition: i32, messages: impl IntoIterator<Item = Message>) {
        self.spread(topic, messages.into_iter().map(|message| (partition, message)));
    }

    /// Sends messages, each to its partition, and waits until all were taken.
    pub fn spread(&self, topic: &str, messages: impl IntoIterator<Item = (i32, Message)>) {
        let producer: ThreadedProducer<DefaultProducerContext> = ClientConfig::new()
            .set("bootstrap.servers", self.brokers())
            .set("linger.ms", "5")
            .create()
            .expect("a client");
        for (partition, message) in messages {
            let mut headers = OwnedHeaders::new();
            for (key, value) in &message.headers {
                headers = headers.insert(Header { key, value: Some(value) });
            }
            let mut record = BaseRecord::<str, [u8]>::to(topic).partition(partition).headers(headers);
            if let Some(key) = &message.key {
                record = record.key(key);
            }
            if let Some(payload) = &message.payload {
                record = record.payload(payload);
            }
            if let Some(timestamp) = message.timestamp {
                record = record.timestamp(timestamp);
            }
            while let Err((error, back)) = producer.send(record) {
                assert!(error.to_string().contains("Queue full"), "{error}");
                producer.poll(Duration::from_millis(10));
                record = back;
            }
        }
        producer.flush(Duration::from_secs(60)).expect("Kafka takes everything");
    }
}

fn client(port: u16) -> BaseConsumer {
    ClientConfig::new().set("bootstrap.servers", format!("127.0.0.1:{port}")).create().expect("a client")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

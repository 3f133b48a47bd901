//! What librdkafka can do and its Rust wrapper does not offer. The only place with `unsafe`.

use rdkafka::bindings as rd;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{IsError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::topic_partition_list::TopicPartitionList;
use std::ffi::{CStr, CString, c_char, c_int};
use std::time::Duration;

/// What the broker says of one topic.
#[derive(Debug)]
pub(super) struct Described {
    /// Its name.
    pub(super) name: String,
    /// What it is, or why that cannot be said.
    pub(super) topic: Result<Topic, RDKafkaErrorCode>,
}

/// A topic that is there.
#[derive(Debug)]
pub(super) struct Topic {
    /// Its id; brokers before Kafka 2.8 give none.
    pub(super) id: Option<String>,
    /// The numbers of its partitions.
    pub(super) partitions: Vec<i32>,
}

/// The offset after a partition's last message, as the client learned with its last fetch; no question to the broker.
pub(super) fn known_end<C: ConsumerContext>(consumer: &BaseConsumer<C>, topic: &str, number: i32) -> Option<i64> {
    let topic = CString::new(topic).ok()?;
    let (mut low, mut high) = (-1, -1);
    let client = consumer.client().native_ptr();
    // SAFETY: the client lives as long as `consumer`, the topic's name ends with a zero byte and outlives the call, and
    // both pointers are to local integers.
    let error = unsafe { rd::rd_kafka_get_watermark_offsets(client, topic.as_ptr(), number, &mut low, &mut high) };
    (!error.is_error() && high >= 0).then_some(high)
}

/// The leader epoch under which the message was written; -1 if the broker does not say.
pub(super) fn leader_epoch(message: &BorrowedMessage<'_>) -> i32 {
    // SAFETY: the pointer is that of a message that lives as long as the borrow.
    unsafe { rd::rd_kafka_message_leader_epoch(message.ptr()) }
}

/// Says under which leader epoch the record before the partition's offset was read, so that the client asks the broker
/// whether it is still there.
pub(super) fn set_leader_epoch(list: &mut TopicPartitionList, topic: &str, number: i32, epoch: i32) {
    let Ok(topic) = CString::new(topic) else { return };
    // SAFETY: the list is borrowed for the call, the topic's name ends with a zero byte and outlives it, and the element
    // that is found belongs to the list.
    unsafe {
        let element = rd::rd_kafka_topic_partition_list_find(list.ptr(), topic.as_ptr(), number);
        if !element.is_null() {
            rd::rd_kafka_topic_partition_set_leader_epoch(element, epoch);
        }
    }
}

/// Frees what librdkafka made when it goes out of scope.
struct Owned<T>(*mut T, unsafe extern "C" fn(*mut T));

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: made by the function that belongs to this destructor, and not freed elsewhere.
            unsafe { self.1(self.0) }
        }
    }
}

/// Asks a broker for the ids and partitions of topics. Any broker knows them; the library would ask the controller.
pub(super) fn describe<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    broker: i32,
    names: &[String],
    within: Duration,
) -> Result<Vec<Described>, String> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<CString> = names.iter().filter_map(|name| CString::new(name.as_str()).ok()).collect();
    let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let within = c_int::try_from(within.as_millis()).unwrap_or(c_int::MAX);
    let client = consumer.client().native_ptr();
    // SAFETY: the client lives as long as `consumer`; names outlive the calls that read them; what is made here is freed by
    // `Owned`, last made first, after the last use of the event that everything read belongs to; counts are those that the
    // library gives with its arrays.
    unsafe {
        let topics = Owned(
            rd::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len()),
            rd::rd_kafka_TopicCollection_destroy,
        );
        let options = Owned(
            rd::rd_kafka_AdminOptions_new(client, rd::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS),
            rd::rd_kafka_AdminOptions_destroy,
        );
        rd::rd_kafka_AdminOptions_set_request_timeout(options.0, within, std::ptr::null_mut(), 0);
        rd::rd_kafka_AdminOptions_set_broker(options.0, broker, std::ptr::null_mut(), 0);
        let queue = Owned(rd::rd_kafka_queue_new(client), rd::rd_kafka_queue_destroy);
        rd::rd_kafka_DescribeTopics(client, topics.0, options.0, queue.0);
        // The library answers in time by itself, be it with an error.
        let event = Owned(rd::rd_kafka_queue_poll(queue.0, within.saturating_add(1000)), rd::rd_kafka_event_destroy);
        if event.0.is_null() {
            return Err("the brokers do not answer".to_owned());
        }
        let error = rd::rd_kafka_event_error(event.0);
        if error.is_error() {
            return Err(RDKafkaErrorCode::from(error).to_string());
        }
        let result = rd::rd_kafka_event_DescribeTopics_result(event.0);
        let mut count = 0;
        let described = rd::rd_kafka_DescribeTopics_result_topics(result, &mut count);
        Ok((0..count).map(|n| read(*described.add(n))).collect())
    }
}

/// # Safety
/// The description must belong to an event that is not freed yet.
unsafe fn read(description: *const rd::rd_kafka_TopicDescription_t) -> Described {
    // SAFETY: as the caller promises; names and ids end with a zero byte, and arrays have as many elements as counted.
    unsafe {
        let text = |text: *const c_char| CStr::from_ptr(text).to_string_lossy().into_owned();
        let name = text(rd::rd_kafka_TopicDescription_name(description));
        let error = rd::rd_kafka_error_code(rd::rd_kafka_TopicDescription_error(description));
        if error.is_error() {
            return Described { name, topic: Err(error.into()) };
        }
        let id = rd::rd_kafka_TopicDescription_topic_id(description);
        let is_set = !id.is_null()
            && (rd::rd_kafka_Uuid_most_significant_bits(id), rd::rd_kafka_Uuid_least_significant_bits(id)) != (0, 0);
        let id = is_set.then(|| text(rd::rd_kafka_Uuid_base64str(id)));
        let mut count = 0;
        let partitions = rd::rd_kafka_TopicDescription_partitions(description, &mut count);
        let number = |n: usize| rd::rd_kafka_TopicPartitionInfo_partition(*partitions.add(n));
        Described { name, topic: Ok(Topic { id, partitions: (0..count).map(number).collect() }) }
    }
}

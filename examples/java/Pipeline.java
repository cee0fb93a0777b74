// A pipeline on Java: publishes a candidate message for each contact it is given. Nothing is sent here: the gate decides
// each candidate, and Sender.java sends what comes back approved. Needs kafka-clients and jackson-databind; run as
// `java -cp 'jars/*' Pipeline.java ana ben`.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;

public class Pipeline {
  static final String BOOTSTRAP = env("BOOTSTRAP", "127.0.0.1:9092");
  static final String CANDIDATES = env("OUTBOUND_TOPIC", "outbound-message");
  // the campaign's run: makes the ids of its messages
  static final String RUN = env("RUN", Long.toString(System.currentTimeMillis()));
  static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] contacts) throws Exception {
    if (contacts.length == 0) throw new IllegalArgumentException("name contacts: ana ben");
    Map<String, Object> settings = Map.of(
        "bootstrap.servers", BOOTSTRAP,
        // both are the defaults of kafka-clients: all replicas have it, and a retry makes no second record
        "acks", "all", "enable.idempotence", "true");
    // its partitioner (murmur2) is the one that frequency caps are counted by: set no other
    try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
      List<Future<RecordMetadata>> receipts = new ArrayList<>();
      for (String contact : contacts) {
        // the key is the contact id: all messages to one person lie in one partition, in order
        String value = JSON.writeValueAsString(candidate(contact));
        receipts.add(producer.send(new ProducerRecord<>(CANDIDATES, contact, value)));
      }
      for (Future<RecordMetadata> receipt : receipts) {
        // throws when the broker has not taken it: run it again with the same RUN
        RecordMetadata place = receipt.get();
        // its place names the message in the decision log and in the header gate-source
        System.out.printf("published %s/%d/%d%n", place.topic(), place.partition(), place.offset());
      }
    }
  }

  static Map<String, Object> candidate(String contact) {
    return Map.of(
        // the same id when the run is repeated after a crash: a sender that keeps ids sends it once
        "message_id", RUN + "-" + contact,
        "channel", "email",
        "category", "marketing",
        "purpose", "marketing.newsletter",
        "controller", "tents-ltd",
        "brand", "tents",
        // what the content holds, as your template declares it: what is left out counts as missing
        "content", Map.of("promotional", true, "sender_identity", true, "postal_address", true, "unsubscribe", true,
            "one_click", true, "contact_address", true),
        "recipient", Map.of("contact_id", contact, "address", contact + "@example.net", "jurisdiction", "GB",
            "tz", "Europe/London"),
        // the gate carries it and never reads it
        "body", "Hello " + contact + ", the winter catalogue is out.",
        "attributes", Map.of("campaign", "winter"));
  }

  static String env(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }
}

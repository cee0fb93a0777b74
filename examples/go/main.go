// A sender in Go: says what people want, asks the gate, sends what comes back approved. Needs franz-go.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type object = map[string]any

var (
	bootstrap  = env("BOOTSTRAP", "127.0.0.1:9092")
	consents   = env("CONSENT_TOPIC", "consent-change")
	candidates = env("OUTBOUND_TOPIC", "outbound-message")
	approved   = env("APPROVED_TOPIC", "approved-message")
	run        = env("RUN", fmt.Sprint(time.Now().Unix())) // makes ids of this run
)

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// with adds to an object what names the message's or the consent's scope.
func with(to object, more ...object) object {
	for _, part := range more {
		for name, value := range part {
			to[name] = value
		}
	}
	return to
}

var scope = object{"channel": "email", "purpose": "marketing", "controller": "tents-ltd", "brand": "tents"}

func contact(name string) object {
	id := run + "-" + name
	return object{"contact_id": id, "address": id + "@example.net"}
}

func consent(name, action string, more ...object) object {
	event := object{"event_id": run + "-" + name + "-" + action, "action": action,
		"occurred_at": time.Now().UTC().Format(time.RFC3339)}
	return with(with(event, contact(name)), more...)
}

func candidate(name string) object {
	content := object{"promotional": true, "sender_identity": true, "postal_address": true, "unsubscribe": true,
		"one_click": true, "contact_address": true}
	recipient := with(contact(name), object{"jurisdiction": "GB", "tz": "Europe/London"})
	return with(object{"message_id": run + "-m-" + name, "category": "marketing", "content": content,
		"recipient": recipient, "body": "Hello " + name}, scope)
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	// franz-go waits for all replicas, is idempotent, and its default partitioner is the Java client's
	producer, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...))
	check(err)
	publish := func(topic, name string, value object) {
		bytes, err := json.Marshal(value)
		check(err)
		record := &kgo.Record{Topic: topic, Key: []byte(run + "-" + name), Value: bytes}
		check(producer.ProduceSync(ctx, record).FirstErr())
	}
	optIn := with(object{"basis": "express",
		"evidence": object{"method": "web_form", "notice_version": "2026-05"}}, scope)
	publish(consents, "ana", consent("ana", "opt_in", optIn))
	publish(consents, "ben", consent("ben", "opt_in", optIn))
	publish(consents, "ben", consent("ben", "opt_out")) // enforced from the moment it is acknowledged
	publish(candidates, "ana", candidate("ana"))
	publish(candidates, "ben", candidate("ben"))
	producer.Close()

	// Decisions are written in transactions, and only what is committed is one: the default reads the others too.
	consumer, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(bootstrap, ",")...),
		kgo.ConsumerGroup("sender-"+run), kgo.ConsumeTopics(approved),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.DisableAutoCommit())
	check(err)
	defer consumer.Close()
	sent := map[string]bool{} // in production: where your sending is recorded, so that a restart does not send twice
	for !sent[run+"-m-ana"] {
		fetches := consumer.PollFetches(ctx)
		check(ctx.Err())
		fetches.EachRecord(func(record *kgo.Record) { send(record, sent) })
		check(consumer.CommitUncommittedOffsets(ctx)) // only when they are sent
	}
}

func send(record *kgo.Record, sent map[string]bool) {
	for _, header := range record.Headers {
		if header.Key == "gate-probe" {
			return // of the synthetic probe: nobody is behind it
		}
	}
	var message struct {
		ID string `json:"message_id"`
	}
	if record.Value == nil || json.Unmarshal(record.Value, &message) != nil {
		return
	}
	if strings.HasPrefix(message.ID, run) && !sent[message.ID] {
		sent[message.ID] = true
		fmt.Println("send", message.ID)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

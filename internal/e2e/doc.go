// Package e2e tests the program as it is run: connector, worker and exporter as three processes on a real Kafka and a real Redis, restarted and killed while traffic
// comes in. What the API answers in the end is compared with plain sums over the events that were sent.
//
// The tests run when VIGIA_TEST_KAFKA and VIGIA_TEST_REDIS name servers (make test-stack does that), with topics and keys of their own.
package e2e

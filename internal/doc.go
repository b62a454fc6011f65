// Package internal holds Vigia. Imports go down only; arch_test.go is the exact table and fails on anything else.
//
//	4 wire    app     builds, starts and stops the roles
//	          config  one strict YAML file and the environment, as typed and checked values
//	          replay  recorded interactions through the same path on an engine of its own
//	          verify  the state of a running stack against its log, judged by the oracle
//	          sim     believable traffic from a seed, and the virtual world that tests run in
//	3 roles   connector  channels come in: verify, translate, hide names, publish; a folder a channel (connector/whatsapp)
//	          worker     log → fold → state → outbox, for both stages
//	          exporter   what is known, shown to programs and people
//	          alerter    signals and rules → people who are told: who, when, how often
//	2 edges   bus    the Kafka log, real or embedded; nothing else imports a Kafka client
//	          store  the state in Redis, real or embedded; nothing else imports a Redis client
//	          notify one destination is told about one thing: webhook, chat, mail, Alertmanager, task, ticket
//	          httpapi what the HTTP endpoints of the roles have in common: bearer tokens and problems
//	          retry  the pause between attempts at servers that do not answer
//	1 verbs   fold      what one record does to the state of a partition                pure
//	          convo     the states of one conversation and what changed                 pure
//	          customer  the second stage: contacts, sessions and conversations a customer  pure
//	          explain   why a value is what it is, and what a conversation counts for     pure
//	          agent     the second stage of agents: how busy they are                      pure
//	          kpi       what each number means, one file a KPI                          pure
//	          rule      when a number is bad, and when it is good again                  pure
//	          digest    the summary of a week or a month, in words                       pure
//	0 nouns   event   what happened, and the only door to protobuf                      pure
//	          sla     what was promised and when it is due                              pure
//	          window  panes, buckets and merges that add up in any order                pure
//	          pack    the compact encoding of state                                     pure
//	          document a strict YAML file: values, where they stand, and what is wrong    pure
//
// Beside the layers stands the judge: oracle computes every number again from the events and the definitions alone, and imports nothing but event.
//
// Roles never import each other: they meet only in Kafka and Redis. Pure packages are functions of their arguments: no I/O, no clock, no goroutine.
//
// Beside the layers: e2e runs real processes on real servers, bench measures them, and tools is a module of its own that pins the programs which
// build and check the tree.
package internal

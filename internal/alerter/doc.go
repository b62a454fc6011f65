// Package alerter turns signals and rules into told people: it decides who is told what, when and how often.
//
// Tenants are spread over shards, one for each partition of the topic of signals; the group vigia-alerter gives every shard one owner. A shard reads all partitions and folds what
// belongs to its tenants, so that everything a tenant is told is decided in one place: one message per group and interval, whatever partitions its conversations are in.
//
//	signals, acks, silences ─▶ desk (pure): incidents, groups, attempts ─▶ one script: state and position ─▶ receivers ─▶ what they were told, marked
//	rules on the data's grid ─▶                                                                          └─▶ vigia.alerts (compacted)
//
// Delivery is level-triggered. An incident says what is true, and what each receiver was told last; the difference is sent, whatever happened in between. An attempt is stored
// before it is made, and keeps its id: who takes over after a crash repeats exactly what may have been sent.
//
// Reading order: incident.go (what is known), fold.go (how it comes to be known), tell.go (what a receiver must hear), route.go, plan.go (when), compose.go (as what);
// shard.go, open.go and feed.go are the owner, send.go the way out, api.go what people can ask and do.
package alerter

package store

import (
	"fmt"
	"strconv"
)

// fields returns the meta hash as field, value pairs, in a fixed order.
func (m Meta) fields() []string {
	return []string{
		"pos", m.Position.String(),
		"epoch", strconv.FormatInt(m.Epoch, 10),
		"space", strconv.FormatInt(m.Space, 10),
		"loglineage", strconv.FormatInt(m.LogLineage, 10),
		"partitions", strconv.FormatInt(int64(m.Partitions), 10),
		"partitioner", m.Partitioner,
		"schema", strconv.FormatInt(int64(m.Schema), 10),
		"fingerprint", m.Fingerprint,
		"head", strconv.FormatInt(m.OutboxHead, 10),
	}
}

// begin completes the meta of a state that begins now.
func (m Meta) begin(epoch int64) (Meta, error) {
	m.Epoch = epoch
	m.Space = m.Position.Lineage
	m.OutboxHead, m.OutboxLen = 1, 0
	return m, m.check()
}

// check refuses what the scripts could not compare or a later claim could not read.
func (m Meta) check() error {
	if !m.Position.valid() || m.Space <= 0 || m.Epoch < 0 || m.LogLineage < 0 || m.OutboxHead < 1 {
		return fmt.Errorf("invalid meta: position %s, space %d, epoch %d, log lineage %d, outbox head %d: lineage and space begin at 1, nothing is negative",
			m.Position, m.Space, m.Epoch, m.LogLineage, m.OutboxHead)
	}
	if m.Partitions <= 0 || m.Partitioner == "" {
		return fmt.Errorf("invalid meta: %d partitions, partitioner %q: both must be known", m.Partitions, m.Partitioner)
	}
	return nil
}

// parseMeta reads the flat reply of HGETALL and the outbox length.
func parseMeta(flat, outboxLen any) (Meta, error) {
	pairs, ok := flat.([]any)
	n, isInt := outboxLen.(int64)
	if !ok || !isInt || len(pairs)%2 != 0 {
		return Meta{}, fmt.Errorf("unexpected reply %T, %T for a meta hash", flat, outboxLen)
	}
	m := Meta{OutboxLen: n}
	for i := 0; i < len(pairs); i += 2 {
		field, _ := pairs[i].(string)
		value, _ := pairs[i+1].(string)
		if err := m.set(field, value); err != nil {
			return Meta{}, err
		}
	}
	return m, m.check()
}

func (m *Meta) set(field, value string) (err error) {
	var n int64
	switch field {
	case "pos":
		m.Position, err = ParsePosition(value)
	case "epoch":
		m.Epoch, err = strconv.ParseInt(value, 10, 64)
	case "space":
		m.Space, err = strconv.ParseInt(value, 10, 64)
	case "loglineage":
		m.LogLineage, err = strconv.ParseInt(value, 10, 64)
	case "partitions":
		n, err = strconv.ParseInt(value, 10, 32)
		m.Partitions = int32(n)
	case "partitioner":
		m.Partitioner = value
	case "schema":
		n, err = strconv.ParseInt(value, 10, 32)
		m.Schema = int32(n)
	case "fingerprint":
		m.Fingerprint = value
	case "head":
		m.OutboxHead, err = strconv.ParseInt(value, 10, 64)
	}
	if err != nil {
		return fmt.Errorf("field %s of the meta hash: %w", field, err)
	}
	return nil
}

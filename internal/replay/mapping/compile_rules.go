package mapping

import (
	"maps"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/event"
)

// identity compiles what every event of the mapping has.
func (c *compiler) identity() (err error) {
	s, m := c.s, c.m
	if !s.Tenant.set() {
		return refusal(s.Name.at, "tenant is missing: whose conversations are these?")
	}
	if !s.Conversation.set() {
		return refusal(s.Name.at, `conversation is missing: a template of columns that names the conversation, such as "{ticket_id}"`)
	}
	if m.convo, err = c.template(s.Conversation); err != nil {
		return err
	}
	if f, ok := c.byName["nth"]; ok && c.m.fields[f].kind == fieldNth {
		return refusal(s.Conversation.at, "{nth} counts within a conversation and cannot be part of its name")
	}
	switch s.Repeats.s {
	case "", "together":
	case "apart":
		if s.Threads != nil || s.Calls != nil {
			return refusal(s.Repeats.at, "repeats: apart makes each row a conversation of its own, but threads and calls join rows; keep one")
		}
		m.apart = true
	default:
		return refusal(s.Repeats.at, "repeats %q: write together (rows of one name are one conversation) or apart (each row is one of its own)", s.Repeats.s)
	}
	c.identified = true
	m.fields = append(m.fields, field{name: "conversation", kind: fieldConversation})
	m.convoField = len(m.fields) - 1
	if m.tenant, err = c.template(s.Tenant); err != nil {
		return err
	}
	if m.customer, err = c.template(s.Customer); err != nil {
		return err
	}
	if m.unique, err = c.template(s.Unique); err != nil {
		return err
	}
	m.uniqueName = strings.NewReplacer("{", "", "}", "").Replace(s.Unique.s)
	if !s.Channel.set() {
		return refusal(s.Name.at, "channel is missing; write one of %s", strings.Join(event.Channels(), ", "))
	}
	if m.channelOf, err = c.template(s.Channel); err != nil {
		return err
	}
	if name, fixed := m.channelOf.fixed(); fixed {
		var ok bool
		if m.channel, ok = event.ParseChannel(name); !ok {
			return refusal(s.Channel.at, "channel %q is not one of %s", name, strings.Join(event.Channels(), ", "))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Labels)) {
		t, err := c.template(s.Labels[key])
		if err != nil {
			return err
		}
		m.labels = append(m.labels, labelOf{key, t})
	}
	return nil
}

func (c *compiler) threading() (err error) {
	s := c.s.Threads
	if s == nil {
		return nil
	}
	where := place(s.ID, s.Parent, s.At, c.s.Name)
	if !s.ID.set() || !s.Parent.set() || !s.At.set() {
		return refusal(where, "threads need id (a column), parent (a column) and at (a time)")
	}
	if c.s.Calls != nil {
		return refusal(where, "threads and calls are two ways to find a conversation; keep one")
	}
	t := &threads{author: -1, text: -1, idName: s.ID.s}
	for _, x := range []struct {
		w  word
		to *int
	}{{s.ID, &t.id}, {s.Parent, &t.parent}} {
		if *x.to, err = c.textField(x.w.at)(x.w.s); err != nil {
			return err
		}
	}
	if t.at, err = c.named(s.At, "threads.at"); err != nil {
		return err
	}
	if b := s.Brand; b != nil {
		if !b.Ours.set() || !b.Author.set() {
			return refusal(place(b.Ours, b.Author, s.ID), "threads.brand needs ours (a condition: the row is one of ours) and author (the column with our name)")
		}
		if t.ours, err = c.condition(b.Ours); err != nil {
			return err
		}
		if t.author, err = c.textField(b.Author.at)(b.Author.s); err != nil {
			return err
		}
		if b.Text.set() {
			if t.text, err = c.textField(b.Text.at)(b.Text.s); err != nil {
				return err
			}
		}
	}
	c.m.threads = t
	return nil
}

func (c *compiler) calling() (err error) {
	s := c.s.Calls
	if s == nil {
		return nil
	}
	if !s.Begin.set() {
		return refusal(place(s.Orphan, c.s.Name), "calls need begin: the condition that holds for the row a call (or its next queue entry) begins with")
	}
	k := &calls{orphan: "its call began before this file"}
	if s.Orphan.set() {
		k.orphan = s.Orphan.s
	}
	if k.begin, err = c.condition(s.Begin); err != nil {
		return err
	}
	for _, name := range c.kept {
		t, err := c.template(s.Keep[name])
		if err != nil {
			return err
		}
		k.keep = append(k.keep, t)
	}
	c.m.calls = k
	return nil
}

func (c *compiler) ruling() error {
	if len(c.s.Rows) == 0 {
		return refusal(c.s.Name.at, "rows is missing: the rules that say which events a row stands for")
	}
	for _, s := range c.s.Rows {
		r := rule{skips: s.Skip.set()}
		var err error
		if r.when, err = c.condition(s.When); err != nil {
			return err
		}
		where := place(s.When, s.Skip, c.s.Name)
		switch {
		case r.skips && len(s.Events) > 0:
			return refusal(where, "a rule either skips a row or makes events of it, not both")
		case !r.skips && len(s.Events) == 0:
			return refusal(where, "a rule needs events, or skip: with the reason why its rows yield none")
		}
		if r.skip, err = c.template(s.Skip); err != nil {
			return err
		}
		for i, e := range s.Events {
			mk, err := c.maker(e)
			if err != nil {
				return err
			}
			// The id depends on the event and its place in its rule, so that other rules can change without it.
			mk.step += "." + decimal(i)
			r.events = append(r.events, mk)
		}
		c.m.rules = append(c.m.rules, r)
	}
	return nil
}

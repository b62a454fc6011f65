package fold

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vigia-cx/vigia/internal/convo"
	"github.com/vigia-cx/vigia/internal/event"
	"github.com/vigia-cx/vigia/internal/pack"
	"github.com/vigia-cx/vigia/internal/sla"
	"github.com/vigia-cx/vigia/internal/window"
)

// keptPolicies is how many versions of a tenant's policy stay known for clocks that began under them.
const keptPolicies = 32

// tenant is what a slot keeps of one tenant: its policies, its chunks of panes, the names it has seen.
type tenant struct {
	name     string
	dir      *window.Dir
	policies []*sla.Policy // ascending by serial; empty until the first policy record
	fallback *sla.Policy
	reapply  int64
	names    map[window.Dimension]*names
	erased   erasures
	env      *convo.Env // nil until used

	dirty, dirDirty, policyDirty bool
}

// names is the capped list of one dimension.
type names struct {
	list  []string // ascending
	dirty bool
	over  bool // a name was folded into window.Overflow
}

func (s *Slot) tenant(name string) *tenant {
	if t, ok := s.tenants[name]; ok {
		return t
	}
	t := &tenant{name: name, dir: &window.Dir{}, names: map[window.Dimension]*names{}}
	if _, known := slices.BinarySearch(s.root.tenants, name); known {
		s.recallTenant(t)
	}
	if t.fallback = s.cfg.variant.unruled; len(t.policies) == 0 && t.fallback == nil {
		var err error
		if t.fallback, err = sla.CompilePolicy(sla.DefaultPolicy(name, "UTC"), 1); err != nil {
			s.err = fmt.Errorf("default policy of tenant %q: %w", name, err)
		}
	}
	if s.err == nil {
		s.tenants[name] = t
	}
	return t
}

// recallTenant loads what the slot keeps of a tenant. After a fault the tenant is empty, but whole enough to get to where the fault is looked at.
func (s *Slot) recallTenant(t *tenant) {
	v := s.getAll([]Ref{{prefixTenant + t.name, "dir"}, {prefixTenant + t.name, "policies"}, {prefixNames + t.name, ""}, {prefixTenant + t.name, "erased"}})
	if s.err != nil {
		return
	}
	dir, err := window.DecodeDir(v[0].Blob)
	if err == nil {
		t.dir = dir
		err = t.decodePolicies(v[1].Blob, &s.cfg.variant)
	}
	if err == nil {
		err = t.erased.decode(v[3].Blob)
	}
	if err != nil {
		s.err = fmt.Errorf("tenant %q: %w", t.name, err)
		return
	}
	for dim, b := range v[2].Fields {
		n := &names{}
		r := pack.NewReader(b)
		n.over = r.Bool()
		for m := r.Len(); m > 0; m-- {
			n.list = append(n.list, string(r.Blob()))
		}
		t.names[window.Dimension(dim)] = n
	}
}

// enrol makes the tenant known to the slot, so that ticks and readers find it.
func (s *Slot) enrol(t *tenant) {
	if i, ok := slices.BinarySearch(s.root.tenants, t.name); !ok {
		s.root.tenants = slices.Insert(s.root.tenants, i, t.name)
		s.touch(s.root)
		t.policyDirty, t.dirDirty = true, true
		s.touch(t)
	}
}

func (t *tenant) flush(s *Slot) {
	t.dirty = false
	key := prefixTenant + t.name
	if t.dirDirty {
		s.write(key, "dir", t.dir.Encode())
		t.dirDirty = false
	}
	if t.policyDirty {
		w := &pack.Writer{}
		w.Int(t.reapply)
		w.Uint(uint64(len(t.policies)))
		for _, p := range t.policies {
			w.Int(p.Serial)
			w.Blob(p.JSON())
		}
		s.write(key, "policies", w.Bytes())
		s.write(key, "zone", []byte(t.current().Zone().String()))
		s.write(key, "params", t.current().JSON())
		t.policyDirty = false
	}
	if t.erased.dirty {
		s.write(key, "erased", t.erased.encode())
		t.erased.dirty = false
	}
	var capped []string
	changed := false
	for _, dim := range []window.Dimension{window.DimQueue, window.DimTeam, window.DimAgent, window.DimTopic} {
		n := t.names[dim]
		if n == nil {
			continue
		}
		if n.over {
			capped = append(capped, string(dim))
		}
		if n.dirty {
			w := &pack.Writer{}
			w.Bool(n.over)
			w.Uint(uint64(len(n.list)))
			for _, name := range n.list {
				w.Blob([]byte(name))
			}
			s.write(prefixNames+t.name, string(dim), w.Bytes())
			n.dirty, changed = false, true
		}
	}
	if changed {
		s.write(key, "capped", []byte(strings.Join(capped, ",")))
	}
}

func (t *tenant) decodePolicies(b []byte, v *variant) error {
	if len(b) == 0 {
		return nil
	}
	r := pack.NewReader(b)
	t.reapply = r.Int()
	for n := r.Len(); n > 0; n-- {
		serial := r.Int()
		p, err := v.policy(r.Blob(), serial)
		if err != nil {
			return err
		}
		t.policies = append(t.policies, p)
	}
	return r.Err()
}

// current is the policy in force; before the first one, defaults without promises.
func (t *tenant) current() *sla.Policy {
	if n := len(t.policies); n > 0 {
		return t.policies[n-1]
	}
	return t.fallback
}

// version returns a version of the policy, or the oldest one still known after it.
func (t *tenant) version(serial int64) *sla.Policy {
	i, _ := slices.BinarySearchFunc(t.policies, serial, func(p *sla.Policy, serial int64) int {
		switch {
		case p.Serial < serial:
			return -1
		case p.Serial > serial:
			return 1
		}
		return 0
	})
	if i < len(t.policies) {
		return t.policies[i]
	}
	return t.current()
}

// policy puts a policy record in force.
func (s *Slot) policy(p event.Policy) *event.Error {
	if p.Tenant == "" {
		return &event.Error{Reason: event.ReasonMissingField, Field: "policy.tenant", Detail: "is required"}
	}
	t := s.tenant(p.Tenant)
	if n := len(t.policies); n > 0 {
		last := t.policies[n-1]
		if p.Serial < last.Serial {
			s.count("control_old")
			return nil
		}
		if p.Serial == last.Serial {
			if p.Hash != last.Hash {
				return &event.Error{Reason: event.ReasonConflict, Field: "policy.serial",
					Detail: fmt.Sprintf("serial %d of tenant %q is in force with other rules: apply the configuration again, it takes a higher serial", p.Serial, p.Tenant)}
			}
			s.count("control_repeat")
			return nil
		}
	}
	compiled, err := s.cfg.variant.policy(p.Body, p.Serial)
	if err != nil {
		return &event.Error{Reason: event.ReasonBadValue, Field: "policy.body", Detail: err.Error()}
	}
	if compiled.Hash != p.Hash || compiled.Spec().Tenant != p.Tenant {
		return &event.Error{Reason: event.ReasonBadValue, Field: "policy.hash", Detail: "does not belong to the body: write policies with vigia config apply"}
	}
	t.policies = append(t.policies, compiled)
	if len(t.policies) > keptPolicies {
		t.policies = t.policies[len(t.policies)-keptPolicies:]
	}
	if p.Reapply {
		t.reapply = p.Serial
		s.beginSweep(p.Tenant, false)
	}
	t.policyDirty = true
	s.enrol(t)
	s.touch(t)
	return nil
}

// cap folds names beyond a dimension's cap into one.
func (s *Slot) cap(t *tenant, dim window.Dimension, name string, limit int) string {
	if name == "" {
		return ""
	}
	n := t.names[dim]
	if n == nil {
		n = &names{}
		t.names[dim] = n
	}
	i, ok := slices.BinarySearch(n.list, name)
	if ok {
		return name
	}
	if len(n.list) >= limit {
		if !n.over {
			n.over, n.dirty = true, true
			s.touch(t)
		}
		s.count("folded_name")
		return window.Overflow
	}
	n.list = slices.Insert(n.list, i, strings.Clone(name))
	n.dirty = true
	s.touch(t)
	return name
}

package customer_test

import (
	"fmt"
	"testing"

	"github.com/vigia-cx/vigia/internal/customer"
	"github.com/vigia-cx/vigia/internal/sla"
)

// BenchmarkCustomer is the cost of a customer with some contacts, from the first fact until nothing is left: each contact is told as begun, answered and resolved,
// and after each step the state is stored and loaded, as it is when it falls out of the cache.
func BenchmarkCustomer(b *testing.B) {
	p, err := sla.CompilePolicy(sla.DefaultPolicy("t", "America/Bogota"), 1)
	if err != nil {
		b.Fatal(err)
	}
	for _, contacts := range []int{1, 5, 100} {
		b.Run(fmt.Sprint("contacts=", contacts), func(b *testing.B) {
			b.ReportAllocs()
			looks, moments, size := 0, 0, 0
			for b.Loop() {
				var s *customer.State
				var now int64
				count := func(c customer.Change) bool {
					looks++
					moments += len(c.Gone) + len(c.New)
					if c.Forget {
						s = nil
						return false
					}
					s.Wake = c.Wake
					state := s.Encode()
					size = max(size, len(state))
					if s, err = customer.Decode(state); err != nil {
						b.Fatal(err)
					}
					return true
				}
				for i := range contacts {
					f := contact(fmt.Sprint("c", i), 1, "sales", int64(i)*hour)
					f.Tenant, f.Customer, f.Inbound, f.Open, f.Topic = "t", "ana", true, true, "billing"
					if s == nil {
						s = customer.New(f)
					}
					for step := range 3 {
						now = f.StartedAt + int64(step)*60_000
						f.Revision++
						if step == 1 {
							f.PeopleAt, f.Agents, f.Agent = now, 1, "7"
						}
						if step == 2 {
							f.Open, f.EndedAt, f.ResolvedAt = false, now, now
						}
						c, _ := s.Apply(f, now, p)
						count(c)
					}
				}
				for more := true; more; {
					now = s.Wake
					more = count(s.Tick(now, p))
				}
			}
			b.ReportMetric(float64(looks)/float64(b.N), "looks/op")
			b.ReportMetric(float64(moments)/float64(b.N), "moments/op")
			b.ReportMetric(float64(size), "state-B")
		})
	}
}

package fold

import "github.com/vigia-cx/vigia/internal/sla"

// variant is how the simulation of the protocol makes a slot differ: a later version of the code, and defects that it must find. The zero value is the
// code as it is; nothing outside the tests sets it.
type variant struct {
	decode  func(body []byte, serial int64) (*sla.Policy, error) // decodes policies, to share them between thousands of slots
	unruled *sla.Policy                                          // instead of the default policy
	extra   bool                                                 // a later version, which emits an output more
	wakes   int                                                  // step size of this worker; 0 = wakesPerStep
	latest  bool                                                 // time of stage 2 is the latest watermark instead of the earliest
	finest  bool                                                 // retractions go to the pane where the contribution was first counted
	shuffle uint64                                               // order of what is due, as a map's would be; 0 = as it must be
}

func (v *variant) policy(body []byte, serial int64) (*sla.Policy, error) {
	if v.decode != nil {
		return v.decode(body, serial)
	}
	return sla.DecodePolicy(body, serial)
}

func (v *variant) step() int {
	if v.wakes > 0 {
		return v.wakes
	}
	return wakesPerStep
}

// rank puts a key somewhere else in the order for every value of shuffle.
func (v *variant) rank(key string) uint64 {
	h := v.shuffle
	for i := 0; i < len(key); i++ {
		h = (h ^ uint64(key[i])) * 1099511628211
	}
	return h ^ h>>29
}

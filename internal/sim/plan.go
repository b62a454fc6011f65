package sim

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

const (
	// past is how much traffic a demonstration invents from before it began.
	past = time.Hour
	// lead is how long before the present the incident begins, so that its first promises are broken soon.
	lead = 100 * time.Second
	// lasts is how long it lasts.
	lasts = 6 * time.Minute
	// longest is how long a demonstration may be off and still go on where it stopped.
	longest = 24 * time.Hour
)

// Plan is what a demonstration has invented, and must remember to go on after a restart.
type Plan struct {
	Seed      uint64     `json:"seed"`
	Start     time.Time  `json:"start"`   // of the traffic
	Through   time.Time  `json:"through"` // everything before has been played
	Incidents []Incident `json:"incidents"`
	// Key is the tenant's pseudonym key and Token its ingest token, both random.
	Key   string `json:"key"`
	Token string `json:"token"`
}

// NewPlan plans a demonstration that begins now, or goes on with what an earlier one has left; old is nil when there is none. Whatever goes on keeps its key.
func NewPlan(old *Plan, seed uint64, now time.Time) *Plan {
	p := &Plan{Seed: seed, Start: now.Add(-past), Key: secret(), Token: secret()}
	p.Through = p.Start
	if old != nil {
		p.Key, p.Token = old.Key, old.Token
		switch {
		case old.Seed == seed && now.Sub(old.Through) < longest:
			p.Start, p.Through, p.Incidents = old.Start, old.Through, old.Incidents
		case old.Through.After(p.Start):
			p.Start, p.Through = old.Through, old.Through
		}
	}
	from := now.Add(-lead)
	if from.Before(p.Through) {
		from = p.Through // what was played stays as it is
	}
	if n := len(p.Incidents); n == 0 || p.Incidents[n-1].To.Before(now) {
		p.Incidents = append(p.Incidents, Incident{From: from, To: from.Add(lasts), Channel: event.WhatsApp, Queue: "soporte"})
	}
	return p
}

// Shift is the traffic of the plan: ten conversations a minute at all hours, so that there is something to see.
func (p *Plan) Shift(tenant string) Shift {
	return Shift{Seed: p.Seed, Tenant: tenant, Start: p.Start, PerHour: 600, Flat: true, Incidents: p.Incidents}
}

// Incident returns the last incident, the one to watch.
func (p *Plan) Incident() Incident { return p.Incidents[len(p.Incidents)-1] }

func secret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// LoadPlan reads a plan; nil without an error when there is none.
func LoadPlan(file string) (*Plan, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := &Plan{}
	if err := json.Unmarshal(text, p); err != nil || len(p.Key) != 64 || len(p.Token) != 64 {
		return nil, fmt.Errorf("%s is not what a demonstration has left there; choose another folder, or remove this one to begin anew", file)
	}
	return p, nil
}

// Save writes the plan for its owner's eyes only. The old file stays until the new one is complete.
func (p *Plan) Save(file string) (err error) {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".tmp-*") // readable by its owner alone
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

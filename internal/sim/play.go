package sim

import (
	"context"
	"time"

	"github.com/vigia-cx/vigia/internal/event"
)

// Stage is what traffic is played on.
type Stage interface {
	// Accept takes events and returns when they are in the log. Events that are accepted twice count once.
	Accept(ctx context.Context, events []*event.Event) error
	// Tick says that time has come to an instant: everything up to it has been accepted.
	Tick(ctx context.Context, at time.Time) error
}

const (
	// pastTick is how often time is told while the past is played at full speed, and justTick in its last minutes, whose calls people see.
	pastTick, justTick = time.Minute, 5 * time.Second
	lastMinutes        = 3 * time.Minute
	// liveTick is how often it is told in the world's time, and liveGap how often at most in ours.
	liveTick = time.Second
	liveGap  = 200 * time.Millisecond
	// acceptMost is how many events are handed over at once.
	acceptMost = 500
)

// Player plays traffic: first the past at full speed, then as time passes. It is the only one who tells the time, so nothing is late and no promise is called broken whose
// answer is on its way.
type Player struct {
	traffic *Traffic
	stage   Stage
	clock   *Clock
	through time.Time // everything before has been accepted
	ticked  time.Time
	sent    int
}

// NewPlayer returns a player that begins at an instant; what happens before it in the traffic is taken as played.
func NewPlayer(shift Shift, from time.Time, clock *Clock, stage Stage) *Player {
	p := &Player{traffic: New(shift), stage: stage, clock: clock, through: from, ticked: from}
	for p.traffic.NextBefore(from) != nil {
	}
	return p
}

// Through returns the instant up to which everything is played.
func (p *Player) Through() time.Time { return p.through }

// Sent returns how many events have been played.
func (p *Player) Sent() int { return p.sent }

// CatchUp plays everything up to the present of the clock. progress, which may be nil, hears how much of it is done, from 0 to 1.
func (p *Player) CatchUp(ctx context.Context, progress func(part float64)) error {
	from, near := p.through, p.clock.Now().Add(-lastMinutes)
	for {
		now := p.clock.Now()
		to := p.through.Add(pastTick)
		if to.After(near) {
			to = p.through.Add(justTick)
		}
		last := to.After(now)
		if last {
			to = now
		}
		if err := p.advance(ctx, to); err != nil {
			return err
		}
		if err := p.tick(ctx, to); err != nil {
			return err
		}
		if progress != nil {
			progress(min(1, float64(to.Sub(from))/max(1, float64(now.Sub(from)))))
		}
		if last {
			return nil
		}
	}
}

// Live starts the clock and plays as time passes, until ctx ends or the stage fails.
func (p *Player) Live(ctx context.Context) error {
	p.clock.Start()
	wait := time.NewTimer(0)
	defer wait.Stop()
	gap := max(liveTick, p.clock.Theirs(liveGap))
	for {
		select {
		case <-wait.C:
		case <-ctx.Done():
			return nil
		}
		now := p.clock.Now()
		if now.Before(p.through) {
			now = p.through // the clock was set back: time stands still meanwhile
		}
		if err := p.advance(ctx, now); err != nil {
			return err
		}
		if now.Sub(p.ticked) >= gap {
			if err := p.tick(ctx, now); err != nil {
				return err
			}
		}
		// A look at the clock every now and then is cheaper than one for each event, and nobody sees the difference.
		wait.Reset(min(p.clock.Until(p.ticked.Add(gap)), liveGap))
	}
}

// advance plays what happens before an instant.
func (p *Player) advance(ctx context.Context, to time.Time) error {
	for {
		var batch []*event.Event
		for len(batch) < acceptMost {
			e := p.traffic.NextBefore(to)
			if e == nil {
				break
			}
			batch = append(batch, e)
		}
		if len(batch) > 0 {
			if err := p.stage.Accept(ctx, batch); err != nil {
				return err
			}
			p.sent += len(batch)
		}
		if len(batch) < acceptMost {
			p.through = to
			return nil
		}
	}
}

func (p *Player) tick(ctx context.Context, at time.Time) error {
	if err := p.stage.Tick(ctx, at); err != nil {
		return err
	}
	p.ticked = at
	return nil
}

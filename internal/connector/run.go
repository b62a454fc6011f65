package connector

import (
	"context"
	"sync"
	"time"
)

const (
	heartbeatEvery = 10 * time.Second
	// heartbeatTTL: a heartbeat that is missing for 30 s opens a gap.
	heartbeatTTL  = 30 * time.Second
	announceEvery = time.Second
)

// Run announces gaps and keeps the heartbeats until ctx ends, and returns nil then. Trouble with the log or with Redis is logged and tried again.
func (h *Handler) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	if h.heart != nil {
		wg.Go(func() { h.beat(ctx) })
	}
	wg.Go(func() { h.announceLoop(ctx) })
	wg.Wait()
	return nil
}

// beat keeps the heartbeats of the declared sources, or of "all sources" for a tenant that declares none.
func (h *Handler) beat(ctx context.Context) {
	failing := false
	for every := time.NewTicker(heartbeatEvery); ; {
		err := h.beatOnce(ctx)
		if ctx.Err() != nil {
			every.Stop()
			return
		}
		if failed := err != nil; failed != failing {
			failing = failed
			if failed {
				h.logger.Warn("heartbeats could not be written; workers will hold back breaches of these sources after 30 s", "err", err)
			} else {
				h.logger.Info("heartbeats are written again")
			}
		}
		select {
		case <-every.C:
		case <-ctx.Done():
		}
	}
}

func (h *Handler) beatOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, heartbeatEvery)
	defer cancel()
	for _, b := range h.dir.Load().beats {
		if err := h.heart.Heartbeat(ctx, b.tenant, b.source, heartbeatTTL); err != nil {
			return err
		}
	}
	return nil
}

func (h *Handler) announceLoop(ctx context.Context) {
	for {
		select {
		case <-h.gaps.wake:
		case <-ctx.Done():
			return
		}
		// Until nothing is blind. The first try is made at once: announced early, a gap prevents most false pages.
		for failing := false; len(h.gaps.pending()) > 0; {
			err := h.announce(ctx)
			if err != nil && !failing && ctx.Err() == nil {
				h.logger.Warn("gaps could not be announced yet", "err", err)
			}
			failing = err != nil
			select {
			case <-time.After(announceEvery):
			case <-ctx.Done():
				return
			}
		}
	}
}

package exporter

import (
	"container/list"
	"sync"

	"github.com/vigia-cx/vigia/internal/store"
)

// cache keeps decoded values of slots, the least recently used leave first. An item holds only as long as its slot stands at the position it was read at.
type cache struct {
	mu    sync.Mutex
	bound int64
	bytes int64
	items map[itemKey]*list.Element
	used  list.List // front = most recently
}

type itemKey struct {
	slot store.Slot
	key  string // key of the hash in the slot
}

type item struct {
	key   itemKey
	at    store.Position
	value any // *window.Block or []kpi.OpenAt, immutable
	size  int64
}

func newCache(bound int64) *cache { return &cache{bound: bound, items: map[itemKey]*list.Element{}} }

// get returns the value of a key as it was at a position.
func (c *cache) get(key itemKey, at store.Position) (any, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[key]
	if !ok {
		return nil, false
	}
	it := e.Value.(*item)
	if it.at != at {
		return nil, false
	}
	c.used.MoveToFront(e)
	return it.value, true
}

func (c *cache) put(it *item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.items[it.key]; ok {
		c.drop(e)
	}
	c.items[it.key] = c.used.PushFront(it)
	c.bytes += it.size
	for c.bytes > c.bound {
		c.drop(c.used.Back())
	}
}

func (c *cache) drop(e *list.Element) {
	it := c.used.Remove(e).(*item)
	delete(c.items, it.key)
	c.bytes -= it.size
}

// size returns roughly how many bytes are kept.
func (c *cache) size() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}

package exporter

import (
	"container/list"
	"sync"

	"github.com/vigia-cx/vigia/internal/store"
)

// cache keeps decoded values of slots, the least recently used leave first. Of each hash it keeps the version read last.
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

// item is immutable once it was put.
type item struct {
	key     itemKey
	version version
	value   any // *block or *openList
	size    int64
}

func newCache(bound int64) *cache { return &cache{bound: bound, items: map[itemKey]*list.Element{}} }

// get returns what is kept of a hash.
func (c *cache) get(key itemKey) (*item, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[key]
	if !ok {
		return nil, false
	}
	c.used.MoveToFront(e)
	return e.Value.(*item), true
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

// forget drops everything of a slot.
func (c *cache) forget(slot store.Slot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, e := range c.items {
		if key.slot == slot {
			c.drop(e)
		}
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

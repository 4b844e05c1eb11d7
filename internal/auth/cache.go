package auth

import (
	"crypto/sha256"
	"sync"
)

// cache remembers the identities of tokens whose signature was verified, by the
// SHA-256 of the token, so that no usable token lies in memory. It belongs to
// one set of keys: with another set every token is verified again.
//
// It holds two generations. What is used moves to the young one; when that is
// full it becomes the old one and the old one is dropped. So it forgets roughly
// what was used longest ago, at the cost of a map.
type cache struct {
	mu         sync.Mutex
	half       int // entries of one generation
	young, old map[digest]Identity
}

type digest = [sha256.Size]byte

// newCache returns a cache of at most size tokens.
func newCache(size int) *cache {
	return &cache{half: max(size/2, 1), young: map[digest]Identity{}}
}

// get returns the identity of a token, unless it expired by the instant given
// in nanoseconds since 1970 UTC.
func (c *cache) get(token digest, nowNS int64) (Identity, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, ok := c.young[token]
	if !ok {
		if id, ok = c.old[token]; !ok {
			return Identity{}, false
		}
		delete(c.old, token)
		c.add(token, id)
	}
	if nowNS >= id.ExpiresNS {
		delete(c.young, token)
		return Identity{}, false
	}
	return id, true
}

func (c *cache) put(token digest, id Identity) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(token, id)
}

func (c *cache) add(token digest, id Identity) {
	if len(c.young) >= c.half {
		c.old, c.young = c.young, make(map[digest]Identity, c.half)
	}
	c.young[token] = id
}

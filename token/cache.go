package token

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync/atomic"
)

const (
	cachedWords       = 1 << 15 // at most about 5 MB of words and tokens
	longestCachedWord = 48      // bytes
)

// A wordCache remembers the tokens of words. Every word has one slot, where it
// displaces the word before: nothing grows, and no lock is held. What it holds
// never changes a result.
type wordCache struct {
	seed  maphash.Seed
	slots []atomic.Pointer[cachedWord]
}

// A cachedWord does not change once it is in a slot.
type cachedWord struct {
	word string
	ids  []ID
}

func newWordCache() wordCache {
	return wordCache{maphash.MakeSeed(), make([]atomic.Pointer[cachedWord], cachedWords)}
}

func (c *wordCache) slot(word string) *atomic.Pointer[cachedWord] {
	return &c.slots[maphash.String(c.seed, word)%cachedWords]
}

// newCachedWord copies both: word is usually a part of a long text.
func newCachedWord(word string, ids []ID) *cachedWord {
	return &cachedWord{strings.Clone(word), slices.Clone(ids)}
}

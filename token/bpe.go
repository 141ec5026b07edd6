package token

import (
	"math"
	"math/bits"
)

// A merger encodes words by byte pair encoding: a word starts as the tokens of
// its bytes, and as long as there are neighbours that merge, the pair of the
// lowest rank does, the leftmost of several.
type merger struct {
	singles  [256]ID // the tokens of single bytes
	products []ID    // by rank: what the merge yields
	table    []pairRank
	shift    uint // of a hash, to an index of table
}

// pairRank says which merge joins two tokens. An empty place has rank unmerged.
type pairRank struct {
	left, right ID
	rank        uint32
}

const unmerged = math.MaxUint32

// newMerger returns a merger with room for n merges.
func newMerger(n int) merger {
	size := 1 << bits.Len(uint(2*n)) // between a quarter and half full
	m := merger{
		products: make([]ID, 0, n),
		table:    make([]pairRank, size),
		shift:    uint(64 - bits.Len(uint(size-1))),
	}
	for i := range m.table {
		m.table[i].rank = unmerged
	}
	return m
}

// add makes left and right merge to product, at the next rank. It reports
// whether they did not merge before.
func (m *merger) add(left, right, product ID) bool {
	place := m.place(left, right)
	if place.rank != unmerged {
		return false
	}
	*place = pairRank{left, right, uint32(len(m.products))}
	m.products = append(m.products, product)
	return true
}

// place returns the place of a pair in the table, or the empty one where it
// would be.
func (m *merger) place(left, right ID) *pairRank {
	const golden = 0x9E3779B97F4A7C15 // 2^64 / the golden ratio: Knuth, §6.4
	pair := uint64(uint32(left))<<32 | uint64(uint32(right))
	mask := len(m.table) - 1
	for i := int(pair * golden >> m.shift); ; i++ {
		place := &m.table[i&mask]
		if place.rank == unmerged || place.left == left && place.right == right {
			return place
		}
	}
}

// longestScanned is the length of word up to which searching all pairs for the
// lowest rank is faster than a heap.
const longestScanned = 96

// encode appends the tokens of word to dst.
func (m *merger) encode(dst []ID, word string) []ID {
	if len(word) <= longestScanned {
		return m.scan(dst, word)
	}
	return m.heap(dst, word)
}

// scan is encode for short words: time grows with the square of their length.
func (m *merger) scan(dst []ID, word string) []ID {
	var ids [longestScanned]ID
	var ranks [longestScanned]uint32 // of the pair that starts at a token
	n := len(word)
	for i := range n {
		ids[i] = m.singles[word[i]]
	}
	for i := range n - 1 {
		ranks[i] = m.place(ids[i], ids[i+1]).rank
	}
	for n > 1 {
		first, lowest := 0, uint32(unmerged)
		for i, rank := range ranks[:n-1] {
			if rank < lowest {
				first, lowest = i, rank
			}
		}
		if lowest == unmerged {
			break
		}
		ids[first] = m.products[lowest]
		copy(ids[first+1:n-1], ids[first+2:n])
		copy(ranks[first:n-2], ranks[first+1:n-1])
		n--
		if first > 0 {
			ranks[first-1] = m.place(ids[first-1], ids[first]).rank
		}
		if first < n-1 {
			ranks[first] = m.place(ids[first], ids[first+1]).rank
		}
	}
	return append(dst, ids[:n]...)
}

// A chain is a word's tokens as a doubly linked list over the places of its
// bytes, and a heap of the pairs that may merge. A merge leaves stale pairs in
// the heap; they are known by a rank that is no longer their place's.
type chain struct {
	ids        []ID
	next, prev []int32
	ranks      []uint32 // of the pair that starts at a place
	pairs      pairHeap
}

// heap is encode for long words: time n log n.
func (m *merger) heap(dst []ID, word string) []ID {
	n := len(word)
	c := chain{
		ids:   make([]ID, n),
		next:  make([]int32, n),
		prev:  make([]int32, n),
		ranks: make([]uint32, n),
		pairs: make(pairHeap, 0, n),
	}
	for i := range n {
		c.ids[i], c.next[i], c.prev[i] = m.singles[word[i]], int32(i+1), int32(i-1)
	}
	for i := range n {
		c.rate(m, int32(i))
	}
	for len(c.pairs) > 0 {
		rank, i := c.pairs.pop()
		if c.ranks[i] != rank {
			continue
		}
		c.ids[i] = m.products[rank]
		gone := c.next[i]
		c.ranks[gone] = unmerged
		c.next[i] = c.next[gone]
		if int(c.next[i]) < n {
			c.prev[c.next[i]] = i
		}
		c.rate(m, i)
		if c.prev[i] >= 0 {
			c.rate(m, c.prev[i])
		}
	}
	for i := 0; i < n; i = int(c.next[i]) {
		dst = append(dst, c.ids[i])
	}
	return dst
}

// rate looks up the rank of the pair that starts at place i and, if it merges,
// puts it on the heap.
func (c *chain) rate(m *merger, i int32) {
	c.ranks[i] = unmerged
	if next := c.next[i]; int(next) < len(c.ids) {
		c.ranks[i] = m.place(c.ids[i], c.ids[next]).rank
	}
	if c.ranks[i] != unmerged {
		c.pairs.push(c.ranks[i], i)
	}
}

// A pairHeap is a binary heap of (rank, place), the lowest rank on top and of
// equal ones the leftmost place.
type pairHeap []uint64

func (h *pairHeap) push(rank uint32, place int32) {
	s := append(*h, uint64(rank)<<32|uint64(place))
	for i := len(s) - 1; i > 0; {
		parent := (i - 1) / 2
		if s[parent] <= s[i] {
			break
		}
		s[parent], s[i] = s[i], s[parent]
		i = parent
	}
	*h = s
}

func (h *pairHeap) pop() (rank uint32, place int32) {
	s := *h
	top, last := s[0], len(s)-1
	s[0] = s[last]
	s = s[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(s) {
			break
		}
		if child+1 < len(s) && s[child+1] < s[child] {
			child++
		}
		if s[i] <= s[child] {
			break
		}
		s[i], s[child] = s[child], s[i]
		i = child
	}
	*h = s
	return uint32(top >> 32), int32(uint32(top))
}

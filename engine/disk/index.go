package disk

import (
	"cmp"
	"container/heap"
	"slices"

	"github.com/deskseek/deskseek/token"
)

// An entry is a file of the folder: a page or a note, of any identity.
type entry struct {
	header
	folder string // of the identity, under the store's
	used   int64  // last use, in nanoseconds since 1970
	place  int    // in the heap of leaves; -1: a page that others go on from
}

// under returns the key that an entry's siblings share: that of their parent, or
// of first pages their identity, so that they are apart from each other's.
func (e *entry) under() Key {
	if e.parent == (Key{}) {
		return e.identity
	}
	return e.parent
}

// An index knows all files of a folder, as far as a store has seen.
//
// A page is used where a page is that goes on from it. So only leaves (pages that
// none goes on from, and notes) have a place in the order of use, and when the
// last child of a page goes, it inherits its use. Removing the least recently
// used leaf, again and again, never removes a page before those behind it.
type index struct {
	entries  map[Key]*entry
	children map[Key][]*entry // by entry.under, the ones stored first in front
	leaves   leaves
	bytes    int64            // of all files
	folders  map[string]int   // entries, by folder of an identity
	names    map[string]int64 // bytes of the file that says what an identity is, by folder
}

func newIndex() index {
	return index{entries: map[Key]*entry{}, children: map[Key][]*entry{}, folders: map[string]int{}, names: map[string]int64{}}
}

// add takes a new entry in.
func (x *index) add(e *entry) {
	x.entries[e.key] = e
	x.bytes += e.fileSize()
	x.folders[e.folder]++
	e.place = -1
	if !e.note {
		siblings := x.children[e.under()]
		at, _ := slices.BinarySearchFunc(siblings, e, storedFirst)
		x.children[e.under()] = slices.Insert(siblings, at, e)
		if p := x.entries[e.parent]; p != nil && p.place >= 0 {
			heap.Remove(&x.leaves, p.place)
		}
		if len(x.children[e.key]) > 0 {
			return
		}
	}
	heap.Push(&x.leaves, e)
}

func storedFirst(a, b *entry) int {
	return cmp.Or(cmp.Compare(a.stored, b.stored), slices.Compare(a.key[:], b.key[:]))
}

// drop forgets an entry.
func (x *index) drop(e *entry) {
	delete(x.entries, e.key)
	x.bytes -= e.fileSize()
	if x.folders[e.folder]--; x.folders[e.folder] == 0 {
		delete(x.folders, e.folder)
	}
	if e.place >= 0 {
		heap.Remove(&x.leaves, e.place)
	}
	if e.note {
		return
	}
	under := e.under()
	siblings := slices.DeleteFunc(x.children[under], func(c *entry) bool { return c == e })
	if x.children[under] = siblings; len(siblings) > 0 {
		return
	}
	delete(x.children, under)
	if p := x.entries[e.parent]; p != nil {
		p.used = max(p.used, e.used)
		heap.Push(&x.leaves, p)
	}
}

// name takes in the bytes of the file that says what an identity is; 0: there is
// none.
func (x *index) name(folder string, bytes int64) {
	x.bytes += bytes - x.names[folder]
	if x.names[folder] = bytes; bytes == 0 {
		delete(x.names, folder)
	}
}

// use sets an entry's last use.
func (x *index) use(e *entry, at int64) {
	if e.used = at; e.place >= 0 {
		heap.Fix(&x.leaves, e.place)
	}
}

// reachable says whether a page with this parent has all its pages before it.
func (x *index) reachable(parent Key) bool {
	for parent != (Key{}) {
		e := x.entries[parent]
		if e == nil || e.note {
			return false
		}
		parent = e.parent
	}
	return true
}

// before returns the bytes of the files of a page and of those before it.
func (x *index) before(k Key) (bytes int64) {
	for e := x.entries[k]; e != nil; e = x.entries[e.parent] {
		bytes += e.fileSize()
	}
	return bytes
}

// below returns an entry and all that go on from it, children before parents.
func (x *index) below(e *entry) (list []*entry) {
	list = append(list, e)
	for i := 0; i < len(list); i++ {
		if !list[i].note {
			list = append(list, x.children[list[i].key]...)
		}
	}
	slices.Reverse(list)
	return list
}

// orphans returns the pages whose parents are not there.
func (x *index) orphans() (list []*entry) {
	for _, e := range x.entries {
		if e.parent != (Key{}) && x.entries[e.parent] == nil {
			list = append(list, e)
		}
	}
	return list
}

// longest returns the longest chain of pages behind under whose tokens begin with
// those given, and of several the one stored first. With forms, page i has these.
func (x *index) longest(under Key, tokens []token.ID, page int, forms func(page int) uint64) []*entry {
	var best []*entry
	for _, e := range x.children[under] {
		n := len(e.tokens)
		if n > len(tokens) || !slices.Equal(e.tokens, tokens[:n]) || forms != nil && e.forms != forms(page) {
			continue
		}
		rest := x.longest(e.key, tokens[n:], page+1, forms)
		if len(rest)+1 > len(best) {
			best = append(rest, e)
		}
	}
	return best // the last page first
}

// leaves are a heap of entries, the least recently used first.
type leaves []*entry

func (l leaves) Len() int { return len(l) }
func (l leaves) Less(i, j int) bool {
	return l[i].used < l[j].used || l[i].used == l[j].used && slices.Compare(l[i].key[:], l[j].key[:]) < 0
}
func (l leaves) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].place, l[j].place = i, j
}
func (l *leaves) Push(v any) {
	e := v.(*entry)
	e.place = len(*l)
	*l = append(*l, e)
}
func (l *leaves) Pop() any {
	last := len(*l) - 1
	e := (*l)[last]
	(*l)[last] = nil
	*l, e.place = (*l)[:last], -1
	return e
}

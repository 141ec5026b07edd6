package engine

import (
	"sync"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/engine/disk"
	"github.com/deskseek/deskseek/token"
)

// A Store keeps pages that memory may forget, as *disk.Store does. Its methods may be
// called from several goroutines at once.
type Store interface {
	// Next names the page of tokens and forms behind another.
	Next(parent disk.Key, tokens []token.ID, forms uint64) disk.Page
	// FindForms returns the longest chain of pages that begins tokens, in the
	// given forms, where these are not nil.
	FindForms(tokens []token.ID, forms func(page int) uint64) []disk.Page
	Read(k disk.Key, dst []byte) error
	// Write keeps a page whose parent it has.
	Write(p disk.Page, data []byte) error
}

// A keeper brings pages to the store and back. Copies are made by the engine's
// goroutine, and read into by goroutines of the keeper, into pages that nobody else
// looks at meanwhile; the store is waited for by the latter alone.
//
// Pages are kept as they fill, as far as the store is quick enough; those that it was
// not, when they are evicted, and at the end. So a process that is killed loses no
// more than a few pages.
type keeper struct {
	store    Store
	memory   Memory
	writes   chan write
	buffers  chan []byte
	failures chan error   // the last of them
	landed   chan landing // what was read
	notify   chan struct{}
	group    sync.WaitGroup // of writes
	reads    sync.WaitGroup
	unsaved  []*node // full pages of the tree, parents first
	saved    int
}

type write struct {
	page disk.Page
	data []byte
}

// A landing is pages of a sequence that were read, or not.
type landing struct {
	sequence *sequence
	pages    []disk.Page // that are in memory
}

// writesAtOnce is how many pages are on their way to the store: their copies take
// memory.
const writesAtOnce = 4

func newKeeper(s Store, m Memory) *keeper {
	k := &keeper{
		store: s, memory: m, writes: make(chan write, writesAtOnce), buffers: make(chan []byte, writesAtOnce),
		failures: make(chan error, 1), landed: make(chan landing, 1), notify: make(chan struct{}, 1),
	}
	for range writesAtOnce {
		k.buffers <- make([]byte, m.PageBytes())
	}
	k.group.Go(k.write)
	return k
}

// write brings pages to the store.
func (k *keeper) write() {
	for w := range k.writes {
		if err := k.store.Write(w.page, w.data); err != nil {
			select {
			case k.failures <- err:
			default: // nobody has looked at the one before
			}
		}
		k.buffers <- w.data
		select {
		case k.notify <- struct{}{}:
		default:
		}
	}
}

// add notes that a node is in the tree.
func (k *keeper) add(n *node) {
	if k == nil || !n.full() || n.stored {
		return
	}
	n.name = k.store.Next(n.parent.name.Key, n.tokens, n.forms)
	k.unsaved = append(k.unsaved, n)
}

// save brings pages on their way that are not stored yet: as many as there are
// buffers for, or, at the end, all.
func (k *keeper) save(all bool) {
	if k == nil {
		return
	}
	for len(k.unsaved) > 0 {
		n := k.unsaved[0]
		if n.stored || n.gone {
			k.unsaved = k.unsaved[1:]
			continue
		}
		if !k.copy(n, all) {
			return
		}
		k.unsaved = k.unsaved[1:]
	}
}

// copy brings one page on its way. Where all buffers are taken it waits for one, or
// returns false.
func (k *keeper) copy(n *node, wait bool) bool {
	var b []byte
	if wait {
		b = <-k.buffers
	} else {
		select {
		case b = <-k.buffers:
		default:
			return false
		}
	}
	k.memory.ReadPage(n.page, b)
	n.stored = true
	k.saved++
	k.writes <- write{n.name, b}
	return true
}

// evict is told that a node leaves the tree: the last moment to keep it, for which it
// waits where all buffers are taken. Its parents are on their way already, or were
// never.
func (k *keeper) evict(n *node) {
	if k == nil || !n.full() || n.stored {
		return
	}
	for p := n.parent; p.parent != nil; p = p.parent {
		if !p.stored { // its page would be out of reach
			return
		}
	}
	k.copy(n, true)
}

// find returns the pages behind the first skip of a sequence that the store has: none
// of them holds the last token, which is computed in any case.
func (k *keeper) find(tokens []token.ID, skip int, forms []uint64) []disk.Page {
	if k == nil || (len(tokens)-1)/deepseek.PageSize <= skip {
		return nil
	}
	var same func(page int) uint64
	if forms != nil {
		same = func(page int) uint64 {
			if page < len(forms) {
				return forms[page]
			}
			return 0
		}
	}
	pages := k.store.FindForms(tokens[:len(tokens)-1], same)
	if len(pages) <= skip {
		return nil
	}
	return pages
}

// restore reads pages of the store into a sequence's, from the one with number skip
// on, and says so when it is done.
func (k *keeper) restore(q *sequence, pages []disk.Page, skip int) {
	to := q.pages[skip:len(pages)]
	k.reads.Go(func() {
		done := k.read(q, pages[skip:], to)
		k.landed <- landing{q, pages[skip:][:done]}
	})
}

// read reads pages one after the other, and returns how many there were.
func (k *keeper) read(q *sequence, pages []disk.Page, to []deepseek.PageID) int {
	b := make([]byte, k.memory.PageBytes())
	for i, p := range pages {
		if q.canceled.Load() || k.store.Read(p.Key, b) != nil {
			return i
		}
		k.memory.WritePage(to[i], b)
	}
	return len(pages)
}

// close keeps what is not kept yet, and returns when the store has it.
func (k *keeper) close() {
	if k == nil {
		return
	}
	k.save(true)
	close(k.writes)
	k.group.Wait()
}

// failure returns what the store could not do since the last call; nil where it could
// all.
func (k *keeper) failure() error {
	if k == nil {
		return nil
	}
	select {
	case err := <-k.failures:
		return err
	default:
		return nil
	}
}

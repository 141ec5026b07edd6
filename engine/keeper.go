package engine

import (
	"errors"
	"sync"
	"sync/atomic"

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
// looks at meanwhile; writes and reads are waited for by the latter alone, but at the end.
//
// Pages are kept as they fill, as far as the store is quick enough; those that it was
// not, when they are evicted, if there are buffers for them, and at the end. So a process
// that is killed loses no more than a few pages. What the store could not write is tried
// again, ever more rarely while it fails.
type keeper struct {
	store   Store
	memory  Memory
	writes  chan write
	buffers chan []byte  // nil ones are to be made
	landed  chan landing // what was read
	notify  chan struct{}
	group   sync.WaitGroup // of writes
	wrote   atomic.Bool    // since it was looked at
	unsaved []*node        // full pages of the tree
	saved   int
	rest    int // calls of save until writing is tried again
	pause   int // how many these were the last time

	mutex  sync.Mutex
	failed []failure // since they were looked at
}

type write struct {
	node *node
	page disk.Page
	data []byte
}

// A failure is a page that the store could not write.
type failure struct {
	node *node
	err  error
}

// A landing is pages of a sequence that were read, or not.
type landing struct {
	sequence *sequence
	pages    []disk.Page // that are in memory
}

// writesAtOnce is how many pages may be on their way to the store: twice what a step
// fills. Their copies take memory, once there were so many at a time.
const writesAtOnce = 16

// Writing rests for shortest calls of save after a failure, then twice as long, up to longest.
const (
	shortest = 8
	longest  = 1024
)

func newKeeper(s Store, m Memory) *keeper {
	k := &keeper{
		store: s, memory: m, writes: make(chan write, writesAtOnce), buffers: make(chan []byte, writesAtOnce),
		landed: make(chan landing, 1), notify: make(chan struct{}, 1), pause: shortest,
	}
	for range writesAtOnce {
		k.buffers <- nil
	}
	k.group.Go(k.write)
	return k
}

// write brings pages to the store.
func (k *keeper) write() {
	for w := range k.writes {
		if err := k.store.Write(w.page, w.data); err == nil {
			k.wrote.Store(true)
		} else {
			k.mutex.Lock()
			k.failed = append(k.failed, failure{w.node, err})
			k.mutex.Unlock()
		}
		k.buffers <- w.data
		select {
		case k.notify <- struct{}{}:
		default:
		}
	}
}

// heed takes note of what the store could not write since the last call, to try it again,
// and returns why it could not; nil where it could all.
func (k *keeper) heed() error {
	if k == nil {
		return nil
	}
	k.mutex.Lock()
	failed := k.failed
	k.failed = nil
	k.mutex.Unlock()
	if k.wrote.Swap(false) {
		k.pause = shortest
	}
	if len(failed) == 0 {
		return nil
	}
	for _, f := range failed {
		k.saved--
		f.node.stored = false
		if errors.Is(f.err, disk.ErrGone) { // the store has lost what it goes on from
			for p := f.node.parent; p.parent != nil; p = p.parent {
				p.stored = false
			}
		}
		for _, n := range f.node.unstored() {
			k.queue(n)
		}
	}
	k.rest, k.pause = k.pause, min(2*k.pause, longest)
	return failed[0].err
}

// add notes that a node is in the tree.
func (k *keeper) add(n *node) {
	if k == nil || !n.full() || n.stored {
		return
	}
	n.name = k.store.Next(n.parent.name.Key, n.tokens, n.forms)
	k.queue(n)
}

// queue notes that a node is to be stored.
func (k *keeper) queue(n *node) {
	if !n.queued {
		n.queued = true
		k.unsaved = append(k.unsaved, n)
	}
}

// save brings pages on their way that are not stored yet: as many as there are
// buffers for, or, at the end, all.
func (k *keeper) save(all bool) {
	if k == nil {
		return
	}
	if k.rest > 0 && !all {
		k.rest--
		return
	}
	for len(k.unsaved) > 0 {
		n := k.unsaved[0]
		if !n.gone && !k.bring(n, all) {
			return
		}
		n.queued = false
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
	if b == nil {
		b = make([]byte, k.memory.PageBytes())
	}
	k.memory.ReadPage(n.page, b)
	n.stored = true
	k.saved++
	k.writes <- write{n, n.name, b}
	return true
}

// evict is told that a node leaves the tree: the last moment to keep it, with what it goes
// on from. It waits for nobody: where the buffers do not do for that, or the store fails, the
// page is computed again when it is wanted.
func (k *keeper) evict(n *node) {
	if k == nil || !n.full() || k.rest > 0 {
		return
	}
	k.bring(n, false)
}

// bring brings a page on its way, behind what it goes on from, as copy does.
func (k *keeper) bring(n *node, wait bool) bool {
	for _, p := range n.unstored() {
		if !k.copy(p, wait) {
			return false
		}
	}
	return true
}

// unstored returns the nodes on the way to n behind the last one that the store has, n last.
func (n *node) unstored() []*node {
	if n.parent == nil || n.stored {
		return nil
	}
	return append(n.parent.unstored(), n)
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
	go func() {
		done := k.read(q, pages[skip:], to)
		k.landed <- landing{q, pages[skip:][:done]} // which the engine waits for
	}()
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

// close keeps what is not kept yet, and returns when the store has it, or why it has not.
func (k *keeper) close() error {
	if k == nil {
		return nil
	}
	before := k.heed()
	k.save(true)
	close(k.writes)
	k.group.Wait()
	if err := k.heed(); err != nil {
		return err
	}
	return before
}

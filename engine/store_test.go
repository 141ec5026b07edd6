package engine

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/engine/disk"
	"github.com/deskseek/deskseek/token"
)

// A shelf is a store in memory, which forgets and fails as a disk does.
type shelf struct {
	mutex  sync.Mutex
	random *rand.Rand // nil where nothing fails
	pages  map[disk.Key]disk.Page
	data   map[disk.Key][]byte
	full   bool          // nothing is written
	gate   chan struct{} // where it is not nil, a write waits until it is closed
}

func newShelf(r *rand.Rand) *shelf {
	return &shelf{random: r, pages: map[disk.Key]disk.Page{}, data: map[disk.Key][]byte{}}
}

func (s *shelf) Next(parent disk.Key, tokens []token.ID, forms uint64) disk.Page {
	h := sha256.New()
	h.Write(parent[:])
	_ = binary.Write(h, binary.LittleEndian, forms)
	for _, id := range tokens {
		_ = binary.Write(h, binary.LittleEndian, int32(id))
	}
	return disk.Page{Key: disk.Key(h.Sum(nil)), Parent: parent, Tokens: slices.Clone(tokens), Forms: forms}
}

func (s *shelf) FindForms(tokens []token.ID, forms func(int) uint64) []disk.Page {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var best []disk.Page
	var walk func(parent disk.Key, path []disk.Page)
	walk = func(parent disk.Key, path []disk.Page) {
		if len(path) > len(best) {
			best = slices.Clone(path)
		}
		for _, p := range s.pages {
			n := len(path)
			if p.Parent == parent && len(tokens) >= (n+1)*len(p.Tokens) && slices.Equal(p.Tokens, tokens[n*len(p.Tokens):][:len(p.Tokens)]) && (forms == nil || forms(n) == p.Forms) {
				walk(p.Key, append(path, p))
			}
		}
	}
	walk(disk.Key{}, nil)
	return best
}

func (s *shelf) fails() bool { return s.random != nil && s.random.IntN(20) == 0 }

func (s *shelf) Read(k disk.Key, dst []byte) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	b, ok := s.data[k]
	if !ok || s.fails() {
		delete(s.pages, k)
		delete(s.data, k)
		return disk.ErrGone
	}
	copy(dst, b)
	return nil
}

func (s *shelf) Write(p disk.Page, data []byte) error {
	if s.gate != nil {
		<-s.gate
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.full {
		return errors.New("disk full")
	}
	if _, ok := s.pages[p.Parent]; !ok && p.Parent != (disk.Key{}) {
		return disk.ErrGone
	}
	if s.fails() {
		return errors.New("disk full")
	}
	s.pages[p.Key], s.data[p.Key] = p, bytes.Clone(data)
	return nil
}

// TestRestart: what was remembered is there after a restart, and is not computed
// again; the continuation is the same, and drafted as well.
func TestRestart(t *testing.T) {
	store := newShelf(nil)
	o := Options{Pages: 12, Store: store, ExpandFrom: 10, Drafting: Drafting{MTP: On}}
	e, f := start(t, o)
	r := Request{Prompt: prompt(rand.New(rand.NewPCG(1, 1)), 200), MaxTokens: 30}
	said, err := collect(submit(t, e, r))
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
	if len(store.pages) != 3 {
		t.Fatalf("%d pages are stored, want the 3 full ones", len(store.pages))
	}
	for _, p := range store.pages {
		if p.Forms != ^uint64(0) {
			t.Errorf("a page of the prompt is stored with forms %x, want all expanded", p.Forms)
		}
	}
	e, again := start(t, o)
	next := Request{Prompt: slices.Concat(r.Prompt, said, []token.ID{7, 8}), MaxTokens: 40}
	s := submit(t, e, next)
	got, err := collect(s)
	if want := f.alone(next, &e.options); err != nil || !slices.Equal(got, want) {
		t.Errorf("after a restart: %v (%v), want %v", got, err, want)
	}
	if st := s.Stats(); st.Reused != 192 || again.steps[0] != 40 {
		t.Errorf("%d of %d tokens were reused, the first step had %d; want 192 and 40", st.Reused, len(next.Prompt), again.steps[0])
	}
	if c := e.Counts(); c.Restored != 192 {
		t.Errorf("%+v, want 192 tokens restored", c)
	}
}

// TestEvictedToStore: what memory has no room for is kept, and comes back.
func TestEvictedToStore(t *testing.T) {
	store := newShelf(nil)
	e, f := start(t, Options{Pages: 5, Store: store})
	random := rand.New(rand.NewPCG(2, 2))
	first := Request{Prompt: prompt(random, 150), MaxTokens: 1}
	var s *Stream
	for _, r := range []Request{first, {Prompt: prompt(random, 250), MaxTokens: 1}, first} {
		s = submit(t, e, r)
		got, err := collect(s)
		if err != nil || !slices.Equal(got, f.alone(r, &e.options)) {
			t.Errorf("%v (%v)", got, err)
		}
		for !between(e, func(s *scheduler) bool { return len(s.keeper.buffers) == writesAtOnce }) {
			runtime.Gosched()
		}
	}
	if c := e.Counts(); s.Stats().Reused != 128 || c.Restored == 0 || c.Evicted == 0 {
		t.Errorf("%+v, want 128 tokens reused, some of them restored", c)
	}
}

// TestStoreOfOtherForms: where the store goes on from the same tokens in other forms
// than memory has, its pages are taken from the first on: no sequence is a mixture of
// both.
func TestStoreOfOtherForms(t *testing.T) {
	store := newShelf(nil)
	r := Request{Prompt: prompt(rand.New(rand.NewPCG(1, 1)), 200), MaxTokens: 5}
	e, f := start(t, Options{Store: store, ExpandFrom: 10})
	f.forms = true
	if _, err := collect(submit(t, e, r)); err != nil {
		t.Fatal(err)
	}
	e.Close()
	expanded := newShelf(nil)
	expanded.pages, expanded.data, store.pages, store.data = store.pages, store.data, expanded.pages, expanded.data
	e, f = start(t, Options{Store: store, ExpandFrom: 1000})
	f.forms = true
	if _, err := collect(submit(t, e, Request{Prompt: r.Prompt[:100], MaxTokens: 1})); err != nil {
		t.Fatal(err)
	}
	store.mutex.Lock()
	for k, p := range expanded.pages {
		store.pages[k], store.data[k] = p, expanded.data[k]
	}
	store.mutex.Unlock()
	s := submit(t, e, r)
	got, err := collect(s)
	if err != nil || s.Stats().Reused != 192 {
		t.Errorf("%d tokens reused (%v), want 192", s.Stats().Reused, err)
	}
	mixed := between(e, func(s *scheduler) (n int) {
		s.prefix.each(func(x *node) {
			if x.forms == ^uint64(0) && x.parent.parent != nil && x.parent.forms != x.forms {
				n++
			}
		})
		return n
	})
	if mixed != 0 || len(got) != 5 {
		t.Errorf("%d expanded pages stand behind absorbed ones", mixed)
	}
}

// fill makes a store full, or not any more.
func (s *shelf) fill(full bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.full = full
}

func (s *shelf) size() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return len(s.pages)
}

// TestStoreFailsForAWhile: what could not be written is told, and written when it can be.
func TestStoreFailsForAWhile(t *testing.T) {
	store := newShelf(nil)
	store.fill(true)
	var told atomic.Int32
	e, _ := start(t, Options{Pages: 30, Store: store, Trace: Trace{StoreFailed: func(error) { told.Add(1) }}})
	r := Request{Prompt: prompt(rand.New(rand.NewPCG(2, 2)), 200), MaxTokens: 30}
	ask := func() { // others would push its pages out of memory, if the writer takes its time
		if _, err := collect(submit(t, e, r)); err != nil {
			t.Fatal(err)
		}
	}
	for told.Load() == 0 {
		ask()
	}
	store.fill(false)
	for store.size() < 3 { // it is tried again as steps go by
		ask()
	}
	e.Close()
	e, _ = start(t, Options{Pages: 30, Store: store})
	s := submit(t, e, r)
	if _, err := collect(s); err != nil || s.Stats().Reused != 192 {
		t.Errorf("%d tokens are restored (%v), want 192", s.Stats().Reused, err)
	}
}

// TestStoreLosesABeginning: pages that memory has are written again where the store lost
// what the next one goes on from.
func TestStoreLosesABeginning(t *testing.T) {
	store := newShelf(nil)
	e, _ := start(t, Options{Pages: 30, Store: store})
	r := Request{Prompt: prompt(rand.New(rand.NewPCG(2, 2)), 200), MaxTokens: 1}
	if _, err := collect(submit(t, e, r)); err != nil {
		t.Fatal(err)
	}
	for store.size() < 3 {
		runtime.Gosched()
	}
	store.mutex.Lock()
	clear(store.pages)
	clear(store.data)
	store.mutex.Unlock()
	r.Prompt = append(r.Prompt, prompt(rand.New(rand.NewPCG(3, 3)), 80)...)
	for store.size() < 4 {
		if _, err := collect(submit(t, e, r)); err != nil {
			t.Fatal(err)
		}
	}
	e.Close()
	e, _ = start(t, Options{Pages: 30, Store: store})
	s := submit(t, e, r)
	if _, err := collect(s); err != nil || s.Stats().Reused != 256 {
		t.Errorf("%d tokens are restored (%v), want 256", s.Stats().Reused, err)
	}
}

// TestSlowStore: steps do not wait for the store, whatever is evicted meanwhile.
func TestSlowStore(t *testing.T) {
	store := newShelf(nil)
	store.gate = make(chan struct{})
	e, f := start(t, Options{Pages: 5, Store: store})
	random := rand.New(rand.NewPCG(2, 2))
	for range 3 * writesAtOnce {
		r := Request{Prompt: prompt(random, 200), MaxTokens: 2}
		got, err := collect(submit(t, e, r))
		if err != nil || !slices.Equal(got, f.alone(r, &e.options)) {
			t.Errorf("%v (%v)", got, err)
		}
	}
	if c := e.Counts(); c.Evicted == 0 || store.size() != 0 {
		t.Errorf("%+v and %d pages stored, want some evicted and none stored", c, store.size())
	}
	close(store.gate)
}

// TestFailureAtTheEnd: what could not be written as an engine ends is told.
func TestFailureAtTheEnd(t *testing.T) {
	store := newShelf(nil)
	store.fill(true)
	var told atomic.Int32
	e, _ := start(t, Options{Store: store, Trace: Trace{StoreFailed: func(error) { told.Add(1) }}})
	if _, err := collect(submit(t, e, Request{Prompt: prompt(rand.New(rand.NewPCG(2, 2)), 100), MaxTokens: 1})); err != nil {
		t.Fatal(err)
	}
	e.Close()
	if told.Load() == 0 {
		t.Error("a full disk is not told of")
	}
}

// TestPartedBehindTheStore: where the store had more than memory, a sequence did not part
// from what memory had.
func TestPartedBehindTheStore(t *testing.T) {
	store := newShelf(nil)
	random := rand.New(rand.NewPCG(2, 2))
	first := Request{Prompt: prompt(random, 200), MaxTokens: 1}
	e, _ := start(t, Options{Pages: 30, Store: store})
	if _, err := collect(submit(t, e, first)); err != nil {
		t.Fatal(err)
	}
	e.Close()
	e, _ = start(t, Options{Pages: 30, Store: store})
	other := Request{Prompt: slices.Concat(first.Prompt[:40], prompt(random, 60)), MaxTokens: 1}
	s := submit(t, e, other)
	if _, err := collect(s); err != nil {
		t.Fatal(err)
	}
	s = submit(t, e, first)
	if _, err := collect(s); err != nil {
		t.Fatal(err)
	}
	if st := s.Stats(); st.Reused != 192 || st.Parted < st.Reused || st.Instead != nil {
		t.Errorf("%d tokens reused, parted at %d from %v; want 192, and nothing to part from", st.Reused, st.Parted, st.Instead)
	}
}

// TestGoesOnAfterRestarts: what is computed behind restored pages is kept behind them.
func TestGoesOnAfterRestarts(t *testing.T) {
	store := newShelf(nil)
	text := prompt(rand.New(rand.NewPCG(2, 2)), 290)
	for n := 90; n <= 290; n += 100 {
		e, _ := start(t, Options{Pages: 30, Store: store})
		s := submit(t, e, Request{Prompt: text[:n], MaxTokens: 1})
		if _, err := collect(s); err != nil {
			t.Fatal(err)
		}
		e.Close()
		if want := max(0, n-100) / 64 * 64; s.Stats().Reused != want {
			t.Errorf("of %d tokens %d are restored, want %d", n, s.Stats().Reused, want)
		}
	}
	first := 0
	for _, p := range store.pages {
		if p.Parent == (disk.Key{}) {
			first++
		}
	}
	if first != 1 || store.size() != 4 {
		t.Errorf("%d of %d pages are first ones, want 1 of 4", first, store.size())
	}
}

// TestEvictedTakesParents: a page that is evicted before what it goes on from is kept takes
// that along.
func TestEvictedTakesParents(t *testing.T) {
	store := newShelf(nil)
	tree := prefix{pages: NewPages(3)}
	k := newKeeper(store, newFake(t, 3))
	text, leaf := prompt(rand.New(rand.NewPCG(2, 2)), 3*deepseek.PageSize), &tree.root
	for at := 0; at < len(text); at += deepseek.PageSize {
		p := tree.pages.Alloc()
		leaf, _ = tree.add(leaf, text[at:at+deepseek.PageSize], 0, p)
		tree.pages.Release(p)
		k.add(leaf)
	}
	k.evict(leaf)
	tree.remove(leaf)
	if err := k.close(); err != nil || store.size() != 3 {
		t.Errorf("%d pages are kept (%v), want 3", store.size(), err)
	}
}

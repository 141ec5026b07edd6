package disk

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deskseek/deskseek/token"
)

// A model is what a store should hold: every use of a page is one of all pages
// before it, and whoever was used longest ago, and has none behind it, leaves.
type model struct {
	limit int64
	clock int
	held  map[Key]*kept
}

type kept struct {
	page  Page
	note  []byte // of a note
	used  int
	born  int
	bytes int64
}

func (m *model) use(k Key) {
	for m.clock++; m.held[k] != nil; k = m.held[k].page.Parent {
		m.held[k].used = m.clock
	}
}

func (m *model) bytes() (sum int64) {
	if len(m.held) > 0 {
		sum = int64(len("small\na small model"))
	}
	for _, h := range m.held {
		sum += h.bytes
	}
	return sum
}

func (m *model) leaf(k Key) bool {
	for _, h := range m.held {
		if h.page.Parent == k {
			return false
		}
	}
	return true
}

// put stores what is there not yet, or another note; false: it does not fit.
func (m *model) put(p Page, note []byte, size int64) bool {
	least := size
	for k := p.Parent; m.held[k] != nil; k = m.held[k].page.Parent {
		least += m.held[k].bytes
	}
	if old := m.held[p.Key]; old != nil && note != nil {
		least += old.bytes // until the new one is whole
	}
	name := int64(0)
	if len(m.held) == 0 {
		name = int64(len("small\na small model"))
	}
	if least+name > m.limit {
		return false
	}
	for m.bytes()+name+size > m.limit {
		var first Key
		for k, h := range m.held {
			if k != p.Parent && k != p.Key && m.leaf(k) && (first == Key{} || h.used < m.held[first].used) {
				first = k
			}
		}
		if (first == Key{}) {
			return false
		}
		delete(m.held, first)
	}
	m.held[p.Key] = &kept{page: p, note: note, bytes: size, born: m.clock}
	m.use(p.Key)
	return true
}

func (m *model) remove(k Key) {
	for c, h := range m.held {
		if h.page.Parent == k && h.note == nil {
			m.remove(c)
		}
	}
	delete(m.held, k)
}

func (m *model) find(under Key, tokens []token.ID, page int, forms func(int) uint64) (best []Key) {
	var next []*kept
	for _, h := range m.held {
		if h.note == nil && h.page.Parent == under && len(tokens) >= 4 && slices.Equal(tokens[:4], h.page.Tokens) && (forms == nil || forms(page) == h.page.Forms) {
			next = append(next, h)
		}
	}
	slices.SortFunc(next, func(a, b *kept) int { return a.born - b.born })
	for _, h := range next {
		if chain := append([]Key{h.page.Key}, m.find(h.page.Key, tokens[4:], page+1, forms)...); len(chain) > len(best) {
			best = chain
		}
	}
	return best
}

// TestModel: after random schedules a store holds what the model does.
func TestModel(t *testing.T) {
	schedules := 20
	if testing.Short() {
		schedules = 10
	}
	for seed := range schedules {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { runModel(t, uint64(seed), t.TempDir()) })
	}
}

func runModel(t *testing.T, seed uint64, dir string) {
	random := rand.New(rand.NewPCG(seed, 3))
	o := small(dir)
	o.Limit = int64(1+random.IntN(12))*smallFile + int64(random.IntN(400))
	m := &model{limit: o.Limit, held: map[Key]*kept{}}
	s := mustOpen(t, o)
	// A few tokens and forms, so that chains meet, part, and come again.
	some := func() []token.ID {
		tokens := make([]token.ID, random.IntN(18))
		for i := range tokens {
			if i%4 == 0 {
				tokens[i] = token.ID(random.IntN(2))
			}
		}
		return tokens
	}
	var names []Key // all that ever were
	for step := range 150 {
		switch random.IntN(9) {
		case 0, 1, 2, 3: // write behind a page that is there, or was
			parent := Key{}
			if len(names) > 0 && random.IntN(3) > 0 {
				parent = names[random.IntN(len(names))]
			}
			p := s.Next(parent, []token.ID{token.ID(random.IntN(2)), 0, 0, 0}, uint64(random.IntN(2)))
			err := s.Write(p, content(p.Key, 100))
			switch h := m.held[parent]; {
			case m.held[p.Key] != nil:
				m.use(p.Key)
				if err != nil {
					t.Fatalf("step %d: writing what is there: %v", step, err)
				}
			case parent != Key{} && (h == nil || h.note != nil):
				if !errors.Is(err, ErrGone) {
					t.Fatalf("step %d: writing behind a page that left: %v", step, err)
				}
			case m.put(p, nil, smallFile):
				names = append(names, p.Key)
				if err != nil {
					t.Fatalf("step %d: %v", step, err)
				}
			case !errors.Is(err, ErrLimit):
				t.Fatalf("step %d: writing what does not fit: %v", step, err)
			}
		case 4, 5:
			tokens := some()
			var forms func(int) uint64
			if bits := random.Uint64(); random.IntN(2) == 0 {
				forms = func(page int) uint64 { return bits >> page & 1 }
			}
			want := m.find(Key{}, tokens, 0, forms)
			if got := keys(s.FindForms(tokens, forms)); !slices.Equal(got, want) {
				t.Fatalf("step %d: found %v, want %v", step, got, want)
			}
			if len(want) > 0 {
				m.use(want[len(want)-1])
			}
		case 6:
			name, data := fmt.Sprint(random.IntN(3)), bytes.Repeat([]byte{byte(step)}, 1+random.IntN(200))
			err := s.PutNote(name, data)
			k := noteKey(s.identity, name)
			if ok := m.put(Page{Key: k, Parent: Key{1}}, data, fixedHeader+1+8+int64(len(data))); ok != (err == nil) || err != nil && !errors.Is(err, ErrLimit) {
				t.Fatalf("step %d: note: %v, fits: %t", step, err, ok)
			}
			names = append(names, k)
		case 7:
			if len(names) > 0 && random.IntN(3) == 0 {
				k := names[random.IntN(len(names))]
				before := m.bytes()
				m.remove(k)
				if freed, err := s.Remove(k); err != nil || freed != before-m.bytes() {
					t.Fatalf("step %d: removing freed %d, want %d (%v)", step, freed, before-m.bytes(), err)
				}
			}
		case 8:
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = mustOpen(t, o)
		}
		if got := s.Usage().Bytes; got != m.bytes() || got > o.Limit {
			t.Fatalf("step %d: %d bytes, want %d, limit %d", step, got, m.bytes(), o.Limit)
		}
		for _, k := range names {
			if h := m.held[k]; s.Has(k) != (h != nil && h.note == nil) {
				t.Fatalf("step %d: %s: has %t, held: %v", step, k, s.Has(k), h)
			}
		}
	}
	notes := map[string]string{}
	for name, data := range s.Notes() {
		notes[name] = string(data)
	}
	want := map[string]string{}
	for name := range 3 {
		if h := m.held[noteKey(s.identity, fmt.Sprint(name))]; h != nil {
			want[fmt.Sprint(name)] = string(h.note)
		}
	}
	if !maps.Equal(notes, want) {
		t.Errorf("notes %q, want %q", notes, want)
	}
	checkWhole(t, o)
}

package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

const (
	vocabulary = 50
	limit      = 300 // context
)

// A fake is a network whose logits are a function of all tokens before, which it
// sees only through pages: a slot holds a hash of its token and of what the slot
// before it holds. It refuses what a real one could not do.
type fake struct {
	t     testing.TB
	pages []fakePage
	// forms makes the logits depend on the form of each token, as the last bits of
	// a real network's do.
	forms bool
	// right is how many of ten drafts of the MTP layer are the network's choice.
	right   int
	steps   []int // tokens of each
	fail    func(run int) error
	failMTP func(run int, fill bool) error // the MTP layer's
	layer   func()                         // called between layers
	wrong   []string
	known   map[uint64][]float32 // logits by hash
}

type fakePage struct {
	main [deepseek.PageSize]uint64 // hash of all tokens up to here; 0 is nothing
	pair [deepseek.PageSize]uint64 // of the MTP layer
	last uint64                    // hidden state of the last token
}

const chained = 1 << 63 // a hidden state is the MTP layer's own

func newFake(t testing.TB, pages int) *fake { return &fake{t: t, pages: make([]fakePage, pages)} }

func (f *fake) network(mtp bool) Network {
	n := Network{Model: f, Memory: f}
	if mtp {
		n.MTP = fakeMTP{f}
	}
	return n
}

func mix(h uint64, id token.ID, form uint64) uint64 {
	h ^= uint64(id)*0x9e3779b97f4a7c15 + form*0xd1b54a32d192ed03 + 1
	h *= 0xff51afd7ed558ccd
	h ^= h >> 29
	return h&^chained | 1
}

func (f *fake) form(form deepseek.Form) uint64 {
	if f.forms {
		return uint64(form)
	}
	return 0
}

func (f *fake) refuse(format string, args ...any) {
	f.wrong = append(f.wrong, fmt.Sprintf(format, args...))
}

// before returns what the slot before a position holds.
func (f *fake) before(r *deepseek.Run, at int) uint64 {
	if at == 0 {
		return 0
	}
	at--
	h := f.pages[r.Pages[at/deepseek.PageSize]].main[at%deepseek.PageSize]
	if h == 0 {
		f.refuse("position %d is read and was never computed", at)
	}
	return h
}

func (f *fake) Forward(ctx context.Context, b *deepseek.Batch) (*deepseek.Output, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, c := range b.Copies {
		f.pages[c.To] = f.pages[c.From]
	}
	written := map[[2]int]int{} // page and slot: run
	var logits, hidden [][][]float32
	var canceled []int
	n := 0
	for i := range b.Runs {
		if f.layer != nil {
			f.layer()
		}
		r := &b.Runs[i]
		n += len(r.Tokens)
		if len(r.Pages)*deepseek.PageSize < r.Position+len(r.Tokens) || len(r.Tokens) == 0 {
			f.refuse("run %d of %d tokens at %d has %d pages", i, len(r.Tokens), r.Position, len(r.Pages))
		}
		var rows, states [][]float32
		for k, id := range r.Tokens {
			at := r.Position + k
			p, slot := &f.pages[r.Pages[at/deepseek.PageSize]], at%deepseek.PageSize
			if r.Canceled != nil && r.Canceled() {
				p.main[slot] = 12345 // half computed
				canceled = append(canceled, i)
				break
			}
			h := mix(f.before(r, at), id, f.form(r.Form))
			p.main[slot] = h
			if slot == deepseek.PageSize-1 {
				p.last = h
			}
			where := [2]int{int(r.Pages[at/deepseek.PageSize]), slot}
			if other, ok := written[where]; ok {
				f.refuse("runs %d and %d write the same slot", other, i)
			}
			written[where] = i
			states = append(states, state(h))
			if len(r.Tokens)-k <= r.Logits {
				rows = append(rows, f.logits(h))
			}
		}
		logits, hidden = append(logits, rows), append(hidden, states)
	}
	f.steps = append(f.steps, n)
	if f.fail != nil {
		for i := range b.Runs {
			if err := f.fail(i); err != nil {
				return nil, err
			}
		}
	}
	o := deepseek.HostOutput(logits, hidden)
	for _, i := range canceled {
		o.Cancel(i)
	}
	return o, nil
}

// state is a hidden state: the hash, in floats that hold it exactly.
func state(h uint64) []float32 {
	return []float32{float32(h & 0xffff), float32(h >> 16 & 0xffff), float32(h >> 32 & 0xffff), float32(h >> 48)}
}

func hashOf(row []float32) uint64 {
	return uint64(row[0]) | uint64(row[1])<<16 | uint64(row[2])<<32 | uint64(row[3])<<48
}

// logits is logitsOf, which remembers.
func (f *fake) logits(h uint64) []float32 {
	v, ok := f.known[h&^chained]
	if !ok {
		v = logitsOf(h)
		if f.known == nil || len(f.known) > 1<<14 {
			f.known = map[uint64][]float32{}
		}
		f.known[h&^chained] = v
	}
	return v
}

// logitsOf are those after the tokens of a hash.
func logitsOf(h uint64) []float32 {
	r := rand.New(rand.NewPCG(h&^chained, 7))
	v := make([]float32, vocabulary)
	for i := range v {
		v[i] = float32(r.NormFloat64() * 2)
	}
	v[0], v[1] = -50, -50 // never come by themselves
	return v
}

// fakeMTP is the fake's MTP layer. It wants the pairs of all tokens before in its
// slots, as a real one would attend to them.
type fakeMTP struct{ *fake }

func (f fakeMTP) put(b *deepseek.Batch, each func(run, at int, id token.ID, h uint64)) {
	for i := range b.Runs {
		r := &b.Runs[i]
		var states []uint64
		for _, m := range r.Hidden {
			v := m.Host(nil)
			for ; len(v) > 0; v = v[4:] {
				states = append(states, hashOf(v))
			}
		}
		if len(states) != len(r.Tokens) {
			f.refuse("%d hidden states for %d tokens", len(states), len(r.Tokens))
			continue
		}
		if r.Position < 1 || len(r.Pages)*deepseek.PageSize < r.Position+len(r.Tokens) {
			f.refuse("pairs %d to %d of %d pages", r.Position, r.Position+len(r.Tokens), len(r.Pages))
			continue
		}
		for k, id := range r.Tokens {
			at := r.Position + k
			if states[k]&chained == 0 && states[k] != f.before(r, at) {
				f.refuse("the pair at %d has the hidden state of another token", at)
			}
			f.pages[r.Pages[at/deepseek.PageSize]].pair[at%deepseek.PageSize] = mix(states[k], id, 0) | states[k]&chained
			if each != nil {
				each(i, at, id, states[k])
			}
		}
	}
}

func (f fakeMTP) Fill(ctx context.Context, b *deepseek.Batch) error {
	f.put(b, nil)
	return f.failed(ctx, b, true)
}

// failed returns why a step of the layer fails, if it does.
func (f fakeMTP) failed(ctx context.Context, b *deepseek.Batch, fill bool) error {
	if f.failMTP != nil {
		for i := range b.Runs {
			if err := f.failMTP(i, fill); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (f fakeMTP) Forward(ctx context.Context, b *deepseek.Batch) (*deepseek.Output, error) {
	var logits, hidden [][][]float32
	f.put(b, func(run, at int, id token.ID, h uint64) {
		r := &b.Runs[run]
		if h&chained == 0 {
			for i := 1; i < at; i++ {
				p := &f.pages[r.Pages[i/deepseek.PageSize]]
				if p.pair[i%deepseek.PageSize] == 0 || p.pair[i%deepseek.PageSize]&chained != 0 {
					f.refuse("a draft at %d, and the pair at %d is not there", at, i)
					break
				}
			}
		}
		next := mix(h&^chained, id, 0)
		v := f.logits(next)
		if int(next>>8%10) >= f.right {
			v = f.logits(next + 2)
		}
		logits, hidden = append(logits, [][]float32{v}), append(hidden, [][]float32{state(next | chained)})
	})
	return deepseek.HostOutput(logits, hidden), f.failed(ctx, b, false)
}

func (f *fake) PageBytes() int { return 8 * (2*deepseek.PageSize + 1) }

func (f *fake) ReadPage(p deepseek.PageID, dst []byte) {
	b := dst[:0]
	for _, h := range slices.Concat(f.pages[p].main[:], f.pages[p].pair[:], []uint64{f.pages[p].last}) {
		for i := range 8 {
			b = append(b, byte(h>>(8*i)))
		}
	}
}

func (f *fake) WritePage(p deepseek.PageID, src []byte) {
	word := func(i int) (h uint64) {
		for k := range 8 {
			h |= uint64(src[8*i+k]) << (8 * k)
		}
		return h
	}
	for i := range deepseek.PageSize {
		f.pages[p].main[i], f.pages[p].pair[i] = word(i), word(deepseek.PageSize+i)
	}
	f.pages[p].last = word(2 * deepseek.PageSize)
}

func (f *fake) LastHidden(p deepseek.PageID) nn.Mat {
	return nn.FromHost(1, 4, state(f.pages[p].last))
}

// alone is what a request gives when nothing else is asked of the engine: the tokens
// of its prompt in the form that the rule gives them, one after the other.
func (f *fake) alone(r Request, o *Options) []token.ID {
	s, err := sample.New(r.Sampling)
	if err != nil {
		f.t.Fatal(err)
	}
	form := deepseek.Absorbed
	if len(r.Prompt) >= o.ExpandFrom && !o.Deterministic {
		form = deepseek.Expanded
	}
	var h uint64
	for _, id := range r.Prompt {
		h = mix(h, id, f.form(form))
	}
	most := o.limit() - len(r.Prompt)
	if r.MaxTokens > 0 {
		most = min(most, r.MaxTokens)
	}
	all := slices.Clone(r.Prompt)
	for range most {
		n := len(r.Prompt)
		c := s.Sample(logitsOf(h), len(all), sample.History{Prompt: all[:n], Generated: all[n:]})
		all = append(all, c.ID)
		if slices.Contains(r.End, c.ID) {
			break
		}
		h = mix(h, c.ID, f.form(deepseek.Absorbed))
	}
	return all[len(r.Prompt):]
}

func prompt(r *rand.Rand, n int) []token.ID {
	p := make([]token.ID, n)
	for i := range p {
		p[i] = token.ID(r.IntN(vocabulary))
	}
	return p
}

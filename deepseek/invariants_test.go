package deepseek

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/token"
)

// TestFormsAgree checks that absorbed attention equals the form of the report,
// layer by layer: each layer of the one starts from the other's input.
func TestFormsAgree(t *testing.T) {
	each(t, func(t *testing.T, c golden.Case) {
		_, input := c.Ints(t, "input_ids")
		m := open(t, c.Path, Options{})
		o := whole(t, m, ids(input), Absorbed, nil)
		o.Release()
		var before [][]float32 // absorbed: inputs of the layers, and the last output
		o = whole(t, m, ids(input), Absorbed, func(s Stage) {
			if s.Name == "embedding" || s.Name == "h" {
				before = append(before, s.Values.Host(nil))
			}
		})
		o.Release()
		n, dim := len(input), m.Config.Dim
		for i := range m.layers {
			part := open(t, c.Path, Options{From: i, To: i + 1})
			part.embedding = nil // start from the given rows, also at layer 0
			part.Reserve((n + PageSize) / PageSize)
			o, err := part.Forward(context.Background(), &Batch{Runs: []Run{{
				Tokens: ids(input), Hidden: []nn.Mat{nn.FromHost(n, dim, before[i])}, Pages: pages(0, part.Cache().Pages()), Form: Expanded,
			}}, Observe: func(s Stage) {
				if s.Name != "h" {
					return
				}
				if e, row := relative(s.Values.Host(nil), before[i+1], dim); !(e <= 1e-5) {
					t.Errorf("layer %d, row %d: the forms differ by %.2g", i, row, e)
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			o.Release()
		}
	})
}

// aCase is a small case with MTP, experts in groups and YaRN.
func aCase(t *testing.T) golden.Case {
	cases := golden.Cases(t)
	if i := slices.IndexFunc(cases, func(c golden.Case) bool { return c.Name == "tiny-fp8" }); i >= 0 {
		return cases[i]
	}
	return cases[0]
}

// TestWorkersDoNotMatter checks that 1 and 7 workers give the same bits.
func TestWorkersDoNotMatter(t *testing.T) {
	each(t, func(t *testing.T, c golden.Case) {
		_, input := c.Ints(t, "input_ids")
		for i := range 4 {
			form, math := Form(i%2), []Math{Exact, Fast}[i/2]
			var want []float32
			for _, workers := range []int{1, 7} {
				m := open(t, c.Path, Options{Workers: workers, Math: math})
				o := whole(t, m, ids(input), form, nil)
				got := allLogits(o, 0)
				if m.MTP() != nil {
					got = append(got, allLogits(drafts(t, m, o, ids(input), form, nil), 0)...)
				}
				if want == nil {
					want = got
				}
				sameBits(t, got, want, "7 workers against 1")
			}
		}
	})
}

func sameBits(t *testing.T, got, want []float32, what string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i, v := range want {
		if math.Float32bits(got[i]) != math.Float32bits(v) {
			t.Fatalf("%s: value %d is %x, want %x", what, i, math.Float32bits(got[i]), math.Float32bits(v))
		}
	}
}

// A timeline is a sequence of the interleaving test.
type timeline struct {
	tokens []token.ID
	form   Form
	pages  []PageID
	done   int
	hidden []float32 // final hidden state of the last token, for MTP
	logits []float32
	mtp    []float32
}

// TestSequencesDoNotMatterToEachOther interleaves several sequences, in random
// chunks, on scattered pages, with copies of pages, canceled neighbours and MTP
// steps, and wants of each the bits that it has alone.
func TestSequencesDoNotMatterToEachOther(t *testing.T) {
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	r := rand.New(rand.NewPCG(1, 2))
	eachMath(t, func(t *testing.T, path string, math Math) {
		m := open(t, path, Options{Workers: 3, Math: math})
		for range rounds {
			interleave(t, m, r)
		}
	})
}

// eachMath runs f on a case in exact math, and on those that fast math computes in
// ways of their own.
func eachMath(t *testing.T, f func(t *testing.T, path string, m Math)) {
	run := func(name string, c golden.Case, m Math) {
		t.Run(name, func(t *testing.T) { f(t, c.Path, m) })
	}
	run("exact", aCase(t), Exact)
	run("fast", aCase(t), Fast)
	for _, c := range golden.Cases(t) {
		if strings.Contains(c.Name, "Q4_K_M") || strings.Contains(c.Name, "mlx") {
			run("fast "+c.Name, c, Fast)
		}
	}
}

func interleave(t *testing.T, m *Model, r *rand.Rand) {
	lines := make([]*timeline, 2+r.IntN(4))
	need := 0
	for i := range lines {
		l := &timeline{form: Form(r.IntN(2))}
		for range 1 + r.IntN(150) {
			l.tokens = append(l.tokens, token.ID(r.IntN(m.Vocabulary())))
		}
		need += (len(l.tokens) + PageSize - 1) / PageSize
		lines[i] = l
	}
	want := make([]*timeline, len(lines))
	for i, l := range lines {
		want[i] = &timeline{tokens: l.tokens, form: l.form, pages: pages(0, need)}
		m.Reserve(need)
		for want[i].done < len(l.tokens) {
			advance(t, m, []*timeline{want[i]}, []int{len(l.tokens)}, nil)
		}
	}
	m.Reserve(need + 2) // one to move a page to, one for a canceled run
	free := r.Perm(need + 1)
	for _, l := range lines {
		for range (len(l.tokens) + PageSize - 1) / PageSize {
			l.pages = append(l.pages, PageID(free[0]))
			free = free[1:]
		}
	}
	spare := PageID(free[0])
	for {
		var some []*timeline
		var chunks []int
		for _, i := range r.Perm(len(lines)) {
			if left := len(lines[i].tokens) - lines[i].done; left > 0 && r.IntN(3) > 0 {
				n := 1 + r.IntN(min(left, 70))
				if toPage := PageSize - lines[i].done%PageSize; r.IntN(3) == 0 && toPage <= left {
					n = toPage // so that MTP goes on from the page's hidden state
				}
				some, chunks = append(some, lines[i]), append(chunks, n)
			}
		}
		var extra *Batch
		if r.IntN(2) == 0 {
			// A page moves, and a neighbour is canceled after some layers.
			l := lines[r.IntN(len(lines))]
			k, polls := r.IntN(len(l.pages)), r.IntN(len(m.layers)+1)
			extra = &Batch{
				Copies: []PageCopy{{To: spare, From: l.pages[k]}},
				Runs: []Run{{Tokens: []token.ID{1, 2, 3}, Pages: []PageID{PageID(need + 1)}, Logits: 3, Form: Form(r.IntN(2)), Canceled: func() bool {
					polls--
					return polls < 0
				}}},
			}
			l.pages[k], spare = spare, l.pages[k]
		}
		if len(some) > 0 {
			advance(t, m, some, chunks, extra)
		} else if !slices.ContainsFunc(lines, func(l *timeline) bool { return l.done < len(l.tokens) }) {
			break
		} else if extra != nil {
			m.copyPages(extra)
		}
	}
	for i, l := range lines {
		sameBits(t, l.logits, want[i].logits, "interleaved logits")
		sameBits(t, l.mtp, want[i].mtp, "interleaved MTP logits")
	}
}

// advance computes the next tokens of some sequences in one step, and the MTP
// rows that they make possible in another.
func advance(t *testing.T, m *Model, lines []*timeline, chunks []int, extra *Batch) {
	t.Helper()
	b := &Batch{}
	for i, l := range lines {
		b.Runs = append(b.Runs, Run{Tokens: l.tokens[l.done : l.done+chunks[i]], Position: l.done, Pages: l.pages, Form: l.form, Logits: chunks[i]})
	}
	if extra != nil {
		b.Copies, b.Runs = extra.Copies, append(b.Runs, extra.Runs...)
	}
	o, err := m.Forward(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Release()
	d := &Batch{}
	var drafting []*timeline
	for i, l := range lines {
		l.logits = append(l.logits, allLogits(o, i)...)
		h := o.Hidden(i)
		run := Run{Tokens: l.tokens[l.done : l.done+chunks[i]], Position: l.done, Pages: l.pages, Form: l.form}
		var parts []nn.Mat
		switch {
		case l.done == 0:
			run.Tokens, run.Position = run.Tokens[1:], 1
		case l.done%PageSize == 0: // as after a prefix hit
			parts = append(parts, m.Cache().LastHidden(l.pages[l.done/PageSize-1]))
		default:
			parts = append(parts, nn.FromHost(1, m.Config.Dim, l.hidden))
		}
		run.Hidden = append(parts, h.Slice(0, h.Rows()-1))
		run.Logits = len(run.Tokens)
		last := h.Slice(h.Rows()-1, h.Rows()).Host(nil)
		if len(run.Tokens) > 0 {
			d.Runs, drafting = append(d.Runs, run), append(drafting, l)
		}
		defer func() { l.hidden = last }()
		l.done += chunks[i]
	}
	if m.MTP() == nil || len(d.Runs) == 0 {
		return
	}
	p, err := m.MTP().Forward(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	for i, l := range drafting {
		l.mtp = append(l.mtp, allLogits(p, i)...)
	}
}

// TestPipeline checks that two models, each with some of the layers, give what
// one with all gives.
func TestPipeline(t *testing.T) {
	c := aCase(t)
	_, input := c.Ints(t, "input_ids")
	all := open(t, c.Path, Options{})
	want := allLogits(whole(t, all, ids(input), Expanded, nil), 0)
	for cut := 1; cut < all.Config.Layers; cut++ {
		first, second := open(t, c.Path, Options{To: cut}), open(t, c.Path, Options{From: cut, NoMTP: true})
		o := whole(t, first, ids(input), Expanded, nil)
		second.Reserve(first.Cache().Pages())
		run := Run{Tokens: ids(input), Hidden: []nn.Mat{o.Hidden(0)}, Pages: pages(0, second.Cache().Pages()), Form: Expanded, Logits: len(input)}
		o2, err := second.Forward(context.Background(), &Batch{Runs: []Run{run}})
		if err != nil {
			t.Fatal(err)
		}
		sameBits(t, allLogits(o2, 0), want, "two halves against the whole")
	}
}

// TestCancel checks that a canceled context ends a step, and that a step whose
// runs are all canceled still returns.
func TestCancel(t *testing.T) {
	m := open(t, aCase(t).Path, Options{})
	m.Reserve(1)
	ctx, cancel := context.WithCancel(context.Background())
	b := &Batch{Runs: []Run{{Tokens: []token.ID{1, 2}, Pages: pages(0, 1), Logits: 1}}}
	b.Observe = func(s Stage) {
		if s.Name == "h" && s.Layer == 1 {
			cancel()
		} else if s.Layer > 1 {
			t.Errorf("%s of layer %d after the step was canceled", s.Name, s.Layer)
		}
	}
	if _, err := m.Forward(ctx, b); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	b.Observe, b.Runs[0].Canceled = nil, func() bool { return true }
	o, err := m.Forward(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	if !o.Canceled(0) {
		t.Error("the canceled run is not said to be")
	}
}

// TestNotFinite plants a NaN in the latents of an earlier token, and wants the
// layer that meets it named.
func TestNotFinite(t *testing.T) {
	for _, test := range []struct {
		options Options
		bytes   int // of a value
		nan     []byte
	}{
		{Options{}, 4, []byte{0, 0, 0xc0, 0x7f}},
		{Options{Math: Fast, Cache: CacheF32}, 4, []byte{0, 0, 0xc0, 0x7f}},
		{Options{Math: Fast}, 2, []byte{0xc0, 0x7f}},
	} {
		m := open(t, aCase(t).Path, test.options)
		m.Reserve(1)
		run := Run{Tokens: []token.ID{1, 2, 3}, Pages: pages(0, 1), Logits: 1}
		o, err := m.Forward(context.Background(), &Batch{Runs: []Run{run}})
		if err != nil {
			t.Fatal(err)
		}
		o.Release()
		page := make([]byte, m.Cache().PageBytes())
		m.Cache().ReadPage(0, page)
		width := m.Config.KVRank + m.Config.Rope
		copy(page[test.bytes*(2*PageSize*width+width):], test.nan) // layer 2, token 1
		m.Cache().WritePage(0, page)
		for _, form := range []Form{Absorbed, Expanded} {
			_, err = m.Forward(context.Background(), &Batch{Runs: []Run{{Tokens: []token.ID{4}, Position: 3, Pages: run.Pages, Form: form, Logits: 1}}})
			var nf *NonFiniteError
			if !errors.As(err, &nf) || nf.Where != "layer 2" || nf.Position != 3 {
				t.Errorf("%+v: error %v, want one that names layer 2 and position 3", test.options, err)
			}
		}
	}
}

// TestBadBatches checks that what a request can get wrong is a sentence.
func TestBadBatches(t *testing.T) {
	m := open(t, aCase(t).Path, Options{})
	m.Reserve(1)
	for _, r := range []Run{
		{},
		{Tokens: []token.ID{-1}, Pages: pages(0, 1)},
		{Tokens: []token.ID{token.ID(m.Vocabulary())}, Pages: pages(0, 1)},
		{Tokens: []token.ID{1}, Pages: pages(7, 1)},
		{Tokens: []token.ID{1}, Position: 64, Pages: pages(0, 1)},
		{Tokens: []token.ID{1}, Pages: pages(0, 1), Logits: 2},
	} {
		if _, err := m.Forward(context.Background(), &Batch{Runs: []Run{r}}); err == nil {
			t.Errorf("run %+v was computed", r)
		}
	}
	if _, err := m.MTP().Forward(context.Background(), &Batch{Runs: []Run{{Tokens: []token.ID{1}, Position: 1, Pages: pages(0, 1)}}}); err == nil {
		t.Error("MTP without hidden states was computed")
	}
}

// TestBindErrors checks that all that is wrong with a checkpoint is reported at
// once, by name.
func TestBindErrors(t *testing.T) {
	ck, err := checkpoint.Open(aCase(t).Path)
	if err != nil {
		t.Fatal(err)
	}
	defer ck.Close()
	c, err := ParseConfig(ck)
	if err != nil {
		t.Fatal(err)
	}
	c.Heads, c.Experts, c.Groups = c.Heads*2, c.Experts+1, 1
	_, err = bind(ck, c, Options{}.withDefaults(c.Layers))
	var be *BindError
	if !errors.As(err, &be) {
		t.Fatalf("error %v, want a BindError", err)
	}
	// Of each layer: q_b, kv_b, o; of each MoE layer also gate, bias and the three
	// matrices of the expert that is not there.
	layers, moe := c.Layers+1, c.Layers+1-c.DenseLayers
	if want := 3*layers + 5*moe; len(be.Errs) != want {
		t.Errorf("%d problems, want %d:\n%v", len(be.Errs), want, err)
	}
}

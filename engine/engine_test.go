package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

const (
	vocabulary = 50
	limit      = 300 // context
)

// A fake is a network whose next token is a function of all before it, which it
// sees only through pages. It refuses what a real one could not do.
type fake struct {
	t     *testing.T
	pages [][deepseek.PageSize]token.ID
	steps []int           // tokens of each step
	forms []deepseek.Form // of the runs, step by step
	fail  int             // step that fails; 0 is none
	busy  sync.Mutex
}

var errDisk = errors.New("disk gone")

func (f *fake) Reserve(pages int) {
	if pages < len(f.pages) {
		f.t.Errorf("the cache shrinks from %d pages to %d", len(f.pages), pages)
	}
	for len(f.pages) < pages {
		var p [deepseek.PageSize]token.ID
		for i := range p {
			p[i] = -1
		}
		f.pages = append(f.pages, p)
	}
}

func (f *fake) Forward(ctx context.Context, b *deepseek.Batch) (*deepseek.Output, error) {
	if !f.busy.TryLock() {
		f.t.Error("two steps at once")
	} else {
		defer f.busy.Unlock()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var logits [][][]float32
	n := 0
	for _, r := range b.Runs {
		f.forms = append(f.forms, r.Form)
		n += len(r.Tokens)
		for i, t := range r.Tokens {
			at := r.Position + i
			f.pages[r.Pages[at/deepseek.PageSize]][at%deepseek.PageSize] = t
		}
		var rows [][]float32
		for i := len(r.Tokens) - r.Logits; i < len(r.Tokens); i++ {
			var past []token.ID
			for at := range r.Position + i + 1 {
				past = append(past, f.pages[r.Pages[at/deepseek.PageSize]][at%deepseek.PageSize])
			}
			rows = append(rows, oneHot(next(past)))
		}
		logits = append(logits, rows)
	}
	f.steps = append(f.steps, n)
	if f.fail == len(f.steps) {
		return nil, errDisk
	}
	return deepseek.HostOutput(logits), nil
}

// next is the fake's greedy token.
func next(past []token.ID) token.ID {
	h := uint64(len(past))
	for _, t := range past {
		h = h*1000003 + uint64(t) + 7
	}
	return token.ID(2 + h%(vocabulary-2)) // 0 and 1 never come by themselves
}

func oneHot(id token.ID) []float32 {
	v := make([]float32, vocabulary)
	v[id] = 10
	return v
}

// alone is what a prompt's greedy continuation must be.
func alone(prompt []token.ID, n int) []token.ID {
	all := slices.Clone(prompt)
	for range n {
		all = append(all, next(all))
	}
	return all[len(prompt):]
}

func prompt(r *rand.Rand, n int) []token.ID {
	p := make([]token.ID, n)
	for i := range p {
		p[i] = token.ID(r.IntN(vocabulary))
	}
	return p
}

func collect(t *testing.T, s *Stream) ([]token.ID, error) {
	t.Helper()
	var ids []token.ID
	for c, err := range s.Tokens(context.Background()) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, c.ID)
	}
	return ids, nil
}

// TestSameTokensWhateverTheSchedule asks for several sequences at once, with
// steps of random size, and wants of each the tokens that it has alone.
func TestSameTokensWhateverTheSchedule(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		f := &fake{t: t}
		e := New(f, Options{Vocabulary: vocabulary, Context: limit, ExpandFrom: 20, MaxStepTokens: 1 + r.IntN(100)})
		var group sync.WaitGroup
		for range 1 + r.IntN(4) {
			p, n := prompt(r, 1+r.IntN(150)), 1+r.IntN(100)
			s, err := e.Submit(Request{Prompt: p, MaxTokens: n})
			if err != nil {
				t.Fatal(err)
			}
			group.Go(func() {
				got, err := collect(t, s)
				if err != nil || !slices.Equal(got, alone(p, n)) {
					t.Errorf("tokens %v (%v), want %v", got, err, alone(p, n))
				}
				if st := s.Stats(); st.Reason != Length || st.PrefillTokens != len(p) || st.DecodeTokens != n-1 {
					t.Errorf("stats %+v of a prompt of %d and %d new tokens", st, len(p), n)
				}
			})
		}
		group.Wait()
		if e.pages.Free() != len(f.pages) {
			t.Errorf("%d of %d pages are free when nothing runs", e.pages.Free(), len(f.pages))
		}
		for _, n := range f.steps {
			if n > e.options.MaxStepTokens {
				t.Errorf("a step of %d tokens, want at most %d", n, e.options.MaxStepTokens)
			}
		}
	}
}

// TestForms checks that the prompt's length decides its form, whatever the size of
// steps, and that generated tokens are absorbed.
func TestForms(t *testing.T) {
	for _, n := range []int{19, 20, 45} {
		f := &fake{t: t}
		e := New(f, Options{Vocabulary: vocabulary, Context: limit, ExpandFrom: 20, MaxStepTokens: 10})
		s, err := e.Submit(Request{Prompt: make([]token.ID, n), MaxTokens: 4})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := collect(t, s); err != nil {
			t.Fatal(err)
		}
		form := deepseek.Absorbed
		if n >= 20 {
			form = deepseek.Expanded
		}
		want := slices.Repeat([]deepseek.Form{form}, (n+9)/10)
		want = append(want, deepseek.Absorbed, deepseek.Absorbed, deepseek.Absorbed)
		if !slices.Equal(f.forms, want) {
			t.Errorf("prompt of %d tokens: forms %v, want %v", n, f.forms, want)
		}
	}
}

// TestEnds checks the three ways a sequence ends by itself.
func TestEnds(t *testing.T) {
	p := []token.ID{5, 6, 7}
	want := alone(p, limit)
	e := New(&fake{t: t}, Options{Vocabulary: vocabulary, Context: limit})
	for _, test := range []struct {
		name   string
		r      Request
		n      int
		reason Reason
	}{
		{"most tokens", Request{MaxTokens: 4}, 4, Length},
		{"full context", Request{}, limit - 3, Length},
		{"end token", Request{End: []token.ID{want[9]}}, slices.Index(want, want[9]) + 1, Stopped},
	} {
		test.r.Prompt = p
		s, err := e.Submit(test.r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := collect(t, s)
		if err != nil || !slices.Equal(got, want[:test.n]) || s.Stats().Reason != test.reason {
			t.Errorf("%s: %d tokens, %q (%v), want %d, %q", test.name, len(got), s.Stats().Reason, err, test.n, test.reason)
		}
	}
}

// TestRefused checks that what can't be computed is an error before anything is.
func TestRefused(t *testing.T) {
	f := &fake{t: t}
	e := New(f, Options{Vocabulary: vocabulary, Context: limit})
	for _, test := range []struct {
		r    Request
		want string
	}{
		{Request{}, "no tokens"},
		{Request{Prompt: make([]token.ID, limit)}, "the prompt has 300 tokens, which leaves no room for an answer in a context of 300"},
		{Request{Prompt: make([]token.ID, 200), MaxTokens: 101}, "a prompt of 200 tokens and 101 new ones exceed the context of 300"},
		{Request{Prompt: make([]token.ID, 2), MaxTokens: -1}, "-1 new tokens"},
		{Request{Prompt: []token.ID{3, vocabulary}}, "the prompt has token 50, and the vocabulary 0 to 49"},
		{Request{Prompt: []token.ID{-3}}, "the prompt has token -3"},
		{Request{Prompt: make([]token.ID, 2), Sampling: sample.Params{TopP: 2}}, "2"},
	} {
		if _, err := e.Submit(test.r); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want one with %q", err, test.want)
		}
	}
	if len(f.steps) > 0 {
		t.Errorf("%d steps were computed", len(f.steps))
	}
}

// TestErrorsAndCancel checks that a failed step and a canceled context end a
// sequence, that its pages come back, and that the next one is served.
func TestErrorsAndCancel(t *testing.T) {
	f := &fake{t: t, fail: 5}
	e := New(f, Options{Vocabulary: vocabulary, Context: limit})
	p := []token.ID{3, 4}
	s, _ := e.Submit(Request{Prompt: p})
	if got, err := collect(t, s); !errors.Is(err, errDisk) || len(got) != 4 {
		t.Errorf("%d tokens and error %v, want 4 and that of the disk", len(got), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, _ = e.Submit(Request{Prompt: p})
	n := 0
	var last error
	for _, err := range s.Tokens(ctx) {
		last = err
		if n++; n == 7 {
			cancel()
		}
	}
	if n != 8 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d yields and error %v, want 8, the last of them canceled", n, last)
	}
	s, _ = e.Submit(Request{Prompt: p})
	for range s.Tokens(context.Background()) {
		break // a caller that has enough
	}
	s, _ = e.Submit(Request{Prompt: p, MaxTokens: 3})
	if got, err := collect(t, s); err != nil || !slices.Equal(got, alone(p, 3)) {
		t.Errorf("after all that: %v (%v), want %v", got, err, alone(p, 3))
	}
	if e.pages.Free() != len(f.pages) {
		t.Errorf("%d of %d pages are free when nothing runs", e.pages.Free(), len(f.pages))
	}
}

// TestCanceledWhileWaiting checks that a sequence whose turn has not come ends
// with its context.
func TestCanceledWhileWaiting(t *testing.T) {
	e := New(&fake{t: t}, Options{Vocabulary: vocabulary, Context: limit})
	first, _ := e.Submit(Request{Prompt: []token.ID{1}})
	second, _ := e.Submit(Request{Prompt: []token.ID{1}})
	for range first.Tokens(context.Background()) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for _, err := range second.Tokens(ctx) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want canceled", err)
			}
		}
		break
	}
}

// TestNothingToChoose checks a bias that excludes every token.
func TestNothingToChoose(t *testing.T) {
	bias := map[token.ID]float32{}
	for id := range token.ID(vocabulary) {
		bias[id] = float32(math.Inf(-1))
	}
	e := New(&fake{t: t}, Options{Vocabulary: vocabulary, Context: limit})
	s, err := e.Submit(Request{Prompt: []token.ID{1}, Sampling: sample.Params{LogitBias: bias}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := collect(t, s); err == nil {
		t.Errorf("chose %v", got)
	}
}

func ExampleEngine() {
	// A *deepseek.Model stands where nil does here.
	e := New(nil, Options{Vocabulary: 129280, Context: 2048})
	_, err := e.Submit(Request{Prompt: make([]token.ID, 4000)})
	fmt.Println(err)
	// Output: the prompt has 4000 tokens, which leaves no room for an answer in a context of 2048
}

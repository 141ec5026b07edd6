package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

// start returns an engine over a fake of the given pages, which ends with the test.
func start(t *testing.T, o Options) (*Engine, *fake) {
	t.Helper()
	o.Context, o.Vocabulary = limit, vocabulary
	if o.Pages == 0 {
		o.Pages = 40
	}
	f := newFake(t, o.Pages)
	f.right = 7
	e := New(f.network(true), o)
	t.Cleanup(func() {
		e.Close()
		if len(f.wrong) > 0 {
			t.Error(f.wrong[0])
		}
	})
	return e, f
}

func submit(t *testing.T, e *Engine, r Request) *Stream {
	t.Helper()
	s, err := e.Submit(r)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func collect(s *Stream) (ids []token.ID, err error) {
	for c, err := range s.Tokens(context.Background()) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, c.ID)
	}
	return ids, nil
}

// TestTogether asks from many goroutines, and wants of each the tokens that it has
// alone, and the accounts to be right.
func TestTogether(t *testing.T) {
	e, f := start(t, Options{Pages: 12, ExpandFrom: 20, MaxSequences: 5})
	var group sync.WaitGroup
	for i := range uint64(40) {
		r := rand.New(rand.NewPCG(i, 1))
		p, n := prompt(r, 1+r.IntN(150)), 1+r.IntN(100)
		s := submit(t, e, Request{Prompt: p, MaxTokens: n})
		group.Go(func() {
			got, err := collect(s)
			if want := f.alone(Request{Prompt: p, MaxTokens: n}, &e.options); err != nil || !slices.Equal(got, want) {
				t.Errorf("tokens %v (%v), want %v", got, err, want)
			}
			if st := s.Stats(); st.Reason != Length || st.PrefillTokens != len(p) || st.DecodeTokens != n-1 || st.LogitsHash == 0 {
				t.Errorf("stats %+v of a prompt of %d and %d new tokens", st, len(p), n)
			}
		})
	}
	group.Wait()
	if c := e.Counts(); c.Free+c.Remembered != c.Pages || c.Running+c.Waiting != 0 || c.Generated == 0 {
		t.Errorf("counts when nothing runs: %+v", c)
	}
}

// TestEnds checks the reasons of an end.
func TestEnds(t *testing.T) {
	e, f := start(t, Options{})
	p := []token.ID{5, 6, 7}
	want := f.alone(Request{Prompt: p}, &e.options)
	if len(want) != limit-3 {
		t.Fatalf("%d tokens to the end of the context", len(want))
	}
	for _, test := range []struct {
		name   string
		r      Request
		n      int
		reason Reason
	}{
		{"most tokens", Request{MaxTokens: 4}, 4, Length},
		{"full context", Request{}, limit - 3, Length},
		{"more tokens than that", Request{MaxTokens: 2 * limit}, limit - 3, Length},
		{"end token", Request{End: []token.ID{want[9]}}, slices.Index(want, want[9]) + 1, Stopped},
	} {
		test.r.Prompt = p
		s := submit(t, e, test.r)
		got, err := collect(s)
		if again, err := collect(s); !errors.Is(err, errTwice) || len(again) != 0 {
			t.Errorf("%s: a second time gives %v (%v)", test.name, again, err)
		}
		if err != nil || !slices.Equal(got, want[:test.n]) || s.Stats().Reason != test.reason {
			t.Errorf("%s: %d tokens, %q (%v), want %d, %q", test.name, len(got), s.Stats().Reason, err, test.n, test.reason)
		}
	}
}

// TestSmallCache: where the pages hold less than the context, a sequence ends with
// them, for its length.
func TestSmallCache(t *testing.T) {
	e, f := start(t, Options{Pages: 2})
	p := []token.ID{5, 6, 7}
	s := submit(t, e, Request{Prompt: p, MaxTokens: 200})
	got, err := collect(s)
	if want := f.alone(Request{Prompt: p, MaxTokens: 200}, &e.options); len(got) != 125 || !slices.Equal(got, want) || err != nil || s.Stats().Reason != Length {
		t.Errorf("%d tokens, %q (%v), want 125, %q", len(got), s.Stats().Reason, err, Length)
	}
	if _, err := e.Submit(Request{Prompt: make([]token.ID, 130)}); err == nil || !strings.Contains(err.Error(), "the prompt has 130 tokens, and the latent cache holds 128") {
		t.Errorf("error %v", err)
	}
}

// TestRefused checks that what can't be computed is an error before anything is.
func TestRefused(t *testing.T) {
	e, f := start(t, Options{})
	for _, test := range []struct {
		r    Request
		want string
	}{
		{Request{}, "no tokens"},
		{Request{Prompt: make([]token.ID, limit)}, "the prompt has 300 tokens, which leaves no room for an answer in a context of 300"},
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

var errDisk = errors.New("disk gone")

// TestErrorsAndCancel checks that a failed step and a canceled context end a
// sequence, that its pages come back, and that the next one is served.
func TestErrorsAndCancel(t *testing.T) {
	e, f := start(t, Options{NoPrefixes: true, Drafting: Drafting{MTP: Off, Lookup: Off}})
	f.fail = func(int) error {
		if len(f.steps) == 5 {
			return errDisk
		}
		return nil
	}
	p := []token.ID{3, 4}
	if got, err := collect(submit(t, e, Request{Prompt: p})); !errors.Is(err, errDisk) || len(got) != 4 {
		t.Errorf("%d tokens and error %v, want 4 and that of the disk", len(got), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	var last error
	for _, err := range submit(t, e, Request{Prompt: p}).Tokens(ctx) {
		last = err
		if n++; n == 7 {
			cancel()
		}
	}
	if n != 8 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d yields and error %v, want 8, the last of them canceled", n, last)
	}
	for range submit(t, e, Request{Prompt: p}).Tokens(context.Background()) {
		break // a caller that has enough
	}
	r := Request{Prompt: p, MaxTokens: 3}
	if got, err := collect(submit(t, e, r)); err != nil || !slices.Equal(got, f.alone(r, &e.options)) {
		t.Errorf("after all that: %v (%v), want %v", got, err, f.alone(r, &e.options))
	}
	if c := e.Counts(); c.Free != c.Pages {
		t.Errorf("%d of %d pages are free when nothing runs", c.Free, c.Pages)
	}
}

// TestCancelWithinAStep: a step that is under way stops computing what nobody waits for.
func TestCancelWithinAStep(t *testing.T) {
	var steps []StepInfo
	e, f := start(t, Options{Trace: Trace{Step: func(s StepInfo) { steps = append(steps, s) }}})
	ctx, cancel := context.WithCancel(context.Background())
	streams := make(chan *Stream, 1)
	f.layer = func() {
		s := <-streams
		cancel()
		for !s.sequence.canceled.Load() {
			runtime.Gosched()
		}
		f.layer = nil
	}
	s := submit(t, e, Request{Prompt: prompt(rand.New(rand.NewPCG(1, 1)), 200), MaxTokens: 5})
	streams <- s
	for _, err := range s.Tokens(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a token, and error %v, want none but that it was canceled", err)
		}
	}
	e.Close()
	if len(steps) == 0 || len(steps[0].Runs) != 0 {
		t.Errorf("the steps %+v, want a first one of which nothing was computed", steps)
	}
}

// TestNonFinite: a value that is not finite ends the sequence that it is of, and
// no other.
func TestNonFinite(t *testing.T) {
	e, f := start(t, Options{})
	var bad []token.ID
	f.fail = func(run int) error {
		if len(f.steps) > 3 && bad == nil && run == 1 {
			bad = []token.ID{1}
			return &deepseek.NonFiniteError{Where: "layer 3", Run: 1, Position: 9}
		}
		return nil
	}
	var group sync.WaitGroup
	var mutex sync.Mutex
	failed := 0
	for i := range token.ID(3) {
		r := Request{Prompt: []token.ID{5, 6, 7, i}, MaxTokens: 90}
		s := submit(t, e, r)
		group.Go(func() {
			got, err := collect(s)
			mutex.Lock()
			defer mutex.Unlock()
			var nf *deepseek.NonFiniteError
			switch want := f.alone(r, &e.options); {
			case errors.As(err, &nf):
				failed++
			case err != nil || !slices.Equal(got, want):
				t.Errorf("tokens %v (%v), want %v", got, err, want)
			}
		})
	}
	group.Wait()
	if failed > 1 {
		t.Errorf("%d sequences failed, want 1", failed)
	}
}

// TestBusy: more than may wait are refused.
func TestBusy(t *testing.T) {
	e, _ := start(t, Options{MaxSequences: 1, MaxWaiting: 1})
	for range submit(t, e, Request{Prompt: []token.ID{1}}).Tokens(context.Background()) {
		second, stop := context.WithCancel(context.Background())
		waits := make(chan struct{})
		var group sync.WaitGroup
		s := submit(t, e, Request{Prompt: []token.ID{2}})
		group.Go(func() {
			close(waits)
			for range s.Tokens(second) {
			}
		})
		<-waits
		for e.open.Load() < 2 && s.Stats().Steps == 0 {
			runtime.Gosched()
		}
		if s.Stats().Steps == 0 { // else the first had ended
			if _, err := collect(submit(t, e, Request{Prompt: []token.ID{3}})); !errors.Is(err, ErrBusy) && s.Stats().Steps == 0 {
				t.Errorf("error %v, want %v", err, ErrBusy)
			}
		}
		stop()
		group.Wait()
		break
	}
}

// TestManyAtOnce: as many as are computed at once, and as many as may wait beside them, are
// taken however fast they come.
func TestManyAtOnce(t *testing.T) {
	e, f := start(t, Options{Pages: 400, MaxSequences: 60, MaxWaiting: 1})
	gate := make(chan struct{})
	f.layer = func() { <-gate } // none ends before all have come
	var group sync.WaitGroup
	var refused atomic.Int32
	for i := range uint64(62) {
		s := submit(t, e, Request{Prompt: prompt(rand.New(rand.NewPCG(i, 1)), 3), MaxTokens: 5})
		group.Go(func() {
			if _, err := collect(s); errors.Is(err, ErrBusy) {
				refused.Add(1)
				close(gate) // the last has come
			}
		})
	}
	group.Wait()
	if n := refused.Load(); n != 1 {
		t.Errorf("%d of 62 requests were refused, want 1", n)
	}
}

// TestClose: what runs and waits ends with the engine, and what comes after is
// refused.
func TestClose(t *testing.T) {
	e, _ := start(t, Options{MaxSequences: 2})
	var group sync.WaitGroup
	begun := make(chan struct{}, 4)
	for i := range token.ID(4) {
		s := submit(t, e, Request{Prompt: []token.ID{i}})
		group.Go(func() {
			begun <- struct{}{}
			for _, err := range s.Tokens(context.Background()) {
				if err != nil && !errors.Is(err, ErrClosed) {
					t.Errorf("error %v, want %v", err, ErrClosed)
				}
			}
		})
	}
	<-begun
	e.Close()
	group.Wait()
	if _, err := collect(submit(t, e, Request{Prompt: []token.ID{1}})); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: error %v", err)
	}
	if c := e.Counts(); c.Steps != 0 {
		t.Errorf("a closed engine counts %+v", c)
	}
}

// TestCanceledByMany cancels 10,000 requests at random moments: while they wait, in
// their prompt, between two tokens. Nothing of them stays.
func TestCanceledByMany(t *testing.T) {
	n := 10_000
	if testing.Short() {
		n = 300
	}
	before := runtime.NumGoroutine()
	e, _ := start(t, Options{Pages: 20, MaxSequences: 8, MaxStepTokens: 64, MaxWaiting: 1 << 20})
	for start := 0; start < n; start += 50 {
		var group sync.WaitGroup
		for i := start; i < start+50; i++ {
			r := rand.New(rand.NewPCG(uint64(i), 3))
			s := submit(t, e, Request{Prompt: prompt(r, 1+r.IntN(200))})
			ctx, cancel := context.WithCancel(context.Background())
			tokens := r.IntN(4)
			group.Go(func() {
				defer cancel()
				if tokens == 0 {
					group.Go(cancel)
				}
				for range s.Tokens(ctx) {
					if tokens--; tokens == 0 {
						cancel()
					}
				}
			})
		}
		group.Wait()
	}
	if c := e.Counts(); c.Free+c.Remembered != c.Pages || c.Running+c.Waiting != 0 || e.open.Load() != 0 {
		t.Errorf("after %d canceled requests: %+v, %d waiting", n, c, e.open.Load())
	}
	e.Close()
	for runtime.NumGoroutine() > before { // a leak never ends
		runtime.Gosched()
	}
}

// TestNothingToChoose checks a bias that excludes every token.
func TestNothingToChoose(t *testing.T) {
	bias := map[token.ID]float32{}
	for id := range token.ID(vocabulary) {
		bias[id] = float32(math.Inf(-1))
	}
	e, _ := start(t, Options{Drafting: Drafting{MTP: On}})
	if got, err := collect(submit(t, e, Request{Prompt: []token.ID{1}, Sampling: sample.Params{LogitBias: bias}})); err == nil {
		t.Errorf("chose %v", got)
	}
}

func ExampleEngine() {
	// A *deepseek.Model stands where nil does here.
	e := New(Network{}, Options{Vocabulary: 129280, Context: 2048, Pages: 100})
	defer e.Close()
	_, err := e.Submit(Request{Prompt: make([]token.ID, 4000)})
	fmt.Println(err)
	// Output: the prompt has 4000 tokens, which leaves no room for an answer in a context of 2048
}

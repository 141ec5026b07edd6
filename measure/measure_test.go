package measure

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/demo"
	"github.com/deskseek/deskseek/engine"
	"github.com/deskseek/deskseek/token"
)

func demoModel(t *testing.T) *deepseek.Model {
	t.Helper()
	ck, err := demo.Open()
	if err != nil {
		t.Fatal(err)
	}
	m, err := deepseek.Load(ck, deepseek.Options{Workers: 2, NoMTP: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// TestRun checks what is counted of each kind of case; how long they take is not
// judged.
func TestRun(t *testing.T) {
	m := demoModel(t)
	turns := 0
	b := NewBench(m, Options{Repetitions: 2, StepTokens: 16, Between: func() { turns++ }})
	run := func(c Case) *Result {
		t.Helper()
		turns = 0
		r, err := b.Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if turns != 2 {
			t.Errorf("Between was called %d times in 2 repetitions", turns)
		}
		if len(r.Seconds) != 2 || slices.Min(r.Seconds) <= 0 || r.ReadBytes <= 0 || r.Operations <= 0 {
			t.Errorf("%+v", r)
		}
		return r
	}
	one := m.BytesPerToken()
	decode := run(Case{Decode, 3, 0, 1})
	if decode.Steps != 3 || decode.ReadBytes != 3*one {
		t.Errorf("3 tokens: %d steps read %d bytes, want 3 that read %d", decode.Steps, decode.ReadBytes, 3*one)
	}
	deep := run(Case{Decode, 3, 300, 1})
	if deep.ReadBytes != decode.ReadBytes || deep.Operations <= decode.Operations {
		t.Errorf("at depth 300: %d bytes, %d operations; at 0 %d and %d", deep.ReadBytes, deep.Operations, decode.ReadBytes, decode.Operations)
	}
	four := run(Case{Decode, 3, 100, 4})
	if four.Steps != 3 || four.ReadBytes <= decode.ReadBytes || four.ReadBytes >= 4*decode.ReadBytes {
		t.Errorf("4 streams: %d steps read %d bytes, want 3 that read between %d and four times that", four.Steps, four.ReadBytes, decode.ReadBytes)
	}
	prefill := run(Case{Prefill, 40, 7, 1})
	if prefill.Steps != 3 {
		t.Errorf("prefill of 40 in %d steps of at most 16, want 3", prefill.Steps)
	}
	if got := prefill.Tokens()[0] * slices.Max(prefill.Seconds); got < 39.9 || got > 40.1 {
		t.Errorf("the slowest repetition has %g tokens", got)
	}
}

func TestRefused(t *testing.T) {
	m := demoModel(t)
	b := NewBench(m, Options{})
	for _, c := range []Case{
		{"chat", 1, 0, 1},
		{Decode, 0, 0, 1},
		{Decode, 1, -1, 1},
		{Decode, 1, 0, 0},
		{Prefill, m.Config.Context, 1, 1},
	} {
		if _, err := b.Run(t.Context(), c); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Run(ctx, Case{Decode, 1, 0, 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		v    []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{1, 2}, 1.5}, {[]float64{1, 2, 9}, 2}} {
		if got := Median(c.v); got != c.want {
			t.Errorf("%v: %g, want %g", c.v, got, c.want)
		}
	}
}

// TestProbe checks that passes add up, of loops that did something.
func TestProbe(t *testing.T) {
	p := NewProber(3, 0)
	for _, b := range p.buffers {
		if len(b)%readPiece != 0 || 3*len(b) < leastBuffer {
			t.Errorf("a thread reads %d bytes, want whole MiB, and %d of all", len(b), leastBuffer)
		}
	}
	var r Roofs
	p.Probe(&r)
	var more Roofs
	p.Probe(&more)
	r.Add(&more)
	if len(r.Read) != 4 || len(r.Multiply) != 4 || r.Multiplier == "" || r.Read[0] <= 0 || r.Multiply[0] <= 0 || !slices.IsSorted(r.Read) {
		t.Errorf("%+v", r)
	}
}

// TestFastest checks the choice with loops that say they do nothing, or much.
func TestFastest(t *testing.T) {
	lazy, busy := multiplier{"lazy", func() int { return 0 }}, multiplier{"busy", func() int { return 1 << 40 }}
	if got := fastest(lazy, busy, lazy).name; got != "busy" {
		t.Errorf("%s is the fastest, want busy", got)
	}
	for _, m := range []multiplier{integers(), floats()} {
		if n := m.run(); n <= 0 {
			t.Errorf("%s: %d operations", m.name, n)
		}
	}
}

// TestReplay: a given text is said, with the drafts that it has itself, and none of it by
// the network.
func TestReplay(t *testing.T) {
	m := demoModel(t)
	var r Replay
	for i := range 100 {
		r.Prompt = append(r.Prompt, token.ID(7*i%500))
	}
	r.Answer = slices.Concat(r.Prompt[10:50], []token.ID{501, 502, 503}, r.Prompt[50:90])
	if err := r.Check(m.Vocabulary()); err != nil {
		t.Fatal(err)
	}
	for _, streams := range []int{1, 3} {
		b := NewBench(m, Options{Repetitions: 1, Replay: &r, Drafting: engine.Drafting{Lookup: engine.On, Most: 4}})
		got, err := b.Run(t.Context(), r.Case(0, streams))
		if err != nil {
			t.Fatal(err)
		}
		drafted, held := 0, 0
		for _, a := range got.ByPlace {
			drafted, held = drafted+a.Drafted, held+a.Accepted
		}
		// A step gives up to five tokens; three are new, and where the text goes on is
		// seen by three tokens at the beginning, and by two behind them. How far streams
		// are when the last has its first token is the machine's business.
		if got.Steps > 82/5+1+3+3+2+5 || held < 40*streams || held == drafted {
			t.Errorf("%d streams: %d steps of 82 tokens, %d of %d drafts held", streams, got.Steps, held, drafted)
		}
	}
	for name, bad := range map[string]Replay{
		"no prompt":    {nil, r.Answer},
		"no answer":    {r.Prompt, r.Answer[:1]},
		"foreign id":   {r.Prompt, []token.ID{1, token.ID(m.Vocabulary())}},
		"negative one": {[]token.ID{-1}, r.Answer},
	} {
		if bad.Check(m.Vocabulary()) == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

package measure

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/demo"
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
	b := NewBench(m, Options{Repetitions: 2, StepTokens: 16})
	run := func(c Case) *Result {
		t.Helper()
		r, err := b.Run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
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

// TestRead checks that the read loop reads all there is: a bit anywhere that the
// loop looks at changes what it returns.
func TestRead(t *testing.T) {
	b := make([]byte, readPiece+3*readUnit)
	if read(b) != 0 {
		t.Fatal("zeros are not 0")
	}
	for at := 0; at < len(b); at += 64 {
		b[at] = 1
		if read(b) == 0 {
			t.Fatalf("byte %d is not read", at)
		}
		b[at] = 0
	}
}

func TestProbe(t *testing.T) {
	p := NewProber(2, 0)
	var r Roofs
	p.Probe(&r)
	p.Probe(&r)
	if len(r.Read) != 6 || len(r.Multiply) != 6 || r.Multiplier == "" || r.Read[0] <= 0 || r.Multiply[0] <= 0 || !slices.IsSorted(r.Read) {
		t.Errorf("%+v", r)
	}
}

package deepseek

import (
	"context"
	"math"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/token"
)

// open loads a checkpoint for a test.
func open(t testing.TB, path string, o Options) *Model {
	t.Helper()
	ck, err := checkpoint.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(ck, o)
	if err != nil {
		ck.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.Close()
		ck.Close()
	})
	return m
}

// pages returns n pages from the given one on.
func pages(from, n int) []PageID {
	p := make([]PageID, n)
	for i := range p {
		p[i] = PageID(from + i)
	}
	return p
}

func ids(values []int32) []token.ID {
	out := make([]token.ID, len(values))
	for i, v := range values {
		out[i] = token.ID(v)
	}
	return out
}

// whole runs the tokens as one sequence in one step and returns all logits; the
// sequence takes the cache's first pages.
func whole(t testing.TB, m *Model, tokens []token.ID, form Form, observe func(Stage)) *Output {
	t.Helper()
	n := (len(tokens) + PageSize) / PageSize
	if m.Cache() == nil || m.Cache().Pages() < n {
		m.Reserve(n + 1)
	}
	o, err := m.Forward(context.Background(), &Batch{
		Runs:    []Run{{Tokens: tokens, Pages: pages(0, n), Form: form, Logits: len(tokens)}},
		Observe: observe,
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// allLogits returns the logits of a run's tokens, row after row.
func allLogits(o *Output, run int) []float32 {
	var all []float32
	for i := range o.runs[run].wantsLogits {
		all = append(all, o.Logits(run, i, nil)...)
	}
	return all
}

// drafts runs the MTP layer over a whole sequence whose main step was o.
func drafts(t testing.TB, m *Model, o *Output, tokens []token.ID, form Form, observe func(Stage)) *Output {
	t.Helper()
	n := len(tokens) - 1
	d, err := m.MTP().Forward(context.Background(), &Batch{
		Runs: []Run{{
			Tokens: tokens[1:], Hidden: []nn.Mat{o.Hidden(0).Slice(0, n)},
			Position: 1, Pages: pages(0, (len(tokens)+PageSize)/PageSize), Form: form, Logits: n,
		}},
		Observe: observe,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func argmax(v []float32) int32 {
	best := 0
	for i, x := range v {
		if x > v[best] {
			best = i
		}
	}
	return int32(best)
}

// relative returns the largest ‖a−b‖/‖b‖ of rows of the given length, and its row.
func relative(a, b []float32, cols int) (worst float64, row int) {
	for r := 0; r+cols <= len(b); r += cols {
		var diff, norm float64
		for i := range cols {
			d := float64(a[r+i]) - float64(b[r+i])
			diff += d * d
			norm += float64(b[r+i]) * float64(b[r+i])
		}
		e := math.Sqrt(diff / norm)
		if norm == 0 {
			e = math.Sqrt(diff)
		}
		if e > worst || math.IsNaN(e) {
			worst, row = e, r/cols
		}
	}
	return worst, row
}

// each runs a test for every golden case.
func each(t *testing.T, test func(t *testing.T, c golden.Case)) {
	for _, c := range golden.Cases(t) {
		t.Run(c.Name, func(t *testing.T) { test(t, c) })
	}
}

package deepseek

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/token"
)

// readPages returns the bytes of the first n pages.
func readPages(m *Model, n int) [][]byte {
	var all [][]byte
	for p := range PageID(n) {
		b := make([]byte, m.Cache().PageBytes())
		m.Cache().ReadPage(p, b)
		all = append(all, b)
	}
	return all
}

// TestFill fills the MTP cache of a text in random chunks, and wants every bit that
// Forward caches.
func TestFill(t *testing.T) {
	each(t, func(t *testing.T, c golden.Case) {
		for _, by := range []Math{Exact, Fast} {
			t.Run(string(by), func(t *testing.T) {
				m := open(t, c.Path, Options{Math: by})
				if m.MTP() == nil {
					t.Skip("the case has no MTP layer")
				}
				_, input := c.Ints(t, "input_ids")
				fillInChunks(t, m, ids(input), rand.New(rand.NewPCG(8, 1)))
			})
		}
	})
}

func fillInChunks(t *testing.T, m *Model, tokens []token.ID, r *rand.Rand) {
	o := whole(t, m, tokens, Expanded, nil)
	defer o.Release()
	n := (len(tokens) + PageSize - 1) / PageSize
	before := readPages(m, n)
	drafts(t, m, o, tokens, Expanded, nil).Release()
	want := readPages(m, n)
	if bytes.Equal(before[0], want[0]) {
		t.Fatal("Forward cached nothing")
	}
	for p, b := range before {
		m.Cache().WritePage(PageID(p), b)
	}
	for at := 1; at < len(tokens); {
		k := min(1+r.IntN(40), len(tokens)-at)
		fill := Run{Tokens: tokens[at : at+k], Hidden: []nn.Mat{o.Hidden(0).Slice(at-1, at-1+k)}, Position: at, Pages: pages(0, n), Form: Form(r.IntN(2))}
		if err := m.MTP().Fill(context.Background(), &Batch{Runs: []Run{fill}}); err != nil {
			t.Fatal(err)
		}
		at += k
	}
	for p, b := range readPages(m, n) {
		if !bytes.Equal(b, want[p]) {
			t.Errorf("page %d is not what Forward caches", p)
		}
	}
}

// TestFillLike checks that Fill refuses, ends and moves pages as Forward does.
func TestFillLike(t *testing.T) {
	m := open(t, aCase(t).Path, Options{})
	m.Reserve(3)
	hidden := func(v float32) []nn.Mat { return []nn.Mat{nn.FromHost(1, m.Config.Dim, filled(m.Config.Dim, v))} }
	fill := func(ctx context.Context, r Run, c ...PageCopy) error {
		return m.MTP().Fill(ctx, &Batch{Runs: []Run{r}, Copies: c})
	}
	good := Run{Tokens: []token.ID{7}, Hidden: hidden(1), Position: 1, Pages: pages(0, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	empty := readPages(m, 3)
	if err := fill(ctx, good); !errors.Is(err, context.Canceled) || !bytes.Equal(readPages(m, 1)[0], empty[0]) {
		t.Errorf("canceled: error %v", err)
	}
	canceled := good
	canceled.Canceled = func() bool { return true }
	if err := fill(context.Background(), canceled); err != nil || !bytes.Equal(readPages(m, 1)[0], empty[0]) {
		t.Errorf("canceled run: error %v", err)
	}
	if err := fill(context.Background(), good); err != nil {
		t.Fatal(err)
	}
	other := good
	other.Pages = pages(1, 1)
	if err := fill(context.Background(), other, PageCopy{To: 2, From: 0}); err != nil {
		t.Fatal(err)
	}
	if p := readPages(m, 3); !bytes.Equal(p[0], p[2]) || !bytes.Equal(p[0], p[1]) || bytes.Equal(p[0], empty[0]) {
		t.Error("the pages differ, of the same fill, and of a copy")
	}
	nan := good
	nan.Hidden = hidden(float32(math.NaN()))
	var nf *NonFiniteError
	if err := fill(context.Background(), nan); !errors.As(err, &nf) || *nf != (NonFiniteError{"MTP layer", 0, 1}) {
		t.Errorf("a NaN: error %v", err)
	}
	for _, change := range []func(*Run){
		func(r *Run) { r.Position = 0 },
		func(r *Run) { r.Hidden = nil },
		func(r *Run) { r.Logits = 1 },
		func(r *Run) { r.Tokens = nil },
	} {
		bad := good
		change(&bad)
		if err := fill(context.Background(), bad); err == nil {
			t.Errorf("run %+v was filled", bad)
		}
	}
	var none *MTP
	if err := none.Fill(context.Background(), &Batch{}); err == nil {
		t.Error("filled without an MTP layer")
	}
}

func filled(n int, v float32) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = v
	}
	return s
}

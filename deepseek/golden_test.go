package deepseek

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/nn"
	"github.com/deskseek/deskseek/token"
)

// tolerance is the relative error of a row, ‖a−b‖/‖b‖, that exact math may have
// against the float64 reference. f32 reaches about 1e-6.
const tolerance = 1e-4

// A stages compares the stages of a step with the expected ones, in the order
// they are computed. The first that differs names the bug.
type stages struct {
	t      *testing.T
	c      golden.Case
	m      *Model
	failed bool
	worst  float64
}

// compare checks rows of a stage against part `at` of an expected array.
func (s *stages) compare(name string, at int, got []float32, cols int) {
	if s.failed || !s.c.Has(name+".npy") {
		return
	}
	_, all := s.c.Floats(s.t, name)
	n := len(got)
	if (at+1)*n > len(all) {
		s.t.Fatalf("%s: %d values, expected has %d", name, (at+1)*n, len(all))
	}
	worst, row := relative(got, all[at*n:(at+1)*n], cols)
	s.worst = max(s.worst, worst)
	if !(worst <= tolerance) {
		s.failed = true
		s.t.Errorf("first stage that differs: %s[%d], row %d: relative error %.2g, want at most %g", name, at, row, worst, tolerance)
	}
}

// routes checks the chosen experts where the decision is wider than rounding.
func (s *stages) routes(names [3]string, at int, r *nn.Routes) {
	experts, weights := r.Host()
	k := r.K()
	n := len(experts) / k
	_, wantE := s.c.Ints(s.t, names[0])
	_, wantW := s.c.Floats(s.t, names[1])
	_, margin := s.c.Floats(s.t, names[2])
	for i := range n {
		if margin[at*n+i] < 1e-4 || s.failed {
			continue
		}
		want := map[int32]float32{}
		for j := range k {
			want[wantE[(at*n+i)*k+j]] = wantW[(at*n+i)*k+j]
		}
		for j := range k {
			w, ok := want[experts[i*k+j]]
			if d := w - weights[i*k+j]; !ok || d > tolerance || d < -tolerance {
				s.failed = true
				s.t.Errorf("first stage that differs: %s[%d], row %d: experts %v weights %v, want %v", names[0], at, i, experts[i*k:(i+1)*k], weights[i*k:(i+1)*k], want)
				break
			}
		}
	}
}

func (s *stages) main(st Stage) {
	cols := st.Values.Cols()
	c := &s.m.Config
	switch st.Name {
	case "embedding":
		s.compare("hidden", 0, st.Values.Host(nil), cols)
	case "c_kv":
		s.compare("kv_c", st.Layer, st.Values.Host(nil), cols)
	case "k_pe":
		s.compare("k_pe", st.Layer, st.Values.Host(nil), cols)
	case "scores":
		s.compare("moe_scores", st.Layer-c.DenseLayers, st.Values.Host(nil), cols)
	case "routes":
		s.routes([3]string{"moe_experts", "moe_weights", "moe_margin"}, st.Layer-c.DenseLayers, st.Routes)
	case "h":
		s.compare("hidden", st.Layer+1, st.Values.Host(nil), cols)
	case "norm":
		s.compare("final_norm", 0, st.Values.Host(nil), cols)
	}
}

func (s *stages) mtp(st Stage) {
	switch st.Name {
	case "eh_proj":
		s.compare("mtp_eh_proj", 0, st.Values.Host(nil), st.Values.Cols())
	case "routes":
		s.routes([3]string{"mtp_experts", "mtp_weights", "mtp_margin"}, 0, st.Routes)
	case "prenorm":
		s.compare("mtp_hidden_prenorm", 0, st.Values.Host(nil), st.Values.Cols())
	case "norm":
		s.compare("mtp_hidden", 0, st.Values.Host(nil), st.Values.Cols())
	}
}

// TestGoldenStages compares every stage of a prompt, in both forms of attention.
func TestGoldenStages(t *testing.T) {
	each(t, func(t *testing.T, c golden.Case) {
		_, input := c.Ints(t, "input_ids")
		for _, form := range []Form{Absorbed, Expanded} {
			t.Run([]string{"absorbed", "expanded"}[form], func(t *testing.T) {
				m := open(t, c.Path, Options{})
				s := &stages{t: t, c: c, m: m}
				o := whole(t, m, ids(input), form, s.main)
				s.compare("logits", 0, allLogits(o, 0), m.Config.Vocabulary)
				if m.MTP() == nil {
					if c.Has("mtp_logits.npy") {
						t.Fatal("the MTP layer was not found")
					}
				} else {
					d := drafts(t, m, o, ids(input), form, s.mtp)
					s.compare("mtp_logits", 0, allLogits(d, 0), m.Config.Vocabulary)
					d.Release()
				}
				o.Release()
				t.Logf("largest relative error of a row: %.2g", s.worst)
			})
		}
	})
}

// TestGoldenGreedy continues the prompt by 32 tokens, one a step: the prompt in
// the form its length asks for, the rest absorbed.
func TestGoldenGreedy(t *testing.T) {
	each(t, func(t *testing.T, c golden.Case) {
		_, input := c.Ints(t, "input_ids")
		var want struct{ Tokens []int32 }
		c.JSON(t, "greedy", &want)
		m := open(t, c.Path, Options{})
		if got := greedy(t, m, ids(input), len(want.Tokens)); !slices.Equal(got, want.Tokens) {
			t.Errorf("greedy tokens\n%v, want\n%v", got, want.Tokens)
		}
	})
}

// greedy continues a prompt by n tokens.
func greedy(t *testing.T, m *Model, prompt []token.ID, n int) []int32 {
	need := (len(prompt)+n)/PageSize + 1
	m.Reserve(need)
	var out []int32
	run := Run{Tokens: prompt, Pages: pages(0, need), Logits: 1}
	if len(prompt) >= m.Config.ExpandFrom() {
		run.Form = Expanded
	}
	for range n {
		o, err := m.Forward(context.Background(), &Batch{Runs: []Run{run}})
		if err != nil {
			t.Fatal(err)
		}
		next := argmax(o.Logits(0, 0, nil))
		o.Release()
		out = append(out, next)
		run = Run{Tokens: ids([]int32{next}), Position: run.Position + len(run.Tokens), Pages: run.Pages, Logits: 1}
	}
	return out
}

// TestGoldenMTPChain drafts three tokens after the prompt and the first greedy
// token, each from the MTP layer's own output.
func TestGoldenMTPChain(t *testing.T) {
	each(t, func(t *testing.T, c golden.Case) {
		if !c.Has("mtp_chain_post_logits.npy") {
			t.Skip("the case has no MTP layer")
		}
		_, input := c.Ints(t, "input_ids")
		_, want := c.Floats(t, "mtp_chain_post_logits")
		var meta struct {
			Tokens []int32 `json:"mtp_chain_post_tokens"`
		}
		c.JSON(t, "meta", &meta)
		var first struct{ Tokens []int32 }
		c.JSON(t, "greedy", &first)

		m := open(t, c.Path, Options{})
		prompt := ids(input)
		o := whole(t, m, prompt, Absorbed, nil)
		d := drafts(t, m, o, prompt, Absorbed, nil)
		d.Release()
		hidden := o.Hidden(0).Slice(len(prompt)-1, len(prompt))
		next := token.ID(first.Tokens[0])
		var got []int32
		for i := range meta.Tokens {
			d, err := m.MTP().Forward(context.Background(), &Batch{Runs: []Run{{
				Tokens: []token.ID{next}, Hidden: []nn.Mat{hidden},
				Position: len(prompt) + i, Pages: pages(0, (len(prompt)+PageSize)/PageSize), Logits: 1,
			}}})
			if err != nil {
				t.Fatal(err)
			}
			logits := d.Logits(0, 0, nil)
			v := len(logits)
			if e, _ := relative(logits, want[i*v:(i+1)*v], v); !(e <= tolerance) {
				t.Errorf("draft %d: relative error %.2g", i+1, e)
			}
			hidden, next = d.Hidden(0), token.ID(argmax(logits))
			got = append(got, int32(next))
		}
		if fmt.Sprint(got) != fmt.Sprint(meta.Tokens) {
			t.Errorf("drafts %v, want %v", got, meta.Tokens)
		}
	})
}

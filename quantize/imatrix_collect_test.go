package quantize

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/deepseek"
)

// smallInputs are of the tensors of smallImatrix.
func smallInputs() *deepseek.Inputs {
	return &deepseek.Inputs{Sums: []*deepseek.InputSums{
		{Names: []string{experts}, Counts: []int{1, 0, 0}, Columns: 2, Squares: []float64{0.5, 1, 0, 0, 0, 0}},
		{Names: []string{heads}, Counts: []int{2}, Columns: 2, Squares: []float64{1, 2, 3, 4}},
		{Names: []string{plain}, Counts: []int{1}, Columns: 3, Squares: []float64{1, 1, math.Pow(2, -60)}},
	}}
}

func TestImatrixAdd(t *testing.T) {
	m := smallImatrix(t)
	if err := m.Add(smallInputs()); err != nil {
		t.Fatal(err)
	}
	want := map[string]columnSums{
		experts: {[]int{5, 0, 2}, []float32{4.5, 9, 0, 0, 1, 3}},
		heads:   {[]int{10}, []float32{9, 18, 27, 36}},
		plain:   {[]int{3}, []float32{2, 3, 3}},
	}
	if !reflect.DeepEqual(m.sums, want) {
		t.Errorf("%v, want %v", m.sums, want)
	}
	var empty Imatrix
	in := smallInputs()
	in.Sums[2].Names = append(in.Sums[2].Names, "blk.0.ffn_gate.weight")
	for range 2 { // two names of the same inputs are added to once each
		if err := empty.Add(in); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range in.Sums[2].Names {
		if s := empty.sums[name]; s.counts[0] != 2 || s.sums[0] != 2 {
			t.Errorf("%s: %v", name, s)
		}
	}
}

// TestImatrixAddRefuses: what can't be added changes nothing.
func TestImatrixAddRefuses(t *testing.T) {
	for want, change := range map[string]func(in *deepseek.Inputs){
		"does not know tensor x":               func(in *deepseek.Inputs) { in.Sums[2].Names[0] = "x" },
		"of its 3 tensors the network has 2":   func(in *deepseek.Inputs) { in.Sums = in.Sums[:2] },
		"4 sums and 1 counts":                  func(in *deepseek.Inputs) { in.Sums[1].Squares = in.Sums[1].Squares[:2] },
		"6 sums and 3 counts":                  func(in *deepseek.Inputs) { in.Sums[0].Counts = []int{1} },
		"column 1: a sum of squares is +Inf":   func(in *deepseek.Inputs) { in.Sums[2].Squares[1] = 1e300 },
		"column 2: a sum of squares is NaN":    func(in *deepseek.Inputs) { in.Sums[2].Squares[2] = math.NaN() },
		"has seen 16777218 tokens, want at mo": func(in *deepseek.Inputs) { in.Sums[2].Counts[0] = 1 << 24 },
	} {
		m, in := smallImatrix(t), smallInputs()
		change(in)
		if err := m.Add(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if !reflect.DeepEqual(m, smallImatrix(t)) {
			t.Errorf("%s: it was changed", want)
		}
	}
}

func TestImatrixExperts(t *testing.T) {
	var m Imatrix
	for name, counts := range map[string][]int{
		"blk.10.ffn_down_exps.weight": {1, 0, 2, 0}, "blk.2.ffn_down_exps.weight": {3, 4}, "blk.2.ffn_up_exps.weight": {3, 4}, "blk.0.ffn_down.weight": {9},
	} {
		if err := m.Set(name, counts, make([]float32, len(counts))); err != nil {
			t.Fatal(err)
		}
	}
	got := m.Experts()
	if !reflect.DeepEqual(got, []ExpertCount{{2, []int{3, 4}}, {10, []int{1, 0, 2, 0}}}) {
		t.Errorf("%v", got)
	}
	if a, b := got[0].Unseen(), got[1].Unseen(); len(a) != 0 || !reflect.DeepEqual(b, []int{1, 3}) {
		t.Errorf("unseen %v, %v", a, b)
	}
}

package deepseek

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/tensor"
)

// A naive is a network as GGUF names it, in float64 and written without a trick, that
// notes what each matrix is multiplied with.
type naive struct {
	c       *Config
	weights map[string][]float64
	sums    map[string][]float64 // squares, by tensor: [matrices, columns]
	counts  map[string][]int     // by tensor and matrix
}

func newNaive(t *testing.T, path string) *naive {
	ck, err := checkpoint.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer ck.Close()
	parts, err := Assemble(ck, checkpoint.GGUF, true)
	if err != nil {
		t.Fatal(err)
	}
	n := &naive{&parts.Config, map[string][]float64{}, map[string][]float64{}, map[string][]int{}}
	for _, a := range parts.Tensors {
		var all []float64
		for _, p := range a.Pieces {
			values, row := make([]float64, p.Rows*p.Cols), make([]float32, p.Cols)
			for r := range p.Rows {
				tensor.Decode(row, p.Tensor, r)
				for c, v := range row {
					if p.Transposed {
						values[c*p.Rows+r] = float64(v)
					} else {
						values[r*p.Cols+c] = float64(v)
					}
				}
			}
			all = append(all, values...)
		}
		n.weights[a.Name] = all
	}
	return n
}

// times returns W x of matrix e of a stack of so many [out, len(x)].
func (n *naive) times(name string, e, matrices int, x []float64) []float64 {
	if n.sums[name] == nil {
		n.sums[name], n.counts[name] = make([]float64, matrices*len(x)), make([]int, matrices)
	}
	n.counts[name][e]++
	for i, v := range x {
		n.sums[name][e*len(x)+i] += v * v
	}
	w := n.weights[name]
	w = w[len(w)/matrices*e:][:len(w)/matrices]
	y := make([]float64, len(w)/len(x))
	for r := range y {
		for i, v := range x {
			y[r] += w[r*len(x)+i] * v
		}
	}
	return y
}

func (n *naive) norm(name string, x []float64, eps float64) []float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v / math.Sqrt(sum/float64(len(x))+eps) * n.weights[name][i]
	}
	return y
}

func (n *naive) rotate(x []float64, position int) {
	for i, f := range n.c.Frequencies() {
		s, c := math.Sincos(float64(position) * f)
		s, c = s*n.c.RopeScale(), c*n.c.RopeScale()
		x[2*i], x[2*i+1] = x[2*i]*c-x[2*i+1]*s, x[2*i]*s+x[2*i+1]*c
	}
}

func (n *naive) mlp(gate, up, down string, e, matrices int, x []float64) []float64 {
	g, u := n.times(gate, e, matrices, x), n.times(up, e, matrices, x)
	for i := range g {
		g[i] = g[i] / (1 + math.Exp(-g[i])) * u[i]
	}
	return n.times(down, e, matrices, g)
}

func add(x, y []float64, weight float64) {
	for i := range x {
		x[i] += weight * y[i]
	}
}

// layer changes the rows x, whose first stands at a position, of which attention sees
// those before it.
func (n *naive) layer(at int, x [][]float64, position int) {
	c, p := n.c, fmt.Sprintf("blk.%d.", at)
	var latents, keys [][]float64
	for t := range x {
		h := n.norm(p+"attn_norm.weight", x[t], c.Epsilon)
		kv := n.times(p+"attn_kv_a_mqa.weight", 0, 1, h)
		latents, keys = append(latents, n.norm(p+"attn_kv_a_norm.weight", kv[:c.KVRank], latentEpsilon)), append(keys, kv[c.KVRank:])
		n.rotate(keys[t], position+t)
		q, from := "attn_q.weight", h
		if c.QRank > 0 {
			q, from = "attn_q_b.weight", n.norm(p+"attn_q_a_norm.weight", n.times(p+"attn_q_a.weight", 0, 1, h), latentEpsilon)
		}
		queries := n.times(p+q, 0, 1, from)
		var results []float64
		for head := range c.Heads {
			q := queries[head*(c.Nope+c.Rope):][:c.Nope+c.Rope]
			n.rotate(q[c.Nope:], position+t)
			absorbed := n.times(p+"attn_k_b.weight", head, c.Heads, q[:c.Nope])
			scores, sum := make([]float64, t+1), 0.0
			for s := range scores {
				for i, v := range latents[s] {
					scores[s] += absorbed[i] * v
				}
				for i, v := range keys[s] {
					scores[s] += q[c.Nope+i] * v
				}
				scores[s] = math.Exp(scores[s] * c.SoftmaxScale())
				sum += scores[s]
			}
			mixed := make([]float64, c.KVRank)
			for s, w := range scores {
				add(mixed, latents[s], w/sum)
			}
			results = append(results, n.times(p+"attn_v_b.weight", head, c.Heads, mixed)...)
		}
		add(x[t], n.times(p+"attn_output.weight", 0, 1, results), 1)
	}
	for t := range x {
		h := n.norm(p+"ffn_norm.weight", x[t], c.Epsilon)
		if at < c.DenseLayers {
			add(x[t], n.mlp(p+"ffn_gate.weight", p+"ffn_up.weight", p+"ffn_down.weight", 0, 1, h), 1)
			continue
		}
		for e, w := range n.route(p, h) {
			if w > 0 {
				add(x[t], n.mlp(p+"ffn_gate_exps.weight", p+"ffn_up_exps.weight", p+"ffn_down_exps.weight", e, c.Experts, h), w)
			}
		}
		if c.SharedExperts > 0 {
			add(x[t], n.mlp(p+"ffn_gate_shexp.weight", p+"ffn_up_shexp.weight", p+"ffn_down_shexp.weight", 0, 1, h), 1)
		}
	}
}

// route returns the weights of all experts; 0 is not chosen.
func (n *naive) route(p string, h []float64) []float64 {
	c := n.c
	scores := n.times(p+"ffn_gate_inp.weight", 0, 1, h)
	biased := make([]float64, c.Experts)
	for e := range scores {
		scores[e] = 1 / (1 + math.Exp(-scores[e]))
		biased[e] = scores[e] + n.weights[p+"exp_probs_b.bias"][e]
	}
	size := c.Experts / c.Groups
	groups := make([]int, c.Groups)
	rank := func(g int) float64 {
		s := slices.Sorted(slices.Values(biased[g*size : (g+1)*size]))
		return s[size-1] + s[max(size-2, 0)]
	}
	var kept []int
	for g := range groups {
		groups[g] = g
	}
	slices.SortFunc(groups, func(a, b int) int { return compare(rank(b), rank(a)) })
	for _, g := range groups[:c.KeptGroups] {
		for e := g * size; e < (g+1)*size; e++ {
			kept = append(kept, e)
		}
	}
	slices.SortFunc(kept, func(a, b int) int { return compare(biased[b], biased[a]) })
	weights, sum := make([]float64, c.Experts), 0.0
	for _, e := range kept[:c.TopK] {
		weights[e] = scores[e]
		sum += scores[e]
	}
	for e := range weights {
		if c.NormalizeTopK {
			weights[e] /= sum
		}
		weights[e] *= c.RoutedScale
	}
	return weights
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// read reads a sequence, and the MTP layer's pairs of it.
func (n *naive) read(tokens []int32, mtp bool) {
	c := n.c
	embed := func(t int32) []float64 { return slices.Clone(n.weights["token_embd.weight"][int(t)*c.Dim:][:c.Dim]) }
	var x [][]float64
	for _, t := range tokens {
		x = append(x, embed(t))
	}
	for i := range c.Layers {
		n.layer(i, x, 0)
	}
	for t := range x {
		x[t] = n.norm("output_norm.weight", x[t], c.Epsilon)
		n.times("output.weight", 0, 1, x[t])
	}
	if !mtp {
		return
	}
	p := fmt.Sprintf("blk.%d.nextn.", c.Layers)
	var pairs [][]float64
	for i, t := range tokens[1:] {
		pair := append(n.norm(p+"enorm.weight", embed(t), c.Epsilon), n.norm(p+"hnorm.weight", x[i], c.Epsilon)...)
		pairs = append(pairs, n.times(p+"eh_proj.weight", 0, 1, pair))
	}
	n.layer(c.Layers, pairs, 1)
	head := p + "shared_head_head.weight"
	if n.weights[head] == nil {
		head = "output.weight"
	}
	for _, x := range pairs {
		n.times(head, 0, 1, n.norm(p+"shared_head_norm.weight", x, c.Epsilon))
	}
}

// TestInputs compares what is counted and summed with a naive network that reads the
// same text, whatever the format. Both see the same weights, so they differ by the
// rounding of f32 alone, as the golden stages do; a square has twice the relative error.
func TestInputs(t *testing.T) {
	each(t, func(t *testing.T, c golden.Case) {
		_, input := c.Ints(t, "input_ids")
		m := open(t, c.Path, Options{})
		in := m.Watch(true)
		for range 2 { // Reset forgets the first
			in.Reset()
			o := whole(t, m, ids(input), Absorbed, nil)
			if m.MTP() != nil {
				d := drafts(t, m, o, ids(input), Absorbed, nil)
				d.Release()
			}
			o.Release()
		}
		in.Close()
		whole(t, m, ids(input), Absorbed, nil).Release() // is no longer seen
		n := newNaive(t, c.Path)
		n.read(input, m.MTP() != nil)
		checkInputs(t, in, n)
	})
}

func checkInputs(t *testing.T, in *Inputs, n *naive) {
	t.Helper()
	seen := 0
	for _, s := range in.Sums {
		for _, name := range s.Names {
			seen++
			want, counts := n.sums[name], n.counts[name]
			if len(s.Counts) == 1 {
				counts = counts[:1]
			}
			if !slices.Equal(s.Counts, counts) || len(s.Squares) != len(want) {
				t.Errorf("%s: counts %d of %d sums, want %d of %d", name, s.Counts, len(s.Squares), counts, len(want))
				continue
			}
			diff, norm := 0.0, 0.0
			for i, w := range want {
				diff += (s.Squares[i] - w) * (s.Squares[i] - w)
				norm += w * w
			}
			if e := math.Sqrt(diff / norm); !(e <= 2*tolerance) {
				t.Errorf("%s: relative error %.2g", name, e)
			}
		}
	}
	if seen != len(n.sums) {
		t.Errorf("%d tensors, want %d", seen, len(n.sums))
	}
}

// TestInputsFast: twins of W^UK are seen as W^UK is, and inputs before they are rounded.
func TestInputsFast(t *testing.T) {
	each(t, func(t *testing.T, c golden.Case) {
		_, input := c.Ints(t, "input_ids")
		sums := map[Math]map[string]*InputSums{}
		for _, how := range []Math{Exact, Fast} {
			m := open(t, c.Path, Options{Math: how})
			in := m.Watch(false)
			whole(t, m, ids(input), Absorbed, nil).Release()
			sums[how] = map[string]*InputSums{}
			for _, s := range in.Sums {
				sums[how][s.Names[0]] = s
			}
		}
		for _, name := range []string{"blk.0.attn_kv_a_mqa.weight", "blk.0.attn_q_a.weight", "blk.0.attn_q.weight", "blk.0.attn_k_b.weight", "blk.0.attn_v_b.weight"} {
			exact, fast := sums[Exact][name], sums[Fast][name]
			if (exact == nil) != (fast == nil) {
				t.Errorf("%s: not known to both", name)
			}
			if exact == nil {
				continue
			}
			if fast.Counts[0] != len(input) || exact.Counts[0] != len(input) {
				t.Errorf("%s: %d and %d tokens, want %d", name, exact.Counts[0], fast.Counts[0], len(input))
			}
			diff, norm := 0.0, 0.0
			for i, w := range exact.Squares {
				diff += math.Pow(fast.Squares[i]-w, 2)
				norm += w * w
			}
			// Eight bits a value round queries and latents of the first layer by half a percent.
			if e := math.Sqrt(diff / norm); !(e < 0.05) {
				t.Errorf("%s: relative error %.2g", name, e)
			}
		}
	})
}

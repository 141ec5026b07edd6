package nn

import "github.com/deskseek/deskseek/kernel"

// A Gate chooses the experts of a token (report 2.1.2, no auxiliary loss):
// scores s = sigmoid(W x); the choice is made by s + Bias, limited to the best
// Kept of Groups groups, a group's rank being the sum of its two best; the
// weights are the chosen s, without the bias, divided by their sum where
// Normalize is set, times Scale. Ties go to the lower id. All of it is f32.
type Gate struct {
	Scores       Linear    // [experts, dim]
	Bias         []float32 // e_score_correction_bias; nil is none
	Groups, Kept int       // n_group, topk_group
	TopK         int       // num_experts_per_tok
	Normalize    bool      // norm_topk_prob
	Scale        float32   // routed_scaling_factor
}

// Routes are the choices of a Gate for the rows of a step. Only this package
// reads them in a step; they are valid until the next Route in the same Arena.
type Routes struct {
	n, k    int
	experts []int32   // [n, k], ascending ids
	weights []float32 // [n, k]
	scores  Mat       // [n, experts], sigmoid, unbiased
}

// Host copies the choices to the host: the experts' ids and weights, [n, k]
// each, ids ascending, for tests and traces.
func (r *Routes) Host() (experts []int32, weights []float32) {
	return append([]int32(nil), r.experts...), append([]float32(nil), r.weights...)
}

// Scores returns the sigmoid scores of all experts, without bias: [n, experts].
func (r *Routes) Scores() Mat { return r.scores }

// K returns the number of experts chosen for a token.
func (r *Routes) K() int { return r.k }

// Route chooses the experts for every row of x.
func (g *Gate) Route(x Mat) *Routes {
	scores := g.Scores.Apply(x)
	r := &x.arena.jobs.routes
	r.n, r.k, r.scores = x.rows, g.TopK, scores
	r.experts = grow(r.experts, r.n*r.k)
	r.weights = grow(r.weights, r.n*r.k)
	x.arena.runRows(x.rows, rowsJob{op: opRoute, dst: scores, gate: g, routes: r})
	return r
}

// row chooses for row i.
func (g *Gate) row(c *chooser, r *Routes, i int) {
	s := r.scores.row(i)
	for e, v := range s {
		s[e] = kernel.Sigmoid(v)
	}
	g.choose(c, s, r.experts[i*r.k:(i+1)*r.k], r.weights[i*r.k:(i+1)*r.k])
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// A chooser is the memory of one choice.
type chooser struct {
	biased []float32
	groups []float32
	kept   []bool
	taken  []bool
}

// choose picks the experts of one token from its scores.
func (g *Gate) choose(c *chooser, scores []float32, experts []int32, weights []float32) {
	c.biased = grow(c.biased, len(scores))
	c.taken = grow(c.taken, len(scores))
	copy(c.biased, scores)
	for e, b := range g.Bias {
		c.biased[e] += b
	}
	g.limit(c, len(scores)/g.Groups)
	for range experts {
		c.taken[best(c.biased, c.taken)] = true
	}
	// c.taken also marks the experts of dropped groups: what was chosen is
	// what is taken in a kept group.
	size, i := len(scores)/g.Groups, 0
	for e, t := range c.taken {
		if t && c.kept[e/size] {
			experts[i], weights[i] = int32(e), scores[e]
			i++
		}
	}
	if g.Normalize {
		sum := float32(1e-20)
		for _, w := range weights {
			sum += w
		}
		for i := range weights {
			weights[i] /= sum
		}
	}
	for i := range weights {
		weights[i] *= g.Scale
	}
}

// limit sets c.kept, and c.taken for the experts of all other groups, which
// are thus masked as by -inf.
func (g *Gate) limit(c *chooser, size int) {
	c.groups, c.kept = grow(c.groups, g.Groups), grow(c.kept, g.Groups)
	for i := range c.kept {
		c.kept[i] = g.Kept >= g.Groups
	}
	if g.Kept < g.Groups {
		for i := range c.groups {
			c.groups[i] = topTwo(c.biased[i*size : (i+1)*size])
		}
		for range g.Kept {
			c.kept[best(c.groups, c.kept)] = true
		}
	}
	for e := range c.taken {
		c.taken[e] = !c.kept[e/size]
	}
}

// best returns the index of the largest value not yet taken, the lowest of
// equals; where nothing compares (NaN), the lowest not taken.
func best(v []float32, taken []bool) int {
	b := -1
	for i, x := range v {
		if !taken[i] && (b < 0 || x > v[b]) {
			b = i
		}
	}
	return b
}

// topTwo returns the sum of the two largest values (of the only one, where
// there is one).
func topTwo(v []float32) float32 {
	if len(v) == 1 {
		return v[0]
	}
	a, b := v[0], v[1]
	if b > a {
		a, b = b, a
	}
	for _, x := range v[2:] {
		switch {
		case x > a:
			a, b = x, a
		case x > b:
			b = x
		}
	}
	return a + b
}

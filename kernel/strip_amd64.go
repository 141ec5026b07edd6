//go:build !purego

package kernel

// A strip is 16 rows of weights, and the loops for up to stripTokens tokens take
// one at a time as it is stored.
const (
	stripRows   = 16
	stripTokens = 8
)

// heads are the bytes of what the loop of an encoding wants of a token's block
// beside the integers: the sums it needs, and the scale.
var heads = [numEncodings]int{Q4_K: 20, Q5_K: 100, Q6_K: 72, Q8_0: 8}

// stored reports whether an encoding has a loop that takes it as it is stored.
func stored(e Encoding) bool { return heads[e] > 0 }

// strips does MatMulQ8 for at least stripRows rows and at most stripTokens tokens.
// The last strip is the last stripRows rows, some of them perhaps again.
func (s *Scratch) strips(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows) {
	n, blocks, rowBytes := a.N, a.K/a.Block, e.rowBytes(a.K)
	s.pack(e, a)
	tokens, work := &s.tokens[0], &s.panel[0]
	for next := 0; next < rows; next += stripRows {
		r := min(next, rows-stripRows)
		out, from := &dst[r], &w[r*rowBytes]
		// After the last there is nothing to ask for but what is there.
		ahead := &w[min(r+stripRows, rows-stripRows)*rowBytes]
		switch e {
		case Q4_K:
			strip4KVNNI(out, stride, from, rowBytes, tokens, blocks, work, ahead, n)
		case Q5_K:
			strip5KVNNI(out, stride, from, rowBytes, tokens, blocks, work, ahead, n)
		case Q6_K:
			strip6KVNNI(out, stride, from, rowBytes, tokens, blocks, work, ahead, n)
		case Q8_0:
			strip8VNNI(out, stride, from, rowBytes, tokens, blocks, work, ahead, n)
		}
	}
}

// pack copies the tokens to where the strips want them: of each block the integers
// of all tokens, and then the heads.
func (s *Scratch) pack(e Encoding, a *Q8Rows) {
	head := heads[e]
	blocks, step := a.K/a.Block, a.N*(a.Block+head)
	if need := blocks * step; len(s.tokens) < need {
		s.tokens = make([]byte, need)
	}
	for t := range a.N {
		to, first := &s.tokens[t*a.Block], &s.tokens[a.N*a.Block+t*head]
		q, sums, d := &a.Q[t*a.K], &a.Sums[t*a.K/16], &a.D[t*blocks]
		switch e {
		case Q4_K:
			pack4KVNNI(to, first, step, q, sums, d, blocks)
		case Q5_K:
			pack5KVNNI(to, first, step, q, sums, d, blocks)
		case Q6_K:
			pack6KVNNI(to, first, step, q, sums, d, blocks)
		case Q8_0:
			pack8VNNI(to, first, step, q, sums, d, blocks)
		}
	}
}

//go:noescape
func strip4KVNNI(dst *float32, stride int, w *byte, rowBytes int, tokens *byte, blocks int, work, ahead *byte, n int)

//go:noescape
func strip5KVNNI(dst *float32, stride int, w *byte, rowBytes int, tokens *byte, blocks int, work, ahead *byte, n int)

//go:noescape
func strip6KVNNI(dst *float32, stride int, w *byte, rowBytes int, tokens *byte, blocks int, work, ahead *byte, n int)

//go:noescape
func strip8VNNI(dst *float32, stride int, w *byte, rowBytes int, tokens *byte, blocks int, work, ahead *byte, n int)

//go:noescape
func pack4KVNNI(dst, head *byte, step int, q *int8, sums *int16, d *float32, blocks int)

//go:noescape
func pack5KVNNI(dst, head *byte, step int, q *int8, sums *int16, d *float32, blocks int)

//go:noescape
func pack6KVNNI(dst, head *byte, step int, q *int8, sums *int16, d *float32, blocks int)

//go:noescape
func pack8VNNI(dst, head *byte, step int, q *int8, sums *int16, d *float32, blocks int)

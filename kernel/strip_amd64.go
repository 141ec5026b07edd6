//go:build !purego

package kernel

// A strip is 16 rows of weights, and there are loops that take one as it is stored
// for up to stripTokens tokens. For twice as many it is still better to take it
// twice, out of the cache, than to make a panel of it.
const (
	stripRows   = 16
	stripTokens = 8
	stripMost   = 2 * stripTokens
)

// heads are the bytes of what the loop of an encoding wants of a token's block
// beside the integers: the sums it needs, and the scale.
var heads = [numEncodings]int{Q4_K: 20, Q5_K: 100, Q6_K: 72, Q8_0: 8}

// stored reports whether an encoding has a loop that takes it as it is stored.
func stored(e Encoding) bool { return heads[e] > 0 }

// strips does MatMulQ8 for at least stripRows rows and at most stripMost tokens.
// The last strip is the last stripRows rows, some of them perhaps again.
func (s *Scratch) strips(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows) {
	rowBytes := e.rowBytes(a.K)
	former := a.N
	if former > stripTokens {
		former = (a.N + 1) / 2
	}
	perToken := a.K / a.Block * (a.Block + heads[e])
	if need := a.N * perToken; len(s.tokens) < need {
		s.tokens = make([]byte, need)
	}
	pack(s.tokens, e, a, 0, former)
	pack(s.tokens[former*perToken:], e, a, former, a.N)
	for next := 0; next < rows; next += stripRows {
		r := min(next, rows-stripRows)
		from := w[r*rowBytes:][:stripRows*rowBytes]
		// After the last there is nothing to ask for but what is there.
		ahead := &w[min(r+stripRows, rows-stripRows)*rowBytes]
		s.strip(dst[r:], stride, from, e, a, 0, former, ahead)
		if former < a.N {
			s.strip(dst[former*stride+r:], stride, from, e, a, former, a.N, &from[0])
		}
	}
}

// strip multiplies a strip with the tokens lo to hi.
func (s *Scratch) strip(dst []float32, stride int, w []byte, e Encoding, a *Q8Rows, lo, hi int, ahead *byte) {
	n, blocks, rowBytes := hi-lo, a.K/a.Block, len(w)/stripRows
	tokens, work := &s.tokens[lo*blocks*(a.Block+heads[e])], &s.panel[0]
	switch e {
	case Q4_K:
		strip4KVNNI(&dst[0], stride, &w[0], rowBytes, tokens, blocks, work, ahead, n)
	case Q5_K:
		strip5KVNNI(&dst[0], stride, &w[0], rowBytes, tokens, blocks, work, ahead, n)
	case Q6_K:
		strip6KVNNI(&dst[0], stride, &w[0], rowBytes, tokens, blocks, work, ahead, n)
	case Q8_0:
		strip8VNNI(&dst[0], stride, &w[0], rowBytes, tokens, blocks, work, ahead, n)
	}
}

// pack copies the tokens lo to hi to where the strips want them: of each block the
// integers of all tokens, and then the heads.
func pack(dst []byte, e Encoding, a *Q8Rows, lo, hi int) {
	n, head, blocks := hi-lo, heads[e], a.K/a.Block
	step := n * (a.Block + head)
	for i := range n {
		t := lo + i
		to, first := &dst[i*a.Block], &dst[n*a.Block+i*head]
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

//go:build !purego

package kernel

import "github.com/deskseek/deskseek/internal/grid"

// The grids as their loops look them up: the magnitudes of eight weights, or of four, and
// of IQ1 the levels of eight.
//
//nolint:unused // by assembly
var (
	eightsIQ2XXS = [256]uint64(eights(grid.IQ2XXS[:], magnitudes))
	eightsIQ2XS  = [512]uint64(eights(grid.IQ2XS[:], magnitudes))
	eightsIQ2S   = [1024]uint64(eights(grid.IQ2S[:], magnitudes))
	eightsIQ1    = [2048]uint64(eights(grid.IQ1[:], levelBytes))
	foursIQ3XXS  = grid.IQ3XXS
	foursIQ3S    = grid.IQ3S
)

// eights returns what f makes of the entries.
//
//nolint:unused // of variables that assembly uses
func eights(entries []uint32, f func(uint32) uint64) []uint64 {
	out := make([]uint64, len(entries))
	for i, e := range entries {
		out[i] = f(e)
	}
	return out
}

// fours multiplies four rows at a time, as they are stored, the last four of them perhaps
// again, with each of the tokens, while they are in the cache. With the first it asks for the
// rows behind them, also where there are none: nothing comes of an address that there is
// not, and mostly the next call's rows are there.
func (s *Scratch) fours(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows) {
	loop := foursLoop(e)
	blocks, rowBytes := a.K/256, e.rowBytes(a.K)
	sums, perToken := s.storedSums(e, a)
	for next := 0; next < rows; next += 4 {
		r := min(next, rows-4)
		ahead := 4 * rowBytes
		for t := range a.N {
			loop(&dst[t*stride+r], &w[r*rowBytes], rowBytes, &a.Q[t*a.K], &a.D[t*blocks], &sums[t*perToken], blocks, ahead)
			ahead = 0
		}
	}
}

// pairs multiplies two rows at a time with two tokens, so that what is stored is taken apart
// once for both, the last two rows perhaps again.
func (s *Scratch) pairs(dst []float32, stride int, w []byte, e Encoding, rows int, a *Q8Rows) {
	loop := pairsLoop(e)
	blocks, rowBytes := a.K/256, e.rowBytes(a.K)
	sums, perToken := s.storedSums(e, a)
	for next := 0; next < rows; next += 2 {
		r := min(next, rows-2)
		loop(&dst[r], stride, &w[r*rowBytes], rowBytes, &a.Q[0], &a.D[0], &sums[0], a.K, 2*perToken, blocks, 2*rowBytes)
	}
}

// storedSums returns the sums of activations that rows as they are stored want, and how many
// a token has.
func (s *Scratch) storedSums(e Encoding, a *Q8Rows) (sums []int16, perToken int) {
	sums = a.Sums
	if e == Q4_K || e == Q5_K {
		sums = s.pairSums(a)
	}
	return sums, len(sums) / a.N
}

// A pairsTile multiplies two rows with two tokens, whose sums are perToken bytes apart.
type pairsTile func(dst *float32, stride int, w *byte, rowBytes int, q *int8, d *float32, sums *int16, k, perToken, blocks, ahead int)

// pairsLoop returns the loop of an encoding, or nil if there is none.
func pairsLoop(e Encoding) pairsTile {
	switch e {
	case Q4_K:
		return pairsQ4KAVX2
	case Q5_K:
		return pairsQ5KAVX2
	case Q6_K:
		return pairsQ6KAVX2
	case Q2_K:
		return pairsQ2KAVX2
	case Q3_K:
		return pairsQ3KAVX2
	}
	return nil
}

// A foursTile multiplies four rows with one token.
type foursTile func(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

// foursLoop returns the loop of an encoding, or nil if there is none.
func foursLoop(e Encoding) foursTile {
	switch e {
	case Q4_K:
		return rows4Q4KAVX2
	case Q5_K:
		return rows4Q5KAVX2
	case Q6_K:
		return rows4Q6KAVX2
	case Q2_K:
		return rows4Q2KAVX2
	case Q3_K:
		return rows4Q3KAVX2
	case IQ4_XS:
		return rows4IQ4XSAVX2
	case IQ2_XXS:
		return rows4IQ2XXSAVX2
	case IQ2_XS:
		return rows4IQ2XSAVX2
	case IQ2_S:
		return rows4IQ2SAVX2
	case IQ3_XXS:
		return rows4IQ3XXSAVX2
	case IQ3_S:
		return rows4IQ3SAVX2
	case IQ1_S:
		return rows4IQ1SAVX2
	case IQ1_M:
		return rows4IQ1MAVX2
	}
	return nil
}

//go:noescape
func rows4Q4KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4Q5KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4Q6KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4Q2KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4Q3KAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4IQ4XSAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4IQ2XXSAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4IQ2XSAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4IQ2SAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4IQ3XXSAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4IQ3SAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4IQ1SAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func rows4IQ1MAVX2(dst *float32, w *byte, rowBytes int, q *int8, d *float32, sums *int16, blocks, ahead int)

//go:noescape
func pairsQ4KAVX2(dst *float32, stride int, w *byte, rowBytes int, q *int8, d *float32, sums *int16, k, perToken, blocks, ahead int)

//go:noescape
func pairsQ5KAVX2(dst *float32, stride int, w *byte, rowBytes int, q *int8, d *float32, sums *int16, k, perToken, blocks, ahead int)

//go:noescape
func pairsQ6KAVX2(dst *float32, stride int, w *byte, rowBytes int, q *int8, d *float32, sums *int16, k, perToken, blocks, ahead int)

//go:noescape
func pairsQ2KAVX2(dst *float32, stride int, w *byte, rowBytes int, q *int8, d *float32, sums *int16, k, perToken, blocks, ahead int)

//go:noescape
func pairsQ3KAVX2(dst *float32, stride int, w *byte, rowBytes int, q *int8, d *float32, sums *int16, k, perToken, blocks, ahead int)

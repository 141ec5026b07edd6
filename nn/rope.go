package nn

import "math"

// A Rope rotates pairs of values (2i, 2i+1) by the angle position·Frequency[i]
// (RoFormer, with DeepSeek's interleaved pairs), and scales them by Scale.
//
// Angles are taken in float64: at position 163,839 a float32 angle would be off
// by 0.008 rad.
type Rope struct {
	Frequency []float64 // radians a position, one a pair
	Scale     float64   // YaRN's cos/sin factor; 1 in all released models
}

// Angles are the rotations of a step's tokens: cos and sin, [n, pairs] each.
type Angles struct{ cos, sin Mat }

// Angles returns the rotations of the given positions.
func (r Rope) Angles(a *Arena, positions []int32) Angles {
	n := len(r.Frequency)
	g := Angles{a.Mat(len(positions), n), a.Mat(len(positions), n)}
	for i, p := range positions {
		cos, sin := g.cos.row(i), g.sin.row(i)
		for k, f := range r.Frequency {
			s, c := math.Sincos(float64(p) * f)
			cos[k], sin[k] = float32(c*r.Scale), float32(s*r.Scale)
		}
	}
	return g
}

// Slice returns the rotations of the rows lo to hi.
func (g Angles) Slice(lo, hi int) Angles { return Angles{g.cos.Slice(lo, hi), g.sin.Slice(lo, hi)} }

// Gather returns the rotations of the given rows, in a's memory.
func (g Angles) Gather(a *Arena, rows []int32) Angles {
	return Angles{a.Gather(g.cos, rows), a.Gather(g.sin, rows)}
}

// Rotate rotates, in place, count windows of x that start step columns apart,
// the first at x's first column.
func (g Angles) Rotate(x Mat, count, step int) {
	x.arena.runRows(x.rows, rowsJob{op: opRope, dst: x, angles: g, count: count, step: step})
}

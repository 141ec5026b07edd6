//go:build !purego && (amd64 || arm64)

package kernel

import "unsafe"

// floatRows is how many rows are multiplied at a time: a panel holds that many,
// over the columns of one chain, the row being the fastest index.
const floatRows = 32

// floatPassTokens bounds the totals that stay in the cache beside a panel.
const floatPassTokens = 240

// A floatScratch is what MatMulFloats works in.
type floatScratch struct {
	panel  []float32 // [column][row]; begins at a cache line
	totals []float32 // [token][row]
	narrow []byte    // rows of eight columns
}

// grow makes room for n tokens.
func (s *floatScratch) grow(n int) {
	if s.panel == nil {
		s.panel = aligned(chainColumns * floatRows)
		s.narrow = make([]byte, floatRows*8*F32.Bytes())
	}
	if n = min(n, floatPassTokens); len(s.totals) < n*floatRows {
		s.totals = make([]float32, n*floatRows)
	}
}

// aligned returns n values that begin at a cache line.
func aligned(n int) []float32 {
	const line = 64
	v := make([]float32, n+line/4)
	skip := -uintptr(unsafe.Pointer(&v[0])) % line
	return v[skip/4:][:n]
}

// multiply does MatMulFloats. The last panel is the last 32 rows, some of them
// perhaps again.
func (s *floatScratch) multiply(dst []float32, stride int, w Floats, rows, k int, x []float32, xStride, n int) {
	s.grow(n)
	size := w.Format.Bytes()
	for t := 0; t < n; t += floatPassTokens {
		tokens := min(floatPassTokens, n-t)
		for next := 0; next < rows; next += floatRows {
			r := max(0, min(next, rows-floatRows))
			here := min(floatRows, rows)
			from := w.Data[r*k*size:][:here*k*size]
			ReadLoop(from) // in one go, the rows come faster than side by side
			clear(s.totals[:tokens*floatRows])
			for c := 0; c < k; c += chainColumns {
				columns := min(chainColumns, k-c)
				s.spread(s.panel, from[c*size:], w.Format, k*size, here, columns)
				s.tiles(x[t*xStride+c:], xStride, tokens, columns)
			}
			for i := range tokens {
				copy(dst[(t+i)*stride+r:][:here], s.totals[i*floatRows:])
			}
		}
	}
}

// spread writes columns of rows that lie rowBytes apart to a panel, which has room
// for a multiple of eight columns.
func (s *floatScratch) spread(panel []float32, w []byte, f Format, rowBytes, rows, columns int) {
	whole := columns &^ 7
	if rows < floatRows {
		whole = 0
	}
	if whole > 0 {
		spreadEights(panel, w, f, rowBytes, whole/8)
	}
	for c := whole; c < columns; c += 8 {
		size := f.Bytes()
		bytes := min(8, columns-c) * size
		for r := range rows {
			copy(s.narrow[r*8*size:], w[r*rowBytes+c*size:][:bytes])
		}
		spreadEights(panel[c*floatRows:], s.narrow, f, 8*size, 1)
	}
}

// tiles adds the products of a panel and n tokens to the totals, about as many
// tokens in every tile.
func (s *floatScratch) tiles(x []float32, stride, n, columns int) {
	count := (n + floatTokens() - 1) / floatTokens()
	t := 0
	for i := range count {
		size := (n - t) / (count - i)
		floatTile(size, s.totals[t*floatRows:], s.panel, x[t*stride:], stride, columns)
		t += size
	}
}

//go:build !purego

package kernel

func matMulFloats(dst []float32, stride int, w Floats, rows, k int, x []float32, xStride, n int, s *Scratch) {
	if useNEON {
		s.floats.multiply(dst, stride, w, rows, k, x, xStride, n)
	} else {
		matMulFloatsGeneric(dst, stride, w, rows, k, x, xStride, n)
	}
}

// spreadEights writes eight columns, eights times, of 32 rows to a panel.
func spreadEights(panel []float32, w []byte, f Format, rowBytes, eights int) {
	for r := 0; r < floatRows; r += 4 {
		p, from := &panel[r], &w[r*rowBytes]
		switch f {
		case BF16:
			spreadBF16NEON(p, from, rowBytes, eights)
		case F16:
			spreadF16NEON(p, from, rowBytes, eights)
		case F32:
			spreadF32NEON(p, from, rowBytes, eights)
		}
	}
}

// floatTokens is the most tokens that floatTile takes.
func floatTokens() int { return 4 }

// floatTile multiplies 32 rows of a panel with tokens that lie stride values apart,
// over columns.
func floatTile(tokens int, total, panel, x []float32, stride, columns int) {
	for r := 0; r < floatRows; r += 16 {
		switch tokens {
		case 1:
			floatTile1NEON(&total[r], &panel[r], &x[0], stride, columns)
		case 2:
			floatTile2NEON(&total[r], &panel[r], &x[0], stride, columns)
		case 3:
			floatTile3NEON(&total[r], &panel[r], &x[0], stride, columns)
		case 4:
			floatTile4NEON(&total[r], &panel[r], &x[0], stride, columns)
		}
	}
}

//go:noescape
func spreadBF16NEON(panel *float32, w *byte, rowBytes, eights int)

//go:noescape
func spreadF16NEON(panel *float32, w *byte, rowBytes, eights int)

//go:noescape
func spreadF32NEON(panel *float32, w *byte, rowBytes, eights int)

//go:noescape
func floatTile1NEON(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile2NEON(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile3NEON(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile4NEON(total, panel, x *float32, stride, columns int)

//go:build !purego

package kernel

// fewFloatTokens are multiplied one by one with the rows as they are stored.
const fewFloatTokens = 2

func matMulFloats(dst []float32, stride int, w Floats, rows, k int, x []float32, xStride, n int, s *Scratch) {
	switch {
	case !useAVX512 && !useAVX2:
		matMulFloatsGeneric(dst, stride, w, rows, k, x, xStride, n)
	case n <= fewFloatTokens && rows >= 16 && k%8 == 0:
		rowsFloats(dst, stride, w, rows, k, x, xStride, n)
	default:
		s.floats.multiply(dst, stride, w, rows, k, x, xStride, n)
	}
}

// rowsFloats multiplies 8 or 16 rows at a time, the last of them perhaps again,
// with each of the tokens, while they are in the cache.
func rowsFloats(dst []float32, stride int, w Floats, rows, k int, x []float32, xStride, n int) {
	rowBytes, step := k*w.Format.Bytes(), 8
	if useAVX512 {
		step = 16
	}
	for next := 0; next < rows; next += step {
		r := min(next, rows-step)
		from := &w.Data[r*rowBytes]
		for t := range n {
			out, token := &dst[t*stride+r], &x[t*xStride]
			switch {
			case useAVX512 && w.Format == BF16:
				rows16BF16AVX512(out, from, rowBytes, token, k)
			case useAVX512 && w.Format == F16:
				rows16F16AVX512(out, from, rowBytes, token, k)
			case useAVX512:
				rows16F32AVX512(out, from, rowBytes, token, k)
			case w.Format == BF16:
				rows8BF16AVX2(out, from, rowBytes, token, k)
			case w.Format == F16:
				rows8F16AVX2(out, from, rowBytes, token, k)
			default:
				rows8F32AVX2(out, from, rowBytes, token, k)
			}
		}
	}
}

// spreadEights writes eight columns, eights times, of 32 rows to a panel.
func spreadEights(panel []float32, w []byte, f Format, rowBytes, eights int) {
	step := 8
	if useAVX512 {
		step = 16
	}
	for r := 0; r < floatRows; r += step {
		p, from := &panel[r], &w[r*rowBytes]
		switch {
		case useAVX512 && f == BF16:
			spreadBF16AVX512(p, from, rowBytes, eights)
		case useAVX512 && f == F16:
			spreadF16AVX512(p, from, rowBytes, eights)
		case useAVX512:
			spreadF32AVX512(p, from, rowBytes, eights)
		case f == BF16:
			spreadBF16AVX2(p, from, rowBytes, eights)
		case f == F16:
			spreadF16AVX2(p, from, rowBytes, eights)
		default:
			spreadF32AVX2(p, from, rowBytes, eights)
		}
	}
}

// floatTokens is the most tokens that floatTile takes.
func floatTokens() int {
	if useAVX512 {
		return 12
	}
	return 6
}

// floatTile multiplies 32 rows of a panel with tokens that lie stride values apart,
// over columns.
func floatTile(tokens int, total, panel, x []float32, stride, columns int) {
	if useAVX512 {
		floatTileAVX512(tokens, &total[0], &panel[0], &x[0], stride, columns)
		return
	}
	for r := 0; r < floatRows; r += 16 {
		floatTileAVX2(tokens, &total[r], &panel[r], &x[0], stride, columns)
	}
}

func floatTileAVX512(tokens int, total, panel, x *float32, stride, columns int) {
	switch tokens {
	case 1:
		floatTile1AVX512(total, panel, x, stride, columns)
	case 2:
		floatTile2AVX512(total, panel, x, stride, columns)
	case 3:
		floatTile3AVX512(total, panel, x, stride, columns)
	case 4:
		floatTile4AVX512(total, panel, x, stride, columns)
	case 5:
		floatTile5AVX512(total, panel, x, stride, columns)
	case 6:
		floatTile6AVX512(total, panel, x, stride, columns)
	case 7:
		floatTile7AVX512(total, panel, x, stride, columns)
	case 8:
		floatTile8AVX512(total, panel, x, stride, columns)
	case 9:
		floatTile9AVX512(total, panel, x, stride, columns)
	case 10:
		floatTile10AVX512(total, panel, x, stride, columns)
	case 11:
		floatTile11AVX512(total, panel, x, stride, columns)
	case 12:
		floatTile12AVX512(total, panel, x, stride, columns)
	}
}

func floatTileAVX2(tokens int, total, panel, x *float32, stride, columns int) {
	switch tokens {
	case 1:
		floatTile1AVX2(total, panel, x, stride, columns)
	case 2:
		floatTile2AVX2(total, panel, x, stride, columns)
	case 3:
		floatTile3AVX2(total, panel, x, stride, columns)
	case 4:
		floatTile4AVX2(total, panel, x, stride, columns)
	case 5:
		floatTile5AVX2(total, panel, x, stride, columns)
	case 6:
		floatTile6AVX2(total, panel, x, stride, columns)
	}
}

//go:noescape
func spreadBF16AVX512(panel *float32, w *byte, rowBytes, eights int)

//go:noescape
func rows16BF16AVX512(dst *float32, w *byte, rowBytes int, x *float32, k int)

//go:noescape
func spreadF16AVX512(panel *float32, w *byte, rowBytes, eights int)

//go:noescape
func rows16F16AVX512(dst *float32, w *byte, rowBytes int, x *float32, k int)

//go:noescape
func spreadF32AVX512(panel *float32, w *byte, rowBytes, eights int)

//go:noescape
func rows16F32AVX512(dst *float32, w *byte, rowBytes int, x *float32, k int)

//go:noescape
func floatTile1AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile2AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile3AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile4AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile5AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile6AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile7AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile8AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile9AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile10AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile11AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile12AVX512(total, panel, x *float32, stride, columns int)

//go:noescape
func spreadBF16AVX2(panel *float32, w *byte, rowBytes, eights int)

//go:noescape
func rows8BF16AVX2(dst *float32, w *byte, rowBytes int, x *float32, k int)

//go:noescape
func spreadF16AVX2(panel *float32, w *byte, rowBytes, eights int)

//go:noescape
func rows8F16AVX2(dst *float32, w *byte, rowBytes int, x *float32, k int)

//go:noescape
func spreadF32AVX2(panel *float32, w *byte, rowBytes, eights int)

//go:noescape
func rows8F32AVX2(dst *float32, w *byte, rowBytes int, x *float32, k int)

//go:noescape
func floatTile1AVX2(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile2AVX2(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile3AVX2(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile4AVX2(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile5AVX2(total, panel, x *float32, stride, columns int)

//go:noescape
func floatTile6AVX2(total, panel, x *float32, stride, columns int)

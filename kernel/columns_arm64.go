//go:build !purego

package kernel

//go:noescape
func columnsNEON(dst *float32, stride int, acc, scale *float32, fours, quarters int)

func columns(dst []float32, stride int, acc, scale []float32, cols int) {
	if useNEON {
		columnsNEON(&dst[0], stride, &acc[0], &scale[0], len(scale)/4, cols/4)
	} else {
		columnsGeneric(dst, stride, acc, scale, 0, len(scale), 0, cols)
	}
}

//go:build !purego

package kernel

//go:noescape
func columnsAVX2(dst *float32, stride int, acc, scale *float32, fours, eights int)

func columns(dst []float32, stride int, acc, scale []float32, cols int) {
	if useAVX512 || useAVX2 {
		columnsAVX2(&dst[0], stride, &acc[0], &scale[0], len(scale)/4, cols/8)
	} else {
		columnsGeneric(dst, stride, acc, scale, 0, len(scale), 0, cols)
	}
}

//go:build !purego

package kernel

import "github.com/deskseek/deskseek/internal/grid"

//go:noescape
func unpackQ4_0VNNI(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackQ4_1VNNI(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackQ5_0VNNI(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackQ5_1VNNI(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackIQ4NLVNNI(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackQ2KVNNI(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackQ3KVNNI(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackIQ4XSVNNI(panel, w *byte, rowBytes, blocks, ahead int)

//go:noescape
func unpackIQ3XXSVNNI(panel, w *byte, rowBytes, blocks, ahead int, grid *uint32)

//go:noescape
func unpackIQ3SVNNI(panel, w *byte, rowBytes, blocks, ahead int, grid *uint32)

//go:noescape
func unpackIQ2XXSVNNI(panel, w *byte, rowBytes, blocks, ahead int, grid *uint32)

//go:noescape
func unpackIQ2XSVNNI(panel, w *byte, rowBytes, blocks, ahead int, grid *uint32)

//go:noescape
func unpackIQ2SVNNI(panel, w *byte, rowBytes, blocks, ahead int, grid *uint32)

//go:noescape
func unpackIQ1SVNNI(panel, w *byte, rowBytes, blocks, ahead int, grid *uint32)

//go:noescape
func unpackIQ1MVNNI(panel, w *byte, rowBytes, blocks, ahead int, grid *uint32)

// unpackHalf takes apart n blocks of 16 rows, which lie rowBytes apart, into their
// half of a panel, of the encodings without strips. Meanwhile it asks for as much
// memory, from ahead on after the first row.
func unpackHalf(panel *byte, e Encoding, w *byte, rowBytes, n, ahead int) {
	switch e {
	case Q4_0:
		unpackQ4_0VNNI(panel, w, rowBytes, n, ahead)
	case Q4_1:
		unpackQ4_1VNNI(panel, w, rowBytes, n, ahead)
	case Q5_0:
		unpackQ5_0VNNI(panel, w, rowBytes, n, ahead)
	case Q5_1:
		unpackQ5_1VNNI(panel, w, rowBytes, n, ahead)
	case IQ4_NL:
		unpackIQ4NLVNNI(panel, w, rowBytes, n, ahead)
	case Q2_K:
		unpackQ2KVNNI(panel, w, rowBytes, n, ahead)
	case Q3_K:
		unpackQ3KVNNI(panel, w, rowBytes, n, ahead)
	case IQ4_XS:
		unpackIQ4XSVNNI(panel, w, rowBytes, n, ahead)
	case IQ3_XXS:
		unpackIQ3XXSVNNI(panel, w, rowBytes, n, ahead, &raisedIQ3XXS[0])
	case IQ3_S:
		unpackIQ3SVNNI(panel, w, rowBytes, n, ahead, &raisedIQ3S[0])
	case IQ2_XXS:
		unpackIQ2XXSVNNI(panel, w, rowBytes, n, ahead, &grid.IQ2XXS[0])
	case IQ2_XS:
		unpackIQ2XSVNNI(panel, w, rowBytes, n, ahead, &grid.IQ2XS[0])
	case IQ2_S:
		unpackIQ2SVNNI(panel, w, rowBytes, n, ahead, &grid.IQ2S[0])
	case IQ1_S:
		unpackIQ1SVNNI(panel, w, rowBytes, n, ahead, &grid.IQ1[0])
	case IQ1_M:
		unpackIQ1MVNNI(panel, w, rowBytes, n, ahead, &grid.IQ1[0])
	}
}

// The grids of IQ3 with zero added to each magnitude.
var raisedIQ3XXS, raisedIQ3S = raised(grid.IQ3XXS[:]), raised(grid.IQ3S[:])

func raised(entries []uint32) []uint32 {
	sums := make([]uint32, len(entries))
	for i, magnitudes := range entries {
		sums[i] = magnitudes + gridZero*0x01010101
	}
	return sums
}

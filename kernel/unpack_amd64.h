// What the unpackers have in common that read ahead: rows as columns_amd64.h has them.
// DI is the panel, CX the blocks left. R14 is what to read ahead, up to DX: what the
// 16 rows have of a block, one after the other.

#include "columns_amd64.h"

#define ARGUMENTS \
	MOVQ panel+0(FP), DI;     \
	MOVQ w+8(FP), SI;         \
	MOVQ rowBytes+16(FP), R8; \
	MOVQ blocks+24(FP), CX;   \
	MOVQ ahead+32(FP), R14;   \
	ADDQ SI, R14;             \
	MOVQ R14, DX;             \
	ROWS

// ADVANCE goes on to the next block, of bytes, and out in the panel.
#define ADVANCE(bytes, out) \
	ADDQ $(16*bytes), DX;  \
	ALONG(bytes);          \
	ADDQ $out, DI;         \
ahead:                         \
	PREFETCHT1 (R14);      \
	ADDQ $64, R14;         \
	CMPQ R14, DX;          \
	JLT  ahead;            \
	DECQ CX

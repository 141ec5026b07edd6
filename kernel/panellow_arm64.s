//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"
#include "fourrows_arm64.h"
#include "fourpairs_arm64.h"
#include "fourlow_arm64.h"
#include "panel_arm64.h"

// Panels of rows that have two or three bits, or levels from a table.

#define PUT(u, a) HIGH(u)

// THREE leaves two bits of every byte. V25 has 3 in every byte.
#define THREE \
	ANDB(25, 0, 0); \
	ANDB(25, 1, 1); \
	ANDB(25, 2, 2); \
	ANDB(25, 3, 3)

// TWOS does 16 bytes of four times two bits, the first of which go to unit u.
#define TWOS(at, u) \
	SIXTEEN(at, F0, F1, F2, F3); \
	PAIR(0, 4);                  \
	FOUR(SHLB, 0, 4, 0);         \
	THREE;                       \
	HIGH(u);                     \
	FOUR(USHRB, 2, 4, 0);        \
	THREE;                       \
	HIGH(u+2);                   \
	FOUR(USHRB, 4, 4, 0);        \
	THREE;                       \
	HIGH(u+4);                   \
	FOUR(USHRB, 6, 4, 0);        \
	HIGH(u+6)

#define BLOCK2 \
	TWOS(16, 0); \
	TWOS(32, 1); \
	TWOS(48, 8); \
	TWOS(64, 9)

// func unpackQ2KNEON(panel, w *byte, rowBytes, blocks, group int)
TEXT ·unpackQ2KNEON(SB), NOSPLIT, $0-40
	ARGUMENTS(1024, 2048)
	VMOVI $15, V24.B16
	VMOVI $3, V25.B16

block:
	MINIMA2
	SCALES2
	BLOCK2
	NEXT(3328, 84)
	BNE block
	RET

// func unpackQ3KNEON(panel, w *byte, rowBytes, blocks, group int)
TEXT ·unpackQ3KNEON(SB), NOSPLIT, $0-40
	ARGUMENTS(1024, 2048)
	VMOVI $15, V24.B16
	VMOVI $128, V25.B16
	VMOVI $3, V26.B16
	VMOVI $32, V27.B16

block:
	START3
	BLOCK3(PUT)
	NEXT(3328, 110)
	BNE block
	RET

#define BOTH(b) \
	LOW(2*(b)); \
	HIGH(2*(b)+1)

// func unpackIQ4XSNEON(panel, w *byte, rowBytes, blocks, group int)
TEXT ·unpackIQ4XSNEON(SB), NOSPLIT, $0-40
	ARGUMENTS(1024, 2048)
	TABLE
	VMOVI $15, V24.B16
	VMOVI $3, V26.B16
	VMOVI $32, V27.B16

block:
	STARTXS
	BLOCKXS(BOTH)
	NEXT(3328, 136)
	BNE block
	RET

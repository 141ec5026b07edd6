// FOLD4 adds the lanes of a, b, c and d into the four of x, the lower half of a.
#define FOLD4(a, b, c, d, x, t) \
	VPHADDD b, a, a;         \
	VPHADDD d, c, c;         \
	VPHADDD c, a, a;         \
	VEXTRACTI128 $1, a, t;   \
	VPADDD t, x, x

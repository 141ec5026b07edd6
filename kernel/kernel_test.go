package kernel

import (
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// lengths straddle the steps of all loops; the last four are real rows.
var lengths = []int{0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 512, 576, 1536, 7168}

// eachTier runs f once with each tier of this machine.
func eachTier(t *testing.T, f func(t *testing.T)) {
	for _, tier := range Tiers() {
		t.Run(tier, func(t *testing.T) {
			useTier(t, tier)
			f(t)
		})
	}
}

// useTier selects tier for the rest of a test.
func useTier(t testing.TB, tier string) {
	before := Tier()
	if err := Select(tier); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := Select(before); err != nil {
			t.Error(err)
		}
	})
}

func TestSelect(t *testing.T) {
	if got, want := Tier(), Tiers()[0]; got != want {
		t.Errorf("the first tier in use is %s, want %s", got, want)
	}
	if !slices.Contains(Tiers(), "generic") {
		t.Errorf("tiers %v lack generic", Tiers())
	}
	eachTier(t, func(t *testing.T) {
		if !strings.HasSuffix(t.Name(), "/"+Tier()) {
			t.Errorf("tier %s is in use", Tier())
		}
	})
	before := Tier()
	if err := Select("avx1024"); err == nil || Tier() != before {
		t.Errorf("Select of an unknown tier: error %v, tier %s", err, Tier())
	}
}

// A machine with AVX-512 that skips its loops tests nothing: the flags are
// taken from the kernel's list here, not from where the package takes them.
func TestNoTierIsSkipped(t *testing.T) {
	if slices.Equal(Tiers(), []string{"generic"}) && puregoBuild {
		return
	}
	if runtime.GOARCH == "arm64" && !slices.Contains(Tiers(), "neon") {
		t.Errorf("tiers %v on arm64", Tiers())
	}
	tiers := map[string]map[string][]string{
		"amd64": {
			"avx512": {"avx512f", "avx512bw", "avx512dq", "avx512vl"},
			"avx2":   {"avx2", "fma"},
		},
		"arm64": {
			"neon-i8mm": {"i8mm", "asimddp"},
		},
	}[runtime.GOARCH]
	info, err := os.ReadFile("/proc/cpuinfo")
	flags := strings.Fields(string(info))
	// Under an emulator the list may be that of another machine.
	if err != nil || runtime.GOARCH == "arm64" && !slices.Contains(flags, "asimd") {
		t.Skip("no list of flags here")
	}
	for tier, needs := range tiers {
		has := true
		for _, flag := range needs {
			has = has && slices.Contains(flags, flag)
		}
		if has != slices.Contains(Tiers(), tier) {
			t.Errorf("the machine having %v is %t, but the tiers are %v", needs, has, Tiers())
		}
	}
}

// guarded returns a copy of x that ends at the end of readable memory.
func guarded(t testing.TB, x []float32) []float32 {
	if len(x) == 0 {
		return nil
	}
	b := atEnd(t, 4*len(x))
	g := unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), len(x))
	copy(g, x)
	return g
}

// guardedBytes is guarded for bytes. Their address is odd for an odd shift,
// which is also how far from the end they end.
func guardedBytes(t testing.TB, x []byte, shift int) []byte {
	b := atEnd(t, len(x)+shift)[:len(x)]
	copy(b, x)
	return b
}

// normal returns n random values about 0.
func normal(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// normalBF16 returns n random little-endian bfloat16 about 0, and their values.
func normalBF16(r *rand.Rand, n int) ([]byte, []float32) {
	w := make([]byte, 2*n)
	for i, v := range normal(r, n) {
		bits := math.Float32bits(v)
		w[2*i], w[2*i+1] = byte(bits>>16), byte(bits>>24)
	}
	return w, widened(w)
}

// widened returns the values of little-endian bfloat16.
func widened(w []byte) []float32 {
	x := make([]float32, len(w)/2)
	for i := range x {
		x[i] = math.Float32frombits(uint32(w[2*i])<<16 | uint32(w[2*i+1])<<24)
	}
	return x
}

// same reports whether a and b are equal to the bit, all NaN being one.
func same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b
}

// wantSame reports the first element of got that is not the one of want.
func wantSame(t *testing.T, name string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", name, len(got), len(want))
	}
	for i := range want {
		if !same(got[i], want[i]) {
			t.Errorf("%s [%d of %d]: %v (%#08x), want %v (%#08x)", name, i, len(want),
				got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
			return
		}
	}
}

// panics reports whether f does.
func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func TestWrongLengthsPanic(t *testing.T) {
	x := make([]float32, 8)
	for name, f := range map[string]func(){
		"Dot":                 func() { Dot(x, x[1:]) },
		"DotBF16":             func() { DotBF16(make([]byte, 15), x) },
		"Dots short":          func() { Dots(x[:2], x[:4], x[:7], 4) },
		"Dots stride":         func() { Dots(x[:2], x[:4], x, -1) },
		"Dots overflow":       func() { Dots(x[:3], x[:4], x, math.MaxInt) },
		"DotsBF16 weights":    func() { DotsBF16(x[:1], make([]byte, 9), x, 4, 4) },
		"DotsBF16 short":      func() { DotsBF16(x[:2], make([]byte, 8), x[:7], 4, 4) },
		"AddScaled":           func() { AddScaled(x, 1, x[1:]) },
		"Add":                 func() { Add(x, x[1:]) },
		"RMSNorm destination": func() { RMSNorm(x[1:], x, x, 1) },
		"RMSNorm weight":      func() { RMSNorm(x, x, x[1:], 1) },
		"SwiGLU gate":         func() { SwiGLU(x, x[1:], x) },
		"SwiGLU up":           func() { SwiGLU(x, x, x[1:]) },
		"Rope":                func() { Rope(x, x[:3], x[:3]) },
		"Rope sin":            func() { Rope(x, x[:4], x[:3]) },
		"ExpSum":              func() { ExpSum(x[1:], x, 1) },
	} {
		if !panics(f) {
			t.Errorf("%s: no panic", name)
		}
	}
	if Dots(x[:0], x, nil, 8); panics(func() { Dots(x[:2], x[:4], x, 4) }) {
		t.Error("Dots panics on good lengths")
	}
}

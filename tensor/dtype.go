package tensor

// A DType is the encoding of a stored tensor, named as the formats name it.
type DType uint8

// The encodings.
const (
	Invalid DType = iota // an encoding that is not read
	F32
	F16
	BF16
	F64
	F8E4M3 // bytes, with scales of 128×128 blocks (DeepSeek-V3 release)
	I8
	I16
	I32
	I64
	U8
	U32
	Bool
	Q4_0
	Q4_1
	Q5_0
	Q5_1
	Q8_0
	Q2_K
	Q3_K
	Q4_K
	Q5_K
	Q6_K
	IQ4_NL
	IQ4_XS
	IQ3_XXS
	IQ3_S
	IQ2_XXS
	IQ2_XS
	IQ2_S
	IQ1_S
	IQ1_M
	MLX4 // MLX affine, 8 four-bit values a uint32, with scales and biases
	MLX8 // MLX affine, 4 eight-bit values a uint32
	numDTypes
)

// facts holds what is known of an encoding without decoding it: values in a
// block, bytes of a block, and its name.
var facts = [numDTypes]struct {
	name   string
	values int
	bytes  int
}{
	Invalid: {"invalid", 1, 0},
	F32:     {"F32", 1, 4},
	F16:     {"F16", 1, 2},
	BF16:    {"BF16", 1, 2},
	F64:     {"F64", 1, 8},
	F8E4M3:  {"F8_E4M3", 1, 1},
	I8:      {"I8", 1, 1},
	I16:     {"I16", 1, 2},
	I32:     {"I32", 1, 4},
	I64:     {"I64", 1, 8},
	U8:      {"U8", 1, 1},
	U32:     {"U32", 1, 4},
	Bool:    {"BOOL", 1, 1},
	Q4_0:    {"Q4_0", 32, 18},
	Q4_1:    {"Q4_1", 32, 20},
	Q5_0:    {"Q5_0", 32, 22},
	Q5_1:    {"Q5_1", 32, 24},
	Q8_0:    {"Q8_0", 32, 34},
	Q2_K:    {"Q2_K", 256, 84},
	Q3_K:    {"Q3_K", 256, 110},
	Q4_K:    {"Q4_K", 256, 144},
	Q5_K:    {"Q5_K", 256, 176},
	Q6_K:    {"Q6_K", 256, 210},
	IQ4_NL:  {"IQ4_NL", 32, 18},
	IQ4_XS:  {"IQ4_XS", 256, 136},
	IQ3_XXS: {"IQ3_XXS", 256, 98},
	IQ3_S:   {"IQ3_S", 256, 110},
	IQ2_XXS: {"IQ2_XXS", 256, 66},
	IQ2_XS:  {"IQ2_XS", 256, 74},
	IQ2_S:   {"IQ2_S", 256, 82},
	IQ1_S:   {"IQ1_S", 256, 50},
	IQ1_M:   {"IQ1_M", 256, 56},
	MLX4:    {"MLX4", 8, 4},
	MLX8:    {"MLX8", 4, 4},
}

func (d DType) String() string { return facts[d].name }

// Weight reports whether d encodes weights, which is to say whether Decode
// knows it. The integers and booleans do not.
func (d DType) Weight() bool {
	switch d {
	case Invalid, I8, I16, I32, I64, U8, U32, Bool:
		return false
	}
	return d < numDTypes
}

// Block returns how many values one block holds and the bytes it takes. Plain
// types have blocks of one.
func (d DType) Block() (values, bytes int) { return facts[d].values, facts[d].bytes }

// RowBytes returns the bytes a row of n values takes; n is a multiple of the
// block's values.
func (d DType) RowBytes(n int) int {
	f := facts[d]
	return n / f.values * f.bytes
}

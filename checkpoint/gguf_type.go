package checkpoint

import (
	"fmt"

	"github.com/deskseek/deskseek/tensor"
)

// The types of metadata values, by their number in the file.
const (
	kindU8 = iota
	kindI8
	kindU16
	kindI16
	kindU32
	kindI32
	kindF32
	kindBool
	kindString
	kindList
	kindU64
	kindI64
	kindF64
)

var valueTypes = [...]string{
	kindU8: "uint8", kindI8: "int8", kindU16: "uint16", kindI16: "int16", kindU32: "uint32", kindI32: "int32",
	kindF32: "float32", kindBool: "bool", kindString: "string", kindList: "list",
	kindU64: "uint64", kindI64: "int64", kindF64: "float64",
}

// A valueType is a kind, or a list of it.
type valueType struct {
	kind uint32
	list bool
}

// valueTypeOf returns the type a Go value is written as.
func valueTypeOf(value any) (valueType, bool) {
	switch value.(type) {
	case uint8:
		return valueType{kindU8, false}, true
	case int8:
		return valueType{kindI8, false}, true
	case uint16:
		return valueType{kindU16, false}, true
	case int16:
		return valueType{kindI16, false}, true
	case uint32:
		return valueType{kindU32, false}, true
	case int32:
		return valueType{kindI32, false}, true
	case uint64:
		return valueType{kindU64, false}, true
	case int64:
		return valueType{kindI64, false}, true
	case float32:
		return valueType{kindF32, false}, true
	case float64:
		return valueType{kindF64, false}, true
	case bool:
		return valueType{kindBool, false}, true
	case string:
		return valueType{kindString, false}, true
	}
	return listTypeOf(value)
}

func listTypeOf(value any) (valueType, bool) {
	switch value.(type) {
	case []uint8:
		return valueType{kindU8, true}, true
	case []int8:
		return valueType{kindI8, true}, true
	case []uint16:
		return valueType{kindU16, true}, true
	case []int16:
		return valueType{kindI16, true}, true
	case []uint32:
		return valueType{kindU32, true}, true
	case []int32:
		return valueType{kindI32, true}, true
	case []uint64:
		return valueType{kindU64, true}, true
	case []int64:
		return valueType{kindI64, true}, true
	case []float32:
		return valueType{kindF32, true}, true
	case []float64:
		return valueType{kindF64, true}, true
	case []bool:
		return valueType{kindBool, true}, true
	case []string:
		return valueType{kindString, true}, true
	}
	return valueType{}, false
}

// ggmlTypes are the tensor types that are read, by their number in the file
// (ggml.h, enum ggml_type).
var ggmlTypes = map[uint32]tensor.DType{
	0: tensor.F32, 1: tensor.F16, 30: tensor.BF16, 28: tensor.F64,
	24: tensor.I8, 25: tensor.I16, 26: tensor.I32, 27: tensor.I64,
	2: tensor.Q4_0, 3: tensor.Q4_1, 6: tensor.Q5_0, 7: tensor.Q5_1, 8: tensor.Q8_0,
	10: tensor.Q2_K, 11: tensor.Q3_K, 12: tensor.Q4_K, 13: tensor.Q5_K, 14: tensor.Q6_K,
	20: tensor.IQ4_NL, 23: tensor.IQ4_XS, 18: tensor.IQ3_XXS, 21: tensor.IQ3_S,
	16: tensor.IQ2_XXS, 17: tensor.IQ2_XS, 22: tensor.IQ2_S, 19: tensor.IQ1_S, 29: tensor.IQ1_M,
}

// otherTypes are those that are not, with values and bytes of a block where all
// programs agree on them.
var otherTypes = map[uint32]encoding{
	4: other("Q4_2 (removed from ggml)", 0, 0), 5: other("Q4_3 (removed from ggml)", 0, 0),
	9: other("Q8_1", 32, 36), 15: other("Q8_K", 256, 292),
	31: other("Q4_0_4_4 (removed from ggml)", 32, 18), 32: other("Q4_0_4_8 (removed from ggml)", 32, 18),
	33: other("Q4_0_8_8 (removed from ggml)", 32, 18), 34: other("TQ1_0", 256, 54), 35: other("TQ2_0", 256, 66),
	36: other("IQ4_NL_4_4 (removed from ggml)", 32, 18), 37: other("IQ4_NL_4_8 (removed from ggml)", 32, 18),
	38: other("IQ4_NL_8_8 (removed from ggml)", 32, 18), 39: other("MXFP4", 32, 17), 40: other("NVFP4", 64, 36),
	41: other("Q1_0", 0, 0), 42: other("Q2_0", 0, 0),
}

func other(name string, values, bytes int) encoding {
	return encoding{unsupported: name, values: values, bytes: bytes}
}

// ikTypes are the names of those of the fork ik_llama.cpp, which numbers its own
// from 97 up. Their blocks are not listed: some have a scale a row besides.
var ikTypes = map[uint32]string{
	133: "Q6_0", 134: "IQ1_BN", 135: "IQ2_BN", 137: "IQ2_K", 138: "IQ3_K", 139: "IQ4_K", 140: "IQ5_K", 141: "IQ6_K",
	144: "IQ4_KS", 145: "IQ2_KS", 146: "IQ4_KSS", 152: "IQ5_KS", 153: "IQ2_KT", 154: "IQ3_KT", 155: "IQ4_KT",
	156: "IQ3_KS", 157: "IQ2_KL", 158: "IQ1_KT",
	202: "Q4_0_R8", 206: "Q5_0_R4", 208: "Q8_0_R8", 210: "Q2_K_R4", 211: "Q3_K_R4", 212: "Q4_K_R4", 213: "Q5_K_R4",
	214: "Q6_K_R4", 216: "IQ2_XXS_R4", 217: "IQ2_XS_R4", 218: "IQ3_XXS_R4", 219: "IQ1_S_R4", 220: "IQ4_NL_R4",
	221: "IQ3_S_R4", 222: "IQ2_S_R4", 223: "IQ4_XS_R8", 229: "IQ1_M_R4", 230: "BF16_R16", 233: "Q6_0_R4",
	335: "IQ2_BN_R4", 337: "IQ2_K_R4", 338: "IQ3_K_R4", 339: "IQ4_K_R4", 340: "IQ5_K_R4", 344: "IQ4_KS_R4",
	352: "IQ5_KS_R4",
}

// ggmlEncoding returns what a type's number means.
func ggmlEncoding(number uint32) encoding {
	if d, ok := ggmlTypes[number]; ok {
		return plainly(d)
	}
	if e, ok := otherTypes[number]; ok {
		return e
	}
	if name, ok := ikTypes[number]; ok {
		return other(name+" (of ik_llama.cpp)", 0, 0)
	}
	return other(fmt.Sprintf("number %d", number), 0, 0)
}

// ggmlNumber returns the number a type is written as.
func ggmlNumber(d tensor.DType) (uint32, bool) {
	for number, known := range ggmlTypes {
		if known == d {
			return number, true
		}
	}
	return 0, false
}

// FileType returns what general.file_type of a GGUF is whose matrices are mostly
// of a type (llama.cpp: llama_ftype). ok is false for types that matrices do not have.
func FileType(d tensor.DType) (number uint32, ok bool) {
	number, ok = fileTypes[d]
	return number, ok
}

var fileTypes = map[tensor.DType]uint32{
	tensor.F32: 0, tensor.F16: 1, tensor.BF16: 32,
	tensor.Q4_0: 2, tensor.Q4_1: 3, tensor.Q5_0: 8, tensor.Q5_1: 9, tensor.Q8_0: 7,
	tensor.Q2_K: 10, tensor.Q3_K: 12, tensor.Q4_K: 15, tensor.Q5_K: 17, tensor.Q6_K: 18,
	tensor.IQ4_NL: 25, tensor.IQ4_XS: 30, tensor.IQ3_S: 26, tensor.IQ3_XXS: 23,
	tensor.IQ2_S: 28, tensor.IQ2_XS: 20, tensor.IQ2_XXS: 19, tensor.IQ1_S: 24, tensor.IQ1_M: 31,
}

// Fallback returns a type in blocks of 32 values for rows that are no whole number of
// superblocks of type d: the one that llama.cpp takes, but for Q2_K and Q3_K, where it
// takes Q4_0, which is as large as IQ4_NL and loses more. ok is false where d has none.
func Fallback(d tensor.DType) (other tensor.DType, ok bool) {
	switch d {
	case tensor.Q4_K:
		return tensor.Q5_0, true
	case tensor.Q5_K:
		return tensor.Q5_1, true
	case tensor.Q6_K:
		return tensor.Q8_0, true
	}
	if values, _ := d.Block(); values == 256 {
		return tensor.IQ4_NL, true
	}
	return d, false
}

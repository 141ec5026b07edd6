package checkpoint

import (
	"fmt"
	"math"
)

// Metadata are the keys and values of a GGUF, in file order.
type Metadata []KeyValue

// A KeyValue is one of them. The value's Go type says its GGUF type: uint8 int8
// uint16 int16 uint32 int32 uint64 int64 float32 float64 bool string, or a slice
// of one of these.
type KeyValue struct {
	Key   string
	Value any
}

// Keys returns the keys, in file order.
func (m Metadata) Keys() []string {
	keys := make([]string, len(m))
	for i, kv := range m {
		keys[i] = kv.Key
	}
	return keys
}

// Value returns the value of a key; nil if there is none.
func (m Metadata) Value(key string) any {
	for _, kv := range m {
		if kv.Key == key {
			return kv.Value
		}
	}
	return nil
}

// wrong says that a key has a value of another type than asked for.
func wrong(key string, value any, want string) error {
	return &formatError{"metadata key " + printable(key), fmt.Sprintf("it is %s, want %s", typeName(value), want)}
}

// typeName names a value's type as the format does.
func typeName(value any) string {
	if t, ok := valueTypeOf(value); ok {
		if t.list {
			return "a list of " + valueTypes[t.kind]
		}
		return "a " + valueTypes[t.kind]
	}
	return fmt.Sprintf("a Go %T", value)
}

// Uint returns a whole number of any width that is not negative. ok says whether
// the key is there; the error, that it is something else.
func (m Metadata) Uint(key string) (v uint64, ok bool, err error) {
	value := m.Value(key)
	if u, isUint := unsigned(value); isUint {
		return u, true, nil
	}
	if value == nil {
		return 0, false, nil
	}
	if i, isInt := signed(value); isInt {
		if i < 0 {
			return 0, true, &formatError{"metadata key " + printable(key), fmt.Sprintf("it is %d, want a number that is not negative", i)}
		}
		return uint64(i), true, nil
	}
	return 0, true, wrong(key, value, "a whole number")
}

func unsigned(value any) (uint64, bool) {
	switch v := value.(type) {
	case uint8:
		return uint64(v), true
	case uint16:
		return uint64(v), true
	case uint32:
		return uint64(v), true
	case uint64:
		return v, true
	}
	return 0, false
}

func signed(value any) (int64, bool) {
	switch v := value.(type) {
	case int8:
		return int64(v), true
	case int16:
		return int64(v), true
	case int32:
		return int64(v), true
	case int64:
		return v, true
	}
	return 0, false
}

// Float returns a floating-point number of either width.
func (m Metadata) Float(key string) (v float64, ok bool, err error) {
	switch v := m.Value(key).(type) {
	case nil:
		return 0, false, nil
	case float32:
		return float64(v), true, nil
	case float64:
		return v, true, nil
	default:
		return 0, true, wrong(key, v, "a floating-point number")
	}
}

// Bool returns a truth value.
func (m Metadata) Bool(key string) (v, ok bool, err error) {
	return as[bool](m, key, "a bool")
}

// Str returns a string.
func (m Metadata) Str(key string) (v string, ok bool, err error) {
	return as[string](m, key, "a string")
}

// Strings returns a list of strings, which the caller must not change.
func (m Metadata) Strings(key string) (v []string, ok bool, err error) {
	return as[[]string](m, key, "a list of string")
}

func as[T any](m Metadata, key, want string) (v T, ok bool, err error) {
	value := m.Value(key)
	if value == nil {
		return v, false, nil
	}
	if v, ok = value.(T); !ok {
		return v, true, wrong(key, value, want)
	}
	return v, true, nil
}

// Ints returns a list of whole numbers of any width.
func (m Metadata) Ints(key string) (v []int64, ok bool, err error) {
	switch list := m.Value(key).(type) {
	case nil:
		return nil, false, nil
	case []uint8:
		return widen(list), true, nil
	case []int8:
		return widen(list), true, nil
	case []uint16:
		return widen(list), true, nil
	case []int16:
		return widen(list), true, nil
	case []uint32:
		return widen(list), true, nil
	case []int32:
		return widen(list), true, nil
	case []int64:
		return list, true, nil
	case []uint64:
		for i, u := range list {
			if u > math.MaxInt64 {
				return nil, true, &formatError{"metadata key " + printable(key), fmt.Sprintf("element %d is %d, which is too large", i, u)}
			}
		}
		return widen(list), true, nil
	default:
		return nil, true, wrong(key, list, "a list of whole numbers")
	}
}

func widen[T uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64](list []T) []int64 {
	wide := make([]int64, len(list))
	for i, v := range list {
		wide[i] = int64(v)
	}
	return wide
}

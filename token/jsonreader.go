package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// A jsonReader walks through JSON text. It exists because a vocabulary has a
// quarter of a million strings, which package encoding/json takes too long over;
// values that are small or odd it hands to that package all the same.
//
// After an error all methods do nothing, and loops over members end.
type jsonReader struct {
	text string
	pos  int
	err  error
}

func (r *jsonReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

// end returns the first error, or one if the text goes on behind its value.
func (r *jsonReader) end() error {
	if r.peek(); r.err == nil && r.pos < len(r.text) {
		r.fail("byte %d: text behind the end of the JSON value", r.pos)
	}
	return r.err
}

// peek skips white space and returns the next byte, 0 at the end.
func (r *jsonReader) peek() byte {
	for ; r.pos < len(r.text); r.pos++ {
		switch c := r.text[r.pos]; c {
		case ' ', '\n', '\t', '\r':
		default:
			return c
		}
	}
	return 0
}

// accept skips the next byte if it is c.
func (r *jsonReader) accept(c byte) bool {
	if r.peek() != c {
		return false
	}
	r.pos++
	return true
}

func (r *jsonReader) expect(c byte) {
	if r.err == nil && !r.accept(c) {
		if r.pos == len(r.text) {
			r.fail("the file ends at byte %d, want %q there: it is truncated", r.pos, c)
		} else {
			r.fail("byte %d: %q, want %q", r.pos, r.text[r.pos], c)
		}
	}
}

// object reads an object; visit is called after each key and reads its value.
func (r *jsonReader) object(visit func(key string)) {
	r.members('{', '}', func() {
		key := r.string()
		r.expect(':')
		if r.err == nil {
			visit(key)
		}
	})
}

// array reads an array; visit reads one element.
func (r *jsonReader) array(visit func()) { r.members('[', ']', visit) }

func (r *jsonReader) members(open, shut byte, visit func()) {
	r.expect(open)
	if r.err != nil || r.accept(shut) {
		return
	}
	for r.err == nil {
		visit()
		if r.err == nil && r.accept(shut) {
			return
		}
		r.expect(',')
	}
}

// string reads a string. Without escapes it is a part of the text read.
func (r *jsonReader) string() string {
	r.expect('"')
	if r.err != nil {
		return ""
	}
	start, plain := r.pos, true
	for i := start; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '"':
			r.pos = i + 1
			if plain {
				return r.text[start:i]
			}
			var s string
			if err := json.Unmarshal([]byte(r.text[start-1:i+1]), &s); err != nil {
				r.fail("string at byte %d: %w", start, err)
			}
			return s
		case c == '\\':
			plain = false
			i++
		case c < ' ':
			plain = false // a control character, which Unmarshal refuses
		}
	}
	r.fail("the file ends inside the string at byte %d: it is truncated", start)
	return ""
}

// id reads a token's number.
func (r *jsonReader) id() int32 {
	r.peek()
	start, n := r.pos, int64(0)
	for ; r.pos < len(r.text) && '0' <= r.text[r.pos] && r.text[r.pos] <= '9'; r.pos++ {
		n = min(n*10+int64(r.text[r.pos]-'0'), math.MaxInt32+1)
	}
	digits := r.text[start:r.pos]
	if r.err == nil && (digits == "" || digits[0] == '0' && digits != "0" || n > math.MaxInt32) {
		r.fail("byte %d: want a token's id, a number from 0 to %d", start, math.MaxInt32)
	}
	return int32(n)
}

// decode reads any value into v, by the rules of encoding/json.
func (r *jsonReader) decode(name string, v any) {
	if r.err != nil {
		return
	}
	d := json.NewDecoder(strings.NewReader(r.text[r.pos:]))
	err := d.Decode(v)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		r.fail("the file ends inside %s: it is truncated", name)
	case err != nil:
		r.fail("%s: %w", name, err)
	}
	r.pos += int(d.InputOffset())
}

// skip reads over a value.
func (r *jsonReader) skip(name string) { r.decode(name, new(json.RawMessage)) }

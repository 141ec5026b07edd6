package token

import "unicode/utf8"

const replacement = "\uFFFD"

// validUTF8 returns text with every maximal ill-formed part of a character
// replaced by U+FFFD. (strings.ToValidUTF8 replaces whole runs instead.)
func validUTF8(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	valid, _ := appendValid(make([]byte, 0, len(text)+8), []byte(text), true)
	return string(valid)
}

// appendValid appends raw to dst as valid UTF-8. If more bytes are to come
// (final is false), a character that raw ends inside is not replaced but
// returned as rest.
func appendValid(dst, raw []byte, final bool) (valid, rest []byte) {
	for start := 0; ; {
		// Copy the well-formed stretch up to the next fault at once.
		fault := start
		for fault < len(raw) {
			r, n := utf8.DecodeRune(raw[fault:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			fault += n
		}
		dst = append(dst, raw[start:fault]...)
		if fault == len(raw) {
			return dst, nil
		}
		n, cut := illFormed(raw[fault:])
		if cut && !final {
			return dst, raw[fault:]
		}
		dst = append(dst, replacement...)
		start = fault + n
	}
}

// illFormed returns the length of the maximal subpart of a character at the
// start of b, which holds no whole one there (Unicode §3.9, table 3-7; U+FFFD
// substitution of maximal subparts). cut says that b ends before the fault:
// further bytes could make the character whole.
func illFormed(b []byte) (n int, cut bool) {
	lead := b[0]
	if lead < 0xC2 || lead > 0xF4 {
		return 1, false
	}
	lo, hi := byte(0x80), byte(0xBF) // of the second byte
	switch lead {
	case 0xE0:
		lo = 0xA0 // shorter forms exist
	case 0xED:
		hi = 0x9F // surrogates
	case 0xF0:
		lo = 0x90
	case 0xF4:
		hi = 0x8F // above U+10FFFF
	}
	for n = 1; n < len(b); n++ {
		if b[n] < lo || b[n] > hi {
			return n, false
		}
		lo, hi = 0x80, 0xBF
	}
	return n, true
}

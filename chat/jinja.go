package chat

import (
	"strconv"
	"strings"
)

// canonical returns a Jinja program in a form that is equal for texts that mean
// the same to the engine of Hugging Face (trim_blocks and lstrip_blocks): data
// after trimming, tags without the white space between their words, literals by
// value. It checks nothing: a text that is no program gets a form no known
// program has.
func canonical(text string) string {
	s := jinjaScanner{rest: strings.ReplaceAll(text, "\r\n", "\n"), lineStart: true}
	s.rest = strings.TrimSuffix(s.rest, "\n") // keep_trailing_newline is off
	for s.rest != "" {
		s.data()
		s.tag()
	}
	return s.out.String()
}

// A jinjaScanner goes through a program, by turns over data and a tag.
type jinjaScanner struct {
	rest string
	out  strings.Builder

	trim      bool // the last tag ended in "-": white space behind it goes
	lineStart bool // what follows starts a line
}

const space = " \t\n\r\f\v"

// data reads up to the next tag.
func (s *jinjaScanner) data() {
	end := len(s.rest)
	for i := 0; i+1 < len(s.rest); i++ {
		if s.rest[i] == '{' && strings.IndexByte("{%#", s.rest[i+1]) >= 0 {
			end = i
			break
		}
	}
	data, tag := s.rest[:end], s.rest[end:]
	s.rest = tag
	if s.trim {
		data = strings.TrimLeft(data, space)
	}
	switch {
	case len(tag) > 2 && tag[2] == '-':
		data = strings.TrimRight(data, space)
	case len(tag) > 2 && tag[2] != '+' && tag[1] != '{': // lstrip_blocks
		line := strings.LastIndexByte(data, '\n') + 1
		if (line > 0 || s.lineStart) && strings.Trim(data[line:], space) == "" {
			data = data[:line]
		}
	}
	if data != "" {
		s.out.WriteString(strconv.Quote(data))
	}
}

// tag reads {{ … }}, {% … %} or {# … #}, and with the latter two the line break
// behind (trim_blocks).
func (s *jinjaScanner) tag() {
	if len(s.rest) < 2 {
		return
	}
	open := s.rest[1]
	shut := string(open) + "}"
	if open == '{' {
		shut = "}}"
	}
	s.rest = s.rest[2:]
	if s.rest != "" && strings.IndexByte("-+", s.rest[0]) >= 0 {
		s.rest = s.rest[1:]
	}
	var body string
	if open == '#' {
		comment, rest, _ := strings.Cut(s.rest, shut)
		s.trim, s.rest = strings.HasSuffix(comment, "-"), rest
	} else {
		body = s.body(shut)
		s.trim = strings.HasSuffix(body, "-")
		keepLine := strings.HasSuffix(body, "+")
		s.out.WriteString("{" + string(open) + strings.TrimRight(body, "-+") + shut)
		if keepLine {
			s.lineStart = false
			return
		}
	}
	s.lineStart = false
	if open != '{' && !s.trim && strings.HasPrefix(s.rest, "\n") {
		s.rest, s.lineStart = s.rest[1:], true
	}
}

// body reads a tag up to and with its end, and returns it without white space
// outside of literals.
func (s *jinjaScanner) body(shut string) string {
	var body strings.Builder
	for s.rest != "" && !strings.HasPrefix(s.rest, shut) {
		switch c := s.rest[0]; {
		case c == '\'' || c == '"':
			body.WriteString(strconv.Quote(s.literal(c)))
			continue
		case strings.IndexByte(space, c) < 0:
			body.WriteByte(c)
		}
		s.rest = s.rest[1:]
	}
	s.rest = strings.TrimPrefix(s.rest, shut)
	return body.String()
}

// literal reads a string in the given quotes and returns its value.
func (s *jinjaScanner) literal(quote byte) string {
	var value strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == quote:
			s.rest = s.rest[i+1:]
			return value.String()
		case c == '\\' && i+1 < len(s.rest):
			i++
			value.WriteString(unescape(s.rest[i]))
		default:
			value.WriteByte(c)
		}
	}
	s.rest = ""
	return value.String()
}

// unescape returns the value of a backslash and c, as it stands if it has none.
func unescape(c byte) string {
	switch c {
	case 'n':
		return "\n"
	case 't':
		return "\t"
	case 'r':
		return "\r"
	case '\\', '\'', '"':
		return string([]byte{c})
	}
	return "\\" + string([]byte{c})
}

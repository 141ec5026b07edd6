package npy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A header is the dictionary of a file.
type header struct {
	descr   string
	fortran bool
	shape   []int
}

// format writes the dictionary, with its padding, as NumPy does, so that our
// files are its files to the byte. For the first dimension NumPy leaves room for
// 21 digits: an array that grows keeps the length of its header.
func (h header) format() string {
	var b strings.Builder
	fmt.Fprintf(&b, "{'descr': '%s', 'fortran_order': False, 'shape': (", h.descr)
	for i, d := range h.shape {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(d))
	}
	if len(h.shape) == 1 {
		b.WriteByte(',')
	}
	b.WriteString("), }")
	if len(h.shape) > 0 {
		b.WriteString(strings.Repeat(" ", 21-len(strconv.Itoa(h.shape[0]))))
	}
	// A length that fits already gets another 64 bytes: so does NumPy.
	used := prefix + b.Len() + 1
	b.WriteString(strings.Repeat(" ", align-used%align))
	b.WriteByte('\n')
	return b.String()
}

// parseHeader reads the dictionary: the three keys, each once, in any order.
func parseHeader(text string) (header, error) {
	p := parser{rest: text}
	var h header
	seen := map[string]bool{}
	p.want("{")
	for !p.accept("}") && p.err == nil {
		key := p.quoted()
		p.want(":")
		switch {
		case p.err != nil:
		case seen[key]:
			p.fail("key %q comes twice", key)
		case key == "descr":
			h.descr = p.quoted()
		case key == "fortran_order":
			h.fortran = p.boolean()
		case key == "shape":
			h.shape = p.tuple()
		default:
			p.fail("unknown key %q", key)
		}
		seen[key] = true
		if !p.accept(",") {
			p.want("}")
			break
		}
	}
	if p.err == nil && strings.Trim(p.rest, " \n") != "" {
		p.fail("%s follows the dictionary", p.next())
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if p.err == nil && !seen[key] {
			p.fail("key %q is missing", key)
		}
	}
	if p.err == nil && h.fortran {
		p.err = errors.New("values are in Fortran order, want C order")
	}
	return h, p.err
}

// A parser reads the few Python literals of a header. After the first error it
// consumes nothing.
type parser struct {
	rest string
	err  error
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("the header is not NumPy's: "+format, args...)
	}
}

// next shows what comes, for errors.
func (p *parser) next() string {
	if p.rest == "" {
		return "the end"
	}
	return strconv.Quote(p.rest[:min(len(p.rest), 16)])
}

func (p *parser) accept(token string) bool {
	p.rest = strings.TrimLeft(p.rest, " ")
	if p.err != nil || !strings.HasPrefix(p.rest, token) {
		return false
	}
	p.rest = p.rest[len(token):]
	return true
}

func (p *parser) want(token string) {
	if !p.accept(token) {
		p.fail("%s, want %q", p.next(), token)
	}
}

// quoted reads a string in single or double quotes, without escapes.
func (p *parser) quoted() string {
	for _, quote := range []string{"'", `"`} {
		if !p.accept(quote) {
			continue
		}
		s, rest, ok := strings.Cut(p.rest, quote)
		if !ok {
			break
		}
		p.rest = rest
		return s
	}
	p.fail("%s, want a string", p.next())
	return ""
}

func (p *parser) boolean() bool {
	if p.accept("True") {
		return true
	}
	if !p.accept("False") {
		p.fail("%s, want True or False", p.next())
	}
	return false
}

// tuple reads (), (3,) or (3, 4): the comma makes the tuple, so (3) is none.
func (p *parser) tuple() []int {
	shape := []int{}
	p.want("(")
	for !p.accept(")") && p.err == nil {
		shape = append(shape, p.integer())
		if len(shape) > maxDims {
			p.fail("the shape has more than %d dimensions", maxDims)
		}
		if p.accept(",") {
			continue
		}
		if len(shape) == 1 {
			p.want(",")
		}
		p.want(")")
		break
	}
	return shape
}

// integer reads a decimal that is not negative, without needless zeros in front.
func (p *parser) integer() int {
	p.rest = strings.TrimLeft(p.rest, " ")
	n := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789"))
	digits := p.rest[:n]
	if digits == "" || digits[0] == '0' && n > 1 {
		p.fail("%s, want a dimension", p.next())
		return 0
	}
	v, err := strconv.Atoi(digits)
	if err != nil {
		p.fail("dimension %.30s is too large", digits)
		return 0
	}
	p.rest = p.rest[n:]
	return v
}

package quantize

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/deskseek/deskseek/tensor"
)

// A Rule gives matrices a type by their name. Pattern is a regular expression that
// is looked for anywhere in the name that the written tensor has. Of several rules
// that match, the last one counts. Vectors follow no rule.
type Rule struct {
	Pattern string
	Type    tensor.DType
	search  *regexp.Regexp
}

// ParseRule reads PATTERN=TYPE.
func ParseRule(text string) (Rule, error) {
	at := strings.LastIndexByte(text, '=')
	if at <= 0 {
		return Rule{}, fmt.Errorf("rule %q: want PATTERN=TYPE, such as attn_output=Q8_0", text)
	}
	d, err := ParseType(text[at+1:])
	if err != nil {
		return Rule{}, fmt.Errorf("rule %q: %w", text, err)
	}
	search, err := regexp.Compile(text[:at])
	if err != nil {
		return Rule{}, fmt.Errorf("rule %q: %w", text, err)
	}
	return Rule{text[:at], d, search}, nil
}

// ParseType returns the type of a name, in letters of either case.
func ParseType(name string) (tensor.DType, error) {
	all := append(Types(), tensor.MLX4, tensor.MLX8)
	for _, d := range all {
		if strings.EqualFold(d.String(), name) {
			return d, nil
		}
	}
	return tensor.Invalid, fmt.Errorf("type %q is not written, want one of %s", name, list(all))
}

func (r Rule) String() string { return r.Pattern + "=" + r.Type.String() }

func (r *Rule) matches(name string) bool { return r.search.MatchString(name) }

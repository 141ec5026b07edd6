package chat

// Stops finds stop strings in text that comes in pieces. What it lets through
// never holds a stop string, nor the start of one that may still be completed.
//
// The stop string that is complete first ends the text, and of several that end
// at the same byte the longest; it is not let through. So the result does not
// depend on how the text was cut.
type Stops struct {
	stops   []stop
	held    string // read but not let through: the longest start of a stop string
	stopped bool
}

// A stop is a stop string and how much of it the text ends with.
type stop struct {
	text    string
	matched int   // bytes
	border  []int // by bytes matched, less one: the longest proper end of these that is a start, too
}

// NewStops returns a Stops at the start of a text. Empty stop strings are
// ignored.
func NewStops(stops []string) *Stops {
	s := &Stops{}
	for _, text := range stops {
		if text == "" {
			continue
		}
		// The search of Knuth, Morris and Pratt; the border table of a string is
		// made by searching the string in itself.
		p := stop{text: text, border: make([]int, len(text))}
		for i := 1; i < len(text); i++ {
			p.read(text[i])
			p.border[i] = p.matched
		}
		p.matched = 0
		s.stops = append(s.stops, p)
	}
	return s
}

// read goes on by one byte of text and reports whether the stop string is
// complete.
func (p *stop) read(b byte) bool {
	for p.matched > 0 && p.text[p.matched] != b {
		p.matched = p.border[p.matched-1]
	}
	if p.text[p.matched] == b {
		p.matched++
	}
	return p.matched == len(p.text)
}

// Push takes the next piece of text. It returns what may be shown now, and
// whether a stop string has ended the text; after that nothing more is shown.
func (s *Stops) Push(text string) (safe string, stopped bool) {
	if s.stopped {
		return "", true
	}
	start := len(s.held)
	s.held += text
	for i := start; i < len(s.held); i++ {
		longest := 0
		for j := range s.stops {
			if s.stops[j].read(s.held[i]) {
				longest = max(longest, len(s.stops[j].text))
			}
		}
		if longest > 0 {
			safe, s.held, s.stopped = s.held[:i+1-longest], "", true
			return safe, true
		}
	}
	keep := 0
	for j := range s.stops {
		keep = max(keep, s.stops[j].matched)
	}
	cut := len(s.held) - keep
	safe, s.held = s.held[:cut], s.held[cut:]
	return safe, false
}

// Flush returns what is held back, for the text has ended without a stop string.
func (s *Stops) Flush() string {
	held := s.held
	s.held = ""
	return held
}

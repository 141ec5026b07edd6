package chat

import (
	"strings"
	"testing"
)

// naiveStops looks for stop strings in the whole text, as Stops is defined: the
// first end, of several with that end the longest.
func naiveStops(stops []string, text string) (shown string, stopped bool) {
	for end := range len(text) + 1 {
		longest := 0
		for _, stop := range stops {
			if stop != "" && strings.HasSuffix(text[:end], stop) {
				longest = max(longest, len(stop))
			}
		}
		if longest > 0 {
			return text[:end-longest], true
		}
	}
	return text, false
}

func TestStops(t *testing.T) {
	for _, c := range []struct {
		stops   []string
		pieces  []string
		want    []string // of each Push, then of Flush
		stopped bool
	}{
		{nil, []string{"a", "b"}, []string{"a", "b", ""}, false},
		{[]string{""}, []string{"a"}, []string{"a", ""}, false},
		{[]string{"\n\n"}, []string{"a\n", "b\n", "\n", "c"}, []string{"a", "\nb", "", "", ""}, true},
		{[]string{"END"}, []string{"xE", "N", "E", "ND"}, []string{"x", "", "EN", "", ""}, true},
		{[]string{"END"}, []string{"xEN"}, []string{"x", "EN"}, false},
		{[]string{"aab"}, []string{"aaa", "ab!"}, []string{"a", "a", ""}, true},
		{[]string{"abcd", "bc"}, []string{"xabcd"}, []string{"xa", ""}, true},
		{[]string{"bc", "abc"}, []string{"xab", "c"}, []string{"x", "", ""}, true},
		{[]string{"。"}, []string{"你好", "。", "再见"}, []string{"你好", "", "", ""}, true},
		{[]string{"è"}, []string{"é"}, []string{"é", ""}, false},
	} {
		s := NewStops(c.stops)
		stopped := false
		var got []string
		for _, piece := range c.pieces {
			var text string
			text, stopped = s.Push(piece)
			got = append(got, text)
		}
		got = append(got, s.Flush())
		if strings.Join(got, "|") != strings.Join(c.want, "|") || stopped != c.stopped {
			t.Errorf("stops %q in %q: %q, %v, want %q, %v", c.stops, c.pieces, got, stopped, c.want, c.stopped)
		}
	}
}

// FuzzStops: however a text is cut, what is shown is what a search of the whole
// text says, and no piece is held longer than it must.
func FuzzStops(f *testing.F) {
	f.Add("aab", "ab", "", "aaaab", uint64(3))
	f.Add("abcd", "bc", "d", "xxabcdbcd", uint64(0x55))
	f.Add("\n\n", "END", "。", "a\nb。\n\n", ^uint64(0))
	f.Fuzz(func(t *testing.T, a, b, c, text string, cuts uint64) {
		stops := []string{a, b, c}
		s := NewStops(stops)
		var shown strings.Builder
		stopped, start := false, 0
		for i := 1; i <= len(text); i++ {
			if i < len(text) && cuts>>(i%64)&1 == 0 {
				continue
			}
			var piece string
			piece, stopped = s.Push(text[start:i])
			shown.WriteString(piece)
			start = i
			if held := text[shown.Len():i]; !stopped && held != "" && !startsStop(stops, held) {
				t.Errorf("stops %q: %q is held back of %q", stops, held, text[:i])
			}
		}
		shown.WriteString(s.Flush())
		if want, wantStopped := naiveStops(stops, text); shown.String() != want || stopped != wantStopped {
			t.Errorf("stops %q in %q: %q, %v, want %q, %v", stops, text, shown.String(), stopped, want, wantStopped)
		}
	})
}

func startsStop(stops []string, text string) bool {
	for _, stop := range stops {
		if strings.HasPrefix(stop, text) {
			return true
		}
	}
	return false
}

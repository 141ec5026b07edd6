package token

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/dlclark/regexp2/v2"
)

// An oracle splits as tokenizer.json says: each pattern over every piece of the
// one before, matches and gaps alike.
type oracle []*regexp2.Regexp

func newOracle() oracle {
	return oracle{
		regexp2.MustCompile(patternNumbers),
		regexp2.MustCompile(patternHan),
		regexp2.MustCompile(patternWords),
	}
}

func (o oracle) split(t testing.TB, text string) []string {
	pieces := []string{text}
	for _, pattern := range o {
		var next []string
		for _, piece := range pieces {
			runes := []rune(piece)
			end := 0
			add := func(start, stop int) {
				if start < stop {
					next = append(next, string(runes[start:stop]))
				}
			}
			m, err := pattern.FindRunesMatch(runes)
			for ; m != nil && err == nil; m, err = pattern.FindNextMatch(m) {
				add(end, m.RuneIndex)
				add(m.RuneIndex, m.RuneIndex+m.RuneLength)
				end = m.RuneIndex + m.RuneLength
			}
			if err != nil {
				t.Fatal(err)
			}
			add(end, len(runes))
		}
		pieces = next
	}
	return pieces
}

func scan(text string) []string {
	var words []string
	for i := 0; i < len(text); {
		end := classes().next(text, i)
		words = append(words, text[i:end])
		i = end
	}
	return words
}

func checkSplit(t *testing.T, o oracle, text string) {
	t.Helper()
	if got, want := scan(text), o.split(t, text); !slices.Equal(got, want) {
		t.Errorf("split of %q:\n got %q\nwant %q", text, got, want)
	}
}

// TestSplitCharacters has code points between letters, blanks, marks, han and
// numbers: all of the first scripts, punctuation and kana, and samples of the
// others, where long runs are alike.
func TestSplitCharacters(t *testing.T) {
	o := newOracle()
	for r := rune(0); r <= unicode.MaxRune; r++ {
		block := r >> 8
		whole := block <= 0x06 || block == 0x20 || block == 0x30 || block == 0xFF
		if whole || r%0x101 == 0 {
			checkSplit(t, o, strings.ReplaceAll("X|aX b| X|\u0301X\u3042X\u30FB|\nX\u0085XX|1X2|\u0001X", "X", string(r)))
		}
	}
}

// TestSplitCombinations has all short strings over characters of every class
// that the patterns tell apart, and random longer ones.
func TestSplitCombinations(t *testing.T) {
	o := newOracle()
	alphabet := []rune{'a', 'é', '\u0301', '7', '!', '€', ' ', '\n', '\u0085', '\uFEFF', 'の', '・', '\u3040', '\u3099'}
	var grow func(prefix string, left int)
	grow = func(prefix string, left int) {
		checkSplit(t, o, prefix)
		if left == 0 || t.Failed() {
			return
		}
		for _, r := range alphabet {
			grow(prefix+string(r), left-1)
		}
	}
	grow("", 3)
	random := rand.New(rand.NewPCG(3, 4))
	more := append(alphabet, 'Z', '\r', '\t', '\u00a0', '\u3000', '²', '٣', '中', '龥', '龦', 'ー', '゠', '\u200d', '😀', '\U0001F3FB', '\U000E0001', '\x00', '_')
	for range 5000 {
		text := make([]rune, 4+random.IntN(9))
		for i := range text {
			text[i] = more[random.IntN(len(more))]
		}
		checkSplit(t, o, string(text))
	}
}

func FuzzSplit(f *testing.F) {
	for _, v := range readVectors(f, "testdata/deepseek-v3-vectors.json").Vectors {
		if len(v.Text) < 1000 {
			f.Add(v.Text)
		}
	}
	o := newOracle()
	f.Fuzz(func(t *testing.T, text string) { checkSplit(t, o, validUTF8(text)) })
}

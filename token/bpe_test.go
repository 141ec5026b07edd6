package token

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// referenceMerge is byte pair encoding as it is defined, over the file's own
// merges: slow, and without tables.
func referenceMerge(m *merger, ranks map[[2]ID]int, word string) []ID {
	var ids []ID
	for _, b := range []byte(word) {
		ids = append(ids, m.singles[b])
	}
	for {
		best, lowest := -1, len(ranks)
		for i := range max(0, len(ids)-1) {
			if rank, ok := ranks[[2]ID{ids[i], ids[i+1]}]; ok && rank < lowest {
				best, lowest = i, rank
			}
		}
		if best < 0 {
			return ids
		}
		ids = slices.Replace(ids, best, best+2, m.products[lowest])
	}
}

// TestMergeReference holds both ways of merging to the definition, on words of
// random bytes, letters, syllables and repeats.
func TestMergeReference(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, tok := range []*Tokenizer{must(t, tinyTokenizer), must(t, realTokenizer)} {
		m := &tok.merger
		ranks := map[[2]ID]int{}
		for _, p := range m.table {
			if p.rank != unmerged {
				ranks[[2]ID{p.left, p.right}] = int(p.rank)
			}
		}
		if len(ranks) != len(m.products) {
			t.Fatalf("%d merges in the table, want %d", len(ranks), len(m.products))
		}
		for range 300 {
			word := randomWord(random, random.IntN(longestScanned))
			want := referenceMerge(m, ranks, word)
			if got := m.scan(nil, word); !slices.Equal(got, want) {
				t.Fatalf("scan(%q) = %v, want %v", word, got, want)
			}
			if got := m.heap(nil, word); !slices.Equal(got, want) {
				t.Fatalf("heap(%q) = %v, want %v", word, got, want)
			}
		}
		for _, n := range []int{longestScanned, longestScanned + 1, 1000} {
			word := randomWord(random, n)
			if got, want := m.encode(nil, word), referenceMerge(m, ranks, word); !slices.Equal(got, want) {
				t.Fatalf("encode(%q) = %v, want %v", word, got, want)
			}
		}
	}
}

func randomWord(random *rand.Rand, n int) string {
	parts := []string{"the", " in", "ation", "er", "re", "a", "e", "t", "aa", "的", "中国", "\n", "  "}
	var word strings.Builder
	switch way := random.IntN(4); way {
	case 0:
		for word.Len() < n {
			word.WriteByte(byte(random.IntN(256)))
		}
	case 1:
		for word.Len() < n {
			word.WriteByte(byte('a' + random.IntN(26)))
		}
	case 2:
		for word.Len() < n {
			word.WriteString(parts[random.IntN(len(parts))])
		}
	default:
		for part := parts[random.IntN(len(parts))]; word.Len() < n; {
			word.WriteString(part)
		}
	}
	return word.String()[:n]
}

// BenchmarkLongWord has a word of one letter, where merging by scanning would
// take time that grows with the square of the length: bytes a second must not
// fall with it.
func BenchmarkLongWord(b *testing.B) {
	tok := must(b, realTokenizer)
	for _, n := range []int{100, 1000, 10000, 1000000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			word := strings.Repeat("ab", n/2)
			b.SetBytes(int64(n))
			var ids []ID
			for b.Loop() {
				ids = tok.Encode(ids[:0], word, false)
			}
		})
	}
}

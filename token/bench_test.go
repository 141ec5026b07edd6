package token

import (
	"strings"
	"testing"
)

// chinese returns the vectors' Chinese texts, repeated to about n bytes.
func chinese(b *testing.B, n int) string {
	var all strings.Builder
	for all.Len() < n {
		for _, v := range readVectors(b, "testdata/deepseek-v3-vectors.json").Vectors {
			if v.Category == "chinese" {
				all.WriteString(v.Text)
			}
		}
	}
	return all.String()
}

func BenchmarkEncode(b *testing.B) {
	tok := must(b, realTokenizer)
	english := string(read(b, "testdata/english.txt.gz")) // of Newton's Opticks
	for _, c := range []struct {
		name, text string
		special    bool
	}{
		{"english", english, false},
		{"english with specials", english, true},
		{"angle brackets with specials", strings.Repeat("if a <b and <｜c then ", 6000), true},
		{"chinese", chinese(b, 100000), false},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			ids := tok.Encode(nil, c.text, c.special) // warms up
			for b.Loop() {
				ids = tok.Encode(ids[:0], c.text, c.special)
			}
		})
	}
}

// BenchmarkEncodeCold has text whose words are never known.
func BenchmarkEncodeCold(b *testing.B) {
	tok := must(b, realTokenizer)
	english := string(read(b, "testdata/english.txt.gz"))
	b.SetBytes(int64(len(english)))
	var ids []ID
	for b.Loop() {
		tok.words = newWordCache()
		ids = tok.Encode(ids[:0], english, false)
	}
}

func BenchmarkSplit(b *testing.B) {
	english := string(read(b, "testdata/english.txt.gz"))
	table := classes()
	b.SetBytes(int64(len(english)))
	for b.Loop() {
		for i := 0; i < len(english); {
			i = table.next(english, i)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	tok := must(b, realTokenizer)
	english := string(read(b, "testdata/english.txt.gz"))
	ids := tok.Encode(nil, english, false)
	b.SetBytes(int64(len(english)))
	for b.Loop() {
		tok.Decode(ids, false)
	}
}

// BenchmarkParseJSON loads the vocabulary of DeepSeek-V3.
func BenchmarkParseJSON(b *testing.B) {
	file := read(b, realFile)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseJSON(file); err != nil {
			b.Fatal(err)
		}
	}
}

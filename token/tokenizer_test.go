package token

import (
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// A vocabularyCase is a tokenizer and the vectors made with it.
type vocabularyCase struct {
	name    string
	tok     *Tokenizer
	vectors vectors
}

// vocabularyCases returns the copies in testdata, each read from tokenizer.json
// and as GGUF holds it, and the originals where the golden folder is at hand.
func vocabularyCases(t testing.TB) []vocabularyCase {
	t.Helper()
	deepseek := readVectors(t, "testdata/deepseek-v3-vectors.json")
	tiny := readVectors(t, "testdata/tiny-vectors.json")
	cases := []vocabularyCase{
		{"deepseek-v3", must(t, realTokenizer), deepseek},
		{"deepseek-v3 as GGUF", asGGUF(t, read(t, realFile)), deepseek},
		{"tiny", must(t, tinyTokenizer), tiny},
		{"tiny as GGUF", asGGUF(t, read(t, tinyFile)), tiny},
	}
	if dir := golden(); dir != "" {
		for _, c := range []struct{ tokenizer, vectors string }{
			{"../tokenizer/tokenizer.json", "tokenizer/tokenizer_vectors.json"},
			{"tiny-gguf/tokenizer.json", "tiny-gguf/tokenizer_vectors.json"},
			{"tiny-gguf-yarn/tokenizer.json", "tiny-gguf-yarn/tokenizer_vectors.json"},
		} {
			tok, err := ParseJSON(read(t, filepath.Join(dir, c.tokenizer)))
			if err != nil {
				t.Fatalf("%s: %v", c.tokenizer, err)
			}
			cases = append(cases, vocabularyCase{"golden " + c.vectors, tok, readVectors(t, filepath.Join(dir, c.vectors))})
		}
	}
	return cases
}

// asGGUF returns the tokenizer of the lists that GGUF would hold, with the flags
// of tokenizer.json.
func asGGUF(t testing.TB, tokenizerJSON []byte) *Tokenizer {
	t.Helper()
	var file struct {
		Added []jsonAdded `json:"added_tokens"`
		Model struct {
			Vocab  map[string]ID
			Merges []string
		}
	}
	if err := json.Unmarshal(tokenizerJSON, &file); err != nil {
		t.Fatal(err)
	}
	v := Vocabulary{Merges: file.Model.Merges}
	set := func(id int, text string, typ int32) {
		for len(v.Tokens) <= id {
			v.Tokens, v.Types = append(v.Tokens, "[PAD]"), append(v.Types, typeUnused)
		}
		v.Tokens[id], v.Types[id] = text, typ
	}
	for text, id := range file.Model.Vocab {
		set(int(id), text, typeNormal)
	}
	for _, a := range file.Added {
		typ := int32(typeUserDefined)
		if a.Special {
			typ = typeControl
		}
		set(int(a.ID), a.Content, typ)
	}
	v.Tokens, v.Types = append(v.Tokens, "[PAD]"), append(v.Types, typeUnused)
	tok, err := New(v)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestVectors(t *testing.T) {
	for _, c := range vocabularyCases(t) {
		t.Run(c.name, func(t *testing.T) {
			for _, v := range c.vectors.Vectors {
				special := v.ParseSpecial
				if special == nil {
					special = c.vectors.ParseSpecial
				}
				if got := c.tok.Encode(nil, v.Text, *special); !slices.Equal(got, v.IDs) {
					t.Errorf("%s: Encode(%q, %v) = %v, want %v", v.Category, v.Text, *special, got, v.IDs)
				}
				if got := c.tok.Decode(v.IDs, false); got != v.Decoded {
					t.Errorf("%s: Decode(%v) = %q, want %q", v.Category, v.IDs, got, v.Decoded)
				}
				if v.DecodedSkipSpecial == nil {
					continue
				}
				if got := c.tok.Decode(v.IDs, true); got != *v.DecodedSkipSpecial {
					t.Errorf("%s: Decode(%v, skip) = %q, want %q", v.Category, v.IDs, got, *v.DecodedSkipSpecial)
				}
			}
			for _, v := range c.vectors.DecodeVectors {
				if got := c.tok.Decode(v.IDs, false); got != v.Decoded {
					t.Errorf("Decode(%v) = %q, want %q", v.IDs, got, v.Decoded)
				}
				checkStream(t, c.tok, v.IDs)
			}
			for _, v := range c.vectors.InvalidUTF8 {
				raw, err := hex.DecodeString(v.BytesHex)
				if err != nil {
					t.Fatal(err)
				}
				if got := c.tok.Encode(nil, string(raw), true); !slices.Equal(got, v.IDs) {
					t.Errorf("Encode(% x) = %v, want %v", raw, got, v.IDs)
				}
				if got := validUTF8(string(raw)); got != v.Text {
					t.Errorf("validUTF8(% x) = %q, want %q", raw, got, v.Text)
				}
			}
		})
	}
}

// checkStream holds a Decoder to what Decode says, and to whole characters.
func checkStream(t *testing.T, tok *Tokenizer, ids []ID) {
	t.Helper()
	for _, skip := range []bool{false, true} {
		d := tok.NewDecoder(skip)
		var got strings.Builder
		for _, id := range ids {
			piece := d.Push(id)
			if !utf8.ValidString(piece) {
				t.Errorf("Push(%d) of %v = %q, not whole characters", id, ids, piece)
			}
			got.WriteString(piece)
		}
		got.WriteString(d.Flush())
		if want := tok.Decode(ids, skip); got.String() != want {
			t.Errorf("streaming %v = %q, want %q", ids, got.String(), want)
		}
	}
}

// TestDecoderHoldsCharactersBack feeds one byte a token: text appears with the
// last byte of a character, or with the first that cannot belong to it.
func TestDecoderHoldsCharactersBack(t *testing.T) {
	tok := must(t, realTokenizer)
	for _, c := range []struct {
		bytes string
		want  []string // after each byte, then of Flush
	}{
		{"a😀b", []string{"a", "", "", "", "😀", "b", ""}},
		{"é", []string{"", "é", ""}},
		{"\xe4\xbd!", []string{"", "", "\uFFFD!", ""}},
		{"\xf0\x9f\x98", []string{"", "", "", "\uFFFD"}},
		{"\xe0\x80", []string{"", "\uFFFD\uFFFD", ""}},
		{"\xed\xa0\x80", []string{"", "\uFFFD\uFFFD", "\uFFFD", ""}},
		{"\xf4\x90", []string{"", "\uFFFD\uFFFD", ""}},
		{"\xff\xc3", []string{"\uFFFD", "", "\uFFFD"}},
		{"\xc3\xc3\xa9", []string{"", "\uFFFD", "é", ""}},
	} {
		d := tok.NewDecoder(false)
		var got []string
		for i := range len(c.bytes) {
			got = append(got, d.Push(tok.merger.singles[c.bytes[i]]))
		}
		if got = append(got, d.Flush()); !slices.Equal(got, c.want) {
			t.Errorf("bytes %q stream as %q, want %q", c.bytes, got, c.want)
		}
	}
}

func TestStreamOfAnyTokens(t *testing.T) {
	tok := must(t, realTokenizer)
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		ids := make([]ID, random.IntN(20))
		for i := range ids {
			ids[i] = ID(random.IntN(tok.Size()+10) - 5) // some have no token
			if random.IntN(2) == 0 {
				ids[i] = tok.merger.singles[random.IntN(256)]
			}
		}
		checkStream(t, tok, ids)
	}
}

// TestEveryToken decodes each token alone and, where it is text, encodes it
// again.
func TestEveryToken(t *testing.T) {
	tok := must(t, realTokenizer)
	if got := tok.Size(); got != 128815 {
		t.Errorf("Size() = %d, want 128815", got)
	}
	for id := range ID(tok.Size()) {
		b := tok.Bytes(id)
		if len(b) == 0 {
			t.Errorf("token %d has no bytes", id)
			continue
		}
		if found, ok := tok.Lookup(string(b)); ok {
			if got := tok.Encode(nil, string(b), true); found != id || !slices.Equal(got, []ID{id}) {
				t.Errorf("added token %d (%q): Lookup %d, Encode %v", id, b, found, got)
			}
			if got := tok.Encode(nil, string(b), false); slices.Contains(got, id) {
				t.Errorf("added token %d (%q) comes out of plain text: %v", id, b, got)
			}
		}
	}
	for _, id := range []ID{-1, ID(tok.Size()), 129279, 1<<31 - 1} {
		if b := tok.Bytes(id); b != nil {
			t.Errorf("Bytes(%d) = %q, want nil", id, b)
		}
	}
	if _, ok := tok.Lookup("the"); ok {
		t.Error("Lookup finds \"the\", which is no added token")
	}
	if id, ok := tok.Lookup("<｜User｜>"); !ok || id != 128803 {
		t.Errorf("Lookup(<｜User｜>) = %d, %v, want 128803", id, ok)
	}
}

// TestGoroutines encodes on several goroutines at once with one Tokenizer.
func TestGoroutines(t *testing.T) {
	tok := must(t, realTokenizer)
	v := readVectors(t, "testdata/deepseek-v3-vectors.json").Vectors
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for _, i := range rand.Perm(len(v)) {
				if got := tok.Encode(nil, v[i].Text, *v[i].ParseSpecial); !slices.Equal(got, v[i].IDs) {
					t.Errorf("Encode(%q) = %v, want %v", v[i].Text, got, v[i].IDs)
				}
			}
		})
	}
	group.Wait()
}

func TestEncodeAppends(t *testing.T) {
	tok := must(t, tinyTokenizer)
	want := append([]ID{7, 8}, tok.Encode(nil, "Hello<｜User｜> 12", true)...)
	if got := tok.Encode([]ID{7, 8}, "Hello<｜User｜> 12", true); !slices.Equal(got, want) {
		t.Errorf("Encode appends to %v, want %v", got, want)
	}
}

func FuzzEncodeDecode(f *testing.F) {
	tok := must(f, tinyTokenizer)
	deepseek := must(f, realTokenizer)
	for _, v := range readVectors(f, "testdata/deepseek-v3-vectors.json").Vectors {
		f.Add(v.Text)
	}
	for _, v := range readVectors(f, "testdata/deepseek-v3-vectors.json").InvalidUTF8 {
		raw, _ := hex.DecodeString(v.BytesHex)
		f.Add(string(raw))
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, tok := range []*Tokenizer{tok, deepseek} {
			for _, special := range []bool{false, true} {
				ids := tok.Encode(nil, text, special)
				if got, want := tok.Decode(ids, false), validUTF8(text); got != want {
					t.Errorf("Decode(Encode(%q, %v)) = %q", text, special, got)
				}
				checkStream(t, tok, ids)
			}
		}
	})
}

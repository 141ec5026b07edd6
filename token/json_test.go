package token

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// smallVocabulary returns a vocabulary of the 256 bytes, "ab" (256) and "abc"
// (257), and a control token (258), as GGUF has it.
func smallVocabulary() Vocabulary {
	v := Vocabulary{Merges: []string{"a b", "ab c"}}
	for _, r := range byteLevel {
		v.Tokens = append(v.Tokens, string(r))
	}
	v.Tokens = append(v.Tokens, "ab", "abc", "<｜User｜>")
	v.Types = slices.Repeat([]int32{typeNormal}, len(v.Tokens))
	v.Types[258] = typeControl
	return v
}

type object = map[string]any

// smallFile returns smallVocabulary as the members of a tokenizer.json.
func smallFile(t testing.TB) object {
	v := smallVocabulary()
	vocab := object{}
	for id, text := range v.Tokens[:258] {
		vocab[text] = id
	}
	var tiny object
	if err := json.Unmarshal(read(t, tinyFile), &tiny); err != nil {
		t.Fatal(err)
	}
	return object{
		"version":       "1.0",
		"added_tokens":  []any{object{"id": 258, "content": "<｜User｜>", "special": true, "normalized": false}},
		"normalizer":    nil,
		"pre_tokenizer": tiny["pre_tokenizer"],
		"decoder":       object{"type": "ByteLevel"},
		"model":         object{"type": "BPE", "vocab": vocab, "merges": v.Merges},
	}
}

func marshal(t testing.TB, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func checkSmall(t *testing.T, tok *Tokenizer) {
	t.Helper()
	text := "abcab<｜User｜>\n"
	ids := tok.Encode(nil, text, true)
	if want := []ID{257, 256, 258, '\n'}; !slices.Equal(ids, want) {
		t.Errorf("Encode(%q) = %v, want %v", text, ids, want)
	}
	if got := tok.Decode(ids, true); got != "abcab\n" {
		t.Errorf("Decode without specials = %q", got)
	}
}

// TestSpellings has the same vocabulary in the forms that files come in.
func TestSpellings(t *testing.T) {
	tok, err := New(smallVocabulary())
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, tok)
	for name, change := range map[string]func(file, model object){
		"as written":           func(file, model object) {},
		"merges as pairs":      func(file, model object) { model["merges"] = [][]string{{"a", "b"}, {"ab", "c"}} },
		"empty normalizer":     func(file, model object) { file["normalizer"] = object{"type": "Sequence", "normalizers": []any{}} },
		"vocabulary has added": func(file, model object) { model["vocab"].(object)["<｜User｜>"] = 258 },
		"gap before added": func(file, model object) {
			file["added_tokens"] = append(file["added_tokens"].([]any), object{"id": 300, "content": "<x>"})
		},
		"unused settings": func(file, model object) {
			maps.Copy(model, object{"dropout": nil, "unk_token": nil, "byte_fallback": false, "end_of_word_suffix": "", "fuse_unk": false})
		},
	} {
		t.Run(name, func(t *testing.T) {
			file := smallFile(t)
			change(file, file["model"].(object))
			plain := marshal(t, file)
			for _, b := range [][]byte{plain, escaped(plain), indented(t, plain)} {
				tok, err := ParseJSON(b)
				if err != nil {
					t.Fatal(err)
				}
				checkSmall(t, tok)
			}
		})
	}
}

// escaped returns JSON with every character beyond ASCII as \u escapes, and
// line breaks of patterns as the pattern's own escapes.
func escaped(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte(`\r\n\\p{L}`), []byte(`\\r\\n\\p{L}`))
	var out []byte
	for _, r := range string(b) {
		if r < 0x80 {
			out = append(out, byte(r))
			continue
		}
		const hex = "0123456789abcdef"
		out = append(out, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
	}
	return out
}

func indented(t *testing.T, b []byte) []byte {
	var out bytes.Buffer
	if err := json.Indent(&out, b, "\r\n", "\t "); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestRefusedJSON names for each fault what the error says of it.
func TestRefusedJSON(t *testing.T) {
	step := func(file object, i int) object {
		return file["pre_tokenizer"].(object)["pretokenizers"].([]any)[i].(object)
	}
	addedToken := func(file object, key string, value any) {
		file["added_tokens"].([]any)[0].(object)[key] = value
	}
	for _, c := range []struct {
		want   string
		change func(file, model object)
	}{
		{`model.type is "Unigram", want "BPE"`, func(_, m object) { m["type"] = "Unigram" }},
		{`model.ignore_merges is true`, func(_, m object) { m["ignore_merges"] = true }},
		{`model.dropout is 0.1`, func(_, m object) { m["dropout"] = 0.1 }},
		{`suffix "</w>"`, func(_, m object) { m["end_of_word_suffix"] = "</w>" }},
		{`normalizer is "NFC"`, func(f, _ object) { f["normalizer"] = object{"type": "NFC"} }},
		{`decoder is "Metaspace"`, func(f, _ object) { f["decoder"] = object{"type": "Metaspace"} }},
		{`decoder is ""`, func(f, _ object) { delete(f, "decoder") }},
		{`pre_tokenizer is "ByteLevel" with 0 steps`, func(f, _ object) { f["pre_tokenizer"] = object{"type": "ByteLevel"} }},
		{`pre_tokenizer step 0 is Split "\\d"`, func(f, _ object) { step(f, 0)["pattern"] = object{"Regex": `\d`} }},
		{`pre_tokenizer step 1`, func(f, _ object) { step(f, 1)["behavior"] = "Removed" }},
		{`pre_tokenizer step 2`, func(f, _ object) { step(f, 2)["invert"] = true }},
		{`pre_tokenizer step 3`, func(f, _ object) { delete(step(f, 3), "use_regex") }},
		{`pre_tokenizer step 3`, func(f, _ object) { step(f, 3)["add_prefix_space"] = true }},
		{`no token for byte 0x41 ('A')`, func(_, m object) { delete(m["vocab"].(object), "A") }},
		{`no token for byte 0x20 ('Ġ')`, func(f, _ object) { addedToken(f, "id", 0x20); addedToken(f, "content", "Ġ") }},
		{`merge 1 ("ab" with "c"): "abc" is not in the vocabulary`, func(_, m object) { delete(m["vocab"].(object), "abc") }},
		{`merge 2 ("xy" with "c"): "xy" is not in the vocabulary`, func(_, m object) { m["merges"] = []string{"a b", "ab c", "xy c"} }},
		{`merge 0 ("a" with "b") yields an added token`, func(f, _ object) { addedToken(f, "id", 256); addedToken(f, "content", "ab") }},
		{`merge 1 ("a" with "b") is there twice`, func(_, m object) { m["merges"] = []string{"a b", "a b"} }},
		{`merge 0 is "a  b"`, func(_, m object) { m["merges"] = []string{"a  b"} }},
		{`merge 0 is "ab"`, func(_, m object) { m["merges"] = []string{"ab"} }},
		{`merge 0 has 3 tokens`, func(_, m object) { m["merges"] = [][]string{{"a", "b", "c"}} }},
		{`merge 0 has 0 tokens`, func(_, m object) { m["merges"] = []any{[]any{}} }},
		{`want a token's id`, func(_, m object) { m["vocab"].(object)["x"] = -1 }},
		{`want a token's id`, func(_, m object) { m["vocab"].(object)["x"] = int64(1) << 31 }},
		{`want a token's id`, func(_, m object) { m["vocab"].(object)["x"] = "7" }},
		{`token "x" has id 2147483647 in a vocabulary of 259`, func(_, m object) { m["vocab"].(object)["x"] = 1<<31 - 1 }},
		{`token "<｜User｜>" has id -1`, func(f, _ object) { addedToken(f, "id", -1) }},
		{`token "<｜User｜>" has id 1099511627776`, func(f, _ object) { addedToken(f, "id", 1<<40) }},
		{`both have id 257`, func(_, m object) { m["vocab"].(object)["x"] = 257 }},
		{`tokens "abc" and "<｜User｜>" both have id 257`, func(f, _ object) { addedToken(f, "id", 257) }},
		{`tokens 256 and 258 are both "ab"`, func(f, _ object) { addedToken(f, "content", "ab") }},
		{`token 258 has no text`, func(f, _ object) { addedToken(f, "content", "") }},
		{`lstrip`, func(f, _ object) { addedToken(f, "lstrip", true) }},
		{`both have id 258`, func(f, _ object) {
			f["added_tokens"] = append(f["added_tokens"].([]any), object{"id": 258, "content": "<x>"})
		}},
		{`'[', want '{'`, func(f, _ object) { f["model"] = []any{} }},
		{`added_tokens: json: cannot unmarshal`, func(f, _ object) { f["added_tokens"] = object{} }},
		{`model.type is ""`, func(f, _ object) { delete(f, "model") }},
	} {
		file := smallFile(t)
		c.change(file, file["model"].(object))
		checkRefused(t, marshal(t, file), c.want)
	}
}

func checkRefused(t *testing.T, file []byte, want string) {
	t.Helper()
	_, err := ParseJSON(file)
	switch {
	case err == nil:
		t.Errorf("no error, want one that says %q", want)
	case !strings.Contains(err.Error(), want):
		t.Errorf("error is %q, want one that says %q", err, want)
	case len(err.Error()) > 500:
		t.Errorf("error of %d characters", len(err.Error()))
	}
}

func TestNotJSON(t *testing.T) {
	for text, want := range map[string]string{
		"":                "truncated",
		"<!doctype html>": `byte 0: '<', want '{'`,
		"version https://git-lfs.github.com/spec/v1": `byte 0: 'v', want '{'`,
		"\xff{}":                          "not UTF-8",
		"{} {}":                           "text behind the end",
		`{"a" 1}`:                         `want ':'`,
		`{"a": 1,}`:                       `want '"'`,
		`{"a": tru}`:                      "a: invalid character",
		"{\"a\nb\": 1}":                   "string at byte 2",
		`{"\x": 1}`:                       "string at byte 2",
		`{"model": {"vocab": {"a": 01}}}`: "want a token's id",
		`{"model": {"merges": {}}}`:       `'{', want '['`,
	} {
		checkRefused(t, []byte(text), want)
	}
	whole := marshal(t, smallFile(t))
	for n := range whole {
		if _, err := ParseJSON(whole[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes are accepted", n, len(whole))
		}
	}
}

func TestRefusedVocabulary(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(v *Vocabulary)
	}{
		{`259 tokens but 258 token types`, func(v *Vocabulary) { v.Types = v.Types[:258] }},
		{`token 258 ("<｜User｜>") has type 6`, func(v *Vocabulary) { v.Types[258] = 6 }},
		{`no token for byte 0x00`, func(v *Vocabulary) { *v = Vocabulary{} }},
		{`no token for byte 0x41`, func(v *Vocabulary) { v.Types['A'] = typeUnused }},
		{`tokens 256 and 258 are both "ab"`, func(v *Vocabulary) { v.Tokens[258] = "ab" }},
		{`token 258 has no text`, func(v *Vocabulary) { v.Tokens[258] = "" }},
		{`merge 0 is " b"`, func(v *Vocabulary) { v.Merges[0] = " b" }},
		{`merge 1 is "ab x y"`, func(v *Vocabulary) { v.Merges[1] = "ab x y" }},
		{`merge 1 ("ab" with "xy"): "xy" is not in the vocabulary`, func(v *Vocabulary) { v.Merges[1] = "ab xy" }},
		{`yields an added token`, func(v *Vocabulary) { v.Types[257] = typeUserDefined }},
	} {
		v := smallVocabulary()
		c.change(&v)
		if _, err := New(v); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error is %v, want one that says %q", err, c.want)
		}
	}
}

// TestUnusedTokens have no text, are never found, and may share a name.
func TestUnusedTokens(t *testing.T) {
	v := smallVocabulary()
	for range 3 {
		v.Tokens, v.Types = append(v.Tokens, "[PAD]"), append(v.Types, typeUnused)
	}
	tok, err := New(v)
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, tok)
	if tok.Size() != 262 || tok.Bytes(260) != nil {
		t.Errorf("Size() = %d, Bytes(260) = %q", tok.Size(), tok.Bytes(260))
	}
	if _, ok := tok.Lookup("[PAD]"); ok {
		t.Error("Lookup finds an unused token")
	}
}

// FuzzTokenizerJSON: what is accepted encodes and decodes.
func FuzzTokenizerJSON(f *testing.F) {
	small := marshal(f, smallFile(f))
	f.Add(small)
	f.Add(escaped(small))
	f.Add(bytes.ReplaceAll(small, []byte("257"), []byte("999999")))
	f.Add([]byte(`{"model":{"type":"BPE","vocab":{"a":0},"merges":[["a","b"]]},"added_tokens":[{"id":0}]}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		tok, err := ParseJSON(file)
		if err != nil {
			return
		}
		if max := 2*len(file) + 4096; tok.Size() > max {
			t.Errorf("%d ids from %d bytes", tok.Size(), len(file))
		}
		text := "abc <｜User｜>\n中\x80 7"
		for _, special := range []bool{false, true} {
			ids := tok.Encode(nil, text, special)
			if got, want := tok.Decode(ids, false), validUTF8(text); got != want {
				t.Errorf("Decode(Encode(%q)) = %q", text, got)
			}
			checkStream(t, tok, ids)
		}
	})
}

package token

import (
	"reflect"
	"slices"
	"testing"
)

// TestVocabularyJSON: a vocabulary of GGUF, written as tokenizer.json and read
// again, is the same; and so is the tokenizer of it.
func TestVocabularyJSON(t *testing.T) {
	v := smallVocabulary()
	v.Pad(261)
	data, err := v.JSON()
	if err != nil {
		t.Fatal(err)
	}
	tok, err := ParseJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	checkSmall(t, tok)
	got, err := ParseVocabulary(data)
	if err != nil {
		t.Fatal(err)
	}
	got.Pad(261)
	if !reflect.DeepEqual(got, v) {
		t.Errorf("vocabulary %v, want %v", got, v)
	}
}

// TestParseVocabulary: the ids of a text are those of the tokenizer.json, and what
// structures a conversation is a control token.
func TestParseVocabulary(t *testing.T) {
	data := read(t, tinyFile)
	want, err := ParseJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	v, err := ParseVocabulary(data)
	if err != nil {
		t.Fatal(err)
	}
	got, err := New(v)
	if err != nil {
		t.Fatal(err)
	}
	text := "Tell me 1234 stories<｜User｜>, of 龍 and don't\n\n stop"
	for _, special := range []bool{false, true} {
		if g, w := got.Encode(nil, text, special), want.Encode(nil, text, special); !slices.Equal(g, w) {
			t.Errorf("special %v: ids %v, want %v", special, g, w)
		}
	}
	if id, ok := got.Lookup("<｜User｜>"); !ok || v.Types[id] != typeControl {
		t.Errorf("<｜User｜> is token %d, of type %d; want a control token", id, v.Types[id])
	}
}

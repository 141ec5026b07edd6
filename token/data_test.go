package token

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// golden returns the golden folder, "" where only testdata is at hand.
func golden() string { return os.Getenv("DESKSEEK_GOLDEN") }

func readFile(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil || filepath.Ext(path) != ".gz" {
		return b, err
	}
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := readFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	realFile = "testdata/deepseek-v3-tokenizer.json.gz"
	tinyFile = "testdata/tiny-tokenizer.json"
)

var (
	realTokenizer = sync.OnceValues(func() (*Tokenizer, error) { return parseFile(realFile) })
	tinyTokenizer = sync.OnceValues(func() (*Tokenizer, error) { return parseFile(tinyFile) })
)

func parseFile(path string) (*Tokenizer, error) {
	b, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return ParseJSON(b)
}

func must(t testing.TB, tokenizer func() (*Tokenizer, error)) *Tokenizer {
	t.Helper()
	tok, err := tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// vectors are ids that the authors' tokenizer gives (golden README, "Tokenizer
// vectors").
type vectors struct {
	ParseSpecial *bool `json:"parse_special"` // of all, where the vectors do not say
	Vectors      []struct {
		Category           string
		Text               string
		ParseSpecial       *bool `json:"parse_special"`
		IDs                []ID
		Decoded            string
		DecodedSkipSpecial *string `json:"decoded_skip_special"`
	}
	DecodeVectors []struct {
		IDs     []ID
		Decoded string
	} `json:"decode_vectors"`
	InvalidUTF8 []struct {
		BytesHex string `json:"bytes_hex"`
		Text     string
		IDs      []ID
	} `json:"invalid_utf8"`
}

func readVectors(t testing.TB, path string) vectors {
	t.Helper()
	var v vectors
	if err := json.Unmarshal(read(t, path), &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Vectors) == 0 {
		t.Fatalf("%s has no vectors", path)
	}
	return v
}

package deskseek

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/deskseek/deskseek/chat"
	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

var update = flag.Bool("update", false, "rewrite testdata")

func openDemo(t testing.TB) *LLM {
	t.Helper()
	llm, err := Open("", Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { llm.Close() })
	return llm
}

func user(text string) []chat.Message { return []chat.Message{{Role: "user", Content: &text}} }

// An answer is what a call gave in all.
type answer struct {
	IDs  []token.ID
	Text string
	End  *End `json:"-"`
}

func generate(t testing.TB, llm *LLM, ids []token.ID, p Params) answer {
	t.Helper()
	var a answer
	for e, err := range llm.Generate(context.Background(), ids, p) {
		if err != nil {
			t.Fatal(err)
		}
		if a.End != nil {
			t.Fatal("an event after the end")
		}
		a.Text += e.Text
		if e.Token != nil {
			a.IDs = append(a.IDs, e.Token.ID)
		}
		a.End = e.End
	}
	if a.End == nil {
		t.Fatal("no end")
	}
	return a
}

// TestSeed checks that the same seed gives the same text whatever runs beside
// it, and that another does not.
func TestSeed(t *testing.T) {
	llm := openDemo(t)
	ids, err := llm.EncodeChat(user("Tell me a story about a boat."))
	if err != nil {
		t.Fatal(err)
	}
	texts := make([]string, 6)
	var group sync.WaitGroup
	for i := range texts {
		group.Go(func() {
			texts[i] = generate(t, llm, ids, Params{MaxTokens: 30, Sampling: sample.Params{Temperature: 1, Seed: uint64(i / 3)}}).Text
		})
	}
	group.Wait()
	for i, s := range texts {
		if same := s == texts[0]; same != (i < 3) {
			t.Errorf("text %d is %q; text 0, of seed 0, %q", i, s, texts[0])
		}
	}
}

// TestTextIsWhole checks that events never cut a character, and that together
// they are the decoded tokens.
func TestTextIsWhole(t *testing.T) {
	llm := openDemo(t)
	p := Params{MaxTokens: 200, IgnoreEOS: true, Sampling: sample.Params{Temperature: 5, Seed: 1}}
	var text string
	var ids []token.ID
	for e, err := range llm.Generate(context.Background(), []token.ID{0}, p) {
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.ValidString(e.Text) {
			t.Errorf("event %q is not UTF-8", e.Text)
		}
		text += e.Text
		if e.Token != nil {
			ids = append(ids, e.Token.ID)
		}
	}
	ids = slices.DeleteFunc(ids, func(id token.ID) bool { return id == 1 })
	if want := llm.Text().Tokenizer.Decode(ids, true); text != want {
		t.Errorf("text %q, want %q", text, want)
	}
}

// TestStop checks that a stop text ends an answer and is not shown, also when
// it lies across tokens.
func TestStop(t *testing.T) {
	llm := openDemo(t)
	ids, err := llm.EncodeChat(user("Tell me a story about a dog."))
	if err != nil {
		t.Fatal(err)
	}
	whole := generate(t, llm, ids, Params{MaxTokens: 60}).Text
	for _, stop := range []string{"time", "me, th", whole[20:33]} {
		a := generate(t, llm, ids, Params{MaxTokens: 60, Stop: []string{"not there", stop}})
		if want, _, _ := strings.Cut(whole, stop); a.Text != want || a.End.Reason != "stop" {
			t.Errorf("stop %q: %q, %s; want %q", stop, a.Text, a.End.Reason, want)
		}
	}
}

// TestWithoutTokenizer checks that tokens need no tokenizer, and that text
// without one is an error.
func TestWithoutTokenizer(t *testing.T) {
	var path string
	for _, c := range golden.Cases(t) {
		if c.Name == "tiny-fp8" {
			path = c.Path
		}
	}
	if path == "" {
		t.Fatal("tiny-fp8 is not among the golden cases")
	}
	llm, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer llm.Close()
	a := generate(t, llm, []token.ID{1, 2, 3}, Params{MaxTokens: 5, IgnoreEOS: true})
	if len(a.IDs) != 5 || a.Text != "" {
		t.Errorf("%d tokens and text %q, want 5 and none", len(a.IDs), a.Text)
	}
	for _, err := range llm.Complete(context.Background(), "text", Params{}) {
		if !errors.Is(err, ErrNoTokenizer) {
			t.Errorf("error %v, want that there is no tokenizer", err)
		}
	}
	for _, err := range llm.Chat(context.Background(), user("text"), Params{}) {
		if !errors.Is(err, ErrNoTokenizer) {
			t.Errorf("error %v, want that there is no tokenizer", err)
		}
	}
}

// TestLoad checks that a model that is read into memory says what one of mapped
// files does.
func TestLoad(t *testing.T) {
	path := golden.Cases(t)[0].Path
	var want answer
	for _, load := range []checkpoint.Load{checkpoint.Map, checkpoint.Copy} {
		llm, err := Open(path, Options{Load: load})
		if err != nil {
			t.Fatal(err)
		}
		a := generate(t, llm, []token.ID{1, 2, 3}, Params{MaxTokens: 8, IgnoreEOS: true})
		if load == checkpoint.Map {
			want = a
		}
		if a.End.Stats.LogitsHash != want.End.Stats.LogitsHash || !slices.Equal(a.IDs, want.IDs) {
			t.Errorf("%s: tokens %v, logits #%08x; want %v, #%08x", load, a.IDs, a.End.Stats.LogitsHash, want.IDs, want.End.Stats.LogitsHash)
		}
		if err := llm.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestBadModels checks that what is no model is a sentence that names it.
func TestBadModels(t *testing.T) {
	dir := t.TempDir()
	page := filepath.Join(dir, "model.gguf")
	if err := os.WriteFile(page, []byte("<!DOCTYPE html><html>Not found</html>"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, page, filepath.Join(dir, "absent")} {
		if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one that names %s", err, path)
		}
		if _, err := OpenText(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("text: error %v, want one that names %s", err, path)
		}
	}
	if _, err := Open("", Options{Math: "approximate"}); err == nil || !strings.Contains(err.Error(), `math "approximate" is not known`) {
		t.Errorf("error %v, want that this math is not known", err)
	}
	if _, err := Open("", Options{Load: "lazily"}); err == nil || !strings.Contains(err.Error(), `load "lazily" is not known`) {
		t.Errorf("error %v, want that this load is not known", err)
	}
}

// TestReuse: a prompt that begins as another did says how much of it was cached, and
// at which byte it parts from it.
func TestReuse(t *testing.T) {
	llm := openDemo(t)
	ask := func(text string) Reuse {
		ids, err := llm.EncodeText(text)
		if err != nil {
			t.Fatal(err)
		}
		return llm.Reuse(generate(t, llm, ids, Params{MaxTokens: 1}).End)
	}
	const text = "Once upon a time there was a dog who lived in a house by the sea. "
	if r := ask(text + "He liked to swim all day."); r != (Reuse{}) {
		t.Errorf("the first prompt: %+v", r)
	}
	r := ask(text + "He liked to sleep all day.")
	at := len("<｜begin▁of▁sentence｜>") + len(text+"He liked to s")
	if r.Tokens < 10 || r.Bytes > at || !r.Differs || r.At != at || !strings.HasPrefix(r.Prompt, "leep") || !strings.HasPrefix(r.Cached, "wim") {
		t.Errorf("%+v, want a difference at byte %d, leep for wim", r, at)
	}
}

package deskseek

import (
	"context"
	"slices"
	"testing"

	"github.com/deskseek/deskseek/chat"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

// TestConversationGoesOn: an answer that was sampled in other tokens than its text is
// encoded to comes back as text, and is the tokens that it was: nothing is computed
// again, not even after a restart.
func TestConversationGoesOn(t *testing.T) {
	dir := t.TempDir()
	open := func() *LLM {
		llm, err := Open("", Options{CacheDir: dir, Deterministic: true})
		if err != nil {
			t.Fatal(err)
		}
		return llm
	}
	llm := open()
	messages := user("Tell me a story about a dog who lived in a house by the sea.")
	var said []token.ID
	var text string
	for seed := uint64(1); ; seed++ {
		said, text = nil, ""
		for e, err := range llm.Chat(context.Background(), messages, Params{MaxTokens: 150, Sampling: sample.Params{Temperature: 1.6, Seed: seed}}) {
			if err != nil {
				t.Fatal(err)
			}
			text += e.Text
			if e.Token != nil {
				said = append(said, e.Token.ID)
			}
		}
		if n := len(said); n == 150 && !slices.Equal(llm.Text().Tokenizer.Encode(nil, text, false), said) {
			break
		}
		if seed == 100 {
			t.Fatal("every answer was its text's tokens")
		}
	}
	more := "And then?"
	next := append(slices.Clone(messages), chat.Message{Role: "assistant", Content: &text}, chat.Message{Role: "user", Content: &more})
	prompt, err := llm.EncodeChat(messages)
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Concat(prompt, said)
	check := func(llm *LLM, when string, least int) {
		t.Helper()
		ids, err := llm.EncodeChat(next)
		if err != nil || len(ids) < len(want) || !slices.Equal(ids[:len(want)], want) {
			t.Fatalf("%s: %v (%v), want %v first", when, ids, err, want)
		}
		var end *End
		for e, err := range llm.Chat(context.Background(), next, Params{MaxTokens: 2}) {
			if err != nil {
				t.Fatal(err)
			}
			end = e.End
		}
		if got := end.Stats.Reused; got < least {
			t.Errorf("%s: %d tokens reused, want %d", when, got, least)
		}
	}
	check(llm, "at once", len(want)-2)
	if err := llm.Close(); err != nil {
		t.Fatal(err)
	}
	llm = open()
	defer llm.Close()
	check(llm, "after a restart", len(want)/64*64)
	if c := llm.Counts(); c.Restored == 0 {
		t.Errorf("nothing was restored: %+v", c)
	}
}

// A conversation keeps its name as it grows, and another answer to the same first question
// has another.
func TestNameOf(t *testing.T) {
	mark := func(s string) chat.Segment { return chat.Segment{Special: true, Text: s} }
	text := func(s string) chat.Segment { return chat.Segment{Text: s} }
	first := func(answer string) []chat.Segment {
		return []chat.Segment{mark("<bos>"), mark("<user>"), text("Who are you?"), mark("<assistant>"), text(answer)}
	}
	name := nameOf(first("A dog."))
	if longer := nameOf(append(first("A dog."), mark("<eos>"), mark("<user>"), text("Why?"), mark("<assistant>"), text("So."))); longer != name {
		t.Errorf("a conversation that goes on is %s, and was %s", longer, name)
	}
	if other := nameOf(first("A cat.")); other == name {
		t.Error("two answers to one question have one name")
	}
}

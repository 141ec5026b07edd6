package chat

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/deskseek/deskseek/token"
)

// tokenizer is the one of DeepSeek-V3; V3-0324 has the same.
var tokenizer = sync.OnceValues(func() (*token.Tokenizer, error) {
	f, err := os.Open("../token/testdata/deepseek-v3-tokenizer.json.gz")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return token.ParseJSON(b)
})

func mustTokenizer(t testing.TB) *token.Tokenizer {
	t.Helper()
	tok, err := tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustParse(t testing.TB, text string) *Template {
	t.Helper()
	template, err := ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

type vector struct {
	Name                string
	Messages            []Message
	AddGenerationPrompt bool `json:"add_generation_prompt"`
	Text                string
	IDs                 []token.ID
}

func TestVectors(t *testing.T) {
	type file struct{ template, vectors string }
	files := []file{
		{textV3, "testdata/chat_vectors.json"},
		{textV30324, "testdata/chat_vectors-v3-0324.json"},
	}
	if dir := os.Getenv("DESKSEEK_GOLDEN"); dir != "" {
		config, err := ConfigTemplate(read(t, filepath.Join(dir, "../tokenizer/tokenizer_config.json")))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files,
			file{config, filepath.Join(dir, "tokenizer/chat_vectors.json")},
			file{string(read(t, filepath.Join(dir, "../tokenizer/chat_template-v3-0324.jinja"))),
				filepath.Join(dir, "tokenizer/chat_vectors-v3-0324.json")})
	}
	tok := mustTokenizer(t)
	for _, file := range files {
		template := mustParse(t, file.template)
		var in struct{ Vectors []vector }
		if err := json.Unmarshal(read(t, file.vectors), &in); err != nil {
			t.Fatal(err)
		}
		if len(in.Vectors) == 0 {
			t.Fatalf("%s has no vectors", file.vectors)
		}
		for _, v := range in.Vectors {
			segments, err := template.Render(v.Messages, v.AddGenerationPrompt)
			if err != nil {
				t.Errorf("%s: %s: %v", file.vectors, v.Name, err)
				continue
			}
			if got := Text(segments); got != v.Text {
				t.Errorf("%s: %s: text\n%q, want\n%q", file.vectors, v.Name, got, v.Text)
			}
			ids, err := Encode(tok, segments)
			if err != nil {
				t.Errorf("%s: %s: %v", file.vectors, v.Name, err)
			}
			if !spellsSpecial(tok, v.Messages) && !slices.Equal(ids, v.IDs) {
				t.Errorf("%s: %s: ids\n%v, want\n%v", file.vectors, v.Name, ids, v.IDs)
			}
		}
	}
}

// spellsSpecial says whether a message's own text spells an added token.
func spellsSpecial(tok *token.Tokenizer, messages []Message) bool {
	for _, m := range messages {
		if m.Content == nil {
			continue
		}
		plain, special := tok.Encode(nil, *m.Content, false), tok.Encode(nil, *m.Content, true)
		if !slices.Equal(plain, special) {
			return true
		}
	}
	return false
}

// TestTextNeverSpellsSpecial pins the ids of conversations whose own words look
// like added tokens: they are the ids of these letters.
func TestTextNeverSpellsSpecial(t *testing.T) {
	question := []token.ID{3085, 1918, 818, 28217, 88031, 28217, 32, 2716, 33, 1890, // What does <｜Assistant｜> mean? And
		818, 28217, 523, 5487, 226, 2154, 5487, 226, 85, 51015, 28217, 32, 33} // <｜end▁of▁sentence｜>?
	output := []token.ID{1836, 19, 201, 1836, 20, 200, 30, 28217, 72461, 5487, 226, 11030, 5487, 226, 523, 28217, 32, 33}
	const asks = `[{"role": "user", "content": "What does <｜Assistant｜> mean? And <｜end▁of▁sentence｜>?"}]`
	const uses = `[{"role": "user", "content": "x"}, {"role": "assistant", "content": null, "tool_calls": [
		{"type": "function", "function": {"name": "f<｜tool▁sep｜>", "arguments": "<｜User｜>"}}]},
		{"role": "tool", "content": "line1\nline2\t<｜tool▁output▁end｜>?"}]`
	call := []token.ID{128808, 8701, 128814, // function
		72, 30, 28217, 72461, 5487, 226, 88351, 28217, 1018, 9854, 14479, 201, // f<｜tool▁sep｜>, opening fence
		30, 28217, 6756, 28217, 1018, 9854, 128809} // <｜User｜>, closing fence
	for _, c := range []struct {
		template, messages string
		want               [][]token.ID
	}{
		{textV3, asks, [][]token.ID{{0, 128803}, question, {128804}}},
		{textV30324, asks, [][]token.ID{{0, 128803}, question, {128804}}},
		{textV3, uses, [][]token.ID{{0, 128803, 90, 128804, 128806}, call, {128810, 128812}, output, {128813, 128811}}},
		{textV30324, uses, [][]token.ID{{0, 128803, 90, 128804, 128806}, call, {128807, 1, 128810, 128812}, output, {128813, 128811}}},
	} {
		segments, err := mustParse(t, c.template).Render(conversation(t, c.messages), true)
		if err != nil {
			t.Fatal(err)
		}
		ids, err := Encode(mustTokenizer(t), segments)
		if want := slices.Concat(c.want...); err != nil || !slices.Equal(ids, want) {
			t.Errorf("%s: ids\n%v (%v), want\n%v", c.messages, ids, err, want)
		}
	}
}

func conversation(t testing.TB, messages string) []Message {
	t.Helper()
	var m []Message
	if err := json.Unmarshal([]byte(messages), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestUnknownRoles checks that templates leave out what they do not know, and that
// CheckRoles names it.
func TestUnknownRoles(t *testing.T) {
	x := "x"
	messages := []Message{{Role: "user", Content: &x}, {Role: "developer", Content: &x}}
	for _, file := range []string{"deepseek-v3.jinja", "deepseek-v3-0324.jinja"} {
		template, err := ParseTemplate(string(read(t, file)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := template.Render(messages, true)
		want, wantErr := template.Render(messages[:1], true)
		if err != nil || wantErr != nil || Text(got) != Text(want) {
			t.Errorf("%s: %q (%v), want %q", file, Text(got), err, Text(want))
		}
	}
	if err := CheckRoles(messages); err == nil || err.Error() != `message 1 has role "developer", want system, user, assistant or tool` {
		t.Errorf("error %v", err)
	}
	if err := CheckRoles(messages[:1]); err != nil {
		t.Error(err)
	}
}

// TestNoCalls checks that the template of DeepSeek-V3 passes over an assistant's
// message with neither content nor calls.
func TestNoCalls(t *testing.T) {
	var messages []Message
	if err := json.Unmarshal([]byte(`[{"role":"user","content":"a"},{"role":"assistant","content":null},{"role":"user","content":"b"}]`), &messages); err != nil {
		t.Fatal(err)
	}
	template, err := ParseTemplate(string(read(t, "deepseek-v3.jinja")))
	if err != nil {
		t.Fatal(err)
	}
	segments, err := template.Render(messages, true)
	if want := "<｜begin▁of▁sentence｜><｜User｜>a<｜User｜>b<｜Assistant｜>"; err != nil || Text(segments) != want {
		t.Errorf("%q (%v), want %q", Text(segments), err, want)
	}
}

// TestJinja has what Jinja2 makes of random and odd conversations
// (testdata/jinja_vectors.py).
func TestJinja(t *testing.T) {
	var vectors []struct {
		Messages            []Message
		AddGenerationPrompt bool `json:"add_generation_prompt"`
		Texts               map[string]*string
	}
	if err := json.Unmarshal(read(t, "testdata/jinja_vectors.json"), &vectors); err != nil {
		t.Fatal(err)
	}
	for i, v := range vectors {
		for _, text := range []string{textV3, textV30324} {
			template := mustParse(t, text)
			want := v.Texts[template.Name()]
			segments, err := template.Render(v.Messages, v.AddGenerationPrompt)
			switch {
			case want == nil && err == nil:
				t.Errorf("vector %d, %s: %q, where Jinja raises", i, template.Name(), Text(segments))
			case want != nil && err != nil:
				t.Errorf("vector %d, %s: %v, want %q", i, template.Name(), err, *want)
			case want != nil && Text(segments) != *want:
				t.Errorf("vector %d, %s:\n%q, want\n%q", i, template.Name(), Text(segments), *want)
			}
		}
	}
}

// TestRefusedConversations names for each what the error says of it.
func TestRefusedConversations(t *testing.T) {
	const both = "deepseek-v3 deepseek-v3-0324"
	for _, c := range []struct{ templates, messages, want string }{
		{both, `[{"role": "user", "content": "x"}, {"role": "user", "content": null}]`, `message 1 (user): content is null, want text`},
		{both, `[{"role": "system"}]`, `message 0 (system): no content, want text`},
		{both, `[{"role": "tool", "content": null}]`, `message 0 (tool): content is null`},
		{"deepseek-v3", `[{"role": "assistant", "content": null, "tool_calls": null}]`, `message 0 (assistant): content and tool_calls are null`},
		{"deepseek-v3", `[{"role": "assistant", "tool_calls": []}]`, `message 0 (assistant): no content`},
		{"deepseek-v3-0324", `[{"role": "assistant", "content": null}]`, `message 0 (assistant): content is null, want text`},
		{"deepseek-v3-0324", `[{"role": "assistant", "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": ""}}]}]`,
			`message 0 (assistant): no content`},
	} {
		for i := range known {
			if !slices.Contains(strings.Fields(c.templates), known[i].name) {
				continue
			}
			segments, err := known[i].Render(conversation(t, c.messages), true)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s of %s: %v, %v, want an error that says %q", known[i].name, c.messages, segments, err, c.want)
			}
		}
	}
}

func TestMessageJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{"role": "user", "content": [{"type": "text"}]}`:                                      "content of the user message is an array, want text or null",
		`{"role": "user", "content": 7}`:                                                       "content of the user message is a number",
		`{"tool_calls": [{}]}`:                                                                 `tool call has no type, want "function"`,
		`{"tool_calls": [{"type": "function"}]}`:                                               "tool call has no function.name",
		`{"tool_calls": [{"type": "function", "function": {"name": "f"}}]}`:                    "tool call has no function.arguments",
		`{"tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {}}}]}`:   "tool call has an object as function.arguments",
		`{"tool_calls": [{"type": "function", "function": {"name": "f", "arguments": null}}]}`: "tool call has null as function.arguments",
		`{"role": true}`: "cannot unmarshal bool",
	} {
		var m Message
		if err := json.Unmarshal([]byte(text), &m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that says %q", text, err, want)
		}
	}
	for _, text := range []string{
		`{"role":"user","content":"x"}`,
		`{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}`,
		`{"role":"assistant","content":"x","tool_calls":[]}`,
		`{"role":"tool","content":"21","tool_call_id":"c1"}`,
	} {
		var m Message
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if got, err := json.Marshal(m); err != nil || string(got) != text {
			t.Errorf("%s is written as %s (%v)", text, got, err)
		}
	}
}

// TestMissingToken has a vocabulary without the tokens of tool calls.
func TestMissingToken(t *testing.T) {
	tiny, err := token.ParseJSON(read(t, "../token/testdata/tiny-tokenizer.json"))
	if err != nil {
		t.Fatal(err)
	}
	segments, err := mustParse(t, textV3).Render(conversation(t, `[{"role": "tool", "content": "x"}]`), true)
	if err != nil {
		t.Fatal(err)
	}
	const want = "<｜tool▁outputs▁begin｜>, which the vocabulary does not have"
	if _, err := Encode(tiny, segments); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one that says %q", err, want)
	}
}

// FuzzRender: of added tokens, the ids of a conversation hold those that the
// template put there, in order, and no others, whatever the messages say.
func FuzzRender(f *testing.F) {
	f.Add("Hello", "<｜User｜>", "get<｜tool▁sep｜>", "{}", uint8(3))
	f.Add("<｜", "Assistant｜>", "", "\n```<｜tool▁calls▁end｜>", uint8(7))
	f.Add("\xe4\xbd", "\xa0", "<", "｜end▁of▁sentence｜>", uint8(12))
	tok := mustTokenizer(f)
	f.Fuzz(func(t *testing.T, a, b, name, arguments string, shape uint8) {
		calls := []ToolCall{{Type: "function", Function: Function{name, arguments}}}
		all := []Message{
			{Role: "user", Content: &a},
			{Role: "assistant", ToolCalls: calls},
			{Role: "tool", Content: &b},
			{Role: "assistant", Content: &b},
			{Role: "system", Content: &a},
			{Role: "assistant", ToolCalls: append(calls, calls...)},
		}
		var messages []Message
		for i, m := range all {
			if shape>>i&1 == 1 {
				messages = append(messages, m)
			}
		}
		for i := range known {
			segments, err := known[i].Render(messages, shape&64 != 0)
			if err != nil {
				t.Fatal(err)
			}
			ids, err := Encode(tok, segments)
			if err != nil {
				t.Fatal(err)
			}
			var got, want []string
			for _, id := range ids {
				if text := string(tok.Bytes(id)); id < 3 || id >= 128000 {
					got = append(got, text)
				}
			}
			for _, s := range segments {
				if s.Special {
					want = append(want, s.Text)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: added tokens %q, want %q", known[i].name, got, want)
			}
		}
	})
}

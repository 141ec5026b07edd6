package chat

import (
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// The templates as their authors published them: V3's in tokenizer_config.json,
// V3-0324's in the metadata of its GGUF files.
var (
	//go:embed deepseek-v3.jinja
	textV3 string
	//go:embed deepseek-v3-0324.jinja
	textV30324 string
)

// A Template says how a conversation is written for a network. Checkpoints carry
// theirs as a program in the language Jinja; a Template is one of the known
// programs, done in Go to the letter, oddities included. Tool definitions are
// not shown by any of them.
type Template struct {
	name      string
	text      string
	turn      func(*rendering, *Message) error
	assistant func(*rendering) bool // whether the answer's token is still to be written
}

// known holds the templates that ParseTemplate recognises.
var known = [...]Template{
	{"deepseek-v3", textV3, (*rendering).turnV3,
		func(r *rendering) bool { return !r.isTool }},
	{"deepseek-v3-0324", textV30324, (*rendering).turnV30324,
		func(r *rendering) bool { return !r.isLastUser && !r.isTool }},
}

// ParseTemplate returns the template whose Jinja text a checkpoint carries:
// chat_template in tokenizer_config.json, tokenizer.chat_template in GGUF. Texts
// that differ only in what Jinja does not see (white space, comments, how a
// literal is spelled) are the same. Others are refused.
func ParseTemplate(text string) (*Template, error) {
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("chat template is empty")
	}
	program := canonical(text)
	var names []string
	for i := range known {
		if canonical(known[i].text) == program {
			return &known[i], nil
		}
		names = append(names, known[i].name)
	}
	const shown = 60
	start := strings.Join(strings.Fields(text[:min(len(text), 4*shown)]), " ")
	return nil, fmt.Errorf("chat template (%d bytes, sha256 %.6x, starting %.*q) is not one of the known ones: %s",
		len(text), sha256.Sum256([]byte(text)), shown, start, strings.Join(names, ", "))
}

// ConfigTemplate returns the template text in a tokenizer_config.json: its
// chat_template, or of a list of named ones the one named default. It returns ""
// if the file has none. Errors do not name the file; the caller knows its path.
func ConfigTemplate(tokenizerConfig []byte) (string, error) {
	var config struct {
		ChatTemplate json.RawMessage `json:"chat_template"`
	}
	if err := json.Unmarshal(tokenizerConfig, &config); err != nil {
		return "", err
	}
	value := config.ChatTemplate
	if value == nil || string(value) == "null" {
		return "", nil
	}
	var text string
	if value[0] == '"' {
		err := json.Unmarshal(value, &text)
		return text, err
	}
	var list []struct{ Name, Template string }
	if value[0] != '[' || json.Unmarshal(value, &list) != nil {
		return "", fmt.Errorf("chat_template is %s, want text or a list of names and templates", kindOf(value))
	}
	names := make([]string, len(list))
	for i, t := range list {
		if t.Name == "default" {
			return t.Template, nil
		}
		names[i] = t.Name
	}
	return "", fmt.Errorf("of the %d chat templates (%s) none is named default", len(list), strings.Join(names, ", "))
}

// Name returns the name of the network that the template was published with:
// "deepseek-v3" or "deepseek-v3-0324".
func (t *Template) Name() string { return t.name }

// CheckRoles returns an error that names the first message whose role the
// templates do not know.
func CheckRoles(messages []Message) error {
	for i, m := range messages {
		switch m.Role {
		case "system", "user", "assistant", "tool":
		default:
			return fmt.Errorf("message %d has role %q, want system, user, assistant or tool", i, m.Role)
		}
	}
	return nil
}

// Render writes messages as the template does, from the token that begins a text
// on. With addGenerationPrompt it ends where the assistant is to answer, unless
// the template thinks that a tool's output is enough. What the template's engine
// would fail on is an error that names the message. Messages of a role that the
// templates do not know are left out, as they leave them out (see CheckRoles).
func (t *Template) Render(messages []Message, addGenerationPrompt bool) ([]Segment, error) {
	r := &rendering{isOutputFirst: true}
	r.special(tokenBOS)
	if err := r.system(messages); err != nil {
		return nil, err
	}
	for i := range messages {
		m := &messages[i]
		switch m.Role {
		case "user", "assistant", "tool":
			if err := t.turn(r, m); err != nil {
				return nil, at(i, m, err)
			}
		}
	}
	if r.isTool {
		r.special(tokenOutputsEnd)
	}
	if addGenerationPrompt && t.assistant(r) {
		r.special(tokenAssistant)
	}
	return r.segments, nil
}

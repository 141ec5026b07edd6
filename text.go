package deskseek

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/deskseek/deskseek/chat"
	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/token"
)

// A Text is what a checkpoint says of text: how it becomes tokens, and how a
// conversation becomes text.
type Text struct {
	Tokenizer     *token.Tokenizer // nil where there is none
	Template      *chat.Template   // nil where there is none that is known
	TemplateError error            // set where there is one that is not known
}

// The files beside the weights that Text is made of.
const (
	tokenizerFile       = "tokenizer.json"
	tokenizerConfigFile = "tokenizer_config.json"
	templateFile        = "chat_template.jinja"
)

// OpenText reads the tokenizer and the chat template of a folder (weights need
// not be there), a GGUF file, or a tokenizer.json with its tokenizer_config.json
// beside it. An empty path is the built-in demo model.
func OpenText(path string) (Text, error) {
	if path != "" {
		info, err := os.Stat(path)
		if err != nil {
			return Text{}, err
		}
		if info.IsDir() {
			return requireTokenizer(path, filesOf(path))
		}
		if data, err := os.ReadFile(path); err == nil && json.Valid(data) {
			return textOf(path, data, filesOf(filepath.Dir(path)))
		}
	}
	ck, err := openCheckpoint(path)
	if err != nil {
		return Text{}, err
	}
	defer ck.Close()
	t, err := LoadText(ck)
	if err == nil && t.Tokenizer == nil {
		err = fmt.Errorf("%s has no tokenizer", path)
	}
	return t, err
}

// files reads a file of a model by its name; fs.ErrNotExist where it is absent.
type files func(name string) ([]byte, error)

func filesOf(dir string) files {
	return func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) }
}

func requireTokenizer(path string, read files) (Text, error) {
	data, err := read(tokenizerFile)
	if err != nil {
		return Text{}, fmt.Errorf("%s has no tokenizer: %w", path, err)
	}
	return textOf(path, data, read)
}

// LoadText reads the tokenizer and the chat template of a checkpoint, as far as
// it has them.
func LoadText(ck *checkpoint.Checkpoint) (Text, error) {
	if ck.Format() == checkpoint.GGUF {
		t, err := textOfGGUF(ck.Metadata())
		if err != nil {
			return Text{}, fmt.Errorf("%s: %w", ck.Path(), err)
		}
		return t, nil
	}
	data, err := ck.Companion(tokenizerFile)
	if errors.Is(err, fs.ErrNotExist) {
		return Text{}, nil
	}
	if err != nil {
		return Text{}, err
	}
	return textOf(ck.Path(), data, ck.Companion)
}

// textOf makes a Text of a tokenizer.json and the files beside it.
func textOf(path string, tokenizer []byte, read files) (t Text, err error) {
	if t.Tokenizer, err = token.ParseJSON(tokenizer); err != nil {
		return Text{}, fmt.Errorf("%s: %s: %w", path, tokenizerFile, err)
	}
	// A file of its own comes before the key, as in transformers.
	text, err := read(templateFile)
	if err == nil {
		t.setTemplate(string(text))
		return t, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return Text{}, err
	}
	config, err := read(tokenizerConfigFile)
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return Text{}, err
	}
	template, err := chat.ConfigTemplate(config)
	if err != nil {
		return Text{}, fmt.Errorf("%s: %s: %w", path, tokenizerConfigFile, err)
	}
	t.setTemplate(template)
	return t, nil
}

// setTemplate sets the template of a text; an empty one is none.
func (t *Text) setTemplate(text string) {
	if text != "" {
		t.Template, t.TemplateError = chat.ParseTemplate(text)
	}
}

// textOfGGUF makes a Text of the tokenizer.* keys.
func textOfGGUF(m checkpoint.Metadata) (t Text, err error) {
	model, ok, err := m.Str("tokenizer.ggml.model")
	if err != nil || !ok {
		return Text{}, err
	}
	pre, _, err := m.Str("tokenizer.ggml.pre")
	if err != nil {
		return Text{}, err
	}
	if model != "gpt2" || pre != "deepseek-v3" {
		return Text{}, fmt.Errorf("tokenizer %q with pre-tokenizer %q is not supported; want gpt2 with deepseek-v3", model, pre)
	}
	var v token.Vocabulary
	if v.Tokens, _, err = m.Strings("tokenizer.ggml.tokens"); err != nil {
		return Text{}, err
	}
	types, _, err := m.Ints("tokenizer.ggml.token_type")
	if err != nil {
		return Text{}, err
	}
	for _, n := range types {
		v.Types = append(v.Types, int32(n))
	}
	if v.Merges, _, err = m.Strings("tokenizer.ggml.merges"); err != nil {
		return Text{}, err
	}
	if t.Tokenizer, err = token.New(v); err != nil {
		return Text{}, err
	}
	template, _, err := m.Str("tokenizer.chat_template")
	if err != nil {
		return Text{}, err
	}
	t.setTemplate(template)
	return t, nil
}

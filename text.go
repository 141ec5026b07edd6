package deskseek

import (
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
// conversation becomes text. What can't be read is no reason not to run a model
// on tokens, so its error is kept until text is asked for.
type Text struct {
	Tokenizer      *token.Tokenizer // nil where there is none, or TokenizerError
	TokenizerError error            // why it can't be read
	Template       *chat.Template   // nil where there is none, or TemplateError
	TemplateError  error            // why it can't be read, or is not known
}

// The files beside the weights that Text is made of.
const (
	tokenizerFile       = "tokenizer.json"
	tokenizerConfigFile = "tokenizer_config.json"
	templateFile        = "chat_template.jinja"
)

// OpenText reads the tokenizer and the chat template of a folder (weights need
// not be there), a GGUF file, or a tokenizer.json with its tokenizer_config.json
// beside it. An empty path is the built-in demo model. No tokenizer is an error.
func OpenText(path string) (Text, error) {
	t, err := findText(path)
	if err != nil {
		return Text{}, err
	}
	if t.Tokenizer == nil {
		if t.TokenizerError == nil {
			return Text{}, fmt.Errorf("%s has no tokenizer (%s)", path, tokenizerFile)
		}
		return Text{}, t.TokenizerError
	}
	return t, nil
}

func findText(path string) (Text, error) {
	if path != "" {
		info, err := os.Stat(path)
		if err != nil {
			return Text{}, err
		}
		if info.IsDir() {
			t := textOf(path, tokenizerFile, filesOf(path))
			if t.Tokenizer != nil || t.TokenizerError != nil {
				return t, nil
			}
		} else if isJSON(path) {
			return textOf(path, filepath.Base(path), filesOf(filepath.Dir(path))), nil
		}
	}
	ck, err := openCheckpoint(path)
	if err != nil {
		return Text{}, err
	}
	defer ck.Close()
	return LoadText(ck), nil
}

// isJSON returns whether a file begins as a JSON object does. It may be a
// checkpoint of any size, so no more of it is read.
func isJSON(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [64]byte
	n, _ := f.Read(head[:])
	for _, b := range head[:n] {
		switch b {
		case ' ', '\t', '\r', '\n':
		case '{':
			return true
		default:
			return false
		}
	}
	return false
}

// files reads a file of a model by its name; fs.ErrNotExist where it is absent.
type files func(name string) ([]byte, error)

func filesOf(dir string) files {
	return func(name string) ([]byte, error) { return checkpoint.ReadCompanion(dir, name) }
}

// LoadText reads the tokenizer and the chat template of a checkpoint, as far as
// it has them.
func LoadText(ck *checkpoint.Checkpoint) Text {
	if ck.Format() == checkpoint.GGUF {
		return textOfGGUF(ck.Path(), ck.Metadata())
	}
	return textOf(ck.Path(), tokenizerFile, ck.Companion)
}

// textOf makes a Text of a tokenizer.json, which may go by another name, and the
// files beside it.
func textOf(path, tokenizer string, read files) (t Text) {
	data, err := read(tokenizer)
	if err == nil {
		t.Tokenizer, err = token.ParseJSON(data)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.TokenizerError = fmt.Errorf("%s: %s: %w", path, tokenizer, err)
	}
	template, err := templateOf(read)
	if err != nil {
		t.TemplateError = fmt.Errorf("%s: %w", path, err)
	} else if template != "" {
		t.Template, t.TemplateError = chat.ParseTemplate(template)
	}
	return t
}

// templateOf returns the text of the template; "" where there is none. A file of
// its own comes before the key of the configuration, as in transformers.
func templateOf(read files) (string, error) {
	data, err := read(templateFile)
	if !errors.Is(err, fs.ErrNotExist) {
		return string(data), err
	}
	data, err = read(tokenizerConfigFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return chat.ConfigTemplate(data)
}

// textOfGGUF makes a Text of the tokenizer.* keys.
func textOfGGUF(path string, m checkpoint.Metadata) (t Text) {
	var err error
	if t.Tokenizer, err = tokenizerOfGGUF(m); err != nil {
		t.TokenizerError = fmt.Errorf("%s: %w", path, err)
	}
	template, _, err := m.Str("tokenizer.chat_template")
	if err != nil {
		t.TemplateError = fmt.Errorf("%s: %w", path, err)
	} else if template != "" {
		t.Template, t.TemplateError = chat.ParseTemplate(template)
	}
	return t
}

// tokenizerOfGGUF returns nil where there is none.
func tokenizerOfGGUF(m checkpoint.Metadata) (*token.Tokenizer, error) {
	model, ok, err := m.Str("tokenizer.ggml.model")
	if err != nil || !ok || model == "none" || model == "no_vocab" {
		return nil, err
	}
	pre, _, err := m.Str("tokenizer.ggml.pre")
	if err != nil {
		return nil, err
	}
	if model != "gpt2" || pre != "deepseek-v3" {
		return nil, fmt.Errorf("tokenizer %q with pre-tokenizer %q is not supported; want gpt2 with deepseek-v3", model, pre)
	}
	var v token.Vocabulary
	if v.Tokens, _, err = m.Strings("tokenizer.ggml.tokens"); err != nil {
		return nil, err
	}
	types, _, err := m.Ints("tokenizer.ggml.token_type")
	if err != nil {
		return nil, err
	}
	for _, n := range types {
		v.Types = append(v.Types, int32(n))
	}
	if v.Merges, _, err = m.Strings("tokenizer.ggml.merges"); err != nil {
		return nil, err
	}
	return token.New(v)
}

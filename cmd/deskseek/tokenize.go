package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek"
	"github.com/deskseek/deskseek/chat"
	"github.com/deskseek/deskseek/token"
)

// tokenizeFlags are those of `deskseek tokenize`.
type tokenizeFlags struct {
	model       modelFlag
	template    string
	noSpecial   bool
	decode      bool
	skipSpecial bool
	jsonl       bool
	chat        bool
}

func newTokenize() *cobra.Command {
	var f tokenizeFlags
	c := &cobra.Command{
		Use:   "tokenize",
		Short: "Turn text into token ids, ids into text, conversations into both",
		Long: `Turn the text on standard input into token ids, and with --decode ids into text.
No begin token is added. With --jsonl each line of standard input is a JSON
string (with --decode an array of ids, with --chat a conversation), and each line
of standard output the array of ids (or the string, or {"text", "ids"}).

-m is a folder, a GGUF file, or a tokenizer.json with tokenizer_config.json
beside it.`,
		Example: `  echo -n "Hello" | deskseek tokenize
  echo "5,9,3" | deskseek tokenize --decode
  echo '{"messages":[{"role":"user","content":"Hi"}],"add_generation_prompt":true}' |
    deskseek tokenize --chat --jsonl`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	f.model.addPath(c)
	c.Flags().BoolVar(&f.noSpecial, "no-special", false, "take the names of special tokens in the text as plain text")
	c.Flags().BoolVar(&f.decode, "decode", false, "turn ids into text; special tokens are kept")
	c.Flags().BoolVar(&f.skipSpecial, "skip-special", false, "with --decode: drop the tokens that are flagged special")
	c.Flags().BoolVar(&f.jsonl, "jsonl", false, "read and write JSON, a line each")
	c.Flags().BoolVar(&f.chat, "chat", false, "with --jsonl: render conversations by the chat template")
	c.Flags().StringVar(&f.template, "template", "", "with --chat: file with the chat template to use instead of the model's")
	return c
}

func (f *tokenizeFlags) run(c *cobra.Command) error {
	if err := f.model.checkPath(c); err != nil {
		return err
	}
	switch {
	case f.chat && !f.jsonl:
		return usagef("--chat reads conversations as JSON lines; add --jsonl")
	case f.chat && (f.decode || f.noSpecial):
		return usagef("--decode and --no-special do not go with --chat")
	case f.skipSpecial && !f.decode:
		return usagef("--skip-special goes with --decode")
	case f.decode && f.noSpecial:
		return usagef("--no-special does not go with --decode; --skip-special drops special tokens")
	case f.template != "" && !f.chat:
		return usagef("--template goes with --chat")
	}
	text, err := deskseek.OpenText(f.model.path)
	if err != nil {
		return err
	}
	t := &tokenizing{flags: f, text: text, out: bufio.NewWriter(c.OutOrStdout())}
	if f.template != "" {
		data, err := os.ReadFile(f.template)
		if err != nil {
			return err
		}
		if t.text.Template, err = chat.ParseTemplate(string(data)); err != nil {
			return fmt.Errorf("%s: %w", f.template, err)
		}
		t.text.TemplateError = nil
	}
	if f.jsonl {
		err = t.lines(input(c))
	} else {
		err = t.whole(input(c))
	}
	if err != nil {
		t.out.Flush()
		return err
	}
	return t.out.Flush()
}

// A tokenizing is one call of the command.
type tokenizing struct {
	flags *tokenizeFlags
	text  deskseek.Text
	out   *bufio.Writer
}

// whole takes all of standard input as one text, or as ids.
func (t *tokenizing) whole(in io.Reader) error {
	data, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("reading standard input: %w", err)
	}
	if t.flags.decode {
		ids, err := fieldIDs(string(data), "standard input")
		if err != nil {
			return err
		}
		s, err := t.decode(ids)
		if err != nil {
			return err
		}
		_, err = t.out.WriteString(s)
		return err
	}
	ids := t.text.Tokenizer.Encode(nil, string(data), !t.flags.noSpecial)
	for i, id := range ids {
		if i > 0 {
			t.out.WriteByte(' ')
		}
		t.out.WriteString(strconv.Itoa(int(id)))
	}
	return t.out.WriteByte('\n')
}

// fieldIDs reads the ids of a file with spaces, commas or line ends between them; brackets
// around them do not hurt.
func fieldIDs(s, file string) ([]token.ID, error) {
	var ids []token.ID
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" ,\t\r\n[]", r) }) {
		id, err := strconv.ParseInt(f, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("%q in %s is no token id", f, file)
		}
		ids = append(ids, token.ID(id))
	}
	return ids, nil
}

// decode returns the text of ids, all of which must be in the vocabulary.
func (t *tokenizing) decode(ids []token.ID) (string, error) {
	for _, id := range ids {
		if id < 0 || int(id) >= t.text.Tokenizer.Size() {
			return "", fmt.Errorf("token id %d is not in the vocabulary, which has 0 to %d", id, t.text.Tokenizer.Size()-1)
		}
	}
	return t.text.Tokenizer.Decode(ids, t.flags.skipSpecial), nil
}

// lines takes each line of standard input as JSON.
func (t *tokenizing) lines(in io.Reader) error {
	r := bufio.NewReader(in)
	for number := 1; ; number++ {
		line, err := r.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return fmt.Errorf("reading standard input: %w", err)
		}
		if len(strings.TrimSpace(string(line))) > 0 {
			v, lineErr := t.line(line)
			if lineErr == nil {
				lineErr = printJSON(t.out, v)
			}
			if lineErr != nil {
				return fmt.Errorf("line %d of standard input: %w", number, lineErr)
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// line returns what one line of JSON becomes.
func (t *tokenizing) line(line []byte) (any, error) {
	switch {
	case t.flags.chat:
		return t.conversation(line)
	case t.flags.decode:
		var ids []token.ID
		if json.Unmarshal(line, &ids) != nil {
			return nil, fmt.Errorf("%.40q is no array of token ids", line)
		}
		return t.decode(ids)
	}
	var s string
	if json.Unmarshal(line, &s) != nil {
		return nil, fmt.Errorf("%.40q is no JSON string", line)
	}
	ids := t.text.Tokenizer.Encode(nil, s, !t.flags.noSpecial)
	if ids == nil {
		ids = []token.ID{}
	}
	return ids, nil
}

// conversation is a line of --chat.
func (t *tokenizing) conversation(line []byte) (any, error) {
	if t.text.Template == nil {
		if t.text.TemplateError != nil {
			return nil, t.text.TemplateError
		}
		return nil, fmt.Errorf("the model has no chat template; give one by --template")
	}
	var q struct {
		Messages            []chat.Message `json:"messages"`
		AddGenerationPrompt bool           `json:"add_generation_prompt"`
	}
	if err := json.Unmarshal(line, &q); err != nil {
		return nil, fmt.Errorf("want a conversation: %w", err)
	}
	segments, err := t.text.Template.Render(q.Messages, q.AddGenerationPrompt)
	if err != nil {
		return nil, err
	}
	ids, err := chat.Encode(t.text.Tokenizer, segments)
	if err != nil {
		return nil, err
	}
	return struct {
		Text string     `json:"text"`
		IDs  []token.ID `json:"ids"`
	}{chat.Text(segments), ids}, nil
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek"
	"github.com/deskseek/deskseek/chat"
	"github.com/deskseek/deskseek/sample"
	"github.com/deskseek/deskseek/token"
)

// runFlags are those of `deskseek run`.
type runFlags struct {
	model    modelFlag
	engine   engineFlag
	generate generateFlag
	raw      bool
	json     bool
	ids      string
	system   string
	logprobs int
	prompts  string
}

func newRun() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [PROMPT]",
		Short: "Answer one prompt",
		Long: `Answer one prompt, from the command line or from standard input.

The prompt is a user turn of the model's chat template where it has one; --raw
gives the model its begin token and the text instead, and --ids the tokens as
they are; --prompts answers all prompts of a file together, which takes little
longer than one while the memory is what it waits for. The answer goes to standard output; speeds, and a hash of the last
logits that shows any change of numerics, go to standard error.`,
		Example: `  deskseek run "Tell me a story about a fox."
  deskseek run -m DeepSeek-V3-0324 --temperature 0.3 < question.txt
  deskseek run -m model.gguf --ids 0,5,9 -n 32 --json
  deskseek run --prompts questions.txt --json > answers.jsonl`,
		Args: usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args) },
	}
	f.model.add(c)
	f.engine.add(c, false)
	f.generate.add(c, 0)
	c.Flags().BoolVar(&f.raw, "raw", false, "continue the text itself, without the chat template")
	c.Flags().BoolVar(&f.json, "json", false, "print one JSON object: prompt_ids, ids, text, timings, mtp")
	c.Flags().StringVar(&f.ids, "ids", "", "prompt as token ids, used as they are")
	c.Flags().StringVar(&f.prompts, "prompts", "", `file of prompts, one a line, or "-" for standard input; a line that begins with a quote is a JSON string, and one that begins with [ a JSON array of token ids`)
	c.Flags().StringVar(&f.system, "system", "", "system message before the prompt")
	c.Flags().IntVar(&f.logprobs, "logprobs", -1, "with --json: log-probabilities of the tokens and of this many alternatives (default none)")
	return c
}

func (f *runFlags) run(c *cobra.Command, args []string) error {
	params, err := f.generate.parse(c)
	if err != nil {
		return err
	}
	if err := f.check(c, args); err != nil {
		return err
	}
	params.Sampling.Logprobs = f.logprobs
	switch f.logprobs {
	case -1:
		params.Sampling.Logprobs = 0 // none at all
	case 0:
		params.Sampling.Logprobs = -1 // of the chosen tokens alone
	}
	var ids []token.ID
	if c.Flags().Changed("ids") {
		if ids, err = parseIDs(f.ids); err != nil {
			return err
		}
	}
	var prompts []prompt
	text := ""
	if f.prompts != "" {
		prompts, err = f.readPrompts(c)
	} else {
		text, err = f.prompt(c, args)
	}
	if err != nil {
		return err
	}
	llm, err := f.model.open(c, &f.engine)
	if err != nil {
		return err
	}
	defer llm.Close()
	if f.prompts != "" {
		return f.together(c, llm, prompts, params)
	}
	if ids == nil {
		if ids, err = f.encode(llm, text); err != nil {
			return err
		}
	}
	if f.json {
		return f.printJSON(c, llm, ids, params)
	}
	return f.printText(c, llm, ids, params)
}

// check says which flags do not go together.
func (f *runFlags) check(c *cobra.Command, args []string) error {
	ids := c.Flags().Changed("ids")
	switch {
	case c.Flags().Changed("prompts") && f.prompts == "":
		return usagef("--prompts is empty; want a file, or - for standard input")
	case f.prompts != "" && (ids || len(args) > 0):
		return usagef("--prompts has all prompts; a prompt or --ids does not go with it")
	case ids && len(args) > 0:
		return usagef("both --ids and a prompt are given; want one of them")
	case ids && (f.raw || f.system != ""):
		return usagef("--ids are used as they are; --raw and --system do not go with them")
	case f.raw && f.system != "":
		return usagef("--raw has no system message; --system does not go with it")
	case f.logprobs < -1:
		return usagef("--logprobs is %d, want 0 or more", f.logprobs)
	case f.logprobs >= 0 && !f.json:
		return usagef("--logprobs is shown with --json only")
	}
	if err := f.engine.check(c); err != nil {
		return err
	}
	return f.model.check(c)
}

// prompt returns the text of the prompt: the argument, or standard input where
// neither an argument nor --ids is given.
func (f *runFlags) prompt(c *cobra.Command, args []string) (string, error) {
	if c.Flags().Changed("ids") {
		return "", nil
	}
	if len(args) > 0 {
		return args[0], notEmpty(args[0])
	}
	if isTerminal(c.InOrStdin()) {
		fmt.Fprintln(c.ErrOrStderr(), "the prompt is read from standard input; end it with Ctrl-D")
	}
	data, err := io.ReadAll(input(c))
	if err != nil {
		return "", fmt.Errorf("reading the prompt from standard input: %w", err)
	}
	text := strings.TrimSuffix(string(data), "\n")
	return text, notEmpty(text)
}

func notEmpty(prompt string) error {
	if prompt == "" {
		return usagef("the prompt is empty; give one as an argument or on standard input")
	}
	return nil
}

// isTerminal returns whether r is one that a person types at.
func isTerminal(r io.Reader) bool {
	file, ok := r.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// encode returns the tokens of a text prompt.
func (f *runFlags) encode(llm *deskseek.LLM, text string) ([]token.ID, error) {
	if t := llm.Text(); !f.raw && (t.Template != nil || t.TemplateError != nil) {
		return llm.EncodeChat(turns(f.system, text))
	}
	if f.system != "" {
		return nil, usagef("the model has no chat template; --system does not go with it")
	}
	return llm.EncodeText(text)
}

// turns returns a system message, where there is one, and a user's.
func turns(system, user string) []chat.Message {
	var m []chat.Message
	if system != "" {
		m = append(m, chat.Message{Role: "system", Content: &system})
	}
	return append(m, chat.Message{Role: "user", Content: &user})
}

func (f *runFlags) printText(c *cobra.Command, llm *deskseek.LLM, ids []token.ID, p deskseek.Params) error {
	out, last := c.OutOrStdout(), ""
	for event, err := range llm.Generate(c.Context(), ids, p) {
		if err != nil {
			if last != "" {
				fmt.Fprintln(out)
			}
			return err
		}
		if event.Text != "" {
			last = event.Text
			if _, err := io.WriteString(out, event.Text); err != nil {
				return fmt.Errorf("writing the answer: %w", err)
			}
		}
		if event.End != nil {
			if !strings.HasSuffix(last, "\n") {
				fmt.Fprintln(out)
			}
			fmt.Fprintln(c.ErrOrStderr(), speeds(llm, event.End.Stats))
		}
	}
	return nil
}

// result is the object that `run --json` prints.
type result struct {
	PromptIDs []token.ID      `json:"prompt_ids"`
	IDs       []token.ID      `json:"ids"`
	Text      string          `json:"text"`
	Finish    string          `json:"finish_reason"`
	Timings   timings         `json:"timings"`
	MTP       mtpCounts       `json:"mtp"`
	Places    []mtpCounts     `json:"mtp_by_place,omitempty"` // the first draft behind a token, the second, …
	Logprobs  []tokenLogprobs `json:"logprobs,omitempty"`
}

type timings struct {
	PrefillTokens  int     `json:"prefill_tokens"`
	ReusedTokens   int     `json:"reused_tokens"` // of them, which were cached
	PrefillSeconds float64 `json:"prefill_seconds"`
	DecodeTokens   int     `json:"decode_tokens"`
	DecodeSeconds  float64 `json:"decode_seconds"`
}

// mtpCounts count drafts, whatever drafted them.
type mtpCounts struct {
	Drafted  int `json:"drafted"`
	Accepted int `json:"accepted"`
}

type tokenLogprobs struct {
	ID      token.ID             `json:"id"`
	Logprob float32              `json:"logprob"`
	Top     []alternativeLogprob `json:"top,omitempty"`
}

type alternativeLogprob struct {
	ID      token.ID `json:"id"`
	Logprob float32  `json:"logprob"`
}

func (f *runFlags) printJSON(c *cobra.Command, llm *deskseek.LLM, ids []token.ID, p deskseek.Params) error {
	r, stats, err := f.result(c.Context(), llm, ids, p)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.ErrOrStderr(), speeds(llm, stats))
	return printJSON(c.OutOrStdout(), r)
}

// result generates, and returns what `run --json` prints of it.
func (f *runFlags) result(ctx context.Context, llm *deskseek.LLM, ids []token.ID, p deskseek.Params) (r result, stats deskseek.Stats, err error) {
	r = result{PromptIDs: ids, IDs: []token.ID{}}
	var text strings.Builder
	for event, err := range llm.Generate(ctx, ids, p) {
		if err != nil {
			return r, stats, err
		}
		text.WriteString(event.Text)
		if t := event.Token; t != nil {
			r.IDs = append(r.IDs, t.ID)
			if f.logprobs >= 0 {
				r.Logprobs = append(r.Logprobs, logprobsOf(t))
			}
		}
		if e := event.End; e != nil {
			stats, r.Finish = e.Stats, e.Reason
			r.Timings = timings{stats.PrefillTokens, stats.Reused, stats.Prefill.Seconds(), stats.DecodeTokens, stats.Decode.Seconds()}
			r.MTP = mtpCounts{Drafted: stats.Drafted, Accepted: stats.Accepted}
			for _, a := range stats.ByPlace {
				r.Places = append(r.Places, mtpCounts{a.Drafted, a.Accepted})
			}
		}
	}
	r.Text = text.String()
	return r, stats, nil
}

func logprobsOf(t *sample.Choice) tokenLogprobs {
	l := tokenLogprobs{ID: t.ID, Logprob: t.Logprob}
	for _, a := range t.Top {
		l.Top = append(l.Top, alternativeLogprob{a.ID, a.Logprob})
	}
	return l
}

// printJSON prints v as one line, without escaping what HTML would need. U+0085
// is escaped, as encoding/json does U+2028: some readers take it for a line's end.
func printJSON(w io.Writer, v any) error {
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(bytes.ReplaceAll(line.Bytes(), []byte("\u0085"), []byte(`\u0085`)))
	return err
}

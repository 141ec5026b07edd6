package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek"
	"github.com/deskseek/deskseek/token"
)

// A prompt is a line of `run --prompts`: a text, or token ids.
type prompt struct {
	line int // counted from 1, with those that are empty
	text string
	ids  []token.ID
}

// longestPrompt is the most bytes of a line of prompts.
const longestPrompt = 16 << 20

// readPrompts reads the prompts of --prompts.
func (f *runFlags) readPrompts(c *cobra.Command) ([]prompt, error) {
	name, in := "standard input", input(c)
	if f.prompts != "-" {
		file, err := os.Open(f.prompts)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		name, in = f.prompts, file
	}
	prompts, err := parsePrompts(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return prompts, nil
}

// parsePrompts reads prompts, one a line. Empty lines are none.
func parsePrompts(r io.Reader) (prompts []prompt, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestPrompt)
	n := 1 // line
	for ; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		p := prompt{line: n, text: line}
		switch line[0] {
		case '"':
			err = json.Unmarshal([]byte(line), &p.text)
		case '[':
			p.text = ""
			err = json.Unmarshal([]byte(line), &p.ids)
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("line %d begins as JSON does and is none: %w", n, err)
		case p.text == "" && len(p.ids) == 0:
			return nil, fmt.Errorf("line %d: the prompt is empty", n)
		}
		prompts = append(prompts, p)
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("line %d has more than %d bytes, the most of a prompt", n, longestPrompt)
	case err != nil:
		return nil, fmt.Errorf("line %d: %w", n, err)
	}
	if len(prompts) == 0 {
		return nil, fmt.Errorf("no prompts; want one a line")
	}
	return prompts, nil
}

// together answers all prompts at once, and prints the answers in their order, each
// as soon as it and those before it are there. What can't be answered is said where
// the answer would be, and is an error in the end.
func (f *runFlags) together(c *cobra.Command, llm *deskseek.LLM, prompts []prompt, p deskseek.Params) error {
	type answer struct {
		result result
		stats  deskseek.Stats
		err    error
	}
	start := time.Now()
	answers := make([]chan answer, len(prompts))
	// So many begin at once: more would only wait in the engine.
	begin := make(chan struct{}, 64)
	for i, q := range prompts {
		answers[i] = make(chan answer, 1)
		go func() {
			begin <- struct{}{}
			defer func() { <-begin }()
			var a answer
			ids := q.ids
			if ids == nil {
				ids, a.err = f.encode(llm, q.text)
			}
			if a.err == nil {
				a.result, a.stats, a.err = f.result(c.Context(), llm, ids, p)
			}
			answers[i] <- a
		}()
	}
	failed, tokens := 0, 0
	var first error
	for i := range prompts {
		a := <-answers[i]
		tokens += len(a.result.IDs)
		if a.err != nil {
			failed++
			first = cmp.Or(first, fmt.Errorf("prompt %d (line %d): %w", i+1, prompts[i].line, a.err))
		}
		if err := f.printAnswer(c, i, &a.result, a.err); err != nil {
			return err
		}
	}
	seconds := time.Since(start).Seconds()
	n := llm.Counts()
	fmt.Fprintf(c.ErrOrStderr(), "%d answers, %d tokens in %.1f s, %.1f tok/s in all%s\n", len(prompts)-failed, tokens, seconds, rate(tokens, seconds), draftsOf(n.ByPlace, n.Gain))
	if failed > 1 {
		return fmt.Errorf("%d of %d prompts have no answer; the first: %w", failed, len(prompts), first)
	}
	return first
}

// printAnswer prints what a prompt of several gave.
func (f *runFlags) printAnswer(c *cobra.Command, i int, r *result, err error) error {
	out := c.OutOrStdout()
	switch {
	case f.json && err != nil:
		return printJSON(out, struct {
			Error string `json:"error"`
		}{err.Error()})
	case f.json:
		return printJSON(out, r)
	case err != nil:
		_, err = fmt.Fprintf(out, "=== %d: %v\n", i+1, err)
	default:
		_, err = fmt.Fprintf(out, "=== %d\n%s\n", i+1, strings.TrimSuffix(r.Text, "\n"))
	}
	if err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

package main

import (
	"fmt"
	"os"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek"
	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/engine"
	"github.com/deskseek/deskseek/measure"
	"github.com/deskseek/deskseek/token"
)

// replayFlags are those of `deskseek bench` that have a given text said.
type replayFlags struct {
	files []string
	ids   bool
	texts [2]string
}

func (f *replayFlags) add(c *cobra.Command, e *engineFlag) {
	c.Flags().StringSliceVar(&f.files, "replay", nil, "PROMPT,ANSWER: have the text of file ANSWER said behind that of file PROMPT, whatever the network says: to see what drafts gain of an edit or a quote; -n is all of it, unless given")
	c.Flags().BoolVar(&f.ids, "ids", false, "the files of --replay hold token ids, as tokenize prints them")
	c.Flags().StringVar(&e.lookup, "lookup", string(engine.Auto), "with --replay: draft what followed the last tokens before: auto, on or off, as of run")
}

func (f *replayFlags) check(c *cobra.Command) error {
	if f.files == nil {
		for _, name := range [...]string{"ids", "lookup"} {
			if c.Flags().Changed(name) {
				return usagef("--%s goes with --replay", name)
			}
		}
		return nil
	}
	if len(f.files) != 2 {
		return usagef("--replay names %d files, want two: PROMPT,ANSWER", len(f.files))
	}
	for _, name := range [...]string{"prompt", "depth", "accept"} {
		if c.Flags().Changed(name) {
			return usagef("--%s does not go with --replay, whose files say what is computed", name)
		}
	}
	return nil
}

// open reads the files.
func (f *replayFlags) open() (err error) {
	for i, file := range f.files {
		if f.texts[i], err = readText(file); err != nil {
			return err
		}
	}
	return nil
}

// replay returns what is to be said by a model; nil where nothing is.
func (f *replayFlags) replay(ck *checkpoint.Checkpoint, m *deepseek.Model) (*measure.Replay, error) {
	if f.files == nil {
		return nil, nil
	}
	var ids [2][]token.ID
	if f.ids {
		for i, text := range f.texts {
			var err error
			if ids[i], err = fieldIDs(text, f.files[i]); err != nil {
				return nil, err
			}
		}
	} else {
		t, err := tokenizerOf(ck)
		if err != nil {
			return nil, err
		}
		for i, text := range f.texts {
			ids[i] = t.Encode(nil, text, false)
		}
	}
	r := &measure.Replay{Prompt: ids[0], Answer: ids[1]}
	if err := r.Check(m.Vocabulary()); err != nil {
		return nil, fmt.Errorf("--replay %s,%s: %w", f.files[0], f.files[1], err)
	}
	return r, nil
}

// readText returns a file's text.
func readText(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(data) {
		return "", fmt.Errorf("%s is no text in UTF-8", file)
	}
	return string(data), nil
}

// tokenizerOf returns a model's tokenizer, or why there is none.
func tokenizerOf(ck *checkpoint.Checkpoint) (*token.Tokenizer, error) {
	text := deskseek.LoadText(ck)
	switch {
	case text.Tokenizer != nil:
		return text.Tokenizer, nil
	case text.TokenizerError != nil:
		return nil, text.TokenizerError
	}
	return nil, fmt.Errorf("%s has no tokenizer", ck.Path())
}

// replayed returns the cases of a text that is said.
func (f *benchFlags) replayed(r *measure.Replay, tokensGiven bool) (cases []measure.Case) {
	tokens := f.tokens
	if !tokensGiven {
		tokens = []int{0}
	}
	for _, n := range tokens {
		for _, s := range f.streams {
			cases = append(cases, r.Case(n, s))
		}
	}
	return cases
}

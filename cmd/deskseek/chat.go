package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/deskseek/deskseek"
	"github.com/deskseek/deskseek/chat"
)

func newChat() *cobra.Command {
	var model modelFlag
	var engine engineFlag
	var generate generateFlag
	var system string
	c := &cobra.Command{
		Use:   "chat",
		Short: "Talk to the model, a line at a time",
		Long: `Talk to the model: each line of standard input is a turn. /clear forgets the
conversation, /exit or Ctrl-D ends it; Ctrl-C stops an answer.`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error {
			params, err := generate.parse(c)
			if err != nil {
				return err
			}
			llm, err := model.open(c, &engine)
			if err != nil {
				return err
			}
			defer llm.Close()
			if _, err := llm.EncodeChat(turns(system, "")); err != nil {
				return err
			}
			s := &conversation{
				llm: llm, params: params, out: c.OutOrStdout(), errs: c.ErrOrStderr(),
				prompts: isTerminal(c.InOrStdin()), signals: make(chan os.Signal, 1),
			}
			s.clear(system)
			return s.read(c.InOrStdin())
		},
	}
	model.add(c)
	engine.add(c, true)
	generate.add(c, 0.3)
	c.Flags().StringVar(&system, "system", "", "system message before the conversation")
	return c
}

// A conversation is one call of `deskseek chat`.
type conversation struct {
	llm       *deskseek.LLM
	params    deskseek.Params
	out, errs io.Writer
	prompts   bool           // a person types
	signals   chan os.Signal // Ctrl-C: ends an answer, or the conversation
	leaving   bool           // SIGTERM came
	system    []chat.Message
	messages  []chat.Message
}

// clear forgets the conversation, and keeps its system message.
func (s *conversation) clear(system string) {
	if system != "" {
		s.system = []chat.Message{{Role: "system", Content: &system}}
	}
	s.messages = append([]chat.Message(nil), s.system...)
}

// read takes turns until the input ends, or a signal comes while no answer is
// being given.
func (s *conversation) read(in io.Reader) error {
	signal.Notify(s.signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(s.signals)
	lines, done := make(chan string), make(chan error, 1)
	go func() {
		r := bufio.NewReader(in)
		for {
			line, err := r.ReadString('\n')
			if line != "" {
				lines <- strings.TrimSpace(line)
			}
			if err != nil {
				done <- err
				return
			}
		}
	}()
	for {
		if s.prompts {
			fmt.Fprint(s.errs, "> ")
		}
		select {
		case line := <-lines:
			if line == "/exit" {
				return nil
			}
			if err := s.turn(line); err != nil || s.leaving {
				return err
			}
		case err := <-done:
			s.leave()
			if err != io.EOF {
				return fmt.Errorf("reading standard input: %w", err)
			}
			return nil
		case <-s.signals:
			s.leave()
			return nil
		}
	}
}

// leave ends the line of the prompt that nothing was typed at.
func (s *conversation) leave() {
	if s.prompts {
		fmt.Fprintln(s.errs)
	}
}

// turn takes one line. What the model can't answer is said, and the
// conversation goes on without it.
func (s *conversation) turn(line string) error {
	switch {
	case line == "":
		return nil
	case line == "/clear":
		s.clear("")
		return nil
	case line == "/help" || strings.HasPrefix(line, "/") && !strings.Contains(line, " "):
		fmt.Fprintln(s.errs, "/clear forgets the conversation, /exit ends it; Ctrl-C stops an answer")
		return nil
	}
	messages := append(s.messages, chat.Message{Role: "user", Content: &line})
	answer, err := s.answer(messages)
	var broken writeError
	if errors.As(err, &broken) {
		return err
	}
	if err != nil {
		fmt.Fprintf(s.errs, "deskseek: %v\n", err)
		return nil
	}
	s.messages = append(messages, chat.Message{Role: "assistant", Content: &answer})
	return nil
}

// A writeError is output that could not be written: there is nobody to talk to.
type writeError struct{ error }

// answer prints the answer to a conversation as it comes. Ctrl-C ends it, and
// what there is of it then stands; SIGTERM ends the conversation too.
func (s *conversation) answer(messages []chat.Message) (string, error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case sig := <-s.signals:
			s.leaving = sig != os.Interrupt
			cancel()
		case <-ctx.Done():
		}
	}()
	defer func() {
		cancel()
		<-done
	}()
	var text strings.Builder
	for event, err := range s.llm.Chat(ctx, messages, s.params) {
		if err != nil && ctx.Err() == nil {
			return "", err
		}
		if err != nil {
			fmt.Fprintln(s.out)
			fmt.Fprintln(s.errs, "(stopped)")
			return text.String(), nil
		}
		text.WriteString(event.Text)
		if _, err := io.WriteString(s.out, event.Text); err != nil {
			return "", writeError{fmt.Errorf("writing the answer: %w", err)}
		}
		if event.End != nil {
			fmt.Fprintln(s.out)
			fmt.Fprintln(s.errs, speeds(s.llm, event.End.Stats))
		}
	}
	return text.String(), nil
}

package chat

import (
	"errors"
	"fmt"
	"strings"

	"github.com/deskseek/deskseek/token"
)

// The added tokens that the templates use.
const (
	tokenBOS          = "<｜begin▁of▁sentence｜>"
	tokenEOS          = "<｜end▁of▁sentence｜>"
	tokenUser         = "<｜User｜>"
	tokenAssistant    = "<｜Assistant｜>"
	tokenCallsBegin   = "<｜tool▁calls▁begin｜>"
	tokenCallsEnd     = "<｜tool▁calls▁end｜>"
	tokenCallBegin    = "<｜tool▁call▁begin｜>"
	tokenCallEnd      = "<｜tool▁call▁end｜>"
	tokenOutputsBegin = "<｜tool▁outputs▁begin｜>"
	tokenOutputsEnd   = "<｜tool▁outputs▁end｜>"
	tokenOutputBegin  = "<｜tool▁output▁begin｜>"
	tokenOutputEnd    = "<｜tool▁output▁end｜>"
	tokenSep          = "<｜tool▁sep｜>"
)

// A Segment is a part of a rendered conversation: the text of one added token,
// or text. A message's own words are always text, whatever they spell.
type Segment struct {
	Text    string
	Special bool
}

// Text returns the rendered text, as the template's own engine would give it.
func Text(segments []Segment) string {
	var text strings.Builder
	for _, s := range segments {
		text.WriteString(s.Text)
	}
	return text.String()
}

// Encode returns the tokens of a rendered conversation. Text between two added
// tokens is encoded as one piece, wherever it came from.
func Encode(tok *token.Tokenizer, segments []Segment) ([]token.ID, error) {
	var none *Memory
	return none.Encode(tok, segments)
}

// A stretch is the text up to an added token, which ends it, or up to the end.
type stretch struct {
	text string
	mark string // "" at the end
}

// stretches cuts a rendered conversation at its added tokens, where encoding it can
// be cut. The last one has no mark.
func stretches(segments []Segment) (list []stretch) {
	var text strings.Builder
	for _, s := range segments {
		if !s.Special {
			text.WriteString(s.Text)
			continue
		}
		list = append(list, stretch{text.String(), s.Text})
		text.Reset()
	}
	return append(list, stretch{text: text.String()})
}

// A rendering is a conversation on its way through a template: what is written,
// and the template's namespace under its own names.
type rendering struct {
	segments []Segment

	isFirst       bool // V3, despite its name: a tool call has been written
	isTool        bool // tool outputs are open
	isOutputFirst bool // the next tool output opens them
	isLastUser    bool // V3-0324: the assistant's turn is open already
}

// text writes text, unless it is empty.
func (r *rendering) text(texts ...string) {
	for _, text := range texts {
		if text != "" {
			r.segments = append(r.segments, Segment{Text: text})
		}
	}
}

func (r *rendering) special(tokens ...string) {
	for _, t := range tokens {
		r.segments = append(r.segments, Segment{Text: t, Special: true})
	}
}

// content returns a message's text where the template puts it between other
// text: null and nothing cannot be put there.
func content(m *Message) (string, error) {
	switch {
	case m.Content != nil:
		return *m.Content, nil
	case m.noContent:
		return "", errors.New("no content, want text")
	}
	return "", errors.New("content is null, want text")
}

// system writes all system messages, wherever they stand, with an empty line
// between them.
func (r *rendering) system(messages []Message) error {
	first := true
	for i := range messages {
		m := &messages[i]
		if m.Role != "system" {
			continue
		}
		text, err := content(m)
		if err != nil {
			return at(i, m, err)
		}
		if !first {
			r.text("\n\n")
		}
		r.text(text)
		first = false
	}
	return nil
}

// at says which message an error is about.
func at(i int, m *Message, err error) error { return fmt.Errorf("message %d (%s): %w", i, m.Role, err) }

// call writes one tool call from its begin token to its end token.
func (r *rendering) call(c *ToolCall) {
	r.special(tokenCallBegin)
	r.text(c.Type)
	r.special(tokenSep)
	r.text(c.Function.Name, "\n```json\n", c.Function.Arguments, "\n```")
	r.special(tokenCallEnd)
}

// output writes a tool's output; both templates do it alike.
func (r *rendering) output(m *Message) error {
	text, err := content(m)
	if err != nil {
		return err
	}
	r.isTool = true
	if r.isOutputFirst {
		r.special(tokenOutputsBegin)
		r.isOutputFirst = false
	} else {
		r.text("\n")
	}
	r.special(tokenOutputBegin)
	r.text(text)
	r.special(tokenOutputEnd)
	return nil
}

// turnV3 writes a message as the template of DeepSeek-V3 (and R1's base) does:
// the assistant's token stands before its answer.
func (r *rendering) turnV3(m *Message) error {
	if m.Role == "tool" {
		return r.output(m)
	}
	if m.Role == "assistant" && m.Content == nil && !m.noContent {
		return r.callsV3(m)
	}
	text, err := content(m)
	if err != nil {
		return err
	}
	switch {
	case m.Role == "user":
		r.special(tokenUser)
	case r.isTool:
		r.special(tokenOutputsEnd)
	default:
		r.special(tokenAssistant)
	}
	r.isTool = false
	r.text(text)
	if m.Role == "assistant" {
		r.special(tokenEOS)
	}
	return nil
}

// callsV3 writes tool calls with the template's oddities: the calls are closed
// after every call but the first of the conversation, so a single one never is,
// and only that first one is preceded by the assistant's token. Without calls
// nothing is written of the message.
func (r *rendering) callsV3(m *Message) error {
	if m.nullCalls {
		return errors.New("content and tool_calls are null")
	}
	r.isTool = false
	for i := range m.ToolCalls {
		if !r.isFirst {
			r.special(tokenAssistant, tokenCallsBegin)
			r.call(&m.ToolCalls[i])
			r.isFirst = true
			continue
		}
		r.text("\n")
		r.call(&m.ToolCalls[i])
		r.special(tokenCallsEnd, tokenEOS)
	}
	return nil
}

// turnV30324 writes a message as the template of DeepSeek-V3-0324 does: the
// assistant's token follows the user's message at once.
func (r *rendering) turnV30324(m *Message) error {
	switch {
	case m.Role == "tool":
		r.isLastUser = false
		return r.output(m)
	case m.Role == "assistant" && m.ToolCalls != nil:
		return r.callsV30324(m)
	}
	text, err := content(m)
	if err != nil {
		return err
	}
	if m.Role == "user" {
		r.isTool, r.isLastUser = false, true
		r.special(tokenUser)
		r.text(text)
		r.special(tokenAssistant)
		return nil
	}
	r.isLastUser = false
	if r.isTool {
		r.special(tokenOutputsEnd)
		r.isTool = false
	}
	r.text(text)
	r.special(tokenEOS)
	return nil
}

// callsV30324 writes tool calls, and content before the first: with an empty
// list of calls the content is lost, as the template has it.
func (r *rendering) callsV30324(m *Message) error {
	if r.isTool {
		r.special(tokenOutputsEnd)
	}
	r.isLastUser, r.isTool, r.isOutputFirst = false, false, true
	for i := range m.ToolCalls {
		if i > 0 {
			r.text("\n")
			r.call(&m.ToolCalls[i])
			continue
		}
		if m.Content != nil || m.noContent {
			text, err := content(m)
			if err != nil {
				return err
			}
			r.text(text)
		}
		r.special(tokenCallsBegin)
		r.call(&m.ToolCalls[i])
	}
	r.special(tokenCallsEnd, tokenEOS)
	return nil
}

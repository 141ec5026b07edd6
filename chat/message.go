// Package chat turns conversations into tokens and text into what of it may be
// shown: it renders the chat templates of the DeepSeek-V3 family and finds stop
// strings in a stream. It knows messages, templates and tokenizers; it knows
// neither HTTP nor the network, and never injects what a template does not say.
package chat

import (
	"encoding/json"
	"errors"
	"fmt"
)

// A Message is one turn of a conversation, in the form of OpenAI's API.
type Message struct {
	Role       string     `json:"role"`                   // system, user, assistant or tool
	Content    *string    `json:"content"`                // nil: null, as beside tool calls
	ToolCalls  []ToolCall `json:"tool_calls,omitzero"`    // nil: null or absent; templates treat an empty list in another way
	ToolCallID string     `json:"tool_call_id,omitempty"` // of a tool message: the call that it answers; no template shows it

	// noContent says that the JSON had no member content. To a template that is
	// not null: it cannot be asked for nor be put between other text.
	noContent bool
	// nullCalls says that the JSON had null as tool_calls, which the template of
	// DeepSeek-V3 fails on where it passes over absent ones.
	nullCalls bool
}

// A ToolCall is one call that the assistant asks for.
type ToolCall struct {
	ID       string   `json:"id,omitempty"`
	Type     string   `json:"type"` // "function"
	Function Function `json:"function"`
}

// A Function is the name of a tool and the arguments it is called with.
type Function struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"` // JSON as text; shown as it is
}

// UnmarshalJSON reads a message whose content is text, null or absent, and keeps
// which of these it was.
func (m *Message) UnmarshalJSON(b []byte) error {
	type fields Message
	var in struct {
		fields
		Content   json.RawMessage `json:"content"`
		ToolCalls json.RawMessage `json:"tool_calls"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*m = Message(in.fields)
	m.noContent = in.Content == nil
	m.nullCalls = string(in.ToolCalls) == "null"
	if in.ToolCalls != nil {
		if err := json.Unmarshal(in.ToolCalls, &m.ToolCalls); err != nil {
			return err
		}
	}
	if in.Content == nil || string(in.Content) == "null" {
		return nil
	}
	if in.Content[0] != '"' {
		return fmt.Errorf("content of the %s message is %s, want text or null", m.Role, kindOf(in.Content))
	}
	return json.Unmarshal(in.Content, &m.Content)
}

// UnmarshalJSON reads a tool call. Templates put its type, name and arguments
// between other text, so all three must be there and be text.
func (c *ToolCall) UnmarshalJSON(b []byte) error {
	var in struct {
		ID       string  `json:"id"`
		Type     *string `json:"type"`
		Function struct {
			Name      *string         `json:"name"`
			Arguments json.RawMessage `json:"arguments"`
		} `json:"function"`
	}
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	switch arguments := in.Function.Arguments; {
	case in.Type == nil:
		return errors.New(`tool call has no type, want "function"`)
	case in.Function.Name == nil:
		return errors.New("tool call has no function.name")
	case arguments == nil:
		return errors.New("tool call has no function.arguments")
	case arguments[0] != '"':
		return fmt.Errorf("tool call has %s as function.arguments, want text that holds JSON", kindOf(arguments))
	}
	*c = ToolCall{ID: in.ID, Type: *in.Type, Function: Function{Name: *in.Function.Name}}
	return json.Unmarshal(in.Function.Arguments, &c.Function.Arguments)
}

// kindOf names what sort of value JSON text is.
func kindOf(value json.RawMessage) string {
	switch value[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	}
	return "a number"
}

// Package deskseek runs DeepSeek-V3 and the networks built like it (R1, V3.1,
// Moonlight, Kimi-K2) from the checkpoints people have: Hugging Face
// safetensors, GGUF, and MLX folders.
//
//	llm, err := deskseek.Open("DeepSeek-V3-0324-Q4_K_M-00001-of-00009.gguf", deskseek.Options{})
//	…
//	for event, err := range llm.Chat(ctx, messages, deskseek.Params{}) {
//		…
//		fmt.Print(event.Text)
//	}
//
// It puts the parts together: checkpoint, network, engine, tokenizer, template.
// It serves no protocol and prints nothing.
package deskseek

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"sync"

	"github.com/deskseek/deskseek/chat"
	"github.com/deskseek/deskseek/checkpoint"
	"github.com/deskseek/deskseek/deepseek"
	"github.com/deskseek/deskseek/demo"
	"github.com/deskseek/deskseek/engine"
	"github.com/deskseek/deskseek/engine/disk"
	"github.com/deskseek/deskseek/token"
)

// Stats say what an answer took.
type Stats = engine.Stats

// An LLM is a loaded model. It is safe for concurrent use; answers that are asked for
// at once are computed together.
type LLM struct {
	checkpoint *checkpoint.Checkpoint
	model      *deepseek.Model
	engine     *engine.Engine
	disk       *disk.Store // nil where nothing is kept
	notes      notes
	text       Text
	memory     *chat.Memory // which tokens conversations were really made of

	storeFailed func(error) // engine.Trace.StoreFailed
}

// Open loads a model: a Hugging Face or MLX folder, a GGUF file, or the first of
// a split one. An empty path is the built-in demo model.
func Open(path string, o Options) (*LLM, error) {
	ck, err := openCheckpoint(path)
	if err != nil {
		return nil, err
	}
	l, err := New(ck, o)
	if err != nil {
		return nil, errors.Join(err, ck.Close())
	}
	return l, nil
}

func openCheckpoint(path string) (*checkpoint.Checkpoint, error) {
	if path == "" {
		return demo.Open()
	}
	return checkpoint.Open(path)
}

// New loads the model of an opened checkpoint, which the LLM then owns: Close
// closes it.
func New(ck *checkpoint.Checkpoint, o Options) (*LLM, error) {
	if o.Math == "" {
		o.Math = deepseek.Fast
	}
	switch o.Load {
	case "", checkpoint.Map:
	case checkpoint.Copy:
		if err := ck.Copy(context.Background(), nil); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("load %q is not known, want %q or %q", o.Load, checkpoint.Map, checkpoint.Copy)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	m, err := deepseek.Load(ck, deepseek.Options{Math: o.Math, Cache: o.Cache, Workers: o.Workers, NoMTP: o.Drafting.MTP == engine.Off})
	if err != nil {
		return nil, err
	}
	l := &LLM{checkpoint: ck, model: m, text: LoadText(ck), memory: chat.NewMemory(memoryBytes)}
	if err := l.start(&o); err != nil {
		m.Close()
		return nil, err
	}
	return l, nil
}

// start takes the memory of the latent cache, opens the folder behind it, and starts
// the engine.
func (l *LLM) start(o *Options) error {
	m := l.model
	if o.Drafting.MTP == engine.On && m.MTP() == nil {
		return fmt.Errorf("%s has no MTP layer to draft with", l.checkpoint.Path())
	}
	pages, err := o.pages(m)
	if err != nil {
		return err
	}
	if err := m.Reserve(pages); err != nil {
		return err
	}
	n := engine.Network{Model: m, Memory: m.Cache()}
	if t := m.MTP(); t != nil {
		n.MTP = t
	}
	options := engine.Options{
		Context: m.Config.Context, Vocabulary: m.Vocabulary(), Pages: pages, ExpandFrom: m.Config.ExpandFrom(), Deterministic: o.Deterministic,
		MaxStepTokens: o.MaxStepTokens, MaxSequences: o.MaxSequences, MaxWaiting: o.MaxWaiting, Drafting: o.Drafting, Trace: o.Trace,
	}
	if o.CacheDir != "" {
		if l.disk, err = o.openDisk(l.checkpoint, m); err != nil {
			return &CacheDirError{err}
		}
		options.Store, l.storeFailed = l.disk, o.Trace.StoreFailed
		l.recall()
	}
	l.engine = engine.New(n, options)
	return nil
}

// A CacheDirError is why Options.CacheDir can't be used. The model can be without.
type CacheDirError struct{ Err error }

func (e *CacheDirError) Error() string { return e.Err.Error() }
func (e *CacheDirError) Unwrap() error { return e.Err }

// openDisk opens the folder of kept latents for a model.
func (o *Options) openDisk(ck *checkpoint.Checkpoint, m *deepseek.Model) (*disk.Store, error) {
	limit := o.CacheLimit
	if limit == 0 {
		limit = 20e9
	}
	shape, err := json.Marshal(m.Config)
	if err != nil {
		return nil, err
	}
	return disk.Open(disk.Options{
		Dir: o.CacheDir, Limit: limit, PageTokens: deepseek.PageSize, PageBytes: int(m.PageBytes()),
		Name:     filepath.Base(ck.Path()),
		Identity: fmt.Sprintf("weights %s\n%s\n%s\n", ck.Fingerprint(), m.Numerics(), shape),
	})
}

// pages returns how many pages the latent cache gets.
func (o *Options) pages(m *deepseek.Model) (int, error) {
	each := m.PageBytes()
	context := (m.Config.Context + deepseek.PageSize - 1) / deepseek.PageSize
	bytes := o.CacheBytes
	if bytes == 0 {
		bytes = max(4<<30, int64(context)*each)
		if o.FreeBytes > 0 {
			bytes = max(each, min(bytes, o.FreeBytes/2))
		}
	}
	n := int(min(bytes/each, 64*int64(context)))
	if n == 0 {
		return 0, fmt.Errorf("%d bytes for the latent cache hold none of its pages, which have %d", bytes, each)
	}
	return n, nil
}

// Close ends what is being generated, the LLM's threads, and closes its checkpoint.
func (l *LLM) Close() error {
	l.engine.Close()
	l.model.Close()
	var err error
	if l.disk != nil {
		err = l.notes.close(l.disk)
	}
	return errors.Join(err, l.checkpoint.Close())
}

// Config returns the shape of the network.
func (l *LLM) Config() deepseek.Config { return l.model.Config }

// Counts returns what the engine has done so far, for all answers together.
func (l *LLM) Counts() engine.Counts { return l.engine.Counts() }

// TwinBytes returns the bytes of weights that fast math has in memory a second time:
// W^UK transposed, where the checkpoint does not store it so.
func (l *LLM) TwinBytes() int64 { return l.model.TwinBytes() }

// BytesPerToken returns the bytes of weights that one token of generation reads.
func (l *LLM) BytesPerToken() int64 { return l.model.BytesPerToken() }

// Text returns the checkpoint's tokenizer and chat template, as far as it has
// them.
func (l *LLM) Text() Text { return l.text }

// ErrNoTemplate is what Chat asks of a checkpoint that has no chat template.
var ErrNoTemplate = errors.New("the checkpoint has no chat template; its text can be continued without")

// ErrNoTokenizer is what text asks of a checkpoint that has no tokenizer.
var ErrNoTokenizer = errors.New("the checkpoint has no tokenizer (tokenizer.json); it takes token ids")

// tokenizer returns the tokenizer, or why there is none.
func (l *LLM) tokenizer() (*token.Tokenizer, error) {
	switch {
	case l.text.TokenizerError != nil:
		return nil, l.text.TokenizerError
	case l.text.Tokenizer == nil:
		return nil, ErrNoTokenizer
	}
	return l.text.Tokenizer, nil
}

// Chat answers a conversation, in the checkpoint's chat template. An answer that comes
// back as a turn of a longer conversation is the tokens that it was, even where its
// text would be encoded to others, and is not computed again while it is cached.
func (l *LLM) Chat(ctx context.Context, messages []chat.Message, p Params) iter.Seq2[Event, error] {
	segments, ids, err := l.render(messages)
	if err != nil {
		return failed(err)
	}
	return l.generate(ctx, ids, p, func(sampled []token.ID, text string) { l.remember(segments, ids, sampled, text) })
}

// EncodeChat returns the tokens of a conversation whose next turn is the
// assistant's: of answers that Chat gave, those that it gave.
func (l *LLM) EncodeChat(messages []chat.Message) ([]token.ID, error) {
	_, ids, err := l.render(messages)
	return ids, err
}

func (l *LLM) render(messages []chat.Message) ([]chat.Segment, []token.ID, error) {
	t, err := l.tokenizer()
	switch {
	case err != nil:
		return nil, nil, err
	case l.text.TemplateError != nil:
		return nil, nil, l.text.TemplateError
	case l.text.Template == nil:
		return nil, nil, ErrNoTemplate
	}
	if err := chat.CheckRoles(messages); err != nil {
		return nil, nil, err
	}
	segments, err := l.text.Template.Render(messages, true)
	if err != nil {
		return nil, nil, err
	}
	ids, err := l.memory.Encode(t, segments)
	return segments, ids, err
}

// Complete continues a text, which it starts with the checkpoint's BOS token
// and encodes without special tokens.
func (l *LLM) Complete(ctx context.Context, prompt string, p Params) iter.Seq2[Event, error] {
	ids, err := l.EncodeText(prompt)
	if err != nil {
		return failed(err)
	}
	return l.Generate(ctx, ids, p)
}

// EncodeText returns BOS, where the checkpoint names one, and the tokens of a
// text.
func (l *LLM) EncodeText(text string) ([]token.ID, error) {
	t, err := l.tokenizer()
	if err != nil {
		return nil, err
	}
	var ids []token.ID
	if bos := l.model.Config.BOS; bos >= 0 {
		ids = append(ids, token.ID(bos))
	}
	return t.Encode(ids, text, false), nil
}

func failed(err error) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) { yield(Event{}, err) }
}

// Generate continues tokens, used as they are. The last Event has End set. An
// error ends the sequence; what came before it stands.
func (l *LLM) Generate(ctx context.Context, prompt []token.ID, p Params) iter.Seq2[Event, error] {
	return l.generate(ctx, prompt, p, func([]token.ID, string) {})
}

// generate is Generate, and calls done with what was sampled and shown, however the
// answer ended, if there was something.
func (l *LLM) generate(ctx context.Context, prompt []token.ID, p Params, done func(sampled []token.ID, text string)) iter.Seq2[Event, error] {
	r := engine.Request{Prompt: prompt, MaxTokens: p.MaxTokens, Sampling: p.Sampling, Priority: p.Priority}
	if !p.IgnoreEOS {
		for _, id := range l.model.Config.EOS {
			r.End = append(r.End, token.ID(id))
		}
	}
	if len(p.Stop) > 0 { // where a stop text is complete, the engine goes no further
		w := newWriter(l.text.Tokenizer, p.Stop, r.End)
		r.Stop = func(id token.ID) bool {
			w.push(id)
			return w.stopped
		}
	}
	stream, err := l.engine.Submit(r)
	if err != nil {
		return failed(err)
	}
	return func(yield func(Event, error) bool) {
		var sampled []token.ID
		var shown strings.Builder
		finish := sync.OnceFunc(func() {
			if len(sampled) > 0 {
				done(sampled, shown.String())
			}
		})
		defer finish()
		w := newWriter(l.text.Tokenizer, p.Stop, r.End)
		for choice, err := range stream.Tokens(ctx) {
			if err != nil {
				yield(Event{}, err)
				return
			}
			sampled = append(sampled, choice.ID)
			text := w.push(choice.ID)
			shown.WriteString(text)
			if !yield(Event{Text: text, Token: &choice}, nil) {
				return
			}
		}
		text := ""
		if !w.stopped {
			text = w.flush()
			shown.WriteString(text)
		}
		st := stream.Stats()
		finish() // who sees the end may close the LLM
		yield(Event{Text: text, End: &End{Reason: string(st.Reason), Prompt: prompt, Stats: st}}, nil)
	}
}

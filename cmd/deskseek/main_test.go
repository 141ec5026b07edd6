package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/deskseek/deskseek"
	"github.com/deskseek/deskseek/internal/golden"
	"github.com/deskseek/deskseek/internal/npy"
)

// call runs a command line and returns its exit code and what it wrote.
func call(t *testing.T, in string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = execute(t.Context(), args, strings.NewReader(in), &o, &e)
	return code, o.String(), e.String()
}

// TestUsage checks exit codes and that what is wrong is said in one sentence on
// standard error, with nothing on standard output.
func TestUsage(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"walk"}, 2, `unknown command "walk"`},
		{[]string{"run", "--warp"}, 2, "unknown flag: --warp"},
		{[]string{"run", "a", "b"}, 2, "accepts at most 1 arg"},
		{[]string{"run", "-n", "-1", "a"}, 2, "-n is -1, want 1 or more"},
		{[]string{"run", "--math", "rough", "a"}, 2, "--math rough is not known"},
		{[]string{"run", "--load", "lazily", "a"}, 2, "--load lazily is not known"},
		{[]string{"run", "--load", "copy", "a"}, 2, "the built-in model is in memory already"},
		{[]string{"trace", "--ids", "1", "--out", dir, "--math", "fast"}, 2, "a trace is of exact math"},
		{[]string{"run", "--cache-type", "f16", "a"}, 2, "--cache-type f16 is not known"},
		{[]string{"run", "--math", "exact", "--cache-type", "bf16", "a"}, 2, "--math exact wants f32"},
		{[]string{"run", "--ids", "1", "a"}, 2, "both --ids and a prompt"},
		{[]string{"run", "--ids", "1,x"}, 2, `"x" is no token id`},
		{[]string{"run", "--top-p", "2", "a"}, 2, "top_p is 2"},
		{[]string{"run", "--logit-bias", "5", "a"}, 2, "want ID=VALUE"},
		{[]string{"run"}, 2, "the prompt is empty"},
		{[]string{"run", ""}, 2, "the prompt is empty"},
		{[]string{"run", "-n", "0", "a"}, 2, "-n is 0, want 1 or more"},
		{[]string{"run", "-m", "", "a"}, 2, "-m is empty"},
		{[]string{"inspect", "-m", ""}, 2, "-m is empty"},
		{[]string{"tokenize", "-m", ""}, 2, "-m is empty"},
		{[]string{"run", "--ids", "5000"}, 1, "the prompt has token 5000, and the vocabulary 0 to 2047"},
		{[]string{"run", "-m", dir, "a"}, 1, dir},
		{[]string{"trace", "--ids", "1"}, 2, "--ids and --out are needed"},
		{[]string{"eval", "ppl"}, 2, "-f is needed"},
		{[]string{"eval", "ppl", "-f", "x", "-c", "3"}, 2, "want 4 or more"},
		{[]string{"eval", "ppl", "-f", "x", "--chunks", "-1"}, 2, "--chunks is -1"},
		{[]string{"eval", "ppl", "-f", filepath.Join(dir, "none")}, 1, "no such file"},
		{[]string{"trace", "--ids", "1", "--out", dir, "--what", "colour"}, 2, `"colour" is not known`},
		{[]string{"trace", "--ids", "1", "--out", dir, "--what", "mtp"}, 1, "at least 2 tokens"},
		{[]string{"tokenize", "--chat"}, 2, "add --jsonl"},
		{[]string{"tokenize", "--skip-special"}, 2, "goes with --decode"},
		{[]string{"tokenize", "-m", filepath.Join(dir, "none")}, 1, "none"},
		{[]string{"inspect", "-m", dir}, 1, dir},
	} {
		code, out, errs := call(t, "", test.args...)
		if code != test.code || !strings.Contains(errs, test.want) || out != "" {
			t.Errorf("%q: exit %d, %q on stdout, %q on stderr; want %d and %q", test.args, code, out, errs, test.code, test.want)
		}
	}
}

// TestRun checks that standard output holds the answer alone, and speeds and
// hash go to standard error.
func TestRun(t *testing.T) {
	code, out, errs := call(t, "", "run", "-n", "8", "Tell me a story about a dog.")
	if code != 0 || out != "Once upon a time, there was a\n" {
		t.Errorf("exit %d, %q", code, out)
	}
	for _, want := range []string{"10.6 MB of weights", "tok/s", "logits #"} {
		if !strings.Contains(errs, want) {
			t.Errorf("standard error %q, want %q in it", errs, want)
		}
	}
	for mode, want := range map[string]string{"off": "GB/s", "on": "drafts held"} {
		_, same, errs := call(t, "", "run", "-n", "8", "--mtp", mode, "Tell me a story about a dog.")
		if same != out || !strings.Contains(errs, want) {
			t.Errorf("--mtp %s: %q, standard error %q, want %q and %q", mode, same, errs, out, want)
		}
	}
	_, in, _ := call(t, "Tell me a story about a dog.\n", "run", "-n", "8")
	if in != out {
		t.Errorf("from standard input: %q, want %q", in, out)
	}
	if _, raw, _ := call(t, "", "run", "-n", "8", "--raw", "Tell me a story about a dog."); raw == out {
		t.Error("--raw gives what the chat template gives")
	}
}

// TestRunJSON checks the object of --json.
func TestRunJSON(t *testing.T) {
	code, out, _ := call(t, "", "run", "--json", "-n", "5", "--logprobs", "2", "Hi")
	var r struct {
		PromptIDs []int `json:"prompt_ids"`
		IDs       []int
		Text      string
		Timings   map[string]float64
		MTP       map[string]int
		Logprobs  []struct {
			ID      int
			Logprob float64
			Top     []struct{ ID int }
		}
	}
	d := json.NewDecoder(strings.NewReader(out))
	if err := d.Decode(&r); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s", code, err, out)
	}
	if len(r.PromptIDs) != 5 || len(r.IDs) != 5 || r.Text == "" || len(r.Logprobs) != 5 || len(r.Logprobs[0].Top) != 2 || r.Logprobs[0].ID != r.IDs[0] {
		t.Errorf("%+v", r)
	}
	for _, k := range []string{"prefill_tokens", "prefill_seconds", "decode_tokens", "decode_seconds"} {
		if _, ok := r.Timings[k]; !ok {
			t.Errorf("timings %v lack %s", r.Timings, k)
		}
	}
	if r.Timings["prefill_tokens"] != 5 || r.Timings["decode_tokens"] != 4 || len(r.MTP) != 2 {
		t.Errorf("timings %v, mtp %v", r.Timings, r.MTP)
	}
}

// TestEndToken checks that an end token stops, is kept in ids and is not in the
// text, and that --ignore-eos goes on.
func TestEndToken(t *testing.T) {
	const end = 1 // of the demo model; the bias makes it certain
	run := func(args ...string) (ids []int, text string) {
		code, out, errs := call(t, "", append([]string{"run", "--json", "-n", "4", "--logit-bias", fmt.Sprintf("%d=1000", end), "--ids", "0,300"}, args...)...)
		var r struct {
			IDs  []int
			Text string
		}
		if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 {
			t.Fatalf("exit %d, %v: %s", code, err, errs)
		}
		return r.IDs, r.Text
	}
	if ids, text := run(); !slices.Equal(ids, []int{end}) || text != "" {
		t.Errorf("ids %v, text %q, want the end token and no text", ids, text)
	}
	if ids, _ := run("--ignore-eos"); !slices.Equal(ids, []int{end, end, end, end}) {
		t.Errorf("with --ignore-eos: ids %v, want 4 of %d", ids, end)
	}
}

// goldenDrafts wants the drafts that a reference made and accepted, of a case that has
// them. The last steps may have fewer, since no more tokens are wanted.
func goldenDrafts(t *testing.T, c golden.Case, prompt string) {
	if !c.Has("speculative.json") || !c.Has("mtp_logits.npy") {
		return
	}
	var want struct {
		Runs []struct {
			K     int
			Chain string
			Steps []struct{ Accepted int }
		}
	}
	c.JSON(t, "speculative", &want)
	for _, run := range want.Runs {
		if run.Chain != "post" {
			continue
		}
		tokens, accepted := 1, 0
		for _, s := range run.Steps {
			tokens, accepted = tokens+1+s.Accepted, accepted+s.Accepted
		}
		code, out, errs := call(t, "", "run", "-m", c.Path, "--ids", prompt, "-n", fmt.Sprint(tokens), "--ignore-eos", "--json",
			"--math", "exact", "--mtp", "on", "--drafts", fmt.Sprint(run.K))
		var r struct {
			MTP struct{ Drafted, Accepted int }
		}
		if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 {
			t.Fatalf("run --drafts %d: exit %d (%v, %s)", run.K, code, err, errs)
		}
		steps, last := len(run.Steps), run.Steps[len(run.Steps)-1].Accepted
		if r.MTP.Drafted > steps*run.K || r.MTP.Drafted < steps*run.K-run.K*(run.K+1)/2 || r.MTP.Accepted > accepted || r.MTP.Accepted < accepted-last {
			t.Errorf("run --drafts %d: %d of %d drafts held, want %d of %d, or fewer by those of the last steps", run.K, r.MTP.Accepted, r.MTP.Drafted, accepted, steps*run.K)
		}
	}
}

// TestGoldenCommands runs the golden cases through the command line, as a user
// would check a conversion.
func TestGoldenCommands(t *testing.T) {
	for _, c := range golden.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			_, input := c.Ints(t, "input_ids")
			var ids []string
			for _, id := range input {
				ids = append(ids, fmt.Sprint(id))
			}
			prompt := strings.Join(ids, ",")
			var greedy struct{ Tokens []int }
			c.JSON(t, "greedy", &greedy)
			code, out, errs := call(t, "", "run", "-m", c.Path, "--ids", prompt, "-n", "32", "--ignore-eos", "--json")
			var r struct{ IDs []int }
			if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || !slices.Equal(r.IDs, greedy.Tokens) {
				t.Errorf("run: exit %d, ids %v, want %v (%v, %s)", code, r.IDs, greedy.Tokens, err, errs)
			}
			goldenDrafts(t, c, prompt)
			dir := filepath.Join(t.TempDir(), "new", "folder")
			if code, _, errs := call(t, "", "trace", "-m", c.Path, "--ids", prompt, "--out", dir); code != 0 {
				t.Fatalf("trace: exit %d, %s", code, errs)
			}
			for file, want := range map[string]string{
				"logits": "logits", "hidden": "hidden", "experts": "moe_experts", "expert_weights": "moe_weights", "mtp_logits": "mtp_logits",
			} {
				if !c.Has(want + ".npy") {
					if _, err := os.Stat(filepath.Join(dir, file+".npy")); !errors.Is(err, os.ErrNotExist) {
						t.Errorf("%s.npy was written, and nothing is expected", file)
					}
					continue
				}
				got, err := npy.ReadFile(filepath.Join(dir, file+".npy"))
				if err != nil {
					t.Error(err)
					continue
				}
				var shape []int
				var values []float32
				if want == "moe_experts" {
					shape, _ = c.Ints(t, want)
				} else {
					shape, values = c.Floats(t, want)
				}
				if !slices.Equal(got.Shape, shape) {
					t.Errorf("%s: shape %v, want %v", file, got.Shape, shape)
				}
				if want == "moe_weights" || want == "moe_experts" {
					continue // in any order; the network's own tests compare them
				}
				for i, w := range values {
					if d := got.F4[i] - w; d > 1e-3 || d < -1e-3 {
						t.Errorf("%s: value %d is %g, want %g", file, i, got.F4[i], w)
						break
					}
				}
			}
			if !c.Has("mtp_logits.npy") {
				code, _, errs := call(t, "", "trace", "-m", c.Path, "--ids", prompt, "--out", dir, "--what", "mtp")
				if code != 1 || !strings.Contains(errs, "has no MTP layer") {
					t.Errorf("trace of a missing MTP layer: exit %d, %s", code, errs)
				}
			}
		})
	}
}

// TestTokenize checks each way of the command on the demo model's tokenizer.
func TestTokenize(t *testing.T) {
	_, ids, _ := call(t, "Once upon a time", "tokenize")
	if _, text, _ := call(t, ids, "tokenize", "--decode"); text != "Once upon a time" {
		t.Errorf("%q becomes %q", ids, text)
	}
	for _, test := range []struct {
		in, want string
		args     []string
	}{
		{"<｜User｜>", "2036\n", nil},
		{"<｜end▁of▁sentence｜>", "1\n", nil},
		{"1 527", "<｜end▁of▁sentence｜>Once", []string{"--decode"}},
		{"[1, 527]", "Once", []string{"--decode", "--skip-special"}},
		{"\"Once\"\n\n\"\"\n", "[527]\n[]\n", []string{"--jsonl"}},
		{"[129, 230]", "\"\\u0085\"\n", []string{"--jsonl", "--decode"}},
		{"[527]\n[1]\n", "\"Once\"\n\"<｜end▁of▁sentence｜>\"\n", []string{"--jsonl", "--decode"}},
		{
			`{"messages":[{"role":"user","content":"Once"}],"add_generation_prompt":true}`,
			`{"text":"<｜begin▁of▁sentence｜><｜User｜>Once<｜Assistant｜>","ids":[0,2036,527,2037]}` + "\n",
			[]string{"--chat", "--jsonl"},
		},
	} {
		code, out, errs := call(t, test.in, append([]string{"tokenize"}, test.args...)...)
		if code != 0 || out != test.want {
			t.Errorf("%v of %q: exit %d, %q, want %q (%s)", test.args, test.in, code, out, test.want, errs)
		}
	}
	if _, out, _ := call(t, "<｜User｜>", "tokenize", "--no-special"); strings.Contains(out, "2036") {
		t.Errorf("--no-special gives %q", out)
	}
	code, _, errs := call(t, "[5]\n[99999]\n", "tokenize", "--decode", "--jsonl")
	if code != 1 || !strings.Contains(errs, "line 2 of standard input: token id 99999 is not in the vocabulary") {
		t.Errorf("exit %d, %s", code, errs)
	}
	bad := filepath.Join(t.TempDir(), "bad.jinja")
	if err := os.WriteFile(bad, []byte("{{ messages }}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(t, "{}", "tokenize", "--chat", "--jsonl", "--template", bad); code != 1 || !strings.Contains(errs, bad) {
		t.Errorf("unknown template: exit %d, %s", code, errs)
	}
}

// TestInspect checks what is said of the built-in model.
func TestInspect(t *testing.T) {
	code, out, _ := call(t, "", "inspect")
	for _, want := range []string{"4 layers (1 dense)", "MTP layer      yes", "chat template  deepseek-v3", "attn_k_b and attn_v_b", "type Q8_0"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit %d: %q is not in\n%s", code, want, out)
		}
	}
	code, out, _ = call(t, "", "inspect", "--json", "--tensors", "--metadata")
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 || len(r.Tensors) != 92 || len(r.Metadata) == 0 || len(r.Unused) > 0 {
		t.Errorf("exit %d, %v: %d tensors, %d keys, unused %v", code, err, len(r.Tensors), len(r.Metadata), r.Unused)
	}
}

// TestInspectMissing checks that a checkpoint that lacks a shard's tensors gets
// all of them named.
func TestInspectMissing(t *testing.T) {
	dir := t.TempDir()
	config := `{"architectures":["DeepseekV3ForCausalLM"],"vocab_size":8,"hidden_size":4,"num_hidden_layers":1,"first_k_dense_replace":1,
"intermediate_size":4,"max_position_embeddings":16,"num_attention_heads":1,"kv_lora_rank":4,"qk_nope_head_dim":2,"qk_rope_head_dim":2,"v_head_dim":2}`
	header := `{"model.norm.weight":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}`
	file := append(append([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}, header...), make([]byte, 16)...)
	for name, data := range map[string][]byte{"config.json": []byte(config), "model.safetensors": file} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs := call(t, "", "inspect", "-m", dir)
	if code != 1 || strings.Count(out, "\nproblem") != 12 || !strings.Contains(out, "tensor lm_head.weight: missing, want shape [8 4]") {
		t.Errorf("exit %d, %s\n%s", code, errs, out)
	}
	if code, _, errs := call(t, "", "run", "-m", dir, "--ids", "1"); code != 1 || !strings.Contains(errs, "tensor lm_head.weight: missing") {
		t.Errorf("run: exit %d, %s", code, errs)
	}
}

// TestChat talks to the built-in model, and checks that it remembers until it is
// told to forget.
func TestChat(t *testing.T) {
	const question = "Tell me a story about a dog."
	_, first, _ := call(t, "", "run", "-n", "12", question)
	code, out, errs := call(t, question+"\n/clear\n"+question+"\n"+question+"\n/help\n\n/exit\nnever\n", "chat", "-n", "12", "--temperature", "0")
	if code != 0 || !strings.HasPrefix(out, first+first) {
		t.Errorf("exit %d: %q, want twice %q first", code, out, first)
	}
	if strings.Count(errs, "logits #") != 3 || strings.Count(errs, "prefill 12 tokens") != 2 {
		t.Errorf("standard error %q: want three answers, two of them to a first question", errs)
	}
}

// TestCanceled checks that a canceled run ends with the code of an interrupt.
func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	if code := execute(ctx, []string{"run", "Hi"}, strings.NewReader(""), &out, &errs); code != exitInterrupted {
		t.Errorf("exit %d, want %d: %s", code, exitInterrupted, errs.String())
	}
}

// TestInterruptedInput checks that a command that waits for standard input ends
// when it is interrupted.
func TestInterruptedInput(t *testing.T) {
	for _, args := range [][]string{{"run"}, {"tokenize"}, {"tokenize", "--jsonl"}} {
		ctx, cancel := context.WithCancel(t.Context())
		r, w := io.Pipe() // nobody writes
		waiting := &signalOnRead{r, make(chan struct{})}
		go func() {
			<-waiting.reads
			cancel()
		}()
		var out, errs bytes.Buffer
		if code := execute(ctx, args, waiting, &out, &errs); code != exitInterrupted {
			t.Errorf("%v: exit %d, want %d: %s", args, code, exitInterrupted, errs.String())
		}
		w.Close()
	}
}

// A signalOnRead says when it is first read from.
type signalOnRead struct {
	io.Reader
	reads chan struct{}
}

func (s *signalOnRead) Read(p []byte) (int, error) {
	close(s.reads)
	return s.Reader.Read(p)
}

// TestSignalsInChat checks that Ctrl-C ends an answer and not the conversation,
// and that SIGTERM ends both.
func TestSignalsInChat(t *testing.T) {
	for _, test := range []struct {
		signal  os.Signal
		answers int
	}{{os.Interrupt, 2}, {syscall.SIGTERM, 1}} {
		llm, err := deskseek.Open("", deskseek.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer llm.Close()
		s := &conversation{llm: llm, signals: make(chan os.Signal, 1), params: deskseek.Params{IgnoreEOS: true}}
		out := &signalOnWrite{to: s.signals, signal: test.signal}
		errs := &signalAgain{out: out}
		s.out, s.errs = out, errs
		if err := s.read(strings.NewReader("Tell me a story.\nAnother one.\n")); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(errs.String(), "(stopped)"); n != test.answers {
			t.Errorf("%v: %d answers were stopped, want %d: %s", test.signal, n, test.answers, errs.String())
		}
	}
}

// A signalOnWrite sends a signal as soon as something is written, and no other: an
// answer may go on for some lines before the signal is looked at, and a second one
// would end the conversation.
type signalOnWrite struct {
	to     chan os.Signal
	signal os.Signal
	sent   bool
}

func (s *signalOnWrite) Write(p []byte) (int, error) {
	if !s.sent {
		s.sent = true
		s.to <- s.signal
	}
	return len(p), nil
}

// A signalAgain makes out send a signal again when an answer was stopped.
type signalAgain struct {
	bytes.Buffer
	out *signalOnWrite
}

func (s *signalAgain) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("(stopped)")) {
		s.out.sent = false
	}
	return s.Buffer.Write(p)
}

// TestFullDisk checks that output that can't be written is an error.
func TestFullDisk(t *testing.T) {
	for _, args := range [][]string{{"run", "-n", "3", "Hi"}, {"run", "--json", "-n", "3", "Hi"}, {"inspect"}, {"inspect", "--json"}, {"tokenize"}, {"version"},
		{"eval", "bits"}, {"quantize", "--dry-run", "demo", "out.gguf"}} {
		var errs bytes.Buffer
		if code := execute(t.Context(), args, strings.NewReader("text"), full{}, &errs); code != exitError || !strings.Contains(errs.String(), errFull.Error()) {
			t.Errorf("%v: exit %d, %s", args, code, errs.String())
		}
	}
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// TestVersion checks that the version says which kernels are used.
func TestVersion(t *testing.T) {
	code, out, _ := call(t, "", "version")
	if code != 0 || !strings.HasPrefix(out, "deskseek ") || !strings.Contains(out, "go1.") {
		t.Errorf("exit %d, %q", code, out)
	}
}

func TestOutlook(t *testing.T) {
	for _, test := range []struct {
		size, free int64
		want       string
	}{
		{377e9, 503e9, "377 GB of weights, 503 GB of memory free: it fits"},
		{641e9, 24e9, "641 GB of weights, 24.0 GB of memory free: it does not fit"},
		{9.1e6, 0, "9.1 MB of weights; this system does not say"},
	} {
		if got := outlook("m", test.size, test.free); !strings.Contains(got, test.want) {
			t.Errorf("%q, want %q in it", got, test.want)
		}
	}
}

// TestLoadCopy checks that a model that is read first answers as one that is not,
// and that standard error tells of the reading.
func TestLoadCopy(t *testing.T) {
	args := []string{"run", "-m", golden.Cases(t)[0].Path, "--ids", "1,2,3", "-n", "4", "--ignore-eos", "--json"}
	_, want, _ := call(t, "", args...)
	code, got, errs := call(t, "", append(args, "--load", "copy")...)
	var a, b struct{ IDs []int }
	if json.Unmarshal([]byte(want), &a) != nil || json.Unmarshal([]byte(got), &b) != nil || len(a.IDs) != 4 || !slices.Equal(a.IDs, b.IDs) {
		t.Errorf("exit %d, %s, want %s", code, got, want)
	}
	for _, want := range []string{"of weights into memory\n", "100 %: ", "GB/s\n"} {
		if !strings.Contains(errs, want) {
			t.Errorf("standard error %q, want %q in it", errs, want)
		}
	}
}

func TestCheckFits(t *testing.T) {
	if err := checkFits("m", 641e9, 24e9); err == nil || !strings.Contains(err.Error(), "m: 641 GB of weights do not fit in the 24.0 GB of memory that are free") {
		t.Errorf("error %v", err)
	}
	for _, free := range []int64{0, 641e9} {
		if err := checkFits("m", 641e9, free); err != nil {
			t.Errorf("%d bytes free: %v", free, err)
		}
	}
}

package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/deskseek/deskseek/measure"
)

// TestBenchUsage checks what is refused, before anything is measured or written.
func TestBenchUsage(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out")
	short, empty := filepath.Join(dir, "short"), filepath.Join(dir, "empty")
	for file, text := range map[string]string{short: "Once upon a time", empty: ""} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"out"}, 2, "only --synthesize takes an argument"},
		{[]string{"-r", "0"}, 2, "-r is 0"},
		{[]string{"--read-mib", "-1"}, 2, "--read-mib is -1"},
		{[]string{"-s", "1,0"}, 2, "-s is 0"},
		{[]string{"-n", "-4"}, 2, "not -4"},
		{[]string{"-p", "0", "-n", "0"}, 2, "nothing to measure"},
		{[]string{"-p", "1", "-d", "10000000"}, 2, "at depth 10000000 exceeds the context of"},
		{[]string{"--json", "--csv"}, 2, "want one of them"},
		{[]string{"--replay", "a"}, 2, "--replay names 1 files, want two"},
		{[]string{"--replay", "a,b", "-d", "4"}, 2, "--depth does not go with --replay"},
		{[]string{"--replay", "a,b", "--lookup", "maybe"}, 2, "--lookup maybe is not known"},
		{[]string{"--lookup", "off"}, 2, "--lookup goes with --replay"},
		{[]string{"--replay", filepath.Join(dir, "a") + ",b"}, 1, "no such file"},
		{[]string{"--replay", short + "," + short, "--ids"}, 1, "is no token id"},
		{[]string{"--replay", short + "," + empty}, 1, "an answer of two"},
		{[]string{"--math", "slow"}, 2, "--math slow"},
		{[]string{"--with-mtp"}, 2, "--with-mtp goes with --synthesize"},
		{[]string{"--synthesize", "tiny"}, 2, "--synthesize tiny OUT"},
		{[]string{"--synthesize", "tiny", "-p", "5", out}, 2, "--prompt measures a model"},
		{[]string{"--synthesize", "huge", out}, 2, `shape "huge" is not known`},
		{[]string{"--synthesize", "tiny", "--format", "onnx", out}, 2, `format "onnx" is not known`},
		{[]string{"--synthesize", "tiny", "--type", "Q9", out}, 2, `type "Q9" can't be synthesized`},
		{[]string{"--synthesize", "tiny", "--type", "Q4_K", "--format", "fp8", out}, 2, "format fp8 has encodings of its own"},
		{[]string{"--synthesize", "tiny", dir}, 1, "exists already"},
		{[]string{"--synthesize", "tiny", filepath.Join(dir, "none", "out")}, 1, "none"},
	} {
		code, stdout, errs := call(t, "", append([]string{"bench"}, test.args...)...)
		if code != test.code || !strings.Contains(errs, test.want) || stdout != "" {
			t.Errorf("%q: exit %d, %q on stdout, %q on stderr; want %d and %q", test.args, code, stdout, errs, test.code, test.want)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("what was refused was written")
	}
}

// TestBench measures the built-in model, and a synthesized one, and checks that
// the figures fit together. How large they are is not judged.
func TestBench(t *testing.T) {
	tiny := filepath.Join(t.TempDir(), "tiny")
	if code, out, errs := call(t, "", "bench", "--synthesize", "tiny", "--format", "fp8", "--with-mtp", tiny); code != 0 || out != "" || !strings.Contains(errs, "100 %") {
		t.Fatalf("exit %d, %q, %q", code, out, errs)
	}
	for _, model := range [][]string{nil, {"-m", tiny}} {
		code, out, errs := call(t, "", slices.Concat([]string{"bench"}, model, []string{"-p", "9", "-n", "3", "-d", "0,70", "-s", "1,2", "-r", "2", "--read-mib", "64", "--json"})...)
		var r benchReport
		if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 {
			t.Fatalf("exit %d, %v: %s%s", code, err, out, errs)
		}
		if len(r.Results) != 6 || r.Bytes == 0 || r.CPU == "" || r.Threads < 1 || r.Math == "" || r.Roofs.Multiplier == "" {
			t.Errorf("%+v", r)
		}
		for _, s := range []spread{r.Roofs.Read, r.Roofs.Multiply} {
			checkSpread(t, s)
		}
		for _, x := range r.Results {
			checkResult(t, x, &r.Roofs)
		}
	}
}

func checkResult(t *testing.T, x benchResult, roofs *roofsReport) {
	t.Helper()
	steps := x.Tokens
	if x.Kind == measure.Prefill {
		steps = 1
	}
	if len(x.Seconds) != 2 || slices.Min(x.Seconds) <= 0 || x.Steps > steps || x.Steps < 1 || x.ReadBytes <= 0 || x.Operations <= 0 {
		t.Errorf("%+v", x)
	}
	for _, s := range []spread{x.Rate, x.Read, x.Multiply} {
		checkSpread(t, s)
	}
	near := func(what string, got, want float64) {
		if got < 0.999*want || got > 1.001*want {
			t.Errorf("%s %d at %d: %s is %g, want %g", x.Kind, x.Tokens, x.Depth, what, got, want)
		}
	}
	for _, c := range []struct {
		roof float64
		all  spread
	}{{x.ReadRoof, roofs.Read}, {x.MultiplyRoof, roofs.Multiply}} {
		if c.roof < c.all.Min || c.roof > c.all.Max {
			t.Errorf("roof %g is none of %+v", c.roof, c.all)
		}
	}
	near("tokens a second", x.Rate.Max, float64(x.Tokens*x.Streams)/slices.Min(x.Seconds))
	near("bytes a second", x.Read.Max, float64(x.ReadBytes)/slices.Min(x.Seconds))
	near("share of reading", x.ReadShare*x.ReadRoof, x.Read.Median)
	near("share of both", x.LeastShare*slices.Min(x.Seconds)*x.Rate.Max, x.LeastSeconds*x.Rate.Median)
	near("share of multiplying", x.MultiplyShare*x.MultiplyRoof, x.Multiply.Median)
}

func checkSpread(t *testing.T, s spread) {
	t.Helper()
	if s.Min <= 0 || s.Median < s.Min || s.Max < s.Median {
		t.Errorf("spread %+v", s)
	}
}

// TestBenchTable checks the other ways to print: the same cases, a line each.
func TestBenchTable(t *testing.T) {
	args := []string{"bench", "-p", "4,5", "-n", "2", "-d", "0,64", "-r", "1", "--read-mib", "64"}
	code, out, errs := call(t, "", args...)
	if code != 0 || strings.Count(out, "prefill") != 4 || strings.Count(out, "decode") != 2 || !strings.Contains(out, "roofs: read") {
		t.Errorf("exit %d, %s\n%s", code, errs, out)
	}
	code, out, errs = call(t, "", append(args, "--csv")...)
	lines, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || code != 0 || len(lines) != 7 || lines[1][6] != "prefill" || lines[6][6] != "decode" || lines[6][8] != "64" || lines[6][3] != "bf16" {
		t.Errorf("exit %d, %v, %s\n%s", code, err, errs, out)
	}
}

// TestBenchCases checks the default depths of a short context.
func TestBenchCases(t *testing.T) {
	f := benchFlags{prompts: []int{512, 0}, tokens: []int{64}, depths: []int{0, 4096}, streams: []int{1, 4}}
	depths := func(cases []measure.Case) (d []int) {
		for _, c := range cases {
			d = append(d, c.Depth)
		}
		return d
	}
	if got := depths(f.cases(2048, false)); !slices.Equal(got, []int{0, 1024, 0, 0, 1024, 1024}) {
		t.Errorf("depths %v", got)
	}
	if got := depths(f.cases(2048, true)); !slices.Equal(got, []int{0, 4096, 0, 0, 4096, 4096}) {
		t.Errorf("given depths %v", got)
	}
	for _, test := range []struct{ free, want int64 }{{0, 1 << 30}, {4 << 30, 1 << 29}, {1 << 40, 1 << 30}} {
		if got := roofBytes(test.free); got != test.want {
			t.Errorf("of %d free bytes %d are read, want %d", test.free, got, test.want)
		}
	}
}

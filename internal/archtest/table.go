package archtest

// module is the path that imports of our own packages begin with.
const module = "github.com/deskseek/deskseek"

// anything, as the only import of a package, stands for every package of ours
// and for every library: the edges of the program.
const anything = "..."

// A rule says which of our packages a package may import.
type rule struct {
	path    string   // under the module, "" its root; "cmd/..." is cmd and all below it
	imports []string // paths under the module
}

// rules is the import table, from the edges down to the ground. What is not an
// edge may import, of what is not ours, the standard library and the libraries
// below.
var rules = []rule{
	{"cmd/...", []string{anything}},
	{"tools/...", []string{anything}}, // programs that make committed files

	{"", []string{"chat", "checkpoint", "deepseek", "demo", "engine", "engine/disk", "nn", "sample", "token"}},
	{"chat", []string{"token"}},
	{"engine", []string{"deepseek", "engine/disk", "nn", "sample", "token"}},
	{"engine/disk", []string{"internal/lock", "token"}},
	{"demo", []string{"checkpoint"}},
	{"measure", []string{"deepseek", "engine", "kernel", "nn", "quantize", "token"}},
	{"quantize", []string{"chat", "checkpoint", "deepseek", "internal/lock", "internal/memory", "kernel", "tensor", "token"}},
	{"synth", []string{"checkpoint", "deepseek", "internal/memory", "tensor"}},
	{"deepseek", []string{"checkpoint", "nn", "tensor", "token"}}, // not kernel
	{"sample", []string{"token"}},
	{"nn", []string{"internal/memory", "kernel", "tensor"}},
	{"checkpoint", []string{"internal/memory", "tensor"}},
	{"kernel", []string{"internal/cpu", "internal/grid"}},
	{"tensor", []string{"internal/grid"}},
	{"token", nil},

	{"internal/archtest", nil},
	{"internal/cpu", nil},
	{"internal/grid", nil},
	{"internal/lock", nil},
	{"internal/golden", []string{"internal/npy"}},
	{"internal/memory", nil},
	{"internal/npy", nil},
}

// libraries are those that every package may import, with what is below them.
var libraries = []string{"golang.org/x/sys"}

// testLibraries are those that every test may import besides.
var testLibraries = []string{"github.com/dlclark/regexp2/v2", "github.com/google/go-cmp"}

// testSupport are packages of ours that every test may import. Other than that
// a test may import what its package does, and so on down: it may make what the
// package is given.
var testSupport = []string{"demo", "internal/golden", "internal/npy"}

// testsOnly are packages of ours that nothing but tests, and what makes their
// files, may import.
var testsOnly = []string{"internal/archtest", "internal/golden"}

// environment are the packages that may read environment variables: flags and
// environment end in cmd, and the golden set is found by one.
var environment = []string{"cmd/...", "internal/golden"}

// nameless are the names that say nothing of what a package knows.
var nameless = []string{"common", "helper", "helpers", "misc", "types", "util", "utils", "x"}

// buildFiles are the files, besides Go's, that could switch on an experiment of
// the compiler.
var buildFiles = []string{"Makefile", ".ci/*", ".goreleaser.*", ".github/workflows/*"}

// maxLines is the length of a file that is too long, unless it is generated.
const maxLines = 800

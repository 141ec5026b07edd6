package archtest

import (
	"slices"
	"strconv"
	"strings"
)

// under returns whether a path is one of the patterns; each is a path, or a path
// and all below it ("cmd/...").
func under(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		above, all := strings.CutSuffix(pattern, "/...")
		return path == above || all && strings.HasPrefix(path, above+"/")
	})
}

// below returns whether a package is one of the libraries or part of one.
func below(libraries []string, path string) bool {
	return slices.ContainsFunc(libraries, func(l string) bool {
		return path == l || strings.HasPrefix(path, l+"/")
	})
}

// find returns the rule of a package of ours.
func find(path string) (rule, bool) {
	i := slices.IndexFunc(rules, func(r rule) bool { return under([]string{r.path}, path) })
	if i < 0 {
		return rule{}, false
	}
	return rules[i], true
}

// reachable adds to seen what the package may import, directly and through
// others.
func reachable(path string, seen map[string]bool) {
	r, _ := find(path)
	for _, p := range r.imports {
		if !seen[p] {
			seen[p] = true
			reachable(p, seen)
		}
	}
}

func (c *checker) checkImports(p *folder, f source) {
	r, known := find(p.path)
	if !known {
		return // checkPackage has said so
	}
	edge := slices.Contains(r.imports, anything)
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			c.reportAt(spec.Pos(), "import %s: not a string", spec.Path.Value)
			continue
		}
		first, _, _ := strings.Cut(path, "/")
		switch {
		case path == "C":
			c.reportAt(spec.Pos(), `imports "C": deskseek is built without cgo`)
		case path == module || strings.HasPrefix(path, module+"/"):
			ours := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
			if why := refused(r, p.path, ours, f.test, edge); why != "" {
				c.reportAt(spec.Pos(), "imports %s: %s", title(ours), why)
			}
		case edge || !strings.Contains(first, ".") || below(libraries, path):
		case f.test && below(testLibraries, path):
		default:
			c.reportAt(spec.Pos(), "imports %s: below the edges, only the standard library and %s are imported%s",
				path, strings.Join(libraries, ", "), forTests(f.test))
		}
	}
}

func forTests(test bool) string {
	if !test {
		return ""
	}
	return ", by tests also " + strings.Join(testLibraries, ", ")
}

// refused returns why a file of package from may not import our package to, or
// "".
func refused(r rule, from, to string, test, edge bool) string {
	switch {
	case from == to:
		return "" // an external test
	case test && under(testSupport, to):
		return ""
	case !test && under(testsOnly, to):
		if under(testsOnly, from) || under([]string{"tools/..."}, from) {
			return ""
		}
		return "it is for tests only"
	case edge || slices.Contains(r.imports, to):
		return ""
	case test:
		seen := map[string]bool{}
		if reachable(from, seen); seen[to] {
			return ""
		}
		return "tests of " + title(from) + " may import what it may import, and so on down, and " + titles(testSupport)
	}
	return title(from) + " may import " + titles(r.imports) + " (internal/archtest/table.go)"
}

// title is a package's path as errors show it.
func title(path string) string {
	if path == "" {
		return "deskseek"
	}
	return path
}

func titles(paths []string) string {
	if len(paths) == 0 {
		return "nothing of ours"
	}
	s := make([]string, len(paths))
	for i, p := range paths {
		s[i] = title(p)
	}
	return strings.Join(s, " ")
}

package archtest

import (
	"go/ast"
	"path"
	"slices"
	"strconv"
	"strings"
)

// checkPackage checks what a package's files have in common.
func (c *checker) checkPackage(p *folder) {
	if _, known := find(p.path); !known {
		c.report(title(p.path), "unknown package: add it to the table in internal/archtest/table.go, with what it may import")
	}
	// A folder of tests alone is a package too.
	files := slices.DeleteFunc(slices.Clone(p.files), func(f source) bool { return f.test })
	if len(files) == 0 {
		files = p.files
	}
	name := strings.TrimSuffix(files[0].Name.Name, "_test")
	if base := path.Base(p.path); slices.Contains(nameless, name) || slices.Contains(nameless, base) {
		c.report(title(p.path), "package %s in folder %s: a name that does not say what it knows", name, base)
	}
	var comments []string
	for _, f := range files {
		if got := strings.TrimSuffix(f.Name.Name, "_test"); got != name {
			c.report(f.name, "package %s in the folder of package %s: programs belong in cmd or tools", got, name)
			continue
		}
		// Text is empty where the comment is nothing but directives.
		if text := f.Doc.Text(); text != "" {
			comments = append(comments, f.name)
			if name != "main" && !strings.HasPrefix(text, "Package "+name+" ") {
				c.report(f.name, "the package comment begins %.20q, want \"Package %s …\"", text, name)
			}
		}
	}
	switch len(comments) {
	case 0:
		c.report(title(p.path), "package %s has no package comment: what does it know, and what not?", name)
	case 1:
	default:
		c.report(title(p.path), "package %s has %d package comments, want one: %s", name, len(comments), strings.Join(comments, " "))
	}
}

// checkSource checks one file by itself.
func (c *checker) checkSource(p *folder, f source) {
	for _, group := range f.Comments {
		for _, line := range group.List {
			if strings.HasPrefix(line.Text, "//go:build ") && strings.Contains(line.Text, "goexperiment.") {
				c.reportAt(line.Pos(), "built under GOEXPERIMENT: releases build with the compiler as it is")
			}
		}
	}
	if !ast.IsGenerated(f.File) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				c.reportAt(fn.Pos(), "func init: say it where it is used, in a table or a switch")
			}
		}
	}
	if !f.test && !under(environment, p.path) {
		c.checkEnvironment(f)
	}
}

// checkEnvironment refuses functions that read environment variables.
func (c *checker) checkEnvironment(f source) {
	var names []string // under which the file knows the packages that have them
	for _, spec := range f.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		switch {
		case err != nil || imported != "os" && imported != "syscall":
		case spec.Name != nil:
			names = append(names, spec.Name.Name)
		default:
			names = append(names, imported)
		}
	}
	ast.Inspect(f.File, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := s.X.(*ast.Ident)
		if !ok || !slices.Contains(names, x.Name) {
			return true
		}
		switch s.Sel.Name {
		case "Getenv", "LookupEnv", "Environ", "ExpandEnv":
			c.reportAt(s.Pos(), "%s.%s: flags and environment are read in cmd", x.Name, s.Sel.Name)
		}
		return true
	})
}

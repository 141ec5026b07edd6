// Package archtest keeps the layers of deskseek: which package may import which,
// and the few rules of the house that can be read off the sources. It parses
// files and calls no tool, so that the test cache sees every file it depends
// on. It does not know what the packages do.
package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Check returns a sentence for every place in the module at the root of tree
// that breaks a rule, ordered by file. A tree without packages breaks one.
func Check(tree fs.FS) ([]string, error) {
	c := checker{files: token.NewFileSet()}
	packages, err := c.parse(tree)
	if err != nil {
		return nil, err
	}
	if len(packages) == 0 {
		c.report("the tree", "has no package of Go")
	}
	for _, p := range packages {
		c.checkPackage(p)
		for _, f := range p.files {
			c.checkImports(p, f)
			c.checkSource(p, f)
		}
	}
	if err := c.checkBuildFiles(tree); err != nil {
		return nil, err
	}
	slices.Sort(c.violations)
	return c.violations, nil
}

// A checker collects violations.
type checker struct {
	files      *token.FileSet
	violations []string
}

func (c *checker) report(where, format string, args ...any) {
	c.violations = append(c.violations, where+": "+fmt.Sprintf(format, args...))
}

func (c *checker) reportAt(pos token.Pos, format string, args ...any) {
	at := c.files.Position(pos)
	c.report(fmt.Sprintf("%s:%d", at.Filename, at.Line), format, args...)
}

// A folder is a package and its tests.
type folder struct {
	path  string // under the module, "" its root
	files []source
}

type source struct {
	*ast.File
	name string // under the module
	test bool
}

// parse reads the Go files of the module, and counts the lines of the others
// that a person writes for the compiler.
func (c *checker) parse(tree fs.FS) ([]*folder, error) {
	var folders []*folder
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && outside(tree, name) {
				return fs.SkipDir
			}
			return nil
		}
		ext := path.Ext(name)
		if ext != ".go" && ext != ".s" && ext != ".h" {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		if ext != ".go" {
			c.checkLength(name, text, generated(text))
			return nil
		}
		f, err := parser.ParseFile(c.files, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			c.report(name, "does not parse: %v", err)
			return nil
		}
		c.checkLength(name, text, ast.IsGenerated(f))
		dir := strings.TrimPrefix(path.Dir(name), ".")
		i := slices.IndexFunc(folders, func(p *folder) bool { return p.path == dir })
		if i < 0 {
			i, folders = len(folders), append(folders, &folder{path: dir})
		}
		folders[i].files = append(folders[i].files, source{f, name, strings.HasSuffix(name, "_test.go")})
		return nil
	})
	return folders, err
}

// outside returns whether the go command keeps a folder out of the module.
func outside(tree fs.FS, name string) bool {
	base := path.Base(name)
	if base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_' {
		return true
	}
	_, err := fs.Stat(tree, path.Join(name, "go.mod"))
	return err == nil
}

// generated is ast.IsGenerated for assembly.
func generated(text []byte) bool {
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if bytes.HasPrefix(line, []byte("// Code generated ")) && bytes.HasSuffix(line, []byte(" DO NOT EDIT.")) {
			return true
		}
	}
	return false
}

func (c *checker) checkLength(name string, text []byte, generated bool) {
	if n := bytes.Count(text, []byte("\n")); n > maxLines && !generated {
		c.report(name, "%d lines, want at most %d: a file is a noun", n, maxLines)
	}
}

func (c *checker) checkBuildFiles(tree fs.FS) error {
	for _, pattern := range buildFiles {
		names, err := fs.Glob(tree, pattern)
		if err != nil {
			return err
		}
		for _, name := range names {
			text, err := fs.ReadFile(tree, name)
			if err != nil {
				return err
			}
			if bytes.Contains(text, []byte("GOEXPERIMENT")) {
				c.report(name, "GOEXPERIMENT: releases build with the compiler as it is")
			}
		}
	}
	return nil
}

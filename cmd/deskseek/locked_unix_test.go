//go:build unix

package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestLockedCacheDir: chat does without a default folder that it may not read, and says so;
// one that was named is an error. root may read everything, so that another user is asked.
func TestLockedCacheDir(t *testing.T) {
	home := t.TempDir()
	program := os.Args[0]
	root := os.Geteuid() == 0
	if root { // who does not see what is root's
		data, err := os.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		program = filepath.Join(home, "deskseek")
		if err := os.WriteFile(program, data, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache")) // Linux
	t.Setenv("HOME", home)                                   // macOS
	dir, err := defaultCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Dir(home), home, program, filepath.Dir(filepath.Dir(dir)), filepath.Dir(dir)} {
		if root {
			if err := os.Chmod(path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o700)
	chat := func(args ...string) (code int, out, errs string) {
		var o, e bytes.Buffer
		c := exec.Command(program, append([]string{"chat", "-n", "3"}, args...)...)
		c.Dir, c.Env = home, append(os.Environ(), childVariable+"=1")
		c.Stdin, c.Stdout, c.Stderr = strings.NewReader("Hi\n"), &o, &e
		if root {
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		switch err := c.Run(); {
		case errors.Is(err, fs.ErrPermission):
			t.Skip("root may not run programs as another user here")
		case c.ProcessState == nil:
			t.Fatal(err)
		}
		return c.ProcessState.ExitCode(), o.String(), e.String()
	}
	if code, out, errs := chat(); code != 0 || out == "" || !strings.Contains(errs, "nothing is kept for the next time: page cache") {
		t.Errorf("exit %d, %q, %s", code, out, errs)
	}
	if code, _, errs := chat("--cache-dir", dir); code != 1 || !strings.Contains(errs, "page cache") {
		t.Errorf("named: exit %d, %s", code, errs)
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain keeps what chat caches out of the user's caches. Of a test that kills it, it is
// deskseek.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		main()
		return
	}
	dir, err := os.MkdirTemp("", "deskseek")
	if err != nil {
		panic(err)
	}
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} { // Linux, macOS, Windows
		os.Setenv(name, dir)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// TestChatGoesOn: a conversation that is told again after a restart is not computed
// again, and a folder that can't be used is said.
func TestChatGoesOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pages")
	turn := func(extra ...string) (string, string) {
		code, out, errs := call(t, strings.Repeat("Tell me a long story about a dog and a cat. ", 12)+"\n", append([]string{"chat", "-n", "12", "--temperature", "0"}, extra...)...)
		if code != 0 {
			t.Fatalf("exit %d, %s", code, errs)
		}
		return out, errs
	}
	want, errs := turn("--cache-dir", "none")
	if strings.Contains(errs, "reused") {
		t.Errorf("nothing is kept, and %s", errs)
	}
	first, errs := turn("--cache-dir", dir)
	if first != want || strings.Contains(errs, "reused") {
		t.Errorf("%q, want %q; %s", first, want, errs)
	}
	again, errs := turn("--cache-dir", dir)
	if !strings.Contains(errs, "(128 reused)") {
		t.Errorf("after a restart: %s, want 128 tokens reused", errs)
	}
	if again == "" {
		t.Error("no answer after a restart")
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := call(t, "Hi\n", "chat", "--cache-dir", filepath.Join(dir, "file")); code != 1 || !strings.Contains(errs, "file") {
		t.Errorf("exit %d, %s", code, errs)
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "file"))
	t.Setenv("HOME", filepath.Join(dir, "file"))
	t.Setenv("LocalAppData", filepath.Join(dir, "file"))
	if code, out, errs := call(t, "Hi\n", "chat", "-n", "3"); code != 0 || out == "" || !strings.Contains(errs, "nothing is kept for the next time") {
		t.Errorf("without a folder for caches: exit %d, %q, %s", code, out, errs)
	}
	if code, _, errs := call(t, "Hi\n", "chat", "--cache-limit", "all"); code != 2 || !strings.Contains(errs, "--cache-limit") {
		t.Errorf("exit %d, %s", code, errs)
	}
}

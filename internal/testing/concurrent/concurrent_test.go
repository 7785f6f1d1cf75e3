package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestConcurrentTestsAreFound(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a_test.go": `package a
			import "clientele/internal/app"
			func TestServer(t *testing.T) { app.Start(t.Context()) }
			func TestAlone(t *testing.T) { sort(t) }
			func TestGo(t *testing.T) { go sort(t) }
			func TestHelped(t *testing.T) { w.many(t) }
			func TestRunner(t *testing.T) { r.Start(t.Context()) }
			func TestGroup(t *testing.T) { engines(t, func() { var g sync.WaitGroup; g.Go(f) }) }
			func TestDue(t *testing.T) { w.dispatcher.RunDue(t.Context()) }
			func TestMain(m *testing.M) { go f() }`,
		"b_test.go": `package a_test
			func (w *world) many(t *testing.T) { two(t) }
			func two(t *testing.T) { go func() {}() }
			func sort(t *testing.T) {}`,
		"c.go":                `package a; func sort() { go f() }`,
		"below/c_test.go":     `package b; func TestBelow(t *testing.T) { go f() }`,
		"alone/c_test.go":     `package b; func TestAlone(t *testing.T) {}`,
		"testdata/no_test.go": `package c; func TestNo(t *testing.T) { go f() }`,
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	names, packages, err := tests(".")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"TestBelow", "TestDue", "TestGo", "TestGroup", "TestHelped", "TestRunner"}; !slices.Equal(names, want) {
		t.Errorf("tests are %q, want %q", names, want)
	}
	if want := []string{"./.", "./below"}; !slices.Equal(packages, want) {
		t.Errorf("packages are %q, want %q", packages, want)
	}
}

package tests

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	makeTarget = regexp.MustCompile(`(?m)^([a-z]+):`)
	makeNamed  = regexp.MustCompile("`make ([a-z]+)[^`]*`")
	partNamed  = regexp.MustCompile(`\bPART=([a-z-]+)`)
)

// What documents tell to make is in the Makefile, and the parts that it measures in
// their document.
func TestMakeTargets(t *testing.T) {
	makefile := document(t, "Makefile")
	phony, _, _ := strings.Cut(strings.TrimPrefix(makefile, ".PHONY: "), "\n")
	want, have := strings.Fields(phony), []string{}
	for _, m := range makeTarget.FindAllStringSubmatch(makefile, -1) {
		have = append(have, m[1])
	}
	slices.Sort(want)
	slices.Sort(have)
	if !slices.Equal(want, have) {
		t.Errorf("the Makefile has the targets %v and declares %v", have, want)
	}
	names, err := filepath.Glob(filepath.Join(root, "docs/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	measured, seen := document(t, "docs/performance.md"), 0
	for _, path := range append(names, filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md"), filepath.Join(root, "Makefile")) {
		name, _ := filepath.Rel(root, path)
		text := document(t, name)
		for _, m := range makeNamed.FindAllStringSubmatch(text, -1) {
			if seen++; !slices.Contains(have, m[1]) {
				t.Errorf("%s tells to make %s, which is no target", name, m[1])
			}
		}
		for _, m := range partNamed.FindAllStringSubmatch(text, -1) {
			if seen++; !strings.Contains(measured, "<!-- bench "+m[1]+": ") {
				t.Errorf("%s names a part %s of the measurement, which does not exist", name, m[1])
			}
		}
	}
	if seen < 15 {
		t.Errorf("documents name %d targets and parts", seen)
	}
}

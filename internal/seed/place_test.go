package seed_test

import (
	"strings"
	"testing"

	"clientele/internal/seed"
)

// Faults are told at their own line and in words.
func TestParseTellsTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"stores:\n  - hash: a\n\tname: x\n":                         "line 3: found a tab",
		"stores:\n  - hash: a\n    name: \"x\n    channels: []\n":   "line 3: found unexpected end",
		"stores:\n  - hash: a\n   name: x\n":                        "line 3: did not find",
		"stores:\n  - hash: a\n    name: x: y\n":                    "line 3: mapping values",
		"stores:\n  - hash: a\n    name: [a, b\n    channels: []\n": "line 3: did not find",
		"stores:\n  - hash: a\n    name x\n    channels: []\n":      "line 3: could not find",
		"stores:\n  - hash: a\n    name: *x\n":                      "line 3: unknown anchor",
		"a: b: c\n":                                                 "line 1: mapping values",
		"stores:\n  - hash: a\n    customers: [{id: abc}]\n":        `line 3: "abc" is not a whole number`,
		"stores: x\n": `line 1: "x" is not a list`,
		"stores:\n  - hash: a\n    channels:\n      - {is_visible: 3}\n": `line 4: "3" is not true or false`,
	} {
		if _, err := seed.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "yaml:") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

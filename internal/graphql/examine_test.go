package graphql

import (
	"log/slog"
	"strings"
	"testing"

	"clientele/internal/graphql/document"
	"clientele/internal/serve"
	"clientele/internal/system"
)

// A query is formatted, comments included, and what is wrong has its place.
func TestExamine(t *testing.T) {
	s := New(Config{Pipeline: serve.New(serve.Config{System: system.Real(), Log: slog.New(slog.DiscardHandler)})})
	for name, c := range map[string]struct {
		query, formatted, fault string
		line                    int
	}{
		"good":        {"query A{site{settings{storeName}}}", "query A {\n  site {\n    settings {\n      storeName\n    }\n  }\n}\n", "", 0},
		"a comment":   {"# why\nquery A { site { __typename } }", "# why\nquery A {\n  site {\n    __typename\n  }\n}\n", "", 0},
		"a lost one":  {"# why\n{ site { __typename } }", "# why\n{ site { __typename } }", "", 0},
		"wrong field": {"{ site { nonsense } }", "query {\n  site {\n    nonsense\n  }\n}\n", `Cannot query field "nonsense" on type "Site".`, 1},
		"no query":    {"{\n  site {", "", "Expected Name, found <EOF>", 2},
		"nothing":     {"", "", "holds no operation", 0},
		"too deep":    {strings.Repeat("{a", 201), "", "nested too deeply", 0},
		"too long":    {strings.Repeat(" ", document.MaxBody+1), "", "longer than", 0},
	} {
		formatted, faults := s.Examine(c.query)
		if formatted != c.formatted {
			t.Errorf("%s: formatted %q", name, formatted)
		}
		switch {
		case c.fault == "" && len(faults) > 0:
			t.Errorf("%s: %v", name, faults)
		case c.fault != "" && (len(faults) == 0 || !strings.Contains(faults[0].Message, c.fault)):
			t.Errorf("%s: %v", name, faults)
		case c.line > 0 && (len(faults[0].Locations) == 0 || faults[0].Locations[0].Line != c.line):
			t.Errorf("%s: %v", name, faults[0].Locations)
		}
	}
}

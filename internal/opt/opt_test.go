package opt_test

import (
	"testing"

	"clientele/internal/opt"
)

func TestField(t *testing.T) {
	for _, c := range []struct {
		f         opt.Field[string]
		set, null bool
		or        string
	}{{opt.Field[string]{}, false, false, "old"}, {opt.Some("new"), true, false, "new"}, {opt.Some(""), true, false, ""}, {opt.Null[string](), true, true, ""}} {
		if c.f.Set != c.set || c.f.Null != c.null || c.f.Or("old") != c.or {
			t.Errorf("%+v: %q", c.f, c.f.Or("old"))
		}
	}
}

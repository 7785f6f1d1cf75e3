package panel_test

import (
	"strings"
	"testing"
	"time"

	"clientele/internal/staff"
)

// Home tells of today as it is, and of earlier days as they were closed.
func TestHome(t *testing.T) {
	each(t, garden, func(t *testing.T, w *world) {
		w.person("ann@example.com", 1, staff.Administrator)
		w.person("ray@example.com", 1, staff.ReadOnly)
		b := w.browser()
		b.signIn("ann@example.com")
		const at = "/manage/store/one"
		b.get(at+"?days=1").want(200, "", "New customers", `<p class="value">3 `, "nothing to compare yet", "!<polyline")
		w.Clock.Advance(26 * time.Hour)
		if err := w.Figures.CloseAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		b = w.browser()
		b.signIn("ann@example.com")
		b.get(at+"?days=1").want(200, "", "−100 %", "The period before: 3")
		b.get(at+"?days=7").want(200, "", "none before", "<polyline", "Show as table", "Wholesale", "Latest changes")
		if n := strings.Count(b.body, "<polyline"); n != 4 {
			t.Errorf("%d lines", n)
		}
		b.get(at+"?days=365").want(200, "", "Week from")
		r := w.browser()
		r.signIn("ray@example.com")
		r.get(at).want(200, at, "New customers", "!Latest changes")
	})
}

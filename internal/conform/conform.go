// Package conform asks this program what another server was asked, and compares
// the answers. The store is made anew from what the recorded answers tell of it.
package conform

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"clientele/api/contract"
	"clientele/internal/app"
	"clientele/internal/password"
	"clientele/internal/recording"
	"clientele/internal/redact"
	"clientele/internal/system"
)

// token is that of the API account that asks. The store lives as long as the
// comparison.
const token = "conform-0123456789abcdef0123456789"

// Result is what came of one exchange.
type Result struct {
	Operation   string
	Method      string
	Path        string
	Differences []string
}

// Report is what came of a recording.
type Report struct {
	Results []Result
	// Skipped are exchanges that are not compared, by the reason.
	Skipped map[string]int
}

// Good returns how many exchanges of an operation are alike, and how many there
// are.
func (r *Report) Good(operation string) (good, all int) {
	for i := range r.Results {
		if res := &r.Results[i]; operation == "" || res.Operation == operation {
			all++
			if len(res.Differences) == 0 {
				good++
			}
		}
	}
	return good, all
}

// Operations are those that were compared.
func (r *Report) Operations() (out []string) {
	for i := range r.Results {
		if op := r.Results[i].Operation; !slices.Contains(out, op) {
			out = append(out, op)
		}
	}
	slices.Sort(out)
	return out
}

// Run compares a recording with what this program answers.
func Run(ctx context.Context, dir string) (*Report, error) {
	all, err := recording.Read(dir)
	if err != nil {
		return nil, err
	}
	check, err := contract.New()
	if err != nil {
		return nil, err
	}
	s := rebuild(all)
	handler, end, err := serve(ctx, s)
	if err != nil {
		return nil, err
	}
	defer end()
	out := &Report{Skipped: map[string]int{}}
	for i := range all {
		e := &all[i]
		if why := skipped(e); why != "" {
			out.Skipped[why]++
			continue
		}
		path, err := s.ours(e.Path)
		if err != nil {
			return nil, err
		}
		r := httptest.NewRequestWithContext(ctx, e.Method, "http://127.0.0.1"+path, bytes.NewReader(e.Request.Text()))
		for _, name := range []string{"Accept", "Content-Type"} {
			if v := e.Request.Headers.Get(name); v != "" {
				r.Header.Set(name, v)
			}
		}
		if e.Request.Headers.Get("X-Auth-Token") != "" && e.Status != http.StatusUnauthorized {
			r.Header.Set("X-Auth-Token", token)
		}
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		op, _ := check.Find(e.Method, r.URL.Path)
		body, err := io.ReadAll(rec.Body)
		if err != nil {
			return nil, err
		}
		out.Results = append(out.Results, Result{
			Operation: cmp.Or(op.OperationID, e.Method+" "+number.ReplaceAllString(r.URL.Path, "/N")), Method: e.Method, Path: e.Path,
			Differences: compare(e.Status, e.Response.Headers, e.Response.Text(), rec.Code, rec.Header(), body),
		})
	}
	return out, nil
}

// skipped says why an exchange is not compared; empty: it is.
func skipped(e *recording.Exchange) string {
	switch {
	case managed.FindStringSubmatch(e.Path) == nil:
		return "not of the management API"
	case e.Status == http.StatusTooManyRequests || e.Status >= http.StatusInternalServerError:
		return "answered with a limit or a failure"
	case e.Method == http.MethodHead:
		return "HEAD"
	case bytes.Contains(e.Request.Body, []byte(`"`+redact.Mask+`"`)):
		return "sent with a secret"
	}
	return ""
}

// serve makes the store, and returns what answers for it.
func serve(ctx context.Context, s *state) (_ http.Handler, end func(), err error) {
	dir, err := os.MkdirTemp("", "clientele-conform-")
	if err != nil {
		return nil, nil, err
	}
	clean := func() { _ = os.RemoveAll(dir) } // it is in the directory for such files
	defer func() {
		if err != nil {
			clean()
		}
	}()
	quiet := slog.New(slog.DiscardHandler)
	core, err := app.Open(ctx, app.Database{Database: "sqlite:" + filepath.Join(dir, "store.db")}, system.Real(), quiet)
	if err != nil {
		return nil, nil, err
	}
	remove := clean
	clean = func() { core.DB.Close(); remove() }
	if _, err := core.Seed(ctx, s.document(), false); err != nil {
		return nil, nil, fmt.Errorf("the store cannot be made of what was recorded: %w", err)
	}
	_, _, management, err := app.Assemble(ctx, core, &app.Config{
		Mode: "production", PublicURL: "https://conform.invalid", RateLimitQuota: 1_000_000, RateLimitWindow: time.Minute, SlowRequest: time.Hour, WebhookConcurrency: 1,
		EventRetention: time.Hour, DeliveryRetention: time.Hour, StorefrontTokenDeadlines: "off", Parts: app.Parts{Passwords: password.Options{Cheap: true}},
	}, quiet)
	return management, clean, err
}

// Write tells a person of a report.
func (r *Report) Write(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, op := range r.Operations() {
		good, all := r.Good(op)
		fmt.Fprintf(w, "%s\t%d of %d\n", op, good, all)
	}
	good, all := r.Good("")
	fmt.Fprintf(w, "all\t%d of %d\n", good, all)
	if err := w.Flush(); err != nil {
		return err
	}
	var b strings.Builder
	for i := range r.Results {
		res := &r.Results[i]
		if len(res.Differences) > 0 {
			fmt.Fprintf(&b, "\n%s %s (%s)\n", res.Method, res.Path, res.Operation)
			for _, d := range res.Differences {
				fmt.Fprintf(&b, "  %s\n", d)
			}
		}
	}
	for why, n := range r.Skipped {
		fmt.Fprintf(&b, "\nnot compared, %s: %d\n", why, n)
	}
	_, err := io.WriteString(to, b.String())
	return err
}

type (
	junit struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Failure *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes a report as test runners do.
func (r *Report) JUnit(to io.Writer) error {
	good, all := r.Good("")
	out := junit{Tests: all, Failures: all - good}
	for _, op := range r.Operations() {
		good, all := r.Good(op)
		s := junitSuite{Name: op, Tests: all, Failures: all - good}
		for i := range r.Results {
			res := &r.Results[i]
			if res.Operation != op {
				continue
			}
			c := junitCase{Name: res.Method + " " + res.Path, Class: op}
			if len(res.Differences) > 0 {
				c.Failure = &junitFailure{Message: res.Differences[0], Text: strings.Join(res.Differences, "\n")}
			}
			s.Cases = append(s.Cases, c)
		}
		out.Suites = append(out.Suites, s)
	}
	if _, err := io.WriteString(to, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(to)
	enc.Indent("", "  ")
	return enc.Encode(out)
}

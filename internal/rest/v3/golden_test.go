package v3_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"clientele/internal/sqldb"
	"clientele/internal/system/systemtest"
)

var update = flag.Bool("update", false, "rewrite the expected answers in testdata")

// A scenario is a text file of exchanges in order:
//
//	# what it is about
//	=== POST /customers
//	Token: reader
//	Some-Header: value
//
//	the body as sent
//	--- 403
//	Content-Type: application/json
//
//	the body expected
//
// Below "===" a blank line ends the headers; Token names one of the accounts,
// owner unless said. "{{x*300}}" in a request stands for 300 times x. JSON
// answers are indented for reading; the test makes sure that on the wire they
// have no white space. A line "@advance 2s" before a request moves the clock,
// and "@headers all" shows every header but the date.
type scenario struct {
	file    string
	name    string
	head    string
	headers bool // all of them
	steps   []step
}

type step struct {
	advance time.Duration
	source  string // as written, up to the expected answer
	request request
	want    string
}

var repeated = regexp.MustCompile(`\{\{([^{}]+)\*(\d+)\}\}`)

func expand(text string) string {
	return repeated.ReplaceAllStringFunc(text, func(m string) string {
		part := repeated.FindStringSubmatch(m)
		n, err := strconv.Atoi(part[2])
		if err != nil {
			return m
		}
		return strings.Repeat(part[1], n)
	})
}

func parseScenario(file string) (*scenario, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s := &scenario{file: file, name: strings.TrimSuffix(filepath.Base(file), ".txt")}
	var advance time.Duration
	var advanceLine string
	for i, part := range strings.Split("\n"+string(text), "\n=== ") {
		part += "\n"
		body, want, answered := strings.Cut(part, "\n--- ")
		// A directive stands between an answer and the next request.
		tail := &want
		if !answered {
			tail = &body
		}
		if i == 0 {
			s.headers = strings.Contains(body, "@headers all")
		}
		nextAdvance, nextLine := time.Duration(0), ""
		if before, after, ok := strings.Cut(*tail, "\n@advance "); ok {
			nextLine = strings.TrimSpace(after)
			if nextAdvance, err = time.ParseDuration(nextLine); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			*tail = before
		}
		if i == 0 {
			s.head = strings.Trim(body, "\n")
		} else {
			st := step{advance: advance, source: strings.TrimRight(body, "\n"), want: strings.TrimSpace(want)}
			if advanceLine != "" {
				st.source = "@advance " + advanceLine + "\n=== " + st.source
			} else {
				st.source = "=== " + st.source
			}
			if st.request, err = parseRequest(body); err != nil {
				return nil, fmt.Errorf("%s: request %d: %w", file, i, err)
			}
			s.steps = append(s.steps, st)
		}
		advance, advanceLine = nextAdvance, nextLine
	}
	return s, nil
}

func parseRequest(text string) (request, error) {
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimRight(head, "\n"), "\n")
	method, target, ok := strings.Cut(lines[0], " ")
	if !ok {
		return request{}, fmt.Errorf("%q is no request", lines[0])
	}
	r := request{method: method, target: expand(target), token: tokens["owner"], header: http.Header{}}
	r.body = []byte(expand(strings.TrimRight(body, "\n")))
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			return request{}, fmt.Errorf("%q is no header", line)
		}
		if name != "Token" {
			r.header.Add(name, value)
			continue
		}
		if r.token, ok = tokens[value]; !ok {
			return request{}, fmt.Errorf("there is no token %q", value)
		}
	}
	return r, nil
}

// The headers that only one scenario shows: they are on every answer, and the
// API document's check sees to them.
func everywhere(name string) bool {
	return strings.HasPrefix(name, "X-Rate-Limit-") || name == "X-Request-Id" || name == "Content-Length"
}

func render(a answer, allHeaders bool) (string, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d\n", a.status)
	names := make([]string, 0, len(a.header))
	for name := range a.header {
		if name != "Date" && (allHeaders || !everywhere(name)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range a.header[name] {
			fmt.Fprintf(&b, "%s: %s\n", name, v)
		}
	}
	if len(a.body) == 0 {
		return strings.TrimSpace(b.String()), nil
	}
	b.WriteByte('\n')
	if a.header.Get("Content-Type") != "application/json" || a.header.Get("Content-Encoding") != "" {
		fmt.Fprintf(&b, "(%d bytes)", len(a.body))
		return b.String(), nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, a.body); err != nil {
		return "", fmt.Errorf("%w in %q", err, a.body)
	}
	if !bytes.Equal(compact.Bytes(), a.body) {
		return "", fmt.Errorf("white space in %q", a.body)
	}
	return b.String() + indent(a.body), nil
}

// indent spreads JSON over lines, but leaves objects and arrays without
// others in them on one line where they fit.
func indent(text []byte) string {
	var out bytes.Buffer
	writeIndented(&out, json.RawMessage(text), "")
	return out.String()
}

func writeIndented(out *bytes.Buffer, v json.RawMessage, lead string) {
	if v[0] != '{' && v[0] != '[' || len(v) <= 100 && bytes.Count(v, []byte("{"))+bytes.Count(v, []byte("[")) == 1 {
		out.Write(v)
		return
	}
	dec := json.NewDecoder(bytes.NewReader(v))
	open, err := dec.Token()
	if err != nil {
		out.Write(v)
		return
	}
	fmt.Fprint(out, open)
	for i := 0; dec.More(); i++ {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n" + lead + "  ")
		if v[0] == '{' {
			key, err := dec.Token()
			if err != nil {
				break
			}
			fmt.Fprintf(out, "%q: ", key)
		}
		var element json.RawMessage
		if err := dec.Decode(&element); err != nil {
			break
		}
		writeIndented(out, element, lead+"  ")
	}
	closing := "]"
	if v[0] == '{' {
		closing = "}"
	}
	out.WriteString("\n" + lead + closing)
}

func scenarios(t testing.TB) []*scenario {
	t.Helper()
	files, err := filepath.Glob("testdata/golden/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	all := make([]*scenario, len(files))
	for i, file := range files {
		if all[i], err = parseScenario(file); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestGoldens plays every scenario on both engines, each in a store of its
// own.
func TestGoldens(t *testing.T) {
	all := scenarios(t)
	engines := []sqldb.Engine{sqldb.SQLite, sqldb.Postgres}
	if *update {
		engines = engines[:1]
	}
	for _, engine := range engines {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			b := newBackend(t, engine)
			sent := &systemtest.Text{}
			t.Run("scenarios", func(t *testing.T) {
				for i, s := range all {
					t.Run(s.name, func(t *testing.T) {
						t.Parallel()
						s.play(t, newFixture(t, b, fmt.Sprintf("store%d", i)), sent)
					})
				}
			})
			checkLogs(t, b.logs.String(), sent.String())
		})
	}
}

func (s *scenario) play(t *testing.T, f *fixture, sent *systemtest.Text) {
	var rewritten strings.Builder
	if s.head != "" {
		rewritten.WriteString(s.head + "\n\n")
	}
	for i, st := range s.steps {
		f.Clock.Advance(st.advance)
		fmt.Fprintf(sent, "%s\n", st.request.body)
		a, err := f.do(t.Context(), st.request)
		if a.status == 0 {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(strings.TrimPrefix(st.source, "=== "), "\n")
		if err != nil {
			t.Errorf("%d: %s: against the API document: %v", i, first, err)
		}
		got, err := render(a, s.headers)
		if err != nil {
			t.Errorf("%d: %s: %v", i, first, err)
		}
		got = strings.ReplaceAll(got, `"`+f.hash+`"`, `"{store_hash}"`)
		if !*update && got != st.want {
			t.Errorf("%d: %s\ngot:\n%s\nwant:\n%s", i, first, got, st.want)
		}
		fmt.Fprintf(&rewritten, "%s\n--- %s\n\n", st.source, got)
	}
	if *update {
		if err := os.WriteFile(s.file, []byte(strings.TrimRight(rewritten.String(), "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

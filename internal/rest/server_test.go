package rest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"clientele/internal/rest"
	"clientele/internal/serve"
	"clientele/internal/system"
)

func TestATrailingSlashNamesTheSameResource(t *testing.T) {
	e := newEnv(t, options{})
	for _, slashes := range []string{"/", "//"} {
		a := e.ask(t, 200, request{method: "GET", path: customers + slashes, token: one, checkedAs: customers})
		if string(a.body) != emptyPage {
			t.Errorf("got %s", a.body)
		}
	}
	e.ask(t, 204, request{method: "DELETE", path: customers + "/?id:in=1", token: one, do: "delete", checkedAs: customers})
	e.ask(t, 501, request{method: "PATCH", path: customers + "/", token: one, checkedAs: customers})
	e.ask(t, 404, request{method: "GET", path: "/"})
	e.ask(t, 404, request{method: "GET", path: "//"})
}

// By RFC 3986 a character that needs no encoding means the same with it.
func TestPercentEncodedNamesAreTheSameNames(t *testing.T) {
	e := newEnv(t, options{})
	for _, path := range []string{
		customers + "?id%3Ain=1%2C2",
		"/stores/%66irst/v3/customers",
		"/stores/first/v3/%63ustomers",
	} {
		e.ask(t, 200, request{method: "GET", path: path, token: one})
	}
	// An encoded slash is part of a name.
	e.ask(t, 401, request{method: "GET", path: "/stores/fir%2Fst/v3/customers", token: one, checkedAs: customers})
	e.ask(t, 401, request{method: "GET", path: "/stores/fir%2Fst/v3/customers/", token: one, checkedAs: customers})
	a := e.ask(t, 405, request{method: "OPTIONS", path: "/stores/fir%2Fst/v3/customers", token: one, checkedAs: customers})
	if a.header.Get("Allow") == "" {
		t.Error("405 without Allow")
	}
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	e := newEnv(t, options{})
	for _, do := range []string{"", "large", "invalid", "fail"} {
		get := request{method: "GET", token: one, do: do, unchecked: true}
		a, err := e.send(t.Context(), get)
		if err != nil {
			t.Fatal(err)
		}
		get.method, get.unchecked = "HEAD", false
		b := e.ask(t, a.status, get)
		if len(b.body) > 0 {
			t.Errorf("a body of %d bytes", len(b.body))
		}
		for _, name := range []string{"Content-Type", "Content-Length", "Vary"} {
			if a.header.Get(name) != b.header.Get(name) {
				t.Errorf("%s: %s is %q for HEAD and %q for GET", do, name, b.header.Get(name), a.header.Get(name))
			}
		}
	}
	e.ask(t, 401, request{method: "HEAD"})
	e.ask(t, 404, request{method: "HEAD", path: "/stores/first/v3/nothing"})
}

func TestMethodsThatAPathLacks(t *testing.T) {
	e := newEnv(t, options{})
	a := e.ask(t, 405, request{method: "OPTIONS", token: one})
	if got := a.header.Values("Allow"); len(got) != 1 || got[0] != "GET, HEAD, POST, PUT, DELETE" {
		t.Errorf("Allow is %q", got)
	}
	a = e.ask(t, 405, request{method: "GET", path: customers + "/addresses", unchecked: true})
	// The stub has POST only.
	if got := strings.Join(a.header.Values("Allow"), ", "); got != "POST" {
		t.Errorf("Allow is %q", got)
	}
}

// What no route of the API could have is not implemented, whatever the path.
func TestMethodsThatTheAPILacks(t *testing.T) {
	e := newEnv(t, options{})
	for _, method := range []string{"PATCH", "TRACE", "PURGE"} {
		for _, path := range []string{customers, customers + "/addresses", "/stores/first/v3/nothing"} {
			a := e.ask(t, 501, request{method: method, path: path, token: one})
			if want := `{"status":501,"title":"Not Implemented","type":"` + rest.StatusCodes + `","errors":{}}`; string(a.body) != want || a.header.Get("Allow") != "" {
				t.Errorf("%s %s: %s %q", method, path, a.body, a.header.Get("Allow"))
			}
		}
	}
	e.ask(t, 404, request{method: "PATCH", path: "/nothing"})
	if got := e.entries(t, "ERROR"); len(got) > 0 {
		t.Errorf("clients' mistakes are logged as errors: %q", got)
	}
}

// An answer that the client says it cannot read is not made.
func TestAccept(t *testing.T) {
	e := newEnv(t, options{})
	for accept, want := range map[string]int{
		"": 200, "*/*": 200, "application/json": 200, "application/*;q=0.1": 200, "text/html, application/xhtml+xml, */*;q=0.8": 200,
		"text/html, image/gif, *; q=.2": 200, "application/json, text/plain": 200, "application/problem+json": 200, "APPLICATION/JSON; charset=utf-8": 200, ";": 200,
		"text/html": 406, "application/xml": 406, "application/json;q=0": 406, "image/png, text/csv": 406, "*/*;q=0": 406,
	} {
		header := http.Header{}
		if accept != "" {
			header.Set("Accept", accept)
		}
		a := e.ask(t, want, request{method: "GET", token: one, header: header})
		if body := `{"status":406,"title":"Not Acceptable","type":"` + rest.StatusCodes + `","errors":{}}`; want == 406 && string(a.body) != body {
			t.Errorf("%s: %s", accept, a.body)
		}
	}
	nothing := http.Header{"Accept": {"text/html"}}
	e.ask(t, 401, request{method: "GET", header: nothing})
	e.ask(t, 404, request{method: "GET", path: "/stores/first/v3/nothing", header: nothing})
	// Nothing is done whose answer cannot be read.
	e.ask(t, 406, request{method: "DELETE", path: customers + "?id:in=1", token: one, do: "delete", header: nothing})
}

// entries are the log's lines of a level.
func (e *env) entries(t *testing.T, level string) (out []string) {
	t.Helper()
	for line := range strings.Lines(e.logs.String()) {
		var entry struct{ Level string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Level == level {
			out = append(out, line)
		}
	}
	return out
}

func TestDefectsAreLoggedOnceAndNotTold(t *testing.T) {
	for _, reasons := range []bool{false, true} {
		for _, do := range []string{"fail", "panic"} {
			t.Run(fmt.Sprintf("%s %v", do, reasons), func(t *testing.T) {
				e := newEnv(t, options{reasons: reasons})
				a := e.ask(t, 500, request{method: "GET", token: one, do: do})
				const want = `{"status":500,"title":"Internal Server Error","type":"` + rest.StatusCodes + `","errors":{}}`
				if string(a.body) != want {
					t.Errorf("got %s", a.body)
				}
				if told := strings.Contains(fmt.Sprint(a.header), "secret"); told != reasons {
					t.Errorf("headers: %v", a.header)
				}
				logged := e.entries(t, "ERROR")
				if len(logged) != 1 || !strings.Contains(logged[0], "secret") || !strings.Contains(logged[0], a.header.Get("X-Request-Id")) {
					t.Errorf("logged: %q", logged)
				}
				if n := strings.Count(e.logs.String(), "secret"); n < 1 || len(e.entries(t, "DEBUG")) != 0 {
					t.Errorf("logged besides: %s", e.logs)
				}
			})
		}
	}
}

func TestPanicAfterTheAnswer(t *testing.T) {
	e := newEnv(t, options{})
	a := e.ask(t, 200, request{method: "GET", token: one, do: "panic late"})
	if string(a.body) != emptyPage {
		t.Errorf("got %s", a.body)
	}
	if logged := e.entries(t, "ERROR"); len(logged) != 1 || !strings.Contains(logged[0], a.header.Get("X-Request-Id")) {
		t.Errorf("logged: %q", logged)
	}
}

func TestReasonsAreForDevelopment(t *testing.T) {
	for _, reasons := range []bool{false, true} {
		e := newEnv(t, options{reasons: reasons})
		for _, test := range []struct {
			status int
			in     request
		}{
			{401, request{method: "GET"}},
			{401, request{method: "GET", token: "nobody's"}},
			{401, request{method: "GET", token: secondOne}},
			{403, request{method: "POST", token: reader, body: text("[]")}},
			{500, request{method: "GET", token: one, do: "fail"}},
			{503, request{method: "GET", token: one, do: "unavailable"}},
		} {
			a := e.ask(t, test.status, test.in)
			if got := a.header.Get("X-Clientele-Reason"); (got != "") != reasons || strings.ContainsAny(got, "\r\n") {
				t.Errorf("reasons %v: %d has the reason %q", reasons, test.status, got)
			}
			if strings.Contains(fmt.Sprint(a.header, string(a.body)), test.in.token) && test.in.token != "" {
				t.Errorf("the answer repeats the token: %v", a.header)
			}
		}
		// Success has no reason, and a broken rule is told in the body.
		for do, status := range map[string]int{"": 200, "invalid": 422} {
			if a := e.ask(t, status, request{method: "GET", token: one, do: do}); a.header.Get("X-Clientele-Reason") != "" {
				t.Errorf("%d has a reason", status)
			}
		}
	}
}

func TestLogLevels(t *testing.T) {
	e := newEnv(t, options{limits: rest.Limits{Quota: 3, Window: time.Minute}})
	e.ask(t, 200, request{method: "GET", token: one})
	e.ask(t, 422, request{method: "GET", token: one, do: "invalid"})
	e.ask(t, 503, request{method: "GET", token: one, do: "unavailable"})
	e.ask(t, 429, request{method: "GET", token: one})
	for level, want := range map[string]int{"DEBUG": 2, "ERROR": 1, "WARN": 1, "INFO": 0} {
		if got := e.entries(t, level); len(got) != want {
			t.Errorf("%d lines of level %s, want %d: %q", len(got), level, want, got)
		}
	}
	for line := range strings.Lines(e.logs.String()) {
		for _, part := range []string{`"route":"/stores/{store_hash}/v3/customers"`, `"store":"first"`, `"account":1`, `"request_id"`} {
			if !strings.Contains(line, part) {
				t.Errorf("%s lacks %s", line, part)
			}
		}
	}
}

func TestMetricsKnowPatternsOnly(t *testing.T) {
	e := newEnv(t, options{})
	const patient = "ines.duarte@example.com"
	e.ask(t, 200, request{method: "GET", path: customers + "?email:in=" + patient, token: one})
	e.ask(t, 200, request{method: "HEAD", token: one})
	e.ask(t, 401, request{method: "GET", path: "/stores/somebodys/v3/customers"})
	e.ask(t, 404, request{method: "GET", path: "/stores/first/v3/" + patient})
	e.ask(t, 501, request{method: "PATCH", path: "/stores/somebodys/v3/customers"})
	e.ask(t, 500, request{method: "POST", token: one, do: "panic", body: text("[]")})
	families, err := e.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	patterns := map[string]bool{e.stub.Prefix() + "/*": true} // of what nobody serves
	for _, r := range e.stub.Routes() {
		patterns[e.stub.Prefix()+r.Pattern] = true
	}
	counted := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
				if l.GetName() == "route" && !patterns[l.GetValue()] {
					t.Errorf("%s has the route %q", family.GetName(), l.GetValue())
				}
			}
			if c := m.GetCounter(); c != nil {
				counted[labels["method"]+" "+labels["status"]] += c.GetValue()
			}
		}
		if text := fmt.Sprint(family.String()); strings.Contains(text, patient) || strings.Contains(text, "somebodys") {
			t.Errorf("%s tells too much: %s", family.GetName(), text)
		}
	}
	for key, want := range map[string]float64{"GET 200": 2, "GET 401": 1, "POST 500": 1, "GET 404": 1, "PATCH 501": 1} {
		if counted[key] != want {
			t.Errorf("%s was counted %v times, want %v", key, counted[key], want)
		}
	}
}

// Whatever else is mounted stands beside the management API, without its
// headers.
func TestRouterTakesOtherHandlers(t *testing.T) {
	sys := system.Real()
	server := rest.NewServer(rest.Config{System: sys, Pipeline: serve.New(serve.Config{System: sys, Log: slog.New(slog.DiscardHandler)})})
	server.Router().Get("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "fine")
	})
	for path, want := range map[string]int{"/healthz": 200, "/healthz/": 200, "/other": 404} {
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want || w.Header().Get("X-Rate-Limit-Requests-Left") != "" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}

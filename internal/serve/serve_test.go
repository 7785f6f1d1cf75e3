package serve_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"clientele/internal/fault"
	"clientele/internal/serve"
	"clientele/internal/sqldb"
	"clientele/internal/system"
)

// broken is a Renderer with a defect.
type broken struct{}

func (broken) Refuse(*serve.Exchange, *fault.Error) { panic("while refusing") }

func TestPipeline(t *testing.T) {
	sys := system.Real()
	var passed time.Duration
	sys.Monotonic = func() time.Duration { return passed }
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name   string
		ctx    context.Context
		render serve.Renderer
		handle func(x *serve.Exchange) error
		status int    // of the answer
		body   string // of the answer
		line   string // the log begins with
		has    string // the log has
	}{
		{"an answer", nil, nil, func(x *serve.Exchange) error {
			x.StoreHash, x.AccountID = "shop", 3
			_, err := x.Write([]byte("fine"))
			return err
		},
			200, "fine", `level=DEBUG msg=request method=GET route=/x status=200`, "store=shop account=3"},
		{"no answer", nil, nil, func(*serve.Exchange) error { return nil }, 200, "", `level=DEBUG msg=request method=GET route=/x status=200`, ""},
		{"a fault", nil, nil, func(*serve.Exchange) error { return fault.New(fault.NotFound, "none") }, 404, `{"status":404,"title":"none"}`, `level=DEBUG msg=request method=GET route=/x status=404`, ""},
		{"too many", nil, nil, func(*serve.Exchange) error {
			return &fault.Error{Kind: fault.TooMany, Message: "slower", RetryAfter: 7}
		},
			429, `{"status":429,"title":"slower"}`, `level=WARN msg="request limited" method=GET route=/x status=429`, ""},
		{"an outage", nil, nil, func(*serve.Exchange) error { return sqldb.ErrUnavailable },
			503, `{"status":503,"title":"The service is temporarily unavailable."}`, `level=ERROR msg="request failed" method=GET route=/x status=503`, "sqldb: unavailable"},
		{"a defect", nil, nil, func(*serve.Exchange) error { return errors.New("secret cause") }, 500, `{"status":500,"title":"Internal Server Error"}`, `level=ERROR msg="request failed" method=GET route=/x status=500`, "secret cause"},
		{"a panic", nil, nil, func(*serve.Exchange) error { panic("secret panic") }, 500, `{"status":500,"title":"Internal Server Error"}`, `level=ERROR msg="request failed" method=GET route=/x status=500`, "serve_test.go"},
		{"a panic after the answer", nil, nil, func(x *serve.Exchange) error { x.WriteHeader(204); panic("late") }, 204, "", `level=ERROR msg="panic after the answer" method=GET route=/x status=204`, "late"},
		{"a defect after the answer", nil, nil, func(x *serve.Exchange) error { x.WriteHeader(204); return errors.New("late") }, 204, "", `level=ERROR msg="request failed" method=GET route=/x status=204`, "late"},
		{"a broken renderer", nil, broken{}, func(*serve.Exchange) error { return fault.New(fault.NotFound, "none") }, 500, `{"status":500,"title":"Internal Server Error"}`, `level=ERROR msg="request failed" method=GET route=/x status=500`, "while refusing"},
		{"a client gone", gone, nil, func(*serve.Exchange) error { return context.Canceled }, 200, "", `level=DEBUG msg=request method=GET route=/x status=499`, ""},
		{"a cancellation of our own", nil, nil, func(*serve.Exchange) error { return context.Canceled }, 500, `{"status":500,"title":"Internal Server Error"}`, `level=ERROR msg="request failed" method=GET route=/x status=500`, ""},
		{"a time-out of our own", nil, nil, func(*serve.Exchange) error { return context.DeadlineExceeded }, 503, `{"status":503,"title":"The service is temporarily unavailable."}`, `level=ERROR msg="request failed" method=GET route=/x status=503`, ""},
		{"what is known", nil, nil, func(x *serve.Exchange) error { x.Expected(); return fault.New(fault.Unavailable, "closed today") }, 503, `{"status":503,"title":"closed today"}`, `level=DEBUG msg=request method=GET route=/x status=503`, ""},
		{"several failures", nil, nil, func(x *serve.Exchange) error {
			for range 100 {
				x.Judge(errors.New("again"))
			}
			x.Name = "thing"
			x.WriteHeader(200)
			return nil
		}, 200, "", `level=ERROR msg="thing failed" method=GET route=/x status=200`, `error="again\nagain\nagain\nagain"`},
		{"a slow one", nil, nil, func(*serve.Exchange) error { passed += time.Second; return nil }, 200, "", `level=WARN msg="request slow" method=GET route=/x status=200 ms=1000`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			reg := prometheus.NewRegistry()
			pipe := serve.New(serve.Config{System: sys, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), Metrics: serve.NewMetrics(reg)})
			render := test.render
			if render == nil {
				render = serve.Plain{}
			}
			r := httptest.NewRequest(http.MethodGet, "/x", nil)
			if test.ctx != nil {
				r = r.WithContext(test.ctx)
			}
			w := httptest.NewRecorder()
			pipe.Handler("/x", render, test.handle)(w, r)
			if w.Code != test.status || w.Body.String() != test.body {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			_, line, _ := strings.Cut(log.String(), " ")
			if !strings.HasPrefix(line, test.line+" ") || !strings.Contains(line, "request_id="+w.Header().Get("X-Request-Id")) || !strings.Contains(line, test.has) || strings.Count(line, "\n") != 1 {
				t.Error(line)
			}
			if wait := w.Header().Get("Retry-After"); wait != w.Header().Get("X-Retry-After") || test.status == 429 && wait != "7" {
				t.Error(w.Header())
			}
		})
	}
}

// What handlers use to end a connection at once stays theirs.
func TestAbort(t *testing.T) {
	var log bytes.Buffer
	pipe := serve.New(serve.Config{System: system.Real(), Log: slog.New(slog.NewTextHandler(&log, nil))})
	defer func() {
		if v := recover(); v != http.ErrAbortHandler || log.Len() > 0 {
			t.Error(v, log.String())
		}
	}()
	pipe.Handler("/x", serve.Plain{}, func(*serve.Exchange) error { panic(http.ErrAbortHandler) })(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/x", nil))
}

// Clients cannot make series: a method may be any word.
func TestMethodsAreBounded(t *testing.T) {
	var log bytes.Buffer
	reg := prometheus.NewRegistry()
	pipe := serve.New(serve.Config{System: system.Real(), Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), Metrics: serve.NewMetrics(reg)})
	for _, method := range []string{"JANE", "DOE", "GET"} {
		pipe.Handler("/x", serve.Plain{}, func(*serve.Exchange) error { return nil })(httptest.NewRecorder(), httptest.NewRequest(method, "/x", nil))
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if n := len(f.GetMetric()); n != 2 || strings.Contains(f.String(), "JANE") {
			t.Error(n, f)
		}
	}
	if strings.Contains(log.String(), "JANE") {
		t.Error(log.String())
	}
}

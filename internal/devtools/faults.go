package devtools

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"clientele/internal/fault"
	"clientele/internal/journal"
	"clientele/internal/mail"
	"clientele/internal/serve"
	"clientele/internal/trouble"
	"clientele/internal/webhook"
)

// Requests has tests make requests fail, and look at those that were made.
type Requests struct {
	Stage    *Stage
	Pipeline *serve.Pipeline
	Access   *Access
	// Read reads the body of a request.
	Read func(w http.ResponseWriter, r *http.Request) ([]byte, error)
	// Patterns are those of the router.
	Patterns func() []string
	// Stores returns the hashes of all stores.
	Stores func(ctx context.Context) ([]string, error)
}

// RequestStatus is what there is about requests.
type RequestStatus struct {
	// Faults are the rules that can still hit something.
	Faults  int           `json:"active_faults"`
	Journal JournalStatus `json:"journal"`
}

// JournalStatus is how much the journal holds.
type JournalStatus struct {
	Requests int   `json:"requests"`
	Bytes    int64 `json:"bytes"`
}

// Status returns what there is about requests.
func (s *Stage) Status() (out RequestStatus) {
	out.Faults = s.Faults.Active()
	out.Journal.Requests, out.Journal.Bytes = s.Journal.Size()
	return out
}

// Reset takes away what a test has left, but for what is to be kept: faults and
// journal. With stores it is what belongs to those.
func (s *Stage) Reset(stores []string, keeps func(name string) bool) {
	if !keeps("faults") {
		if stores == nil {
			s.Faults.Clear()
		} else {
			s.Faults.ClearOf(stores)
		}
	}
	if !keeps("journal") {
		if stores == nil {
			s.Journal.Clear()
		} else {
			s.Journal.ClearOf(stores)
		}
	}
}

// Mount adds the routes.
func (q *Requests) Mount(r chi.Router) {
	filtered := []string{"/requests", "/requests/har"}
	for _, rt := range []struct {
		method, path string
		handle       func(w http.ResponseWriter, r *http.Request) (int, any, error)
	}{
		{http.MethodPost, "/faults", q.addFault},
		{http.MethodGet, "/faults", q.faults},
		{http.MethodDelete, "/faults", q.clearFaults},
		{http.MethodDelete, "/faults/{id}", q.removeFault},
		{http.MethodGet, "/requests", q.list},
		{http.MethodDelete, "/requests", q.clear},
		{http.MethodGet, "/requests/har", q.archive},
		{http.MethodPost, "/requests/expect", q.expect},
		{http.MethodGet, "/requests/{id}", q.one},
		{http.MethodGet, "/requests/{id}/har", q.archiveOne},
	} {
		r.Method(rt.method, ControlPath+rt.path, q.Pipeline.Handler(ControlPath+rt.path, serve.Plain{}, func(x *serve.Exchange) error {
			x.Header().Set("Cache-Control", "no-store")
			r := x.Request()
			if err := q.Access.Admit(x, r); err != nil {
				return err
			}
			if rt.method != http.MethodGet || !slices.Contains(filtered, rt.path) {
				if err := unasked(r); err != nil {
					return err
				}
			}
			status, out, err := rt.handle(x, r)
			if err != nil {
				return err
			}
			if status == http.StatusNoContent {
				x.WriteHeader(status)
				return nil
			}
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(out); err != nil {
				return err
			}
			x.Header().Set("Content-Type", "application/json")
			x.WriteHeader(status)
			// The pipeline keeps the error: the client is gone.
			_, _ = x.Write(b.Bytes())
			return nil
		}))
	}
}

func (q *Requests) addFault(w http.ResponseWriter, r *http.Request) (int, any, error) {
	text, err := q.Read(w, r)
	if err != nil {
		return 0, nil, err
	}
	id, err := q.add(r.Context(), text)
	return http.StatusCreated, map[string]string{"id": id}, err
}

// add adds the rule that a text says.
func (q *Requests) add(ctx context.Context, text []byte) (id string, err error) {
	var in trouble.Rule
	if err := object(text, &in); err != nil {
		return "", err
	}
	if err := in.Check(); err != nil {
		return "", err
	}
	if err := q.checkRoute("match.", in.Match.Surface, in.Match.Route); err != nil {
		return "", err
	}
	if err := checkOperation("match.", in.Match.Surface, in.Match.Operation); err != nil {
		return "", err
	}
	if in.Match.Store != "" {
		hashes, err := q.Stores(ctx)
		if err != nil {
			return "", err
		}
		if !slices.Contains(hashes, in.Match.Store) {
			return "", unmatchable("match.store", "there is no such store")
		}
	}
	return q.Stage.Faults.Add(in)
}

// unmatchable refuses what would never match anything.
func unmatchable(path, message string) error {
	return &fault.Error{Kind: fault.Invalid, Items: []fault.Item{{Path: path, Message: message}}}
}

// checkOperation refuses names of operations that there are not. Those of GraphQL
// are the client's own.
func checkOperation(in, surface, name string) error {
	if name == "" || surface == trouble.GraphQL {
		return nil
	}
	switch surface {
	case trouble.Webhook:
		if !webhook.KnownScope(name) {
			return unmatchable(in+"operation", "there is no such scope of webhooks")
		}
	case trouble.SMTP:
		kinds := mail.Kinds()
		if !slices.Contains(kinds, mail.Kind(name)) {
			return unmatchable(in+"operation", "there is no such kind of email")
		}
	default:
		for pattern, id := range operationIDs() {
			_, path, _ := strings.Cut(pattern, " ")
			of := surfaceOf(path) // "" is that of storefronts and pages
			if id == name && (surface == "" || of == surface || of == "" && surface != trouble.V3 && surface != trouble.V2) {
				return nil
			}
		}
		message := "there is no such operationId in the API document"
		if surface == "" {
			message += "; for an operation of GraphQL match.surface is graphql"
		} else {
			message += " for this surface"
		}
		return unmatchable(in+"operation", message)
	}
	return nil
}

// checkRoute refuses routes that there are not, which would never be hit.
func (q *Requests) checkRoute(in, surface, wanted string) error {
	if wanted == "" || surface == trouble.Webhook || surface == trouble.SMTP {
		return nil
	}
	var near []string
	versioned := surface == trouble.V3 || surface == trouble.V2
	for _, pattern := range q.Patterns() {
		if versioned && surfaceOf(pattern) != surface {
			continue
		}
		route := journal.Route(pattern)
		if trouble.Bare(route) == trouble.Bare(wanted) {
			return nil
		}
		if first := strings.SplitN(wanted, "/", 3); len(first) > 1 && strings.HasPrefix(route, "/"+first[1]) && !slices.Contains(near, route) {
			near = append(near, route)
		}
	}
	message := "there is no such route: want a path of the API document after /v3 or /v2"
	if slices.Sort(near); len(near) > 0 {
		message += ", such as " + strings.Join(near[:min(len(near), 5)], ", ")
	}
	return unmatchable(in+"route", message)
}

// checkFilter returns what is wrong with a filter, whose members have names that
// begin so. Without a surface an operation may be one of GraphQL.
func (q *Requests) checkFilter(in string, f *journal.Filter) error {
	if err := f.Check(); err != nil {
		return err
	}
	if err := q.checkRoute(in, f.Surface, f.Route); err != nil {
		return err
	}
	if f.Surface == "" {
		return nil
	}
	return checkOperation(in, f.Surface, f.Operation)
}

func (q *Requests) faults(http.ResponseWriter, *http.Request) (int, any, error) {
	return http.StatusOK, map[string]any{"data": q.Stage.Faults.List()}, nil
}

func (q *Requests) clearFaults(http.ResponseWriter, *http.Request) (int, any, error) {
	q.Stage.Faults.Clear()
	return http.StatusNoContent, nil, nil
}

func (q *Requests) removeFault(_ http.ResponseWriter, r *http.Request) (int, any, error) {
	if !q.Stage.Faults.Remove(chi.URLParam(r, "id")) {
		return 0, nil, fault.New(fault.NotFound, "there is no such fault")
	}
	return http.StatusNoContent, nil, nil
}

// query reads the filter of a list.
func query(r *http.Request) (f journal.Filter, before int64, limit int, err error) {
	values := r.URL.Query()
	limit = defaultLimit
	for name, v := range values {
		if len(v) > 1 {
			return f, 0, 0, invalid(name, "is given twice")
		}
		switch name {
		case "surface":
			f.Surface = v[0]
		case "method":
			f.Method = v[0]
		case "route":
			f.Route = v[0]
		case "path":
			f.Path = v[0]
		case "operation":
			f.Operation = v[0]
		case "store":
			f.Store = v[0]
		case "email":
			f.Email = v[0]
		case "body":
			f.Body = v[0]
		case "fault":
			f.Fault = v[0]
		case "contract":
			f.Contract = v[0]
		case "unmatched":
			is, err := strconv.ParseBool(v[0])
			if err != nil {
				return f, 0, 0, invalid(name, "want true or false")
			}
			f.Unmatched = &is
		case "status", "account_id", "before", "limit":
			n, err := strconv.ParseInt(v[0], 10, 64)
			if err != nil || n < 1 || name == "limit" && n > maxLimit {
				return f, 0, 0, invalid(name, "want a number, as limit from 1 to "+strconv.Itoa(maxLimit))
			}
			switch name {
			case "status":
				f.Status = int(n)
			case "account_id":
				f.Account = n
			case "before":
				before = n
			case "limit":
				limit = int(n)
			}
		default:
			return f, 0, 0, invalid(name, "is not a parameter; there are surface, method, route, path, operation, store, account_id, status, email, body, fault, contract, unmatched, before and limit")
		}
	}
	return f, before, limit, nil
}

func (q *Requests) list(_ http.ResponseWriter, r *http.Request) (int, any, error) {
	f, before, limit, err := query(r)
	if err == nil {
		err = q.checkFilter("", &f)
	}
	if err != nil {
		return 0, nil, err
	}
	out := []*journal.Shown{}
	for _, e := range q.Stage.Journal.Find(&f, before, limit) {
		out = append(out, q.Stage.Journal.Show(e))
	}
	return http.StatusOK, map[string]any{"data": out}, nil
}

func (q *Requests) clear(http.ResponseWriter, *http.Request) (int, any, error) {
	q.Stage.Journal.Clear()
	return http.StatusNoContent, nil, nil
}

func (q *Requests) archive(_ http.ResponseWriter, r *http.Request) (int, any, error) {
	if !r.URL.Query().Has("limit") {
		values := r.URL.Query()
		values.Set("limit", strconv.Itoa(maxLimit))
		r.URL.RawQuery = values.Encode()
	}
	f, before, limit, err := query(r)
	if err == nil {
		err = q.checkFilter("", &f)
	}
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, q.Stage.Journal.Archive(q.Stage.Journal.Find(&f, before, limit)), nil
}

func (q *Requests) entry(r *http.Request) (*journal.Entry, error) {
	if id, err := strconv.ParseInt(chi.URLParam(r, "id"), 10, 64); err == nil {
		if e := q.Stage.Journal.Entry(id); e != nil {
			return e, nil
		}
	}
	return nil, fault.New(fault.NotFound, "there is no such request")
}

func (q *Requests) one(_ http.ResponseWriter, r *http.Request) (int, any, error) {
	e, err := q.entry(r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, q.Stage.Journal.Show(e), nil
}

func (q *Requests) archiveOne(_ http.ResponseWriter, r *http.Request) (int, any, error) {
	e, err := q.entry(r)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, q.Stage.Journal.Archive([]*journal.Entry{e}), nil
}

// expect answers 200 where an expectation is met, and 409 where it is not.
func (q *Requests) expect(w http.ResponseWriter, r *http.Request) (int, any, error) {
	var in struct {
		Match   journal.Filter `json:"match"`
		AtLeast *int           `json:"at_least"`
	}
	text, err := q.Read(w, r)
	if err == nil {
		err = object(text, &in)
	}
	if err != nil {
		return 0, nil, err
	}
	n := 1
	if in.AtLeast != nil {
		n = *in.AtLeast
	}
	if n < 1 || n > journal.MaxEntries {
		return 0, nil, invalid("at_least", "want a number from 1 to "+strconv.Itoa(journal.MaxEntries))
	}
	if err := q.checkFilter("match.", &in.Match); err != nil {
		return 0, nil, err
	}
	out := q.Stage.Journal.Expect(&in.Match, n)
	if !out.Met {
		return http.StatusConflict, out, nil
	}
	return http.StatusOK, out, nil
}

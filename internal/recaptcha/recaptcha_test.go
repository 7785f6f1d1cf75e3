package recaptcha_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"clientele/internal/fault"
	"clientele/internal/recaptcha"
	"clientele/internal/store"
)

func TestVerify(t *testing.T) {
	var got string
	answers := map[string]string{
		"good":       `{"success":true,"challenge_ts":"2026-01-01T00:00:00Z","hostname":"shop.example"}`,
		"person":     `{"success":true,"score":0.9}`,
		"robot":      `{"success":true,"score":0.1}`,
		"used":       `{"success":false,"error-codes":["timeout-or-duplicate"]}`,
		"bad":        `{"success":false}`,
		"bad secret": `{"success":false,"error-codes":["invalid-input-secret"]}`,
		"not json":   `<html>`,
		"large":      `{"success":true,"pad":"` + strings.Repeat("x", 70_000) + `"}`,
	}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.PostFormValue("response")
		got = fmt.Sprint(r.Method, " ", r.PostFormValue("secret"), " ", token, " ", r.PostFormValue("remoteip"))
		switch token {
		case "moved":
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		case "broken":
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, answers["good"])
		default:
			fmt.Fprint(w, answers[token])
		}
	}))
	defer service.Close()
	v := recaptcha.New()
	s := &store.ReCaptcha{Enabled: true, SiteKey: "site", SecretKey: "key", VerifyURL: service.URL}
	for token, want := range map[string]string{
		"good": "", "person": "", "robot": "refused", "used": "refused", "bad": "refused", "": "refused", "  ": "refused", strings.Repeat("x", 9000): "refused",
		"bad secret": "unavailable", "not json": "unavailable", "large": "unavailable", "moved": "unavailable", "broken": "unavailable",
	} {
		err := v.Check(t.Context(), s, token, "203.0.113.9")
		have := ""
		switch f := fault.As(err); {
		case errors.Is(err, recaptcha.ErrRefused):
			have = "refused"
		case f != nil && f.Kind == fault.Unavailable && f.RetryAfter > 0 && !strings.Contains(f.Message, "http"):
			have = "unavailable"
		case err != nil:
			have = err.Error()
		}
		if have != want {
			t.Errorf("%.20q: %s, want %s", token, have, want)
		}
	}
	if err := v.Check(t.Context(), s, "good", "203.0.113.9"); err != nil || got != "POST key good 203.0.113.9" {
		t.Errorf("%v, asked %q", err, got)
	}
	// Where the store does not ask for tokens nobody is asked; given ones may
	// still be verified.
	s.Enabled = false
	if err := v.Check(t.Context(), s, "", ""); err != nil {
		t.Error(err)
	}
	if err := v.Verify(t.Context(), s, "bad", ""); !errors.Is(err, recaptcha.ErrRefused) {
		t.Error(err)
	}
	service.Close()
	s.Enabled = true
	if f := fault.As(v.Check(t.Context(), s, "good", "")); f == nil || f.Kind != fault.Unavailable {
		t.Errorf("without the service: %v", f)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := v.Check(ctx, s, "good", ""); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"clientele/internal/app"
	"clientele/internal/password"
	"clientele/internal/system"
	"clientele/internal/system/systemtest"
)

func start(t *testing.T, change func(*app.Config)) (s *app.Server, greeting string, log *systemtest.Text) {
	t.Helper()
	c := &app.Config{
		Database: app.Database{Database: "sqlite:" + filepath.Join(t.TempDir(), "c.db")}, Listen: "127.0.0.1:0", Mode: "development",
		RateLimitQuota: 1000, RateLimitWindow: time.Second, SlowRequest: time.Second, ShutdownTimeout: 10 * time.Second,
		WebhookConcurrency: 4, EventRetention: time.Hour, DeliveryRetention: time.Hour,
		Parts: app.Parts{Passwords: password.Options{Cheap: true}},
	}
	change(c)
	var out bytes.Buffer
	log = &systemtest.Text{}
	s, err := app.Start(t.Context(), c, system.Real(), slog.New(slog.NewTextHandler(log, nil)), &out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, out.String(), log
}

func fetch(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestAccountCreatedEmail(t *testing.T) {
	s, greeting, _ := start(t, func(*app.Config) {})
	word := func(name string) string {
		return regexp.MustCompile(name + `\s+(\S+)`).FindStringSubmatch(greeting)[1]
	}
	if got := word("Emails sent"); got != s.URL+"/_clientele/outbox" {
		t.Error(got)
	}
	status, body := fetch(t, http.MethodPost, s.URL+"/stores/"+word("Store hash")+"/v3/customers", word("Access token"),
		`[{"email":"jane@example.com","first_name":"Jane","last_name":"Doe","trigger_account_created_notification":true},{"email":"ada@example.com","first_name":"Ada","last_name":"Doe"}]`)
	if status != http.StatusOK {
		t.Fatal(body)
	}
	var answer struct {
		Data []struct {
			To, Kind, Subject string
			Links             []string
		}
	}
	_, body = fetch(t, http.MethodGet, s.URL+"/_clientele/outbox.json", "", "")
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Data) != 1 || answer.Data[0].To != "jane@example.com" || answer.Data[0].Kind != "account_created" || !strings.HasPrefix(answer.Data[0].Links[0], s.URL+"/login.php?action=change_password&c=1&t=") {
		t.Errorf("%s %v", body, err)
	}
	if status, body := fetch(t, http.MethodGet, answer.Data[0].Links[0], "", ""); status != http.StatusOK || !strings.Contains(body, "Choose a new password") {
		t.Errorf("the link leads to %d %s", status, body)
	}
	// The job that sends it is counted.
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, body = fetch(t, http.MethodGet, s.URL+"/metrics", "", "")
		if strings.Contains(body, `clientele_jobs_total{kind="email",outcome="done"} 1`) {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the email is not sent")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Error(err)
	}
}

func TestProductionHasNoOutbox(t *testing.T) {
	production := func(c *app.Config) { c.Mode, c.PublicURL = "production", "https://crm.example.org" }
	s, _, log := start(t, production)
	for _, path := range []string{"/_clientele/outbox", "/_clientele/outbox.json", "/_clientele/outbox/one-1", "/_clientele/outbox/one-1/body"} {
		if status, body := fetch(t, http.MethodGet, "http://"+s.Address()+path, "", ""); status != http.StatusNotFound {
			t.Errorf("%s answers %d: %s", path, status, body)
		}
	}
	if status, _ := fetch(t, http.MethodDelete, "http://"+s.Address()+"/_clientele/outbox.json", "", ""); status != http.StatusNotFound {
		t.Errorf("it can be cleared: %d", status)
	}
	if !strings.Contains(log.String(), "--smtp-url") {
		t.Error("nobody is warned")
	}
	_, _, log = start(t, func(c *app.Config) { production(c); c.SMTPURL = "smtp://me:pass-of-smtp@mail.example.org" })
	if strings.Contains(log.String(), "--smtp-url") || strings.Contains(log.String(), "pass-of-smtp") {
		t.Error(log)
	}
}

package app_test

import (
	"encoding/json"
	"strings"
	"testing"

	"clientele/internal/app"
	"clientele/internal/sqldb"
)

// URLs in answers and on the terminal can be opened, wherever the server listens.
func TestURLsCanBeOpened(t *testing.T) {
	c := control(t, sqldb.SQLite, func(cfg *app.Config) { cfg.ControlToken, cfg.Listen = "secret-token", ":0" })
	port := c.Address()[strings.LastIndex(c.Address(), ":"):]
	if c.URL != "http://127.0.0.1"+port {
		t.Error(c.URL)
	}
	status, text := c.ask("POST", "/_clientele/v1/seed", stateSeed, "Authorization", "Bearer secret-token")
	if status != 200 {
		t.Fatal(status, text)
	}
	for asked, want := range map[string]string{"clientele:8080": "http://store-one.localhost:8080", "127.0.0.1" + port: "http://store-one.localhost" + port} {
		var made cloned
		status, text := c.ask("POST", "/_clientele/v1/stores", `{"from":"abc123","hash":"one"}`, "Authorization", "Bearer secret-token", "Host", asked)
		if err := json.Unmarshal([]byte(text), &made); err != nil || status != 201 || made.Management != "http://"+asked+"/stores/one" || made.Storefront != want {
			t.Errorf("asked at %s: %d %s", asked, status, text)
		}
		if status, text := c.ask("DELETE", "/_clientele/v1/stores/one", "", "Authorization", "Bearer secret-token"); status != 204 {
			t.Error(status, text)
		}
	}
}

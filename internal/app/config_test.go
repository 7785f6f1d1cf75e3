package app_test

import (
	"strings"
	"testing"
	"time"

	"clientele/internal/app"
)

func TestValidate(t *testing.T) {
	production := func(c *app.Config) {
		c.Mode, c.PublicURL, c.Listen = "production", "https://crm.example.org", "0.0.0.0:443"
	}
	for name, c := range map[string]struct {
		change func(*app.Config)
		want   string // part of the error, empty for none
	}{
		"defaults":             {func(*app.Config) {}, ""},
		"ipv6 loopback":        {func(c *app.Config) { c.Listen = "[::1]:0" }, ""},
		"localhost":            {func(c *app.Config) { c.Listen = "localhost:0" }, ""},
		"no port":              {func(c *app.Config) { c.Listen = "127.0.0.1" }, "--listen"},
		"everywhere":           {func(c *app.Config) { c.Listen = ":8080" }, "--listen"},
		"another address":      {func(c *app.Config) { c.Listen = "10.0.0.1:8080" }, "--listen"},
		"a host's name":        {func(c *app.Config) { c.Listen = "example.org:8080" }, "--listen"},
		"no database":          {func(c *app.Config) { c.Database.Database = "" }, "--database"},
		"no path":              {func(c *app.Config) { c.Database.Database = "sqlite:" }, "--database"},
		"another engine":       {func(c *app.Config) { c.Database.Database = "mysql://root:secret@h/d" }, "--database"},
		"postgres":             {func(c *app.Config) { c.Database.Database = "postgres://u@db/x" }, ""},
		"certificate":          {func(c *app.Config) { c.TLSCert = "cert.pem" }, "--tls-key"},
		"proxies":              {func(c *app.Config) { c.TrustedProxies = []string{"10.0.0.0/8", "::1"} }, ""},
		"no proxy":             {func(c *app.Config) { c.TrustedProxies = []string{"proxy"} }, "--trusted-proxy"},
		"DNS server":           {func(c *app.Config) { c.DNSServer = "192.0.2.53" }, ""},
		"DNS server's port":    {func(c *app.Config) { c.DNSServer = "[::1]:5353" }, ""},
		"IPv6 DNS server":      {func(c *app.Config) { c.DNSServer = "2001:db8::53" }, ""},
		"no DNS server":        {func(c *app.Config) { c.DNSServer = "tcp://dns" }, "--dns-server"},
		"no port of DNS":       {func(c *app.Config) { c.DNSServer = "192.0.2.53:99999" }, "--dns-server"},
		"a domain":             {func(c *app.Config) { c.StorefrontDomains = []string{"Shops.example."} }, ""},
		"no domain":            {func(c *app.Config) { c.StorefrontDomains = []string{"*.shops.example"} }, "--storefront-domain"},
		"mail server":          {func(c *app.Config) { c.SMTPURL = "smtps://me:secret@mail.example.org" }, ""},
		"mail in the clear":    {func(c *app.Config) { c.SMTPURL = "smtp://me:secret@mail.example.org?tls=none" }, "--smtp-url"},
		"no mail server":       {func(c *app.Config) { c.SMTPURL = "mail.example.org:25" }, "--smtp-url"},
		"sender":               {func(c *app.Config) { c.MailFrom = "Shops <shops@example.org>" }, ""},
		"no sender":            {func(c *app.Config) { c.MailFrom = "shops" }, "--mail-from"},
		"quota":                {func(c *app.Config) { c.RateLimitQuota = 0 }, "--rate-limit-quota"},
		"window":               {func(c *app.Config) { c.RateLimitWindow = time.Microsecond }, "--rate-limit-window"},
		"concurrency":          {func(c *app.Config) { c.ConcurrencyUpdate = -1 }, "--concurrency"},
		"slow":                 {func(c *app.Config) { c.SlowRequest = 0 }, "--slow-request"},
		"shutdown":             {func(c *app.Config) { c.ShutdownTimeout = -1 }, "--shutdown-timeout"},
		"no drain":             {func(c *app.Config) { c.ShutdownTimeout = 0 }, ""},
		"public URL":           {func(c *app.Config) { c.PublicURL = "http://localhost:8080/shop" }, ""},
		"public URL scheme":    {func(c *app.Config) { c.PublicURL = "ftp://localhost" }, "--public-url"},
		"public URL host":      {func(c *app.Config) { c.PublicURL = "https://" }, "--public-url"},
		"public URL query":     {func(c *app.Config) { c.PublicURL = "https://a?b=c" }, "--public-url"},
		"production":           {production, ""},
		"production http":      {func(c *app.Config) { production(c); c.PublicURL = "http://crm.example.org" }, "--public-url"},
		"production no URL":    {func(c *app.Config) { production(c); c.PublicURL = "" }, "--public-url"},
		"clear postgres":       {func(c *app.Config) { production(c); c.Database.Database = "postgres://u@db/x" }, "sslmode"},
		"maybe clear postgres": {func(c *app.Config) { production(c); c.Database.Database = "postgres://u@db/x?sslmode=prefer" }, "sslmode"},
		"one clear of several": {func(c *app.Config) { production(c); c.Database.Database = "postgres://u@127.0.0.1,db:5433/x" }, "sslmode"},
		"host parameter":       {func(c *app.Config) { production(c); c.Database.Database = "postgresql:///x?host=db" }, "sslmode"},
		"encrypted postgres":   {func(c *app.Config) { production(c); c.Database.Database = "postgres://u@db/x?sslmode=verify-full" }, ""},
		"local postgres":       {func(c *app.Config) { production(c); c.Database.Database = "postgres://u@127.0.0.1:5432/x" }, ""},
		"local ipv6 postgres":  {func(c *app.Config) { production(c); c.Database.Database = "postgres://u@[::1]:5432/x" }, ""},
		"postgres by a socket": {func(c *app.Config) { production(c); c.Database.Database = "postgres:///x?host=/run/postgresql" }, ""},
	} {
		cfg := app.Config{Database: app.Database{Database: "sqlite:x.db"}, Listen: "127.0.0.1:8080", Mode: "development", RateLimitQuota: 1, RateLimitWindow: time.Second, SlowRequest: time.Second, ShutdownTimeout: time.Second, WebhookConcurrency: 1, EventRetention: time.Hour, DeliveryRetention: time.Hour}
		c.change(&cfg)
		err := cfg.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
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
		"defaults":              {func(*app.Config) {}, ""},
		"ipv6 loopback":         {func(c *app.Config) { c.Listen = "[::1]:0" }, ""},
		"localhost":             {func(c *app.Config) { c.Listen = "localhost:0" }, ""},
		"no port":               {func(c *app.Config) { c.Listen = "127.0.0.1" }, "--listen"},
		"everywhere":            {func(c *app.Config) { c.Listen = ":8080" }, "--listen"},
		"another address":       {func(c *app.Config) { c.Listen = "10.0.0.1:8080" }, "--listen"},
		"a host's name":         {func(c *app.Config) { c.Listen = "example.org:8080" }, "--listen"},
		"internal":              {func(c *app.Config) { c.InternalListen = "[::1]:9090" }, ""},
		"internal without port": {func(c *app.Config) { c.InternalListen = "127.0.0.1" }, "--internal-listen"},
		"internal everywhere":   {func(c *app.Config) { c.InternalListen = ":9090" }, "--internal-listen"},
		"internal elsewhere":    {func(c *app.Config) { c.InternalListen = "10.0.0.1:9090" }, "--internal-listen"},
		"internal production":   {func(c *app.Config) { production(c); c.InternalListen = "10.0.0.1:9090" }, ""},
		"no database":           {func(c *app.Config) { c.Database.Database = "" }, "--database"},
		"no path":               {func(c *app.Config) { c.Database.Database = "sqlite:" }, "--database"},
		"another engine":        {func(c *app.Config) { c.Database.Database = "mysql://root:secret@h/d" }, "--database"},
		"postgres":              {func(c *app.Config) { c.Database.Database = "postgres://u@db/x" }, ""},
		"certificate":           {func(c *app.Config) { c.TLSCert = "cert.pem" }, "--tls-key"},
		"proxies":               {func(c *app.Config) { c.TrustedProxies = []string{"10.0.0.0/8", "::1"} }, ""},
		"no proxy":              {func(c *app.Config) { c.TrustedProxies = []string{"proxy"} }, "--trusted-proxy"},
		"mail server":           {func(c *app.Config) { c.SMTPURL = "smtps://me:secret@mail.example.org" }, ""},
		"mail in the clear":     {func(c *app.Config) { c.SMTPURL = "smtp://me:secret@mail.example.org?tls=none" }, "--smtp-url"},
		"no mail server":        {func(c *app.Config) { c.SMTPURL = "mail.example.org:25" }, "--smtp-url"},
		"sender":                {func(c *app.Config) { c.MailFrom = "Shops <shops@example.org>" }, ""},
		"no sender":             {func(c *app.Config) { c.MailFrom = "shops" }, "--mail-from"},
		"quota":                 {func(c *app.Config) { c.RateLimitQuota = 0 }, "--rate-limit-quota"},
		"window":                {func(c *app.Config) { c.RateLimitWindow = time.Microsecond }, "--rate-limit-window"},
		"concurrency":           {func(c *app.Config) { c.ConcurrencyUpdate = -1 }, "--concurrency"},
		"slow":                  {func(c *app.Config) { c.SlowRequest = 0 }, "--slow-request"},
		"shutdown":              {func(c *app.Config) { c.ShutdownTimeout = -1 }, "--shutdown-timeout"},
		"no drain":              {func(c *app.Config) { c.ShutdownTimeout = 0 }, ""},
		"public URL":            {func(c *app.Config) { c.PublicURL = "http://localhost:8080/shop" }, ""},
		"public URL scheme":     {func(c *app.Config) { c.PublicURL = "ftp://localhost" }, "--public-url"},
		"public URL host":       {func(c *app.Config) { c.PublicURL = "https://" }, "--public-url"},
		"public URL query":      {func(c *app.Config) { c.PublicURL = "https://a?b=c" }, "--public-url"},
		"production":            {production, ""},
		"production http":       {func(c *app.Config) { production(c); c.PublicURL = "http://crm.example.org" }, "--public-url"},
		"production no URL":     {func(c *app.Config) { production(c); c.PublicURL = "" }, "--public-url"},
		"clear postgres":        {func(c *app.Config) { production(c); c.Database.Database = "postgres://u@db/x" }, "sslmode"},
		"maybe clear postgres":  {func(c *app.Config) { production(c); c.Database.Database = "postgres://u@db/x?sslmode=prefer" }, "sslmode"},
		"one clear of several":  {func(c *app.Config) { production(c); c.Database.Database = "postgres://u@127.0.0.1,db:5433/x" }, "sslmode"},
		"host parameter":        {func(c *app.Config) { production(c); c.Database.Database = "postgresql:///x?host=db" }, "sslmode"},
		"encrypted postgres":    {func(c *app.Config) { production(c); c.Database.Database = "postgres://u@db/x?sslmode=verify-full" }, ""},
		"local postgres":        {func(c *app.Config) { production(c); c.Database.Database = "postgres://u@127.0.0.1:5432/x" }, ""},
		"local ipv6 postgres":   {func(c *app.Config) { production(c); c.Database.Database = "postgres://u@[::1]:5432/x" }, ""},
		"postgres by a socket":  {func(c *app.Config) { production(c); c.Database.Database = "postgres:///x?host=/run/postgresql" }, ""},
		"DNS server":            {func(c *app.Config) { c.DNSServer = "192.0.2.53" }, ""},
		"DNS server's port":     {func(c *app.Config) { c.DNSServer = "[::1]:5353" }, ""},
		"IPv6 DNS server":       {func(c *app.Config) { c.DNSServer = "2001:db8::53" }, ""},
		"no DNS server":         {func(c *app.Config) { c.DNSServer = "tcp://dns" }, "--dns-server"},
		"no port of DNS":        {func(c *app.Config) { c.DNSServer = "192.0.2.53:99999" }, "--dns-server"},
		"a domain":              {func(c *app.Config) { c.StorefrontDomains = []string{"Shops.example."} }, ""},
		"no domain":             {func(c *app.Config) { c.StorefrontDomains = []string{"*.shops.example"} }, "--storefront-domain"},
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

// certificate returns one for names, good in 2027.
func certificate(t *testing.T, names ...string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: names,
		NotBefore: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC),
	}, &x509.Certificate{SerialNumber: big.NewInt(1)}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(text)
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

func TestDoubts(t *testing.T) {
	good := certificate(t, "crm.example.org", "*.shops.example")
	during := time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
	direct := func(c *app.Config) { c.TLSCert, c.TLSKey, c.Listen = "c", "k", "0.0.0.0:443" }
	proxied := func(c *app.Config) { c.TrustedProxies = []string{"10.0.0.0/8"} }
	for name, test := range map[string]struct {
		mode   string
		change func(*app.Config)
		leaf   *x509.Certificate
		now    time.Time
		want   []string // a part of each
	}{
		"development":     {"development", func(c *app.Config) { c.PublicURL = "" }, nil, during, nil},
		"a tunnel":        {"development", func(*app.Config) {}, nil, during, nil},
		"http by TLS":     {"development", func(c *app.Config) { direct(c); c.PublicURL = "http://localhost" }, good, during, []string{"--public-url is http"}},
		"direct":          {"production", direct, good, during, nil},
		"behind a proxy":  {"production", proxied, nil, during, nil},
		"nobody ends TLS": {"production", func(*app.Config) {}, nil, during, []string{"no certificate"}},
		"behind nobody":   {"production", func(c *app.Config) { direct(c); c.Listen = "127.0.0.1:443" }, good, during, []string{"--listen is on loopback"}},
		"this machine":    {"production", func(c *app.Config) { proxied(c); c.PublicURL = "https://localhost:8443" }, nil, during, []string{"this machine"}},
		"this machine's":  {"production", func(c *app.Config) { proxied(c); c.PublicURL = "https://127.0.0.1" }, nil, during, []string{"this machine"}},
		"all are proxies": {"production", func(c *app.Config) { c.TrustedProxies = []string{"10.0.0.0/8", "::/0"} }, nil, during, []string{"trusts everybody"}},
		"no domain": {"production", func(c *app.Config) {
			proxied(c)
			c.StorefrontDomains = []string{"shops.example", "Shops.example", "*.a.example", "b.example:443", "https://c.example"}
		}, nil, during, []string{"Shops.example", "*.a.example", "b.example:443", "https://c.example"}},
		"expired":            {"production", direct, good, during.AddDate(1, 0, 0), []string{"expired on 2028-01-01"}},
		"early":              {"development", func(c *app.Config) { direct(c); c.PublicURL = "" }, good, during.AddDate(-1, 0, 0), []string{"not valid before 2027-01-01"}},
		"another's":          {"production", func(c *app.Config) { direct(c); c.PublicURL = "https://www.example.org" }, good, during, []string{"not for www.example.org"}},
		"shops":              {"production", func(c *app.Config) { direct(c); c.StorefrontDomains = []string{"shops.example"} }, good, during, nil},
		"not for shops":      {"production", func(c *app.Config) { direct(c); c.StorefrontDomains = []string{"other.example"} }, good, during, []string{"store-abc123.other.example"}},
		"the proxy has them": {"production", func(c *app.Config) { direct(c); proxied(c); c.PublicURL = "https://www.example.org" }, good, during, nil},
	} {
		c := &app.Config{Mode: test.mode, Listen: "127.0.0.1:8080", PublicURL: "https://crm.example.org"}
		test.change(c)
		got := c.Doubts(test.leaf, test.now)
		ok := len(got) == len(test.want)
		for i := range got {
			ok = ok && strings.Contains(got[i], test.want[i]) && !strings.Contains(got[i], "\n")
		}
		if !ok {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"clientele/internal/intake"
	"clientele/internal/mail"
	"clientele/internal/secret"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Database names the database; every command takes it.
type Database struct {
	Database string `default:"sqlite:clientele-data/clientele.db" placeholder:"DSN" help:"Where data is kept: sqlite:PATH or postgres://user@host/name (default: ${default})."`
	// SecretKeyFile holds the keys that secrets are encrypted under.
	SecretKeyFile string `name:"secret-key-file" placeholder:"FILE" help:"Encrypt secrets of the database under the first key of this file: lines of 32 random bytes in base64, the newest first."`
}

// Config is the configuration of a server. Each field is a flag and an
// environment variable: --rate-limit-quota and CLIENTELE_RATE_LIMIT_QUOTA.
type Config struct {
	Database

	Listen         string `default:"127.0.0.1:8080" placeholder:"ADDR" help:"Address to listen on (default: ${default})."`
	InternalListen string `name:"internal-listen" placeholder:"ADDR" help:"Serve the management API (/stores/... and /api/v2), /metrics and health here, and at --listen neither API nor metrics (default: all at --listen)."`
	Mode           string `default:"development" enum:"development,production" placeholder:"MODE" help:"development: loopback only unless there is a control token, refusals are explained. production: strict, insecure settings are refused (default: ${default})."`
	ControlToken   string `name:"control-token" placeholder:"TOKEN" help:"In development mode, listen on any address, and ask for this token wherever tests control the server (/_clientele/v1) and at /_clientele/outbox."`
	NoJournal      bool   `name:"no-journal" help:"In development mode, keep no requests to look at: it takes some microseconds of each."`
	Magic          bool   `name:"magic" help:"In development mode, let email addresses ask for faults: jane+clientele-429@…, -500, -timeout, -lost, -locked, -bounce and -delay2s."`
	PublicURL      string `name:"public-url" placeholder:"URL" help:"The URL under which clients reach the server (default: the address it listens on)."`
	TLSCert        string `name:"tls-cert" placeholder:"FILE" help:"Serve https with this certificate and its chain (PEM)."`
	TLSKey         string `name:"tls-key" placeholder:"FILE" help:"The certificate's private key (PEM)."`
	Seed           string `placeholder:"FILE" help:"Apply this YAML seed file at start."`

	StorefrontDomains []string `name:"storefront-domain" placeholder:"NAME" help:"Stores also answer at store-{hash}.NAME and store-{hash}-{channel}.NAME, as they always do with localhost."`
	DNSServer         string   `name:"dns-server" placeholder:"ADDR" help:"The DNS server that is asked for the proofs of sites' hosts in production (default: the machine's own)."`
	TrustedProxies    []string `name:"trusted-proxy" placeholder:"CIDR" help:"Networks of proxies whose X-Forwarded-For, -Proto and -Host headers count."`

	SMTPURL  string `name:"smtp-url" placeholder:"URL" help:"The mail server: smtp://user:password@host:587 (STARTTLS is demanded; ?tls=none on this machine only) or smtps://host. Without one emails are kept: to be read at /_clientele/outbox in development, to be sent later in production."`
	MailFrom string `name:"mail-from" placeholder:"ADDRESS" help:"The sender of all emails; answers go to the store's own address (default: that one)."`

	RateLimitQuota    int64         `default:"1000000" placeholder:"N" help:"Requests that an API account may make in a window (default: ${default})."`
	RateLimitWindow   time.Duration `default:"30s" placeholder:"TIME" help:"Length of the rate-limit window (default: ${default})."`
	ConcurrencyCreate int           `default:"0" placeholder:"N" help:"Concurrent creates an API account may have running; the original allows 10 (default: ${default}, no cap)."`
	ConcurrencyUpdate int           `default:"0" placeholder:"N" help:"Concurrent updates an API account may have running; the original allows 3 (default: ${default}, no cap)."`

	WebhookConcurrency int           `default:"64" placeholder:"N" help:"Requests to webhooks that may be under way at once; to one host at most 16 (default: ${default})."`
	EventRetention     time.Duration `default:"168h" placeholder:"TIME" help:"How long events are kept, and can be sent to webhooks that were off (default: ${default})."`
	DeliveryRetention  time.Duration `default:"720h" placeholder:"TIME" help:"How long deliveries to webhooks are kept to look at and send again (default: ${default})."`
	WorkDir            string        `name:"work-dir" type:"path" placeholder:"DIR" help:"Where files of imports are kept as long as they are needed, with SQLite; PostgreSQL keeps them in the database (default: imports beside the database)."`
	HistoryRetention   time.Duration `default:"9600h" placeholder:"TIME" help:"How long entries of the history are kept; 0 keeps all (default: ${default}, 400 days)."`

	StorefrontTokenDeadlines string `default:"off" enum:"off,on,passed" placeholder:"WHEN" help:"Whether servers are held to the days on which the original ends their use of storefront tokens: off, on, or passed, as after the last one (default: ${default})."`

	LogFormat string `default:"text" enum:"text,json" placeholder:"FORMAT" help:"text or json (default: ${default})."`
	LogLevel  string `default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"debug logs every request; info logs failed and slow ones (default: ${default})."`

	SlowRequest     time.Duration `default:"1s" placeholder:"TIME" help:"From when on a request is logged as slow (default: ${default})."`
	ShutdownTimeout time.Duration `default:"15s" placeholder:"TIME" help:"How long running requests may take after SIGTERM (default: ${default})."`

	Panel `embed:""`

	// Bodies bounds how bodies of requests are read. It is no flag: tests make
	// it short.
	Bodies intake.Limits `kong:"-"`

	// Parts is no flag either.
	Parts Parts `kong:"-"`
}

// Production reports whether the server is in production mode.
func (c *Config) Production() bool { return c.Mode == "production" }

// Validate checks what can be checked before anything is opened. Its error is
// one line for a person.
func (c *Config) Validate() error {
	for _, a := range c.addresses() {
		_, port, err := net.SplitHostPort(a.value)
		if err != nil {
			return fmt.Errorf("%s %q: want host:port", a.flag, a.value)
		}
		if _, err := net.LookupPort("tcp", port); err != nil {
			return fmt.Errorf("%s %q: there is no port %q", a.flag, a.value, port)
		}
	}
	if err := c.Database.Validate(); err != nil {
		return err
	}
	if c.RateLimitQuota < 1 {
		return errors.New("--rate-limit-quota must be 1 or more")
	}
	if c.RateLimitWindow < time.Millisecond {
		return errors.New("--rate-limit-window must be 1ms or more")
	}
	if c.ConcurrencyCreate < 0 || c.ConcurrencyUpdate < 0 {
		return errors.New("--concurrency-create and --concurrency-update must not be negative")
	}
	if c.WebhookConcurrency < 1 {
		return errors.New("--webhook-concurrency must be 1 or more")
	}
	if c.EventRetention < time.Hour || c.DeliveryRetention < time.Hour {
		return errors.New("--event-retention and --delivery-retention must be 1h or more")
	}
	if c.HistoryRetention != 0 && c.HistoryRetention < time.Hour {
		return errors.New("--history-retention must be 1h or more, or 0 to keep all")
	}
	if c.ShutdownTimeout < 0 || c.SlowRequest <= 0 {
		return errors.New("--slow-request must be positive and --shutdown-timeout not negative")
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("--tls-cert and --tls-key go together")
	}
	if _, err := c.proxies(); err != nil {
		return err
	}
	if err := c.Panel.validate(c.Production()); err != nil {
		return err
	}
	for _, name := range c.StorefrontDomains {
		if store.HostName(name) == "" {
			return fmt.Errorf("--storefront-domain %q: want a domain's name", name)
		}
	}
	if _, err := c.resolver(); err != nil {
		return err
	}
	if c.SMTPURL != "" {
		if _, err := mail.ParseSMTP(c.SMTPURL); err != nil {
			return fmt.Errorf("--smtp-url: %w", err)
		}
	}
	if c.MailFrom != "" {
		if err := mail.CheckFrom(c.MailFrom); err != nil {
			return fmt.Errorf("--mail-from %w", err)
		}
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
			return fmt.Errorf("--public-url %q: want an http or https URL without query", c.PublicURL)
		}
	}
	if c.ControlToken != "" && c.Production() {
		return errors.New("--control-token is for development mode")
	}
	if c.ControlToken != "" && len(c.ControlToken) < minControlToken {
		return fmt.Errorf("--control-token has %d characters or more", minControlToken)
	}
	if c.Magic && c.Production() {
		return errors.New("--magic is for development mode")
	}
	if c.NoJournal && c.Production() {
		return errors.New("--no-journal is for development mode")
	}
	if !c.Production() && c.ControlToken == "" {
		for _, a := range c.addresses() {
			if host, _, err := net.SplitHostPort(a.value); err != nil || !loopback(host) {
				return fmt.Errorf("%s %s: development mode listens on loopback only; use 127.0.0.1, --control-token or --mode production", a.flag, a.value)
			}
		}
	}
	if !c.Production() {
		return nil
	}
	if !strings.HasPrefix(c.PublicURL, "https://") {
		return errors.New("--public-url must be an https URL in production mode")
	}
	if insecurePostgres(c.Database.Database) {
		return errors.New("--database: in production a PostgreSQL server on another host needs sslmode=require or stricter")
	}
	return nil
}

// minControlToken is how long a control token is at least.
const minControlToken = 8

type address struct{ flag, value string }

// addresses are those to listen on.
func (c *Config) addresses() []address {
	out := []address{{"--listen", c.Listen}}
	if c.InternalListen != "" {
		out = append(out, address{"--internal-listen", c.InternalListen})
	}
	if c.ManageListen != "" {
		out = append(out, address{"--manage-listen", c.ManageListen})
	}
	return out
}

// proxies returns the networks of trusted proxies.
func (c *Config) proxies() ([]netip.Prefix, error) {
	return networks("--trusted-proxy", c.TrustedProxies)
}

// networks reads the networks of a flag.
func networks(flag string, texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if ip, ipErr := netip.ParseAddr(text); ipErr == nil {
			p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s %q: want an address or a network such as 10.0.0.0/8", flag, text)
		}
		out = append(out, p)
	}
	return out, nil
}

// certificate returns how https is served, or nil.
func (c *Config) certificate() (*tls.Config, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("--tls-cert: %w", err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

// resolver returns what asks DNS.
func (c *Config) resolver() (store.Resolver, error) {
	if c.DNSServer == "" {
		return &net.Resolver{PreferGo: true}, nil
	}
	server := c.DNSServer
	if _, _, err := net.SplitHostPort(server); err != nil {
		server = net.JoinHostPort(strings.Trim(server, "[]"), "53")
	}
	host, port, err := net.SplitHostPort(server)
	if err != nil || store.HostName(host) == "" {
		return nil, fmt.Errorf("--dns-server %q: want an address, with a port if it is not 53", c.DNSServer)
	}
	if _, err := net.LookupPort("udp", port); err != nil {
		return nil, fmt.Errorf("--dns-server %q: there is no port %q", c.DNSServer, port)
	}
	var dialer net.Dialer
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, server)
	}}, nil
}

// hostRules returns how claims of hosts are judged, but for the service's own
// host.
func (c *Config) hostRules() store.HostRules {
	return store.HostRules{Production: c.Production(), Domains: c.StorefrontDomains}
}

// mail returns how emails are sent.
func (c *Config) mail(hosts *store.Hosts, log *slog.Logger) (mail.Options, error) {
	o := mail.Options{Keep: !c.Production(), From: c.MailFrom, LinkTo: hosts.LinkTo, LeadsElsewhere: hosts.LeadsElsewhere, Log: log}
	if c.SMTPURL != "" {
		server, err := mail.ParseSMTP(c.SMTPURL)
		if err != nil {
			return o, err
		}
		o.Sender = server
	}
	return o, nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Validate checks the name of the database.
func (d Database) Validate() error {
	if err := sqldb.CheckDSN(d.Database); err != nil {
		return fmt.Errorf("--database: %w", err)
	}
	return nil
}

// keys returns the keys that secrets are encrypted under, or nil.
func (d Database) keys() (*secret.Keys, error) {
	if d.SecretKeyFile == "" {
		return nil, nil
	}
	text, err := os.ReadFile(d.SecretKeyFile)
	if err != nil {
		return nil, &ConfigError{fmt.Errorf("--secret-key-file: %w", err)}
	}
	keys, err := secret.Parse(text)
	if err != nil {
		return nil, &ConfigError{fmt.Errorf("--secret-key-file %s: %w", d.SecretKeyFile, err)}
	}
	return keys, nil
}

// checkSecrets makes sure that the keys are those that the database needs, so
// that nobody learns of a missing one by a request that fails.
func (d Database) checkSecrets(ctx context.Context, db *sqldb.DB) error {
	err := db.CheckSecrets(ctx)
	var unknown *secret.UnknownKeyError
	switch {
	case !errors.As(err, &unknown):
		return err
	case d.SecretKeyFile == "":
		return &ConfigError{fmt.Errorf("the database holds secrets encrypted under the key %s: set --secret-key-file", unknown.ID)}
	}
	return &ConfigError{fmt.Errorf("--secret-key-file %s: the database holds secrets encrypted under the key %s, which is not in the file", d.SecretKeyFile, unknown.ID)}
}

// insecurePostgres reports whether a connection could cross a network in the
// clear.
func insecurePostgres(dsn string) bool {
	u, err := url.Parse(dsn)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return false
	}
	hosts := strings.Split(u.Host, ",")
	if h := u.Query().Get("host"); h != "" {
		hosts = strings.Split(h, ",")
	}
	switch u.Query().Get("sslmode") {
	case "require", "verify-ca", "verify-full":
		return false
	}
	for _, h := range hosts {
		if name, _, err := net.SplitHostPort(h); err == nil {
			h = name
		}
		if h != "" && !strings.HasPrefix(h, "/") && !loopback(strings.Trim(h, "[]")) {
			return true
		}
	}
	return false
}

// Package app puts the parts together: what to open in which order, what to
// start, and how to stop. The command line and the end-to-end tests use it.
package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"clientele/internal/auth"
	"clientele/internal/channel"
	"clientele/internal/customer"
	"clientele/internal/group"
	"clientele/internal/instrument"
	"clientele/internal/metafield"
	"clientele/internal/rest"
	v2 "clientele/internal/rest/v2"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/seed"
	"clientele/internal/segment"
	"clientele/internal/setting"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/system"
	"clientele/internal/tax"
	"clientele/internal/visit"
	"clientele/internal/webhook"
)

// Core is the database and the services over it, which every command uses.
type Core struct {
	DB          *sqldb.DB
	System      *system.System
	Stores      *store.Service
	Accounts    *auth.Accounts
	Passwords   *auth.Passwords
	Customers   *customer.Service
	Subscribers *subscriber.Service
	Segments    *segment.Service
	Metafields  *metafield.Service
	Settings    *setting.Service
	Instruments *instrument.Service
	Taxes       *tax.Service
	Channels    *channel.Service
	Groups      *group.Service
}

// Open opens the database, brings its schema up to date and makes the
// services.
func Open(ctx context.Context, dsn string, sys *system.System, log *slog.Logger) (*Core, error) {
	db, err := sqldb.Open(ctx, dsn, sqldb.Options{Log: log})
	if err != nil {
		return nil, err
	}
	n, err := db.Migrate(ctx, sys.Now())
	if err != nil {
		db.Close()
		return nil, err
	}
	if n > 0 {
		log.Info("database schema brought up to date", "migrations", n)
	}
	return newCore(db, sys), nil
}

func newCore(db *sqldb.DB, sys *system.System) *Core {
	passwords := auth.NewPasswords(sys)
	return &Core{
		DB: db, System: sys,
		Stores:      store.NewService(db, sys),
		Accounts:    auth.NewAccounts(db, sys),
		Passwords:   passwords,
		Customers:   customer.NewService(db, sys, passwords),
		Subscribers: subscriber.NewService(db, sys),
		Segments:    segment.NewService(db, sys),
		Metafields:  metafield.NewService(db, sys),
		Settings:    setting.NewService(db, sys),
		Instruments: instrument.NewService(db, sys),
		Taxes:       tax.NewService(db),
		Channels:    channel.NewService(db, sys),
		Groups:      group.NewService(db, sys),
	}
}

// OpenExisting is Open for commands that look after a database: it neither
// makes one nor changes the schema of one.
func OpenExisting(ctx context.Context, dsn string, sys *system.System, log *slog.Logger) (*Core, error) {
	db, err := sqldb.Open(ctx, dsn, sqldb.Options{Log: log, MustExist: true})
	if err != nil {
		return nil, err
	}
	if err := db.CheckSchema(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("%w: see clientele migrate", err)
	}
	return newCore(db, sys), nil
}

// ReadSeed reads a seed file.
func ReadSeed(file string) (*seed.Document, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	doc, err := seed.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return doc, nil
}

// Seed applies a seed file's document. strict refuses credentials that could
// be guessed.
func (c *Core) Seed(ctx context.Context, doc *seed.Document, strict bool) (seed.Result, error) {
	a := &seed.Applier{DB: c.DB, System: c.System, Stores: c.Stores, Customers: c.Customers, Passwords: c.Passwords, Strict: strict}
	res, err := a.Apply(ctx, doc)
	if err != nil {
		return res, fmt.Errorf("seed: %w", err)
	}
	return res, nil
}

// Server is a running server.
type Server struct {
	*Core
	Webhooks *webhook.Service
	// Deliveries sends events to webhooks.
	Deliveries *webhook.Dispatcher
	// URL is the address under which clients reach it, without a slash at the end.
	URL string
	cfg *Config
	// proxies are those that are trusted.
	proxies []netip.Prefix
	log     *slog.Logger
	http    *http.Server
	listen  net.Listener
	failed  chan error
}

// Start opens everything and starts to serve. Greeting for a person goes to
// out.
func Start(ctx context.Context, cfg *Config, sys *system.System, log *slog.Logger, out io.Writer) (_ *Server, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, &ConfigError{err}
	}
	proxies, err := cfg.proxies()
	if err != nil {
		return nil, &ConfigError{err}
	}
	var doc *seed.Document
	if cfg.Seed != "" {
		if doc, err = ReadSeed(cfg.Seed); err != nil {
			return nil, err
		}
	}
	core, err := Open(ctx, cfg.Database.Database, sys, log)
	if err != nil {
		return nil, err
	}
	s := &Server{Core: core, cfg: cfg, proxies: proxies, log: log, failed: make(chan error, 1)}
	s.Webhooks = webhook.NewService(core.DB, sys, webhook.Rules{Production: cfg.Production()})
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if doc != nil {
		res, err := core.Seed(ctx, doc, cfg.Production())
		if err != nil {
			return nil, err
		}
		log.Info("seed file applied", "file", cfg.Seed, "stores_created", res.Stores, "customers_created", res.Customers)
	}
	var secure *tls.Config
	scheme := "http://"
	if cfg.TLSCert != "" {
		cert, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
		if err != nil {
			return nil, &ConfigError{fmt.Errorf("--tls-cert: %w", err)}
		}
		secure, scheme = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, "https://"
	}
	if s.listen, err = net.Listen("tcp", cfg.Listen); err != nil {
		return nil, err
	}
	s.URL = strings.TrimRight(cfg.PublicURL, "/")
	if s.URL == "" {
		s.URL = scheme + s.listen.Addr().String()
	}
	if err := s.greet(ctx, out); err != nil {
		return nil, err
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.Deliveries = s.dispatcher(reg)
	s.Deliveries.Start(ctx)
	s.http = &http.Server{
		Handler:           s.handler(reg),
		TLSConfig:         secure,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		WriteTimeout:      120 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    128 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	go func() {
		if secure != nil {
			s.failed <- s.http.ServeTLS(s.listen, "", "")
			return
		}
		s.failed <- s.http.Serve(s.listen)
	}()
	log.Info("listening", "address", s.listen.Addr().String(), "engine", core.DB.Engine(), "mode", cfg.Mode)
	return s, nil
}

// ConfigError is a setting that cannot be used.
type ConfigError struct{ Err error }

// Error implements error.
func (e *ConfigError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *ConfigError) Unwrap() error { return e.Err }

// Run serves until ctx ends or serving fails, then drains requests.
func (s *Server) Run(ctx context.Context) error {
	select {
	case err := <-s.failed:
		return err
	case <-ctx.Done():
	}
	s.log.Info("stopping: waiting for running requests", "timeout", s.cfg.ShutdownTimeout)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.ShutdownTimeout)
	defer cancel()
	err := s.http.Shutdown(drain)
	if late := s.Deliveries.Stop(drain); late != nil {
		s.log.Warn("some webhook deliveries were cut off at the shutdown timeout; they will be made again")
	}
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("some requests were cut off at the shutdown timeout")
		return s.http.Close()
	}
	return err
}

// Close stops serving at once and closes the database.
func (s *Server) Close() {
	if s.http != nil {
		if err := s.http.Close(); err != nil {
			s.log.Debug("close server", "error", err)
		}
	} else if s.listen != nil {
		if err := s.listen.Close(); err != nil {
			s.log.Debug("close listener", "error", err)
		}
	}
	if s.Deliveries != nil {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		// What is cut off is sent again by others, or after the next start.
		_ = s.Deliveries.Stop(now)
	}
	s.DB.Close()
}

// dispatcher returns what sends events to webhooks. Whom it should tell of
// those that it switches off is its Notifier.
func (s *Server) dispatcher(reg prometheus.Registerer) *webhook.Dispatcher {
	rules := webhook.Rules{Production: s.cfg.Production()}
	transport := rules.Transport(rules.Dialer())
	transport.MaxIdleConnsPerHost = transport.MaxConnsPerHost
	metrics := webhook.NewMetrics(reg)
	return webhook.NewDispatcher(s.DB, s.System, webhook.Options{
		Transport: transport, Concurrency: s.cfg.WebhookConcurrency,
		EventRetention: s.cfg.EventRetention, DeliveryRetention: s.cfg.DeliveryRetention,
		Metrics: metrics, Log: s.log,
	})
}

func (s *Server) handler(reg *prometheus.Registry) http.Handler {
	hosts := store.NewHosts(s.DB, time.Now, s.cfg.StorefrontDomains...)
	visits := visit.New(visit.Config{System: s.System, Hosts: hosts, Log: s.log, Proxies: s.proxies, Reasons: !s.cfg.Production()})
	server := rest.NewServer(rest.Config{
		System: s.System,
		Tokens: auth.NewCache(s.Accounts, time.Now),
		Limits: rest.Limits{
			Quota: s.cfg.RateLimitQuota, Window: s.cfg.RateLimitWindow,
			Creating: s.cfg.ConcurrencyCreate, Updating: s.cfg.ConcurrencyUpdate,
		},
		Hosts: hosts, Peer: visits.Peer,
		Log: s.log, Metrics: rest.NewMetrics(reg), Reasons: !s.cfg.Production(), Slow: s.cfg.SlowRequest,
	}, v3.New(v3.Services{
		Customers: s.Customers, Subscribers: s.Subscribers, Segments: s.Segments, Metafields: s.Metafields,
		Settings: s.Settings, Instruments: s.Instruments, Taxes: s.Taxes, Channels: s.Channels, Webhooks: s.Webhooks,
	}),
		v2.New(v2.Services{Customers: s.Customers, Groups: s.Groups, Stores: s.Stores, Webhooks: s.Webhooks}, s.System, s.cfg.PublicURL))
	s.mountService(server.Router(), reg)
	return server
}

// Package app puts the parts together: what to open in which order, what to
// start, and how to stop. The command line and the end-to-end tests use it.
package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"clientele/api"
	"clientele/internal/account"
	"clientele/internal/auth"
	"clientele/internal/bulk"
	"clientele/internal/catalog"
	"clientele/internal/channel"
	"clientele/internal/company"
	"clientele/internal/credit"
	"clientele/internal/customer"
	"clientele/internal/desk"
	"clientele/internal/devtools"
	"clientele/internal/duplicate"
	"clientele/internal/entitlement"
	"clientele/internal/export"
	"clientele/internal/figure"
	"clientele/internal/form"
	"clientele/internal/graphql"
	"clientele/internal/group"
	"clientele/internal/history"
	"clientele/internal/idempotency"
	"clientele/internal/instrument"
	"clientele/internal/intake"
	"clientele/internal/jobs"
	"clientele/internal/limit"
	"clientele/internal/mail"
	"clientele/internal/merge"
	"clientele/internal/metafield"
	"clientele/internal/mirror"
	"clientele/internal/order"
	"clientele/internal/pace"
	"clientele/internal/pages"
	"clientele/internal/panel"
	"clientele/internal/password"
	"clientele/internal/person"
	"clientele/internal/process"
	"clientele/internal/recaptcha"
	"clientele/internal/rekey"
	"clientele/internal/rest"
	"clientele/internal/rest/storefront"
	v2 "clientele/internal/rest/v2"
	v3 "clientele/internal/rest/v3"
	"clientele/internal/rest/v3/clientele"
	"clientele/internal/seed"
	"clientele/internal/segment"
	"clientele/internal/serve"
	"clientele/internal/setting"
	"clientele/internal/sqldb"
	"clientele/internal/sso"
	"clientele/internal/staff"
	"clientele/internal/state"
	"clientele/internal/store"
	"clientele/internal/storekey"
	"clientele/internal/subscriber"
	"clientele/internal/system"
	"clientele/internal/tax"
	"clientele/internal/total"
	"clientele/internal/transfer"
	"clientele/internal/transfer/bundle"
	"clientele/internal/upstream"
	"clientele/internal/visit"
	"clientele/internal/webhook"
	"clientele/internal/wishlist"
)

// Core is the database and the services over it, which every command uses.
type Core struct {
	DB          *sqldb.DB
	System      *system.System
	Pace        *pace.Pace // nil on PostgreSQL
	Stores      *store.Service
	APIAccounts *auth.APIAccounts
	Tokens      *auth.StorefrontTokens
	Passwords   *password.Hasher
	Customers   *customer.Service
	Forms       *form.Service
	Subscribers *subscriber.Service
	Segments    *segment.Service
	Rules       *segment.Keeper
	Figures     *figure.Service
	Metafields  *metafield.Service
	Settings    *setting.Service
	Instruments *instrument.Service
	Taxes       *tax.Service
	Channels    *channel.Service
	Groups      *group.Service
	Mail        *mail.Service
	Wishlists   *wishlist.Service
	Products    *catalog.Service
	Orders      *order.Service
	SSO         *sso.Service
	Shoppers    *account.Service
	Robots      recaptcha.Robots
	Companies   *company.Service
	Keys        *storekey.Service
	Credit      *credit.Service
	History     *history.Service
	Persons     *person.Service
	Staff       *staff.Service
	Desk        *desk.Service
	Transfer    *transfer.Service
	Bundles     *bundle.Service
	Exports     *export.Service
	Bulk        *bulk.Service
	Mirror      *mirror.Service
	Merges      *merge.Service
	Duplicates  *duplicate.Service
	// Entitlements tell what is kept by Customers, Groups and others.
	Entitlements *entitlement.Service
}

// Open opens the database, brings its schema up to date and makes the
// services.
func Open(ctx context.Context, d Database, sys *system.System, log *slog.Logger) (*Core, error) {
	return open(ctx, d, sys, log, Parts{})
}

func open(ctx context.Context, d Database, sys *system.System, log *slog.Logger, parts Parts) (*Core, error) {
	keys, err := d.keys()
	if err != nil {
		return nil, err
	}
	db, err := sqldb.Open(ctx, d.Database, sqldb.Options{System: sys, Secrets: keys, Log: log})
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
	if err := d.checkSecrets(ctx, db); err != nil {
		db.Close()
		return nil, err
	}
	if err := store.NameHosts(ctx, db); err != nil {
		db.Close()
		return nil, err
	}
	return New(db, sys, parts), nil
}

// Parts are what tests replace. The zero value is the program as it is.
type Parts struct {
	Passwords password.Options
	// Mail takes emails to shoppers; nil: they are queued, to be sent.
	Mail account.Mailer
	// Robots tells persons from programs; nil: reCAPTCHA does.
	Robots recaptcha.Robots
	// GraphQL bounds what is under way at once.
	GraphQL graphql.Limits
	// Clock is that of the server's System, for development mode to move; nil: it
	// cannot be moved.
	Clock *system.Movable
}

// New makes the services over a database that has the schema.
func New(db *sqldb.DB, sys *system.System, parts Parts) *Core {
	passwords := password.NewWith(sys, parts.Passwords)
	stores, customers := store.NewService(db, sys), customer.NewService(db, sys, passwords)
	c := &Core{
		DB: db, System: sys,
		Stores:      stores,
		APIAccounts: auth.NewAPIAccounts(db, sys),
		Tokens:      auth.NewStorefrontTokens(db, sys),
		Passwords:   passwords,
		Customers:   customers,
		Forms:       form.NewService(db, sys),
		Subscribers: subscriber.NewService(db, sys),
		Segments:    segment.NewService(db, sys),
		Metafields:  metafield.NewService(db, sys),
		Settings:    setting.NewService(db, sys),
		Instruments: instrument.NewService(db, sys),
		Taxes:       tax.NewService(db, sys),
		Channels:    channel.NewService(db, sys),
		Groups:      group.NewService(db, sys, customers),
		Wishlists:   wishlist.NewService(db, sys),
		Products:    catalog.NewService(db),
		Orders:      order.NewService(db),

		Entitlements: entitlement.NewService(db),
		Companies:    company.NewService(db, sys, customers),
		Keys:         storekey.NewService(db, sys),
		Credit:       credit.NewService(db, sys, stores, customer.Balances{}),
		History:      history.NewService(db),
	}
	zone := func(ctx context.Context, storeID int64) (*time.Location, error) {
		st, err := stores.Settings(ctx, storeID)
		if err != nil {
			return nil, err
		}
		return st.Location(), nil
	}
	if db.Engine() == sqldb.SQLite {
		// PostgreSQL works in processes of its own, beside which requests wait no less
		// where the work comes in small pieces.
		c.Pace = pace.New(sys)
	}
	c.Rules = segment.NewKeeper(db, sys, customers, zone, c.Pace)
	c.Figures = figure.NewService(db, sys, zone, stores.IDs, map[figure.Kind]figure.Source{
		figure.NewCustomers: customer.CreatedBetween, figure.SignIns: customer.SignedInBetween,
		figure.NewSubscribers: subscriber.SubscribedBetween, figure.LostSubscribers: subscriber.EndedBetween,
		figure.SubscribersOfStorefront: subscriber.CameBetween(subscriber.FromStorefront), figure.SubscribersOfOrders: subscriber.CameBetween(subscriber.FromOrder),
		figure.SubscribersOfApps: subscriber.CameBetween(subscriber.FromCustom),
	})
	if parts.Mail == nil {
		parts.Mail = mailer{c}
	}
	if c.Robots = parts.Robots; c.Robots == nil {
		c.Robots = recaptcha.New()
	}
	c.Shoppers = account.NewService(account.Config{DB: db, System: sys, Stores: stores, Customers: customers, Forms: c.Forms, Passwords: passwords, Mail: parts.Mail})
	c.SSO = sso.NewService(db, sys, stores, c.Shoppers)
	c.Persons = person.NewService(person.Config{
		DB: db, System: sys, Keys: c.Keys, Parts: c.personal(), Suppress: subscriber.Suppress, After: c.Customers.FoldSearch,
		Files: func(ctx context.Context, storeID int64) error {
			return errors.Join(c.Transfer.DropFiles(ctx, storeID), c.Exports.DropEnded(ctx, storeID))
		},
	})
	c.Desk = desk.NewService(db, sys)
	c.Transfer = transfer.NewService(db, sys, customers, c.Keys)
	c.Bundles = c.bundles()
	c.Exports = export.NewService(db, sys, c.Bundles)
	c.Exports.FindBy(c.Rules)
	c.Bulk = bulk.NewService(bulk.Config{DB: db, System: sys, Customers: customers, Segments: c.Segments, Rules: c.Rules, Accounts: c.Shoppers, Subscribers: c.Subscribers})
	c.Mirror = mirror.NewService(db, sys, stores, customers, c.Segments)
	c.Duplicates = duplicate.NewService(db, sys)
	c.Merges = merge.NewService(merge.Config{DB: db, System: sys, Stores: stores, Customers: customers, Credit: c.Credit, Parts: owns()})
	c.Staff = staff.NewService(staff.Config{DB: db, System: sys, Stores: stores, Passwords: passwords, Mail: invitations{c}})
	c.sendWith(mail.Options{})
	return c
}

// sendWith sets how emails are sent; without it they wait in the database.
func (c *Core) sendWith(o mail.Options) {
	o.Bounced = func(tx *sqldb.Tx, address, reason string, now int64) error {
		_, err := subscriber.BounceTx(tx, subscriber.Report{Email: address, Kind: subscriber.HardBounce, Reason: reason}, subscriber.Origin{Via: subscriber.ViaMailServer}, now)
		return err
	}
	c.Mail = mail.NewService(c.DB, c.System, o)
}

// OpenExisting is Open for commands that need an existing database. It does not
// create a database and does not migrate one.
func OpenExisting(ctx context.Context, d Database, sys *system.System, log *slog.Logger) (*Core, error) {
	keys, err := d.keys()
	if err != nil {
		return nil, err
	}
	db, err := sqldb.Open(ctx, d.Database, sqldb.Options{System: sys, Secrets: keys, Log: log, MustExist: true})
	if err != nil {
		return nil, err
	}
	if err := db.CheckSchema(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("%w: see clientele migrate", err)
	}
	if err := d.checkSecrets(ctx, db); err != nil {
		db.Close()
		return nil, err
	}
	return New(db, sys, Parts{}), nil
}

// OpenSecrets is OpenExisting for looking at secrets, whose keys may be missing.
func OpenSecrets(ctx context.Context, d Database) (*sqldb.DB, error) {
	if err := d.Validate(); err != nil {
		return nil, &ConfigError{err}
	}
	keys, err := d.keys()
	if err != nil {
		return nil, err
	}
	db, err := sqldb.Open(ctx, d.Database, sqldb.Options{Secrets: keys, MustExist: true})
	if err != nil {
		return nil, err
	}
	if err := db.CheckSchema(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("%w: see clientele migrate", err)
	}
	return db, nil
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
	doc.File = file
	return doc, nil
}

// Seed applies a seed file's document. strict refuses credentials that could
// be guessed.
func (c *Core) Seed(ctx context.Context, doc *seed.Document, strict bool) (seed.Result, error) {
	return c.seed(ctx, doc, strict, nil)
}

// Applier returns what Seed applies documents with.
func (c *Core) Applier(strict bool) *seed.Applier {
	return &seed.Applier{DB: c.DB, System: c.System, Stores: c.Stores, Customers: c.Customers, Passwords: c.Passwords, Strict: strict}
}

// seed is Seed that calls skip for a store that refuses its part of the file,
// and goes on with the others.
func (c *Core) seed(ctx context.Context, doc *seed.Document, strict bool, skip func(storeHash string, err error)) (seed.Result, error) {
	a := c.Applier(strict)
	a.Skip = skip
	res, err := a.Apply(ctx, doc)
	if err != nil {
		return res, fmt.Errorf("%s: %w", cmp.Or(doc.File, "seed"), err)
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
	// Hosts tells which storefronts host names stand for.
	Hosts *store.Hosts
	// Visits opens visits to storefronts.
	Visits *visit.Visits
	// Jobs does what is to be done after a commit.
	Jobs *jobs.Runner
	// Metrics is what /metrics shows.
	Metrics *prometheus.Registry
	cfg     *Config
	// proxies are those that are trusted.
	proxies []netip.Prefix
	log     *slog.Logger
	// dev is what development mode has besides.
	dev *development
	// attempts are at jobs, for who controls the server in development mode.
	attempts tally
	// pipe takes each request, at any door, to its answer and the log.
	pipe *serve.Pipeline
	// State replaces what stores hold, in development mode; or nil.
	State  *state.Service
	public *door
	// internal is where the management API and the metrics are, if they are not
	// at the public door; or nil. Management is their URL.
	internal   *door
	management string
	// panel is the control panel; nil: there is none.
	panel *panel.Panel
	// manage is where the control panel is, if it is not at the public door.
	manage *door
	failed chan error
	// writes knows whether the database takes writes, until forgo, which also
	// ends the eraser.
	writes *writable
	// Processes knows which processes use the database.
	Processes  *process.Service
	forgo      context.CancelFunc
	background sync.WaitGroup
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
	secure, err := cfg.certificate()
	if err != nil {
		return nil, &ConfigError{err}
	}
	s := &Server{cfg: cfg, proxies: proxies, log: log, failed: make(chan error, 3)}
	// Before the database is touched: a second start by mistake changes nothing.
	if err := s.listen(); err != nil {
		return nil, err
	}
	core, err := open(ctx, cfg.Database, sys, log, cfg.Parts)
	if err != nil {
		s.closeDoors()
		return nil, err
	}
	doors := s
	s = newServer(core, cfg, proxies, log)
	s.public, s.internal, s.manage = doors.public, doors.internal, doors.manage
	trying, forgo := context.WithCancel(context.WithoutCancel(ctx))
	s.forgo = forgo
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if err := s.applySeed(ctx, doc); err != nil {
		return nil, err
	}
	s.doubt(secure)
	s.name(secure != nil)
	s.Hosts = s.newHosts()
	if err := s.settleHosts(ctx); err != nil {
		return nil, err
	}
	if err := s.greet(ctx, doc, out); err != nil {
		return nil, err
	}
	tried := make(chan struct{})
	go func() {
		defer close(tried)
		s.writes.try(trying) // so that /readyz has an answer from the first request on
	}()
	answers, err := s.assemble()
	<-tried
	if err != nil {
		return nil, err
	}
	s.public.open(answers.public, secure, log, s.failed)
	if s.internal != nil {
		s.internal.open(answers.internal, secure, log, s.failed)
	}
	if s.manage != nil {
		s.manage.open(answers.manage, secure, log, s.failed)
	}
	s.startWork(ctx, trying)
	log.Info("listening", "address", s.public.address(), "engine", core.DB.Engine(), "mode", cfg.Mode)
	if s.internal != nil {
		log.Info("listening for management and metrics", "address", s.internal.address())
	}
	if s.manage != nil {
		log.Info("listening for the control panel", "address", s.manage.address())
	}
	return s, nil
}

// applySeed applies a seed file, if there is one. In production a store that has
// changed since is left as it is.
func (s *Server) applySeed(ctx context.Context, doc *seed.Document) error {
	if doc == nil {
		return nil
	}
	var skip func(string, error)
	if s.cfg.Production() {
		skip = func(hash string, err error) {
			s.log.Error("the seed file is not applied to a store: it has changed since", "file", s.cfg.Seed, "store", hash, "error", err)
		}
	}
	res, err := s.seed(ctx, doc, s.cfg.Production(), skip)
	if err == nil {
		s.log.Info("seed file applied", "file", s.cfg.Seed, "stores_created", res.Stores, "customers_created", res.Customers)
	}
	return err
}

// doubt warns of what can be done and is hardly meant.
func (s *Server) doubt(secure *tls.Config) {
	doubts := s.cfg.doubts()
	if secure != nil {
		doubts = append(doubts, s.cfg.certificateDoubts(secure.Certificates[0].Leaf, s.System.Clock())...)
	}
	for _, d := range doubts {
		s.log.Warn(d)
	}
	if s.cfg.Production() && s.cfg.SecretKeyFile == "" {
		s.log.Warn("secrets in the database, such as client secrets and keys that sign, are not encrypted: set --secret-key-file")
	}
}

// name tells at which URLs the server is reached.
func (s *Server) name(secure bool) {
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	s.URL = cmp.Or(strings.TrimRight(s.cfg.PublicURL, "/"), scheme+s.public.opened())
	s.management = s.URL
	if s.internal != nil {
		s.management = scheme + s.internal.opened()
	}
}

// startWork starts what is done beside requests; Close and Run end it.
func (s *Server) startWork(ctx, trying context.Context) {
	s.background.Go(func() { s.writes.run(trying) })
	s.background.Go(func() { s.Processes.Run(trying) })
	eraser := newEraser(s.DB, s.System, s.log)
	context.AfterFunc(trying, s.DB.Listen(sqldb.Erased, eraser.heard))
	s.background.Go(func() { eraser.run(trying) })
	if s.State != nil {
		s.background.Go(func() { s.State.Run(trying) })
	}
	s.Jobs.Start(ctx)
	s.Deliveries.Start(ctx)
}

// Assemble makes a server that neither listens nor works by itself, and what it
// answers with at its doors, which are one unless cfg.InternalListen says
// otherwise: for tests and others that bring their own listener. The store's address is cfg.PublicURL. Closing it leaves the
// database open, which is the caller's.
func Assemble(ctx context.Context, core *Core, cfg *Config, log *slog.Logger) (_ *Server, public, management http.Handler, err error) {
	proxies, err := cfg.proxies()
	if err != nil {
		return nil, nil, nil, &ConfigError{err}
	}
	s := newServer(core, cfg, proxies, log)
	s.URL = strings.TrimRight(cfg.PublicURL, "/")
	s.management = s.URL
	s.Hosts = s.newHosts()
	if err := s.settleHosts(ctx); err != nil {
		return nil, nil, nil, err
	}
	answers, err := s.assemble()
	public, management = answers.public, answers.internal
	if management == nil {
		management = public
	}
	return s, public, management, err
}

func newServer(core *Core, cfg *Config, proxies []netip.Prefix, log *slog.Logger) *Server {
	s := &Server{Core: core, cfg: cfg, proxies: proxies, log: log, failed: make(chan error, 3)}
	if !cfg.Production() {
		s.dev = newDevelopment(core.System, cfg)
	}
	s.setStaffRules()
	s.judgeHosts(cfg.hostRules())
	s.writes = newWritable(core.DB, core.System, log)
	s.Processes = process.New(core.DB, core.System, log, api.Version())
	s.Webhooks = webhook.NewService(core.DB, core.System, webhook.Rules{Production: cfg.Production()})
	return s
}

// answers are what a server answers with, at each of its doors; nil: it has no
// such door.
type answers struct{ public, internal, manage http.Handler }

// assemble makes what the server does and what it answers with.
func (s *Server) assemble() (answers, error) {
	reg := prometheus.NewRegistry()
	s.Metrics = reg
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	measureStatements(reg, s.DB)
	if err := s.work(reg); err != nil {
		return answers{}, err
	}
	return s.handlers(reg)
}

// ConfigError is the error of a flag or setting with an unusable value.
type ConfigError struct{ Err error }

// Error implements error.
func (e *ConfigError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *ConfigError) Unwrap() error { return e.Err }

// work sets up what the server does besides answering requests: email, jobs and
// deliveries to webhooks.
func (s *Server) work(reg prometheus.Registerer) error {
	o, err := s.cfg.mail(s.Hosts, s.log)
	if err != nil {
		return err
	}
	s.dev.refuseMail(&o)
	s.sendWith(o)
	if o.Sender == nil && !o.Keep {
		s.log.Warn("emails are not sent but queued for up to three days: set --smtp-url")
	}
	done := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "clientele_jobs_total", Help: "Attempts at jobs, by what came of them."}, []string{"kind", "outcome"})
	took := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "clientele_jobs_seconds_total", Help: "Time spent on jobs."}, []string{"kind"})
	reg.MustRegister(done, took)
	s.Jobs = jobs.NewRunner(s.DB, s.System, jobs.Options{Log: s.log, Observe: func(kind, outcome string, t time.Duration) {
		s.attempts.add(kind)
		done.WithLabelValues(kind, outcome).Inc()
		took.WithLabelValues(kind).Add(t.Seconds())
	}})
	s.Mail.Register(s.Jobs)
	resolver, err := s.cfg.resolver()
	if err != nil {
		return err
	}
	(&store.Prover{DB: s.DB, System: s.System, Rules: s.Stores.Rules, Resolver: resolver, Log: s.log}).Register(s.Jobs)
	s.Shoppers.Tell(s.log, account.NewMetrics(reg))
	s.Shoppers.LookElsewhere(upstream.NewPasswords(s.System, webhook.Rules{Production: s.cfg.Production()}, s.log))
	s.Tokens.Register(s.Jobs)
	s.APIAccounts.Register(s.Jobs)
	ended := slices.Concat(account.Ended(), limit.Ended(), sso.Ended(), idempotency.Ended(), staff.Ended())
	s.Jobs.Every("what has ended", 5*time.Minute, func(ctx context.Context) error { return s.DB.DropEnded(ctx, s.System.Now(), ended) })
	chain := history.NewChain(s.DB, s.System, s.Core.Keys, s.log)
	s.Jobs.Every("seals of the history", 10*time.Second, chain.Run)
	if keep := s.cfg.HistoryRetention; keep > 0 {
		s.Jobs.Every("old history", time.Hour, func(ctx context.Context) error { return chain.Prune(ctx, keep) })
	}
	s.Customers.Register(s.Jobs)
	total.Register(s.Jobs, s.DB, counted...)
	s.Credit.Register(s.Jobs)
	s.Merges.Register(s.Jobs)
	s.Duplicates.Register(s.Jobs)
	s.Persons.Register(s.Jobs)
	s.Shoppers.RegisterJobs(s.Jobs)
	s.Subscribers.Register(s.Jobs)
	s.Rules.Register(s.Jobs)
	s.Transfer.KeepIn(s.cfg.WorkDir)
	s.Transfer.Register(s.Jobs)
	s.Exports.KeepIn(s.cfg.WorkDir)
	s.Exports.Register(s.Jobs)
	s.Bulk.Register(s.Jobs)
	s.Figures.Register(s.Jobs)
	for _, l := range EmailLists {
		(&rekey.Job{List: l, DB: s.DB, Sys: s.System, Log: s.log}).Register(s.Jobs)
	}
	s.Deliveries = s.dispatcher(reg)
	return nil
}

// Secrets are what is encrypted in the database.
func Secrets() []sqldb.Secrets {
	return slices.Concat(auth.Secrets(), staff.Secrets(), store.Secrets(), storekey.Secrets(), webhook.Secrets())
}

// EmailLists are the lists whose email addresses have keys.
var EmailLists = []rekey.List{customer.Rekey, subscriber.Rekey}

// Run serves until ctx ends or serving fails, then drains requests and jobs.
func (s *Server) Run(ctx context.Context) error {
	select {
	case err := <-s.failed:
		return err
	case <-ctx.Done():
	}
	s.log.Info("stopping: waiting for running requests", "timeout", s.cfg.ShutdownTimeout)
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.ShutdownTimeout)
	defer cancel()
	err := s.drain(drain)
	if late := s.Deliveries.Stop(drain); late != nil {
		s.log.Warn("some webhook deliveries were cut off at the shutdown timeout; they will be made again")
	}
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("some requests were cut off at the shutdown timeout")
		err = nil
		for _, d := range s.doors() {
			err = errors.Join(err, d.close())
		}
	}
	if stopped := s.Jobs.Stop(drain); stopped != nil {
		s.log.Warn("some jobs were cut off at the shutdown timeout; they will be done again")
	}
	// After the last request; a write is bounded by itself.
	if late := s.Tokens.WriteUses(context.WithoutCancel(ctx)); late != nil {
		s.log.Warn("when storefront tokens were last used is not written down", "error", late)
	}
	return err
}

// listen listens at the server's addresses.
func (s *Server) listen() (err error) {
	for _, d := range []struct {
		to            **door
		flag, address string
	}{{&s.public, "--listen", s.cfg.Listen}, {&s.internal, "--internal-listen", s.cfg.InternalListen}, {&s.manage, "--manage-listen", s.cfg.manageAt()}} {
		if d.address == "" {
			continue
		}
		if *d.to, err = newDoor(d.flag, d.address); err != nil {
			s.closeDoors()
			return err
		}
	}
	return nil
}

// closeDoors ends all requests at once.
func (s *Server) closeDoors() {
	for _, d := range s.doors() {
		if err := d.close(); err != nil {
			s.log.Debug("close listener", "error", err)
		}
	}
}

// doors returns the public door and, where there are, the others.
func (s *Server) doors() []*door {
	return slices.DeleteFunc([]*door{s.public, s.internal, s.manage}, func(d *door) bool { return d == nil })
}

// drain closes all doors together and waits for running requests.
func (s *Server) drain(ctx context.Context) error {
	if s.panel != nil {
		s.panel.Stop()
	}
	s.dev.end()
	doors := s.doors()
	done := make(chan error, len(doors))
	for _, d := range doors {
		go func() { done <- d.drain(ctx) }()
	}
	var err error
	for range doors {
		err = errors.Join(err, <-done)
	}
	return err
}

// Close stops serving at once and closes the database.
func (s *Server) Close() {
	if s.forgo != nil {
		s.forgo()
	}
	s.background.Wait()
	s.closeDoors()
	if s.Jobs != nil {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		// What is cut off is done again by others, or after the next start.
		_ = s.Deliveries.Stop(now)
		_ = s.Jobs.Stop(now)
	}
	s.DB.Close()
}

// judgeHosts sets the rules by which claims of hosts are judged.
func (c *Core) judgeHosts(rules store.HostRules) {
	c.Stores.Rules, c.Channels.Rules = rules, rules
}

// settleHosts brings the claims of hosts in line with this server's settings and
// logs the claims that clash.
func (s *Server) settleHosts(ctx context.Context) error {
	rules := s.cfg.hostRules()
	if u, err := url.Parse(s.URL); err == nil {
		rules.Public = u.Host
	}
	s.judgeHosts(rules)
	clashes, err := s.Stores.SettleHosts(ctx)
	for _, c := range clashes {
		s.log.Warn("two stores claim a host: it stays with the store whose claim counts", "host", c.Host, "store", c.Holder, "other", c.Other)
	}
	return err
}

func (s *Server) newHosts() *store.Hosts {
	hosts := store.NewHosts(s.DB, s.System, s.cfg.StorefrontDomains...)
	hosts.Production = s.cfg.Production()
	if u, err := url.Parse(s.URL); err == nil && u.Host != "" {
		hosts.Public = u.Scheme + "://" + u.Host
	}
	return hosts
}

// dispatcher returns what sends events to webhooks.
func (s *Server) dispatcher(reg prometheus.Registerer) *webhook.Dispatcher {
	rules := webhook.Rules{Production: s.cfg.Production()}
	transport := rules.Transport(rules.Dialer())
	transport.MaxIdleConnsPerHost = transport.MaxConnsPerHost
	metrics := webhook.NewMetrics(reg)
	return webhook.NewDispatcher(s.DB, s.System, webhook.Options{
		Transport: s.dev.carrying(transport), Concurrency: s.cfg.WebhookConcurrency,
		EventRetention: s.cfg.EventRetention, DeliveryRetention: s.cfg.DeliveryRetention,
		Metrics: metrics, Notifier: notices{s.Core}, Log: s.log,
	})
}

// handlers returns what answers at the doors.
func (s *Server) handlers(reg *prometheus.Registry) (out answers, err error) {
	bodies := intake.New(s.cfg.Bodies)
	measureBodies(reg, bodies)
	s.pipe = serve.New(serve.Config{System: s.System, Log: s.log, Bodies: bodies, Metrics: serve.NewMetrics(reg), Slow: s.cfg.SlowRequest, Stage: s.dev.on(), Pace: s.Pace})
	s.Visits = visit.New(visit.Config{System: s.System, Hosts: s.Hosts, Log: s.log, Proxies: s.proxies, HTTPS: s.https(), CrossSite: s.Core.Tokens.CrossSite, Reasons: !s.cfg.Production()})
	emails := ""
	if !s.cfg.Production() {
		emails = devtools.OutboxPath
	}
	shop := pages.New(s.pipe, s.Visits, pages.Services{
		Accounts: s.Shoppers, Customers: s.Customers, Forms: s.Forms, Subscribers: s.Subscribers, Wishlists: s.Wishlists, Products: s.Products, Orders: s.Orders, Stores: s.Stores, Settings: s.Core.Settings, Channels: s.Channels, Robots: s.Robots, Outbox: emails,
	})
	keys := idempotency.New(s.DB, s.System)
	config := rest.Config{
		System: s.System, Pipeline: s.pipe,
		Tokens: auth.NewCache(s.APIAccounts, s.System),
		Limits: rest.Limits{
			Quota: s.cfg.RateLimitQuota, Window: s.cfg.RateLimitWindow,
			Creating: s.cfg.ConcurrencyCreate, Updating: s.cfg.ConcurrencyUpdate,
		},
		Hosts: s.Hosts, Plans: s.Stores, Visits: s.Visits, Keys: keys, Reasons: !s.cfg.Production(),
	}
	apart := s.cfg.InternalListen != ""
	linked := s.cfg.PublicURL
	if apart {
		linked = "" // answers link to where they were asked for
	}
	var apis []*rest.Server
	surfaces := []rest.Surface{
		clientele.New(clientele.Services{Tokens: s.Tokens, Customers: s.Customers, Entitlements: s.Entitlements, Companies: s.Companies, Credit: s.Credit, History: s.History, Keys: s.Core.Keys, Persons: s.Persons, Stores: s.Stores, Accounts: s.Shoppers, Hosts: s.Hosts, Subscribers: s.Subscribers, Rules: s.Rules, Desk: s.Desk, Figures: s.Figures, Transfer: s.Transfer, Exports: s.Exports, Merges: s.Merges, Duplicates: s.Duplicates}),
		v3.New(v3.Services{
			Accounts: s.Shoppers, Customers: s.Customers, Groups: s.Groups, Forms: s.Forms, Subscribers: s.Subscribers, Segments: s.Segments, Metafields: s.Metafields,
			Settings: s.Settings, Instruments: s.Instruments, Taxes: s.Taxes, Channels: s.Channels,
			Tokens: s.Tokens, Webhooks: s.Webhooks, Wishlists: s.Wishlists, Mail: s.Mail,
		}),
		graphql.NewAdmin(graphql.AdminServices{Stores: s.Stores, Channels: s.Channels, Forms: s.Forms, Metafields: s.Metafields}),
		v2.New(v2.Services{Accounts: s.Shoppers, Customers: s.Customers, Groups: s.Groups, Orders: s.Orders, Stores: s.Stores, Webhooks: s.Webhooks, Panel: s.panelBase()}, s.System, linked),
	}
	if apart {
		// The public door does not know these paths at all.
		inside := rest.NewServer(config, surfaces...)
		apis = append(apis, inside)
		s.mountHealth(inside.Router())
		s.mountMetrics(inside.Router(), reg)
		out.internal = &edge{next: inside, journal: s.dev.journal(), visits: s.Visits, log: s.log}
		s.dev.routes(inside.Router())
		surfaces = nil
	}
	config.Refuse = shop.Refuse
	server := rest.NewServer(config, surfaces...)
	apis = append(apis, server)
	if !apart {
		s.mountMetrics(server.Router(), reg)
	}
	sync := sso.NewSync(s.SSO, s.Hosts, s.Tokens)
	storefront.New(storefront.Services{
		Visits: s.Visits, Accounts: s.Shoppers, SSO: s.SSO, Sync: sync, Customers: s.Customers, Forms: s.Forms, Stores: s.Stores,
		Settings: s.Core.Settings, Robots: s.Robots,
	}).Mount(server)
	queries := graphql.New(graphql.Config{
		System: s.System, Pipeline: s.pipe, Visits: s.Visits, Tokens: s.Tokens, Stores: s.Stores, Settings: s.Settings, Customers: s.Customers, Forms: s.Forms,
		Accounts: s.Shoppers, Subscribers: s.Subscribers, Wishlists: s.Wishlists, Products: s.Products, Orders: s.Orders, Instruments: s.Instruments, Entitlements: s.Entitlements, Companies: s.Companies, Robots: s.Robots, Logins: s.SSO, Sync: sync,
		Keys: keys, Metrics: graphql.NewMetrics(reg), Limits: s.cfg.Parts.GraphQL, Deadlines: auth.Deadlines(s.cfg.StorefrontTokenDeadlines),
	})
	server.Router().Handle(graphql.Path, queries)
	s.mountHealth(server.Router())
	s.newReference(s.Visits, queries, bodies).Mount(server.Router())
	s.mountMirror(server.Router())
	shop.Mount(server.Router())
	s.mountDevelopment(server.Router(), bodies, config.Tokens, apis...)
	out.manage, err = s.mountPanel(server.Router())
	out.public = &edge{next: server, journal: s.dev.journal(), visits: s.Visits, strict: s.https(), log: s.log}
	return out, err
}

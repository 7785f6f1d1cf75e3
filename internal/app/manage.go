package app

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"clientele/api"
	"clientele/internal/auth"
	"clientele/internal/idempotency"
	"clientele/internal/panel"
	"clientele/internal/reach"
	"clientele/internal/serve"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Panel is how the control panel is served. The zero value serves it at the
// public address.
type Panel struct {
	Manage       string   `name:"manage" default:"on" enum:"on,off" placeholder:"on|off" help:"Whether the control panel is served, at /manage (default: ${default})."`
	ManageHosts  []string `name:"manage-host" placeholder:"HOST" help:"Further hosts that the control panel answers at, besides that of --public-url. In production it never answers at a storefront's host."`
	ManageListen string   `name:"manage-listen" placeholder:"ADDR" help:"Serve the control panel here, and not at --listen."`
	ManageAllow  []string `name:"manage-allow" placeholder:"CIDR" help:"Networks that may reach the control panel (default: all)."`

	StaffSession time.Duration `name:"staff-session" default:"12h" placeholder:"TIME" help:"How long somebody stays signed in to the control panel at most (default: ${default})."`
	StaffIdle    time.Duration `name:"staff-idle" default:"1h" placeholder:"TIME" help:"How long without use (default: ${default})."`

	OIDCIssuer       string `name:"staff-oidc-issuer" placeholder:"URL" help:"Let this OpenID Connect provider sign the staff in, whom it knows by the same email address."`
	OIDCClientID     string `name:"staff-oidc-client-id" placeholder:"ID" help:"The client id there. The redirect URI is /manage/single-sign-on/callback."`
	OIDCClientSecret string `name:"staff-oidc-client-secret" placeholder:"SECRET" help:"The client secret there."`
	OIDCName         string `name:"staff-oidc-name" placeholder:"NAME" help:"What the button calls the provider (default: its host)."`
}

func (p *Panel) off() bool { return p.Manage == "off" }

// manageAt is the panel's own address to listen on, empty for none.
func (p *Panel) manageAt() string {
	if p.off() {
		return ""
	}
	return p.ManageListen
}

// validate checks what can be checked before anything is opened.
func (p *Panel) validate(production bool) error {
	if _, err := p.allow(); err != nil {
		return err
	}
	for _, h := range p.ManageHosts {
		if u, err := url.Parse("//" + h); err != nil || u.Host != h || store.HostName(h) == "" {
			return fmt.Errorf("--manage-host %q: want a host, with a port if it has one", h)
		}
	}
	if p.StaffSession < 0 || p.StaffIdle < 0 || p.StaffSession != 0 && p.StaffSession < time.Minute || p.StaffIdle != 0 && p.StaffIdle < time.Minute {
		return fmt.Errorf("--staff-session and --staff-idle must be 1m or more")
	}
	if p.OIDCIssuer == "" {
		if p.OIDCClientID != "" || p.OIDCClientSecret != "" || p.OIDCName != "" {
			return fmt.Errorf("--staff-oidc-issuer is needed with the other --staff-oidc flags")
		}
		return nil
	}
	u, err := url.Parse(p.OIDCIssuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && (production || u.Scheme != "http" || !loopback(u.Hostname())) {
		return fmt.Errorf("--staff-oidc-issuer %q: want an https URL", p.OIDCIssuer)
	}
	if p.OIDCClientID == "" {
		return fmt.Errorf("--staff-oidc-client-id is needed with --staff-oidc-issuer")
	}
	return nil
}

// allow returns the networks that may reach the panel.
func (p *Panel) allow() ([]netip.Prefix, error) { return networks("--manage-allow", p.ManageAllow) }

// signOn returns the identity provider, if there is one.
func (p *Panel) signOn() panel.SignOn {
	if p.OIDCIssuer == "" {
		return nil
	}
	name := p.OIDCName
	if u, err := url.Parse(p.OIDCIssuer); err == nil {
		name = cmp.Or(name, u.Hostname())
	}
	return &panel.Provider{Issuer: p.OIDCIssuer, ClientID: p.OIDCClientID, ClientSecret: p.OIDCClientSecret, Label: name}
}

// panelURL is what addresses of the control panel begin with.
func (s *Server) panelURL() string {
	scheme, _, _ := strings.Cut(s.URL, "://")
	switch {
	case len(s.cfg.ManageHosts) > 0:
		return scheme + "://" + s.cfg.ManageHosts[0]
	case s.manage != nil:
		if s.cfg.TLSCert != "" {
			scheme = "https"
		} else if !s.cfg.Production() {
			scheme = "http"
		}
		return scheme + "://" + s.manage.opened()
	}
	return origin(s.URL)
}

// panelBase is what V2 tells of where the panel is.
func (s *Server) panelBase() string {
	if s.cfg.Panel.off() {
		return ""
	}
	return s.panelURL()
}

// origin returns scheme and host of a URL.
func origin(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return text
	}
	return u.Scheme + "://" + u.Host
}

// setStaffRules has the staff go by the flags.
func (s *Server) setStaffRules() {
	r := &s.Staff.Rules
	r.Production = s.cfg.Production()
	r.Lifetime = cmp.Or(int64(s.cfg.StaffSession/time.Second), r.Lifetime)
	r.Idle = cmp.Or(int64(s.cfg.StaffIdle/time.Second), r.Idle)
}

// newPanel returns the control panel, or nil where there is none.
func (s *Server) newPanel() (*panel.Panel, error) {
	if s.cfg.Panel.off() {
		return nil, nil
	}
	allow, err := s.cfg.allow()
	if err != nil {
		return nil, err
	}
	c := panel.Config{URL: s.panelURL(), Hosts: s.cfg.ManageHosts, Apart: s.cfg.ManageListen != "", Allow: allow, Production: s.cfg.Production(),
		Kept: panel.Kept{History: s.cfg.HistoryRetention, Deliveries: s.cfg.DeliveryRetention, Events: s.cfg.EventRetention}}
	if c.Apart {
		c.Documents = s.URL
	}
	if u, err := url.Parse(s.URL); err == nil {
		c.Hosts = append(slices.Clone(c.Hosts), u.Host)
	}
	services := panel.Services{Staff: s.Staff, Stores: s.Stores, History: s.Core.History, Groups: s.Groups, Customers: s.Customers, Segments: s.Segments, Rules: s.Rules,
		Subscribers: s.Subscribers, Webhooks: s.Webhooks, Accounts: s.Shoppers, Tokens: s.SSO, Figures: s.Figures, APIAccounts: s.APIAccounts, NewStore: s.newStore, SignOn: s.cfg.signOn(),
		Credit: s.Core.Credit, Mail: s.Mail, Forms: s.Forms, Entitlements: s.Entitlements, Wishlists: s.Wishlists, Metafields: s.Metafields,
		Instruments: s.Instruments, Taxes: s.Taxes, Persons: s.Persons, Desk: s.Desk, Bulk: s.Bulk, Transfer: s.Transfer, Exports: s.Exports, Keys: s.Keys,
		StorefrontTokens: s.Core.Tokens, Channels: s.Channels, CustomerSettings: s.Core.Settings, Robots: s.Robots, Reach: reach.New(s.cfg.Production()),
		Merges: s.Merges, Duplicates: s.Duplicates, Answers: idempotency.New(s.DB, s.System)}
	services.Installation = panel.Installation{Version: api.Version(), About: s.DB.About, Jobs: s.Jobs, Measured: s.measured, TestMail: s.Mail.TryServer, Processes: s.Processes}
	if !s.cfg.Production() {
		services.Sample = s.sample
	}
	s.panel = panel.New(s.pipe, s.Visits, c, services)
	return s.panel, nil
}

// mountPanel adds the control panel to the public router, or returns what
// answers at its own listener.
func (s *Server) mountPanel(public *chi.Mux) (apart http.Handler, err error) {
	p, err := s.newPanel()
	if p == nil || err != nil {
		return nil, err
	}
	if s.cfg.ManageListen == "" {
		p.Mount(public)
		return nil, nil
	}
	r := chi.NewRouter()
	p.Mount(r)
	nowhere := s.pipe.Handler("/*", serve.Plain{}, func(x *serve.Exchange) error {
		if x.Request().URL.Path != "/" {
			http.NotFound(x, x.Request())
			return nil
		}
		http.Redirect(x, x.Request(), panel.Base, http.StatusSeeOther)
		return nil
	})
	r.NotFound(nowhere)
	r.MethodNotAllowed(nowhere)
	return &edge{next: r, visits: s.Visits, strict: s.https(), log: s.log}, nil
}

// panelLine is the address of the control panel for a person: with a key while
// nobody has claimed it.
func (s *Server) panelLine(ctx context.Context) (string, error) {
	if s.cfg.Panel.off() {
		return "", nil
	}
	at := s.panelURL() + panel.Base
	if s.cfg.Production() && s.cfg.ManageListen == "" {
		host := strings.TrimPrefix(strings.TrimPrefix(s.panelURL(), "https://"), "http://")
		if _, taken, err := s.Hosts.Known(ctx, "https", host); err != nil {
			return "", err
		} else if taken {
			s.log.Warn("the control panel is not served: its host is a storefront's; set --manage-host or --manage-listen", "host", host)
			return "", nil
		}
	}
	key, err := s.Staff.SetupKey(ctx)
	if key != "" {
		at += "/setup?key=" + key
	}
	return at, err
}

// newStore makes a store with its settings and an API account that may do
// everything.
func (s *Server) newStore(ctx context.Context, name, url string, settings map[string]any) (st *store.Store, cred auth.Credentials, err error) {
	err = s.DB.Write(ctx, 0, func(tx *sqldb.Tx) error {
		// Of two at once one waits for the other's number.
		if err := sqldb.LockProgram(tx); err != nil {
			return err
		}
		if st, err = s.Stores.CreateTx(tx, "", name, url); err != nil {
			return err
		}
		if err := s.Stores.ChangeSettingsTx(tx.In(st.ID), settings); err != nil {
			return err
		}
		cred, err = s.APIAccounts.CreateTx(tx.In(st.ID), "First app", auth.FullScopes(), auth.Credentials{})
		return err
	})
	return st, cred, err
}

// measured are the figures of /metrics, each summed up.
func (s *Server) measured() ([]panel.Measure, error) {
	families, err := s.Metrics.Gather()
	if err != nil {
		return nil, err
	}
	var out []panel.Measure
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "clientele_") {
			continue
		}
		m := panel.Measure{Name: f.GetName(), Help: f.GetHelp()}
		for _, one := range f.GetMetric() {
			// One of them is there; of a histogram the number of what was measured.
			m.Value += one.GetCounter().GetValue() + one.GetGauge().GetValue() + float64(one.GetHistogram().GetSampleCount()+one.GetSummary().GetSampleCount())
		}
		out = append(out, m)
	}
	return out, nil
}

package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"clientele/api"
	"clientele/internal/app"
	"clientele/internal/auth"
	"clientele/internal/fault"
	"clientele/internal/listing"
	"clientele/internal/sso"
	"clientele/internal/store"
	"clientele/internal/subscriber"
	"clientele/internal/system"
)

type commands struct {
	Serve       serveCommand            `cmd:"" help:"Start the server."`
	Migrate     migrateCommand          `cmd:"" help:"Bring the database schema up to date."`
	Seed        seedCommand             `cmd:"" help:"Apply a YAML seed file."`
	Import      importCommand           `cmd:"" help:"Take customers or subscribers from a file of another system."`
	Imports     importsCommands         `cmd:"" help:"List, cancel and undo imports."`
	Export      exportCommand           `cmd:"" help:"Write what a store consists of into a file, to take along."`
	Mirror      mirrorCommands          `cmd:"" help:"Keep a store in line with one elsewhere that goes on selling."`
	Migration   migrationCommands       `cmd:"" help:"Look after passwords that did not come along."`
	Backup      backupCommand           `cmd:"" help:"Write a backup of the database to a file, while servers run."`
	Restore     restoreCommand          `cmd:"" help:"Put a backup in the place of what a database holds."`
	Store       storeCommands           `cmd:"" help:"Make and list stores."`
	Staff       staffCommands           `cmd:"" help:"Add, list and remove who works with the control panel."`
	APIAccount  apiAccountCommand       `cmd:"" name:"api-account" help:"Make, list and revoke API accounts."`
	Tokens      storefrontTokenCommands `cmd:"" name:"storefront-token" help:"List and revoke storefront tokens."`
	Keys        storefrontKeyCommands   `cmd:"" name:"storefront-key" help:"List, rotate and retire the keys of storefront tokens."`
	LoginURL    loginURLCommand         `cmd:"" name:"login-url" help:"Make a URL that signs a customer in, once and within 30 seconds."`
	SignIns     signInCommands          `cmd:"" name:"sign-ins" help:"Look at sign-ins that are held back, and let them go on."`
	Unsubscribe unsubscribeCommand      `cmd:"" name:"unsubscribe-links" help:"List links with which subscribers end their subscription."`
	Person      personCommands          `cmd:"" help:"Export what is kept of a person."`
	Credit      creditCommands          `cmd:"" help:"Look at customers' store credit, and give, spend or correct it."`
	Consent     consentCommands         `cmd:"" help:"Write down what proves subscribers' consents, and check that."`
	Impersonate impersonateCommands     `cmd:"" help:"Sign in as a customer, list who did, and end it."`
	Email       emailCommands           `cmd:"" help:"List emails and set their texts."`
	Customers   customerCommands        `cmd:"" help:"List customers, show one, and find some by words."`
	Merges      mergesCommands          `cmd:"" help:"Make several customers one, and part them again."`
	Duplicates  duplicatesCommands      `cmd:"" help:"Find customers who may be one person."`
	History     historyCommands         `cmd:"" help:"Look at who changed what, and prove it."`
	Segments    segmentCommands         `cmd:"" help:"List rules of segments, set them, and see whom one finds."`
	Webhooks    webhookCommands         `cmd:"" help:"Look at deliveries to webhooks and send them again."`
	Secrets     secretsCommands         `cmd:"" help:"Look at the keys that secrets are encrypted under, and encrypt them anew."`
	Record      recordCommand           `cmd:"" help:"Write down what another server of these APIs answers, without secrets and persons."`
	Conform     conformCommand          `cmd:"" help:"Compare a recording with what this program answers."`
	Check       checkCommands           `cmd:"" help:"Check what is promised of the database."`
	Host        hostCommands            `cmd:"" help:"List, prove and release the hosts of stores' sites."`
	TLSCert     tlsCommand              `cmd:"" name:"tls-cert" help:"Make a certificate for development, for the names of all stores."`
	Health      healthCommand           `cmd:"" name:"healthcheck" help:"Ask a running server whether it is ready."`
	Completion  completionCommand       `cmd:"" help:"Print a script that has a shell complete commands and flags."`
	Man         manCommand              `cmd:"" help:"Print the page of the manual."`
	Version     versionCommand          `cmd:"" help:"Print the version."`
}

type serveCommand struct{ app.Config }

func (c *serveCommand) Run(ctx context.Context) error {
	log := logger(c.LogFormat, c.LogLevel)
	sys := system.Real()
	if !c.Production() {
		c.Parts.Clock = new(system.Movable)
		sys = c.Parts.Clock.System()
	}
	s, err := app.Start(ctx, &c.Config, sys, log, os.Stdout)
	if err != nil {
		return err
	}
	defer s.Close()
	defer runtime.KeepAlive(atWork())
	go settle(ctx)
	return s.Run(ctx)
}

// settled is when those who waited for the start have their answers.
const settled = 300 * time.Millisecond

// settle gives back what a start has left behind: what the heap may grow by is so
// much that no collection comes for long.
func settle(ctx context.Context) {
	if system.Pause(ctx, settled) == nil {
		debug.FreeOSMemory()
	}
}

func logger(format, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: l}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o))
}

// open opens the database for a command that may make it.
func open(ctx context.Context, d app.Database) (*app.Core, error) {
	return openWith(ctx, d, app.Open)
}

// openExisting opens the database for a command that only looks after it.
func openExisting(ctx context.Context, d app.Database) (*app.Core, error) {
	return openWith(ctx, d, app.OpenExisting)
}

type opener func(context.Context, app.Database, *system.System, *slog.Logger) (*app.Core, error)

func openWith(ctx context.Context, d app.Database, with opener) (*app.Core, error) {
	if err := d.Validate(); err != nil {
		return nil, &app.ConfigError{Err: err}
	}
	return with(ctx, d, system.Real(), logger("text", "warn"))
}

type migrateCommand struct{ app.Database }

func (c *migrateCommand) Run(ctx context.Context) error {
	core, err := open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	fmt.Println("The database schema is up to date.")
	return nil
}

type seedCommand struct {
	app.Database
	Mode string `default:"development" enum:"development,production" help:"production refuses credentials that could be guessed (default: ${default})."`
	File string `arg:"" type:"existingfile" help:"The seed file."`
}

func (c *seedCommand) Run(ctx context.Context) error {
	doc, err := app.ReadSeed(c.File)
	if err != nil {
		return err
	}
	core, err := open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	res, err := core.Seed(ctx, doc, c.Mode == "production")
	if err != nil {
		return err
	}
	fmt.Printf("Made %d store(s) and %d customer(s); everything else was there already or is in line now.\n", res.Stores, res.Customers)
	return nil
}

type storeCommands struct {
	Create   storeCreate   `cmd:"" help:"Make a store."`
	List     storeList     `cmd:"" help:"List stores."`
	Settings storeSettings `cmd:"" help:"Show and change a store's settings."`
	Archive  storeArchive  `cmd:"" help:"Take a store out of service. It keeps all that it has."`
	Restore  storeRestore  `cmd:"" help:"Put an archived store back into service."`
}

type storeCreate struct {
	app.Database
	Name string `default:"My store" env:"-" help:"The store's name (default: ${default})."`
	Hash string `env:"-" help:"The store hash: 3 to 32 characters of a-z and 0-9 (default: drawn at random)."`
	URL  string `name:"url" env:"-" help:"The URL of its default storefront."`
	With bool   `name:"with-api-account" env:"-" help:"Make an API account with all scopes too; its secrets are shown once."`
}

func (c *storeCreate) Run(ctx context.Context) error {
	core, err := open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	st, err := core.Stores.Create(ctx, c.Hash, c.Name, c.URL)
	if err != nil {
		return err
	}
	fmt.Println("Store hash:", st.Hash)
	if !c.With {
		fmt.Printf("\nNext, make credentials for the API: clientele api-account create --store %[1]s\nAPI: /stores/%[1]s/v3 at the server's URL. Storefront: store-%[1]s.localhost there in development, or the URL of channel 1.\n", st.Hash)
		return nil
	}
	cred, err := core.APIAccounts.Create(ctx, st.ID, "First app", auth.FullScopes(), auth.Credentials{})
	if err != nil {
		return err
	}
	showSecrets(cred)
	fmt.Printf("\nNext, use the API: /stores/%[1]s/v3 at the server's URL, with the header X-Auth-Token. Storefront: store-%[1]s.localhost there in development, or the URL of channel 1.\n", st.Hash)
	return nil
}

// showSecrets prints the credentials of a new API account.
func showSecrets(cred auth.Credentials) {
	fmt.Printf("These secrets are shown once:\n  Access token   %s\n  Client id      %s\n  Client secret  %s\n", cred.AccessToken, cred.ClientID, cred.ClientSecret)
}

type storeList struct{ app.Database }

func (c *storeList) Run(ctx context.Context) error {
	core, err := openExisting(ctx, c.Database)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	stores, err := core.Stores.List(ctx)
	if err != nil {
		return err
	}
	w := table("HASH", "NAME", "CREATED")
	for _, s := range stores {
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.Hash, s.Name, date(s.DateCreated))
	}
	return w.Flush()
}

func table(columns ...string) *tabwriter.Writer {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(columns, "\t"))
	return w
}

// limited returns the query of a list that a command shows, of which the limit alone
// can be wrong; more are its filters, each after an ampersand.
func limited(list *listing.Spec, limit int, more string) (*listing.Query, error) {
	q, err := list.Parse("limit=" + strconv.Itoa(limit) + more)
	if err != nil {
		return nil, &app.ConfigError{Err: errors.New("--limit must be a number from 1 on")}
	}
	return q, nil
}

func date(unix int64) string {
	if unix == 0 {
		return "-"
	}
	return time.Unix(unix, 0).UTC().Format(time.RFC3339)
}

type apiAccountCommand struct {
	Create accountCreate `cmd:"" help:"Make an API account; its secrets are shown once."`
	List   accountList   `cmd:"" help:"List a store's API accounts."`
	Rotate accountRotate `cmd:"" help:"Give an API account another access token, shown once; the old one stays good for a while."`
	Revoke accountRevoke `cmd:"" help:"End an API account's access for good."`
}

// ofStore names the store that a command is about.
type ofStore struct {
	app.Database
	Store string `required:"" env:"-" help:"The store hash."`
}

func (o ofStore) open(ctx context.Context) (*app.Core, *store.Store, error) {
	core, err := openExisting(ctx, o.Database)
	if err != nil {
		return nil, nil, err
	}
	st, err := core.Stores.ByHash(ctx, o.Store)
	if err != nil {
		defer core.DB.Close()
		return nil, nil, namingStores(ctx, core, err)
	}
	return core, st, nil
}

// named is how many stores an error names.
const named = 10

// namingStores adds to the error of a store that is not found which stores
// there are. Whoever runs a command can list them.
func namingStores(ctx context.Context, core *app.Core, err error) error {
	if f := fault.As(err); f == nil || f.Kind != fault.NotFound {
		return err
	}
	stores, failed := core.Stores.List(ctx)
	switch {
	case failed != nil:
		return err
	case len(stores) == 0:
		return fmt.Errorf("%w; the database has no store yet: make one with clientele store create, or start the server", err)
	}
	names := make([]string, 0, named)
	for _, s := range stores[:min(named, len(stores))] {
		names = append(names, fmt.Sprintf("%s (%s)", s.Hash, s.Name))
	}
	more := ""
	if n := len(stores) - named; n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Errorf("%w; there are %s%s", err, strings.Join(names, ", "), more)
}

type accountCreate struct {
	ofStore
	Name   string   `default:"App" env:"-" help:"The account's name (default: ${default})."`
	Scopes []string `default:"all" env:"-" help:"OAuth scopes separated by commas, or all (default: ${default})."`
}

func (c *accountCreate) Run(ctx context.Context) error {
	grant, err := auth.ParseGrant(c.Scopes)
	if err != nil {
		return &app.ConfigError{Err: err}
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	cred, err := core.APIAccounts.Create(ctx, st.ID, c.Name, grant.New(), auth.Credentials{})
	if err != nil {
		return err
	}
	showSecrets(cred)
	return nil
}

type accountList struct{ ofStore }

func (c *accountList) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	accounts, err := core.APIAccounts.List(ctx, st.ID)
	if err != nil {
		return err
	}
	requests, err := core.APIAccounts.Requests(ctx, st.ID)
	if err != nil {
		return err
	}
	w := table("ID", "NAME", "CLIENT ID", "CREATED", "REVOKED", "LAST USED", "REQUESTS OF 7 DAYS", "SCOPES")
	for _, a := range accounts {
		names := make([]string, len(a.Scopes))
		for i, s := range a.Scopes {
			names[i] = string(s)
		}
		of := requests[a.ID]
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", a.ID, a.Name, a.ClientID, date(a.Created), date(a.Revoked), date(a.Used), of.All(), strings.Join(names, " "))
	}
	return w.Flush()
}

type accountRotate struct {
	ofStore
	ID   int64         `arg:"" help:"The account's id, as listed."`
	Keep time.Duration `env:"-" default:"24h" placeholder:"TIME" help:"For how long the old token stays good, 720h at most (default: ${default})."`
}

func (c *accountRotate) Run(ctx context.Context) error {
	if c.Keep < 0 || c.Keep > auth.MaxKeep {
		return &app.ConfigError{Err: fmt.Errorf("--keep must be 0s to %s", auth.MaxKeep)}
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	cred, err := core.APIAccounts.Rotate(ctx, st.ID, c.ID, c.Keep)
	if err != nil {
		return err
	}
	fmt.Printf("Client id      %s\nAccess token   %s\n\nThe old token is good for %s more. Client secret and webhooks stay.\n", cred.ClientID, cred.AccessToken, c.Keep)
	return nil
}

type accountRevoke struct {
	ofStore
	ID int64 `arg:"" help:"The account's id, as listed."`
}

func (c *accountRevoke) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if err := core.APIAccounts.Revoke(ctx, st.ID, c.ID); err != nil {
		return err
	}
	fmt.Printf("API account %d is revoked. Running servers refuse its token, and storefront tokens that it made, within a second.\n", c.ID)
	return nil
}

type loginURLCommand struct {
	ofStore
	Customer int64  `required:"" env:"-" placeholder:"ID" help:"The customer's id."`
	ClientID string `name:"client-id" env:"-" placeholder:"ID" help:"The client id of the API account that vouches (default: the first with the scope store_v2_customers_login)."`
	Redirect string `name:"redirect-to" env:"-" placeholder:"PATH" help:"Where on the storefront to go then (default: /account.php)."`
	Channel  int64  `default:"1" env:"-" placeholder:"ID" help:"The channel whose storefront it is (default: ${default})."`
	URL      string `name:"url" env:"-" placeholder:"URL" help:"The storefront's URL (default: that of the channel's site, or else http://store-HASH.localhost:8080)."`
}

func (c *loginURLCommand) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	site, err := siteOf(ctx, store.NewHosts(core.DB, core.System), st, c.Channel, c.URL)
	if err != nil {
		return err
	}
	token, err := core.SSO.Token(ctx, site, sso.Request{ClientID: c.ClientID, CustomerID: c.Customer, RedirectTo: c.Redirect})
	if f := fault.As(err); f != nil && f.Kind == fault.NotFound && strings.Contains(f.Message, string(auth.CustomersLogin)) {
		return fmt.Errorf("%w; make one with: clientele api-account create --store %s --scopes %s", err, st.Hash, auth.CustomersLogin)
	}
	if err != nil {
		return err
	}
	fmt.Println(site.URL + "/login/token/" + token)
	return nil
}

// siteOf returns a channel's storefront, under a given URL if there is one.
func siteOf(ctx context.Context, hosts *store.Hosts, st *store.Store, channel int64, url string) (store.Site, error) {
	name := "store-" + st.Hash
	if channel != store.DefaultChannel {
		name += fmt.Sprintf("-%d", channel)
	}
	site, ok, err := hosts.SiteOf(ctx, st.Hash, channel, "http://"+name+".localhost:8080")
	if err == nil && !ok {
		err = &app.ConfigError{Err: fmt.Errorf("--channel: the store has no channel %d", channel)}
	}
	site.URL = strings.TrimRight(cmp.Or(url, site.URL), "/")
	return site, err
}

type unsubscribeCommand struct {
	ofStore
	URL string `name:"url" env:"-" placeholder:"URL" help:"The storefront's URL (default: that of each subscriber's channel or, without one that counts, a name that is good in development only)."`
}

// Help completes the command's help.
func (unsubscribeCommand) Help() string {
	return "One line per subscriber: id, email and link, between tabs. A mailing tool puts the link into its messages, and into their header List-Unsubscribe; one click on it, or a POST by RFC 8058, ends the subscription."
}

func (c *unsubscribeCommand) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	hosts := store.NewHosts(core.DB, core.System)
	for page, more := 1, true; more; page++ {
		q, err := subscriber.List.Parse(fmt.Sprintf("limit=250&page=%d", page))
		if err != nil {
			return err
		}
		list, result, err := core.Subscribers.List(ctx, st.ID, q)
		if err != nil {
			return err
		}
		for _, s := range list {
			site, err := siteOf(ctx, hosts, st, s.ChannelID, c.URL)
			if err != nil {
				return err
			}
			link, err := core.Shoppers.UnsubscribeLink(ctx, site, s.ID)
			if err != nil {
				return err
			}
			fmt.Printf("%d\t%s\t%s\n", s.ID, s.Email, link)
		}
		more = result.After
	}
	return nil
}

type healthCommand struct {
	Listen  string `default:"127.0.0.1:8080" placeholder:"ADDR" help:"The server's address (default: ${default})."`
	TLSCert string `name:"tls-cert" placeholder:"FILE" help:"The certificate it serves https with, if it does."`
}

func (c *healthCommand) Run(ctx context.Context) error {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return &app.ConfigError{Err: fmt.Errorf("--listen %q: want host:port", c.Listen)}
	}
	// A server that listens everywhere answers here too.
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	client := &http.Client{}
	if c.TLSCert != "" {
		req.URL.Scheme = "https"
		// The certificate names the public host, not this machine's address.
		client.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", res.Status)
	}
	fmt.Println("ready")
	return nil
}

type versionCommand struct{}

func (*versionCommand) Run() error {
	version := api.Version()
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				version += " " + s.Value
			}
		}
	}
	fmt.Println("clientele", version)
	return nil
}

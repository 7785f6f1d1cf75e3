package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"clientele/internal/app"
	"clientele/internal/mirror"
	"clientele/internal/store"
	"clientele/internal/upstream"
	"clientele/internal/webhook"
)

type mirrorCommands struct {
	Run    mirrorRun    `cmd:"" default:"withargs" help:"Copy a store from elsewhere, and follow what changes there."`
	Status mirrorStatus `cmd:"" help:"Show how far the mirror has come, and what went wrong."`
	Diff   mirrorDiff   `cmd:"" help:"Compare both sides and say what differs."`
	End    mirrorEnd    `cmd:"" help:"Take the webhooks away there and forget the mirror; what was copied stays."`
}

// ofUpstream names the store elsewhere.
type ofUpstream struct {
	ofStore
	From     string `env:"-" placeholder:"URL" help:"Its management API, such as https://api.bigcommerce.com/stores/HASH (default: the setting migration.upstream)."`
	Token    string `env:"CLIENTELE_MIRROR_TOKEN" placeholder:"TOKEN" help:"The access token for it; better in the environment than on the command line (default: the setting migration.token). It is not kept."`
	ClientID string `name:"client-id" env:"CLIENTELE_MIRROR_CLIENT_ID" placeholder:"ID" help:"The client id of that API account, where it is asked for."`
}

// concurrent is how many requests are under way at once: an API account at BigCommerce
// shares its limits with the shop's other apps.
const concurrent = 4

func (o ofUpstream) openBoth(ctx context.Context) (*app.Core, *store.Store, *upstream.Client, error) {
	core, st, err := o.open(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	from, err := o.client(ctx, core, st)
	if err != nil {
		core.DB.Close()
		return nil, nil, nil, err
	}
	core.Mirror.Tell(logger("text", "warn"))
	return core, st, from, nil
}

func (o ofUpstream) client(ctx context.Context, core *app.Core, st *store.Store) (*upstream.Client, error) {
	set, err := core.Stores.Settings(ctx, st.ID)
	if err != nil {
		return nil, err
	}
	a := upstream.Account{URL: cmp.Or(o.From, set.Migration.Upstream), Token: o.Token, ClientID: o.ClientID}
	if a.Token == "" && a.URL == set.Migration.Upstream {
		a.Token = set.Migration.Token
	}
	switch u, err := url.Parse(a.URL); {
	case a.URL == "":
		return nil, &app.ConfigError{Err: errors.New("--from: which store is mirrored?")}
	case a.Token == "":
		return nil, &app.ConfigError{Err: errors.New("--token: the store elsewhere asks for one; set CLIENTELE_MIRROR_TOKEN")}
	case err == nil && u.Scheme == "http" && !here(u.Hostname()):
		return nil, &app.ConfigError{Err: errors.New("--from: the token would be readable on its way; give an https URL")}
	}
	from, err := upstream.NewClient(core.System, webhook.Rules{}, a, concurrent)
	if err != nil {
		return nil, &app.ConfigError{Err: fmt.Errorf("--from: %w", err)}
	}
	return from, nil
}

// here reports whether a host is this machine.
func here(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

type mirrorRun struct {
	ofUpstream
	Once     bool          `env:"-" help:"End when the store is in line, instead of following what changes."`
	Callback string        `env:"-" placeholder:"URL" help:"This service's URL as the store elsewhere reaches it, such as https://accounts.example.com: its webhooks then tell of changes at once. Without it addresses are seen to change only when everybody is looked at."`
	Consents bool          `env:"-" help:"Copy what customers said of cookies too, which takes a request for each customer."`
	Sweep    time.Duration `env:"-" default:"24h" placeholder:"TIME" help:"How often everybody is looked at, and who is gone (default: ${default})."`
}

// Help completes the command's help.
func (mirrorRun) Help() string {
	return "It can be stopped and killed at any time, and goes on where it was. The exit code is 1 where --once did not get to the end."
}

func (c *mirrorRun) Run(ctx context.Context) error {
	if c.Sweep < time.Minute {
		return &app.ConfigError{Err: errors.New("--sweep must be 1m or more")}
	}
	if c.Callback != "" && !store.IsWebURL(c.Callback) {
		return &app.ConfigError{Err: fmt.Errorf("--callback %q: want an http or https URL", c.Callback)}
	}
	core, st, from, err := c.openBoth(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	o := mirror.Options{From: from, Once: c.Once, Sweep: c.Sweep, Consents: c.Consents}
	if c.Callback != "" {
		if o.Callback, err = url.JoinPath(c.Callback, "_clientele", "mirror", st.Hash); err != nil {
			return &app.ConfigError{Err: err}
		}
	}
	var last time.Duration
	o.Each = func(s *mirror.State) {
		if now := core.System.Elapsed(); now-last >= time.Second {
			last = now
			fmt.Fprintf(os.Stderr, "%s: %s, %d requests\n", s.Phase, countsOf(&s.Counts), from.Asked())
		}
	}
	if err := core.Mirror.Run(ctx, st.ID, o); err != nil {
		return err
	}
	state, err := core.Mirror.Get(context.WithoutCancel(ctx), st.ID)
	if err != nil {
		return err
	}
	fmt.Printf("%s, %d requests\n", countsOf(&state.Counts), from.Asked())
	showProblems(state)
	return nil
}

func countsOf(c *mirror.Counts) string {
	text := fmt.Sprintf("%d created, %d changed, %d removed", c.Created, c.Changed, c.Removed)
	if c.Rejected > 0 {
		text += fmt.Sprintf(", %d not as they are there", c.Rejected)
	}
	if c.Kept > 0 {
		text += fmt.Sprintf(", %d kept unsubscribed", c.Kept)
	}
	return text
}

func showProblems(s *mirror.State) {
	for _, p := range s.Problems {
		fmt.Printf("  %s %s %d: %s\n", date(p.At), printable(p.Kind), p.ID, printable(p.Message))
	}
}

type mirrorStatus struct{ ofStore }

func (c *mirrorStatus) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	s, err := core.Mirror.Get(ctx, st.ID)
	if err != nil {
		return err
	}
	fmt.Printf("Of %s, since %s\n", s.Upstream, date(s.Created))
	switch {
	case s.Phase != mirror.Following:
		fmt.Printf("It copies %s for the first time.\n", s.Phase)
	case s.Sweeping:
		fmt.Printf("It looks at everybody, up to customer %d.\n", s.SweepTo)
	}
	if s.Synced != 0 {
		fmt.Printf("In line %s, %d seconds ago; everybody was looked at %s\n", date(s.Synced), s.Lag(core.System.Now()), date(s.Swept))
	}
	if s.Marked > 0 {
		fmt.Printf("%d things that webhooks told of wait.\n", s.Marked)
	}
	if len(s.Hooks) > 0 {
		fmt.Printf("%d webhooks are registered there.\n", len(s.Hooks))
	}
	fmt.Println(countsOf(&s.Counts))
	showProblems(s)
	if s.Error != "" {
		fmt.Printf("Last error, %s: %s\n", date(s.ErrorAt), printable(s.Error))
	}
	return nil
}

type mirrorDiff struct {
	ofUpstream
	Most int `env:"-" default:"1000" placeholder:"N" help:"Stop after so many differences (default: ${default})."`
}

// errEnough ends a comparison.
var errEnough = errors.New("there are more")

func (c *mirrorDiff) Run(ctx context.Context) error {
	core, st, from, err := c.openBoth(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	n := 0
	err = core.Mirror.Diff(ctx, st.ID, from, func(d mirror.Difference) error {
		if n == c.Most {
			return errEnough
		}
		n++
		fmt.Println(printable(d.String()))
		return nil
	})
	switch {
	case errors.Is(err, errEnough):
		return fmt.Errorf("%d differences, and more", n)
	case err != nil:
		return err
	case n > 0:
		return fmt.Errorf("%d differences", n)
	}
	fmt.Println("Both sides are equal.")
	return nil
}

type mirrorEnd struct{ ofUpstream }

func (c *mirrorEnd) Run(ctx context.Context) error {
	core, st, from, err := c.openBoth(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	refused, err := core.Mirror.Leave(ctx, st.ID, from)
	if err != nil {
		return err
	}
	if refused != nil {
		fmt.Printf("Webhooks are left there, as the account is refused: %s\n", printable(refused.Error()))
	}
	fmt.Println("The mirror has ended; what was copied stays.")
	return nil
}

package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"clientele/internal/app"
	"clientele/internal/history"
	"clientele/internal/store"
	"clientele/internal/system"
)

type historyCommands struct {
	List   historyList   `cmd:"" help:"List who changed what, the newest first."`
	Tail   historyTail   `cmd:"" help:"Follow changes as they are made."`
	Verify historyVerify `cmd:"" help:"Tell whether an entry was changed, taken away or added since it was sealed."`
}

// ofHistory selects entries.
type ofHistory struct {
	ofStore
	Customer   int64  `env:"-" placeholder:"ID" help:"Only entries of this customer's timeline."`
	Actor      string `env:"-" placeholder:"KIND" help:"Only what was done by such an actor: api_account, shopper, visitor, command, job, seed, storefront_token, staff or system."`
	ActorID    int64  `name:"actor-id" env:"-" placeholder:"ID" help:"Only what this API account, or this customer in a session, did."`
	ActorName  string `name:"actor-name" env:"-" placeholder:"NAME" help:"Only what an actor with this name or client id did."`
	Surface    string `env:"-" placeholder:"NAME" help:"Only what came by this door, such as v3, v2, graphql or pages."`
	Action     string `env:"-" placeholder:"NAME" help:"Only such acts, such as created, updated, deleted or sign_in_failed."`
	Resource   string `env:"-" placeholder:"TYPE" help:"Only changes of such records, such as customer or address."`
	ResourceID int64  `name:"resource-id" env:"-" placeholder:"ID" help:"Only changes of the record with this id."`
	Request    string `env:"-" placeholder:"ID" help:"Only what this request did, by its X-Request-Id."`
	Text       string `env:"-" placeholder:"TEXT" help:"Only entries that have this in a value, a name, a reason or a client address."`
	JSON       bool   `name:"json" env:"-" help:"Print each entry as a line of JSON, as the API shows it."`
}

// filter returns the filter that the flags say, by the rules of the API.
func (o *ofHistory) filter(more ...string) (history.Filter, error) {
	q := url.Values{}
	for i, pairs := 0, append([]string{
		"customer_id", number(o.Customer), "actor_kind", o.Actor, "actor_id", number(o.ActorID), "actor_name", o.ActorName, "surface", o.Surface, "action", o.Action,
		"resource_type", o.Resource, "resource_id", number(o.ResourceID), "request_id", o.Request, "text", o.Text,
	}, more...); i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	parsed, err := history.Stream.Parse(q.Encode())
	if err != nil {
		return history.Filter{}, err
	}
	return history.StreamOf(parsed)
}

func number(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

// open opens the database and asks the flags what is wanted.
func (o *ofHistory) open(ctx context.Context, more ...string) (*app.Core, *store.Store, history.Filter, error) {
	f, err := o.filter(more...)
	if err != nil {
		return nil, nil, f, &app.ConfigError{Err: err}
	}
	core, st, err := o.ofStore.open(ctx)
	return core, st, f, err
}

// print prints an entry.
func (o *ofHistory) print(w io.Writer, e *history.Listed) {
	if o.JSON {
		fmt.Fprintf(w, "%s\n", e.AppendJSON(nil))
		return
	}
	who, customer, id := e.Actor.Kind.String(), "-", ""
	switch {
	case e.Actor.Kind == history.Shopper:
		who += " " + strconv.FormatInt(e.Actor.ID, 10)
	case e.Actor.Name != "" || e.Actor.ClientID != "":
		who += " " + cmp.Or(e.Actor.Name, e.Actor.ClientID)
	}
	if e.CustomerID != 0 {
		customer = strconv.FormatInt(e.CustomerID, 10)
	}
	if e.ResourceID != 0 {
		id = " " + strconv.FormatInt(e.ResourceID, 10)
	}
	var changes []string
	for _, c := range e.Changes {
		changes = append(changes, c.Field+": "+cmp.Or(c.Before, "-")+" > "+cmp.Or(c.After, "-"))
	}
	if e.Erased {
		changes = append(changes, "(erased)")
	}
	fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s%s\t%s\t%s\t%s\n", e.ID, date(e.Time), printable(who), e.Surface, e.Action, e.Resource, id, customer,
		cmp.Or(printable(strings.Join(changes, ", ")), "-"), cmp.Or(printable(e.Reason), "-"))
}

// writer returns what entries are printed to, and what shows them.
func (o *ofHistory) writer(header bool) (w io.Writer, flush func() error) {
	switch {
	case o.JSON:
		b := bufio.NewWriter(os.Stdout)
		return b, b.Flush
	case header:
		t := table("ID", "TIME", "ACTOR", "SURFACE", "ACTION", "RECORD", "CUSTOMER", "CHANGES", "REASON")
		return t, t.Flush
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	return t, t.Flush
}

type historyList struct {
	ofHistory
	Since  string `env:"-" placeholder:"TIME" help:"From this time on, such as 2026-06-18T14:00:00Z or 2h for two hours ago."`
	Until  string `env:"-" placeholder:"TIME" help:"Until this time."`
	Before int64  `env:"-" placeholder:"ID" help:"Only entries that are older than this one."`
	Limit  int    `env:"-" default:"50" placeholder:"N" help:"How many, 0 for all (default: ${default})."`
}

func (c *historyList) Run(ctx context.Context) error {
	if c.Limit < 0 || c.Before < 0 {
		return &app.ConfigError{Err: errors.New("--limit and --before must not be negative")}
	}
	since, err := pointInTime("--since", c.Since)
	if err != nil {
		return err
	}
	until, err := pointInTime("--until", c.Until)
	if err != nil {
		return err
	}
	core, st, f, err := c.open(ctx, "time:min", since, "time:max", until)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	f.Before = c.Before
	w, flush := c.writer(true)
	left := c.Limit
	for done := false; !done; {
		if c.Limit > 0 {
			f.Limit = min(left, history.MaxLimit)
		}
		p, err := core.History.List(ctx, st.ID, f)
		if err != nil {
			return err
		}
		for i := range p.Records {
			c.print(w, &p.Records[i])
		}
		f.Before, left = p.Older, left-len(p.Records)
		done = f.Before == 0 || c.Limit > 0 && left == 0
		if c.JSON || done { // a table is as wide as its widest row
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// pointInTime returns what a flag says as a time of the API: a time, or how long
// ago it was.
func pointInTime(flag, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if ago, wrong := time.ParseDuration(text); wrong == nil {
		at, err = system.Real().Clock().Add(-ago), nil
	}
	if err != nil {
		return "", &app.ConfigError{Err: fmt.Errorf("%s: want a time such as 2026-06-18T14:00:00Z, or a duration such as 2h", flag)}
	}
	return at.UTC().Format(time.RFC3339), nil
}

type historyTail struct {
	ofHistory
	polling
}

func (c *historyTail) Run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	core, st, f, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	f.After, err = core.History.Last(ctx, st.ID)
	if err != nil {
		return err
	}
	return c.repeat(ctx, core.System, func() error { return c.follow(ctx, core, st.ID, &f) })
}

// follow prints what has come since, the oldest first.
func (c *historyTail) follow(ctx context.Context, core *app.Core, storeID int64, f *history.Filter) error {
	last, err := core.History.Last(ctx, storeID)
	if err != nil {
		return err
	}
	w, flush := c.writer(false)
	for f.After < last {
		// Of 0 a filter takes no notice: it is before the first entry.
		from := *f
		from.After = cmp.Or(from.After, -1)
		p, err := core.History.List(ctx, storeID, from)
		if err != nil {
			return err
		}
		for _, e := range slices.Backward(p.Records) {
			c.print(w, &e)
		}
		f.After = max(p.Newer, f.After)
		if p.Newer == 0 {
			f.After = max(f.After, last)
			if len(p.Records) > 0 { // it may have come after the look at the last one
				f.After = max(f.After, p.Records[0].ID)
			}
		}
	}
	return flush()
}

type historyVerify struct {
	ofStore
	Known string `env:"-" placeholder:"BLOCK:HASH" help:"A checkpoint that this command printed at another time, which has to be in the chain still."`
}

func (c *historyVerify) Run(ctx context.Context) error {
	var known *history.Checkpoint
	if c.Known != "" {
		var err error
		if known, err = history.ParseCheckpoint(c.Known); err != nil {
			return &app.ConfigError{Err: fmt.Errorf("--known: %w", err)}
		}
	}
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	r, err := history.NewChain(core.DB, core.System, core.Keys, logger("text", "warn")).Verify(ctx, st.ID, known)
	if err != nil {
		return err
	}
	for _, p := range r.Problems {
		switch {
		case p.Entry == 0:
			fmt.Printf("Block %d %s.\n", p.Block, p.What)
		case p.Block == 0:
			fmt.Printf("Entry %d %s.\n", p.Entry, p.What)
		default:
			fmt.Printf("Entry %d, of block %d, %s.\n", p.Entry, p.Block, p.What)
		}
	}
	if more := r.Found - int64(len(r.Problems)); more > 0 {
		fmt.Printf("And %d more.\n", more)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "Entries looked at\t%d in %d block(s)\n", r.Entries, r.Blocks)
	if r.DroppedTo != 0 {
		fmt.Fprintf(w, "Taken away by retention\tup to %d, last at %s\n", r.DroppedTo, date(r.DroppedAt))
	}
	tail := "none"
	if r.Last > r.SealedTo {
		tail = fmt.Sprintf("%d to %d", r.SealedTo+1, r.Last)
	}
	fmt.Fprintf(w, "Not sealed yet\t%s\n", tail)
	if r.Block != 0 {
		fmt.Fprintf(w, "Checkpoint\t%s\nSigned with key\t%s\n", &history.Checkpoint{Block: r.Block, Hash: r.Hash}, printable(r.Key))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if r.Found > 0 {
		return fmt.Errorf("the history is not what was sealed: %d problem(s)", r.Found)
	}
	return nil
}

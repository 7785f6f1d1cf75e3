package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"clientele/internal/app"
	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/store"
	"clientele/internal/system"
	"clientele/internal/webhook"
	"clientele/internal/words"
)

type webhookCommands struct {
	List   webhookList   `cmd:"" help:"List the newest deliveries to webhooks."`
	Show   webhookShow   `cmd:"" help:"Show a delivery: requests, answers, timings."`
	Tail   webhookTail   `cmd:"" help:"Follow deliveries as they are made."`
	Replay webhookReplay `cmd:"" help:"Send a delivery again, or all since a time; a running server does it."`
	Test   webhookTest   `cmd:"" help:"Send a webhook an event that only tests it; a running server does it."`
	Pause  webhookPause  `cmd:"" help:"Send nothing to a webhook until it is resumed."`
	Resume webhookResume `cmd:"" help:"Send to a webhook again; what it missed can be replayed."`
}

// ofWebhooks opens the service for an operator, who sees all webhooks.
type ofWebhooks struct{ ofStore }

func (o ofWebhooks) open(ctx context.Context) (*app.Core, *store.Store, *webhook.Service, error) {
	core, st, err := o.ofStore.open(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	return core, st, webhook.NewService(core.DB, core.System, webhook.Rules{Production: true}), nil
}

type webhookList struct {
	ofWebhooks
	Webhook int64    `env:"-" placeholder:"ID" help:"Only deliveries to this webhook."`
	State   []string `env:"-" enum:"pending,delivered,failed" placeholder:"STATE" help:"Only pending, delivered or failed ones."`
	Limit   int      `env:"-" default:"50" placeholder:"N" help:"How many (default: ${default})."`
}

func (c *webhookList) Run(ctx context.Context) error {
	if c.Limit < 1 || c.Limit > 10000 {
		return &app.ConfigError{Err: errors.New("--limit must be 1 to 10000")}
	}
	core, st, hooks, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	var states []webhook.State
	for _, s := range c.State {
		states = append(states, webhook.State(s))
	}
	all, err := hooks.Latest(ctx, st.ID, c.Webhook, states, c.Limit)
	if err != nil {
		return err
	}
	w := table("WEBHOOK", "ID", "SCOPE", "HAPPENED", "STATE", "ATTEMPTS", "STATUS", "TOOK", "NEXT ATTEMPT", "ERROR")
	for i := range all {
		row(w, &all[i])
	}
	return w.Flush()
}

func row(w *tabwriter.Writer, d *webhook.Delivery) {
	status, took := "-", "-"
	if d.Status != 0 {
		status = strconv.FormatInt(d.Status, 10)
	}
	if d.Attempts > 0 {
		took = fmt.Sprintf("%dms", d.Duration)
	}
	fmt.Fprintf(w, "%d\t%d\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", d.HookID, d.ID, d.Scope, date(d.Created), d.State, d.Attempts, status, took, date(d.NextAttempt), d.Error)
}

type webhookShow struct {
	ofWebhooks
	Webhook int64 `arg:"" help:"The webhook's id."`
	ID      int64 `arg:"" help:"The delivery's id."`
}

func (c *webhookShow) Run(ctx context.Context) error {
	core, st, hooks, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	d, err := hooks.Delivery(ctx, st.ID, webhook.Anyone, c.Webhook, c.ID)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"Webhook", strconv.FormatInt(d.HookID, 10)}, {"Delivery", strconv.FormatInt(d.ID, 10)}, {"Scope", d.Scope}, {"Happened", date(d.Created)},
		{"State", string(d.State)}, {"Attempts", strconv.FormatInt(d.Attempts, 10)}, {"Next attempt", date(d.NextAttempt)}, {"Error", d.Error},
		{"Payload", string(d.Payload(st.ID, st.Hash))},
	} {
		if line[1] != "" {
			fmt.Fprintf(w, "%s\t%s\n", line[0], line[1])
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i := range d.Tries {
		a := &d.Tries[i]
		fmt.Printf("\n%s  POST %s (%dms)\n", date(a.At), a.URL, a.Duration)
		printHeaders("> ", d.RequestHeaders(st.Hash, a))
		if a.Status != 0 {
			fmt.Printf("< %d\n", a.Status)
			printHeaders("< ", a.Headers)
			for line := range strings.Lines(a.Body) {
				fmt.Println("<", strconv.Quote(strings.TrimRight(line, "\r\n")))
			}
		}
		if a.Error != "" {
			fmt.Println("!", a.Error)
		}
	}
	return nil
}

func printHeaders(mark string, headers map[string]string) {
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Printf("%s%s: %s\n", mark, name, headers[name])
	}
}

type webhookTail struct {
	ofWebhooks
	Webhook int64 `env:"-" placeholder:"ID" help:"Only deliveries to this webhook."`
	polling
}

// followed is how many of the newest deliveries of a webhook are watched.
const followed = 250

func (c *webhookTail) Run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	core, st, hooks, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	type key struct{ hook, id int64 }
	type shown struct {
		attempts int64
		state    webhook.State
	}
	known := map[key]shown{}
	first := true
	return c.repeat(ctx, core.System, func() error {
		all, err := hooks.Latest(ctx, st.ID, c.Webhook, nil, followed)
		if err != nil {
			return err
		}
		now := make(map[key]shown, len(all))
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		for i := range all {
			d := &all[i]
			k, s := key{d.HookID, d.ID}, shown{d.Attempts, d.State}
			now[k] = s
			if !first && known[k] != s && (d.Attempts > 0 || d.State != webhook.Pending) {
				row(w, d)
			}
		}
		known, first = now, false
		return w.Flush()
	})
}

type webhookReplay struct {
	ofWebhooks
	Webhook    int64  `arg:"" help:"The webhook's id."`
	ID         int64  `arg:"" optional:"" help:"The delivery's id."`
	Since      string `env:"-" placeholder:"TIME" help:"Send again all since this time, such as 2026-06-18T14:00:00Z or 2h for two hours ago."`
	FailedOnly bool   `env:"-" help:"With --since: only what failed."`
}

func (c *webhookReplay) Run(ctx context.Context) error {
	if (c.ID == 0) == (c.Since == "") {
		return &app.ConfigError{Err: errors.New("name a delivery, or a time with --since")}
	}
	since := system.Real().Clock()
	if ago, err := time.ParseDuration(c.Since); err == nil {
		since = since.Add(-ago)
	} else if c.Since != "" {
		if since, err = time.Parse(time.RFC3339, c.Since); err != nil {
			return &app.ConfigError{Err: errors.New("--since: want a time such as 2026-06-18T14:00:00Z, or a duration such as 2h")}
		}
	}
	core, st, hooks, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	n := int64(1)
	if c.Since != "" {
		n, err = hooks.ReplaySince(ctx, st.ID, webhook.Anyone, c.Webhook, since.Unix(), c.FailedOnly)
	} else {
		_, err = hooks.Replay(ctx, st.ID, webhook.Anyone, c.Webhook, c.ID)
	}
	if f := fault.As(err); f != nil {
		return errors.New(words.Terminal.Text(f))
	}
	if err != nil {
		return err
	}
	fmt.Printf("%d delivery(s) will be sent again by the running server.\n", n)
	return nil
}

type webhookTest struct {
	ofWebhooks
	Webhook int64 `arg:"" help:"The webhook's id."`
}

func (c *webhookTest) Run(ctx context.Context) error {
	core, st, hooks, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	d, err := hooks.Test(ctx, st.ID, webhook.Anyone, c.Webhook)
	if f := fault.As(err); f != nil {
		return errors.New(words.Terminal.Text(f))
	}
	if err != nil {
		return err
	}
	fmt.Printf("Delivery %d will be sent by the running server.\n", d.ID)
	return nil
}

type webhookPause struct {
	ofWebhooks
	Webhook int64 `arg:"" help:"The webhook's id."`
}

func (c *webhookPause) Run(ctx context.Context) error { return c.setActive(ctx, c.Webhook, false) }

type webhookResume struct {
	ofWebhooks
	Webhook int64 `arg:"" help:"The webhook's id."`
}

func (c *webhookResume) Run(ctx context.Context) error { return c.setActive(ctx, c.Webhook, true) }

// setActive switches a webhook on or off.
func (o ofWebhooks) setActive(ctx context.Context, id int64, on bool) error {
	core, st, hooks, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	h, err := hooks.Update(ctx, st.ID, webhook.Anyone, webhook.Update{ID: id, IsActive: opt.Some(on)})
	if f := fault.As(err); f != nil {
		return errors.New(words.Terminal.Text(f))
	}
	if err != nil {
		return err
	}
	fmt.Printf("Webhook %d to %s is %s.\n", h.ID, h.Destination, h.Status())
	return nil
}

package main

import (
	"context"
	"fmt"
	"time"

	"clientele/internal/app"
	"clientele/internal/person"
)

type personRequests struct {
	ofStore
	Open  bool `env:"-" help:"Only those that are open, what is due first (default: all, the newest first)."`
	Limit int  `default:"50" env:"-" help:"How many (default: ${default})."`
}

func (c *personRequests) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	page, err := core.Persons.Requests(ctx, st.ID, person.RequestsAsked{Open: c.Open, Limit: min(max(c.Limit, 1), 250)})
	if err != nil {
		return err
	}
	w := table("ID", "KIND", "STATE", "EMAIL", "RECEIVED", "DUE", "DONE", "ERASURE")
	for i := range page.Requests {
		r := &page.Requests[i]
		erasure := ""
		if r.ErasureID != 0 {
			erasure = fmt.Sprint(r.ErasureID)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Kind, r.Stage(core.System.Now()), printable(r.Email), date(r.Received), date(r.Due), date(r.Done), erasure)
	}
	return w.Flush()
}

type personRequest struct {
	ofStore
	Email    string    `required:"" env:"-" placeholder:"ADDRESS" help:"The person's email address."`
	Kind     string    `required:"" enum:"export,erase" env:"-" placeholder:"KIND" help:"What they ask for: export or erase."`
	Note     string    `env:"-" help:"What is to be known of it; an erasure takes it away."`
	Received time.Time `env:"-" format:"2006-01-02" placeholder:"YYYY-MM-DD" help:"The day on which it came, in UTC (default: now)."`
}

func (c *personRequest) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	in := person.Receive{Kind: person.RequestKind(c.Kind), Email: c.Email, Note: c.Note}
	if !c.Received.IsZero() {
		if in.Received = c.Received.Unix(); in.Received <= 0 {
			return &app.ConfigError{Err: fmt.Errorf("--received must be after 1970")}
		}
	}
	r, err := core.Persons.Receive(ctx, st.ID, in)
	if err != nil {
		return err
	}
	fmt.Printf("Request %d is due on %s.\n", r.ID, date(r.Due))
	return nil
}

type personDecline struct {
	ofStore
	ID   int64  `arg:"" help:"The request's id: see requests."`
	Note string `required:"" env:"-" placeholder:"TEXT" help:"Why it is not done."`
}

func (c *personDecline) Run(ctx context.Context) error {
	core, st, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer core.DB.Close()
	if err := core.Persons.Decline(ctx, st.ID, c.ID, c.Note); err != nil {
		return err
	}
	fmt.Printf("Request %d is declined.\n", c.ID)
	return nil
}

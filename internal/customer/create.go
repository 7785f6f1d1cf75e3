package customer

import (
	"context"
	"errors"
	"slices"

	"clientele/internal/fault"
	"clientele/internal/form"
	"clientele/internal/history"
	"clientele/internal/opt"
	"clientele/internal/password"
	"clientele/internal/search"
	"clientele/internal/sqldb"
)

// CreateFor makes customers with their addresses and values: all of them or, if
// any breaks a rule, none. who is the party as which they wait in the queue for
// the hashing of passwords.
func (s *Service) CreateFor(ctx context.Context, who password.Party, in []Create) ([]Customer, error) {
	if len(in) == 0 {
		return nil, nil
	}
	plan, err := s.planCreate(ctx, who, in)
	if err != nil {
		return nil, err
	}
	from := history.Of(ctx)
	plan.from = &from
	if plan.together() {
		err = s.creates.Write(ctx, who.StoreID, plan)
	} else {
		err = s.db.WriteSharedAgain(ctx, who.StoreID, func(tx *sqldb.Tx) error { return plan.run(tx, s.sys.Now()) })
	}
	if err != nil {
		return nil, emailRace(err)
	}
	return plan.out, nil
}

// CreateTx is CreateFor inside a transaction, without passwords' slow hashing:
// hashes are given by index, empty for none.
func (s *Service) CreateTx(tx *sqldb.Tx, in []Create, hashes []string) ([]Customer, error) {
	if len(in) == 0 {
		return nil, nil
	}
	plan := &createPlan{in: in, hashes: hashes, notifier: s.notifier}
	if err := plan.check(); err != nil {
		return nil, err
	}
	if err := plan.run(tx, s.sys.Now()); err != nil {
		return nil, err
	}
	return plan.out, nil
}

// emailRace turns a broken key into the error it stands for. The look for
// taken emails precedes it under the same lock, so this is the last resort.
func emailRace(err error) error {
	if errors.Is(err, sqldb.ErrUnique) {
		return &fault.Error{Kind: fault.Conflict, Cause: err, Items: []fault.Item{{Code: fault.EmailInUse}}}
	}
	return err
}

// createPlan is a checked batch.
type createPlan struct {
	in     []Create
	hashes []string
	prints [][]string // fingerprints of each customer's distinct addresses
	addrs  int64
	attrs  int64
	given  bool  // some ids were chosen by the caller
	chosen int64 // so many ids of addresses were too
	// found is what is searched of the customer, where there is one and somebody has
	// worked it out before.
	found *search.Document

	notifier Notifier        // nil: nobody
	from     *history.Origin // nil: the transaction's

	// Of the last run.
	referred
	ids []int64
	out []Customer
	err error // why nothing is made
}

// together reports whether the batch can be made along with others: no ids were
// chosen, and no form is held to that others are not.
func (p *createPlan) together() bool {
	return !p.given && p.chosen == 0 && !slices.ContainsFunc(p.in, func(c Create) bool { return c.Extent != form.Free })
}

func (s *Service) planCreate(ctx context.Context, who password.Party, in []Create) (*createPlan, error) {
	p := &createPlan{in: in, notifier: s.notifier}
	if err := p.check(); err != nil {
		return nil, err
	}
	var err error
	if p.hashes, err = s.hash(ctx, who, len(in), func(i int) opt.Field[string] { return in[i].NewPassword }); err != nil {
		return nil, err
	}
	for i := range in {
		switch {
		case in[i].NewPassword.Set:
		case in[i].ImportedHash.Hash != "":
			p.hashes[i], _ = in[i].ImportedHash.Stored() // checked before
		case in[i].GeneratePassword:
			p.hashes[i] = s.passwords.Unknown()
		}
	}
	return p, nil
}

// drawn reports whether the customer's password is one that nobody knows.
func (c *Create) drawn() bool {
	return c.GeneratePassword && !c.NewPassword.Set && c.ImportedHash.Hash == ""
}

// hash hashes the passwords of a batch, those that are given.
func (s *Service) hash(ctx context.Context, who password.Party, n int, given func(int) opt.Field[string]) ([]string, error) {
	passwords := make([]string, n)
	for i := range n {
		passwords[i] = given(i).Value
	}
	return s.passwords.HashAll(ctx, who, passwords)
}

// Check returns what is wrong with a command: by itself, by the fields of forms
// and by what else the store holds, but for whether the email is free.
func (s *Service) Check(ctx context.Context, storeID int64, in Create, fields form.Form) ([]fault.Item, error) {
	in.JoinDefault = false // nothing is wrong with that
	p := createPlan{in: []Create{in}}
	err := p.check()
	var items []fault.Item
	if f := fault.As(err); f != nil {
		items = f.Items
	}
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		var w wanted
		p.want(&w)
		w.forms = nil
		ref, err := w.load(tx)
		if err != nil {
			return err
		}
		ref.forms = map[string]form.Form{form.Customer: fields.Of(form.Customer), form.Address: fields.Of(form.Address)}
		_, err = p.resolve(ref)
		return err
	})
	if f := fault.As(err); f != nil && f.Kind == fault.Invalid {
		return append(items, f.Items...), nil
	}
	return items, err
}

func (p *createPlan) check() error {
	var b fault.Batch
	p.prints = make([][]string, len(p.in))
	b.Each(len(p.in), func(i int, c *fault.Collector) {
		in := &p.in[i]
		in.normalize()
		in.check(c)
		if len(b.Items)+len(c.Items) > 0 {
			return // nothing will be made
		}
		p.given = p.given || in.ID != 0
		p.attrs += int64(len(in.Attributes))
		// The same address twice is one address.
		distinct := in.Addresses[:0:0]
		for _, a := range in.Addresses {
			fp := a.fingerprint()
			if !slices.Contains(p.prints[i], fp) {
				p.prints[i] = append(p.prints[i], fp)
				distinct = append(distinct, a)
				if a.ID != 0 {
					p.chosen++
				}
			}
		}
		in.Addresses = distinct
		p.addrs += int64(len(distinct))
	})
	return b.Err(fault.Invalid)
}

// referred is what customers get from what their commands refer to.
type referred struct {
	groups    []int64
	customers [][]form.Stored   // values of form fields
	addresses [][][]form.Stored // also by address
}

// want adds what the batch refers to.
func (p *createPlan) want(w *wanted) {
	for i := range p.in {
		in := &p.in[i]
		if in.GroupID != 0 {
			set(&w.groups, in.GroupID)
		}
		if in.JoinDefault && in.GroupID == 0 {
			set(&w.joins, in.OriginChannelID)
		}
		w.channel(in.OriginChannelID)
		w.channel(in.ChannelIDs...)
		for _, a := range in.Attributes {
			set(&w.attributes, a.AttributeID)
		}
		w.form(form.Customer, in.Extent, in.FormFields)
		w.form(form.Address, in.Extent, nil)
		for j := range in.Addresses {
			w.form(form.Address, in.Extent, in.Addresses[j].FormFields)
		}
	}
}

// resolve checks what the batch refers to and returns what comes of it.
func (p *createPlan) resolve(ref *references) (referred, error) {
	n := len(p.in)
	out := referred{make([]int64, n), make([][]form.Stored, n), make([][][]form.Stored, n)}
	var b fault.Batch
	b.Each(len(p.in), func(i int, c *fault.Collector) {
		in := &p.in[i]
		ref.checkGroup(c, in.GroupID)
		out.groups[i] = in.GroupID
		if in.JoinDefault && in.GroupID == 0 {
			out.groups[i] = ref.joined[in.OriginChannelID]
		}
		ref.checkChannels(c, FieldOriginChannel, in.OriginChannelID)
		ref.checkChannels(c, FieldChannels, in.ChannelIDs...)
		for j, a := range in.Attributes {
			ref.checkAttribute(c, j, a)
		}
		out.customers[i] = ref.checkCustomer(c, in.Extent, in.FormFields, opt.Some(in.Company), opt.Some(in.Phone), len(in.Addresses) > 0)
		out.addresses[i] = make([][]form.Stored, len(in.Addresses))
		for j := range in.Addresses {
			c.In = fault.Place{List: FieldAddresses, At: j + 1}
			out.addresses[i][j] = ref.checkNewAddress(c, in.Extent, &in.Addresses[j])
		}
	})
	return out, b.Err(fault.Invalid)
}

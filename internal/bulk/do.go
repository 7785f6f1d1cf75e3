package bulk

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"clientele/internal/customer"
	"clientele/internal/email"
	"clientele/internal/fault"
	"clientele/internal/opt"
	"clientele/internal/segment"
	"clientele/internal/sqldb"
	"clientele/internal/store"
	"clientele/internal/subscriber"
)

// outcome is what became of some: of those who changed what undoing needs to know,
// and of those it could not be done to the code of why. The others were so before.
type outcome struct {
	changed, failed map[int64]string
}

// doing is one transaction of a bulk action.
type doing struct {
	*Service
	tx  *sqldb.Tx
	a   *Action
	now int64
}

func (d *doing) do(ids []int64) (outcome, error) {
	out := outcome{changed: map[int64]string{}, failed: map[int64]string{}}
	if d.a.Subject == Subscribers {
		return out, d.toSubscribers(ids, &out)
	}
	there, err := customer.Hold(d.tx, ids...)
	if err != nil {
		return out, err
	}
	var held []int64
	for _, id := range ids {
		if there[id] {
			held = append(held, id)
		} else {
			out.failed[id] = string(fault.Unknown)
		}
	}
	if len(held) == 0 {
		return out, nil
	}
	return out, d.toCustomers(held, &out)
}

// toCustomers does it to customers who are locked.
func (d *doing) toCustomers(ids []int64, out *outcome) error {
	switch d.a.Kind {
	case SetGroup:
		before, err := d.Customers.Groups(d.tx, ids)
		if err != nil {
			return err
		}
		return d.update(ids, out, func(id int64, u *customer.Update) (string, bool) {
			u.GroupID = opt.Some(d.a.GroupID)
			return strconv.FormatInt(before[id], 10), before[id] != d.a.GroupID
		})
	case RequirePassword:
		rows, err := customer.ReadByID(d.tx, ids)
		if err != nil {
			return err
		}
		has := map[int64]bool{}
		for i := range rows {
			has[rows[i].ID] = rows[i].ForcePasswordReset
		}
		return d.update(ids, out, func(id int64, u *customer.Update) (string, bool) {
			u.ForcePasswordReset = opt.Some(true)
			return "", !has[id]
		})
	case AddToSegment, TakeFromSegment:
		move := d.Segments.PutInTx
		if d.a.Kind == TakeFromSegment {
			move = d.Segments.TakeOutTx
		}
		moved, err := move(d.tx, d.a.Segment, ids)
		for _, id := range moved {
			out.changed[id] = ""
		}
		return err
	case SetAttribute:
		before, err := d.Customers.SetAttributeTx(d.tx, d.a.AttributeID, d.a.Value, ids)
		for id, b := range before {
			if b.Has {
				out.changed[id] = "=" + b.Value
			} else {
				out.changed[id] = ""
			}
		}
		return err
	case SendReset:
		rows, err := customer.ReadByID(d.tx, ids)
		for i := 0; i < len(rows) && err == nil; i++ {
			if err = d.Accounts.ResetTx(d.tx, &rows[i]); err == nil {
				out.changed[rows[i].ID] = ""
			}
		}
		return err
	case Subscribe, Unsubscribe:
		rows, err := customer.ReadByID(d.tx, ids)
		for i := 0; i < len(rows) && err == nil; i++ {
			err = d.wish(&rows[i], out)
		}
		return err
	case Delete:
		n, err := d.Customers.RemoveTx(d.tx, ids)
		if err == nil && n != len(ids) {
			err = errors.New("bulk: customers who are locked are gone")
		}
		for _, id := range ids {
			out.changed[id] = ""
		}
		return err
	}
	return errUnknown
}

// update changes customers; of tells for each what it was before and whether it
// changes at all.
func (d *doing) update(ids []int64, out *outcome, of func(id int64, u *customer.Update) (before string, changes bool)) error {
	var updates []customer.Update
	for _, id := range ids {
		u := customer.Update{ID: id}
		if before, changes := of(id, &u); changes {
			updates = append(updates, u)
			out.changed[id] = before
		}
	}
	if len(updates) == 0 {
		return nil
	}
	_, err := d.Customers.UpdateTx(d.tx, updates, make([]string, len(updates)))
	return err
}

// by is where consents come from that a bulk action changes.
func (d *doing) by() subscriber.Origin {
	by := subscriber.Origin{Via: subscriber.ViaPanel}
	by.Proof.Ground, by.Proof.Anew = d.a.Ground, d.a.Anew
	by.Proof.ActorKind, by.Proof.ActorName = d.a.By.Kind.String(), d.a.By.Name
	return by
}

// said is what undoing a change of consents needs to know: which subscribers it made,
// and which it changed.
type said struct {
	Made    int64   `json:"made,omitempty"`
	Changed []int64 `json:"changed,omitempty"`
	// Before is how their addresses stood before, by the subscribers.
	Before map[int64]subscriber.Before `json:"before,omitempty"`
}

// wish gives a customer the newsletter of the channel where they came from, or takes
// that of every channel away.
func (d *doing) wish(c *customer.Customer, out *outcome) error {
	subs, err := subscriber.ReadByAddress(d.tx, []string{c.Email})
	if err != nil {
		return err
	}
	on := d.a.Kind == Subscribe
	channel := c.OriginChannelID
	if channel == 0 {
		channel = store.DefaultChannel
	}
	var what said
	var ids []int64
	for i := range subs {
		if email.Same(subs[i].Email, c.Email) && (!on || subs[i].ChannelID == channel) {
			ids = append(ids, subs[i].ID)
		}
	}
	held, err := subscriber.Held(d.tx, ids)
	if err != nil {
		return err
	}
	what.Before = map[int64]subscriber.Before{}
	if on && len(held) == 0 {
		before, err := subscriber.BeforeTx(d.tx, c.Email, channel)
		if err != nil {
			return err
		}
		what.Made, err = subscriber.EnterTx(d.tx, subscriber.Create{Email: c.Email, FirstName: c.FirstName, LastName: c.LastName, ChannelID: opt.Some(channel)}, d.by(), d.now)
		if err != nil {
			return err
		}
		if err := before.Noted(d.tx, what.Made); err != nil {
			return err
		}
		what.Before[what.Made] = before
	}
	for i := range held {
		before, changed, err := d.set(&held[i])
		if err != nil {
			return err
		}
		if changed {
			what.Changed = append(what.Changed, held[i].ID)
			what.Before[held[i].ID] = before
		}
	}
	if what.Made == 0 && what.Changed == nil {
		return nil
	}
	text, err := json.Marshal(what)
	out.changed[c.ID] = string(text)
	return err
}

// set gives a subscriber the newsletter or takes it away, and tells what undoing that
// needs to know.
func (d *doing) set(s *subscriber.Subscriber) (before subscriber.Before, changed bool, err error) {
	if before, err = subscriber.BeforeTx(d.tx, s.Email, s.ChannelID); err != nil {
		return before, false, err
	}
	if d.a.Kind == Subscribe {
		changed, err = subscriber.SubscribeTx(d.tx, s, d.by(), d.now)
	} else {
		changed, err = subscriber.SetNewsletterTx(d.tx, s, false, d.by(), d.now)
	}
	if err == nil && changed {
		err = before.Noted(d.tx, s.ID)
	}
	return before, changed, err
}

// toSubscribers does it to subscribers.
func (d *doing) toSubscribers(ids []int64, out *outcome) error {
	held, err := subscriber.Held(d.tx, ids)
	if err != nil {
		return err
	}
	there := map[int64]bool{}
	for i := range held {
		there[held[i].ID] = true
	}
	for _, id := range ids {
		if !there[id] {
			out.failed[id] = string(fault.Unknown)
		}
	}
	if d.a.Kind == Delete {
		for i := range held {
			out.changed[held[i].ID] = ""
		}
		return subscriber.RemoveHeldTx(d.tx, held, d.by(), d.now)
	}
	for i := range held {
		before, changed, err := d.set(&held[i])
		if err != nil {
			return err
		}
		if changed {
			out.changed[held[i].ID] = before.String()
		}
	}
	return nil
}

// undo changes back what was changed, by ids with what undoing needs to know, as far
// as nobody else has changed it since. It returns who was changed back.
func (d *doing) undo(items map[int64]string) (map[int64]bool, error) {
	d.a.Anew = false // what is given back is no new consent
	out := map[int64]bool{}
	ids := make([]int64, 0, len(items))
	for id := range items {
		ids = append(ids, id)
	}
	if d.a.Subject == Subscribers {
		before := map[int64]subscriber.Before{}
		for id, text := range items {
			var b subscriber.Before
			if text != "" {
				if err := json.Unmarshal([]byte(text), &b); err != nil {
					return nil, err
				}
			}
			before[id] = b
		}
		return out, d.undoWishes(ids, before, out)
	}
	there, err := customer.Hold(d.tx, ids...)
	if err != nil {
		return nil, err
	}
	ids = ids[:0]
	for id := range items {
		if there[id] {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return out, nil
	}
	switch d.a.Kind {
	case SetGroup:
		var back []segment.Regroup
		for _, id := range ids {
			before, err := strconv.ParseInt(items[id], 10, 64)
			if err != nil {
				return nil, err
			}
			back = append(back, segment.Regroup{CustomerID: id, From: d.a.GroupID, To: before, Back: true})
		}
		return d.Customers.Regroup(d.tx, back)
	case RequirePassword:
		rows, err := customer.ReadByID(d.tx, ids)
		if err != nil {
			return nil, err
		}
		did := outcome{changed: map[int64]string{}}
		has := map[int64]bool{}
		for i := range rows {
			has[rows[i].ID] = rows[i].ForcePasswordReset
		}
		err = d.update(ids, &did, func(id int64, u *customer.Update) (string, bool) {
			u.ForcePasswordReset = opt.Some(false)
			return "", has[id]
		})
		for id := range did.changed {
			out[id] = true
		}
		return out, err
	case AddToSegment, TakeFromSegment:
		move := d.Segments.TakeOutTx
		if d.a.Kind == TakeFromSegment {
			move = d.Segments.PutInTx
		}
		slices.Sort(ids)
		moved, err := move(d.tx, d.a.Segment, ids)
		for _, id := range moved {
			out[id] = true
		}
		return out, err
	case SetAttribute:
		before := map[int64]customer.Before{}
		for _, id := range ids {
			value, has := strings.CutPrefix(items[id], "=")
			before[id] = customer.Before{Value: value, Has: has}
		}
		return d.Customers.ResetAttributeTx(d.tx, d.a.AttributeID, d.a.Value, before)
	case Subscribe, Unsubscribe:
		for _, id := range ids {
			var what said
			if err := json.Unmarshal([]byte(items[id]), &what); err != nil {
				return nil, err
			}
			back := map[int64]bool{}
			if what.Made != 0 {
				what.Changed = append(what.Changed, what.Made)
			}
			if err := d.undoWishes(what.Changed, what.Before, back); err != nil {
				return nil, err
			}
			out[id] = len(back) > 0
		}
	}
	return out, nil
}

// undoWishes takes the changes of subscribers' consents back.
func (d *doing) undoWishes(ids []int64, before map[int64]subscriber.Before, out map[int64]bool) error {
	held, err := subscriber.Held(d.tx, ids)
	if err != nil {
		return err
	}
	for i := range held {
		undone, err := subscriber.UndoTx(d.tx, &held[i], before[held[i].ID], d.by(), d.now)
		if err != nil {
			return err
		}
		if undone {
			out[held[i].ID] = true
		}
	}
	return nil
}

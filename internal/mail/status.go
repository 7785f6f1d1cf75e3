package mail

import (
	"context"
	"maps"
	"slices"

	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// offReason is what a message that was switched off is said to have failed by.
const offReason = "emails of this kind are switched off"

var (
	selectStatuses = sqldb.Static(`SELECT channel_id, kind, is_on FROM email_statuses WHERE store_id = $1`)
	selectStatus   = sqldb.Static(`SELECT channel_id, is_on FROM email_statuses WHERE store_id = $1 AND kind = $2 AND channel_id IN (0, $3) ORDER BY channel_id`)
	putStatus      = sqldb.Static(`INSERT INTO email_statuses (store_id, channel_id, kind, is_on) VALUES ($1, $2, $3, $4)
		ON CONFLICT (store_id, channel_id, kind) DO UPDATE SET is_on = excluded.is_on`)
	clearStatus = sqldb.Static(`DELETE FROM email_statuses WHERE store_id = $1 AND channel_id = $2 AND kind = $3`)
)

// Switches returns the kinds of emails that can be switched off, in alphabetical
// order.
func Switches() []Kind {
	return slices.DeleteFunc(TemplateKinds(), func(k Kind) bool { return !templated[k].canBeOff })
}

// switchOf returns the switch that a message hangs on, or "".
func (m *Stored) switchOf() Kind {
	kinds := m.templates()
	if last := kinds[len(kinds)-1]; templated[last].canBeOff {
		return last
	}
	return ""
}

// Statuses says which emails are sent, by kind. On a channel a kind that is not
// named is left to the store; the store names all.
type Statuses map[Kind]bool

// StatusChange is the command to switch emails on or off: kinds that are absent
// stay, null ones are left to the level above.
type StatusChange map[Kind]opt.Field[bool]

// statuses returns what each level says, the store's as channel 0.
func statuses(tx *sqldb.Tx) (map[int64]Statuses, error) {
	out := map[int64]Statuses{0: {}}
	for _, k := range Switches() {
		out[0][k] = true
	}
	err := tx.Query(selectStatuses, func(r *sqldb.Row) error {
		channel, kind := r.Int(0), Kind(r.Text(1))
		if out[channel] == nil {
			out[channel] = Statuses{}
		}
		if templated[kind].canBeOff {
			out[channel][kind] = r.Flag(2)
		}
		return nil
	})
	return out, err
}

// Statuses returns which emails the store (channel 0) or a channel itself has
// sent.
func (s *Service) Statuses(ctx context.Context, storeID, channelID int64) (out Statuses, err error) {
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := holdChannel(tx, channelID); err != nil {
			return err
		}
		all, err := statuses(tx)
		out = all[channelID]
		return err
	})
	return out, err
}

// SetStatuses changes which emails the store (channel 0) or a channel has sent,
// and returns what it says then.
func (s *Service) SetStatuses(ctx context.Context, storeID, channelID int64, in StatusChange) (out Statuses, err error) {
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		out, err = SetStatuses(tx, channelID, in, s.sys.Now())
		return err
	})
	return out, err
}

// SetStatuses is Service.SetStatuses inside a transaction.
func SetStatuses(tx *sqldb.Tx, channelID int64, in StatusChange, now int64) (Statuses, error) {
	c := fault.Collector{}
	for _, kind := range slices.Sorted(maps.Keys(in)) {
		switch {
		case !templated[kind].canBeOff:
			c.AddItem(fault.Item{Field: FieldStatus, Code: fault.NotAccepted, Why: WhyNoSwitch, Value: string(kind), Want: switchNames()})
		case in[kind].Null && channelID == 0:
			c.AddItem(fault.Item{Field: FieldStatus, Code: fault.NotAccepted, Why: WhyNoLevel, Value: kind.told()})
		}
	}
	if err := c.Err(fault.Invalid); err != nil {
		return nil, err
	}
	if err := hold(tx, channelID); err != nil {
		return nil, err
	}
	was, err := statuses(tx)
	if err != nil {
		return nil, err
	}
	var events []event.Event
	tell := func(kind Kind, channel int64, scope string) {
		events = append(events, event.EmailStatus(channel, scope, kind.told()))
	}
	for _, kind := range slices.Sorted(maps.Keys(in)) {
		f := in[kind]
		on, said := was[channelID][kind]
		switch {
		case !f.Set || f.Null && !said || !f.Null && said && f.Value == on:
		case f.Null:
			if err := tx.Exec(clearStatus, channelID, string(kind)); err != nil {
				return nil, err
			}
			tell(kind, channelID, event.EmailStatusDeleted)
		default:
			if err := tx.Exec(putStatus, channelID, string(kind), sqldb.Flag(f.Value)); err != nil {
				return nil, err
			}
			if channelID != 0 {
				tell(kind, channelID, event.EmailStatusUpdated)
				continue
			}
			var open []int64
			if err := tx.Pipeline(store.OpenChannels(&open)); err != nil {
				return nil, err
			}
			for _, id := range open {
				if _, own := was[id][kind]; !own {
					tell(kind, id, event.EmailStatusUpdated)
				}
			}
		}
	}
	is, err := statuses(tx)
	if err != nil {
		return nil, err
	}
	var entries []history.Entry
	if e := statusChange(channelID, was[channelID], is[channelID]); e.Changed() {
		entries = append(entries, e)
	}
	return is[channelID], store.Note(tx, now, events, entries)
}

func switchNames() string {
	names := ""
	for i, k := range Switches() {
		if i > 0 {
			names += ", "
		}
		names += string(k)
	}
	return names
}

// offQuery returns the query for whether emails of a kind are switched off on a
// channel, to be run in a pipeline.
func offQuery(kind Kind, channelID int64, off *bool) sqldb.Q {
	*off = false
	return sqldb.Q{Stmt: selectStatus, Args: []any{string(kind), channelID}, Each: func(r *sqldb.Row) error {
		*off = !r.Flag(1) // the channel comes after the store
		return nil
	}}
}

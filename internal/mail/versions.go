package mail

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"clientele/internal/event"
	"clientele/internal/fault"
	"clientele/internal/history"
	"clientele/internal/locale"
	"clientele/internal/opt"
	"clientele/internal/sqldb"
	"clientele/internal/store"
)

// Writer is by what a template was written. Nobody's name is kept.
type Writer string

// The writers.
const (
	ByAPI     Writer = "api"
	ByCommand Writer = "command"
	BySeed    Writer = "seed"
	ByPanel   Writer = "panel"
)

// MaxVersions is how many versions of a template are kept.
const MaxVersions = 20

// Version is what a template was, from one writing of it to the next. Without
// texts the store had none.
type Version struct {
	Template
	Number int64
	Writer Writer // empty: before versions were kept
	// Undo tells that the version is an earlier one again: Restores, or the
	// program's own texts where that is 0.
	Undo     bool
	Restores int64
}

// root is the version whose texts these are.
func (v *Version) root() int64 {
	if v.Undo {
		return v.Restores
	}
	return v.Number
}

const versionColumns = `kind, channel_id, locale, version, subject, body_text, body_html, translations, writer, is_undo, restores, date_created`

var (
	selectLatest      = sqldb.Static(`SELECT ` + versionColumns + ` FROM email_template_versions WHERE store_id = $1 AND is_latest = 1 ORDER BY kind, channel_id, locale`)
	selectForMessages = sqldb.Static(`SELECT ` + versionColumns + ` FROM email_template_versions WHERE store_id = $1 AND is_latest = 1 AND kind IN ($2, $3) AND channel_id IN (0, $4)
		ORDER BY kind, channel_id, locale`)
	selectForThen = sqldb.Static(`SELECT ` + versionColumns + ` FROM email_template_versions WHERE store_id = $1 AND kind IN ($2, $3) AND channel_id IN (0, $4) AND date_created <= $5
		ORDER BY kind, channel_id, locale, version`)
	selectVersions = sqldb.Static(`SELECT ` + versionColumns + ` FROM email_template_versions WHERE store_id = $1 AND kind = $2 AND channel_id = $3 AND locale = $4 ORDER BY version DESC`)
	selectOwners   = sqldb.Static(`SELECT DISTINCT channel_id FROM email_template_versions WHERE store_id = $1 AND is_latest = 1 AND kind = $2 AND channel_id <> 0 AND locale = $3
		AND (subject <> '' OR body_text <> '' OR body_html <> '')`)
	supersede     = sqldb.Static(`UPDATE email_template_versions SET is_latest = 0 WHERE store_id = $1 AND kind = $2 AND channel_id = $3 AND locale = $4 AND is_latest = 1`)
	insertVersion = sqldb.Static(`INSERT INTO email_template_versions (store_id, kind, channel_id, locale, version, is_latest, subject, body_text, body_html, translations, writer, is_undo, restores, date_created)
		VALUES ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $10, $11, $12, $13)`)
	forgetVersions = sqldb.Static(`DELETE FROM email_template_versions WHERE store_id = $1 AND kind = $2 AND channel_id = $3 AND locale = $4 AND version <= $5`)
)

func scanVersion(r *sqldb.Row) (Version, error) {
	v := Version{
		Template: Template{Kind: Kind(r.Text(0)), ChannelID: r.Int(1), Locale: r.Text(2), Subject: r.Text(4), Text: r.Text(5), HTML: r.Text(6), DateModified: r.Int(11)},
		Number:   r.Int(3), Writer: Writer(r.Text(8)), Undo: r.Flag(9), Restores: r.Int(10),
	}
	if text := r.Text(7); text != "" {
		if err := json.Unmarshal([]byte(text), &v.Translations); err != nil {
			return v, fmt.Errorf("translations of the email template %s: %w", v.Kind, err)
		}
	}
	return v, nil
}

// templatesQuery returns the query for the templates that a message of a kind
// may be made of on a channel, now or at a time, to be run in a pipeline.
func templatesQuery(kind Kind, channelID, asOf int64, into *[]Template) sqldb.Q {
	*into = nil
	names := candidates(kind)
	if asOf != 0 {
		return sqldb.Q{Stmt: selectForThen, Args: []any{string(names[0]), string(names[len(names)-1]), channelID, asOf}, Each: func(r *sqldb.Row) error {
			v, err := scanVersion(r)
			// A later version takes the place of the one before.
			*into = slices.DeleteFunc(*into, func(t Template) bool { return t.Place() == v.Place() })
			if !v.empty() {
				*into = append(*into, v.Template)
			}
			return err
		}}
	}
	return sqldb.Q{Stmt: selectForMessages, Args: []any{string(names[0]), string(names[len(names)-1]), channelID}, Each: func(r *sqldb.Row) error {
		v, err := scanVersion(r)
		if !v.empty() {
			*into = append(*into, v.Template)
		}
		return err
	}}
}

// versions returns those of a place, the latest first.
func versions(tx *sqldb.Tx, at Place) (out []Version, err error) {
	err = tx.Query(selectVersions, func(r *sqldb.Row) error {
		v, err := scanVersion(r)
		out = append(out, v)
		return err
	}, string(at.Kind), at.ChannelID, locale.Lower(at.Locale))
	return out, err
}

// current returns the template of a place, nil if there is none.
func current(tx *sqldb.Tx, at Place) (*Template, error) {
	all, err := versions(tx, at)
	if err != nil || len(all) == 0 || all[0].empty() {
		return nil, err
	}
	return &all[0].Template, nil
}

// hold keeps others from writing templates until the end of tx, and makes sure
// that there is the channel.
func hold(tx *sqldb.Tx, channelID int64) error {
	if _, err := (store.Advance{}).Run(tx); err != nil {
		return err
	}
	return holdChannel(tx, channelID)
}

// holdChannel makes sure that there is a channel; 0 is none.
func holdChannel(tx *sqldb.Tx, channelID int64) error {
	if channelID == 0 {
		return nil
	}
	found := map[int64]bool{}
	if err := tx.Pipeline(store.HoldChannels(tx, []int64{channelID}, found)); err != nil {
		return err
	}
	if !found[channelID] {
		return noChannel()
	}
	return nil
}

func noChannel() error { return fault.New(fault.NotFound, "there is no such channel") }

// append adds a version to a place, whose versions before are given.
func (v Version) append(tx *sqldb.Tx, before []Version, now int64) error {
	if len(before) > 0 {
		v.Number = before[0].Number + 1
	} else {
		v.Number = 1
	}
	translations := ""
	if len(v.Translations) > 0 {
		text, err := json.Marshal(v.Translations)
		if err != nil {
			return err
		}
		translations = string(text)
	}
	if err := history.Enter(tx, now, v.changeSince(before)); err != nil {
		return err
	}
	at := []any{string(v.Kind), v.ChannelID, v.Locale}
	if err := tx.Exec(supersede, at...); err != nil {
		return err
	}
	if err := tx.Exec(insertVersion, append(slices.Clone(at), v.Number, v.Subject, v.Text, v.HTML, translations, string(v.Writer), sqldb.Flag(v.Undo), v.Restores, now)...); err != nil {
		return err
	}
	if v.Number > MaxVersions {
		if err := tx.Exec(forgetVersions, append(slices.Clone(at), v.Number-MaxVersions)...); err != nil {
			return err
		}
	}
	scope := event.EmailTemplateUpdated
	if v.empty() {
		scope = event.EmailTemplateDeleted
	}
	return tellTemplate(tx, v.Place(), scope, now)
}

// tellTemplate records what became of a template: on its channel, or on every
// channel that has none of its own.
func tellTemplate(tx *sqldb.Tx, at Place, scope string, now int64) error {
	if at.ChannelID != 0 {
		return store.Record(tx, now, event.EmailTemplate(at.ChannelID, scope, at.Kind.told()))
	}
	owners := map[int64]bool{}
	if err := tx.Query(selectOwners, func(r *sqldb.Row) error { owners[r.Int(0)] = true; return nil }, string(at.Kind), at.Locale); err != nil {
		return err
	}
	return store.TellChannels(tx, now, func(channelID int64) (event.Event, bool) {
		return event.EmailTemplate(channelID, scope, at.Kind.told()), !owners[channelID]
	})
}

// PutTemplate sets a template of the store of tx, which makes a version of it.
func PutTemplate(tx *sqldb.Tx, t Template, by Writer, now int64) error {
	if err := CheckTemplate(&t); err != nil {
		return err
	}
	if err := hold(tx, t.ChannelID); err != nil {
		return err
	}
	before, err := versions(tx, t.Place())
	if err != nil || len(before) > 0 && before[0].says(&t) {
		return err
	}
	return Version{Template: t, Writer: by}.append(tx, before, now)
}

// Put sets a store's template.
func (s *Service) Put(ctx context.Context, storeID int64, t Template, by Writer) error {
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error { return PutTemplate(tx, t, by, s.sys.Now()) })
}

// Reset goes back to what holds without the template: on a channel the store's,
// otherwise the program's own texts.
func (s *Service) Reset(ctx context.Context, storeID int64, at Place, by Writer) error {
	at.Locale = locale.Lower(at.Locale)
	return s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := hold(tx, at.ChannelID); err != nil {
			return err
		}
		before, err := versions(tx, at)
		if err == nil && (len(before) == 0 || before[0].empty()) {
			err = noTemplate()
		}
		if err != nil {
			return err
		}
		return Version{Template: Template{Kind: at.Kind, ChannelID: at.ChannelID, Locale: at.Locale}, Writer: by}.append(tx, before, s.sys.Now())
	})
}

// History returns the versions of a place that are kept, the latest first.
func (s *Service) History(ctx context.Context, storeID int64, at Place) (out []Version, err error) {
	if _, ok := templated[at.Kind]; !ok {
		return nil, fault.New(fault.NotFound, noKind())
	}
	err = s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
		out, err = versions(tx, at)
		return err
	})
	return out, err
}

// Undo goes back to an earlier version of a template, which makes a version
// itself: to the one before, also of one that was gone back to, or to the one
// that to names, where 0 is that of no template. It returns what holds now.
func (s *Service) Undo(ctx context.Context, storeID int64, at Place, to opt.Field[int64], by Writer) (out *Version, err error) {
	at.Locale = locale.Lower(at.Locale)
	err = s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		if err := hold(tx, at.ChannelID); err != nil {
			return err
		}
		all, err := versions(tx, at)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return noTemplate()
		}
		number := all[0].root() - 1
		if to.Set {
			number = to.Value
		}
		v, err := restore(all, at, number)
		if err != nil {
			return err
		}
		v.Writer = by
		out = &v
		if v.says(&all[0].Template) && v.Restores == all[0].root() {
			return nil // holds already
		}
		return v.append(tx, all, s.sys.Now())
	})
	return out, err
}

// restore returns the version that goes back to another one of a place.
func restore(all []Version, at Place, number int64) (Version, error) {
	none := Version{Template: Template{Kind: at.Kind, ChannelID: at.ChannelID, Locale: at.Locale}, Undo: true}
	if number == 0 {
		return none, nil
	}
	i := slices.IndexFunc(all, func(v Version) bool { return v.Number == number })
	switch {
	case number < 0:
		return none, fault.New(fault.NotFound, "there is nothing before: the store had no such template")
	case i < 0:
		oldest := strconv.FormatInt(all[len(all)-1].Number, 10)
		return none, fault.New(fault.NotFound, "there is no such earlier version any more: the oldest that is kept is "+oldest)
	}
	v := all[i]
	v.Restores, v.Undo = v.root(), true
	return v, nil
}

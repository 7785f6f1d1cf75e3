package history

import (
	"encoding/binary"
	"encoding/hex"
	"slices"

	"clientele/internal/sqldb"
)

const (
	sharedArgs = 2  // of all rows
	entryArgs  = 10 // of each row
)

var (
	inserts = sqldb.StaticRows(`INSERT INTO history (store_id, date_created, digest, id, actor, surface, action, resource, resource_id, customer_id, request_id, facts, personal) VALUES `, sharedArgs, entryArgs, 6, ``)

	actorByName = sqldb.Static(`SELECT id FROM history_actors WHERE store_id = $1 AND kind = $2 AND name = $3`)
	lastActor   = sqldb.Static(`SELECT COALESCE(MAX(id), 0) FROM history_actors WHERE store_id = $1`)
	insertActor = sqldb.Static(`INSERT INTO history_actors (store_id, id, kind, name) VALUES ($1, $2, $3, $4)`)
)

// saltBytes is how much randomness keeps a personal value from being guessed by
// its digest.
const saltBytes = 16

// Record writes entries with the ids last-len+1 … last, which the caller took
// from the store's counters in the same transaction, unless that is muted.
func Record(tx *sqldb.Tx, last, now int64, entries []Entry) error {
	if len(entries) == 0 || tx.Muted().Entries {
		return nil
	}
	var own Origin
	if tx.Context() != nil {
		own = OfTx(tx)
	}
	size := 0
	for i := range entries {
		size += entries[i].room(&own)
	}
	w := writer{
		tx: tx, args: append(make([]any, 0, sharedArgs+entryArgs*len(entries)), now, nothing), bytes: nothing,
		salts: make([]byte, saltBytes*len(entries)), room: make([]byte, 0, size),
	}
	tx.Random(w.salts)
	id := last - int64(len(entries))
	for i := range entries {
		id++
		if err := w.add(id, &entries[i], entries[i].from(&own)); err != nil {
			return err
		}
	}
	return inserts.ExecJoined(tx, w.args)
}

// writer makes rows of entries.
type writer struct {
	tx      *sqldb.Tx
	args    []any
	salts   []byte // those that are left
	room    []byte // what entries say of persons
	request string // the last one, and its bytes
	bytes   any
	actor   Actor // the last one, and its code
	code    int64
}

func (w *writer) add(id int64, e *Entry, from *Origin) error {
	actor := from.Actor
	if e.By != nil {
		actor = *e.By
	}
	if actor != w.actor {
		code, err := codeOf(w.tx, actor)
		if err != nil {
			return err
		}
		w.actor, w.code = actor, code
	}
	if from.RequestID != w.request {
		w.request = from.RequestID
		id, _ := hex.DecodeString(from.RequestID) // what is no id of ours is none
		w.bytes = bytesOf(id)
	}
	resource := e.ID
	if e.Resource == Customer && e.ID == e.CustomerID {
		resource = 0 // as it can be told from the customer's
	}
	facts := e.facts
	if from.Impersonation != 0 {
		facts = appendChange(slices.Clip(facts), fieldImpersonation, 0, "", Int(from.Impersonation))
	}
	w.args = append(w.args, id, w.code, int64(from.Surface), int64(e.Action), int64(e.Resource), resource, e.CustomerID,
		w.bytes, bytesOf(facts), bytesOf(w.personal(e, from)))
	return nil
}

// none is an empty value, which is not NULL.
var none = []byte{}

// nothing is none as an argument, made once.
var nothing any = none

func bytesOf(b []byte) any {
	if len(b) == 0 {
		return nothing
	}
	return b
}

// from returns who did it, where own is the transaction's.
func (e *Entry) from(own *Origin) *Origin {
	if e.From != nil {
		return e.From
	}
	return own
}

// room is how many bytes what an entry says of a person takes, at most.
func (e *Entry) room(own *Origin) int {
	from := e.from(own)
	return saltBytes + len(from.Address) + len(from.Reason) + 2*(2+binary.MaxVarintLen64) + len(e.personal)
}

// personal returns what an entry says of a person, after a salt; nil for nothing.
func (w *writer) personal(e *Entry, from *Origin) []byte {
	if from.Address == "" && from.Reason == "" && len(e.personal) == 0 {
		return nil
	}
	start := len(w.room)
	b := append(w.room, w.salts[:saltBytes]...)
	w.salts = w.salts[saltBytes:]
	if from.Address != "" {
		b = appendChange(b, fieldIP, 0, "", from.Address)
	}
	if from.Reason != "" {
		b = appendChange(b, fieldReason, 0, "", from.Reason)
	}
	w.room = append(b, e.personal...)
	return w.room[start:len(w.room):len(w.room)]
}

// The code of an actor is its id, and in the lowest bits its kind. Those who have
// a name are in history_actors.
const kindBits = 3

// codeOf returns the code of an actor. It comes after the store's counters.
func codeOf(tx *sqldb.Tx, a Actor) (int64, error) {
	if a.Kind < named {
		return a.ID<<kindBits | int64(a.Kind), nil
	}
	id := int64(0)
	if err := tx.Query(actorByName, func(r *sqldb.Row) error { id = r.Int(0); return nil }, int64(a.Kind), a.Name); err != nil {
		return 0, err
	}
	if id == 0 {
		if err := tx.Query(lastActor, func(r *sqldb.Row) error { id = r.Int(0) + 1; return nil }); err != nil {
			return 0, err
		}
		if err := tx.Exec(insertActor, id, int64(a.Kind), a.Name); err != nil {
			return 0, err
		}
	}
	return id<<kindBits | int64(named), nil
}

var nextIDs = sqldb.Static(`UPDATE store_counters SET history_id = history_id + $2, lap = ` + sqldb.NextLap("$2") + ` WHERE store_id = $1` + sqldb.Newest + ` RETURNING history_id, lap`)

// Enter records entries whose ids nothing else is counted with. It locks the
// store's counters, so it comes after the rows that change are locked and before
// they are written, as store.Advance does.
func Enter(tx *sqldb.Tx, now int64, entries ...Entry) error {
	if len(entries) == 0 || tx.Muted().Entries {
		return nil
	}
	last := int64(0)
	if err := tx.Query(nextIDs, func(r *sqldb.Row) error { last = r.Int(0); tx.Lapped(r.Int(1)); return nil }, int64(len(entries))); err != nil {
		return err
	}
	return Record(tx, last, now, entries)
}

package subscriber

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"clientele/internal/email"
	"clientele/internal/history"
	"clientele/internal/personal"
	"clientele/internal/sqldb"
	"clientele/internal/storekey"
)

// An export of consents is a file of JSON objects, one a line: what it is, the
// entries, each with the hash of itself and the line before, and the signature
// of the last hash by the store's key. Nothing can be changed in it, taken out of
// it or added to it unseen.
const (
	exportFormat  = "clientele consents 1"
	exportPurpose = "consent export"
	exportBite    = 500
	maxExportLine = 1 << 20
)

type exportHead struct {
	Format    string `json:"format"`
	Store     string `json:"store_hash"`
	Time      string `json:"exported_at"`
	Email     string `json:"email,omitempty"` // where it is of one address alone
	KeyID     string `json:"key_id"`
	PublicKey string `json:"public_key"`
}

type exportLine struct {
	Chain string          `json:"chain"`
	Entry json.RawMessage `json:"entry"`
}

type exportEnd struct {
	Entries   int64  `json:"entries"`
	Chain     string `json:"chain"`
	Signature string `json:"signature"`
}

// Proven is an entry as an export and the API tell it.
type Proven struct {
	ID           int64        `json:"id"`
	SubscriberID int64        `json:"subscriber_id"`
	Action       string       `json:"action"`
	Email        string       `json:"email"`
	ChannelID    int64        `json:"channel_id"`
	Consents     []string     `json:"consents"`
	Source       string       `json:"source"`
	OrderID      int64        `json:"order_id,omitempty"`
	Via          string       `json:"via,omitempty"`
	AccountID    int64        `json:"api_account_id,omitempty"`
	IP           string       `json:"ip_address,omitempty"`
	Time         string       `json:"time"`
	Surface      string       `json:"surface,omitempty"`
	Shown        *ProvenShown `json:"shown,omitempty"`
	Confirmed    string       `json:"confirmed,omitempty"`
	Asked        *ProvenAsked `json:"asked,omitempty"`
	Actor        *ProvenActor `json:"actor,omitempty"`
	Ground       string       `json:"ground,omitempty"`
	Reconsent    bool         `json:"reconsent,omitempty"`
	Undoes       int64        `json:"undoes,omitempty"`
}

// ProvenShown is what was shown.
type ProvenShown struct {
	Place   string `json:"place,omitempty"`
	Locale  string `json:"locale,omitempty"`
	Version string `json:"text_version,omitempty"`
	Text    string `json:"text,omitempty"`
}

// ProvenAsked is the request that was confirmed.
type ProvenAsked struct {
	Time  string       `json:"time"`
	IP    string       `json:"ip_address,omitempty"`
	Shown *ProvenShown `json:"shown,omitempty"`
}

// ProvenActor is who acted for the person.
type ProvenActor struct {
	Kind          string `json:"kind"`
	Name          string `json:"name,omitempty"`
	Impersonation int64  `json:"impersonation_id,omitempty"`
}

func provenShown(s Shown) *ProvenShown {
	if s == (Shown{}) {
		return nil
	}
	return &ProvenShown{s.Place, s.Locale, s.Version, s.Text}
}

func stamp(at int64) string { return time.Unix(at, 0).UTC().Format(time.RFC3339) }

// Proven returns a change as it is told.
func (c *Change) Proven() Proven {
	p := &c.Proof
	out := Proven{
		ID: c.ID, SubscriberID: c.SubscriberID, Action: c.Action, Email: c.Email, ChannelID: c.ChannelID, Consents: c.Consents, Source: c.Source, OrderID: c.OrderID,
		Via: c.Via, AccountID: c.AccountID, IP: c.IP, Time: stamp(c.DateCreated), Surface: p.Surface, Shown: provenShown(p.Shown), Confirmed: p.Confirmed,
		Ground: p.Ground, Reconsent: p.Anew, Undoes: p.Undoes,
	}
	if out.Consents == nil {
		out.Consents = []string{}
	}
	if a := p.Asked; a != nil {
		out.Asked = &ProvenAsked{stamp(a.Time), a.IP, provenShown(a.Shown)}
	}
	if p.ActorKind != "" {
		out.Actor = &ProvenActor{p.ActorKind, p.ActorName, p.Impersonation}
	}
	return out
}

var exportedAfter = sqldb.Static(`SELECT ` + changeColumns + ` FROM consent_changes WHERE store_id = $1 AND id > $2 ORDER BY id LIMIT $3`)

// Export writes what happened to the consents of a store, or of one address,
// the oldest first, so that others can check it without the store. It reads bit
// by bit: what happens meanwhile may be in it. n is how many entries there are. That
// they were written is in the store's history before the first one is.
func (s *Service) Export(ctx context.Context, storeID int64, storeHash, address string, keys *storekey.Keys, to io.Writer) (n int64, err error) {
	if err := s.db.Write(ctx, storeID, func(tx *sqldb.Tx) error {
		e := history.Entry{Action: history.Exported, Resource: history.Subscriber}
		e.Add(false, history.FieldKind, "", history.Text("consents"))
		if address != "" {
			e.Add(false, history.FieldHash, "", history.Text(personal.HashOf(keys, address)))
		}
		return history.Enter(tx, s.sys.Now(), e)
	}); err != nil {
		return 0, err
	}
	out := bufio.NewWriter(to)
	head, err := json.Marshal(exportHead{exportFormat, storeHash, stamp(s.sys.Now()), address, keys.Public.ID, keys.Public.Text()})
	if err != nil {
		return 0, err
	}
	out.Write(append(head, '\n'))
	chain := link("", head)
	wanted := ""
	if address != "" {
		wanted = email.Key(address)
	}
	for after, more := int64(0), true; more; {
		var some []Change
		if err := s.db.Read(ctx, storeID, func(tx *sqldb.Tx) error {
			some = some[:0]
			if err := tx.Query(exportedAfter, func(r *sqldb.Row) error {
				some = append(some, Change{})
				some[len(some)-1].scan(r)
				return nil
			}, after, int64(exportBite)); err != nil {
				return err
			}
			return readTexts(tx, some)
		}); err != nil {
			return n, err
		}
		more = len(some) == exportBite
		for i := range some {
			c := &some[i]
			if after = c.ID; wanted != "" && email.Key(c.Email) != wanted {
				continue
			}
			entry, err := json.Marshal(c.Proven())
			if err != nil {
				return n, err
			}
			chain = link(chain, entry)
			line, err := json.Marshal(exportLine{chain, entry})
			if err != nil {
				return n, err
			}
			n++
			out.Write(append(line, '\n'))
		}
	}
	end, err := json.Marshal(exportEnd{n, chain, base64.StdEncoding.EncodeToString(keys.Sign(exportPurpose, signed(n, chain)))})
	if err != nil {
		return n, err
	}
	out.Write(append(end, '\n'))
	return n, out.Flush() // which tells of every error before
}

// link returns the hash of a line and of all before it.
func link(before string, line []byte) string {
	sum := sha256.Sum256(append([]byte(before+"\n"), line...))
	return hex.EncodeToString(sum[:])
}

func signed(n int64, chain string) []byte { return fmt.Appendf(nil, "%d %s", n, chain) }

// Export is what an export says of itself.
type Export struct {
	Store, Time, Email string
	Key                storekey.PublicKey
	Entries            int64
}

// VerifyExport checks an export without the store: that each line is what it was
// and where it was, and that the store's key signed the whole. With a key it must
// be that one.
func VerifyExport(from io.Reader, key *storekey.PublicKey) (Export, error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 0, 64<<10), maxExportLine)
	next := func() ([]byte, error) {
		if lines.Scan() {
			return lines.Bytes(), nil
		}
		return nil, lines.Err()
	}
	first, err := next()
	if err != nil {
		return Export{}, err
	}
	var head exportHead
	if json.Unmarshal(first, &head) != nil || head.Format != exportFormat {
		return Export{}, errors.New("this is no export of consents")
	}
	public, err := storekey.ParsePublicKey(head.PublicKey)
	if err != nil {
		return Export{}, fmt.Errorf("the public key: %w", err)
	}
	if key != nil && !bytes.Equal(key.Key, public.Key) {
		return Export{}, fmt.Errorf("it is signed with the key %s, not with %s", public.ID, key.ID)
	}
	out := Export{Store: head.Store, Time: head.Time, Email: head.Email, Key: public}
	chain := link("", first)
	for at := 2; ; at++ {
		line, err := next()
		if err != nil {
			return out, fmt.Errorf("line %d: %w", at, err)
		}
		if line == nil {
			return out, fmt.Errorf("line %d: the end is missing", at)
		}
		var l struct {
			Chain     string          `json:"chain"`
			Entry     json.RawMessage `json:"entry"`
			Entries   int64           `json:"entries"`
			Signature string          `json:"signature"`
		}
		if err := json.Unmarshal(line, &l); err != nil {
			return out, fmt.Errorf("line %d is no JSON: %w", at, err)
		}
		if l.Entry == nil {
			signature, err := base64.StdEncoding.DecodeString(l.Signature)
			switch {
			case err != nil || !public.Verify(exportPurpose, signed(l.Entries, l.Chain), signature):
				return out, errors.New("the signature is not that of the key")
			case l.Chain != chain || l.Entries != out.Entries:
				return out, fmt.Errorf("line %d: entries were added or are missing", at)
			}
			if extra, err := next(); err != nil || extra != nil {
				return out, fmt.Errorf("line %d: there is something behind the end", at+1)
			}
			return out, nil
		}
		if chain = link(chain, l.Entry); chain != l.Chain {
			return out, fmt.Errorf("line %d: the entry was changed, or one before it", at)
		}
		out.Entries++
	}
}
